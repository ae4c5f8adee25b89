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
    check("a*b", "a", false);
    check("ab*bc", "abc", false);
    check("ab*bc", "abbc", true);
    check("**/**/b", "b", true);
    check("**/*", "a/b", true);
    check("a/b**", "a/bc/d", true);
    check("a/b**", "a/b", true);
    check("a/b**/c", "a/bx/y/c", true);
    check("a/?b**", "a/xbc/d", false);
    check("/***", "a/b", true);
    check("a/**/*/c", "a/c", false);
    check("a/**/*/c", "a/x/c", true);
    check("a/**/*/c", "a/x/y/c", true);
    check("/x*/**/*y*/z", "x1/ayb/z", true);
    check("/x*/**/*y*/z", "x1/a/z", false);
    check(&format!("{}*", "long/".repeat(60)), &format!("{}x", "long/".repeat(60)), true);
}

#[test]
fn hostile_patterns_cost_no_more_than_others() {
    let check = |pattern: String, path: &str| assert!(!Pattern::new(pattern.as_bytes()).fits(path));
    check("*a".repeat(60) + "b*", &"a".repeat(1000));
    check("*a".repeat(500) + "b*", &"a".repeat(1000));
    check("**/".repeat(500) + "*b", &"a/".repeat(500));
    check("**/a/".repeat(60) + "b*", &"a/".repeat(500));
}
