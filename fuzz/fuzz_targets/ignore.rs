//! Any `.gitignore` is read, and any path judged.
#![no_main]

use hub_formats::ignore::Ignore;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &[u8])| {
    Ignore::parse(input.1).is_ignored(input.0);
});
