//! LZ4 frames, as far as chunks use them; the blocks inside are left to `lz4_flex`.
//!
//! ```text
//! frame = magic (u32)  flags (u8)  block size (u8)  [content size (u64)]  header check (u8)  block*  0 (u32)  [check (u32)]
//! block = size (u32, upper bit: stored as it is)  bytes  [check (u32)]
//! ```
//! The reader of the frame that comes with `lz4_flex` takes buffers of the size that a frame asks for, up to 8 MiB for each
//! chunk, reads on after the end and takes an empty block or the end of the input for the end of the frame. Here the frame
//! is exactly its bytes, the output exactly the space given, nothing is allocated, and all that clients do not agree about
//! is refused: empty blocks, dictionaries, several frames, a missing end.

use lz4_flex::block::{
    CompressTable, compress_into_with_table, decompress_into, decompress_into_with_dict, get_maximum_output_size,
};
use twox_hash::XxHash32;

use super::CHUNK_MAX_BYTES;

const MAGIC: [u8; 4] = 0x184d_2204_u32.to_le_bytes();
const VERSION_MASK: u8 = 0b1100_0000;
const VERSION: u8 = 0b0100_0000;
const INDEPENDENT: u8 = 0b0010_0000;
const BLOCK_CHECKS: u8 = 0b0001_0000;
const CONTENT_SIZE: u8 = 0b0000_1000;
const CONTENT_CHECK: u8 = 0b0000_0100;
/// A reserved bit, and the one that says that a dictionary is needed.
const UNSUPPORTED: u8 = 0b0000_0011;
const STORED: u32 = 1 << 31;
/// Block sizes are 64 KiB, 256 KiB, 1 MiB, 4 MiB under the numbers 4 to 7.
const BLOCK_SIZE_64_KIB: u8 = 4;
const BLOCK_SIZE_256_KIB: u8 = 5;
const WINDOW_BYTES: usize = 64 << 10;
/// What a frame of one block that does not shrink has beyond its content.
pub(super) const FRAME_EXTRA_BYTES: usize = 4 + 3 + 4 + 4;

/// Why bytes are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Lz4Error {
    /// Something is missing before the end of the frame.
    #[error("the LZ4 frame is cut off")]
    Truncated,
    /// Something follows the frame.
    #[error("bytes follow the end of the LZ4 frame")]
    Trailing,
    /// Not the header of a frame, or of a version or with a feature that clients do not read.
    #[error("the header of the LZ4 frame is not valid")]
    Header,
    /// A block is empty, larger than its frame allows, or does not decode.
    #[error("a block of the LZ4 frame is not valid")]
    Block,
    /// A check of the header, a block or the content fails.
    #[error("a checksum of the LZ4 frame does not match")]
    Check,
    /// The content has another length than was promised.
    #[error("the LZ4 frame does not hold the promised number of bytes")]
    Length,
}

/// Takes the parts of a frame off its front.
struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Lz4Error> {
        let (part, rest) = self.0.split_at_checked(count).ok_or(Lz4Error::Truncated)?;
        self.0 = rest;
        Ok(part)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Lz4Error> {
        let (part, rest) = self.0.split_first_chunk().ok_or(Lz4Error::Truncated)?;
        self.0 = rest;
        Ok(*part)
    }

    fn number(&mut self) -> Result<u32, Lz4Error> {
        self.array().map(u32::from_le_bytes)
    }

    fn check(&mut self, content: &[u8]) -> Result<(), Lz4Error> {
        if self.number()? == XxHash32::oneshot(0, content) { Ok(()) } else { Err(Lz4Error::Check) }
    }
}

/// Decodes a frame that is all of `frame` and whose content is to fill `content`.
pub(super) fn decode(frame: &[u8], content: &mut [u8]) -> Result<(), Lz4Error> {
    let mut parts = Parts(frame);
    let (flags, block_max) = header(&mut parts, content.len())?;
    let mut filled = 0;
    loop {
        let size = parts.number()?;
        if size == 0 {
            break;
        }
        let block = parts.take((size & !STORED) as usize)?;
        if block.len() > block_max {
            return Err(Lz4Error::Block);
        }
        if flags & BLOCK_CHECKS != 0 {
            parts.check(block)?;
        }
        let (done, open) = content.split_at_mut(filled);
        let room = open.len().min(block_max);
        let open = &mut open[..room];
        let written = if size & STORED != 0 {
            open.get_mut(..block.len()).ok_or(Lz4Error::Length)?.copy_from_slice(block);
            block.len()
        } else {
            let window = &done[filled.saturating_sub(WINDOW_BYTES)..];
            if flags & INDEPENDENT != 0 || window.is_empty() {
                decompress_into(block, open)
            } else {
                decompress_into_with_dict(block, open, window)
            }
            .map_err(|_| Lz4Error::Block)?
        };
        if written == 0 {
            return Err(Lz4Error::Block);
        }
        filled += written;
    }
    if filled != content.len() {
        return Err(Lz4Error::Length);
    }
    if flags & CONTENT_CHECK != 0 {
        parts.check(content)?;
    }
    if parts.0.is_empty() { Ok(()) } else { Err(Lz4Error::Trailing) }
}

/// Reads the header; gives the flags and the size of the largest block.
fn header(parts: &mut Parts<'_>, content_bytes: usize) -> Result<(u8, usize), Lz4Error> {
    if parts.array()? != MAGIC {
        return Err(Lz4Error::Header);
    }
    let checked = parts.0;
    let [flags, block_size] = parts.array()?;
    if flags & VERSION_MASK != VERSION || flags & UNSUPPORTED != 0 || block_size & 0b1000_1111 != 0 {
        return Err(Lz4Error::Header);
    }
    let number = block_size >> 4;
    if number < BLOCK_SIZE_64_KIB {
        return Err(Lz4Error::Header);
    }
    let promised = if flags & CONTENT_SIZE != 0 { Some(u64::from_le_bytes(parts.array()?)) } else { None };
    let checked = &checked[..checked.len() - parts.0.len()];
    let [check] = parts.array()?;
    if check != header_check(checked) {
        return Err(Lz4Error::Check);
    }
    if promised.is_some_and(|promised| promised != content_bytes as u64) {
        return Err(Lz4Error::Length);
    }
    Ok((flags, 1 << (8 + 2 * usize::from(number))))
}

fn header_check(descriptor: &[u8]) -> u8 {
    (XxHash32::oneshot(0, descriptor) >> 8) as u8
}

/// Encodes content into frames, with buffers that are used again.
pub(super) struct Encoder {
    table: CompressTable,
    block: Vec<u8>,
}

impl Encoder {
    pub(super) fn new() -> Self {
        Self { table: CompressTable::large(), block: vec![0; get_maximum_output_size(CHUNK_MAX_BYTES)] }
    }

    /// The number of bytes that `content`, at most a chunk, shrinks to without its frame.
    pub(super) fn packed_bytes(&mut self, content: &[u8]) -> usize {
        compress_into_with_table(content, &mut self.block, &mut self.table).expect("the buffer holds any chunk")
    }

    /// Appends to `frames` the frame of `content`, at most a chunk, if it has less than `limit` bytes.
    pub(super) fn encode(&mut self, content: &[u8], limit: usize, frames: &mut Vec<u8>) -> bool {
        let packed = self.packed_bytes(content);
        if packed >= content.len() || packed + FRAME_EXTRA_BYTES >= limit {
            return false;
        }
        let block_size = if content.len() > 64 << 10 { BLOCK_SIZE_256_KIB } else { BLOCK_SIZE_64_KIB };
        let descriptor = [VERSION | INDEPENDENT, block_size << 4];
        frames.extend_from_slice(&MAGIC);
        frames.extend_from_slice(&descriptor);
        frames.push(header_check(&descriptor));
        frames.extend_from_slice(&(packed as u32).to_le_bytes());
        frames.extend_from_slice(&self.block[..packed]);
        frames.extend_from_slice(&[0; 4]);
        true
    }
}

#[cfg(test)]
mod tests;
