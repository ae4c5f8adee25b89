//! A pack is read within its bounds or refused, and each object that it gives has the id of its content.
//!
//! The checksum of the pack is put right first, so that the input reaches what lies behind it.
#![no_main]

use std::io::Cursor;

use hub_core::Oid;
use hub_formats::git::pack::{PackError, PackLimits, PackObject, PackReceiver, read_pack};
use hub_formats::git::{ObjectKind, object_id};
use libfuzzer_sys::fuzz_target;
use sha1::{Digest, Sha1};

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

fuzz_target!(|bytes: &[u8]| {
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
});
