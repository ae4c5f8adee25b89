use super::*;

#[test]
fn a_subject_is_one_line_whatever_a_user_wrote() {
    let letter = Letter::new("a@example.org", "x\r\nBcc: all@example.org\0\u{7f}", "one\r\ntwo\0\tthree\u{1b}[31m");
    assert_eq!(letter.subject(), "x  Bcc: all@example.org");
    assert_eq!(letter.text(), "one\ntwo\tthree[31m");
    assert_eq!(Letter::new("a@b", &"x".repeat(1000), "").subject().len(), SUBJECT_MAX);
}
