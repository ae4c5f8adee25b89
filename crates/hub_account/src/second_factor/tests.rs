use super::*;

/// The vectors of RFC 6238, appendix B, cut to six digits.
#[test]
fn codes_are_those_of_the_standard() {
    let key = b"12345678901234567890";
    let check = |seconds: i64, expect: &str| assert_eq!(six_digits(key, seconds / STEP_SECS).unwrap(), expect);
    check(59, "287082");
    check(1_111_111_109, "081804");
    check(1_234_567_890, "005924");
    check(20_000_000_000, "353130");
}

#[test]
fn a_code_is_good_near_its_time_and_once() {
    let key = b"12345678901234567890";
    let code = SecretString::new("287 082");
    assert_eq!(matching_step(key, &code, 59, 0), Some(1));
    assert_eq!(matching_step(key, &code, 89, 0), Some(1));
    assert_eq!(matching_step(key, &code, 120, 0), None);
    assert_eq!(matching_step(key, &code, 59, 1), None);
    assert_eq!(matching_step(key, &SecretString::new(""), 59, 0), None);
}

#[test]
fn base_32_is_that_of_the_standard() {
    let check = |bytes: &[u8], expect: &str| assert_eq!(base32(bytes), expect);
    check(b"", "");
    check(b"f", "MY");
    check(b"foobar", "MZXW6YTBOI");
}
