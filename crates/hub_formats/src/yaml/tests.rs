use serde_json::json;

use super::*;

fn check(text: &str, expect: Value) {
    assert_eq!(parse(text).map(|yaml| yaml.value), Ok(expect), "{text}");
}

fn check_refused(text: &str, line: usize, reason: &str) {
    let error = parse(text).expect_err(text);
    assert!(error.line == line && error.reason.contains(reason), "{text}: {error}");
}

#[test]
fn scalars_follow_the_core_schema() {
    check("", Value::Null);
    check("[null, ~, Null, '']", json!([null, null, null, ""]));
    check("[true, False, yes, no, on]", json!([true, false, "yes", "no", "on"]));
    check("[1, -2, +3, 007, 0x1F, 0o17, 18446744073709551615]", json!([1, -2, 3, 7, 31, 15, 18446744073709551615_u64]));
    check(
        "[1.5, -.5, 1., 1e3, 1_000, 1.2.3, 0x, e5, .]",
        json!([1.5, -0.5, 1.0, 1000.0, "1_000", "1.2.3", "0x", "e5", "."]),
    );
    check(
        "[.nan, .inf, -.inf, 2024-01-31, 2024-01-31T12:00:00Z]",
        json!([".nan", ".inf", "-.inf", "2024-01-31", "2024-01-31T12:00:00Z"]),
    );
    check("[!!str 5, !!int '5', !thing 5, '5', \"5\"]", json!(["5", 5, 5, "5", "5"]));
    check("|\n  a\n  b\n", json!("a\nb\n"));
}

#[test]
fn mappings_keep_their_order_and_odd_keys() {
    let yaml = parse("b: 1\na: 2\n1: x\ntrue: y\n~: z\n1.50: w\n").expect("yaml");
    let keys: Vec<_> = yaml.value.as_object().expect("map").keys().cloned().collect();
    assert_eq!(keys, ["b", "a", "1", "true", "null", "1.5"]);
    check_refused("? [a]\n: 1\n", 1, "key");
}

#[test]
fn aliases_and_merges_are_followed() {
    check(
        "a: &x {k: 1, l: 2}\nb: *x\nc:\n  <<: *x\n  k: 3\n",
        json!({
            "a": {"k": 1, "l": 2}, "b": {"k": 1, "l": 2}, "c": {"k": 3, "l": 2}
        }),
    );
    check("a: &x {k: 1}\nc: {k: 3, <<: [*x]}", json!({"a": {"k": 1}, "c": {"k": 3}}));
    check("<<: text", json!({"<<": "text"}));
    check_refused("a: &x [*x]\n", 1, "alias");
    check_refused("a: 1\nb: *y\n", 2, "");
}

#[test]
fn a_key_twice_is_told_and_the_later_kept() {
    let yaml = parse("a: 1\nb: 2\na: 3\n").expect("yaml");
    assert_eq!(yaml.value, json!({"a": 3, "b": 2}));
    assert_eq!(yaml.duplicates, [("a".to_owned(), 3)]);
}

#[test]
fn bombs_are_refused() {
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for i in 1..20 {
        let item = format!("*a{}", i - 1);
        laughs += &format!("a{i}: &a{i} [{}]\n", vec![item; 9].join(", "));
    }
    check_refused(&laughs, 5, "too many");
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(500_000), vec!["*a"; 20].join(", "));
    check_refused(&long, 2, "too many");
    for open in ["[", "{a: ", "- "] {
        assert!(parse(&open.repeat(100_000)).is_err(), "{open}");
    }
    check_refused(&"[a,".repeat(400_000), 1, "longer");
    check_refused(&format!("[{}]", "a,".repeat(200_000)), 1, "too many");
}

#[test]
fn broken_texts_are_refused_with_their_line() {
    check_refused("a: 1\nb: [1, 2\nc: 3\n", 3, "");
    check_refused("a: 1\n\tb: 2\n", 2, "tab");
    check_refused("a: b: c\n", 1, "");
    check_refused("a: 1\n---\nb: 2\n", 2, "second document");
}

#[test]
fn every_prefix_is_read_or_refused() {
    let text = "a: &x {k: 1, l: [2, 'ü']}\nb: *x\nc: |\n  text\n  more\nd: \"q\\u00fc\"\n? e\n: f\n<<: *x\n";
    for (end, _) in text.char_indices() {
        let _ = parse(&text[..end]);
    }
}
