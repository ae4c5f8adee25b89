//! Passwords and tokens at the door.

use hub_account::{By, Credential};
use hub_core::{Code, SecretString, TokenRole, UserError};

use crate::{START, name, new_token, new_user, password, world};

const BAD: &str = "Invalid credentials in Authorization header";

#[tokio::test(flavor = "multi_thread")]
async fn a_password_opens_its_own_account_by_name_and_by_email() {
    let world = world().await;
    let mut new = new_user("Ada");
    new.email = Some("Ada@Example.org".parse().unwrap());
    let ada = world.accounts.create_user(By::Operator, new, false).await.unwrap();
    for login in ["Ada", "ada", "ADA", "ada@example.org"] {
        let caller = world.accounts.authenticate_password(login, &password("Ada")).await.unwrap();
        assert_eq!(caller.user().unwrap().id, ada.id);
        assert_eq!(caller.user().unwrap().credential, Credential::Password);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_learns_why_a_password_is_refused() {
    let world = world().await;
    world.user("ada").await;
    let mut silent = new_user("silent");
    silent.password = None;
    world.accounts.create_user(By::Operator, silent, false).await.unwrap();
    world.user("gone").await;
    world.accounts.set_disabled(By::Operator, &name("gone"), true).await.unwrap();
    let long = "x".repeat(5000);
    for (login, secret) in [
        ("ada", "wrong"),
        ("ada", &long),
        ("nobody", "secret of nobody"),
        ("silent", ""),
        ("gone", "secret of gone"),
        ("ad\0a", "x"),
        (&long, "x"),
        ("", ""),
        ("@", "x"),
    ] {
        let refusal = world.accounts.authenticate_password(login, &SecretString::new(secret)).await.unwrap_err();
        assert_eq!((refusal.code(), refusal.message().as_ref()), (Code::BadCredentials, BAD), "{login}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_open_until_they_end() {
    let world = world().await;
    let ada = world.user("ada").await;
    let mut short = new_token("short", TokenRole::Read);
    short.expires_at = Some(START.plus_millis(1000));
    let short = world.accounts.create_token(By::Operator, ada.id, short).await.unwrap();
    let lasting = world.token(&ada, TokenRole::Write).await;
    let revoked = world.accounts.create_token(By::Operator, ada.id, new_token("old", TokenRole::Write)).await.unwrap();

    let opens = async |value: &SecretString| world.accounts.authenticate_token(value).await.is_ok();
    assert!(opens(&short.value).await && opens(&lasting).await && opens(&revoked.value).await);
    world.accounts.revoke_token(By::Operator, ada.id, revoked.id).await.unwrap();
    world.clock.advance_millis(1000);
    assert!(!opens(&short.value).await);
    assert!(opens(&lasting).await);
    assert!(!opens(&revoked.value).await);

    world.accounts.set_disabled(By::Operator, &name("ada"), true).await.unwrap();
    assert!(!opens(&lasting).await);
    world.accounts.set_disabled(By::Operator, &name("ada"), false).await.unwrap();
    assert!(opens(&lasting).await);
    for value in ["", "hf_", "hf_unknown", "é\0"] {
        let refusal = world.accounts.authenticate_token(&SecretString::new(value)).await.unwrap_err();
        assert_eq!(refusal.message(), BAD);
    }
}
