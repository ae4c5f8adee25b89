//! The check of a xorb that a client sends: every chunk is decoded and hashed while it arrives.

use hub_core::XetHash;

use super::super::chunk::{ChunkDecoder, ChunkError, Scheme};
use super::super::{CHUNK_MAX_BYTES, HashTree, XORB_MAX_CHUNKS, chunk_hash};
use super::footer::{self, FOOTER_MAX_BYTES};
use super::records::{Record, Records, Stop};
use super::{BODY_MAX_BYTES, Bounds, XorbError, XorbTable};

/// Checks a body that arrives in slices of any size. Holds at most one record and, from old clients, one footer.
#[derive(Debug)]
pub struct XorbCheck {
    records: Records,
    found: Found,
    /// Begins with what is not the header of a record.
    footer: Option<Vec<u8>>,
}

/// What the records said so far.
#[derive(Debug)]
struct Found {
    decoder: ChunkDecoder,
    content: Vec<u8>,
    chunks: Vec<XetHash>,
    bounds: Bounds,
}

impl XorbCheck {
    /// A check that has seen nothing.
    pub fn new() -> Self {
        let found = Found {
            decoder: ChunkDecoder::new(),
            content: vec![0; CHUNK_MAX_BYTES],
            chunks: Vec::new(),
            bounds: Bounds::default(),
        };
        Self { records: Records::default(), found, footer: None }
    }

    /// Takes the next slice. After an error the upload is lost.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), XorbError> {
        if self.footer.is_some() {
            return self.push_footer(bytes);
        }
        let Self { records, found, .. } = self;
        match records.push(bytes, |record| found.take(record)) {
            Ok(()) => Ok(()),
            Err(Stop::Record(error)) => Err(error),
            Err(Stop::Header { error, rest }) => {
                let begun = self.records.begun().to_vec();
                let seen: &[u8] = if begun.is_empty() { rest } else { &begun };
                if !footer::is_begun(seen) {
                    return Err(XorbError::Chunk { index: self.found.bounds.count(), error });
                }
                self.footer = Some(begun);
                self.push_footer(rest)
            }
        }
    }

    /// How many bytes of what was given are records: what is to be stored. The rest belongs to a footer, or to a record
    /// that is not complete.
    pub fn body_bytes(&self) -> u64 {
        self.found.bounds.body_bytes()
    }

    /// Ends the body, which must be complete and have the hash `expected`.
    pub fn finish(self, expected: &XetHash) -> Result<XorbTable, XorbError> {
        let Found { chunks, bounds, .. } = self.found;
        if self.footer.is_none() && !self.records.begun().is_empty() {
            return Err(XorbError::Truncated);
        }
        if chunks.is_empty() {
            return Err(XorbError::Empty);
        }
        let mut start = 0;
        let sizes = bounds.raw_ends.iter().map(|end| u64::from(*end - std::mem::replace(&mut start, *end)));
        let hash = chunks.iter().copied().zip(sizes).collect::<HashTree>().xorb_hash();
        if hash != *expected {
            return Err(XorbError::WrongHash { expected: *expected, actual: hash });
        }
        let table = XorbTable { hash, chunks, bounds };
        if let Some(footer) = self.footer
            && XorbTable::parse_footer(&footer).map_err(XorbError::Footer)? != table
        {
            return Err(XorbError::FooterMismatch);
        }
        Ok(table)
    }

    fn push_footer(&mut self, bytes: &[u8]) -> Result<(), XorbError> {
        let footer = self.footer.as_mut().expect("called when there is a footer");
        if footer.len() + bytes.len() > FOOTER_MAX_BYTES {
            return Err(XorbError::TooLong);
        }
        footer.extend_from_slice(bytes);
        Ok(())
    }
}

impl Default for XorbCheck {
    fn default() -> Self {
        Self::new()
    }
}

impl Found {
    fn take(&mut self, Record { header, payload }: Record<'_>) -> Result<(), XorbError> {
        let index = self.bounds.count();
        if index as usize == XORB_MAX_CHUNKS {
            return Err(XorbError::TooManyChunks);
        }
        if self.bounds.body_bytes() + header.record_bytes() as u64 > BODY_MAX_BYTES {
            return Err(XorbError::TooLong);
        }
        let wrong = |error: ChunkError| XorbError::Chunk { index, error };
        let content = match header.scheme() {
            Scheme::Plain => payload,
            Scheme::Lz4 | Scheme::GroupedLz4 => {
                let content = &mut self.content[..header.raw_bytes()];
                self.decoder.decode(header, payload, content).map_err(wrong)?;
                content
            }
        };
        self.chunks.push(chunk_hash(content));
        self.bounds.push(header.record_bytes(), header.raw_bytes());
        Ok(())
    }
}
