//! What is read as a commit is written back byte for byte, an empty line after bare headers aside.
#![no_main]

use hub_formats::git::Commit;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(commit) = Commit::parse(bytes) else { return };
    let written = commit.write();
    assert!(written == bytes || written == [bytes, b"\n"].concat());
    let _ = (commit.title(), commit.body());
});
