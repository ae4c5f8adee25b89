use super::*;

#[test]
fn waits_double_after_the_free_failures_and_have_an_end() {
    let subject = Subject::login("ada");
    let waits: Vec<i64> = [0, 7, 8, 9, 12, 20, 5000].map(|failures| subject.wait_millis(failures)).to_vec();
    assert_eq!(waits, [0, 0, 1000, 2000, 16_000, WAIT_MAX_MILLIS, WAIT_MAX_MILLIS]);
}

#[test]
fn an_account_is_the_same_in_any_case() {
    assert_eq!(Subject::login("Ada").hash, Subject::login("aDA").hash);
    assert_ne!(Subject::login("ada").hash, Subject::address("ada").hash);
}
