//! What all git objects share: a kind, an id, and the compressed form in which they are kept and sent.
//!
//! ```text
//! id      = SHA-1 of  kind SP length NUL content      (length in decimal)
//! stored  = zlib stream of the content alone, as an entry of a pack has it
//! ```
//! Storing the very stream that packs carry lets a clone be written without compressing anything again.

use std::io::Read;

use flate2::bufread::ZlibDecoder;
use flate2::{Compress, Compression, FlushCompress, Status};
use hub_core::Oid;
use sha1::{Digest, Sha1};

/// The kind of a git object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ObjectKind {
    /// A state of the whole tree with its history.
    Commit,
    /// One folder.
    Tree,
    /// The content of one file.
    Blob,
    /// An annotated tag.
    Tag,
}

impl ObjectKind {
    /// Every kind.
    pub const ALL: [ObjectKind; 4] = [ObjectKind::Commit, ObjectKind::Tree, ObjectKind::Blob, ObjectKind::Tag];

    /// The number under which rows, and packs, hold the kind.
    pub const fn to_db(self) -> i64 {
        match self {
            ObjectKind::Commit => 1,
            ObjectKind::Tree => 2,
            ObjectKind::Blob => 3,
            ObjectKind::Tag => 4,
        }
    }

    /// Reads the number of a row or of a pack entry.
    pub fn from_db(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.to_db() == number)
    }

    /// The word that stands in the header of an object: `commit`, `tree`, `blob`, `tag`.
    pub const fn word(self) -> &'static str {
        match self {
            ObjectKind::Commit => "commit",
            ObjectKind::Tree => "tree",
            ObjectKind::Blob => "blob",
            ObjectKind::Tag => "tag",
        }
    }

    /// Reads the word of a header.
    pub fn from_word(word: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word().as_bytes() == word)
    }
}

impl std::fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// Why bytes are no git object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// The stored bytes are no whole zlib stream, or something follows it.
    #[error("the object is not a complete zlib stream")]
    NotZlib,
    /// The stream holds another number of bytes than its row or pack entry says.
    #[error("the object does not have {expected} bytes")]
    WrongSize {
        /// What the row or entry says.
        expected: u64,
    },
    /// A tree's entry is cut off or has a mode or name that git would not write.
    #[error("the tree has a malformed entry")]
    MalformedTree,
    /// Two entries of a tree have the same name.
    #[error("the tree names an entry twice")]
    DuplicateEntry,
    /// A header line of a commit or tag is missing, out of order or malformed.
    #[error("the object has no valid '{header}' line")]
    MalformedHeader {
        /// The line that was expected.
        header: &'static str,
    },
}

/// The id that git gives to `content` as an object of this kind.
pub fn object_id(kind: ObjectKind, content: &[u8]) -> Oid {
    let mut hasher = ObjectHasher::new(kind, content.len() as u64);
    hasher.update(content);
    hasher.finish()
}

/// Computes an object's id from content that arrives in pieces; the length must be known first.
#[derive(Clone, Debug)]
pub struct ObjectHasher(Sha1);

impl ObjectHasher {
    /// Begins an object of `size_bytes` bytes.
    pub fn new(kind: ObjectKind, size_bytes: u64) -> Self {
        let mut sha = Sha1::new();
        sha.update(format!("{} {size_bytes}\0", kind.word()));
        Self(sha)
    }

    /// Takes the next piece of the content.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The id of what was given.
    pub fn finish(self) -> Oid {
        Oid::new(self.0.finalize().into())
    }
}

/// The fastest level: trees and hashes hardly shrink at all, and what is large goes to the blob store instead.
const LEVEL: u32 = 1;

/// Compresses an object's content into the stream in which rows and packs hold it.
pub fn compress(content: &[u8]) -> Vec<u8> {
    Compressor::default().compress(content)
}

/// What [`compress`] works with, kept for the next object: it takes some 300 KiB, and to allocate and clear them takes
/// longer than to compress a small file.
pub struct Compressor(Compress);

impl Default for Compressor {
    fn default() -> Self {
        Self(Compress::new(Compression::new(LEVEL), true))
    }
}

impl std::fmt::Debug for Compressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Compressor")
    }
}

impl Compressor {
    /// Compresses one object's content.
    pub fn compress(&mut self, content: &[u8]) -> Vec<u8> {
        self.0.reset();
        let mut packed = Vec::with_capacity(content.len() / 2 + 64);
        loop {
            let rest = content.get(self.0.total_in() as usize..).unwrap_or_default();
            let status = self.0.compress_vec(rest, &mut packed, FlushCompress::Finish);
            match status.expect("a stream in memory cannot fail") {
                Status::StreamEnd => return packed,
                Status::Ok | Status::BufError => packed.reserve(packed.len().max(64)),
            }
        }
    }
}

/// No deflate stream grows by more than this factor, so a longer promise in a row or pack need not be believed.
const DEFLATE_MAX_RATIO: u64 = 1032;

/// Reads a stream made by [`compress`] or by git; exactly `expected_size` bytes must come out of it.
pub fn decompress(packed: &[u8], expected_size: u64) -> Result<Vec<u8>, ObjectError> {
    let possible = (packed.len() as u64).saturating_mul(DEFLATE_MAX_RATIO);
    if expected_size > possible {
        return Err(ObjectError::WrongSize { expected: expected_size });
    }
    let capacity = usize::try_from(expected_size).map_err(|_| ObjectError::WrongSize { expected: expected_size })?;
    let mut content = Vec::with_capacity(capacity);
    let mut decoder = ZlibDecoder::new(packed);
    // One byte more than expected is asked for: it tells a longer stream, and makes the decoder check the sum at the end.
    decoder.by_ref().take(expected_size + 1).read_to_end(&mut content).map_err(|_| ObjectError::NotZlib)?;
    if content.len() as u64 != expected_size {
        return Err(ObjectError::WrongSize { expected: expected_size });
    }
    if decoder.total_in() != packed.len() as u64 {
        return Err(ObjectError::NotZlib);
    }
    Ok(content)
}

#[cfg(test)]
mod tests;
