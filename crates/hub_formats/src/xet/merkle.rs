//! The tree that makes one hash of many: of the chunks of a xorb, or of the chunks of a file.
//!
//! ```text
//! node  = hash, length                      a chunk is a node
//! level = nodes, cut into groups from the left; each group is one node of the level above, until one node is left
//! group = at least 3 nodes, up to and with the first whose last eight bytes are a multiple of 4, or 9 nodes;
//!         only the last group of a level may be smaller, down to 1
//! hash of a group   = of the text  (hash " : " length "\n")*      length in decimal
//! length of a group = the sum
//! ```
//! A group is complete as soon as its last node is known, so a tree is built while nodes arrive and holds at most eight of
//! them for each level: a file of any size needs a few kilobytes.

mod partial;

use hub_core::XetHash;

use super::hash::{last_number, node_hash, salted};

pub use partial::{PartialTree, Stretch};

const GROUP_MIN_NODES: usize = 3;
const GROUP_MAX_NODES: usize = 9;
/// On average one node of this many ends a group.
const CUT_ONE_OF: u64 = 4;
/// A hash, " : ", twenty digits and a line end.
const LINE_MAX_BYTES: usize = 64 + 3 + 20 + 1;

#[derive(Clone, Copy, Debug)]
struct Node {
    hash: XetHash,
    size_bytes: u64,
}

#[derive(Clone, Default, Debug)]
struct Level {
    /// Nodes since the last cut.
    open: Vec<Node>,
    /// Whether a group of this level was completed before.
    cut: bool,
}

/// A tree of hashes that grows at its right end.
#[derive(Clone, Default, Debug)]
pub struct HashTree {
    levels: Vec<Level>,
}

impl HashTree {
    /// A tree without nodes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next chunk: the hash and the length of its content.
    pub fn push(&mut self, chunk: XetHash, size_bytes: u64) {
        self.push_at(0, Node { hash: chunk, size_bytes });
    }

    /// The hash of a xorb that has these chunks. A single chunk gives its own hash to the xorb; none gives zeros.
    pub fn xorb_hash(self) -> XetHash {
        self.root().unwrap_or(XetHash::ZERO)
    }

    /// The hash of a file that has these chunks; of the empty file it is zeros.
    pub fn file_hash(self) -> XetHash {
        self.root().map_or(XetHash::ZERO, salted)
    }

    fn push_at(&mut self, mut level: usize, mut node: Node) {
        loop {
            if level == self.levels.len() {
                self.levels.push(Level::default());
            }
            let Level { open, cut } = &mut self.levels[level];
            open.push(node);
            let ends = open.len() >= GROUP_MIN_NODES && last_number(&node.hash).is_multiple_of(CUT_ONE_OF);
            if !ends && open.len() < GROUP_MAX_NODES {
                return;
            }
            node = group(open);
            open.clear();
            *cut = true;
            level += 1;
        }
    }

    fn root(mut self) -> Option<XetHash> {
        let mut at = 0;
        loop {
            let level = self.levels.get(at)?;
            match (&level.open[..], level.cut) {
                ([only], false) => return Some(only.hash),
                ([], _) => {}
                (rest, _) => {
                    let node = group(rest);
                    self.push_at(at + 1, node);
                }
            }
            at += 1;
        }
    }
}

impl Extend<(XetHash, u64)> for HashTree {
    fn extend<I: IntoIterator<Item = (XetHash, u64)>>(&mut self, chunks: I) {
        for (chunk, size_bytes) in chunks {
            self.push(chunk, size_bytes);
        }
    }
}

impl FromIterator<(XetHash, u64)> for HashTree {
    fn from_iter<I: IntoIterator<Item = (XetHash, u64)>>(chunks: I) -> Self {
        let mut tree = Self::new();
        tree.extend(chunks);
        tree
    }
}

/// The node of a group of at most nine.
fn group(nodes: &[Node]) -> Node {
    let mut text = [0; GROUP_MAX_NODES * LINE_MAX_BYTES];
    let mut end = 0;
    let mut size_bytes = 0_u64;
    for node in nodes {
        end = write_line(&mut text, end, node);
        size_bytes = size_bytes.saturating_add(node.size_bytes);
    }
    Node { hash: node_hash(&text[..end]), size_bytes }
}

/// Writes the line of a node and returns where it ends. By hand, because a file of a terabyte has twenty million of them.
fn write_line(text: &mut [u8], mut at: usize, node: &Node) -> usize {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for eight in node.hash.as_bytes().chunks_exact(8) {
        for byte in eight.iter().rev() {
            text[at] = DIGITS[usize::from(byte >> 4)];
            text[at + 1] = DIGITS[usize::from(byte & 15)];
            at += 2;
        }
    }
    text[at..at + 3].copy_from_slice(b" : ");
    at += 3;
    let digits = node.size_bytes.checked_ilog10().unwrap_or(0) as usize + 1;
    let mut number = node.size_bytes;
    for place in text[at..at + digits].iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
    at += digits;
    text[at] = b'\n';
    at + 1
}

#[cfg(test)]
mod tests;
