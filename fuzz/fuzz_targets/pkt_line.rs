//! Packets are read to the end of the input or to its first fault, and what was read can be written and read again.
#![no_main]

use hub_formats::git::pkt_line::{Packet, packets, push_data};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for packet in packets(bytes) {
        let Ok(Packet::Data(payload)) = packet else { continue };
        let mut out = Vec::new();
        push_data(&mut out, payload);
        assert_eq!(packets(&out).next(), Some(Ok(Packet::Data(payload))));
    }
});
