use std::collections::BTreeSet;
use std::path::Path;

use super::*;

fn words(tag: &str) -> &'static Words {
    Words::of_tag(tag).unwrap()
}

#[test]
fn the_readers_language_is_found() {
    let check = |header: &str, expect: &str| assert_eq!(Words::of_header(header).tag, expect, "{header}");
    check("de-CH,de;q=0.9,en;q=0.8", "de");
    check("fr,en;q=0.8,de;q=0.9", "de");
    check("fr", "en");
    check("", "en");
    check(";;;q=x,,", "en");
}

#[test]
fn numbers_follow_the_language() {
    let check = |text: String, expect: &str| assert_eq!(text, expect);
    check(words("en").number(1_234_567), "1,234,567");
    check(words("de").number(1_234_567), "1.234.567");
    check(words("en").number(12), "12");
    check(words("en").compact(999), "999");
    check(words("en").compact(1_234), "1.2k");
    check(words("en").compact(999_999), "1M");
    check(words("en").compact(68_000_000_000), "68B");
    check(words("en").size(0), "0 B");
    check(words("en").size(1_234_567), "1.2 MB");
    check(words("de").size(1_234_567), "1,2 MB");
    check(words("en").size(u64::MAX), "18447 PB");
}

#[test]
fn values_are_put_in_where_the_message_wants_them() {
    assert_eq!(fill("{1} before {0}, {x} {9} {", &[&1, &"two"]), "two before 1, {x} {9} {");
}

/// What stands between braces in a message.
fn places(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(place, _)| place).collect()
}

#[test]
fn every_language_says_the_same_things() {
    let english = Words::english();
    for other in Words::all() {
        let ours: BTreeSet<_> = english.messages.keys().collect();
        let theirs: BTreeSet<_> = other.messages.keys().collect();
        let missing: Vec<_> = ours.symmetric_difference(&theirs).collect();
        assert!(missing.is_empty(), "{} and English differ in {missing:?}", other.tag);
        for (key, text) in &english.messages {
            assert_eq!(places(text), places(other.messages[key]), "{}: {key}", other.tag);
        }
    }
}

/// The sources of the face: templates and handlers.
fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs" || ending == "html") {
            found.push(std::fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_message_that_a_page_names_exists_and_every_message_is_named() {
    let mut texts = Vec::new();
    sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut texts);
    let whole = texts.join("\n");
    let exists = |key: &str| Words::english().find(key).is_some();
    for call in [".t(\"", ".t1(\"", ".fill(\""] {
        for key in whole.split(call).skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(exists(key), "a page names {key}, which no message file has");
        }
    }
    for key in whole.split(".n(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(exists(&format!("{key}.one")) && exists(&format!("{key}.other")), "{key} lacks a form");
    }
    // Families whose last part is made up at run time.
    const FAMILIES: &[&str] = &[
        "done.",
        "task.",
        "modality.",
        "permission.",
        "role.",
        "tokenrole.",
        "error.",
        "house.kind.",
        "scope.",
        "report.decision.",
        "report.outcome.",
        "report.reason.",
        "report.state.",
        "report.step.",
    ];
    for key in Words::english().messages.keys() {
        let base = key.strip_suffix(".one").or(key.strip_suffix(".other")).unwrap_or(key);
        let named = whole.contains(&format!("\"{base}\"")) || FAMILIES.iter().any(|family| key.starts_with(family));
        assert!(named, "no page names {key}");
    }
}
