//! The formats of Xet: large files as lists of chunks, chunks packed into xorbs, both described by shards.
//!
//! ```text
//! content ──chunker──▶ chunks ──chunk──▶ records ──xorb──▶ xorb (64 MiB)      found by its hash, kept whole
//! file  = terms                    term = xorb, chunks [from, to), bytes
//! shard = files with their terms, xorbs with their chunks                      what a client registers
//! ```
//! Clients make all of this and are not to be believed: [`XorbCheck`] decodes and hashes every chunk of a xorb while it
//! arrives, and [`ShardReader`] hands over claims together with the hashes that prove them. Both take slices of any size
//! and hold no more than one record. `docs/formats/xet.md` is the specification, with all that others leave out.

pub mod chunk;
mod chunker;
pub mod edit;
mod grouping;
mod hash;
mod lz4;
mod merkle;
pub mod reconstruction;
#[cfg(test)]
mod seeds;
pub mod shard;
pub mod xorb;

pub use chunker::{ChunkBuffer, Chunker};
pub use hash::{DedupKey, chunk_hash, is_dedup_eligible, range_hash};
pub use merkle::{HashTree, PartialTree, Stretch};
pub use shard::ShardReader;
pub use xorb::XorbCheck;

/// A file is cut into chunks of at most this size.
pub const CHUNK_MAX_BYTES: usize = 128 << 10;
/// A chunk has at least this size, unless the file ends.
pub const CHUNK_MIN_BYTES: usize = 8 << 10;
/// A xorb has at most this many chunks.
pub const XORB_MAX_CHUNKS: usize = 8192;
