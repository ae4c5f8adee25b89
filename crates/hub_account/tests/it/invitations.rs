//! Sign-up under the three policies, and the life of an invitation.

use hub_account::{By, SignUpPolicy};
use hub_core::{SecretString, UserError};

use crate::{DAY, START, World, new_user, refused, world};

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_decides_who_may_sign_up() {
    let open = World::new(SignUpPolicy::Open).await;
    open.accounts.sign_up(new_user("ada"), None).await.unwrap();
    assert!(!open.caller("ada").await.is_instance_admin());

    let closed = World::new(SignUpPolicy::Closed).await;
    let code = closed.accounts.invite(By::Operator, None, None).await.unwrap().code;
    let refusal = refused(closed.accounts.sign_up(new_user("ada"), Some(&code)).await);
    assert_eq!(refusal, "sign-up is closed on this instance; ask an administrator for an account");

    let invited = world().await;
    let refusal = refused(invited.accounts.sign_up(new_user("ada"), None).await);
    assert_eq!(refusal, "sign-up needs an invitation on this instance; ask an administrator for one");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_works_once_and_until_it_ends() {
    let world = world().await;
    let accounts = &world.accounts;
    let invite = async || accounts.invite(By::Operator, None, None).await.unwrap();
    let (used, withdrawn, late) = (invite().await, invite().await, invite().await);
    assert_eq!(used.expires_at, START.plus_millis(7 * DAY));
    assert_eq!(accounts.invitations(By::Operator).await.unwrap().len(), 3);

    // A sign-up that fails leaves the invitation as it was.
    world.user("taken").await;
    assert!(accounts.sign_up(new_user("taken"), Some(&used.code)).await.is_err());
    accounts.sign_up(new_user("ada"), Some(&used.code)).await.unwrap();
    accounts.withdraw_invitation(By::Operator, withdrawn.id).await.unwrap();
    world.clock.advance_millis(7 * DAY);
    for code in [&used.code, &withdrawn.code, &late.code, &SecretString::new("guess")] {
        let refusal = refused(accounts.sign_up(new_user("bob"), Some(code)).await);
        assert_eq!(refusal, "the invitation is used, withdrawn or expired; ask for a new one");
        assert!(accounts.invitation(code).await.is_err());
    }
    assert!(accounts.invitations(By::Operator).await.unwrap().is_empty());
    assert_eq!(refused(accounts.withdraw_invitation(By::Operator, withdrawn.id).await), "there is no such invitation");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_with_one_code_one_gets_in() {
    let world = world().await;
    let code = world.accounts.invite(By::Operator, None, None).await.unwrap().code;
    let (a, b) = tokio::join!(
        world.accounts.sign_up(new_user("ada"), Some(&code)),
        world.accounts.sign_up(new_user("bob"), Some(&code))
    );
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_can_be_bound_to_an_email() {
    let world = world().await;
    world.admin("root").await;
    let root = world.caller("root").await;
    let email = "ada@example.org".parse().unwrap();
    let code = world.accounts.invite(By::Caller(&root), Some(&email), None).await.unwrap().code;
    let shown = world.accounts.invitation(&code).await.unwrap();
    assert_eq!(shown.email, Some(email));
    assert_eq!(shown.created_by.unwrap().as_str(), "root");

    let with = |email: Option<&str>| {
        let mut new = new_user("ada");
        new.email = email.map(|email| email.parse().unwrap());
        new
    };
    for wrong in [None, Some("eve@example.org")] {
        let refusal = world.accounts.sign_up(with(wrong), Some(&code)).await.unwrap_err();
        assert!(refusal.message().starts_with("the invitation was made for another email"));
    }
    world.accounts.sign_up(with(Some("ADA@example.org")), Some(&code)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_invite_and_whoever_signs_up_brings_a_password() {
    let world = world().await;
    world.user("ada").await;
    let ada = world.caller("ada").await;
    assert!(world.accounts.invite(By::Caller(&ada), None, None).await.is_err());
    assert_eq!(refused(world.accounts.invite(By::Operator, None, Some(START)).await), "the end lies in the past");
    let code = world.accounts.invite(By::Operator, None, None).await.unwrap().code;
    let mut silent = new_user("bob");
    silent.password = None;
    let refusal = refused(world.accounts.sign_up(silent, Some(&code)).await);
    assert_eq!(refusal, "the password is not acceptable: it needs at least 8 characters");
}
