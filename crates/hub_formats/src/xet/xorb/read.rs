//! Reads the content of chunks out of the records of a stored xorb.
//!
//! What is stored as it is is not copied: it is told as a part of the slice in which it came.

use std::ops::Range;

use super::super::chunk::{ChunkDecoder, ChunkHeader, HEADER_BYTES, Scheme};
use super::{Bounds, ChunkRange, XorbError};

/// Decodes a range of chunks whose records arrive in slices of any size. Holds at most one record.
#[derive(Debug)]
pub struct ChunkReader {
    front: Front,
    /// The beginning of a packed payload that waits for its rest.
    begun: Vec<u8>,
    decoder: ChunkDecoder,
    content: Vec<u8>,
    /// The lengths of the chunks that are still to come, the next one last.
    expected: Vec<u32>,
    next: u32,
}

/// What the next byte belongs to.
#[derive(Debug)]
enum Front {
    /// A header of which so much has come.
    Header([u8; HEADER_BYTES], usize),
    /// Content that is stored as it is, of which so much is still to come.
    Plain(usize),
    /// Content that is packed.
    Packed(ChunkHeader),
}

const NO_HEADER: Front = Front::Header([0; HEADER_BYTES], 0);

/// The next bytes of content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece<'a> {
    /// These bytes of the slice that was pushed.
    Stored(Range<usize>),
    /// Bytes that were packed.
    Decoded(&'a [u8]),
}

impl ChunkReader {
    /// A reader of these chunks of a xorb; `None` if it has not so many. What is pushed are the bytes at
    /// [`Bounds::packed`] of the same range.
    pub fn new(bounds: &Bounds, chunks: ChunkRange) -> Option<Self> {
        let raw = bounds.raw(chunks)?;
        let mut end = raw.end as u32;
        let starts = bounds.raw_ends[..chunks.end as usize - 1][chunks.start as usize..].iter().rev();
        let expected = (starts.copied().chain([raw.start as u32]))
            .map(|start| std::mem::replace(&mut end, start) - start)
            .collect();
        let (begun, content) = (Vec::new(), Vec::new());
        Some(Self { front: NO_HEADER, begun, decoder: ChunkDecoder::new(), content, expected, next: chunks.start })
    }

    /// Takes the next slice and appends the content that it has.
    pub fn push(&mut self, bytes: &[u8], content: &mut Vec<u8>) -> Result<(), XorbError> {
        self.push_pieces(bytes, |piece| match piece {
            Piece::Stored(range) => content.extend_from_slice(&bytes[range]),
            Piece::Decoded(decoded) => content.extend_from_slice(decoded),
        })
    }

    /// Takes the next slice and hands over the content that it has, piece by piece.
    pub fn push_pieces(&mut self, bytes: &[u8], mut each: impl FnMut(Piece<'_>)) -> Result<(), XorbError> {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            match &mut self.front {
                Front::Header(header, length) => {
                    let taken = (HEADER_BYTES - *length).min(rest.len());
                    header[*length..*length + taken].copy_from_slice(&rest[..taken]);
                    *length += taken;
                    at += taken;
                    if *length == HEADER_BYTES {
                        let header = *header;
                        self.front = self.begin(&header)?;
                    }
                }
                Front::Plain(left) => {
                    let taken = rest.len().min(*left);
                    each(Piece::Stored(at..at + taken));
                    *left -= taken;
                    at += taken;
                    if *left == 0 {
                        self.end();
                    }
                }
                Front::Packed(header) => {
                    let header = *header;
                    let missing = header.packed_bytes() - self.begun.len();
                    let taken = rest.len().min(missing);
                    at += taken;
                    if !self.begun.is_empty() || taken < missing {
                        self.begun.extend_from_slice(&rest[..taken]);
                    }
                    if taken < missing {
                        break;
                    }
                    let payload = if self.begun.is_empty() { &rest[..taken] } else { &self.begun };
                    self.content.resize(header.raw_bytes(), 0);
                    let decoded = self.decoder.decode(header, payload, &mut self.content);
                    decoded.map_err(|error| XorbError::Chunk { index: self.next, error })?;
                    each(Piece::Decoded(&self.content));
                    self.begun.clear();
                    self.end();
                }
            }
        }
        Ok(())
    }

    fn begin(&mut self, header: &[u8; HEADER_BYTES]) -> Result<Front, XorbError> {
        let header = ChunkHeader::parse(header).map_err(|error| XorbError::Chunk { index: self.next, error })?;
        let raw_bytes = self.expected.pop().ok_or(XorbError::TooManyChunks)?;
        if header.raw_bytes() != raw_bytes as usize {
            return Err(XorbError::FooterMismatch);
        }
        Ok(match header.scheme() {
            Scheme::Plain => Front::Plain(header.raw_bytes()),
            Scheme::Lz4 | Scheme::GroupedLz4 => Front::Packed(header),
        })
    }

    fn end(&mut self) {
        self.front = NO_HEADER;
        self.next += 1;
    }

    /// Ends the range, which must be complete.
    pub fn finish(self) -> Result<(), XorbError> {
        let is_complete = self.expected.is_empty() && matches!(self.front, Front::Header(_, 0));
        if is_complete { Ok(()) } else { Err(XorbError::Truncated) }
    }
}
