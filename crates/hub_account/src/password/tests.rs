//! Hashes of passwords, without a database.

use super::*;

#[derive(Debug)]
struct Sevens;

impl Ids for Sevens {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

fn cheap(queue: usize) -> PasswordHashes {
    PasswordHashes::new(PasswordCost { memory_kib: 64, passes: 1, concurrent: 1, queue })
}

#[tokio::test]
async fn the_right_password_opens_and_nothing_else_does() {
    let hashes = cheap(4);
    let secret = SecretString::new("correct horse");
    let phc = hashes.hash(&Sevens, &secret).await.unwrap();
    assert!(phc.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{phc}");
    assert!(hashes.verify(&secret, Some(phc.clone())).await.unwrap());
    assert!(!hashes.verify(&SecretString::new("correct horsf"), Some(phc)).await.unwrap());
    assert!(!hashes.verify(&secret, None).await.unwrap());
    assert!(!hashes.verify(&secret, Some("not a hash".to_owned())).await.unwrap());
}

#[tokio::test]
async fn a_hash_outlives_a_change_of_its_cost() {
    let secret = SecretString::new("correct horse");
    let phc = cheap(4).hash(&Sevens, &secret).await.unwrap();
    let dearer = PasswordHashes::new(PasswordCost { memory_kib: 128, passes: 2, concurrent: 1, queue: 4 });
    assert!(dearer.verify(&secret, Some(phc)).await.unwrap());
}

#[tokio::test]
async fn whoever_comes_when_the_queue_is_full_is_sent_away_and_may_come_back() {
    let hashes = cheap(1);
    let secret = SecretString::new("correct horse");
    let (first, second, third) =
        tokio::join!(hashes.verify(&secret, None), hashes.verify(&secret, None), hashes.verify(&secret, None));
    assert!(!first.unwrap() && !second.unwrap());
    assert!(matches!(third, Err(AccountError::Busy)));
    assert!(!hashes.verify(&secret, None).await.unwrap());
}

#[test]
fn new_passwords_have_a_least_and_a_greatest_length() {
    let check = |text: &str, expect| assert_eq!(check_new(&SecretString::new(text)), expect);
    check("1234567", Err(PasswordError::TooShort));
    check("ééééééé", Err(PasswordError::TooShort));
    check("12345678", Ok(()));
    check(&"x".repeat(1024), Ok(()));
    check(&"x".repeat(1025), Err(PasswordError::TooLong));
}
