//! Accounts from a file: everything arrives, twice changes nothing, faults name their place and change nothing.

use hub_account::{By, Caller, Count, ImportReport, PageQuery};
use hub_core::{OrgRole, SecretString, TokenRole, UserError, Visibility};

use crate::{World, name, refused, world};

const FILE: &str = r#"{
  "users": [
    {"name": "ada_l.", "full_name": "Ada Lovelace", "email": "ada@example.org", "password": "old secret",
     "tokens": [{"value": "short", "role": "write", "display_name": "laptop"},
                {"value": "hf_0123456789", "role": "read", "display_name": "ci"}]},
    {"name": "x", "full_name": "", "email": null, "tokens": []}
  ],
  "organizations": [
    {"name": "the.lab", "full_name": "The Lab", "default_visibility": "private",
     "members": [{"user": "Ada_L.", "role": "admin"}, {"user": "x", "role": "no_access"}]},
    {"name": "open_lab", "full_name": "Open Lab", "members": []}
  ]
}"#;

async fn import(world: &World, json: &str) -> ImportReport {
    world.accounts.import_accounts(By::Operator, json).await.unwrap()
}

fn created(created: u64) -> Count {
    Count { created, ..Count::default() }
}

fn unchanged(unchanged: u64) -> Count {
    Count { unchanged, ..Count::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_brings_people_tokens_and_organizations() {
    let world = world().await;
    let report = import(&world, FILE).await;
    let expect = ImportReport {
        users: created(2),
        tokens: created(2),
        organizations: created(2),
        members: created(2),
        passwords_kept: 0,
        tokens_kept_revoked: 0,
    };
    assert_eq!(report, expect);

    let caller = world.accounts.authenticate_token(&SecretString::new("short")).await.unwrap();
    let lab = world.accounts.namespace(&name("the.lab")).await.unwrap().unwrap();
    assert_eq!(caller.role_in(lab.id), Some(OrgRole::Admin));
    assert_eq!(lab.default_visibility, Visibility::Private);
    let open = world.accounts.namespace(&name("open_lab")).await.unwrap().unwrap();
    assert_eq!(open.default_visibility, Visibility::Public);
    let whoami = world.accounts.whoami(&caller).await.unwrap();
    let token = whoami.auth.access_token.unwrap();
    assert_eq!((whoami.fullname.as_str(), token.display_name.as_str()), ("Ada Lovelace", "laptop"));
    assert_eq!(token.role, TokenRole::Write);
    world.accounts.authenticate_password("ada_l.", &SecretString::new("old secret")).await.unwrap();
    let plain = world.accounts.user(By::Operator, &name("x")).await.unwrap();
    assert_eq!((plain.full_name.as_str(), plain.email, plain.has_password), ("x", None, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_import_changes_nothing() {
    let world = world().await;
    import(&world, FILE).await;
    let before = world.accounts.users(By::Operator, "", &PageQuery::default()).await.unwrap();
    world.clock.advance_millis(1000);
    let report = import(&world, FILE).await;
    let expect = ImportReport {
        users: unchanged(2),
        tokens: unchanged(2),
        organizations: unchanged(2),
        members: unchanged(2),
        passwords_kept: 1,
        tokens_kept_revoked: 0,
    };
    assert_eq!(report, expect);
    assert_eq!(world.accounts.users(By::Operator, "", &PageQuery::default()).await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_did_since_is_kept_and_what_the_file_changed_is_taken_over() {
    let world = world().await;
    import(&world, FILE).await;
    let new = SecretString::new("new secret");
    world.accounts.set_password(By::Operator, &name("ada_l."), None, &new).await.unwrap();
    world.accounts.revoke_leaked(&SecretString::new("short")).await.unwrap();
    let changed = FILE
        .replace("Ada Lovelace", "Countess Lovelace")
        .replace(r#""role": "read", "display_name": "ci""#, r#""role": "write", "display_name": "builds""#)
        .replace("no_access", "contributor")
        .replace(r#""full_name": "Open Lab""#, r#""full_name": "Open Lab", "default_visibility": "private""#);
    let report = import(&world, &changed).await;
    let one_of_two = Count { created: 0, updated: 1, unchanged: 1 };
    let expect = ImportReport {
        users: one_of_two,
        tokens: one_of_two,
        organizations: one_of_two,
        members: one_of_two,
        passwords_kept: 1,
        tokens_kept_revoked: 1,
    };
    assert_eq!(report, expect);

    world.accounts.authenticate_password("ada_l.", &new).await.unwrap();
    assert!(world.accounts.authenticate_token(&SecretString::new("short")).await.is_err());
    let caller = world.accounts.authenticate_token(&SecretString::new("hf_0123456789")).await.unwrap();
    let whoami = world.accounts.whoami(&caller).await.unwrap();
    let token = whoami.auth.access_token.unwrap();
    assert_eq!((token.display_name.as_str(), token.role), ("builds", TokenRole::Write));
    assert_eq!(whoami.fullname.as_str(), "Countess Lovelace");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_names_its_place_and_changes_nothing() {
    let world = world().await;
    world.user("resident").await;
    let taken = r#"{"users": [{"name": "host", "email": "host@example.org",
                    "tokens": [{"value": "theirs", "role": "read", "display_name": "t"}]}],
                    "organizations": [{"name": "club"}]}"#;
    import(&world, taken).await;
    let before = world.accounts.users(By::Operator, "", &PageQuery::default()).await.unwrap();

    let user = |rest: &str| format!(r#"{{"users": [{{"name": "first"}}, {{"name": "second", {rest}}}]}}"#);
    let token = |token: &str| user(&format!(r#""tokens": [{token}]"#));
    let org = |members: &str| format!(r#"{{"organizations": [{{"name": "org", "members": [{members}]}}]}}"#);
    let cases = [
        ("".to_owned(), "the file: EOF while parsing"),
        ("[]".to_owned(), "the file: expected an object"),
        ("{} {}".to_owned(), "the file: trailing characters"),
        (r#"{"people": []}"#.to_owned(), "people: unknown field `people`"),
        (r#"{"users": [{"full_name": "F"}]}"#.to_owned(), "users[0]: missing field `name`"),
        (r#"{"users": [{"name": "a/b"}]}"#.to_owned(), "users[0].name: the name may hold only letters"),
        (user(r#""fullname": "S""#), "users[1].fullname: unknown field `fullname`"),
        (user(r#""email": "nowhere""#), "users[1].email: not an address of mail"),
        (user(r#""email": "HOST@example.org""#), "users[1].email: the email belongs to another account"),
        (user(r#""password": """#), "users[1].password: a password has 1 to 1024 bytes"),
        (
            r#"{"users": [{"name": "a1"}, {"name": "A1"}]}"#.to_owned(),
            "users[1].name: the same name stands at users[0].name",
        ),
        (
            r#"{"users": [{"name": "a1"}], "organizations": [{"name": "a1"}]}"#.to_owned(),
            "organizations[0].name: the same name stands at users[0].name",
        ),
        (r#"{"users": [{"name": "CLUB"}]}"#.to_owned(), "users[0].name: 'CLUB' exists already and is an organization"),
        (
            r#"{"organizations": [{"name": "host"}]}"#.to_owned(),
            "organizations[0].name: 'host' exists already and is a user",
        ),
        (
            token(r#"{"value": "v", "role": "god", "display_name": "d"}"#),
            "users[1].tokens[0].role: unknown variant `god`",
        ),
        (
            token(r#"{"value": "v", "role": "fineGrained", "display_name": "d"}"#),
            "users[1].tokens[0].role: a fine-grained token needs scopes",
        ),
        (
            token(r#"{"value": "a b", "role": "read", "display_name": "d"}"#),
            "users[1].tokens[0].value: a token is 1 to",
        ),
        (token(r#"{"value": "", "role": "read", "display_name": "d"}"#), "users[1].tokens[0].value: a token is 1 to"),
        (
            token(r#"{"value": "theirs", "role": "read", "display_name": "d"}"#),
            "users[1].tokens[0].value: this token belongs to another user",
        ),
        (
            token(
                r#"{"value": "v", "role": "read", "display_name": "d"}, {"value": "v", "role": "read", "display_name": "e"}"#,
            ),
            "users[1].tokens[1].value: the same token stands at users[1].tokens[0].value already",
        ),
        (org(r#"{"user": "nobody", "role": "read"}"#), "organizations[0].members[0].user: there is no user 'nobody'"),
        (org(r#"{"user": "club", "role": "read"}"#), "organizations[0].members[0].user: 'club' is an organization"),
        (org(r#"{"user": "host", "role": "owner"}"#), "organizations[0].members[0].role: unknown variant `owner`"),
        (
            r#"{"organizations": [{"name": "org", "default_visibility": "protected"}]}"#.to_owned(),
            "organizations[0].default_visibility: unknown variant `protected`",
        ),
    ];
    for (json, expect) in cases {
        let message = refused(world.accounts.import_accounts(By::Operator, &json).await);
        assert!(message.starts_with(expect), "{json}\n  wanted {expect}\n  found  {message}");
    }
    assert_eq!(world.accounts.users(By::Operator, "", &PageQuery::default()).await.unwrap(), before);
    assert_eq!(world.accounts.namespace(&name("org")).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_may_have_been_here_before_and_only_administrators_import() {
    let world = world().await;
    world.user("ada").await;
    let json = r#"{"organizations": [{"name": "lab", "members": [{"user": "ADA", "role": "write"}]}]}"#;
    assert_eq!(import(&world, json).await.members, created(1));
    let lab = world.accounts.namespace(&name("lab")).await.unwrap().unwrap();
    let ada = world.caller("ada").await;
    assert_eq!(ada.role_in(lab.id), Some(OrgRole::Write));
    assert!(world.accounts.import_accounts(By::Caller(&ada), json).await.is_err());
    let refusal = world.accounts.import_accounts(By::Caller(&Caller::Anonymous), json).await.unwrap_err();
    assert_eq!(refusal.code(), hub_core::Code::NeedsLogin);
}
