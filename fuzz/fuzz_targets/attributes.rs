//! Any `.gitattributes` is read, and any path judged, in time that stays in proportion.
#![no_main]

use hub_formats::attributes::Attributes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &[u8], &[u8])| {
    let (path, root, inner) = input;
    let mut attributes = Attributes::parse(root);
    attributes.add("a", inner);
    attributes.is_lfs(path);
    attributes.is_lfs(&format!("a/{path}"));
});
