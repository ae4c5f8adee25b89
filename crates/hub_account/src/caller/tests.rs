//! What credentials permit where.

use hub_core::RepoKind;

use super::*;
use crate::scope::{Scope, ScopeEntity};
use crate::{NamespaceKind, Permission};

const ADA: NamespaceId = NamespaceId::new(1);
const LAB: NamespaceId = NamespaceId::new(2);
const STRANGER: NamespaceId = NamespaceId::new(3);
const REPO: i64 = 77;

fn caller(credential: Credential) -> Caller {
    Caller::User(Arc::new(CallerUser {
        id: ADA,
        name: "ada".parse().unwrap(),
        is_admin: true,
        memberships: vec![Membership { org: LAB, name: "lab".parse().unwrap(), role: OrgRole::Contributor }],
        credential,
    }))
}

fn token(role: TokenRole, scoped: Vec<Scope>) -> Caller {
    caller(Credential::Token(TokenGrant {
        id: TokenId::new(9),
        display_name: "laptop".parse().unwrap(),
        role,
        scopes: TokenScopes { scoped, ..TokenScopes::default() },
        created_at: Timestamp::from_millis(0),
        expires_at: None,
    }))
}

fn scope(entity: ScopeEntity, permissions: &[&str]) -> Scope {
    let permissions: Vec<Permission> = permissions.iter().map(|word| word.parse().unwrap()).collect();
    Scope { entity, permissions }
}

fn space(id: NamespaceId) -> ScopeEntity {
    ScopeEntity::Namespace { kind: NamespaceKind::Organization, id, name: "lab".to_owned() }
}

fn repo(id: i64) -> ScopeEntity {
    ScopeEntity::Repo { kind: RepoKind::Model, id, name: "lab/bert".to_owned() }
}

#[test]
fn roles_come_from_ownership_and_membership() {
    let ada = caller(Credential::Password);
    assert_eq!(ada.role_in(ADA), Some(OrgRole::Admin));
    assert_eq!(ada.role_in(LAB), Some(OrgRole::Contributor));
    assert_eq!(ada.role_in(STRANGER), None);
    assert_eq!(Caller::Anonymous.role_in(ADA), None);
}

#[test]
fn the_role_of_a_token_bounds_it_everywhere() {
    let check = |caller: Caller, expect| {
        assert_eq!(caller.ceiling(LAB, Some(REPO)), expect);
        assert_eq!(caller.ceiling(STRANGER, None), expect);
    };
    check(Caller::Anonymous, None);
    check(caller(Credential::Password), Some(Access::Admin));
    check(token(TokenRole::Write, vec![]), Some(Access::Admin));
    check(token(TokenRole::Read, vec![]), Some(Access::Read));
    check(token(TokenRole::FineGrained, vec![]), None);
}

#[test]
fn a_fine_grained_token_reaches_what_it_names() {
    let fine = token(
        TokenRole::FineGrained,
        vec![
            scope(space(LAB), &["repo.content.read", "org.read"]),
            scope(repo(REPO), &["repo.write"]),
            scope(repo(78), &["repo.access.read"]),
            scope(space(ADA), &["org.read", "collection.write"]),
        ],
    );
    assert_eq!(fine.ceiling(LAB, None), Some(Access::Read));
    assert_eq!(fine.ceiling(LAB, Some(5)), Some(Access::Read));
    assert_eq!(fine.ceiling(LAB, Some(REPO)), Some(Access::Admin));
    assert_eq!(fine.ceiling(STRANGER, Some(REPO)), Some(Access::Admin));
    assert_eq!(fine.ceiling(STRANGER, Some(78)), Some(Access::Metadata));
    assert_eq!(fine.ceiling(STRANGER, Some(5)), None);
    assert_eq!(fine.ceiling(ADA, Some(5)), None);
    assert!(!fine.may_read_gated());
}

#[test]
fn only_a_full_credential_makes_an_administrator() {
    assert!(caller(Credential::Password).is_instance_admin());
    assert!(token(TokenRole::Write, vec![]).is_instance_admin());
    assert!(!token(TokenRole::Read, vec![]).is_instance_admin());
    assert!(!token(TokenRole::FineGrained, vec![]).is_instance_admin());
}

#[test]
fn scopes_survive_their_json_and_a_false_permission_does_not_parse() {
    let scopes = TokenScopes { scoped: vec![scope(repo(77), &["repo.write"])], ..TokenScopes::default() };
    let json = serde_json::to_string(&scopes).unwrap();
    assert_eq!(
        json,
        r#"{"scoped":[{"entity":{"_id":"00000000000000000000004d","type":"model","name":"lab/bert"},"permissions":["repo.write"]}],"global":[],"canReadGatedRepos":false}"#
    );
    assert_eq!(serde_json::from_str::<TokenScopes>(&json).unwrap(), scopes);
    assert!(serde_json::from_str::<TokenScopes>(&json.replace("repo.write", "repo.wirte")).is_err());
    assert!(serde_json::from_str::<TokenScopes>(&json.replace("model", "galaxy")).is_err());
}
