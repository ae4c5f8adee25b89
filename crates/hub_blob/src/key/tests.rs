//! Keys have one spelling, and nothing else is a key.

use super::*;

const SHA: &str = "00ff3456789abcdef0123456789abcdef0123456789abcdef0123456789abcde";

#[test]
fn a_key_is_read_back_as_it_was_shown() {
    let text = format!("large/00/ff/{SHA}-0123456789abcdef");
    let key: ObjectKey = text.parse().unwrap();
    assert_eq!(key, ObjectKey::Large { sha256: SHA.parse().unwrap(), copy: "0123456789abcdef".parse().unwrap() });
    assert_eq!(key.to_string(), text);
}

#[test]
fn the_key_of_a_xorb_has_the_text_of_its_hash() {
    let text = format!("xorbs/00/ff/{SHA}.0123456789abcdef");
    let key: ObjectKey = text.parse().unwrap();
    assert_eq!(key, ObjectKey::Xorb { hash: SHA.parse().unwrap(), generation: "0123456789abcdef".parse().unwrap() });
    assert_eq!(key.to_string(), text);
}

#[test]
fn other_text_is_no_key() {
    let refuse = |text: String| assert_eq!(text.parse::<ObjectKey>(), Err(KeyError), "{text}");
    refuse(String::new());
    refuse(format!("large/00/fe/{SHA}-0123456789abcdef"));
    refuse(format!("large/00/ff/../ff/{SHA}-0123456789abcdef"));
    refuse(format!("/large/00/ff/{SHA}-0123456789abcdef"));
    refuse(format!("large/00/ff/{}-0123456789abcdef", SHA.to_uppercase()));
    refuse(format!("large/00/ff/{SHA}-0123456789ABCDEF"));
    refuse(format!("large/00/ff/{SHA}-0123456789abcde"));
    refuse(format!("large/00/ff/{SHA}"));
    refuse(format!("{SHA}-0123456789abcdef"));
    refuse(format!("xorbs/00/ff/{SHA}-0123456789abcdef"));
    refuse(format!("large/00/ff/{SHA}.0123456789abcdef"));
    refuse(format!("xorbs/ff/00/{SHA}.0123456789abcdef"));
    refuse(format!("xorbs/00/ff/{SHA}.0123456789abcdef.x"));
    assert_eq!("".parse::<PartsId>(), Err(KeyError));
    assert_eq!("a b".parse::<PartsId>(), Err(KeyError));
    assert_eq!("../x/0123456".parse::<CopyId>(), Err(KeyError));
}

#[test]
fn keys_are_ordered_as_their_text() {
    let mut keys: Vec<ObjectKey> = Vec::new();
    for first in ["00", "0f", "a0", "ff"] {
        for copy in ["0000000000000000", "00000000000000ff", "f000000000000000"] {
            keys.push(ObjectKey::Large {
                sha256: format!("{first}{}", &SHA[2..]).parse().unwrap(),
                copy: copy.parse().unwrap(),
            });
            // Two hashes whose bytes are in the other order than their texts.
            for digits in ["00ff", "ff00"] {
                keys.push(ObjectKey::Xorb {
                    hash: format!("{first}{digits}{}", &SHA[6..]).parse().unwrap(),
                    generation: copy.parse().unwrap(),
                });
            }
        }
    }
    let mut texts: Vec<String> = keys.iter().map(ToString::to_string).collect();
    keys.sort();
    texts.sort();
    assert_eq!(keys.iter().map(ToString::to_string).collect::<Vec<_>>(), texts);
}
