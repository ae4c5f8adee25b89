use super::*;

/// What `git check-ignore --no-index --verbose --non-matching --stdin` says about paths, given `ignore.txt`.
const EXPECT: &str = include_str!("../../fixtures/attributes/ignore_expect.txt");
const FILE: &[u8] = include_bytes!("../../fixtures/attributes/ignore.txt");

#[test]
fn each_path_is_judged_as_git_does() {
    let ignore = Ignore::parse(FILE);
    for line in EXPECT.lines() {
        let (verdict, path) = line.split_once('\t').expect("two columns");
        assert_eq!(if ignore.is_ignored(path) { "ignored" } else { "kept" }, verdict, "{path}");
    }
}

#[test]
fn every_prefix_is_read() {
    for end in 0..FILE.len() {
        Ignore::parse(&FILE[..end]).is_ignored("a/b");
    }
}
