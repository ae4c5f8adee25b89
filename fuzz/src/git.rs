//! What must hold of everything that the parsers of git are given. None of them may panic, and none may take for good what
//! is not.

use std::io::Cursor;

use hub_core::Oid;
use hub_formats::git::delta::{apply, sizes};
use hub_formats::git::pack::{PackError, PackLimits, PackObject, PackReceiver, read_pack};
use hub_formats::git::pkt_line::{Packet, packets, push_data};
use hub_formats::git::{Commit, ObjectKind, Tag, Tree, compress, decompress, object_id};
use sha1::{Digest, Sha1};

/// The most bytes that a delta may give.
const DELTA_MAX: u64 = 1 << 20;

/// Two parts of an input: the first two bytes say how long the first is.
fn halves(input: &[u8]) -> (&[u8], &[u8]) {
    let Some((length, rest)) = input.split_first_chunk::<2>() else { return (&[], input) };
    rest.split_at(rest.len().min(u16::from_le_bytes(*length).into()))
}

struct Checked;

impl PackReceiver for Checked {
    type Error = PackError;

    fn base(&mut self, oid: Oid) -> Result<Option<(ObjectKind, Vec<u8>)>, PackError> {
        Ok((oid == object_id(ObjectKind::Blob, b"base")).then(|| (ObjectKind::Blob, b"base".to_vec())))
    }

    fn object(&mut self, object: PackObject<'_>) -> Result<(), PackError> {
        if let Some(content) = object.content {
            assert_eq!(content.len() as u64, object.size);
            assert_eq!(object_id(object.kind, content), object.oid);
        }
        Ok(())
    }
}

/// A pack is read within its bounds or refused, and each object that it gives has the id of its content. The checksum is
/// put right as well, so that the input reaches what lies behind it.
pub fn pack(bytes: &[u8]) {
    let limits = PackLimits {
        objects: 1000,
        held_object_bytes: 1 << 20,
        held_bytes: 1 << 20,
        unfolded_bytes: 16 << 20,
        ..PackLimits::default()
    };
    let sealed = [bytes, &Sha1::digest(bytes)[..]].concat();
    for input in [bytes, &sealed] {
        let _ = read_pack(input, Cursor::new(Vec::new()), &limits, &mut Checked);
    }
}

/// A delta gives what it promises, within the bound, or is refused.
pub fn delta(input: &[u8]) {
    let (base, delta) = halves(input);
    if let Ok(result) = apply(base, delta, DELTA_MAX) {
        assert!(result.len() as u64 <= DELTA_MAX);
        assert_eq!(sizes(delta).map(|sizes| sizes.result), Ok(result.len() as u64));
    }
}

/// Packets are read to the end of the input or to its first fault, and what was read can be written and read again.
pub fn pkt_line(bytes: &[u8]) {
    for packet in packets(bytes) {
        let Ok(Packet::Data(payload)) = packet else { continue };
        let mut out = Vec::new();
        push_data(&mut out, payload);
        assert_eq!(packets(&out).next(), Some(Ok(Packet::Data(payload))));
    }
}

/// What is read as a tree can be written and read again, and each of its entries is found by its name.
pub fn tree(bytes: &[u8]) {
    let Ok(tree) = Tree::parse(bytes) else { return };
    assert_eq!(Tree::parse(&tree.write()).as_ref(), Ok(&tree));
    for entry in tree.entries() {
        assert_eq!(tree.get(&entry.name), Some(entry));
    }
}

/// What is read as a commit is written back byte for byte, an empty line after bare headers aside.
pub fn commit(bytes: &[u8]) {
    let Ok(commit) = Commit::parse(bytes) else { return };
    let written = commit.write();
    assert!(written == bytes || written == [bytes, b"\n"].concat());
    let _ = (commit.title(), commit.body());
}

/// What is read as a tag is written back byte for byte, an empty line after bare headers aside.
pub fn tag(bytes: &[u8]) {
    let Ok(tag) = Tag::parse(bytes) else { return };
    let written = tag.write();
    assert!(written == bytes || written == [bytes, b"\n"].concat());
}

/// A stored stream is read in full or refused, and never yields another size than was promised.
pub fn object(input: &[u8]) {
    let (promise, bytes) = halves(input);
    let size = promise.len() as u64;
    if let Ok(content) = decompress(bytes, size) {
        assert_eq!(content.len() as u64, size);
    }
    assert_eq!(decompress(&compress(bytes), bytes.len() as u64).as_deref(), Ok(bytes));
}
