use super::super::object::{ObjectKind, object_id};
use super::*;

const PLAIN: &[u8] = include_bytes!("../../../fixtures/git/commit.txt");
const SIGNED: &[u8] = include_bytes!("../../../fixtures/git/commit_signed.txt");

#[test]
fn a_commit_of_git_comes_back_byte_for_byte() {
    let commit = Commit::parse(PLAIN).expect("commit");
    assert_eq!(commit.write(), PLAIN);
    assert_eq!(object_id(ObjectKind::Commit, PLAIN).to_string(), "3c123200eb31467c64e2753fc4d25a2aba548938");
    assert_eq!(commit.tree.to_string(), "d354ed8cce3bfe6d23a37c4f70b59bb69070e43a");
    assert_eq!(commit.parents.len(), 1);
    assert_eq!(commit.author.offset_minutes(), 330);
    assert_eq!(commit.committer.offset_minutes(), -210);
    assert_eq!(commit.title(), "first line");
    assert_eq!(commit.body(), "body one\nbody two");
}

#[test]
fn a_signature_of_several_lines_is_kept() {
    let commit = Commit::parse(SIGNED).expect("commit");
    assert_eq!(commit.write(), SIGNED);
    assert_eq!(object_id(ObjectKind::Commit, SIGNED).to_string(), "9d751795ebad700b32b2b5c1a12b75c356b17d5b");
    let signature = commit.header("gpgsig").expect("signature");
    assert!(signature.starts_with(b"-----BEGIN SSH SIGNATURE-----\nU1NI"));
    assert!(signature.ends_with(b"\n-----END SSH SIGNATURE-----"));
    assert_eq!((commit.title().as_str(), commit.body().as_str()), ("signed", ""));
}

#[test]
fn every_prefix_is_a_commit_or_refused() {
    for end in 0..SIGNED.len() {
        let Ok(commit) = Commit::parse(&SIGNED[..end]) else { continue };
        let written = commit.write();
        assert!(written == SIGNED[..end] || written == [&SIGNED[..end], b"\n"].concat(), "prefix of {end} bytes");
    }
}

#[test]
fn malformed_headers_are_named() {
    let check = |content: &str, header| {
        assert_eq!(Commit::parse(content.as_bytes()), Err(ObjectError::MalformedHeader { header }), "{content}");
    };
    let tree = format!("tree {}\n", Oid::EMPTY_TREE);
    check("", "tree");
    check("tree 4b82\n", "tree");
    check(&tree.to_uppercase(), "tree");
    check(&format!("tree {}\n", "4B825DC642CB6EB9A060E54BF8D69288FBEE4904"), "tree");
    check(&tree, "author");
    check(&format!("{tree}parent x\n"), "parent");
    check(&format!("{tree}author A <a@b> 1 +0000\n"), "committer");
    check(&format!("{tree}author A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n continued\n\n"), "header");
    check(&format!("{tree}author A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\nword\n\n"), "header");
}

#[test]
fn messages_in_latin_1_are_shown_as_text() {
    let content = [
        format!("tree {}\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\nencoding ISO-8859-1\n\n", Oid::EMPTY_TREE)
            .as_bytes(),
        b"\n\nJ\xf6rg\r\n\r\nmore\n",
    ]
    .concat();
    let commit = Commit::parse(&content).expect("commit");
    assert_eq!((commit.title().as_str(), commit.body().as_str()), ("Jörg", "more"));
    assert_eq!(commit.write(), content);
}

#[test]
fn random_commits_come_back() {
    let mut numbers = crate::random::Numbers::new(11);
    for _ in 0..300 {
        let mut text =
            |most: usize| -> Vec<u8> { (0..numbers.below(most)).map(|_| b"ab \n<>\xff"[numbers.below(7)]).collect() };
        let line = |bytes: Vec<u8>| bytes.into_iter().filter(|byte| *byte != b'\n').collect::<Vec<u8>>();
        let commit = Commit {
            tree: Oid::EMPTY_TREE,
            parents: vec![Oid::ZERO; text(4).len()],
            author: Signature::parse(&line(text(12))),
            committer: Signature::new(
                &String::from_utf8_lossy(&text(9)),
                "a@b",
                text(9).len() as i64,
                -(text(9).len() as i32),
            ),
            extra: (0..text(3).len()).map(|_| Header { name: b"name".to_vec(), value: text(20) }).collect(),
            message: text(30),
        };
        assert_eq!(Commit::parse(&commit.write()), Ok(commit));
    }
}
