//! See `hearth_fuzz::git::object`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| hearth_fuzz::git::object(bytes));
