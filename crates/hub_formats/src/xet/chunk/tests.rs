use super::*;
use crate::random::Numbers;

/// Words in no order.
fn text(size: usize) -> Vec<u8> {
    let mut numbers = Numbers::new(13);
    let words = "the quick brown fox jumps over a lazy dog and nobody wonders why".split(' ').collect::<Vec<_>>();
    let mut text = String::new();
    while text.len() < size {
        text.push_str(words[numbers.below(words.len())]);
        text.push(' ');
    }
    text.truncate(size);
    text.into_bytes()
}

/// Weights of a model: numbers near one another, whose first two bytes are noise.
fn weights(size: usize) -> Vec<u8> {
    let mut numbers = Numbers::new(11);
    (0..size)
        .map(
            |at| {
                if at % 4 < 2 { numbers.below(256) as u8 } else { 0x3f - (at % 4 == 2) as u8 * numbers.below(3) as u8 }
            },
        )
        .collect()
}

fn record(content: &[u8]) -> (ChunkHeader, Vec<u8>) {
    let mut records = vec![0xaa; 3];
    let header = ChunkEncoder::new().encode(content, &mut records);
    assert_eq!(records[..3], [0xaa; 3]);
    assert_eq!(records[3..11], header.to_bytes());
    assert_eq!(records.len(), 3 + header.record_bytes());
    (header, records.split_off(3 + HEADER_BYTES))
}

#[test]
fn the_scheme_that_helps_is_chosen() {
    let check = |content: &[u8], scheme| {
        let (header, payload) = record(content);
        assert_eq!(header.scheme(), scheme);
        assert!(payload.len() <= content.len());
        let mut decoded = vec![0; content.len()];
        ChunkDecoder::new().decode(header, &payload, &mut decoded).expect("just encoded");
        assert_eq!(decoded, content);
    };
    for size in [1000, 65_536, CHUNK_MAX_BYTES] {
        check(&text(size), Scheme::Lz4);
        check(&vec![0; size], Scheme::Lz4);
        check(&Numbers::new(12).bytes(size), Scheme::Plain);
        check(&weights(size), Scheme::GroupedLz4);
    }
    for size in [1, 2, 12, 13] {
        check(&text(size), Scheme::Plain);
    }
}

#[test]
fn a_header_reads_as_it_was_written() {
    for content in [&text(1)[..], &text(70_000), &vec![0; CHUNK_MAX_BYTES], &weights(70_001)] {
        let (header, _) = record(content);
        assert_eq!(ChunkHeader::parse(&header.to_bytes()), Ok(header));
    }
}

#[test]
fn headers_beyond_the_limits_are_refused() {
    let check = |bytes: [u8; 8], error| assert_eq!(ChunkHeader::parse(&bytes), Err(error), "{bytes:?}");
    check([1, 1, 0, 0, 0, 1, 0, 0], ChunkError::Version { version: 1 });
    check(*b"XETBLOB\x01", ChunkError::Version { version: b'X' });
    check([0, 1, 0, 0, 3, 1, 0, 0], ChunkError::Scheme { scheme: 3 });
    check([0, 1, 0, 0, 99, 1, 0, 0], ChunkError::Scheme { scheme: 99 });
    check([0, 0, 0, 0, 0, 0, 0, 0], ChunkError::RawLength { bytes: 0 });
    check([0, 1, 0, 0, 1, 1, 0, 2], ChunkError::RawLength { bytes: 131_073 });
    check([0, 255, 255, 255, 1, 255, 255, 255], ChunkError::RawLength { bytes: 0x00ff_ffff });
    check([0, 1, 0, 0, 0, 2, 0, 0], ChunkError::PackedLength { bytes: 1 });
    check([0, 0, 0, 0, 1, 2, 0, 0], ChunkError::PackedLength { bytes: 0 });
    check([0, 1, 4, 2, 1, 0, 0, 2], ChunkError::PackedLength { bytes: PACKED_MAX_BYTES as u32 + 1 });
    assert!(ChunkHeader::parse(&[0, 0, 4, 2, 2, 0, 0, 2]).is_ok());
}

#[test]
fn a_payload_that_is_not_what_the_header_promises_is_refused() {
    let (header, payload) = record(&text(1000));
    let mut content = vec![0; 1000];
    for at in 0..payload.len() {
        let mut damaged = payload.clone();
        damaged[at] = !damaged[at];
        let result = ChunkDecoder::new().decode(header, &damaged, &mut content);
        assert!(result.is_err() || content != text(1000), "byte {at}");
    }
    let longer = ChunkHeader { raw_bytes: 1001, ..header };
    let result = ChunkDecoder::new().decode(longer, &payload, &mut vec![0; 1001]);
    assert_eq!(result, Err(ChunkError::Lz4(Lz4Error::Length)));
}

/// 240 KB that would decode to 60 MB: the output is the space of a chunk and nothing more.
#[test]
fn a_bomb_stops_at_the_size_of_a_chunk() {
    let bomb = {
        let mut frame = Vec::new();
        let mut encoder = lz4_flex::frame::FrameEncoder::new(&mut frame);
        std::io::Write::write_all(&mut encoder, &vec![0; 20 << 20]).expect("into memory");
        encoder.finish().expect("into memory");
        frame
    };
    assert!(bomb.len() < PACKED_MAX_BYTES);
    for scheme in [Scheme::Lz4, Scheme::GroupedLz4] {
        let header = ChunkHeader { scheme, packed_bytes: bomb.len() as u32, raw_bytes: CHUNK_MAX_BYTES as u32 };
        assert_eq!(ChunkHeader::parse(&header.to_bytes()), Ok(header));
        let result = ChunkDecoder::new().decode(header, &bomb, &mut vec![0; CHUNK_MAX_BYTES]);
        assert!(matches!(result, Err(ChunkError::Lz4(_))), "{result:?}");
    }
}
