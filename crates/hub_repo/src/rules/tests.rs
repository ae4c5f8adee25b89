use super::*;

#[test]
fn patterns_fit_whole_names() {
    let fits = |pattern: &str, branch: &str| pattern.parse::<BranchPattern>().expect(pattern).fits(branch);
    for (pattern, branch) in [
        ("main", "main"),
        ("*", "any/thing"),
        ("release/*", "release/v1/fix"),
        ("*-x", "a-x"),
        ("a*b*c", "aXbbXc"),
        ("a*b*c", "abc"),
        ("a*bc", "abcbc"),
        ("v*.*", "v1.0"),
    ] {
        assert!(fits(pattern, branch), "{pattern} {branch}");
    }
    for (pattern, branch) in [
        ("main", "mainx"),
        ("main", "mai"),
        ("release/*", "release"),
        ("*-x", "a-xy"),
        ("a*b*c", "acb"),
        ("ab*ba", "aba"),
    ] {
        assert!(!fits(pattern, branch), "{pattern} {branch}");
    }
    for wrong in ["", "a b", "a..b", "/", "a/", ".a", "x.lock", "a~"] {
        assert!(wrong.parse::<BranchPattern>().is_err(), "{wrong}");
    }
}
