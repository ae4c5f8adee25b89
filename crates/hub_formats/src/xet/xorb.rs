//! A xorb: up to 8192 chunks in one object, named by the hash over all of them.
//!
//! ```text
//! xorb   = record*  [footer]          see `chunk` for a record, `footer` for the table that stands at the end
//! ```
//! The hash covers neither the footer nor how chunks are packed, so two bodies may differ under one hash. Clients send the
//! records; the server checks them, writes the footer from what it found, and later reads from the footer where each chunk
//! lies. Limits are the widest of those that clients keep: they cut at 64 MiB, some counting raw bytes and some packed
//! ones, so a body may be longer by the headers of its chunks, and its content as long as its chunks allow.

mod build;
mod check;
mod footer;
mod read;
mod records;

use std::ops::Range;

use hub_core::XetHash;
use serde::Serialize;

use super::chunk::{ChunkError, HEADER_BYTES};
use super::{CHUNK_MAX_BYTES, XORB_MAX_CHUNKS, range_hash};

pub use build::{Xorb, XorbBuilder};
pub use check::XorbCheck;
pub use footer::{FOOTER_MAX_BYTES, FooterError, footer_bytes};
pub use read::{ChunkReader, Piece};

/// The content at which clients, and we, begin another xorb.
pub const TARGET_BYTES: usize = 64 << 20;
/// A body has at most this length.
pub const BODY_MAX_BYTES: u64 = (TARGET_BYTES + HEADER_BYTES * XORB_MAX_CHUNKS) as u64;
/// An upload has at most this length: old clients send the footer too.
pub const UPLOAD_MAX_BYTES: u64 = BODY_MAX_BYTES + FOOTER_MAX_BYTES as u64;

/// Chunks of a xorb, from `start` up to and without `end`; never none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub struct ChunkRange {
    start: u32,
    end: u32,
}

impl ChunkRange {
    /// A range of at least one chunk, as far as a xorb can reach.
    pub const fn new(start: u32, end: u32) -> Option<Self> {
        if start < end && end as usize <= XORB_MAX_CHUNKS { Some(Self { start, end }) } else { None }
    }

    /// The first chunk.
    pub const fn start(self) -> u32 {
        self.start
    }

    /// The chunk after the last.
    pub const fn end(self) -> u32 {
        self.end
    }

    /// How many chunks these are: at least one.
    pub const fn count(self) -> u32 {
        self.end - self.start
    }

    /// Whether all chunks of `other` are among these.
    pub const fn contains(self, other: ChunkRange) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Both ranges as one, if they touch or overlap.
    pub fn joined(self, other: ChunkRange) -> Option<Self> {
        let touch = self.start <= other.end && other.start <= self.end;
        touch.then(|| Self { start: self.start.min(other.start), end: self.end.max(other.end) })
    }

    fn indices(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Why bytes are no xorb, or not the one that was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum XorbError {
    /// A record is not valid.
    #[error("chunk {index} is not valid")]
    Chunk {
        /// Which one.
        index: u32,
        /// What is wrong with it.
        #[source]
        error: ChunkError,
    },
    /// There is no chunk at all.
    #[error("a xorb has at least one chunk")]
    Empty,
    /// The body ends within a record.
    #[error("the xorb is cut off")]
    Truncated,
    /// The body is longer than a xorb may be.
    #[error("the xorb is longer than {BODY_MAX_BYTES} bytes")]
    TooLong,
    /// There are more chunks than a xorb may have.
    #[error("the xorb has more than {XORB_MAX_CHUNKS} chunks")]
    TooManyChunks,
    /// What follows the records is no footer.
    #[error("what follows the chunks is not a valid footer")]
    Footer(#[source] FooterError),
    /// The footer says something else than the records.
    #[error("the footer does not describe the chunks before it")]
    FooterMismatch,
    /// The chunks have another hash than the upload said.
    #[error("the chunks have the hash {actual}, not {expected}")]
    WrongHash {
        /// What was said.
        expected: XetHash,
        /// What it is.
        actual: XetHash,
    },
}

/// Where chunks lie, packed in the body and raw in the content: eight bytes for each, enough to answer downloads.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Bounds {
    /// Where each record ends in the body.
    packed_ends: Vec<u32>,
    /// Where each chunk ends in the content.
    raw_ends: Vec<u32>,
}

impl Bounds {
    /// How many chunks there are.
    pub fn count(&self) -> u32 {
        self.raw_ends.len() as u32
    }

    /// Where the records of `chunks` lie in the body; `None` if there are not so many.
    pub fn packed(&self, chunks: ChunkRange) -> Option<Range<u64>> {
        between(&self.packed_ends, chunks).map(|range| range.start.into()..range.end.into())
    }

    /// Where `chunks` lie in the content; `None` if there are not so many.
    pub fn raw(&self, chunks: ChunkRange) -> Option<Range<u64>> {
        between(&self.raw_ends, chunks).map(|range| range.start.into()..range.end.into())
    }

    /// The length of the content of `chunks`.
    pub fn raw_bytes(&self, chunks: ChunkRange) -> Option<u64> {
        self.raw(chunks).map(|range| range.end - range.start)
    }

    /// Where each of `chunks` ends in the content; none if there are not so many.
    pub(super) fn raw_ends(&self, chunks: ChunkRange) -> &[u32] {
        self.raw_ends.get(chunks.indices()).unwrap_or_default()
    }

    /// The length of the body: all records, without a footer.
    pub fn body_bytes(&self) -> u64 {
        self.packed_ends.last().copied().unwrap_or(0).into()
    }

    /// The length of all content.
    pub fn content_bytes(&self) -> u64 {
        self.raw_ends.last().copied().unwrap_or(0).into()
    }

    /// Adds a record; the caller has seen to it that the body stays below its limits, which bound the content too.
    fn push(&mut self, record_bytes: usize, raw_bytes: usize) {
        self.packed_ends.push(self.body_bytes() as u32 + record_bytes as u32);
        self.raw_ends.push(self.content_bytes() as u32 + raw_bytes as u32);
    }

    /// Whether each chunk has a size that a record can have.
    fn is_possible(&self) -> bool {
        let sizes = |ends: &[u32], min: usize, max: usize| {
            let mut start = 0_u32;
            ends.iter().all(|end| {
                let size = end.checked_sub(start);
                start = *end;
                size.is_some_and(|size| (min..=max).contains(&(size as usize)))
            })
        };
        sizes(&self.packed_ends, HEADER_BYTES + 1, HEADER_BYTES + super::chunk::PACKED_MAX_BYTES)
            && sizes(&self.raw_ends, 1, CHUNK_MAX_BYTES)
    }
}

fn between(ends: &[u32], chunks: ChunkRange) -> Option<Range<u32>> {
    let end = *ends.get(chunks.end as usize - 1)?;
    let start = match chunks.start {
        0 => 0,
        start => ends[start as usize - 1],
    };
    Some(start..end)
}

/// What there is to know of a xorb beside its bytes: its hash, and hash and place of each chunk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct XorbTable {
    hash: XetHash,
    chunks: Vec<XetHash>,
    bounds: Bounds,
}

impl XorbTable {
    /// The hash of the xorb.
    pub fn hash(&self) -> XetHash {
        self.hash
    }

    /// The hashes of all chunks.
    pub fn chunks(&self) -> &[XetHash] {
        &self.chunks
    }

    /// Where the chunks lie.
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// The chunks of a range with their lengths, as a [`HashTree`](super::HashTree) takes them.
    pub fn sized_chunks(&self, chunks: ChunkRange) -> Option<impl Iterator<Item = (XetHash, u64)>> {
        let hashes = self.chunks.get(chunks.indices())?;
        let mut start = self.bounds.raw(chunks)?.start;
        let ends = &self.bounds.raw_ends[chunks.indices()];
        Some(hashes.iter().zip(ends).map(move |(hash, end)| {
            let size = u64::from(*end) - start;
            start = (*end).into();
            (*hash, size)
        }))
    }

    /// The hash by which a client proves that it knows these chunks.
    pub fn range_hash(&self, chunks: ChunkRange) -> Option<XetHash> {
        self.chunks.get(chunks.indices()).map(range_hash)
    }
}

#[cfg(test)]
mod tests;
