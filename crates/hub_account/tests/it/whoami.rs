//! What whoami-v2 shows, field by field, as the clients read it.

use hub_account::{By, Caller, NewOrganization, NewToken, Scope, ScopeEntity, TokenScopes};
use hub_core::{Code, TokenRole, UserError, Visibility};
use serde_json::json;

use crate::{START, name, new_token, new_user, world};

#[tokio::test(flavor = "multi_thread")]
async fn a_token_shows_its_owner_their_organizations_and_itself() {
    let world = world().await;
    let mut new = new_user("ada");
    new.full_name = Some("Ada Lovelace".parse().unwrap());
    new.email = Some("ada@example.org".parse().unwrap());
    let ada = world.accounts.create_user(By::Operator, new, false).await.unwrap();
    let by = world.caller("ada").await;
    let new = NewOrganization { name: name("lab"), full_name: None, default_visibility: Visibility::Public };
    let lab = world.accounts.create_org(By::Caller(&by), new).await.unwrap();

    let caller = world.token_caller(&ada, TokenRole::Write).await;
    let shown = serde_json::to_value(world.accounts.whoami(&caller).await.unwrap()).unwrap();
    assert_eq!(
        shown,
        json!({
            "type": "user",
            "id": ada.id.to_string(),
            "name": "ada",
            "fullname": "Ada Lovelace",
            "email": "ada@example.org",
            "emailVerified": false,
            "canPay": false,
            "isPro": false,
            "periodEnd": null,
            "avatarUrl": "/avatars/ada",
            "billingMode": "postpaid",
            "orgs": [{
                "type": "org",
                "id": lab.id.to_string(),
                "name": "lab",
                "fullname": "lab",
                "email": null,
                "canPay": false,
                "periodEnd": null,
                "avatarUrl": "/avatars/lab",
                "roleInOrg": "admin",
                "isEnterprise": false,
            }],
            "auth": {
                "type": "access_token",
                "accessToken": {
                    "displayName": "laptop",
                    "role": "write",
                    "createdAt": "2024-01-31T12:00:00.000Z",
                },
            },
        })
    );
    assert_eq!(ada.id.to_string().len(), 24);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fine_grained_token_shows_its_scopes_and_its_end() {
    let world = world().await;
    let ada = world.user("ada").await;
    let new = NewToken {
        scopes: TokenScopes {
            scoped: vec![Scope {
                entity: ScopeEntity::from(&ada),
                permissions: vec!["repo.content.read".parse().unwrap()],
            }],
            global: vec!["discussion.write".parse().unwrap()],
            can_read_gated_repos: true,
            ..TokenScopes::default()
        },
        expires_at: Some(START.plus_millis(1500)),
        ..new_token("narrow", TokenRole::FineGrained)
    };
    let value = world.accounts.create_token(By::Operator, ada.id, new).await.unwrap().value;
    let caller = world.accounts.authenticate_token(&value).await.unwrap();
    assert!(caller.may_read_gated());
    let shown = serde_json::to_value(world.accounts.whoami(&caller).await.unwrap()).unwrap();
    assert_eq!(
        shown["auth"],
        json!({
            "type": "access_token",
            "accessToken": {
                "displayName": "narrow",
                "role": "fineGrained",
                "createdAt": "2024-01-31T12:00:00.000Z",
                "fineGrained": {
                    "scoped": [{
                        "entity": {"_id": ada.id.to_string(), "type": "user", "name": "ada"},
                        "permissions": ["repo.content.read"],
                    }],
                    "global": ["discussion.write"],
                    "canReadGatedRepos": true,
                },
            },
            "expiresAt": "2024-01-31T12:00:01.500Z",
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_shown_as_one_and_nobody_as_nobody() {
    let world = world().await;
    world.user("ada").await;
    let shown = world.accounts.whoami(&world.caller("ada").await).await.unwrap();
    assert_eq!(serde_json::to_value(&shown.auth).unwrap(), json!({"type": "password"}));
    let refusal = world.accounts.whoami(&Caller::Anonymous).await.unwrap_err();
    assert_eq!(refusal.code(), Code::NeedsLogin);
}
