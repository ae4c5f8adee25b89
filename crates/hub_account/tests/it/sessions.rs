//! Sessions of browsers, the second factor, slow guessing, links to a new password.

use hub_account::{AccountError, By, Caller, Credential, FreshSession, SignIn, SignUpPolicy};
use hub_core::{Code, SecretString, UserError};

use crate::{DAY, World, name, new_user, password, world};

async fn sign_in(world: &World, login: &str, secret: &str, address: &str) -> Result<FreshSession, AccountError> {
    let password = SecretString::new(secret);
    let attempt = SignIn { login, password: &password, address, client: "Test/1" };
    world.accounts.sign_in(&attempt).await
}

async fn session_of(world: &World, who: &str) -> (Caller, SecretString) {
    let fresh = sign_in(world, who, password(who).reveal(), "10.0.0.1").await.unwrap();
    let caller = world.accounts.authenticate_session(&fresh.value).await.unwrap();
    (caller, fresh.value)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_lives_while_it_is_seen_and_ends_on_demand() {
    let world = world().await;
    let ada = world.user("ada").await;
    let (caller, value) = session_of(&world, "ada").await;
    assert!(matches!(caller.user().unwrap().credential, Credential::Session(_)));
    world.clock.advance_millis(29 * DAY);
    world.accounts.authenticate_session(&value).await.unwrap();
    world.clock.advance_millis(29 * DAY);
    world.accounts.authenticate_session(&value).await.unwrap();
    world.clock.advance_millis(31 * DAY);
    assert!(world.accounts.authenticate_session(&value).await.is_err());

    let (caller, value) = session_of(&world, "ada").await;
    let (_, other) = session_of(&world, "ada").await;
    let by = By::Caller(&caller);
    assert_eq!(world.accounts.sessions(by, ada.id).await.unwrap().len(), 2);
    world.accounts.end_other_sessions(by, ada.id).await.unwrap();
    assert!(world.accounts.authenticate_session(&other).await.is_err());
    world.accounts.sign_out(&value).await.unwrap();
    assert!(world.accounts.authenticate_session(&value).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_ends_or_sees_the_sessions_of_another() {
    let world = world().await;
    let ada = world.user("ada").await;
    world.user("bob").await;
    let (caller, value) = session_of(&world, "ada").await;
    let (bob, _) = session_of(&world, "bob").await;
    let id = world.accounts.sessions(By::Caller(&caller), ada.id).await.unwrap()[0].id;
    assert!(world.accounts.sessions(By::Caller(&bob), ada.id).await.is_err());
    let bob_id = bob.user().unwrap().id;
    assert!(world.accounts.end_session(By::Caller(&bob), bob_id, id).await.is_err());
    world.accounts.authenticate_session(&value).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_the_other_sessions_and_disabling_all() {
    let world = world().await;
    world.user("ada").await;
    let (caller, value) = session_of(&world, "ada").await;
    let (_, other) = session_of(&world, "ada").await;
    let (current, new) = (password("ada"), SecretString::new("another good password"));
    let wrong = SecretString::new("wrong");
    let by = By::Caller(&caller);
    let refusal = world.accounts.set_password(by, &name("ada"), Some(&wrong), &new).await.unwrap_err();
    assert_eq!(refusal.code(), Code::BadCredentials);
    world.accounts.set_password(by, &name("ada"), Some(&current), &new).await.unwrap();
    world.accounts.authenticate_session(&value).await.unwrap();
    assert!(world.accounts.authenticate_session(&other).await.is_err());
    world.accounts.set_disabled(By::Operator, &name("ada"), true).await.unwrap();
    assert!(world.accounts.authenticate_session(&value).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_whether_or_not_the_account_exists() {
    let world = world().await;
    world.user("ada").await;
    for who in ["ada", "nobody"] {
        for _ in 0..8 {
            let refusal = sign_in(&world, who, "wrong", "10.0.0.1").await.unwrap_err();
            assert!(matches!(refusal, AccountError::BadCredentials));
        }
        let refusal = sign_in(&world, who, "wrong", "10.9.9.9").await.unwrap_err();
        assert!(matches!(refusal, AccountError::TooManyFailures { wait_secs: 1 }), "{refusal:?}");
    }
    // The right password waits as well, and then clears the count.
    assert!(sign_in(&world, "ada", password("ada").reveal(), "10.0.0.1").await.is_err());
    world.clock.advance_millis(1000);
    sign_in(&world, "ada", password("ada").reveal(), "10.0.0.1").await.unwrap();
    let refusal = sign_in(&world, "ada", "wrong", "10.0.0.1").await.unwrap_err();
    assert!(matches!(refusal, AccountError::BadCredentials));
    assert!(world.accounts.authenticate_password("nobody", &password("x")).await.is_err());
}

/// The six digits that an app shows for a key in base 32, by a second reading of RFC 6238.
fn app(base32: &str, seconds: i64) -> SecretString {
    use hmac::{Hmac, KeyInit, Mac};
    let bits: String = base32
        .bytes()
        .map(|letter| format!("{:05b}", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|l| *l == letter).unwrap()))
        .collect();
    let key: Vec<u8> = bits
        .as_bytes()
        .chunks_exact(8)
        .map(|b| u8::from_str_radix(std::str::from_utf8(b).unwrap(), 2).unwrap())
        .collect();
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(&key).unwrap();
    mac.update(&(seconds / 30).to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 15);
    let word = u32::from_be_bytes([hash[at], hash[at + 1], hash[at + 2], hash[at + 3]]) & 0x7fff_ffff;
    SecretString::new(format!("{:06}", word % 1_000_000))
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_second_factor_the_password_alone_opens_nothing() {
    use hub_core::Clock;
    let world = world().await;
    let ada = world.user("ada").await;
    let (caller, _) = session_of(&world, "ada").await;
    let by = By::Caller(&caller);
    let key = world.accounts.begin_second_factor(by, "hub.test").await.unwrap();
    assert!(!world.accounts.second_factor(by, ada.id).await.unwrap().is_on);
    let seconds = || world.clock.now().seconds();
    let code = app(key.base32.reveal(), seconds());
    let recovery = world.accounts.prove_second_factor(by, &code).await.unwrap();
    assert_eq!(recovery.len(), 10);
    assert!(matches!(
        world.accounts.begin_second_factor(by, "hub.test").await.unwrap_err(),
        AccountError::SecondFactorOn
    ));
    assert!(world.accounts.authenticate_password("ada", &password("ada")).await.is_err());

    let fresh = sign_in(&world, "ada", password("ada").reveal(), "10.0.0.1").await.unwrap();
    assert!(fresh.needs_code);
    assert!(world.accounts.authenticate_session(&fresh.value).await.is_err());
    let confirm = async |code: &SecretString| world.accounts.confirm_session(&fresh.value, code, "10.0.0.1").await;
    // The code that turned the factor on is used up.
    assert!(matches!(confirm(&code).await.unwrap_err(), AccountError::WrongCode));
    world.clock.advance_millis(30_000);
    confirm(&app(key.base32.reveal(), seconds())).await.unwrap();
    world.accounts.authenticate_session(&fresh.value).await.unwrap();

    let second = sign_in(&world, "ada", password("ada").reveal(), "10.0.0.1").await.unwrap();
    world.accounts.confirm_session(&second.value, &recovery[0], "10.0.0.1").await.unwrap();
    let third = sign_in(&world, "ada", password("ada").reveal(), "10.0.0.1").await.unwrap();
    assert!(world.accounts.confirm_session(&third.value, &recovery[0], "10.0.0.1").await.is_err());
    assert_eq!(world.accounts.second_factor(by, ada.id).await.unwrap().recovery_codes, 9);
    assert!(world.accounts.drop_second_factor(by, ada.id, None).await.is_err());
    world.accounts.drop_second_factor(by, ada.id, Some(&recovery[1])).await.unwrap();
    assert!(!sign_in(&world, "ada", password("ada").reveal(), "10.0.0.1").await.unwrap().needs_code);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_sets_a_new_password_once() {
    let world = World::new(SignUpPolicy::Closed).await;
    world.user("ada").await;
    world.accounts.create_user(By::Operator, new_user("bob"), false).await.unwrap();
    let (bob, value) = session_of(&world, "bob").await;
    assert!(world.accounts.issue_password_reset(By::Caller(&bob), &name("bob")).await.is_err());
    let first = world.accounts.issue_password_reset(By::Operator, &name("bob")).await.unwrap();
    let second = world.accounts.issue_password_reset(By::Operator, &name("bob")).await.unwrap();
    let new = SecretString::new("a wholly new password");
    assert!(world.accounts.reset_password(&first.code, &new).await.is_err());
    let short = world.accounts.reset_password(&second.code, &SecretString::new("x")).await.unwrap_err();
    assert_eq!(short.code(), Code::Unprocessable);
    world.accounts.reset_password(&second.code, &new).await.unwrap();
    assert!(world.accounts.reset_password(&second.code, &new).await.is_err());
    assert!(world.accounts.authenticate_session(&value).await.is_err());
    sign_in(&world, "bob", new.reveal(), "10.0.0.1").await.unwrap();
    let late = world.accounts.issue_password_reset(By::Operator, &name("bob")).await.unwrap();
    world.clock.advance_millis(DAY);
    assert!(!world.accounts.is_password_reset(&late.code).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_directory_lists_those_who_can_sign_in() {
    use hub_account::{NamespaceKind, PageQuery};
    let world = world().await;
    for who in ["ada", "bob", "gone", "a-cat"] {
        world.user(who).await;
    }
    world.accounts.set_disabled(By::Operator, &name("gone"), true).await.unwrap();
    let page = PageQuery { after: None, limit: Some(2) };
    let found = world.accounts.directory(NamespaceKind::User, "", &page).await.unwrap();
    let names: Vec<&str> = found.items.iter().map(|space| space.name.as_str()).collect();
    assert_eq!(names, ["a-cat", "ada"]);
    let rest = PageQuery { after: found.next, limit: Some(2) };
    assert_eq!(world.accounts.directory(NamespaceKind::User, "", &rest).await.unwrap().items.len(), 1);
    let search = world.accounts.directory(NamespaceKind::User, "_", &PageQuery::default()).await.unwrap();
    assert!(search.items.is_empty());
    assert!(
        world
            .accounts
            .directory(NamespaceKind::Organization, "\0", &PageQuery::default())
            .await
            .unwrap()
            .items
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_found_while_somebody_types() {
    use hub_account::NamespaceKind;
    let world = world().await;
    for who in ["ada", "adam", "gone-ada", "zz-ada", "bob", "ADALBERT"] {
        world.user(who).await;
    }
    world.accounts.set_disabled(By::Operator, &name("gone-ada"), true).await.unwrap();
    let names = async |text: &str, limit: usize| -> Vec<String> {
        let found = world.accounts.suggest(NamespaceKind::User, text, limit).await.unwrap();
        found.into_iter().map(|space| space.name.to_string()).collect()
    };
    // Those that begin with it come first, each once.
    assert_eq!(names("ada", 9).await, ["ada", "ADALBERT", "adam", "zz-ada"]);
    assert_eq!(names(" AdA ", 2).await, ["ada", "ADALBERT"]);
    assert_eq!(names("%", 9).await, [""; 0]);
    assert_eq!(names("\0", 9).await, [""; 0]);
    assert!(world.accounts.suggest(NamespaceKind::Organization, "ada", 9).await.unwrap().is_empty());
}
