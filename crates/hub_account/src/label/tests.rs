//! What a label and an address of mail may be.

use super::*;

#[test]
fn labels_are_one_line_of_shown_text() {
    assert_eq!("  Ada Lovelace ".parse::<Label>().unwrap().as_str(), "Ada Lovelace");
    assert_eq!(" ".parse::<Label>(), Err(LabelError::Empty));
    assert_eq!("a\nb".parse::<Label>(), Err(LabelError::ControlCharacter));
    assert!("é".repeat(255).parse::<Label>().is_ok());
    assert_eq!("é".repeat(256).parse::<Label>(), Err(LabelError::TooLong));
}

#[test]
fn addresses_have_two_sides_and_no_space() {
    assert_eq!("Ada@Example.org".parse::<Email>().unwrap().key(), "ada@example.org");
    let refuse = |text: &str| assert_eq!(text.parse::<Email>(), Err(EmailError), "{text:?}");
    refuse("");
    refuse("ada");
    refuse("@example.org");
    refuse("ada@");
    refuse("a@b@c");
    refuse("a da@example.org");
    refuse(&format!("{}@example.org", "a".repeat(250)));
}
