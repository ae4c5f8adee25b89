//! Reads the content of chunks out of the records of a stored xorb.

use super::super::chunk::ChunkDecoder;
use super::records::{Record, Records, Stop};
use super::{Bounds, ChunkRange, XorbError};

/// Decodes a range of chunks whose records arrive in slices of any size. Holds at most one record.
#[derive(Debug)]
pub struct ChunkReader {
    records: Records,
    decoder: ChunkDecoder,
    /// The lengths of the chunks that are still to come, the next one last.
    expected: Vec<u32>,
    next: u32,
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
        Some(Self { records: Records::default(), decoder: ChunkDecoder::new(), expected, next: chunks.start })
    }

    /// Takes the next slice and appends the content of each chunk that it completes.
    pub fn push(&mut self, bytes: &[u8], content: &mut Vec<u8>) -> Result<(), XorbError> {
        let Self { records, decoder, expected, next } = self;
        let take = |Record { header, payload }: Record<'_>| {
            let raw_bytes = expected.pop().ok_or(XorbError::TooManyChunks)?;
            if header.raw_bytes() != raw_bytes as usize {
                return Err(XorbError::FooterMismatch);
            }
            let start = content.len();
            content.resize(start + header.raw_bytes(), 0);
            decoder
                .decode(header, payload, &mut content[start..])
                .map_err(|error| XorbError::Chunk { index: *next, error })?;
            *next += 1;
            Ok(())
        };
        match records.push(bytes, take) {
            Ok(()) => Ok(()),
            Err(Stop::Record(error)) => Err(error),
            Err(Stop::Header { error, .. }) => Err(XorbError::Chunk { index: self.next, error }),
        }
    }

    /// Ends the range, which must be complete.
    pub fn finish(self) -> Result<(), XorbError> {
        if self.expected.is_empty() && self.records.begun().is_empty() { Ok(()) } else { Err(XorbError::Truncated) }
    }
}
