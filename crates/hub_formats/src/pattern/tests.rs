use super::*;

#[test]
fn patterns_fit_as_git_has_it() {
    let check = |pattern: &str, path: &str, expect| {
        assert_eq!(Pattern::new(pattern.as_bytes()).fits(path), expect, "{pattern} on {path}");
    };
    check("*.bin", "x/y.bin", true);
    check("/*.bin", "x/y.bin", false);
    check("/*.bin", "y.bin", true);
    check("**", "a/b", true);
    check("**/b", "b", true);
    check("**/b", "ab", false);
    check("a/**/b", "a/b", true);
    check("a/**/b", "a/x/y/b", true);
    check("a/**/b", "a/xb", false);
    check("a/**", "a", false);
    check("[]-]x", "]x", true);
    check("[]-]x", "-x", true);
    check("[a-]x", "-x", true);
    check("[^a]x", "bx", true);
    check("[[:nope:]]x", "nx", false);
    check("tail\\", "tail\\", false);
    check("ü?", "ü1", true);
}

#[test]
fn hostile_patterns_cost_no_more_than_pattern_times_path() {
    let pattern = Pattern::new(&[b"*a".repeat(500), b"b".to_vec()].concat());
    assert!(!pattern.fits(&"a".repeat(1000)));
    let pattern = Pattern::new(&[b"**/".repeat(500), b"b".to_vec()].concat());
    assert!(!pattern.fits(&"a/".repeat(500)));
}
