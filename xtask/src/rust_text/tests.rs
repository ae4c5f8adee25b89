//! What the splitter takes for code, text and comment.

use super::*;

fn check(source: &str, kind: PieceKind, expect: &[(usize, &str)]) {
    let found: Vec<(usize, &str)> =
        split(source).into_iter().filter(|piece| piece.kind == kind).map(|piece| (piece.line, piece.text)).collect();
    assert_eq!(found, expect, "in {source:?}");
}

#[test]
fn strings_are_found_with_their_lines() {
    check("let a = \"one\";\nlet b = \"two\\\"x\";", PieceKind::Text, &[(1, "one"), (2, "two\\\"x")]);
    check("f(\n\"a\nb\",\n\"c\")", PieceKind::Text, &[(2, "a\nb"), (4, "c")]);
    check("let s = r#\"say \"hi\"\"#; br\"x\"", PieceKind::Text, &[(1, "say \"hi\""), (1, "x")]);
    check("let for_r = bar\"\";", PieceKind::Text, &[]);
}

#[test]
fn comments_hide_strings_and_strings_hide_comments() {
    check("// say \"no\"\nlet a = \"// yes\";", PieceKind::Text, &[(2, "// yes")]);
    check("/* outer /* inner */ \"x\" */ \"y\"", PieceKind::Text, &[(1, "y")]);
    check("a // one\nb /* two */", PieceKind::Comment, &[(1, "// one"), (2, "/* two */")]);
}

#[test]
fn lifetimes_and_characters_are_told_apart() {
    check("fn f<'a>(x: &'a str) { '\"'; '\\''; \"t\" }", PieceKind::Text, &[(1, "t")]);
}

#[test]
fn truncated_source_ends_quietly() {
    let source = "a \"b\\\"\" r##\"c\"## /* d /* e */ */ 'f' // g";
    for end in 0..=source.len() {
        split(&source[..end]);
    }
}
