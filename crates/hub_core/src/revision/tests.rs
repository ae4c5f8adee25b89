use super::*;

#[test]
fn reference_names_follow_git() {
    let good = ["refs/heads/main", "refs/heads/a/b", "refs/pr/12", "refs/tags/v1.0", "refs/convert/parquet"];
    for text in good {
        assert!(text.parse::<RefName>().is_ok(), "{text:?}");
    }
    let bad = [
        "main",
        "refs/heads",
        "refs/heads/",
        "refs/heads/a..b",
        "refs/heads/.a",
        "refs/heads/a.lock",
        "refs/heads/a b",
        "refs/heads/a~1",
        "refs/heads/a^",
        "refs/heads/a:b",
        "refs/heads/@{0}",
        "refs/heads/a.",
        "refs/heads//a",
        "refs/heads/-a",
        "refs/heads/@",
        "refs/heads/a\u{7f}",
    ];
    for text in bad {
        assert!(text.parse::<RefName>().is_err(), "{text:?}");
    }
    assert!(RefName::branch(&"x".repeat(300)).is_err());
}

#[test]
fn a_revision_may_mean_several_things_in_order() {
    let names = |text: &str| Revision::new(text).candidates().iter().map(RefName::to_string).collect::<Vec<_>>();
    assert_eq!(names("HEAD"), ["refs/heads/main"]);
    assert_eq!(names("v1"), ["refs/heads/v1", "refs/tags/v1"]);
    assert_eq!(names("refs/pr/1"), ["refs/pr/1", "refs/heads/refs/pr/1", "refs/tags/refs/pr/1"]);
    assert_eq!(Revision::new("ABCDEF0").as_oid_prefix().as_deref(), Some("abcdef0"));
    assert_eq!(Revision::new("abc").as_oid_prefix(), None);
    assert!(names("a b").is_empty());
}
