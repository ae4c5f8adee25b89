//! How the terms of a file are written in a row of `cas_segment`.

use hub_core::XetHash;
use hub_db::DbError;
use hub_formats::xet::shard::Term;
use hub_formats::xet::xorb::ChunkRange;

/// How many terms a segment has at most.
pub(crate) const SEGMENT_TERMS: usize = 1024;
const TERM_BYTES: usize = 32 + 2 + 2 + 4;

/// Consecutive terms of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Segment {
    /// Where in the file the first of them begins.
    pub(crate) start: u64,
    /// The length of their content.
    pub(crate) size: u64,
    pub(crate) terms: Vec<Term>,
}

/// Cuts the terms of a file into segments.
pub(crate) fn segments(terms: &[Term]) -> Vec<Segment> {
    let mut start = 0;
    let cut = |terms: &[Term]| {
        let size = terms.iter().map(|term| u64::from(term.raw_bytes)).sum();
        let segment = Segment { start, size, terms: terms.to_vec() };
        start += size;
        segment
    };
    terms.chunks(SEGMENT_TERMS).map(cut).collect()
}

/// A chunk's index fits 16 bits, and so does the one after the last: a xorb has at most 8192.
pub(crate) fn encode(terms: &[Term]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(terms.len() * TERM_BYTES);
    for term in terms {
        bytes.extend_from_slice(term.xorb.as_bytes());
        bytes.extend_from_slice(&(term.chunks.start() as u16).to_le_bytes());
        bytes.extend_from_slice(&(term.chunks.end() as u16).to_le_bytes());
        bytes.extend_from_slice(&term.raw_bytes.to_le_bytes());
    }
    bytes
}

/// Reads terms back; `column` is where the row has them.
pub(crate) fn decode(bytes: &[u8], column: usize) -> Result<Vec<Term>, DbError> {
    let (terms, rest) = bytes.as_chunks::<TERM_BYTES>();
    let parsed: Option<Vec<Term>> = terms.iter().map(decode_one).collect();
    parsed
        .filter(|_| rest.is_empty())
        .ok_or_else(|| DbError::Decode { column, reason: "no terms of a file".to_owned() })
}

fn decode_one(bytes: &[u8; TERM_BYTES]) -> Option<Term> {
    let (xorb, rest) = bytes.split_first_chunk::<32>()?;
    let (start, rest) = rest.split_first_chunk::<2>()?;
    let (end, rest) = rest.split_first_chunk::<2>()?;
    let chunks = ChunkRange::new(u16::from_le_bytes(*start).into(), u16::from_le_bytes(*end).into())?;
    Some(Term { xorb: XetHash::new(*xorb), chunks, raw_bytes: u32::from_le_bytes(rest.try_into().ok()?) })
}

#[cfg(test)]
mod tests;
