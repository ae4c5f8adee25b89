//! The table at the end of a stored xorb: which chunks it has and where.
//!
//! ```text
//! footer = "XETBLOB" 1  xorb hash
//!          "XBLBHSH" 0  n (u32)  chunk hash * n
//!          "XBLBBND" 1  n (u32)  end in the body (u32) * n  end in the content (u32) * n
//!          n (u32)  from hashes to E (u32)  from ends to E (u32)  16 bytes    where E is the end of these 16 bytes
//! tail   = footer  length of the footer (u32)
//! ```
//! Numbers are little endian. The 16 bytes are free for whoever stores the xorb; here they are zeros.

use hub_core::XetHash;

use super::super::XORB_MAX_CHUNKS;
use super::{BODY_MAX_BYTES, Bounds, XorbTable};

const IDENT: [u8; 8] = *b"XETBLOB\x01";
const HASHES: [u8; 8] = *b"XBLBHSH\x00";
const ENDS: [u8; 8] = *b"XBLBBND\x01";
const SPARE_BYTES: usize = 16;
/// All but what each chunk adds.
const FIXED_BYTES: usize = 3 * 8 + 32 + 2 * 4 + 3 * 4 + SPARE_BYTES + 4;
const CHUNK_BYTES: usize = 32 + 4 + 4;

/// The longest footer, with its length.
pub const FOOTER_MAX_BYTES: usize = footer_bytes(XORB_MAX_CHUNKS);

/// The length of the footer of a xorb with so many chunks, with its length.
pub const fn footer_bytes(chunks: usize) -> usize {
    FIXED_BYTES + CHUNK_BYTES * chunks
}

/// From the beginning of the ends, and of the hashes, to the end of the footer.
const fn offsets(chunks: usize) -> (usize, usize) {
    let ends = 8 + 4 + 8 * chunks + 3 * 4 + SPARE_BYTES;
    (8 + 4 + 32 * chunks + ends, ends)
}

/// Why bytes are no footer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FooterError {
    /// Another length than a footer with so many chunks has.
    #[error("the footer has the wrong length")]
    Length,
    /// A section is missing or has a version that is not known.
    #[error("the footer has no valid '{section}' section")]
    Section {
        /// Which one.
        section: &'static str,
    },
    /// The same number is given in several ways.
    #[error("the footer contradicts itself")]
    Contradiction,
    /// No chunks, too many, or chunks of impossible sizes.
    #[error("the footer describes chunks that no xorb can have")]
    Impossible,
}

/// Whether bytes that are no record may be a footer, of which they show the beginning.
pub(super) fn is_begun(bytes: &[u8]) -> bool {
    bytes.starts_with(&IDENT)
}

struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], FooterError> {
        let (field, rest) = self.0.split_at_checked(count).ok_or(FooterError::Length)?;
        self.0 = rest;
        Ok(field)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FooterError> {
        let (field, rest) = self.0.split_first_chunk().ok_or(FooterError::Length)?;
        self.0 = rest;
        Ok(*field)
    }

    fn number(&mut self) -> Result<usize, FooterError> {
        Ok(u32::from_le_bytes(self.array()?) as usize)
    }

    fn section(&mut self, mark: &[u8; 8], section: &'static str) -> Result<(), FooterError> {
        if self.array::<8>()? == *mark { Ok(()) } else { Err(FooterError::Section { section }) }
    }

    fn repeated(&mut self, expected: usize) -> Result<(), FooterError> {
        if self.number()? == expected { Ok(()) } else { Err(FooterError::Contradiction) }
    }

    fn ends(&mut self, chunks: usize) -> Result<Vec<u32>, FooterError> {
        let (ends, _) = self.take(4 * chunks)?.as_chunks();
        Ok(ends.iter().map(|end| u32::from_le_bytes(*end)).collect())
    }
}

impl XorbTable {
    /// Writes the table as the footer that follows the body in storage, with its length.
    pub fn to_footer(&self) -> Vec<u8> {
        let count = self.chunks.len();
        let (to_hashes, to_ends) = offsets(count);
        let mut footer = Vec::with_capacity(footer_bytes(count));
        let number = |footer: &mut Vec<u8>, number: usize| footer.extend_from_slice(&(number as u32).to_le_bytes());
        footer.extend_from_slice(&IDENT);
        footer.extend_from_slice(self.hash.as_bytes());
        footer.extend_from_slice(&HASHES);
        number(&mut footer, count);
        self.chunks.iter().for_each(|chunk| footer.extend_from_slice(chunk.as_bytes()));
        footer.extend_from_slice(&ENDS);
        number(&mut footer, count);
        for end in self.bounds.packed_ends.iter().chain(&self.bounds.raw_ends) {
            footer.extend_from_slice(&end.to_le_bytes());
        }
        for field in [count, to_hashes, to_ends] {
            number(&mut footer, field);
        }
        footer.extend_from_slice(&[0; SPARE_BYTES]);
        let length = footer.len();
        number(&mut footer, length);
        footer
    }

    /// Reads a footer with its length, and nothing before or after it. Hash and chunks are what the footer says: whoever
    /// did not write it compares them with the body.
    pub fn parse_footer(bytes: &[u8]) -> Result<Self, FooterError> {
        let mut fields = Fields(bytes);
        fields.section(&IDENT, "XETBLOB")?;
        let hash = XetHash::new(fields.array()?);
        fields.section(&HASHES, "XBLBHSH")?;
        let count = fields.number()?;
        if count == 0 || count > XORB_MAX_CHUNKS {
            return Err(FooterError::Impossible);
        }
        if bytes.len() != footer_bytes(count) {
            return Err(FooterError::Length);
        }
        let (chunks, _) = fields.take(32 * count)?.as_chunks();
        let chunks = chunks.iter().copied().map(XetHash::new).collect();
        fields.section(&ENDS, "XBLBBND")?;
        fields.repeated(count)?;
        let bounds = Bounds { packed_ends: fields.ends(count)?, raw_ends: fields.ends(count)? };
        let (to_hashes, to_ends) = offsets(count);
        for expected in [count, to_hashes, to_ends] {
            fields.repeated(expected)?;
        }
        fields.take(SPARE_BYTES)?;
        fields.repeated(bytes.len() - 4)?;
        if bounds.body_bytes() > BODY_MAX_BYTES || !bounds.is_possible() {
            return Err(FooterError::Impossible);
        }
        Ok(Self { hash, chunks, bounds })
    }
}

#[cfg(test)]
mod tests;
