//! The answer to "what is this file made of": which chunks of which xorbs, and where their bytes lie.
//!
//! ```text
//! select:  terms, bytes [a, b] wanted           ──▶ the terms that have them, and which xorbs must be looked up
//! plan:    selection, bounds of those xorbs     ──▶ terms trimmed to whole chunks, the bytes to skip in the first one,
//!                                                   and for each xorb the ranges to fetch
//! ```
//! A client fetches ranges, not terms: those of one xorb that touch or overlap are merged, and each term lies within exactly
//! one of them. The same question always has the same answer, byte for byte, because a client whose links have expired asks
//! again and goes on only if nothing moved.

mod view;

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};

use hub_core::XetHash;
use serde::Serialize;

use super::shard::Term;
use super::xorb::{Bounds, ChunkRange};

pub use view::{LinkedFetch, ReconstructionBatchView, ReconstructionV1View, ReconstructionV2View};

/// Why a range of a file has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// The range ends before it begins.
    #[error("the range ends before it begins")]
    Inverted,
    /// The range begins where the file has ended. Clients find the end of a file by this.
    #[error("the range begins after the end of the file, which has {size_bytes} bytes")]
    PastEnd {
        /// The length of the file.
        size_bytes: u64,
    },
}

/// A xorb is not what a term says of it: not there, without those chunks, or with chunks of another size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("xorb {xorb} does not have the chunks that a file takes from it")]
pub struct PlanError {
    /// Which one.
    pub xorb: XetHash,
}

/// The terms that have the wanted bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Selection<'a> {
    terms: &'a [Term],
    /// What is wanted, counted from the beginning of the first of these terms.
    wanted: Range<u64>,
}

/// The whole of a file, as a range.
pub const WHOLE: RangeInclusive<u64> = 0..=u64::MAX;

impl<'a> Selection<'a> {
    /// Selects the terms that have bytes of `range`, which ends with the file if it says more. A file without bytes has an
    /// answer for a range that begins with it: no terms.
    pub fn new(terms: &'a [Term], range: RangeInclusive<u64>) -> Result<Self, RangeError> {
        let (first, last) = range.into_inner();
        if last < first {
            return Err(RangeError::Inverted);
        }
        let mut ends = Vec::with_capacity(terms.len());
        let mut size_bytes = 0_u64;
        for term in terms {
            size_bytes += u64::from(term.raw_bytes);
            ends.push(size_bytes);
        }
        if size_bytes == 0 && first == 0 {
            return Ok(Self { terms: &[], wanted: 0..0 });
        }
        if first >= size_bytes {
            return Err(RangeError::PastEnd { size_bytes });
        }
        let end = last.saturating_add(1).min(size_bytes);
        let from = ends.partition_point(|term_end| *term_end <= first);
        let to = ends.partition_point(|term_end| *term_end < end) + 1;
        let skipped = from.checked_sub(1).map_or(0, |before| ends[before]);
        Ok(Self { terms: &terms[from..to], wanted: first - skipped..end - skipped })
    }

    /// The xorbs whose bounds are needed, each once, in order of their hashes.
    pub fn xorbs(&self) -> Vec<XetHash> {
        let mut xorbs: Vec<XetHash> = self.terms.iter().map(|term| term.xorb).collect();
        xorbs.sort_unstable();
        xorbs.dedup();
        xorbs
    }

    /// Trims the terms to the chunks that are needed and finds where those lie.
    pub fn plan<'b>(&self, bounds: impl Fn(&XetHash) -> Option<&'b Bounds>) -> Result<Plan, PlanError> {
        let mut terms = Vec::with_capacity(self.terms.len());
        let mut ranges: BTreeMap<XetHash, Vec<FetchRange>> = BTreeMap::new();
        let mut offset_bytes = 0;
        let mut start = 0_u64;
        for term in self.terms {
            let unfit = PlanError { xorb: term.xorb };
            let bounds = bounds(&term.xorb).ok_or(unfit)?;
            let raw = bounds.raw(term.chunks).ok_or(unfit)?;
            if raw.end - raw.start != u64::from(term.raw_bytes) {
                return Err(unfit);
            }
            let end = start + u64::from(term.raw_bytes);
            let wanted = self.wanted.start.max(start) - start..self.wanted.end.min(end) - start;
            let (chunks, skipped) = bounds.chunks_with(term.chunks, raw.start + wanted.start..raw.start + wanted.end);
            if terms.is_empty() {
                offset_bytes = skipped;
            }
            let packed = bounds.packed(chunks).ok_or(unfit)?;
            let raw_bytes = bounds.raw_bytes(chunks).ok_or(unfit)? as u32;
            terms.push(Term { xorb: term.xorb, chunks, raw_bytes });
            ranges.entry(term.xorb).or_default().push(FetchRange { chunks, bytes: ByteRange(packed) });
            start = end;
        }
        let fetches = ranges.into_iter().map(|(xorb, ranges)| Fetch { xorb, ranges: merged(ranges) }).collect();
        let wanted_bytes = self.wanted.end - self.wanted.start;
        Ok(Plan { offset_bytes, wanted_bytes, terms, fetches })
    }
}

impl Bounds {
    /// Of these chunks the ones that have bytes of `raw`, which is not empty and within them; and how many bytes of the
    /// first one come before.
    fn chunks_with(&self, chunks: ChunkRange, raw: Range<u64>) -> (ChunkRange, u64) {
        let ends = self.raw_ends(chunks);
        let first = ends.partition_point(|end| u64::from(*end) <= raw.start) as u32;
        let last = ends.partition_point(|end| u64::from(*end) < raw.end) as u32;
        let found = ChunkRange::new(chunks.start() + first, chunks.start() + last + 1)
            .expect("bytes within chunks are in at least one of them");
        let begins = self.raw(found).expect("part of chunks that are there").start;
        (found, raw.start - begins)
    }
}

/// Merges ranges of one xorb that touch or overlap; sorts them.
fn merged(mut ranges: Vec<FetchRange>) -> Vec<FetchRange> {
    ranges.sort_unstable_by_key(|range| range.chunks);
    let mut merged: Vec<FetchRange> = Vec::new();
    for range in ranges {
        if let Some(before) = merged.last_mut()
            && let Some(both) = before.chunks.joined(range.chunks)
        {
            before.chunks = both;
            before.bytes.0.end = before.bytes.0.end.max(range.bytes.0.end);
        } else {
            merged.push(range);
        }
    }
    merged
}

/// Bytes of a stored xorb. On the wire the last byte is named, and not the one after it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(into = "WireRange")]
pub struct ByteRange(pub Range<u64>);

#[derive(Serialize)]
struct WireRange {
    start: u64,
    end: u64,
}

impl From<ByteRange> for WireRange {
    fn from(ByteRange(range): ByteRange) -> Self {
        Self { start: range.start, end: range.end - 1 }
    }
}

/// Consecutive chunks of a xorb and where their records lie.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct FetchRange {
    /// The chunks.
    pub chunks: ChunkRange,
    /// Their records.
    pub bytes: ByteRange,
}

/// What is fetched of one xorb, in order and apart from each other.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Fetch {
    /// The xorb.
    pub xorb: XetHash,
    /// Which parts of it.
    pub ranges: Vec<FetchRange>,
}

/// How a range of a file is put together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// How many bytes of the first term come before the wanted ones.
    pub offset_bytes: u64,
    /// How many bytes are wanted, from there on.
    pub wanted_bytes: u64,
    /// The terms in the order of the file, trimmed to the chunks that are needed.
    pub terms: Vec<Term>,
    /// What is to be fetched, in order of the hashes of the xorbs.
    pub fetches: Vec<Fetch>,
}

impl Plan {
    /// What is to be fetched, with at most so many ranges under one link: one where a store serves no more, and otherwise
    /// as many as an address can name.
    pub fn fetches_of(&self, ranges_max: usize) -> impl Iterator<Item = Fetch> {
        self.fetches.iter().flat_map(move |fetch| {
            fetch.ranges.chunks(ranges_max.max(1)).map(|ranges| Fetch { xorb: fetch.xorb, ranges: ranges.to_vec() })
        })
    }
}

#[cfg(test)]
mod tests;
