//! A header is read, refused, or asks for more of the file than it was given.
#![no_main]

use hub_formats::{FromPrefix, safetensors};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u32, &[u8])| {
    let (more, bytes) = input;
    let file_size = bytes.len() as u64 + u64::from(more);
    match safetensors::parse(bytes, file_size) {
        Ok(FromPrefix::Incomplete { needed }) => assert!(needed > bytes.len() as u64 && needed <= file_size),
        Ok(FromPrefix::Whole(header)) => {
            let _ = (header.total(), header.parameters());
        }
        Err(_) => {}
    }
    let _ = safetensors::parse_index(bytes);
});
