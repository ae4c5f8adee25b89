//! The device flow: a device that waits, its owner's answer, tokens that are renewed.

use hub_account::{By, Caller, GrantError};
use hub_core::SecretString;

use crate::{DAY, World, world};

const HF: &str = "26be6b09-91c5-47da-9861-d2d2bb7a7e36";

async fn person(world: &World, who: &str) -> Caller {
    world.user(who).await;
    world.caller(who).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_gets_a_token_once_its_owner_allows_it() {
    let world = world().await;
    let ada = person(&world, "ada").await;
    let accounts = &world.accounts;
    let device = accounts.begin_device(HF).await.unwrap();
    assert!(matches!(accounts.begin_device("other").await.unwrap_err(), GrantError::InvalidClient));
    let poll = async || accounts.poll_device(HF, &device.device_code).await;
    assert!(matches!(poll().await.unwrap_err(), GrantError::Pending));
    assert!(matches!(poll().await.unwrap_err(), GrantError::SlowDown));
    let typed = device.user_code.to_lowercase().replace('-', " ");
    assert_eq!(accounts.waiting_device(By::Caller(&ada), &typed).await.unwrap(), "hf");
    accounts.answer_device(By::Caller(&ada), &typed, true).await.unwrap();
    assert!(accounts.answer_device(By::Caller(&ada), &typed, true).await.is_err());
    assert!(accounts.poll_device("other", &device.device_code).await.is_err());
    let tokens = poll().await.unwrap();
    assert!(matches!(poll().await.unwrap_err(), GrantError::Expired));
    let caller = accounts.authenticate_token(&tokens.access).await.unwrap();
    assert_eq!(caller.user().unwrap().name.as_str(), "ada");

    world.clock.advance_millis(9 * 3_600_000);
    assert!(accounts.authenticate_token(&tokens.access).await.is_err());
    let renewed = accounts.refresh_tokens(HF, &tokens.refresh).await.unwrap();
    accounts.authenticate_token(&renewed.access).await.unwrap();
    assert!(matches!(accounts.refresh_tokens(HF, &tokens.refresh).await.unwrap_err(), GrantError::InvalidGrant));
    let id = accounts.tokens(By::Caller(&ada), ada.user().unwrap().id).await.unwrap()[0].grant.id;
    accounts.revoke_token(By::Caller(&ada), ada.user().unwrap().id, id).await.unwrap();
    assert!(matches!(accounts.refresh_tokens(HF, &renewed.refresh).await.unwrap_err(), GrantError::InvalidGrant));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_or_late_device_gets_nothing_and_guessing_is_slowed() {
    let world = world().await;
    let ada = person(&world, "ada").await;
    let accounts = &world.accounts;
    let device = accounts.begin_device(HF).await.unwrap();
    accounts.answer_device(By::Caller(&ada), &device.user_code, false).await.unwrap();
    let denied = accounts.poll_device(HF, &device.device_code).await.unwrap_err();
    assert!(matches!(denied, GrantError::Denied));
    let late = accounts.begin_device(HF).await.unwrap();
    world.clock.advance_millis(DAY);
    assert!(accounts.waiting_device(By::Caller(&ada), &late.user_code).await.is_err());
    assert!(matches!(accounts.poll_device(HF, &late.device_code).await.unwrap_err(), GrantError::Expired));
    for _ in 0..10 {
        assert!(accounts.waiting_device(By::Caller(&ada), "XXXX-XXXX").await.is_err());
    }
    let real = accounts.begin_device(HF).await.unwrap();
    assert!(accounts.waiting_device(By::Caller(&ada), &real.user_code).await.is_err());
    assert!(accounts.poll_device(HF, &SecretString::new("x")).await.is_err());
    assert!(accounts.waiting_device(By::Caller(&Caller::Anonymous), &real.user_code).await.is_err());
}
