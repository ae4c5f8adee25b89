//! Reading a pack that a client sends: every object is found, verified and handed over, in bounded memory.
//!
//! The first pass reads the entries as they come, copies them to a spool and hands over what is no delta. The second
//! goes through the deltas from their bases upwards (depth first) and reads them back from the spool. A base is held
//! while deltas on it are open; if too much is held, the lowest are dropped and unfolded again when they are needed.
//! Ids are computed by the SHA-1 that detects collisions, as git does. Whatever work a pack asks for is counted, so
//! that a small one cannot unfold without end.

mod entries;
mod resolve;

use std::io::{self, BufRead, Read, Seek, Write};

use hub_core::Oid;
use sha1_checked::Digest as _;

use super::super::delta::DeltaError;
use super::super::object::{ObjectError, ObjectKind};

/// What bounds the reading of a pack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PackLimits {
    /// The most objects.
    pub objects: u32,
    /// The most bytes of the pack.
    pub pack_bytes: u64,
    /// Objects up to this size are handed over with their content. A larger one may come as a whole and is then told by
    /// id and size alone; as a delta it is refused.
    pub held_object_bytes: u64,
    /// The most bytes of bases that are held at a time.
    pub held_bytes: u64,
    /// The most bytes that all objects together unfold to, repeated work included.
    pub unfolded_bytes: u64,
    /// How many of these every pack has, however small, and how many more for each of its own bytes. Histories of large
    /// files unfold to some hundred times their pack; what unfolds to much more keeps a server busy on purpose.
    pub unfolded_free_bytes: u64,
    /// See above.
    pub unfolded_per_byte: u64,
    /// The longest chain of deltas; git itself makes none beyond 4,095.
    pub chain: u32,
}

impl Default for PackLimits {
    fn default() -> Self {
        Self {
            objects: 10_000_000,
            pack_bytes: 16 << 30,
            held_object_bytes: 32 << 20,
            held_bytes: 96 << 20,
            unfolded_bytes: 256 << 30,
            unfolded_free_bytes: 1 << 30,
            unfolded_per_byte: 4_096,
            chain: 4_095,
        }
    }
}

/// Why a pack is refused. The message is for the person who pushed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The stream is no pack of version 2 or 3.
    #[error("what was sent is no pack")]
    NotAPack,
    /// The stream ends before the pack does.
    #[error("the pack is cut off: push again")]
    Truncated,
    /// The checksum at the end is another.
    #[error("the pack was damaged on its way (its checksum is wrong): push again")]
    Checksum,
    /// There are more objects, or more bytes, than allowed.
    #[error("the pack has {found} {what}, more than the {most} allowed here: push in several steps")]
    TooMuch {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        found: u64,
        /// How many are allowed.
        most: u64,
    },
    /// The objects unfold to more than allowed.
    #[error("the pack unfolds to more than the {most} bytes allowed here: push in several steps, large files by LFS")]
    Bomb {
        /// How many bytes are allowed.
        most: u64,
    },
    /// The head of an entry has a type that does not exist, or a size or offset that cannot be.
    #[error("the pack has a malformed entry at byte {at}")]
    BadEntry {
        /// Where the entry begins.
        at: u64,
    },
    /// The content of an entry cannot be inflated, or not to the size that its head tells.
    #[error("the pack has a damaged object at byte {at}")]
    BadStream {
        /// Where the entry begins.
        at: u64,
        /// What is wrong with it.
        #[source]
        reason: ObjectError,
    },
    /// A delta cannot be applied.
    #[error("the pack has a faulty delta at byte {at}: {reason}")]
    BadDelta {
        /// Where the entry begins.
        at: u64,
        /// What is wrong with it.
        reason: DeltaError,
    },
    /// A chain of deltas is longer than allowed.
    #[error("the pack has a chain of more than {most} deltas: repack with a lower --depth")]
    LongChain {
        /// How long a chain may be.
        most: u32,
    },
    /// Deltas whose base is neither in the pack nor in the repository, or that are each other's base.
    #[error("the pack has {count} deltas without a base; the first needs {first}")]
    MissingBase {
        /// How many.
        count: u64,
        /// What the first of them needs.
        first: Oid,
    },
    /// An object made to have the id of another.
    #[error("the object {oid} is an attempt at a SHA-1 collision")]
    Collision {
        /// The id that it would have.
        oid: Oid,
    },
    /// The input or the spool failed.
    #[error("reading the pack failed")]
    Io(#[from] io::Error),
}

/// An object of a pack, verified.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PackObject<'a> {
    /// Its id, computed from its content.
    pub oid: Oid,
    /// Its kind.
    pub kind: ObjectKind,
    /// Its size.
    pub size: u64,
    /// Its content; `None` if it is larger than [`PackLimits::held_object_bytes`].
    pub content: Option<&'a [u8]>,
    /// The zlib stream of the content as it came, if it came as a whole and in a stream of sensible length.
    pub stream: Option<&'a [u8]>,
    /// The delta as which it came, if it came as one and in a stream of sensible length.
    pub delta: Option<PackDelta<'a>>,
}

/// How an object came as a delta.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PackDelta<'a> {
    /// What it stands on: an object of the pack, handed over before, or one of the repository.
    pub base: Oid,
    /// How many bytes its stream inflates to.
    pub size: u64,
    /// Its zlib stream.
    pub stream: &'a [u8],
}

/// Takes the objects of a pack as they are found, and lends those of the repository as bases.
pub trait PackReceiver {
    /// How it fails. What is wrong with the pack itself becomes one of these too.
    type Error: From<PackError>;

    /// An object that the client believes the repository to have, as a base of deltas.
    fn base(&mut self, oid: Oid) -> Result<Option<(ObjectKind, Vec<u8>)>, Self::Error>;

    /// Takes an object. One that the pack has twice comes twice.
    fn object(&mut self, object: PackObject<'_>) -> Result<(), Self::Error>;
}

/// What a pack held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PackSummary {
    /// How many objects.
    pub objects: u32,
    /// How many of them came as deltas.
    pub deltas: u32,
    /// The bytes of the pack.
    pub pack_bytes: u64,
}

/// Reads one pack from `input`, not a byte more, and hands its objects to `receiver`. The bytes of the pack pass through
/// `spool`, which must be empty and is left as it is.
pub fn read_pack<R, S, P>(input: R, spool: S, limits: &PackLimits, receiver: &mut P) -> Result<PackSummary, P::Error>
where
    R: BufRead,
    S: Read + Write + Seek,
    P: PackReceiver,
{
    let mut entries = entries::Entries::new(input, spool, limits);
    let index = entries.read(receiver)?;
    let (spool, pack_bytes, mut unfolded) = entries.into_spool()?;
    let earned = pack_bytes.saturating_mul(limits.unfolded_per_byte).saturating_add(limits.unfolded_free_bytes);
    unfolded.most = unfolded.most.min(earned);
    let summary = PackSummary { objects: index.objects(), deltas: index.deltas(), pack_bytes };
    resolve::Resolver::new(index, (spool, pack_bytes), limits, unfolded, receiver).run()?;
    Ok(summary)
}

/// Computes the id of an object, and refuses one that was made to collide.
struct CheckedHasher(sha1_checked::Sha1);

impl CheckedHasher {
    fn new(kind: ObjectKind, size: u64) -> Self {
        let mut sha = sha1_checked::Sha1::new();
        sha.update(format!("{} {size}\0", kind.word()));
        Self(sha)
    }

    fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    fn finish(self) -> Result<Oid, PackError> {
        let result = self.0.try_finalize();
        let oid = Oid::new((*result.hash()).into());
        if result.has_collision() { Err(PackError::Collision { oid }) } else { Ok(oid) }
    }
}

fn checked_id(kind: ObjectKind, content: &[u8]) -> Result<Oid, PackError> {
    let mut hasher = CheckedHasher::new(kind, content.len() as u64);
    hasher.update(content);
    hasher.finish()
}

/// The longest stream of so many bytes that is worth keeping. By empty blocks one can be made as long as one likes.
fn sensible_stream_bytes(size: u64) -> u64 {
    size.saturating_add(size >> 3).saturating_add(64)
}

/// Counts what was unfolded against what is allowed.
#[derive(Clone, Copy, Debug)]
struct Unfolded {
    spent: u64,
    most: u64,
}

impl Unfolded {
    fn spend(&mut self, bytes: u64) -> Result<(), PackError> {
        self.spent = self.spent.saturating_add(bytes);
        if self.spent > self.most { Err(PackError::Bomb { most: self.most }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
