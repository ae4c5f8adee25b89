//! People and organisations take another name.

use hub_account::{AccountError, By, Caller, Namespace, NewOrganization};
use hub_core::{Code, OrgRole, TokenRole, UserError, Visibility};

use crate::{DAY, World, name, new_user, password, world};

async fn rename(world: &World, caller: &Caller, space: &Namespace, to: &str) -> Result<(), AccountError> {
    let mut tx = world.db.begin().await?;
    world.accounts.rename_in(&mut tx, By::Caller(caller), space, &name(to)).await?;
    Ok(tx.commit().await?)
}

async fn space(world: &World, text: &str) -> Namespace {
    world.accounts.namespace(&name(text)).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_takes_another_name_and_everything_else_stays() {
    let world = world().await;
    let old = world.user("ada").await;
    let token = world.token(&old, TokenRole::Write).await;
    let ada = world.caller("ada").await;
    let by = By::Caller(&ada);
    let accounts = &world.accounts;
    assert!(accounts.may_rename(by, &name("ada"), None).await.is_err(), "the password is missing");
    let wrong = accounts.may_rename(by, &name("ada"), Some(&password("bob"))).await.unwrap_err();
    assert!(matches!(wrong, AccountError::BadCredentials), "{wrong}");
    let found = accounts.may_rename(by, &name("ADA"), Some(&password("ada"))).await.unwrap();
    assert_eq!(found.id, old.id);

    rename(&world, &ada, &old, "Lovelace").await.unwrap();
    let now = space(&world, "lovelace").await;
    assert_eq!((now.id, now.name.as_str()), (old.id, "Lovelace"));
    assert!(accounts.namespace(&name("ada")).await.unwrap().is_none());
    assert_eq!(accounts.renamed(&name("Ada")).await.unwrap().unwrap(), now);
    assert!(accounts.renamed(&name("lovelace")).await.unwrap().is_none());
    let bearer = accounts.authenticate_token(&token).await.unwrap();
    assert_eq!(bearer.user().unwrap().name.as_str(), "Lovelace");
    accounts.authenticate_password("lovelace", &password("ada")).await.unwrap();
    assert!(accounts.authenticate_password("ada", &password("ada")).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_name_is_kept_for_whoever_bore_it() {
    let world = world().await;
    let ada = world.user("ada").await;
    let bob = world.user("bob").await;
    let (caller, other) = (world.caller("ada").await, world.caller("bob").await);
    rename(&world, &caller, &ada, "lovelace").await.unwrap();
    let org =
        |text: &str| NewOrganization { name: name(text), full_name: None, default_visibility: Visibility::Public };
    let accounts = &world.accounts;
    let taken = |error: AccountError| matches!(error, AccountError::NameTaken { .. });
    assert!(taken(accounts.create_user(By::Operator, new_user("ada"), false).await.unwrap_err()));
    assert!(taken(accounts.create_org(By::Caller(&other), org("Ada")).await.unwrap_err()));
    assert!(taken(rename(&world, &other, &bob, "ada").await.unwrap_err()));
    assert!(taken(rename(&world, &other, &bob, "lovelace").await.unwrap_err()));
    assert!(matches!(rename(&world, &other, &bob, "settings").await.unwrap_err(), AccountError::Name { .. }));

    // Once a day, and back to the old name too.
    let now = space(&world, "lovelace").await;
    let hasty = rename(&world, &caller, &now, "ada").await.unwrap_err();
    assert!(matches!(hasty, AccountError::RenamedLately { hours: 24 }), "{hasty}");
    world.clock.advance_millis(DAY);
    rename(&world, &caller, &now, "ada").await.unwrap();
    assert_eq!(accounts.renamed(&name("lovelace")).await.unwrap().unwrap().id, ada.id);
    assert!(accounts.renamed(&name("ada")).await.unwrap().is_none());

    // After half a year it is anybody's.
    world.clock.advance_millis(180 * DAY);
    assert!(accounts.renamed(&name("lovelace")).await.unwrap().is_some());
    rename(&world, &other, &bob, "lovelace").await.unwrap();
    assert!(accounts.renamed(&name("lovelace")).await.unwrap().is_none());
    assert_eq!(space(&world, "lovelace").await.id, bob.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_not_hoarded() {
    let world = world().await;
    let ada = world.user("ada").await;
    world.admin("root-there").await;
    let (caller, root) = (world.caller("ada").await, world.caller("root-there").await);
    let mut current = ada;
    for turn in 0..10 {
        rename(&world, &caller, &current, &format!("ada{turn}")).await.unwrap();
        world.clock.advance_millis(DAY);
        current = space(&world, &format!("ada{turn}")).await;
    }
    let many = rename(&world, &caller, &current, "ada10").await.unwrap_err();
    assert!(matches!(many, AccountError::TooManyNames { most: 10 }), "{many}");
    // An administrator of the instance is not held up.
    rename(&world, &root, &current, "ada10").await.unwrap();
    // Another case is the same name: nothing leads there, because nothing went away.
    rename(&world, &root, &space(&world, "ada10").await, "ADA10").await.unwrap();
    assert_eq!(space(&world, "ada10").await.name.as_str(), "ADA10");
    assert!(world.accounts.renamed(&name("ada10")).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_of_an_organisation_rename_it_and_others_do_not() {
    let world = world().await;
    for who in ["ada", "bob", "eve"] {
        world.user(who).await;
    }
    let ada = world.caller("ada").await;
    let new = NewOrganization { name: name("lab"), full_name: None, default_visibility: Visibility::Public };
    let lab = world.accounts.create_org(By::Caller(&ada), new).await.unwrap();
    let ada = world.caller("ada").await;
    world.accounts.put_member(By::Caller(&ada), &name("lab"), &name("bob"), OrgRole::Write).await.unwrap();
    for who in ["bob", "eve"] {
        let caller = world.caller(who).await;
        let refused = rename(&world, &caller, &lab, "labs").await.unwrap_err();
        assert_eq!(refused.code(), Code::Forbidden, "{who}");
        assert!(world.accounts.may_rename(By::Caller(&caller), &name("lab"), Some(&password(who))).await.is_err());
    }
    assert!(rename(&world, &Caller::Anonymous, &lab, "labs").await.is_err());
    let narrow = world.token_caller(&space(&world, "ada").await, TokenRole::Read).await;
    assert!(rename(&world, &narrow, &lab, "labs").await.is_err());
    rename(&world, &ada, &lab, "labs").await.unwrap();
    let bob = world.caller("bob").await;
    assert_eq!(bob.user().unwrap().memberships[0].name.as_str(), "labs");
    // It goes with all its old names.
    world.accounts.delete_org(By::Caller(&ada), &name("labs"), 0).await.unwrap();
    assert!(world.accounts.renamed(&name("lab")).await.unwrap().is_none());
    world.user("lab").await;
}
