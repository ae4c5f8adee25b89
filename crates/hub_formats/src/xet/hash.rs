//! The hashes of Xet: BLAKE3 under one key for each purpose, so that a hash of one kind is never one of another.

use hub_core::XetHash;

const DATA_KEY: [u8; 32] = [
    0x66, 0x97, 0xf5, 0x77, 0x5b, 0x95, 0x50, 0xde, 0x31, 0x35, 0xcb, 0xac, 0xa5, 0x97, 0x18, 0x1c, 0x9d, 0xe4, 0x21,
    0x10, 0x9b, 0xeb, 0x2b, 0x58, 0xb4, 0xd0, 0xb0, 0x4b, 0x93, 0xad, 0xf2, 0x29,
];
const NODE_KEY: [u8; 32] = [
    0x01, 0x7e, 0xc5, 0xc7, 0xa5, 0x47, 0x29, 0x96, 0xfd, 0x94, 0x66, 0x66, 0xb4, 0x8a, 0x02, 0xe6, 0x5d, 0xdd, 0x53,
    0x6f, 0x37, 0xc7, 0x6d, 0xd2, 0xf8, 0x63, 0x52, 0xe6, 0x4a, 0x53, 0x71, 0x3f,
];
const RANGE_KEY: [u8; 32] = [
    0x7f, 0x18, 0x57, 0xd6, 0xce, 0x56, 0xed, 0x66, 0x12, 0x7f, 0xf9, 0x13, 0xe7, 0xa5, 0xc3, 0xf3, 0xa4, 0xcd, 0x26,
    0xd5, 0xb5, 0xdb, 0x49, 0xe6, 0x41, 0x24, 0x98, 0x7f, 0x28, 0xfb, 0x94, 0xc3,
];
/// One chunk of this many is a candidate for a dedup query, chosen by its hash.
const DEDUP_ONE_OF: u64 = 1024;

/// The hash of a chunk's content.
pub fn chunk_hash(content: &[u8]) -> XetHash {
    keyed(&DATA_KEY, content)
}

/// The hash of a group of nodes of the tree, given as text.
pub(super) fn node_hash(text: &[u8]) -> XetHash {
    keyed(&NODE_KEY, text)
}

/// The hash that proves to a server that the client knows the chunks of a term.
///
/// Hashes of chunks are told to nobody, so only who has the content can compute this.
pub fn range_hash(chunks: &[XetHash]) -> XetHash {
    let mut hasher = blake3::Hasher::new_keyed(&RANGE_KEY);
    for chunk in chunks {
        hasher.update(chunk.as_bytes());
    }
    XetHash::new(*hasher.finalize().as_bytes())
}

/// The hash of a file, from the root of the tree of its chunks: the root under a salt, which is zeros for everyone.
pub(super) fn salted(root: XetHash) -> XetHash {
    keyed(&[0; 32], root.as_bytes())
}

/// Whether clients ask for a chunk with this hash when they look for content that is already stored. The first chunk of a
/// file is a candidate as well, whatever its hash.
pub fn is_dedup_eligible(chunk: &XetHash) -> bool {
    last_number(chunk).is_multiple_of(DEDUP_ONE_OF)
}

/// The last eight bytes as a number: what cuts and choices are made by.
pub(super) fn last_number(hash: &XetHash) -> u64 {
    let (_, last) = hash.as_bytes().split_last_chunk().expect("a hash has 32 bytes");
    u64::from_le_bytes(*last)
}

fn keyed(key: &[u8; 32], content: &[u8]) -> XetHash {
    XetHash::new(*blake3::keyed_hash(key, content).as_bytes())
}

/// The key under which answers to dedup queries hide hashes of chunks: a client recognises the chunks that it has, and
/// learns nothing of others. A key of zeros means "not hidden" and is no key.
#[derive(Clone)]
pub struct DedupKey([u8; 32]);

impl DedupKey {
    /// Takes 32 random bytes; `None` if all are zero.
    pub fn new(bytes: [u8; 32]) -> Option<Self> {
        (bytes != [0; 32]).then_some(Self(bytes))
    }

    /// The key, as the answer carries it: its receiver hides its own hashes with it, to compare.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Hides the hash of a chunk. The protocol calls this an HMAC, but it is BLAKE3 with a key.
    pub fn hide(&self, chunk: &XetHash) -> XetHash {
        keyed(&self.0, chunk.as_bytes())
    }
}

impl std::fmt::Debug for DedupKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DedupKey(..)")
    }
}

#[cfg(test)]
mod tests;
