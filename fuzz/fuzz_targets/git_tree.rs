//! What is read as a tree can be written and read again, and each of its entries is found by its name.
#![no_main]

use hub_formats::git::Tree;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(tree) = Tree::parse(bytes) else { return };
    assert_eq!(Tree::parse(&tree.write()).as_ref(), Ok(&tree));
    for entry in tree.entries() {
        assert_eq!(tree.get(&entry.name), Some(entry));
    }
});
