//! Packs: many objects in one stream, as fetches and pushes carry them.
//!
//! ```text
//! pack   = "PACK" version(4)=2|3 count(4) entry{count} SHA-1(20) of all before       numbers are big-endian
//! entry  = type-and-size [base] zlib-stream
//! type-and-size = 1ttt.ssss 1sssssss* 0sssssss      t: 1 commit, 2 tree, 3 blob, 4 tag, 6 offset delta, 7 id delta
//! base   = how far before this entry its base begins (6), or the id of the base (7)
//! ```
//! [`encode`] writes packs from stored streams without compressing anything again; [`read`] reads what clients push.

pub mod encode;
pub mod read;

pub use encode::{DeltaBase, PackEncoder, StreamCompressor};
pub use read::{PackDelta, PackError, PackLimits, PackObject, PackReceiver, PackSummary, read_pack};

use super::ObjectKind;

const SIGNATURE: &[u8; 4] = b"PACK";
const HEADER_BYTES: usize = 12;
const CHECKSUM_BYTES: usize = 20;
const OFFSET_DELTA: u8 = 6;
const ID_DELTA: u8 = 7;

/// The number of a kind in the head of an entry.
const fn type_number(kind: ObjectKind) -> u8 {
    kind.to_db() as u8
}
