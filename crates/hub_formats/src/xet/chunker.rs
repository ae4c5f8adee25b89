//! Cuts content into chunks where the content says so, so that an edit moves only the cuts beside it.
//!
//! A gear hash runs over the bytes: `h = (h << 1) + T[byte]`. A chunk ends where the upper 16 bits of the hash are zero and
//! the chunk has 8 KiB, or at 128 KiB; the hash begins anew with each chunk. Whoever cuts in another way finds nothing of
//! what was uploaded before, so this must be exact to the byte.

use gearhash::Hasher;

use super::{CHUNK_MAX_BYTES, CHUNK_MIN_BYTES};

const MASK: u64 = 0xffff << 48;
/// The hash forgets a byte after this many further ones.
const WINDOW_BYTES: usize = 64;
/// The hash need not see what it has forgotten when the first cut becomes possible.
const SKIPPED_BYTES: usize = CHUNK_MIN_BYTES - WINDOW_BYTES - 1;

/// Finds where chunks end, in content that arrives in slices of any size. Keeps none of it.
#[derive(Clone, Default, Debug)]
pub struct Chunker {
    hasher: Hasher<'static>,
    open_bytes: usize,
}

impl Chunker {
    /// A chunker at the beginning of a file.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes content up to the end of the chunk that is open: so many bytes of `content` belong to it. `None` if all of
    /// `content` belongs to it and it goes on; then give what follows, and otherwise give the rest again.
    pub fn next_end(&mut self, content: &[u8]) -> Option<usize> {
        let before = self.open_bytes;
        let end = content.len().min(CHUNK_MAX_BYTES - before);
        let mut at = SKIPPED_BYTES.saturating_sub(before).min(end);
        while at < end {
            match self.hasher.next_match(&content[at..end], MASK) {
                Some(step) => {
                    at += step;
                    if before + at >= CHUNK_MIN_BYTES {
                        return Some(self.cut(at));
                    }
                }
                None => at = end,
            }
        }
        if before + at == CHUNK_MAX_BYTES {
            return Some(self.cut(at));
        }
        self.open_bytes += at;
        None
    }

    fn cut(&mut self, at: usize) -> usize {
        self.hasher.set_hash(0);
        self.open_bytes = 0;
        at
    }
}

/// Cuts content that arrives in slices into whole chunks. Keeps only a chunk that is not yet complete.
#[derive(Clone, Default, Debug)]
pub struct ChunkBuffer {
    chunker: Chunker,
    open: Vec<u8>,
}

impl ChunkBuffer {
    /// A buffer at the beginning of a file.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next slice and calls `each` with every chunk that it completes.
    pub fn push<E>(&mut self, mut content: &[u8], mut each: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        while let Some(end) = self.chunker.next_end(content) {
            let (last, rest) = content.split_at(end);
            content = rest;
            if self.open.is_empty() {
                each(last)?;
            } else {
                self.open.extend_from_slice(last);
                let result = each(&self.open);
                self.open.clear();
                result?;
            }
        }
        self.open.extend_from_slice(content);
        Ok(())
    }

    /// The last chunk of the file, which may have any size; `None` if the file ended with a chunk, or is empty.
    pub fn finish(self) -> Option<Vec<u8>> {
        (!self.open.is_empty()).then_some(self.open)
    }
}

#[cfg(test)]
mod tests;
