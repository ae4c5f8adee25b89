use super::*;
use crate::random::Numbers;

/// The rule read literally: every byte is hashed, from the beginning of its chunk.
fn ends_by_bytes(content: &[u8]) -> Vec<usize> {
    let mut ends = Vec::new();
    let (mut start, mut hash) = (0, 0_u64);
    for (at, byte) in content.iter().enumerate() {
        hash = (hash << 1).wrapping_add(gearhash::DEFAULT_TABLE[usize::from(*byte)]);
        let size = at + 1 - start;
        if size >= CHUNK_MIN_BYTES && (hash & MASK == 0 || size == CHUNK_MAX_BYTES) {
            ends.push(at + 1);
            (start, hash) = (at + 1, 0);
        }
    }
    ends
}

/// The ends of the chunks that come out when `content` goes in by slices of the sizes that `next` gives.
fn ends_by_slices(content: &[u8], mut next: impl FnMut() -> usize) -> Vec<usize> {
    let mut buffer = ChunkBuffer::new();
    let mut ends = Vec::new();
    let mut at = 0;
    let mut rest = content;
    while !rest.is_empty() {
        let (slice, after) = rest.split_at(next().min(rest.len()));
        rest = after;
        let each = |chunk: &[u8]| {
            assert_eq!(chunk, &content[at..at + chunk.len()]);
            at += chunk.len();
            ends.push(at);
            Ok::<(), ()>(())
        };
        buffer.push(slice, each).expect("no error");
    }
    let last = buffer.finish();
    assert_eq!(last.as_deref().unwrap_or_default(), &content[at..]);
    ends
}

#[test]
fn cuts_are_those_of_the_rule() {
    let mut numbers = Numbers::new(2);
    let random = numbers.bytes(1 << 20);
    let words = b"to be or not to be, that is the question ".repeat(20_000);
    let mixed: Vec<u8> = [&vec![0; 300_000][..], &random[..200_000], &vec![0xff; 100_001], &words[..99_999]].concat();
    for content in [&random, &words, &mixed, &vec![0; 700_000]] {
        let expect = ends_by_bytes(content);
        assert!(!expect.is_empty());
        assert_eq!(ends_by_slices(content, || usize::MAX), expect);
        assert_eq!(ends_by_slices(content, || 4096), expect);
        assert_eq!(ends_by_slices(content, || 1 + numbers.below(20_000)), expect);
        assert_eq!(ends_by_slices(content, || 1 + numbers.below(70)), expect);
    }
}

/// The bytes that are skipped are the ones that cannot matter: one more would change cuts, one less would cost time.
#[test]
fn a_cut_depends_on_the_last_64_bytes_alone() {
    let mut numbers = Numbers::new(3);
    let content = numbers.bytes(CHUNK_MAX_BYTES * 2);
    let first = ends_by_bytes(&content)[0];
    let mut other = content.clone();
    for byte in &mut other[..first - 64] {
        *byte = byte.wrapping_add(1);
    }
    let hash = |content: &[u8]| {
        content.iter().fold(0_u64, |hash, byte| (hash << 1).wrapping_add(gearhash::DEFAULT_TABLE[usize::from(*byte)]))
    };
    assert_eq!(hash(&content[..first]) & MASK, hash(&other[..first]) & MASK);
    assert_eq!(hash(&content[first - 64..first]) & MASK, 0);
}

#[test]
fn content_without_cuts_is_cut_at_the_largest_size() {
    let content = vec![0; CHUNK_MAX_BYTES * 3 + 5];
    assert_eq!(ends_by_slices(&content, || usize::MAX), [1, 2, 3].map(|chunks| chunks * CHUNK_MAX_BYTES));
}

#[test]
fn short_content_is_one_chunk_and_none_is_none() {
    for size in [1, 64, CHUNK_MIN_BYTES - 1] {
        let content = Numbers::new(4).bytes(size);
        assert!(ends_by_slices(&content, || 7).is_empty());
    }
    assert_eq!(ChunkBuffer::new().finish(), None);
}

#[test]
fn an_edit_moves_only_the_cuts_beside_it() {
    let mut content = Numbers::new(5).bytes(4 << 20);
    let before = ends_by_slices(&content, || usize::MAX);
    content.insert(0, 1);
    let after = ends_by_slices(&content, || usize::MAX);
    let kept = before.iter().filter(|end| after.contains(&(**end + 1))).count();
    assert!(kept + 3 >= before.len(), "{kept} of {} cuts are kept", before.len());
}

#[test]
fn an_error_of_the_caller_ends_the_slice() {
    let content = vec![0; CHUNK_MAX_BYTES * 3];
    let mut seen = 0;
    let result = ChunkBuffer::new().push(&content, |_| {
        seen += 1;
        if seen == 2 { Err("full") } else { Ok(()) }
    });
    assert_eq!((result, seen), (Err("full"), 2));
}
