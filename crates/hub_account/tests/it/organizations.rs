//! Organisations and their members.

use hub_account::{By, Caller, NewOrganization, PageQuery};
use hub_core::{Code, OrgRole, TokenRole, UserError, Visibility};

use crate::{World, name, refused, world};

fn lab() -> NewOrganization {
    NewOrganization {
        name: name("lab"),
        full_name: Some("The Lab".parse().unwrap()),
        default_visibility: Visibility::Private,
    }
}

/// Ada administers the lab, Bob contributes, Eve is a stranger.
async fn staffed() -> (World, Caller, Caller, Caller) {
    let world = world().await;
    for text in ["ada", "bob", "eve"] {
        world.user(text).await;
    }
    let ada = world.caller("ada").await;
    world.accounts.create_org(By::Caller(&ada), lab()).await.unwrap();
    let ada = world.caller("ada").await;
    world.accounts.put_member(By::Caller(&ada), &name("lab"), &name("bob"), OrgRole::Contributor).await.unwrap();
    let (bob, eve) = (world.caller("bob").await, world.caller("eve").await);
    (world, ada, bob, eve)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_founder_administers_and_members_bear_their_role() {
    let (world, ada, bob, eve) = staffed().await;
    let lab = world.accounts.namespace(&name("LAB")).await.unwrap().unwrap();
    assert_eq!((lab.full_name.as_str(), lab.default_visibility), ("The Lab", Visibility::Private));
    assert_eq!(ada.role_in(lab.id), Some(OrgRole::Admin));
    assert_eq!(bob.role_in(lab.id), Some(OrgRole::Contributor));
    assert_eq!(eve.role_in(lab.id), None);
    let members = world.accounts.members(By::Caller(&bob), &name("lab"), &PageQuery::default()).await.unwrap().items;
    let members: Vec<_> = members.iter().map(|member| (member.name.as_str(), member.role)).collect();
    assert_eq!(members, [("ada", OrgRole::Admin), ("bob", OrgRole::Contributor)]);
    assert!(world.accounts.members(By::Caller(&eve), &name("lab"), &PageQuery::default()).await.is_err());
    let orgs = world.accounts.orgs(&PageQuery::default()).await.unwrap().items;
    assert_eq!((orgs.len(), orgs[0].members), (1, 2));
    assert_eq!(world.accounts.organization(&name("Lab")).await.unwrap(), orgs[0]);
    assert_eq!(refused(world.accounts.organization(&name("bob")).await), "there is no organization called bob");
    let bob = bob.user().unwrap();
    assert_eq!(world.accounts.memberships(bob.id).await.unwrap(), bob.memberships);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_of_the_organization_change_it() {
    let (world, ada, bob, eve) = staffed().await;
    let accounts = &world.accounts;
    let founder = accounts.namespace(&name("ada")).await.unwrap().unwrap();
    let narrow = world.token_caller(&founder, TokenRole::Read).await;
    for caller in [&bob, &eve, &narrow] {
        let by = By::Caller(caller);
        let put = accounts.put_member(by, &name("lab"), &name("eve"), OrgRole::Admin).await;
        assert_eq!(put.unwrap_err().code(), Code::Forbidden);
        let set = accounts.set_default_visibility(by, &name("lab"), Visibility::Public).await;
        assert_eq!(set.unwrap_err().code(), Code::Forbidden);
        assert_eq!(accounts.delete_org(by, &name("lab"), 0).await.unwrap_err().code(), Code::Forbidden);
        let removed = accounts.remove_member(by, &name("lab"), &name("ada")).await;
        assert_eq!(removed.unwrap_err().code(), Code::Forbidden);
    }
    assert_eq!(
        accounts.delete_org(By::Caller(&Caller::Anonymous), &name("lab"), 0).await.unwrap_err().code(),
        Code::NeedsLogin
    );
    let by = By::Caller(&ada);
    accounts.set_default_visibility(by, &name("lab"), Visibility::Public).await.unwrap();
    let refusal = refused(accounts.set_default_visibility(by, &name("lab"), Visibility::Protected).await);
    assert_eq!(refusal, "the default visibility is 'public' or 'private'");
    assert_eq!(
        refused(accounts.put_member(by, &name("lab"), &name("nobody"), OrgRole::Read).await),
        "there is no user called nobody"
    );
    assert_eq!(
        refused(accounts.put_member(by, &name("lab"), &name("lab"), OrgRole::Read).await),
        "there is no user called lab"
    );
    assert_eq!(
        refused(accounts.delete_org(by, &name("lab"), 1).await),
        "'lab' still owns 1 repositories; delete or transfer them first"
    );
    accounts.delete_org(by, &name("lab"), 0).await.unwrap();
    assert_eq!(accounts.namespace(&name("lab")).await.unwrap(), None);
    assert!(world.caller("bob").await.user().unwrap().memberships.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn members_may_leave_but_the_last_administrator_stays() {
    let (world, ada, bob, _) = staffed().await;
    let accounts = &world.accounts;
    accounts.remove_member(By::Caller(&bob), &name("lab"), &name("bob")).await.unwrap();
    let stay = "'lab' would be left without an administrator; make another member administrator first";
    let by = By::Caller(&ada);
    assert_eq!(refused(accounts.remove_member(by, &name("lab"), &name("ada")).await), stay);
    assert_eq!(refused(accounts.put_member(by, &name("lab"), &name("ada"), OrgRole::Write).await), stay);
    assert_eq!(refused(accounts.remove_member(by, &name("lab"), &name("bob")).await), "there is no such member");
    accounts.put_member(by, &name("lab"), &name("eve"), OrgRole::Admin).await.unwrap();
    accounts.put_member(by, &name("lab"), &name("ada"), OrgRole::NoAccess).await.unwrap();
    let lab = accounts.namespace(&name("lab")).await.unwrap().unwrap();
    assert_eq!(world.caller("ada").await.role_in(lab.id), Some(OrgRole::NoAccess));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_no_organization() {
    let (world, ..) = staffed().await;
    let refusal = refused(world.accounts.delete_org(By::Operator, &name("ada"), 0).await);
    assert_eq!(refusal, "there is no organization called ada");
}
