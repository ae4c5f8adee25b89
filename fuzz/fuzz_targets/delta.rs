//! A delta gives what it promises, within the bound, or is refused.
#![no_main]

use hub_formats::git::delta::{apply, sizes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &[u8])| {
    let (base, delta) = input;
    if let Ok(result) = apply(base, delta, 1 << 20) {
        assert!(result.len() <= 1 << 20);
        assert_eq!(sizes(delta).map(|sizes| sizes.result), Ok(result.len() as u64));
    }
});
