use super::super::xorb::XorbBuilder;
use super::super::{DedupKey, HashTree, XORB_MAX_CHUNKS, chunk_hash, range_hash};
use super::*;
use crate::random::Numbers;

fn hash(byte: u8) -> XetHash {
    XetHash::new([byte; 32])
}

fn term(xorb: u8, start: u32, end: u32) -> Term {
    Term { xorb: hash(xorb), chunks: ChunkRange::new(start, end).expect("a range"), raw_bytes: (end - start) * 1000 }
}

fn file(name: u8, terms: Vec<Term>) -> ShardFile {
    let range_hashes = Some((0..terms.len()).map(|at| hash(100 + at as u8)).collect());
    ShardFile { hash: hash(name), terms, range_hashes, sha256: Some(Sha256::new([name; 32])) }
}

fn xorb(name: u8, chunks: u32) -> ShardXorb {
    let chunk = |at| ShardChunk { hash: hash(at as u8), offset: at * 10, raw_bytes: 10, is_marked: at % 2 == 0 };
    ShardXorb { hash: hash(name), raw_bytes: chunks * 10, stored_bytes: 0, chunks: (0..chunks).map(chunk).collect() }
}

fn some_shard() -> (Vec<ShardFile>, Vec<ShardXorb>, Vec<u8>) {
    let files = vec![
        file(1, vec![term(10, 0, 5), term(11, 3, 4)]),
        ShardFile { sha256: None, ..file(2, vec![term(10, 8191, 8192)]) },
        ShardFile { hash: XetHash::ZERO, ..file(0, vec![]) },
        ShardFile { range_hashes: None, ..file(3, vec![term(12, 0, 1)]) },
    ];
    let xorbs = vec![xorb(10, 3), xorb(11, 0), xorb(12, 1)];
    let bytes = write_upload(&files, &xorbs);
    (files, xorbs, bytes)
}

type Read = (Vec<ShardFile>, Vec<ShardXorb>, Option<ShardEnd>);

/// Reads a shard in slices of the sizes that `next` gives.
fn read_by(bytes: &[u8], mut next: impl FnMut() -> usize) -> Result<Read, ShardError> {
    let mut reader = ShardReader::new();
    let (mut files, mut xorbs) = (Vec::new(), Vec::new());
    let mut rest = bytes;
    while !rest.is_empty() {
        let (slice, after) = rest.split_at(next().min(rest.len()));
        rest = after;
        for item in reader.push(slice)? {
            match item {
                ShardItem::File(file) => files.push(file),
                ShardItem::Xorb(xorb) => xorbs.push(xorb),
            }
        }
    }
    Ok((files, xorbs, reader.finish()?))
}

fn read(bytes: &[u8]) -> Result<Read, ShardError> {
    read_by(bytes, || usize::MAX)
}

/// A footer as the JavaScript client writes it: offsets, no key, no expiry.
fn with_footer(upload: &[u8]) -> Vec<u8> {
    let mut bytes = upload.to_vec();
    bytes[40..48].copy_from_slice(&200_u64.to_le_bytes());
    let mut footer = [0; FOOTER_BYTES];
    footer[..8].copy_from_slice(&1_u64.to_le_bytes());
    footer[192..].copy_from_slice(&(upload.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&footer);
    bytes
}

#[test]
fn what_was_written_is_read() {
    let (files, xorbs, bytes) = some_shard();
    assert_eq!(bytes.len() % RECORD_BYTES, 0);
    let expect = Ok((files, xorbs, None));
    assert_eq!(read(&bytes), expect);
    assert_eq!(read_by(&bytes, || 1), expect);
    let mut numbers = Numbers::new(30);
    for _ in 0..100 {
        assert_eq!(read_by(&bytes, || 1 + numbers.below(120)), expect);
    }
}

#[test]
fn every_prefix_and_every_addition_is_refused() {
    let (_, _, bytes) = some_shard();
    for bytes in [bytes.clone(), with_footer(&bytes)] {
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).is_err(), "prefix of {end} bytes");
        }
    }
    assert_eq!(read(&[&bytes[..], &[0]].concat()), Err(ShardError::Trailing));
}

/// The specification forbids it, and the JavaScript client does it.
#[test]
fn trap_18_an_upload_may_have_a_footer() {
    let (files, xorbs, bytes) = some_shard();
    let expect = Some(ShardEnd { key: [0; 32], created_secs: 0, expires_secs: 0 });
    for slice in [1, 48, 100, usize::MAX] {
        assert_eq!(read_by(&with_footer(&bytes), || slice), Ok((files.clone(), xorbs.clone(), expect)));
    }
    let mut other = bytes;
    other[40..48].copy_from_slice(&48_u64.to_le_bytes());
    assert_eq!(read(&other).map(drop), Err(ShardError::Footer));
}

/// The tables between sections and footer are in no specification, and mean nothing here.
#[test]
fn trap_17_tables_before_the_footer_are_passed_over() {
    let (files, xorbs, bytes) = some_shard();
    let end = bytes.len();
    let mut with_tables = with_footer(&bytes);
    with_tables.splice(end..end, [0xab; 12 * 7]);
    let read = read(&with_tables).expect("valid");
    assert_eq!((read.0, read.1), (files, xorbs));
}

#[test]
fn another_beginning_is_refused() {
    let (_, _, bytes) = some_shard();
    let check = |at: usize, value: u8, error| {
        let mut other = bytes.clone();
        other[at] = value;
        assert_eq!(read(&other), Err(error));
    };
    check(0, b'h', ShardError::NotShard);
    check(31, 0, ShardError::NotShard);
    check(32, 3, ShardError::Version { version: 3 });
    assert_eq!(read(&[]), Err(ShardError::Truncated));
}

/// Terms without proof are data like others, but there is no way to them that does not ask for it.
#[test]
fn a_file_without_proofs_gives_no_terms() {
    let (files, ..) = some_shard();
    let proven = |file: &ShardFile| file.proven_terms().map(Iterator::collect::<Vec<_>>);
    assert_eq!(proven(&files[0]), Ok(vec![(term(10, 0, 5), hash(100)), (term(11, 3, 4), hash(101))]));
    assert_eq!(proven(&files[2]), Ok(vec![]));
    assert_eq!(proven(&files[3]), Err(ShardError::Unproven { file: hash(3) }));
    let too_few = ShardFile { range_hashes: Some(vec![hash(9)]), ..files[0].clone() };
    assert_eq!(proven(&too_few), Err(ShardError::Unproven { file: hash(1) }));
    let empty = ShardFile { range_hashes: None, ..files[2].clone() };
    assert_eq!(proven(&empty), Ok(vec![]));
}

/// Clients register an empty file with zeros for its hash and for its SHA-256.
#[test]
fn trap_11_the_empty_file_has_zeros_for_both_hashes() {
    let empty = ShardFile {
        hash: HashTree::new().file_hash(),
        terms: Vec::new(),
        range_hashes: Some(Vec::new()),
        sha256: Some(Sha256::new([0; 32])),
    };
    let bytes = write_upload(std::slice::from_ref(&empty), &[]);
    assert_eq!(read(&bytes), Ok((vec![empty.clone()], vec![], None)));
    assert_eq!(empty.size_bytes(), 0);
}

/// The size on disk is 0 from one client and filled by another; it is handed on and nothing follows from it.
#[test]
fn trap_12_the_stored_size_may_be_anything() {
    for stored_bytes in [0, 1, u32::MAX] {
        let xorbs = vec![ShardXorb { stored_bytes, ..xorb(10, 2) }];
        assert_eq!(read(&write_upload(&[], &xorbs)), Ok((vec![], xorbs, None)));
    }
}

/// The flag by which clients mark the first chunk of a file is "unused" in the specification.
#[test]
fn trap_13_a_marked_chunk_is_eligible_whatever_its_hash() {
    let (_, xorbs, _) = read(&some_shard().2).expect("valid");
    let chunks = &xorbs[0].chunks;
    assert_eq!(chunks.iter().map(|chunk| chunk.is_marked).collect::<Vec<_>>(), [true, false, true]);
    let by_hash = ShardChunk { hash: hash(0), is_marked: false, ..chunks[0] };
    assert!(chunks[2].is_dedup_eligible() && by_hash.is_dedup_eligible());
    assert!(!ShardChunk { is_marked: false, ..chunks[2] }.is_dedup_eligible());
}

#[test]
fn trap_16_a_digest_is_stored_in_groups_of_eight_turned_round() {
    let digest: [u8; 32] = std::array::from_fn(|at| at as u8);
    let file = ShardFile { sha256: Some(Sha256::new(digest)), ..file(1, vec![]) };
    let bytes = write_upload(std::slice::from_ref(&file), &[]);
    let stored = &bytes[96..96 + 32];
    assert_eq!(stored[..8], [7, 6, 5, 4, 3, 2, 1, 0]);
    assert_eq!(stored[24..], [31, 30, 29, 28, 27, 26, 25, 24]);
    assert_eq!(read(&bytes).expect("valid").0, [file]);
}

#[test]
fn terms_that_no_xorb_has_are_refused() {
    let check = |raw_bytes: u32, start: u32, end: u32, is_possible: bool| {
        let mut bytes = write_upload(&[file(1, vec![term(10, 0, 1)])], &[]);
        for (at, number) in [(132, raw_bytes), (136, start), (140, end)] {
            bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        let expect = if is_possible { Ok(()) } else { Err(ShardError::Term { file: hash(1), term: 0 }) };
        assert_eq!(read(&bytes).map(drop), expect, "{raw_bytes} bytes in {start} to {end}");
    };
    check(1, 0, 1, true);
    check(131_072, 0, 1, true);
    check(1 << 30, 0, 8192, true);
    check(0, 0, 1, false);
    check(131_073, 0, 1, false);
    check(1, 0, 2, false);
    check(100, 0, 0, false);
    check(100, 3, 2, false);
    check(100, 0, 8193, false);
    check(100, u32::MAX - 1, u32::MAX, false);
}

/// Counts are only believed as far as the shard can reach, and nothing is allocated for them.
#[test]
fn a_count_beyond_the_limits_is_refused_at_once() {
    let terms = |count: u32, flags: u32| {
        let mut bytes = write_upload(&[file(1, vec![term(10, 0, 1)])], &[]);
        bytes[80..84].copy_from_slice(&flags.to_le_bytes());
        bytes[84..88].copy_from_slice(&count.to_le_bytes());
        let mut reader = ShardReader::new();
        reader.push(&bytes[..96]).map(drop)
    };
    let most = ((SHARD_MAX_BYTES - 96) / 48) as u32;
    assert_eq!(terms(most, 0), Ok(()));
    assert_eq!(terms(most + 1, 0), Err(ShardError::TooLong));
    assert_eq!(terms(most / 2 + 1, WITH_RANGE_HASHES), Err(ShardError::TooLong));
    assert_eq!(terms(u32::MAX, u32::MAX), Err(ShardError::TooLong));

    let chunks = |count: u32| {
        let mut bytes = write_upload(&[], &[xorb(10, 1)]);
        bytes[132..136].copy_from_slice(&count.to_le_bytes());
        let mut reader = ShardReader::new();
        reader.push(&bytes[..144]).map(drop)
    };
    assert_eq!(chunks(XORB_MAX_CHUNKS as u32), Ok(()));
    assert_eq!(chunks(XORB_MAX_CHUNKS as u32 + 1), Err(ShardError::TooManyChunks { xorb: hash(10) }));
}

#[test]
fn a_shard_without_end_is_refused() {
    let header = &write_upload(&[], &[])[..48];
    let mut reader = ShardReader::new();
    reader.push(header).expect("valid");
    let files = vec![0; 48 * 20_000];
    let mut seen = header.len() as u64;
    let error = loop {
        match reader.push(&files) {
            Ok(items) => assert_eq!(items.len(), 20_000),
            Err(error) => break error,
        }
        seen += files.len() as u64;
        assert!(seen <= SHARD_MAX_BYTES);
    };
    assert_eq!(error, ShardError::TooLong);
}

fn answered() -> (ShardXorb, DedupKey, Vec<u8>) {
    let mut builder = XorbBuilder::new();
    for at in 0..50_u8 {
        let chunk = vec![at; 1000];
        builder.push(chunk_hash(&chunk), &chunk);
    }
    let xorb = ShardXorb::from(&builder.finish().expect("there are chunks").table);
    let key = DedupKey::new([42; 32]).expect("not zeros");
    let xorbs = std::slice::from_ref(&xorb);
    let bytes = DedupAnswer { xorbs, key: &key, created_secs: 1_000, expires_secs: 2_000 }.write();
    (xorb, key, bytes)
}

/// The JavaScript client hides its own hashes with whatever key it finds, so that without one it finds nothing.
#[test]
fn trap_19_an_answer_has_a_key_and_hides_every_hash() {
    let (xorb, key, bytes) = answered();
    let (files, xorbs, end) = read(&bytes).expect("valid");
    assert_eq!(files, []);
    assert_eq!(end, Some(ShardEnd { key: [42; 32], created_secs: 1_000, expires_secs: 2_000 }));
    let [found] = &xorbs[..] else { panic!("{} xorbs", xorbs.len()) };
    assert_eq!((found.hash, found.raw_bytes, found.stored_bytes), (xorb.hash, xorb.raw_bytes, xorb.stored_bytes));
    for (hidden, chunk) in found.chunks.iter().zip(&xorb.chunks) {
        assert_eq!(hidden.hash, key.hide(&chunk.hash));
        assert_eq!((hidden.offset, hidden.raw_bytes), (chunk.offset, chunk.raw_bytes));
        assert!(!bytes.windows(32).any(|window| window == chunk.hash.as_bytes()), "a hash is told");
    }
}

#[test]
fn an_answer_says_where_its_sections_are() {
    let (xorb, _, bytes) = answered();
    let footer = &bytes[bytes.len() - FOOTER_BYTES..];
    let number = |at: usize| u64::from_le_bytes(footer[at..at + 8].try_into().expect("eight bytes"));
    let xorbs_at = 96;
    let end = (xorbs_at + 48 * (1 + 50 + 1)) as u64;
    assert_eq!([number(0), number(8), number(16)], [1, 48, xorbs_at as u64]);
    assert_eq!([24, 32, 40, 48, 56, 64].map(number), [end, 0, end, 0, end, 0]);
    assert_eq!([168, 176, 184, 192].map(number), [u64::from(xorb.stored_bytes), 0, u64::from(xorb.raw_bytes), end]);
    assert_eq!(bytes.len() as u64, end + FOOTER_BYTES as u64);
}

#[test]
fn a_table_becomes_the_entry_of_a_shard() {
    let (xorb, ..) = answered();
    assert_eq!(xorb.raw_bytes, 50_000);
    let offsets: Vec<_> = xorb.chunks.iter().map(|chunk| (chunk.offset, chunk.raw_bytes)).collect();
    assert_eq!(offsets, (0..50).map(|at| (at * 1000, 1000)).collect::<Vec<_>>());
    let hashes: Vec<_> = xorb.chunks.iter().map(|chunk| chunk.hash).collect();
    assert_eq!(hashes[7], chunk_hash(&[7; 1000]));
    assert_ne!(range_hash(&hashes), range_hash(&hashes[1..]));
}
