//! What is read as a tag is written back byte for byte, an empty line after bare headers aside.
#![no_main]

use hub_formats::git::Tag;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(tag) = Tag::parse(bytes) else { return };
    let written = tag.write();
    assert!(written == bytes || written == [bytes, b"\n"].concat());
});
