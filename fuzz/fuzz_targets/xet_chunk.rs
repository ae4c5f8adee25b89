//! What is encoded decodes; what is no record of a chunk is refused, and never yields more than its header says.
#![no_main]

use hub_formats::xet::chunk::{ChunkDecoder, ChunkEncoder, ChunkHeader, HEADER_BYTES};
use hub_formats::xet::{CHUNK_MAX_BYTES, ChunkBuffer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut decoder = ChunkDecoder::new();
    if let Some((header, payload)) = bytes.split_first_chunk::<HEADER_BYTES>()
        && let Ok(header) = ChunkHeader::parse(header)
        && let Some(payload) = payload.get(..header.packed_bytes())
    {
        let _ = decoder.decode(header, payload, &mut vec![0; header.raw_bytes()]);
    }
    let mut encoder = ChunkEncoder::new();
    let mut round = |chunk: &[u8]| {
        assert!((1..=CHUNK_MAX_BYTES).contains(&chunk.len()));
        let mut record = Vec::new();
        let header = encoder.encode(chunk, &mut record);
        let mut content = vec![0; chunk.len()];
        decoder.decode(header, &record[HEADER_BYTES..], &mut content).expect("just encoded");
        assert_eq!(content, chunk);
        Ok::<(), ()>(())
    };
    let mut buffer = ChunkBuffer::new();
    buffer.push(bytes, &mut round).expect("no error");
    buffer.finish().map(|chunk| round(&chunk));
});
