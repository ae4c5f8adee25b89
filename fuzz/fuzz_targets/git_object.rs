//! A stored stream is read in full or refused, and never yields another size than was promised.
#![no_main]

use hub_formats::git::{compress, decompress};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, &[u8])| {
    let (size, bytes) = input;
    if let Ok(content) = decompress(bytes, u64::from(size)) {
        assert_eq!(content.len(), usize::from(size));
    }
    assert_eq!(decompress(&compress(bytes), bytes.len() as u64).as_deref(), Ok(bytes));
});
