//! Makes xorbs of chunks: for what arrives by other ways than Xet.

use hub_core::XetHash;

use super::super::chunk::ChunkEncoder;
use super::super::{HashTree, XORB_MAX_CHUNKS};
use super::{Bounds, TARGET_BYTES, XorbTable};

/// A whole xorb: its body, without a footer, and the table that becomes one.
#[derive(Debug)]
pub struct Xorb {
    /// The records.
    pub body: Vec<u8>,
    /// What they hold.
    pub table: XorbTable,
}

/// Packs chunks into a xorb, one after the other.
#[derive(Default, Debug)]
pub struct XorbBuilder {
    encoder: ChunkEncoder,
    body: Vec<u8>,
    chunks: Vec<XetHash>,
    bounds: Bounds,
    tree: HashTree,
}

impl XorbBuilder {
    /// A builder without chunks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether a chunk of so many bytes still fits.
    pub fn has_room(&self, raw_bytes: usize) -> bool {
        self.chunks.len() < XORB_MAX_CHUNKS && self.bounds.content_bytes() as usize + raw_bytes <= TARGET_BYTES
    }

    /// How many chunks there are.
    pub fn count(&self) -> u32 {
        self.bounds.count()
    }

    /// The length of the content so far.
    pub fn content_bytes(&self) -> u64 {
        self.bounds.content_bytes()
    }

    /// Packs a chunk with this hash and gives its place.
    ///
    /// # Panics
    /// If there is no room for it, or its size is not that of a chunk.
    pub fn push(&mut self, hash: XetHash, content: &[u8]) -> u32 {
        assert!(self.has_room(content.len()), "the xorb is full");
        let index = self.count();
        let header = self.encoder.encode(content, &mut self.body);
        self.chunks.push(hash);
        self.bounds.push(header.record_bytes(), header.raw_bytes());
        self.tree.push(hash, content.len() as u64);
        index
    }

    /// Ends the xorb and begins another one; `None` if it has no chunks.
    pub fn finish(&mut self) -> Option<Xorb> {
        if self.chunks.is_empty() {
            return None;
        }
        let hash = std::mem::take(&mut self.tree).xorb_hash();
        let table =
            XorbTable { hash, chunks: std::mem::take(&mut self.chunks), bounds: std::mem::take(&mut self.bounds) };
        Some(Xorb { body: std::mem::take(&mut self.body), table })
    }
}
