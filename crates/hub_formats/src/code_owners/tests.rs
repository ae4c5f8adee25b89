//! Who owns what.

use super::*;

const FILE: &str = "\
# Whoever is named last counts.
*               @ada
*.py            @grace   # programs
/weights/       @lab @ada
docs/*          @edsger mail@example.org @lab/team
apps/**/test    @barbara
/weights/free/
!x              @nobody
[ab]            @nobody
";

#[test]
fn the_last_line_that_fits_decides() {
    let owners = CodeOwners::parse(FILE.as_bytes()).unwrap();
    let check = |path: &str, expect: &[&str]| assert_eq!(owners.of(path), expect, "{path}");
    check("README.md", &["ada"]);
    check("a/b/c.py", &["grace"]);
    check("weights/a/b.bin", &["lab", "ada"]);
    check("weights", &["ada"]);
    check("other/weights/a.bin", &["ada"]);
    check("weights/free/x.bin", &[]);
    check("docs/a.md", &["edsger"]);
    check("docs/deep/a.md", &["ada"]);
    check("apps/a/b/test/x", &["barbara"]);
    check("x", &["ada"]);
    check("a", &["ada"]);
}

#[test]
fn every_text_is_read_or_refused() {
    assert_eq!(CodeOwners::parse(b"").unwrap().of("x"), [""; 0]);
    assert!(CodeOwners::parse(b"\xff\xfe @a\n/ @b\n# c\n   \n@c").unwrap().of("x").is_empty());
    assert!(CodeOwners::parse("* @a\n".repeat(1001).as_bytes()).is_err());
    assert!(CodeOwners::parse(&vec![b' '; CODE_OWNERS_MAX_BYTES + 1]).is_err());
}
