//! Splits a body that arrives in slices of any size into whole records.

use super::super::chunk::{ChunkError, ChunkHeader, HEADER_BYTES};

/// What stands where a header would.
enum Front {
    /// A record that is all there.
    Record(ChunkHeader),
    /// So many bytes are needed to say more.
    Needs(usize),
}

fn front(bytes: &[u8]) -> Result<Front, ChunkError> {
    let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else { return Ok(Front::Needs(HEADER_BYTES)) };
    let header = ChunkHeader::parse(header)?;
    let needed = header.record_bytes();
    Ok(if bytes.len() < needed { Front::Needs(needed) } else { Front::Record(header) })
}

/// A record's beginning that waits for its rest. Never longer than a record.
#[derive(Default, Debug)]
pub(super) struct Records {
    begun: Vec<u8>,
}

/// One whole record.
pub(super) struct Record<'a> {
    pub(super) header: ChunkHeader,
    pub(super) payload: &'a [u8],
}

impl Records {
    /// The bytes of a record that is not complete, or of what turned out to be none.
    pub(super) fn begun(&self) -> &[u8] {
        &self.begun
    }

    /// Takes a slice and calls `each` with each record that it completes, straight from the slice where it can. Stops at
    /// a header that is not valid: the error says why, the bytes from there on are `begun()` and then what is returned.
    pub(super) fn push<'a, E>(
        &mut self,
        mut bytes: &'a [u8],
        mut each: impl FnMut(Record<'_>) -> Result<(), E>,
    ) -> Result<(), Stop<'a, E>> {
        loop {
            let seen: &[u8] = if self.begun.is_empty() { bytes } else { &self.begun };
            match front(seen) {
                Err(error) => return Err(Stop::Header { error, rest: bytes }),
                Ok(Front::Record(header)) => {
                    let record = &seen[..header.record_bytes()];
                    each(Record { header, payload: &record[HEADER_BYTES..] }).map_err(Stop::Record)?;
                    if self.begun.is_empty() {
                        bytes = &bytes[header.record_bytes()..];
                    } else {
                        self.begun.clear();
                    }
                }
                Ok(Front::Needs(needed)) => {
                    let missing = needed - self.begun.len();
                    let taken = missing.min(bytes.len());
                    self.begun.extend_from_slice(&bytes[..taken]);
                    bytes = &bytes[taken..];
                    if taken < missing {
                        return Ok(());
                    }
                }
            }
        }
    }
}

/// Why splitting ended before the slice did.
pub(super) enum Stop<'a, E> {
    /// The caller did not like a record.
    Record(E),
    /// There is no header where one should be.
    Header { error: ChunkError, rest: &'a [u8] },
}
