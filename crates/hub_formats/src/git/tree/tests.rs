use super::super::object::{ObjectKind, object_id};
use super::*;

/// `git write-tree` of a folder with every mode and with names whose order differs between files and folders.
const FIXTURE: &[u8] = include_bytes!("../../../fixtures/git/tree.bin");

fn entry(mode: Mode, name: &str) -> TreeEntry {
    TreeEntry { mode, name: name.as_bytes().to_vec(), oid: object_id(ObjectKind::Blob, name.as_bytes()) }
}

#[test]
fn a_tree_of_git_comes_back_byte_for_byte() {
    let tree = Tree::parse(FIXTURE).expect("tree");
    assert_eq!(tree.write(), FIXTURE);
    assert_eq!(object_id(ObjectKind::Tree, FIXTURE).to_string(), "d354ed8cce3bfe6d23a37c4f70b59bb69070e43a");
    let names: Vec<_> = tree.entries().iter().map(|entry| String::from_utf8_lossy(&entry.name)).collect();
    assert_eq!(names, ["a-b", "a.b", "a", "ab", "dir", "link", "run.sh", "sub", "ünï"]);
    let mode = |name: &str| tree.get(name.as_bytes()).expect("entry").mode;
    assert_eq!(mode("a"), Mode::Directory);
    assert_eq!(mode("ab"), Mode::File);
    assert_eq!(mode("run.sh"), Mode::Executable);
    assert_eq!(mode("link"), Mode::Symlink);
    assert_eq!(mode("sub"), Mode::Submodule);
    assert_eq!(tree.get(b"b"), None);
    assert_eq!(tree.get(b""), None);
    assert_eq!(entries(FIXTURE).map(|entry| entry.expect("entry").to_owned()).collect::<Vec<_>>(), tree.entries());
}

#[test]
fn every_prefix_is_a_shorter_tree_or_refused() {
    let ends: Vec<usize> = (0..=FIXTURE.len()).filter(|end| Tree::parse(&FIXTURE[..*end]).is_ok()).collect();
    assert_eq!(ends.len(), 10, "one per entry and the empty tree: {ends:?}");
}

#[test]
fn order_of_git_whatever_the_order_given() {
    let mut list = Tree::parse(FIXTURE).expect("tree").into_entries();
    for _ in 0..list.len() {
        list.rotate_left(1);
        assert_eq!(Tree::from_entries(list.clone()).expect("tree").write(), FIXTURE);
    }
    list.reverse();
    assert_eq!(Tree::from_entries(list).expect("tree").write(), FIXTURE);
}

#[test]
fn modes_of_early_git_are_read_for_what_they_mean() {
    let check = |octal: &str, expect| assert_eq!(Mode::from_octal(octal.as_bytes()), expect, "{octal}");
    check("100664", Some(Mode::File));
    check("100600", Some(Mode::File));
    check("100775", Some(Mode::Executable));
    check("040000", Some(Mode::Directory));
    check("120000", Some(Mode::Symlink));
    check("", None);
    check("100648", None);
    check("777777", None);
    check("10000000000", None);
}

#[test]
fn names_that_could_be_misread_are_refused() {
    let check = |list: Vec<TreeEntry>, expect| assert_eq!(Tree::from_entries(list), Err(expect));
    check(vec![entry(Mode::File, "")], ObjectError::MalformedTree);
    check(vec![entry(Mode::File, "a/b")], ObjectError::MalformedTree);
    check(vec![entry(Mode::File, "a\0b")], ObjectError::MalformedTree);
    check(vec![entry(Mode::File, "a"), entry(Mode::File, "a")], ObjectError::DuplicateEntry);
    check(vec![entry(Mode::File, "a"), entry(Mode::Symlink, "a")], ObjectError::DuplicateEntry);
    check(
        vec![entry(Mode::File, "a"), entry(Mode::File, "a.b"), entry(Mode::Directory, "a")],
        ObjectError::DuplicateEntry,
    );
}

#[test]
fn an_edit_adds_replaces_and_removes() {
    let mut tree = Tree::parse(FIXTURE).expect("tree");
    let oid = Oid::ZERO;
    tree.edit([
        (b"a".to_vec(), Some((Mode::File, oid))),
        (b"ab".to_vec(), None),
        (b"nothing".to_vec(), None),
        (b"new".to_vec(), None),
        (b"new".to_vec(), Some((Mode::Directory, oid))),
    ])
    .expect("names");
    assert_eq!(tree.get(b"a"), Some(&TreeEntry { mode: Mode::File, name: b"a".to_vec(), oid }));
    assert_eq!(tree.get(b"ab"), None);
    assert_eq!(tree.get(b"new").expect("entry").mode, Mode::Directory);
    assert_eq!(tree.len(), 9);
    assert_eq!(Tree::parse(&tree.write()), Ok(tree.clone()));
    assert_eq!(tree.edit([(b"x/y".to_vec(), None)]), Err(ObjectError::MalformedTree));
}

#[test]
fn each_entry_of_a_large_tree_is_found() {
    let list = (0..20_000).map(|i| entry(if i % 3 == 0 { Mode::Directory } else { Mode::File }, &format!("n{i}")));
    let tree = Tree::from_entries(list.collect()).expect("tree");
    for i in 0..20_000 {
        assert!(tree.get(format!("n{i}").as_bytes()).is_some());
    }
    assert_eq!(Tree::parse(&tree.write()), Ok(tree));
}

#[test]
fn random_trees_come_back_in_the_order_of_names_with_their_slash() {
    let mut numbers = crate::random::Numbers::new(7);
    for _ in 0..300 {
        let mut list: Vec<TreeEntry> = Vec::new();
        for _ in 0..numbers.below(12) {
            let name: Vec<u8> = (0..1 + numbers.below(4)).map(|_| b"ab.-0\xff"[numbers.below(6)]).collect();
            let mode =
                [Mode::File, Mode::Executable, Mode::Symlink, Mode::Directory, Mode::Submodule][numbers.below(5)];
            if list.iter().all(|entry| entry.name != name) {
                list.push(TreeEntry { mode, oid: object_id(ObjectKind::Blob, &name), name });
            }
        }
        let tree = Tree::from_entries(list.clone()).expect("no name twice");
        let slashed =
            |entry: &TreeEntry| [&entry.name[..], if entry.mode.is_directory() { b"/" } else { b"" }].concat();
        list.sort_by_key(slashed);
        assert_eq!(tree.entries(), list);
        assert_eq!(Tree::parse(&tree.write()), Ok(tree.clone()));
        for entry in &list {
            assert_eq!(tree.get(&entry.name), Some(entry));
        }
    }
}
