//! A shard: what files are made of, and what xorbs hold. Clients register files with it, and learn from it what they need
//! not upload.
//!
//! ```text
//! shard  = header  file*  bookend  xorb*  bookend  [tables  footer]         everything in records of 48 bytes
//! header = magic (32 bytes)  2 (u64)  length of the footer (u64): 0, or 200
//! file   = hash  flags (u32)  n (u32)  0 (u64)
//!          term * n            = xorb hash  flags (u32)  bytes (u32)  first chunk (u32)  chunk after the last (u32)
//!          range hash * n      if flags has bit 31: of the chunks of each term, then 16 bytes
//!          SHA-256             if flags has bit 30: each eight bytes turned round, then 16 bytes
//! xorb   = hash  flags (u32)  n (u32)  raw bytes (u32)  stored bytes (u32)
//!          chunk * n           = hash  offset (u32)  bytes (u32)  flags (u32)  0 (u32)
//! bookend = 32 bytes 0xff, then zeros
//! footer = 1 (u64)  where files and xorbs begin (u64 * 2)  three tables, each where and how many (u64 * 6)  key (32 bytes)
//!          created (u64)  expires (u64)  0 (u64 * 6)  stored, materialized and raw bytes (u64 * 3)  where it begins (u64)
//! ```
//! Numbers are little endian, times in seconds since 1970. A shard from a client is a list of claims. That a client knows the
//! content of a term is proved by the range hash and by nothing else, so [`ShardFile::proven_terms`] is the way to the terms.
//! A claimed size of a xorb, its claimed chunks and the footer prove nothing and decide nothing.

mod read;
mod write;

use hub_core::{Sha256, XetHash};

use super::xorb::{ChunkRange, XorbTable};
use super::{CHUNK_MAX_BYTES, is_dedup_eligible};

pub use read::{ShardEnd, ShardItem, ShardReader};
pub use write::{DedupAnswer, write_upload};

/// Clients begin another shard at 64 MiB; the last file or xorb may go beyond.
pub const SHARD_MAX_BYTES: u64 = 80 << 20;
/// The length of a footer.
pub const FOOTER_BYTES: usize = 200;
const RECORD_BYTES: usize = 48;
const MAGIC: [u8; 32] = *b"HFRepoMetaData\0\x55\x69\x67\x45\x6a\x7b\x81\x57\x83\xa5\xbd\xd9\x5c\xcd\xd1\x4a\xa9";
const VERSION: u64 = 2;
const FOOTER_VERSION: u64 = 1;
const BOOKEND: [u8; 32] = [0xff; 32];
const WITH_RANGE_HASHES: u32 = 1 << 31;
const WITH_SHA256: u32 = 1 << 30;
const DEDUP_ELIGIBLE: u32 = 1 << 31;

/// Why bytes are no shard that can be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// The first 32 bytes are others.
    #[error("the shard does not begin with the mark of shards")]
    NotShard,
    /// A version of the shard that is not known.
    #[error("version {version} of shards is not known")]
    Version {
        /// What the shard says.
        version: u64,
    },
    /// A footer of a length that no shard has, or that is not there.
    #[error("the footer of the shard is missing or has the wrong length")]
    Footer,
    /// The shard ends within a section.
    #[error("the shard is cut off")]
    Truncated,
    /// Something follows the end.
    #[error("bytes follow the end of the shard")]
    Trailing,
    /// The shard is longer than is read, or says that it is.
    #[error("the shard is longer than {SHARD_MAX_BYTES} bytes")]
    TooLong,
    /// A term has no chunks, or chunks or a size that no xorb can have.
    #[error("term {term} of file {file} is not possible")]
    Term {
        /// Of which file.
        file: XetHash,
        /// Which term.
        term: usize,
    },
    /// A xorb has more chunks than it can have.
    #[error("xorb {xorb} has too many chunks")]
    TooManyChunks {
        /// Which one.
        xorb: XetHash,
    },
    /// A file comes without the hashes that prove that the client knows its content.
    #[error("file {file} comes without verification hashes, so nothing shows that the sender has its content")]
    Unproven {
        /// Which file.
        file: XetHash,
    },
}

/// A piece of a file: consecutive chunks of one xorb.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Term {
    /// The xorb.
    pub xorb: XetHash,
    /// Which of its chunks.
    pub chunks: ChunkRange,
    /// The length of their content.
    pub raw_bytes: u32,
}

impl Term {
    /// Whether the content of so many chunks can have this length.
    fn is_possible(&self) -> bool {
        let chunks = u64::from(self.chunks.count());
        (chunks..=chunks * CHUNK_MAX_BYTES as u64).contains(&self.raw_bytes.into())
    }
}

/// What a shard says of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShardFile {
    /// The hash of the file: zeros if it is empty.
    pub hash: XetHash,
    /// Its content.
    pub terms: Vec<Term>,
    /// For each term the hash that proves that its chunks are known.
    pub range_hashes: Option<Vec<XetHash>>,
    /// The digest that git-lfs would name the file by. Clients give zeros for the empty file, and none for buckets.
    pub sha256: Option<Sha256>,
}

impl ShardFile {
    /// The length of the file.
    pub fn size_bytes(&self) -> u64 {
        self.terms.iter().map(|term| u64::from(term.raw_bytes)).sum()
    }

    /// Each term with the hash that must be the [range hash](super::range_hash) of its chunks.
    pub fn proven_terms(&self) -> Result<impl ExactSizeIterator<Item = (Term, XetHash)>, ShardError> {
        let hashes = match &self.range_hashes {
            Some(hashes) if hashes.len() == self.terms.len() => &hashes[..],
            None if self.terms.is_empty() => &[],
            _ => return Err(ShardError::Unproven { file: self.hash }),
        };
        Ok(self.terms.iter().copied().zip(hashes.iter().copied()))
    }
}

/// What a shard says of a xorb.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShardXorb {
    /// The hash of the xorb.
    pub hash: XetHash,
    /// The length of its content.
    pub raw_bytes: u32,
    /// The length of its body, or 0.
    pub stored_bytes: u32,
    /// Its chunks.
    pub chunks: Vec<ShardChunk>,
}

/// What a shard says of a chunk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShardChunk {
    /// The hash of the chunk; in an answer to a dedup query it is hidden.
    pub hash: XetHash,
    /// Where it begins in the content of the xorb.
    pub offset: u32,
    /// Its length.
    pub raw_bytes: u32,
    /// Whether clients may ask for it, whatever its hash: the first chunk of a file is marked so.
    pub is_marked: bool,
}

impl ShardChunk {
    /// Whether clients ask for this chunk.
    pub fn is_dedup_eligible(&self) -> bool {
        self.is_marked || is_dedup_eligible(&self.hash)
    }
}

impl From<&XorbTable> for ShardXorb {
    fn from(table: &XorbTable) -> Self {
        let bounds = table.bounds();
        let mut offset = 0;
        let all = ChunkRange::new(0, bounds.count()).and_then(|all| table.sized_chunks(all));
        let chunks = all.into_iter().flatten().map(|(hash, size)| {
            let raw_bytes = size as u32;
            let chunk = ShardChunk { hash, offset, raw_bytes, is_marked: is_dedup_eligible(&hash) };
            offset += raw_bytes;
            chunk
        });
        Self {
            hash: table.hash(),
            raw_bytes: bounds.content_bytes() as u32,
            stored_bytes: bounds.body_bytes() as u32,
            chunks: chunks.collect(),
        }
    }
}

#[cfg(test)]
mod tests;
