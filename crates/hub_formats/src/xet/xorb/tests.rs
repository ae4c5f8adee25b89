use super::super::chunk::{ChunkEncoder, PACKED_MAX_BYTES, Scheme};
use super::super::{HashTree, chunk_hash};
use super::*;
use crate::random::Numbers;

/// Chunks of all kinds: noise, text, zeros, numbers, and very small ones.
fn some_chunks(count: usize) -> Vec<Vec<u8>> {
    let mut numbers = Numbers::new(20);
    let mut chunk = |kind| {
        let size = [1, 5, 100, 8192, 70_000, CHUNK_MAX_BYTES][numbers.below(6)];
        match kind % 4 {
            0 => numbers.bytes(size),
            1 => b"again and again; ".iter().copied().cycle().take(size).collect(),
            2 => vec![kind as u8; size],
            _ => (0..size).map(|at| if at % 4 < 2 { numbers.below(256) as u8 } else { 7 }).collect(),
        }
    };
    (0..count).map(&mut chunk).collect()
}

fn built(chunks: &[Vec<u8>]) -> Xorb {
    let mut builder = XorbBuilder::new();
    for (index, chunk) in chunks.iter().enumerate() {
        assert_eq!(builder.push(chunk_hash(chunk), chunk), index as u32);
    }
    builder.finish().expect("there are chunks")
}

fn checked(body: &[u8], expected: &XetHash) -> Result<XorbTable, XorbError> {
    let mut check = XorbCheck::new();
    check.push(body)?;
    check.finish(expected)
}

/// The records of chunks that are stored as they are, whatever they are.
fn plain_records(chunks: impl IntoIterator<Item = usize>) -> Vec<u8> {
    let mut body = Vec::new();
    for size in chunks {
        let [a, b, c, _] = (size as u32).to_le_bytes();
        body.extend_from_slice(&[0, a, b, c, 0, a, b, c]);
        body.resize(body.len() + size, 0x5a);
    }
    body
}

fn hash_of_plain(chunks: impl IntoIterator<Item = usize>) -> XetHash {
    chunks.into_iter().map(|size| (chunk_hash(&vec![0x5a; size]), size as u64)).collect::<HashTree>().xorb_hash()
}

#[test]
fn what_was_built_is_found() {
    let chunks = some_chunks(60);
    let Xorb { body, table } = built(&chunks);
    assert_eq!(table.bounds().body_bytes(), body.len() as u64);
    assert_eq!(table.chunks(), chunks.iter().map(|chunk| chunk_hash(chunk)).collect::<Vec<_>>());
    assert_eq!(checked(&body, &table.hash()), Ok(table.clone()));

    let mut numbers = Numbers::new(21);
    for most in [1, 9, 1000, 300_000] {
        let mut check = XorbCheck::new();
        let mut rest = &body[..];
        while !rest.is_empty() {
            let (slice, after) = rest.split_at((1 + numbers.below(most)).min(rest.len()));
            check.push(slice).expect("valid");
            rest = after;
        }
        assert_eq!(check.body_bytes(), body.len() as u64);
        assert_eq!(check.finish(&table.hash()).as_ref(), Ok(&table), "slices of up to {most} bytes");
    }
}

#[test]
fn every_prefix_is_refused() {
    let chunks = [vec![1; 30], b"text text text text text text".repeat(5), vec![9; 3]];
    let Xorb { body, table } = built(&chunks);
    let stored = [&body[..], &table.to_footer()].concat();
    for end in (0..body.len()).chain(body.len() + 1..stored.len()) {
        assert!(checked(&stored[..end], &table.hash()).is_err(), "prefix of {end} bytes");
    }
    assert_eq!(checked(&body, &table.hash()).as_ref(), Ok(&table));
    assert_eq!(checked(&stored, &table.hash()).as_ref(), Ok(&table));
}

#[test]
fn every_changed_byte_is_noticed_or_changes_nothing() {
    let chunks = [vec![1; 30], b"text text text text text text".repeat(5), vec![9; 3]];
    let Xorb { body, table } = built(&chunks);
    for at in 0..body.len() {
        for bit in 0..8 {
            let mut damaged = body.clone();
            damaged[at] ^= 1 << bit;
            if let Ok(found) = checked(&damaged, &table.hash()) {
                assert_eq!(found, table, "byte {at}");
            }
        }
    }
}

#[test]
fn another_hash_is_refused() {
    let Xorb { body, table } = built(&some_chunks(3));
    for expected in [XetHash::new([7; 32]), XetHash::ZERO, table.chunks()[0]] {
        assert_eq!(checked(&body, &expected), Err(XorbError::WrongHash { expected, actual: table.hash() }));
    }
}

#[test]
fn a_xorb_without_chunks_is_refused() {
    assert_eq!(checked(&[], &XetHash::ZERO), Err(XorbError::Empty));
}

#[test]
fn what_follows_the_chunks_must_be_their_footer() {
    let Xorb { body, table } = built(&some_chunks(3));
    let footer = table.to_footer();
    let check = |tail: &[u8], expect: fn(&XorbError) -> bool| {
        for slice in [1, 7, usize::MAX] {
            let stored = [&body[..], tail].concat();
            let mut check = XorbCheck::new();
            let result = stored
                .chunks(slice.min(stored.len()))
                .try_for_each(|slice| check.push(slice))
                .and_then(|()| check.finish(&table.hash()));
            let error = result.expect_err("refused");
            assert!(expect(&error), "{error:?}");
        }
    };
    check(b"\0", |error| *error == XorbError::Truncated);
    check(b"XETBLOB", |error| *error == XorbError::Truncated);
    check(b"XETBLOB\x00", |error| matches!(error, XorbError::Chunk { index: 3, .. }));
    check(b"XETBLOB\x01", |error| matches!(error, XorbError::Footer(_)));
    check(b"something else", |error| matches!(error, XorbError::Chunk { index: 3, .. }));
    check(&[&footer[..], b"\0"].concat(), |error| matches!(error, XorbError::Footer(_)));
    check(&[&footer[..], &footer].concat(), |error| matches!(error, XorbError::Footer(_)));
    let other = built(&some_chunks(2)).table.to_footer();
    check(&other, |error| *error == XorbError::FooterMismatch);
    let endless = [&footer[..], &vec![0; FOOTER_MAX_BYTES]].concat();
    check(&endless, |error| *error == XorbError::TooLong);
}

#[test]
fn more_chunks_than_allowed_are_refused() {
    let most = || std::iter::repeat_n(1, XORB_MAX_CHUNKS);
    let table = checked(&plain_records(most()), &hash_of_plain(most())).expect("as many as allowed");
    assert_eq!(table.chunks().len(), XORB_MAX_CHUNKS);
    let stored = [&plain_records(most())[..], &table.to_footer()].concat();
    assert_eq!(checked(&stored, &table.hash()), Ok(table));
    let more = plain_records(most().chain([1]));
    assert_eq!(checked(&more, &XetHash::ZERO), Err(XorbError::TooManyChunks));
}

/// Rust clients cut at 64 MiB of content, so that the headers come on top of it.
#[test]
fn trap_8_a_body_may_be_longer_than_64_mib_by_its_headers() {
    let most = || std::iter::repeat_n(TARGET_BYTES / XORB_MAX_CHUNKS, XORB_MAX_CHUNKS);
    let body = plain_records(most());
    assert_eq!(body.len() as u64, BODY_MAX_BYTES);
    assert!(checked(&body, &hash_of_plain(most())).is_ok());
    let longer = plain_records([TARGET_BYTES / XORB_MAX_CHUNKS + 1].into_iter().chain(most().skip(1)));
    assert_eq!(checked(&longer, &XetHash::ZERO), Err(XorbError::TooLong));
}

/// The JavaScript client cuts at 64 MiB of packed bytes, so that text has far more content.
#[test]
fn trap_8_content_may_be_far_longer_than_64_mib() {
    let chunk = vec![0; CHUNK_MAX_BYTES];
    let mut record = Vec::new();
    ChunkEncoder::new().encode(&chunk, &mut record);
    let chunks = || std::iter::repeat_n((chunk_hash(&chunk), chunk.len() as u64), 1000);
    let hash = chunks().collect::<HashTree>().xorb_hash();
    let table = checked(&record.repeat(1000), &hash).expect("valid");
    assert_eq!(table.bounds().content_bytes(), 1000 * CHUNK_MAX_BYTES as u64);
    assert!(table.bounds().body_bytes() < 1 << 20);
    assert_eq!(XorbTable::parse_footer(&table.to_footer()), Ok(table));
}

#[test]
fn packed_differently_it_is_the_same_xorb() {
    let content = vec![0x5a; 500];
    let Xorb { body, table } = built(&[content]);
    let plain = plain_records([500]);
    assert_ne!(body, plain);
    let other = checked(&plain, &table.hash()).expect("valid");
    assert_eq!(other.chunks(), table.chunks());
    assert_ne!(other.bounds(), table.bounds());
}

#[test]
fn a_builder_is_full_at_either_limit() {
    let mut builder = XorbBuilder::new();
    let chunk = vec![0; CHUNK_MAX_BYTES];
    let hash = chunk_hash(&chunk);
    while builder.has_room(chunk.len()) {
        builder.push(hash, &chunk);
    }
    assert_eq!(builder.content_bytes(), TARGET_BYTES as u64);
    assert!(!builder.has_room(1));
    let xorb = builder.finish().expect("full");
    assert_eq!(xorb.table.bounds().count(), 512);
    assert!(builder.finish().is_none());
    while builder.has_room(1) {
        builder.push(hash, &[0]);
    }
    assert_eq!(builder.count() as usize, XORB_MAX_CHUNKS);
}

#[test]
fn every_range_of_chunks_is_read() {
    let chunks = some_chunks(12);
    let Xorb { body, table } = built(&chunks);
    let bounds = table.bounds();
    let mut numbers = Numbers::new(22);
    for start in 0..12 {
        for end in start + 1..=12 {
            let range = ChunkRange::new(start, end).expect("not empty");
            let packed = bounds.packed(range).expect("there");
            let packed = &body[packed.start as usize..packed.end as usize];
            let mut reader = ChunkReader::new(bounds, range).expect("there");
            let mut content = Vec::new();
            let mut rest = packed;
            while !rest.is_empty() {
                let (slice, after) = rest.split_at((1 + numbers.below(50_000)).min(rest.len()));
                reader.push(slice, &mut content).expect("valid");
                rest = after;
            }
            reader.finish().expect("complete");
            assert_eq!(content, chunks[start as usize..end as usize].concat(), "chunks {start} to {end}");
            assert_eq!(bounds.raw_bytes(range), Some(content.len() as u64));
        }
    }
}

#[test]
fn a_reader_refuses_other_bytes_than_those_of_its_range() {
    let chunks = some_chunks(5);
    let Xorb { body, table } = built(&chunks);
    let range = |start, end| ChunkRange::new(start, end).expect("not empty");
    let packed = |chunks| {
        let packed = table.bounds().packed(chunks).expect("there");
        &body[packed.start as usize..packed.end as usize]
    };
    let read = |chunks, bytes: &[u8]| {
        let mut reader = ChunkReader::new(table.bounds(), chunks).expect("there");
        let mut content = Vec::new();
        reader.push(bytes, &mut content).and_then(|()| reader.finish())
    };
    assert_eq!(read(range(1, 3), packed(range(1, 3))), Ok(()));
    assert_eq!(read(range(1, 3), packed(range(1, 2))), Err(XorbError::Truncated));
    assert_eq!(read(range(1, 3), &packed(range(1, 3))[..packed(range(1, 3)).len() - 1]), Err(XorbError::Truncated));
    assert_eq!(read(range(1, 3), packed(range(1, 4))), Err(XorbError::TooManyChunks));
    assert!(read(range(1, 3), &packed(range(1, 3))[1..]).is_err());
    assert!(ChunkReader::new(table.bounds(), range(4, 6)).is_none());
}

#[test]
fn ranges_have_at_least_one_chunk_and_no_more_than_a_xorb() {
    for (start, end, there) in [
        (0, 1, true),
        (0, 8192, true),
        (8191, 8192, true),
        (0, 0, false),
        (2, 1, false),
        (0, 8193, false),
        (5, u32::MAX, false),
    ] {
        assert_eq!(ChunkRange::new(start, end).is_some(), there, "{start} to {end}");
    }
}

#[test]
fn bounds_of_chunks_that_are_not_there_are_none() {
    let table = built(&some_chunks(3)).table;
    let beyond = ChunkRange::new(2, 4).expect("a range");
    assert_eq!(table.bounds().packed(beyond), None);
    assert_eq!(table.bounds().raw(beyond), None);
    assert!(table.sized_chunks(beyond).is_none());
    assert_eq!(table.range_hash(beyond), None);
}

#[test]
fn a_payload_of_the_largest_size_is_taken() {
    let bytes = PACKED_MAX_BYTES as u32;
    let [a, b, c, _] = bytes.to_le_bytes();
    let header = [0, a, b, c, 1, 0, 0, 2];
    let mut check = XorbCheck::new();
    check.push(&header).expect("the header is valid");
    check.push(&vec![0; PACKED_MAX_BYTES - 1]).expect("not complete");
    assert!(matches!(check.push(&[0]), Err(XorbError::Chunk { index: 0, .. })));
}

#[test]
fn schemes_of_a_xorb_are_mixed() {
    let Xorb { body, .. } = built(&some_chunks(40));
    let mut schemes = Vec::new();
    let mut rest = &body[..];
    while let Some(header) = rest.first_chunk() {
        let header = super::super::chunk::ChunkHeader::parse(header).expect("valid");
        schemes.push(header.scheme());
        rest = &rest[header.record_bytes()..];
    }
    for scheme in [Scheme::Plain, Scheme::Lz4, Scheme::GroupedLz4] {
        assert!(schemes.contains(&scheme), "{scheme:?}");
    }
}
