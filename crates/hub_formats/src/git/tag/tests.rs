use super::super::object::object_id;
use super::*;

const FIXTURE: &[u8] = include_bytes!("../../../fixtures/git/tag.txt");

#[test]
fn a_tag_of_git_comes_back_byte_for_byte() {
    let tag = Tag::parse(FIXTURE).expect("tag");
    assert_eq!(tag.write(), FIXTURE);
    assert_eq!(object_id(ObjectKind::Tag, FIXTURE).to_string(), "dcd6e94e368c4ebba77e73976e6c24532f87eed4");
    assert_eq!((tag.kind, tag.name.as_slice(), &*tag.text()), (ObjectKind::Commit, &b"v1"[..], "tag message\n"));
    assert_eq!(tag.tagger.expect("tagger").name(), "Ann Example");
}

#[test]
fn a_tag_without_tagger_is_read() {
    let content = format!("object {}\ntype tree\ntag v0\n\nold\n", Oid::EMPTY_TREE);
    let tag = Tag::parse(content.as_bytes()).expect("tag");
    assert_eq!(tag.tagger, None);
    assert_eq!(tag.write(), content.as_bytes());
}

#[test]
fn every_prefix_is_a_tag_or_refused() {
    for end in 0..FIXTURE.len() {
        let Ok(tag) = Tag::parse(&FIXTURE[..end]) else { continue };
        let written = tag.write();
        assert!(written == FIXTURE[..end] || written == [&FIXTURE[..end], b"\n"].concat(), "prefix of {end} bytes");
    }
}
