use super::*;

const TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

fn entry(mode: &str, name: &[u8]) -> Vec<u8> {
    [mode.as_bytes(), b" ", name, b"\0", &[7; 20]].concat()
}

fn refused(kind: ObjectKind, content: &[u8]) -> String {
    check(kind, content).expect_err("the object is faulty").split(':').next().unwrap_or_default().to_owned()
}

#[test]
fn trees_that_git_refuses_are_refused() {
    let good = [entry("100644", b"a"), entry("40000", b"b"), entry("100644", b"b.c"), entry("160000", b"sub")];
    // A folder sorts as if its name ended in a slash, which comes after the dot.
    assert_eq!(refused(ObjectKind::Tree, &good.concat()), "treeNotSorted");
    let good = [entry("100644", b"a"), entry("100644", b"b.c"), entry("40000", b"b"), entry("160000", b"sub")];
    check(ObjectKind::Tree, &good.concat()).expect("a tree in order");
    check(ObjectKind::Tree, b"").expect("an empty tree");
    check(ObjectKind::Tree, &entry("040000", b"old")).expect("a mode of early tools");
    check(ObjectKind::Tree, &entry("100644", b"caf\xe9")).expect("a name in another encoding");

    let tree = |parts: &[Vec<u8>]| refused(ObjectKind::Tree, &parts.concat());
    assert_eq!(tree(&[entry("100644", b"b"), entry("100644", b"a")]), "treeNotSorted");
    assert_eq!(tree(&[entry("100644", b"a"), entry("100644", b"a")]), "the tree names an entry twice");
    assert_eq!(
        tree(&[entry("100644", b"a"), entry("100644", b"a.b"), entry("40000", b"a")]),
        "the tree names an entry twice"
    );
    assert_eq!(tree(&[entry("40000", b"..")]), "hasDot");
    assert_eq!(tree(&[entry("100644", b".")]), "hasDot");
    for name in [&b".git"[..], b".GIT", b"git~1", b".git.", b".g\xe2\x80\x8cit"] {
        assert_eq!(tree(&[entry("40000", name)]), "hasDotgit", "{name:?}");
    }
    assert_eq!(tree(&[entry("120000", b".gitmodules")]), "gitmodulesSymlink");
    assert_eq!(tree(&[entry("100644", b"a/b")]), "the tree has a malformed entry");
    assert_eq!(tree(&[entry("100644", b"")]), "the tree has a malformed entry");
    assert_eq!(tree(&[[b"100644 a\0".as_slice(), &[0; 20]].concat()]), "nullSha1");
    assert_eq!(tree(&[b"100644 a\0short".to_vec()]), "the tree has a malformed entry");
}

#[test]
fn commits_and_tags_that_git_refuses_are_refused() {
    let commit = |author: &str| format!("tree {TREE}\nauthor {author}\ncommitter A <a@b> 1 +0000\n\nmessage\n");
    for good in ["A <a@b> 1 +0000", "A <> 0 -0800", "A B <a b> 9223372036854775807 +0000", "A <a@b> 5 +051800"] {
        check(ObjectKind::Commit, commit(good).as_bytes()).expect(good);
    }
    for (author, fault) in [
        ("<a@b> 1 +0000", "missingNameBeforeEmail"),
        ("A a@b 1 +0000", "missingEmail"),
        ("A> <a@b> 1 +0000", "badName"),
        ("A<a@b> 1 +0000", "missingSpaceBeforeEmail"),
        ("A <a@b 1 +0000", "badEmail"),
        ("A <a<b> 1 +0000", "badEmail"),
        ("A <a@b> 01 +0000", "zeroPaddedDate"),
        ("A <a@b> 9223372036854775808 +0000", "badDateOverflow"),
        ("A <a@b> soon +0000", "badDate"),
        ("A <a@b>", "badDate"),
    ] {
        assert_eq!(refused(ObjectKind::Commit, commit(author).as_bytes()), fault, "{author}");
    }
    let twice = format!("tree {TREE}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\nauthor B <b@b> 1 +0000\n\nm");
    assert_eq!(refused(ObjectKind::Commit, twice.as_bytes()), "multipleAuthors");
    let nul = format!("tree {TREE}\nauthor A\0 <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nm");
    assert_eq!(refused(ObjectKind::Commit, nul.as_bytes()), "nulInHeader");
    let cut = format!("tree {TREE}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000");
    assert_eq!(refused(ObjectKind::Commit, cut.as_bytes()), "unterminatedHeader");
    assert!(check(ObjectKind::Commit, b"").is_err());

    let tag = |rest: &str| format!("object {TREE}\ntype tree\ntag v1\n{rest}\nmessage\n");
    check(ObjectKind::Tag, tag("tagger A <a@b> 1 +0000\n").as_bytes()).expect("a tag");
    check(ObjectKind::Tag, tag("").as_bytes()).expect("a tag of the first years");
    assert_eq!(refused(ObjectKind::Tag, tag("tagger A\n").as_bytes()), "missingEmail");
}
