//! The link that makes the first administrator.

use hub_account::By;
use hub_core::SecretString;

use crate::{name, new_user, refused, world};

const WRONG: &str =
    "the setup link is wrong or used; if there is no administrator yet, a restart of Hearth prints a fresh link";

#[tokio::test(flavor = "multi_thread")]
async fn each_start_issues_a_fresh_code_until_there_is_an_administrator() {
    let world = world().await;
    let first = world.accounts.issue_setup_code().await.unwrap().unwrap();
    let second = world.restarted().issue_setup_code().await.unwrap().unwrap();
    assert_ne!(first, second);
    assert!(!world.accounts.is_setup_code(&first).await.unwrap());
    assert!(world.accounts.is_setup_code(&second).await.unwrap());
    assert_eq!(refused(world.accounts.set_up(&first, new_user("ada")).await), WRONG);

    // A mistake in the form does not use the link up.
    assert!(world.accounts.set_up(&second, new_user("no_good")).await.is_err());
    world.accounts.set_up(&second, new_user("ada")).await.unwrap();
    assert!(world.caller("ada").await.is_instance_admin());
    assert!(!world.accounts.is_setup_code(&second).await.unwrap());
    assert_eq!(refused(world.accounts.set_up(&second, new_user("eve")).await), WRONG);
    assert_eq!(world.restarted().issue_setup_code().await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_from_the_command_line_ends_the_link() {
    let world = world().await;
    let code = world.accounts.issue_setup_code().await.unwrap().unwrap();
    world.user("ada").await;
    assert!(world.accounts.is_setup_code(&code).await.unwrap());
    world.accounts.set_admin(By::Operator, &name("ada"), true).await.unwrap();
    assert_eq!(refused(world.accounts.set_up(&code, new_user("eve")).await), WRONG);

    let other = crate::world().await;
    let code = other.accounts.issue_setup_code().await.unwrap().unwrap();
    other.admin("root").await;
    assert_eq!(refused(other.accounts.set_up(&code, new_user("eve")).await), WRONG);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_open_the_link_at_once_one_becomes_administrator() {
    let world = world().await;
    let code = world.accounts.issue_setup_code().await.unwrap().unwrap();
    let (a, b) =
        tokio::join!(world.accounts.set_up(&code, new_user("ada")), world.accounts.set_up(&code, new_user("bob")));
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    assert_eq!(refused(world.accounts.set_up(&SecretString::new(""), new_user("eve")).await), WRONG);
}
