//! People: made, listed, changed, disabled, deleted.

use hub_account::{By, Caller, NamespaceKind, NewOrganization, PageQuery};
use hub_core::{Code, OrgRole, SecretString, TokenRole, UserError, Visibility};
use hub_db::args;

use crate::{name, new_user, password, refused, world};

/// Among many, a name is found by its beginning; in a small house also by its middle.
#[tokio::test(flavor = "multi_thread")]
async fn a_search_among_many_names_is_one_by_their_beginning() {
    let world = world().await;
    for text in ["ada", "adam", "ad-astra", "bob", "miranda"] {
        world.user(text).await;
    }
    let search = async |text: &str, after: Option<&str>, limit: usize| {
        let page = PageQuery { after: after.map(str::to_owned), limit: Some(limit) };
        let public = world.accounts.directory(NamespaceKind::User, text, &page).await.unwrap();
        let known = world.accounts.users(By::Operator, text, &page).await.unwrap();
        let names: Vec<String> = public.items.iter().map(|found| found.name.to_string()).collect();
        assert_eq!(names, known.items.iter().map(|found| found.name.to_string()).collect::<Vec<_>>());
        assert_eq!(public.next, known.next);
        names
    };
    assert_eq!(search("ADA", None, 10).await, ["ada", "adam"]);
    assert_eq!(search("anda", None, 10).await, ["miranda"]);
    let columns = ["id", "name", "name_key", "kind", "full_name", "default_visibility", "created_ms"];
    let crowd = |number: i64| {
        let name = format!("crowd{number}");
        vec![number.into(), name.clone().into(), name.clone().into(), 0.into(), name.into(), "public".into(), 0.into()]
    };
    let mut tx = world.db.begin().await.unwrap();
    let rows: Vec<Vec<hub_db::Value>> = (1..=10_000).map(crowd).collect();
    tx.insert_many("namespace", &columns, &rows, hub_db::OnConflict::Fail).await.unwrap();
    let rows: Vec<Vec<hub_db::Value>> = (1..=10_000).map(|number: i64| vec![number.into(), 0.into()]).collect();
    tx.insert_many("account_user", &["id", "is_admin"], &rows, hub_db::OnConflict::Fail).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(search("ad", None, 10).await, ["ad-astra", "ada", "adam"]);
    assert_eq!(search("ad", None, 2).await, ["ad-astra", "ada"]);
    assert_eq!(search("ad", Some("ada"), 2).await, ["adam"]);
    assert!(search("ad", Some("b"), 2).await.is_empty());
    assert_eq!(search("ad", Some("a"), 1).await, ["ad-astra"]);
    assert!(search("anda", None, 10).await.is_empty());
    assert!(search("a%", None, 10).await.is_empty() && search("ä", None, 10).await.is_empty());
    assert_eq!(search("", Some("bob"), 2).await, ["crowd1", "crowd10"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_taken_in_every_case_and_by_organizations_too() {
    let world = world().await;
    let ada = world.user("Ada").await;
    let found = world.accounts.namespace(&name("aDA")).await.unwrap().unwrap();
    assert_eq!((found.id, found.name.as_str(), found.kind), (ada.id, "Ada", NamespaceKind::User));
    assert_eq!(found.full_name.as_str(), "Ada");
    assert_eq!(world.accounts.namespace_by_id(ada.id).await.unwrap().unwrap(), found);
    assert_eq!(world.accounts.namespace(&name("Bob")).await.unwrap(), None);

    let again = world.accounts.create_user(By::Operator, new_user("ada"), false).await;
    assert_eq!(again.as_ref().unwrap_err().code(), Code::Conflict);
    assert_eq!(refused(again), "the name 'ada' is taken; choose another");
    let org = NewOrganization { name: name("ADA"), full_name: None, default_visibility: Visibility::Public };
    assert_eq!(refused(world.accounts.create_org(By::Operator, org).await), "the name 'ADA' is taken; choose another");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_want_one_name_at_the_same_moment_get_it_once() {
    let world = world().await;
    let create = || world.accounts.create_user(By::Operator, new_user("ada"), false);
    let (a, b, c) = tokio::join!(create(), create(), create());
    let made = [&a, &b, &c].into_iter().filter(|made| made.is_ok()).count();
    assert_eq!(made, 1, "{a:?} {b:?} {c:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_names_passwords_and_emails_are_refused_with_a_reason() {
    let world = world().await;
    let create = async |new| refused(world.accounts.create_user(By::Operator, new, false).await);
    assert!(create(new_user("a_b")).await.starts_with("the name 'a_b' cannot be registered: "));
    assert!(create(new_user("settings")).await.ends_with("the name is reserved"));
    let mut weak = new_user("ada");
    weak.password = Some(SecretString::new("1234567"));
    assert_eq!(create(weak).await, "the password is not acceptable: it needs at least 8 characters");

    let with_email = |text: &str| {
        let mut new = new_user(text);
        new.email = Some("one@example.org".parse().unwrap());
        new
    };
    world.accounts.create_user(By::Operator, with_email("ada"), false).await.unwrap();
    let refusal = create(with_email("bob")).await;
    assert_eq!(refusal, "this email belongs to another account; sign in there, or use another email");
    assert_eq!(world.accounts.namespace(&name("bob")).await.unwrap(), None, "nothing of bob stays behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_pages_and_are_for_administrators() {
    let world = world().await;
    for text in ["eve", "Bob", "ada", "dora", "carl"] {
        world.user(text).await;
    }
    let mut query = PageQuery { after: None, limit: Some(2) };
    let mut seen = Vec::new();
    loop {
        let page = world.accounts.users(By::Operator, "", &query).await.unwrap();
        assert!(page.items.len() <= 2);
        seen.extend(page.items.iter().map(|user| user.name.to_string()));
        let Some(next) = page.next else { break };
        query.after = Some(next);
    }
    assert_eq!(seen, ["ada", "Bob", "carl", "dora", "eve"]);
    let all = PageQuery::default();
    let found = world.accounts.users(By::Operator, "D", &all).await.unwrap().items;
    assert_eq!(found.iter().map(|user| user.name.as_str()).collect::<Vec<_>>(), ["ada", "dora"]);
    for wildcard in ["%", "_", "\\"] {
        assert!(world.accounts.users(By::Operator, wildcard, &all).await.unwrap().items.is_empty(), "{wildcard}");
    }

    let ada = world.caller("ada").await;
    let refusal = refused(world.accounts.users(By::Caller(&ada), "", &all).await);
    assert_eq!(refusal, "this needs an administrator of this instance, with a write token");
    let refusal = world.accounts.users(By::Caller(&Caller::Anonymous), "", &all).await.unwrap_err();
    assert_eq!(refusal.code(), Code::NeedsLogin);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_change_their_own_password_by_the_old_one() {
    let world = world().await;
    world.user("ada").await;
    world.user("eve").await;
    world.admin("root").await;
    let (ada, eve, root) = (world.caller("ada").await, world.caller("eve").await, world.caller("root").await);
    let new = SecretString::new("a new secret");
    let set =
        async |by, current: Option<&SecretString>| world.accounts.set_password(by, &name("ada"), current, &new).await;
    assert_eq!(refused(set(By::Caller(&ada), None).await), "this needs the current password");
    let wrong = SecretString::new("wrong");
    assert_eq!(set(By::Caller(&ada), Some(&wrong)).await.unwrap_err().code(), Code::BadCredentials);
    assert_eq!(set(By::Caller(&eve), Some(&password("ada"))).await.unwrap_err().code(), Code::Forbidden);
    set(By::Caller(&ada), Some(&password("ada"))).await.unwrap();
    world.accounts.authenticate_password("ada", &new).await.unwrap();
    assert!(world.accounts.authenticate_password("ada", &password("ada")).await.is_err());
    set(By::Caller(&root), None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_stays() {
    let world = world().await;
    world.admin("root").await;
    world.user("ada").await;
    let accounts = &world.accounts;
    let by = world.caller("root").await;
    let by = By::Caller(&by);
    let stay = "the instance would be left without an administrator; make another user administrator first";
    assert_eq!(refused(accounts.set_admin(by, &name("root"), false).await), stay);
    assert_eq!(refused(accounts.set_disabled(by, &name("root"), true).await), stay);
    assert_eq!(refused(accounts.delete_user(by, &name("root"), 0).await), stay);

    accounts.set_admin(by, &name("ada"), true).await.unwrap();
    accounts.set_disabled(by, &name("ada"), true).await.unwrap();
    assert_eq!(refused(accounts.set_admin(by, &name("root"), false).await), stay, "one who cannot sign in counts not");
    accounts.set_disabled(by, &name("ada"), false).await.unwrap();
    accounts.set_admin(by, &name("root"), false).await.unwrap();
    assert!(!world.caller("root").await.is_instance_admin());
    assert!(world.caller("ada").await.is_instance_admin());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_administrators_cannot_remove_each_other_at_once() {
    let world = world().await;
    world.admin("ada").await;
    world.admin("bob").await;
    let (one, other) = (name("ada"), name("bob"));
    let (a, b) = tokio::join!(
        world.accounts.set_admin(By::Operator, &one, false),
        world.accounts.set_admin(By::Operator, &other, false)
    );
    assert_eq!([a.is_ok(), b.is_ok()].into_iter().filter(|done| *done).count(), 1, "{a:?} {b:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_goes_with_all_that_is_its_own_and_not_before_its_repositories() {
    let world = world().await;
    let ada = world.user("ada").await;
    world.user("bob").await;
    let token = world.token(&ada, TokenRole::Write).await;
    let by = world.caller("ada").await;
    let new = NewOrganization { name: name("lab"), full_name: None, default_visibility: Visibility::Public };
    world.accounts.create_org(By::Caller(&by), new).await.unwrap();
    let by = world.caller("ada").await;

    let delete = async |count| world.accounts.delete_user(By::Caller(&by), &name("ada"), count).await;
    assert_eq!(refused(delete(3).await), "'ada' still owns 3 repositories; delete or transfer them first");
    let alone = "'lab' would be left without an administrator; make another member administrator first";
    assert_eq!(refused(delete(0).await), alone);
    world.accounts.put_member(By::Caller(&by), &name("lab"), &name("bob"), OrgRole::Admin).await.unwrap();
    delete(0).await.unwrap();
    assert_eq!(world.accounts.namespace(&name("ada")).await.unwrap(), None);
    assert!(world.accounts.authenticate_token(&token).await.is_err());
    let members = world.accounts.members(By::Operator, &name("lab"), &PageQuery::default()).await.unwrap();
    assert_eq!(members.items.len(), 1);
    world.user("ada").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_cannot_tell_who_exists_by_asking_for_details() {
    let world = world().await;
    world.user("ada").await;
    world.user("eve").await;
    let eve = world.caller("eve").await;
    let real = world.accounts.user(By::Caller(&eve), &name("ada")).await.unwrap_err();
    let missing = world.accounts.user(By::Caller(&eve), &name("nobody")).await.unwrap_err();
    assert_eq!(real.code(), missing.code());
    let own = world.accounts.user(By::Caller(&eve), &name("EVE")).await.unwrap();
    assert!(own.has_password && !own.is_admin);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_change_how_they_are_shown() {
    let world = world().await;
    world.user("ada").await;
    world.user("bob").await;
    let by = world.caller("ada").await;
    let (full_name, email) = ("Ada L.".parse().unwrap(), "ada@example.org".parse().unwrap());
    let by = By::Caller(&by);
    world.accounts.set_profile(by, &name("ada"), Some(&full_name), Some(&email)).await.unwrap();
    world.accounts.set_profile(by, &name("ada"), None, Some(&"ADA@example.org".parse().unwrap())).await.unwrap();
    let user = world.accounts.user(by, &name("ada")).await.unwrap();
    assert_eq!((user.full_name.as_str(), user.email.unwrap().as_str()), ("Ada L.", "ADA@example.org"));
    let taken = world.accounts.set_profile(By::Operator, &name("bob"), None, Some(&email)).await;
    assert_eq!(taken.unwrap_err().code(), Code::Conflict);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_other_tables_refer_to_cannot_be_deleted() {
    let world = world().await;
    let ada = world.user("ada").await;
    world.db.exec("CREATE TABLE thing (owner BIGINT NOT NULL REFERENCES namespace (id))", args![]).await.unwrap();
    world.db.exec("INSERT INTO thing (owner) VALUES ($1)", args![ada.id.key()]).await.unwrap();
    let refusal = refused(world.accounts.delete_user(By::Operator, &name("ada"), 0).await);
    assert_eq!(refusal, "something still belongs to 'ada', such as a repository; delete or transfer it first");
    world.caller("ada").await;
}
