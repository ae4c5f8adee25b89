use serde_json::json;

use super::*;

fn check(readme: &str, data: Value, body: &str) {
    let card = Card::parse(readme).expect(readme);
    assert_eq!((Value::Object(card.data), &readme[card.body_offset..]), (data, body), "{readme}");
}

#[test]
fn metadata_and_text_are_told_apart() {
    check("---\nlicense: mit\n---\n# Title\n", json!({"license": "mit"}), "# Title\n");
    check("---\r\nlicense: mit\r\ntags:\r\n- a\r\n---\r\n# Title", json!({"license": "mit", "tags": ["a"]}), "# Title");
    check("\u{feff}---\nlicense: mit\n---", json!({"license": "mit"}), "");
    check("\n  \n---  \nlicense: mit\n--- \nx", json!({"license": "mit"}), "x");
    check("---\n---\nx", json!({}), "x");
    check("---\n# only a comment\n---\nx", json!({}), "x");
    check("", json!({}), "");
    check("# Title\n---\na: b\n---\n", json!({}), "# Title\n---\na: b\n---\n");
    check("----\na: b\n----\n", json!({}), "----\na: b\n----\n");
    check("---\ntext: |\n  ---\n---\nx", json!({"text": "---\n"}), "x");
}

#[test]
fn broken_metadata_are_named_by_their_line_and_leave_the_text() {
    let error = |readme: &str| Card::parse(readme).expect_err(readme);
    assert_eq!(error("\n---\na: b\n"), CardError::NotClosed { line: 2 });
    assert_eq!(error("---\n- a\n---\n"), CardError::NotFields);
    assert!(matches!(error("---\nok: 1\na: b: c\n---\nbody"), CardError::NotYaml { line: 3, .. }));
    let readme = "---\na: b: c\n---\nbody";
    assert_eq!(&readme[Card::parse_or_default(readme).body_offset..], "body");
    assert_eq!(Card::parse_or_default("---\na").body_offset, 0);
}

#[test]
fn every_prefix_is_read_or_refused() {
    let readme = "\u{feff}---\r\nlicense: mit\nlanguage: [en, ü]\n---\r\nText ü\n";
    for (end, _) in readme.char_indices() {
        let card = Card::parse_or_default(&readme[..end]);
        assert!(readme[..end].get(card.body_offset..).is_some());
        validate(hub_core::RepoKind::Model, &readme[..end]);
    }
}

#[test]
fn texts_are_single_or_listed() {
    let card = Card::parse("---\na: x\nb: [y, 1, z]\nc: {}\n---\n").expect("card");
    assert_eq!(card.texts("a"), ["x"]);
    assert_eq!(card.texts("b"), ["y", "z"]);
    assert!(card.texts("c").is_empty() && card.texts("d").is_empty());
    assert_eq!((card.text("a"), card.text("b")), (Some("x"), None));
}
