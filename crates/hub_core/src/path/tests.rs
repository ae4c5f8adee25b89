use super::*;

#[test]
fn only_paths_that_any_system_can_check_out_are_taken() {
    let check = |text: &str, expect: Option<PathError>| assert_eq!(text.parse::<RepoPath>().err(), expect, "{text:?}");
    check("README.md", None);
    check("data/train-00000-of-00001.parquet", None);
    check("ünïcode/模型.bin", None);
    check(".gitattributes", None);
    check("", Some(PathError::Empty));
    check("/etc/passwd", Some(PathError::Absolute));
    check("a/../b", Some(PathError::Traversal));
    check("a//b", Some(PathError::Traversal));
    check("a/", Some(PathError::Traversal));
    check("./a", Some(PathError::Traversal));
    check("sub/.git/config", Some(PathError::DotGit));
    check(".GIT/config", Some(PathError::DotGit));
    check("git~1/config", Some(PathError::DotGit));
    check(".git. /x", Some(PathError::DotGit));
    check(".g\u{200c}it/x", Some(PathError::DotGit));
    check("a\\..\\b", None);
    check("a/..\\..\\b", None);
    check("..\\b", Some(PathError::Traversal));
    check("\\\\host\\share", Some(PathError::Absolute));
    check("a\\.git\\config", Some(PathError::DotGit));
    check(".Git\\config", Some(PathError::DotGit));
    check("a\nb", Some(PathError::BadCharacter));
    check(&"x".repeat(256), Some(PathError::TooLong));
    check(&"x/".repeat(600), Some(PathError::TooLong));
    check(&vec!["x"; 65].join("/"), Some(PathError::TooDeep));
}

#[test]
fn a_folder_holds_what_lies_below_it_and_not_its_namesakes() {
    let path = |text: &str| text.parse::<RepoPath>().expect("a valid path");
    assert!(path("a/b/c").is_within(&path("a/b")));
    assert!(path("a/b").is_within(&path("a/b")));
    assert!(!path("a/bc").is_within(&path("a/b")));
    assert_eq!(path("a/b/c").parent(), Some(path("a/b")));
    assert_eq!(path("a").parent(), None);
}

#[test]
fn a_bucket_takes_names_that_git_reserves_and_no_path_that_leads_elsewhere() {
    let path = |text: &str| text.parse::<BucketPath>();
    assert_eq!(path("a/.git/config").unwrap().folders().collect::<Vec<_>>(), ["a/.git", "a"]);
    assert_eq!((path("a/b").unwrap().folder(), path("a").unwrap().folder()), ("a", ""));
    assert_eq!(path("a/b").unwrap().file_name(), "b");
    for (text, expect) in [("", PathError::Empty), ("/a", PathError::Absolute), ("a/..", PathError::Traversal)] {
        assert_eq!(path(text), Err(expect), "{text:?}");
    }
    assert_eq!(path("a\nb"), Err(PathError::BadCharacter));
}
