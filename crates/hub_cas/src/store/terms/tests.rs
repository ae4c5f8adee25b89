//! Terms come back from a row as they went in.

use super::*;

fn term(number: u32) -> Term {
    let mut hash = [7; 32];
    hash[..4].copy_from_slice(&number.to_le_bytes());
    Term { xorb: XetHash::new(hash), chunks: ChunkRange::new(number % 8192, 8192).unwrap(), raw_bytes: number + 1 }
}

#[test]
fn terms_are_read_as_they_were_written() {
    let terms: Vec<Term> = [0, 1, 8191].map(term).to_vec();
    assert_eq!(decode(&encode(&terms), 0).unwrap(), terms);
    assert_eq!(decode(&[], 0).unwrap(), []);
}

#[test]
fn damaged_terms_are_an_error() {
    let bytes = encode(&[term(5)]);
    for end in 1..bytes.len() {
        assert!(decode(&bytes[..end], 0).is_err());
    }
    let mut inverted = bytes;
    inverted[32..36].copy_from_slice(&[9, 0, 9, 0]);
    assert!(decode(&inverted, 0).is_err());
}

#[test]
fn segments_follow_each_other() {
    let terms: Vec<Term> = (0..2500).map(term).collect();
    let segments = segments(&terms);
    assert_eq!(segments.iter().map(|segment| segment.terms.len()).collect::<Vec<_>>(), [1024, 1024, 452]);
    let mut start = 0;
    for segment in &segments {
        assert_eq!(segment.start, start);
        start += segment.size;
    }
    assert_eq!(start, terms.iter().map(|term| u64::from(term.raw_bytes)).sum::<u64>());
}
