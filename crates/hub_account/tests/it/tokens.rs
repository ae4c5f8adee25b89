//! Access tokens: their shape, their list, who may touch them, scopes, rotation.

use std::collections::HashSet;

use hub_account::{By, NewOrganization, NewToken, Scope, ScopeEntity, TokenScopes};
use hub_core::{Access, OrgRole, RepoKind, TokenRole, Visibility};

use crate::{START, name, new_token, refused, world};

#[tokio::test(flavor = "multi_thread")]
async fn values_have_the_shape_that_every_client_accepts() {
    let world = world().await;
    let ada = world.user("ada").await;
    let mut seen = HashSet::new();
    for _ in 0..20 {
        let value = world.token(&ada, TokenRole::Read).await;
        let random = value.reveal().strip_prefix("hf_").expect("llama.cpp wants the prefix").to_owned();
        assert_eq!(random.len(), 37);
        assert!(random.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{random}");
        assert!(!format!("{value:?}").contains(&random));
        assert!(seen.insert(random));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_shows_the_last_use_to_the_minute_and_never_a_value() {
    let world = world().await;
    let ada = world.user("ada").await;
    let by = world.caller("ada").await;
    let value = world.token(&ada, TokenRole::Write).await;
    let last_use = async || world.accounts.tokens(By::Caller(&by), ada.id).await.unwrap()[0].last_used_at;
    assert_eq!(last_use().await, None);

    world.accounts.authenticate_token(&value).await.unwrap();
    assert_eq!(last_use().await, Some(START));
    world.clock.advance_millis(59_999);
    world.accounts.authenticate_token(&value).await.unwrap();
    assert_eq!(last_use().await, Some(START));
    world.clock.advance_millis(1);
    world.accounts.authenticate_token(&value).await.unwrap();
    assert_eq!(last_use().await, Some(START.plus_millis(60_000)));

    let shown = format!("{:?}", world.accounts.tokens(By::Caller(&by), ada.id).await.unwrap());
    assert!(shown.contains("laptop") && !shown.contains(value.reveal()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_token_keeps_all_but_its_value() {
    let world = world().await;
    let ada = world.user("ada").await;
    let by = world.caller("ada").await;
    let by = By::Caller(&by);
    let old = world.accounts.create_token(by, ada.id, new_token("ci", TokenRole::Write)).await.unwrap();
    let new = world.accounts.rotate_token(by, ada.id, old.id).await.unwrap();
    assert_eq!(new.id, old.id);
    assert!(world.accounts.authenticate_token(&old.value).await.is_err());
    world.accounts.authenticate_token(&new.value).await.unwrap();
    assert_eq!(world.accounts.tokens(by, ada.id).await.unwrap().len(), 1);

    world.accounts.revoke_leaked(&new.value).await.unwrap();
    world.accounts.revoke_leaked(&old.value).await.unwrap();
    assert!(world.accounts.authenticate_token(&new.value).await.is_err());
    assert!(world.accounts.tokens(by, ada.id).await.unwrap().is_empty());
    assert_eq!(refused(world.accounts.rotate_token(by, ada.id, old.id).await), "there is no such token");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_and_administrators_touch_tokens() {
    let world = world().await;
    let ada = world.user("ada").await;
    world.user("eve").await;
    let root = world.admin("root").await;
    let token = world.accounts.create_token(By::Operator, ada.id, new_token("ci", TokenRole::Write)).await.unwrap();

    let (eve, chief) = (world.caller("eve").await, world.caller("root").await);
    let narrow = world.token_caller(&ada, TokenRole::Read).await;
    for (who, caller) in [("eve", &eve), ("a read token", &narrow)] {
        let by = By::Caller(caller);
        let needs = "this needs the owner of the account, with a password or a write token";
        assert_eq!(refused(world.accounts.tokens(by, ada.id).await), needs, "{who}");
        let made = world.accounts.create_token(by, ada.id, new_token("x", TokenRole::Read)).await;
        assert_eq!(refused(made), needs, "{who}");
        assert_eq!(refused(world.accounts.revoke_token(by, ada.id, token.id).await), needs, "{who}");
        assert_eq!(refused(world.accounts.rotate_token(by, ada.id, token.id).await), needs, "{who}");
    }
    let eve_id = eve.user().unwrap().id;
    let crossed = world.accounts.revoke_token(By::Caller(&eve), eve_id, token.id).await;
    assert_eq!(refused(crossed), "there is no such token");
    let anonymous = hub_account::Caller::Anonymous;
    let refusal = refused(world.accounts.tokens(By::Caller(&anonymous), ada.id).await);
    assert_eq!(refusal, "sign in to do this, or send a token in the Authorization header");

    let narrow_admin = world.token_caller(&root, TokenRole::Read).await;
    assert!(world.accounts.tokens(By::Caller(&narrow_admin), ada.id).await.is_err());
    world.accounts.revoke_token(By::Caller(&chief), ada.id, token.id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes_reach_the_owner_and_their_organizations_only() {
    let world = world().await;
    let ada = world.user("ada").await;
    let eve = world.user("eve").await;
    let by = world.caller("ada").await;
    let new = NewOrganization { name: name("lab"), full_name: None, default_visibility: Visibility::Public };
    let lab = world.accounts.create_org(By::Caller(&by), new).await.unwrap();

    let fine = |entity: ScopeEntity, permissions: &[&str]| NewToken {
        scopes: TokenScopes {
            scoped: vec![Scope {
                entity,
                permissions: permissions.iter().map(|permission| permission.parse().unwrap()).collect(),
            }],
            ..TokenScopes::default()
        },
        ..new_token("fine", TokenRole::FineGrained)
    };
    let create = async |new: NewToken| world.accounts.create_token(By::Caller(&by), ada.id, new).await;

    let made = create(fine(ScopeEntity::from(&lab), &["repo.content.read", "org.write"])).await.unwrap();
    let caller = world.accounts.authenticate_token(&made.value).await.unwrap();
    assert_eq!(caller.ceiling(lab.id, None), Some(Access::Read));
    assert_eq!(caller.ceiling(ada.id, None), None);
    assert_eq!(caller.role_in(lab.id), Some(OrgRole::Admin));
    // What org.write is for, and what it is not for.
    world.accounts.put_member(By::Caller(&caller), &name("lab"), &name("eve"), OrgRole::Read).await.unwrap();
    assert!(world.accounts.tokens(By::Caller(&caller), ada.id).await.is_err());

    let repo = ScopeEntity::Repo { kind: RepoKind::Dataset, id: 5, name: "ada/d".to_owned() };
    let made = create(fine(repo, &["repo.write"])).await.unwrap();
    let caller = world.accounts.authenticate_token(&made.value).await.unwrap();
    assert_eq!(caller.ceiling(ada.id, Some(5)), Some(Access::Admin));
    assert_eq!(caller.ceiling(ada.id, Some(6)), None);
    let removed = world.accounts.remove_member(By::Caller(&caller), &name("lab"), &name("eve")).await;
    assert!(refused(removed).contains("org.write"));

    let stranger = create(fine(ScopeEntity::from(&eve), &["repo.content.read"])).await;
    assert_eq!(refused(stranger), "a token reaches its owner and their organizations; 'eve' is neither");
    let idle = create(fine(ScopeEntity::from(&ada), &[])).await;
    assert_eq!(refused(idle), "a scope needs at least one permission");
    let bare = create(new_token("bare", TokenRole::FineGrained)).await;
    assert_eq!(refused(bare), "a fine-grained token needs at least one scope");
    let mixed = NewToken { role: TokenRole::Read, ..fine(ScopeEntity::from(&ada), &["repo.write"]) };
    assert_eq!(refused(create(mixed).await), "scopes belong to a token of the role fineGrained");
    let ended = NewToken { expires_at: Some(START), ..new_token("late", TokenRole::Read) };
    assert_eq!(refused(create(ended).await), "the end lies in the past");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_has_no_tokens_of_its_own() {
    let world = world().await;
    let new = NewOrganization { name: name("lab"), full_name: None, default_visibility: Visibility::Public };
    let lab = world.accounts.create_org(By::Operator, new).await.unwrap();
    let made = world.accounts.create_token(By::Operator, lab.id, new_token("x", TokenRole::Read)).await;
    assert!(refused(made).starts_with("there is no user"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_use_is_written_down_together_with_others_and_seen_by_replicas() {
    let world = world().await;
    let (ada, bob) = (world.user("ada").await, world.user("bob").await);
    for owner in [&ada, &bob] {
        let value = world.token(owner, TokenRole::Read).await;
        world.accounts.authenticate_token(&value).await.unwrap();
    }
    let replica = world.restarted();
    let last_use = async |owner| replica.tokens(By::Operator, owner).await.unwrap()[0].last_used_at;
    assert_eq!((last_use(ada.id).await, last_use(bob.id).await), (None, None));
    world.accounts.flush_token_use().await.unwrap();
    assert_eq!((last_use(ada.id).await, last_use(bob.id).await), (Some(START), Some(START)));
    world.accounts.flush_token_use().await.unwrap();
}
