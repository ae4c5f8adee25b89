//! A footer is refused, or is the very one that its table writes, but for the spare bytes.
#![no_main]

use hub_formats::xet::xorb::XorbTable;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(table) = XorbTable::parse_footer(bytes) {
        let mut without_spare = bytes.to_vec();
        let end = bytes.len() - 4;
        without_spare[end - 16..end].fill(0);
        assert_eq!(table.to_footer(), without_spare);
    }
});
