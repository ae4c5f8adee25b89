//! What is read as a pointer means the same once it is written canonically.
#![no_main]

use hub_formats::lfs::Pointer;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(pointer) = Pointer::parse(bytes) else { return };
    assert_eq!(Pointer::parse_canonical(pointer.write().as_bytes()), Some(pointer));
});
