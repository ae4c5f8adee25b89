//! A xorb is read or refused, alike whatever slices it comes in, and what is read is within all limits.
#![no_main]

use hub_core::XetHash;
use hub_formats::xet::xorb::{BODY_MAX_BYTES, XorbError, XorbTable};
use hub_formats::xet::{XORB_MAX_CHUNKS, XorbCheck};
use libfuzzer_sys::fuzz_target;

fn check(bytes: &[u8], slice: usize, expected: &XetHash) -> Result<XorbTable, XorbError> {
    let mut check = XorbCheck::new();
    bytes.chunks(slice).try_for_each(|slice| check.push(slice))?;
    check.finish(expected)
}

fuzz_target!(|input: (u8, &[u8])| {
    let (slice, bytes) = input;
    let whole = check(bytes, usize::MAX, &XetHash::ZERO);
    assert_eq!(check(bytes, 1 + usize::from(slice), &XetHash::ZERO), whole);
    if let Err(XorbError::WrongHash { actual, .. }) = whole
        && let Ok(table) = check(bytes, usize::MAX, &actual)
    {
        assert!(table.chunks().len() <= XORB_MAX_CHUNKS && table.bounds().body_bytes() <= BODY_MAX_BYTES);
        assert_eq!(XorbTable::parse_footer(&table.to_footer()), Ok(table));
    }
});
