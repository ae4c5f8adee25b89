//! A shard is read or refused, alike whatever slices it comes in, and what is read can be written again.
#![no_main]

use hub_formats::xet::ShardReader;
use hub_formats::xet::reconstruction::{Selection, WHOLE};
use hub_formats::xet::shard::{ShardError, ShardItem, write_upload};
use libfuzzer_sys::fuzz_target;

fn read(bytes: &[u8], slice: usize) -> Result<Vec<ShardItem>, ShardError> {
    let mut reader = ShardReader::new();
    let mut items = Vec::new();
    for slice in bytes.chunks(slice) {
        items.extend(reader.push(slice)?);
    }
    reader.finish()?;
    Ok(items)
}

fuzz_target!(|input: (u8, &[u8])| {
    let (slice, bytes) = input;
    let whole = read(bytes, usize::MAX);
    assert_eq!(read(bytes, 1 + usize::from(slice)), whole);
    let Ok(items) = whole else { return };
    let (mut files, mut xorbs) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            ShardItem::File(file) => files.push(file),
            ShardItem::Xorb(xorb) => xorbs.push(xorb),
        }
    }
    for file in &files {
        let selection = Selection::new(&file.terms, WHOLE).expect("the whole");
        assert!(selection.plan(|_| None).is_ok_and(|plan| plan.terms.is_empty()) == file.terms.is_empty());
    }
    let again = read(&write_upload(&files, &xorbs), usize::MAX).expect("just written");
    assert_eq!(again.len(), files.len() + xorbs.len());
});
