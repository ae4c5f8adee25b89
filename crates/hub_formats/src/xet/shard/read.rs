//! Reads shards that arrive in slices of any size.

use hub_core::XetHash;

use super::super::XORB_MAX_CHUNKS;
use super::super::xorb::ChunkRange;
use super::{
    BOOKEND, DEDUP_ELIGIBLE, FOOTER_BYTES, FOOTER_VERSION, MAGIC, RECORD_BYTES, SHARD_MAX_BYTES, ShardChunk,
    ShardError, ShardFile, ShardXorb, Term, VERSION, WITH_RANGE_HASHES, WITH_SHA256,
};

type Record = [u8; RECORD_BYTES];

/// A whole entry of a shard.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ShardItem {
    /// A file.
    File(ShardFile),
    /// A xorb.
    Xorb(ShardXorb),
}

/// What the footer of an answer to a dedup query says. Of a shard from a client it means nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShardEnd {
    /// The key that hides the hashes of chunks, or zeros.
    pub key: [u8; 32],
    /// When the shard was made, in seconds since 1970.
    pub created_secs: u64,
    /// When it is not to be used any longer, in seconds since 1970.
    pub expires_secs: u64,
}

/// What the next record is.
#[derive(Debug)]
enum Awaits {
    Header,
    File,
    FileRecords { file: ShardFile, flags: u32, terms: usize },
    Xorb,
    XorbRecords { xorb: ShardXorb, chunks: usize },
    Tail,
}

/// Reads a shard, entry by entry. Holds one entry, which grows as its records arrive, and what was not taken yet.
#[derive(Debug)]
pub struct ShardReader {
    awaits: Awaits,
    /// The beginning of a record.
    begun: Vec<u8>,
    seen_bytes: u64,
    footer_bytes: u64,
    items: Vec<ShardItem>,
    /// The last bytes of what follows the sections.
    tail: Vec<u8>,
    tail_bytes: u64,
}

impl ShardReader {
    /// A reader that has seen nothing.
    pub fn new() -> Self {
        Self {
            awaits: Awaits::Header,
            begun: Vec::with_capacity(RECORD_BYTES),
            seen_bytes: 0,
            footer_bytes: 0,
            items: Vec::new(),
            tail: Vec::new(),
            tail_bytes: 0,
        }
    }

    /// Takes the next slice and gives the entries that it completes. After an error the shard is lost.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<Vec<ShardItem>, ShardError> {
        self.seen_bytes += bytes.len() as u64;
        if self.seen_bytes > SHARD_MAX_BYTES {
            return Err(ShardError::TooLong);
        }
        while !bytes.is_empty() {
            if matches!(self.awaits, Awaits::Tail) {
                self.push_tail(bytes)?;
                break;
            }
            if self.begun.is_empty()
                && let Some((record, rest)) = bytes.split_first_chunk::<RECORD_BYTES>()
            {
                bytes = rest;
                self.take(record, bytes.len())?;
                continue;
            }
            let (taken, rest) = bytes.split_at(bytes.len().min(RECORD_BYTES - self.begun.len()));
            self.begun.extend_from_slice(taken);
            bytes = rest;
            if let Some(record) = self.begun.first_chunk::<RECORD_BYTES>().copied() {
                self.begun.clear();
                self.take(&record, bytes.len())?;
            }
        }
        Ok(std::mem::take(&mut self.items))
    }

    /// Ends the shard, which must be complete; gives what its footer says, if it has one of a version that is known.
    pub fn finish(self) -> Result<Option<ShardEnd>, ShardError> {
        if !matches!(self.awaits, Awaits::Tail) {
            return Err(ShardError::Truncated);
        }
        if self.tail_bytes < self.footer_bytes {
            return Err(ShardError::Footer);
        }
        let Ok(footer) = <&[u8; FOOTER_BYTES]>::try_from(&self.tail[..]) else { return Ok(None) };
        let number = |at: usize| u64::from_le_bytes(*footer[at..].first_chunk().expect("within the footer"));
        let key = *footer[72..].first_chunk().expect("within the footer");
        let end = ShardEnd { key, created_secs: number(104), expires_secs: number(112) };
        Ok((number(0) == FOOTER_VERSION).then_some(end))
    }

    fn push_tail(&mut self, bytes: &[u8]) -> Result<(), ShardError> {
        if self.footer_bytes == 0 {
            return Err(ShardError::Trailing);
        }
        self.tail_bytes += bytes.len() as u64;
        self.tail.extend_from_slice(&bytes[bytes.len().saturating_sub(FOOTER_BYTES)..]);
        self.tail.drain(..self.tail.len().saturating_sub(FOOTER_BYTES));
        Ok(())
    }

    /// Takes one record; `after` bytes of the slice follow it.
    fn take(&mut self, record: &Record, after: usize) -> Result<(), ShardError> {
        let left_bytes = SHARD_MAX_BYTES - self.seen_bytes + after as u64;
        let awaits = std::mem::replace(&mut self.awaits, Awaits::Tail);
        self.awaits = match awaits {
            Awaits::Header => self.take_header(record)?,
            Awaits::File if hash(record).as_bytes() == &BOOKEND => Awaits::Xorb,
            Awaits::File => {
                let (hash, flags, terms) = (hash(record), number(record, 32), number(record, 36) as usize);
                let records = terms as u64 * if flags & WITH_RANGE_HASHES != 0 { 2 } else { 1 };
                if records * RECORD_BYTES as u64 > left_bytes {
                    return Err(ShardError::TooLong);
                }
                let range_hashes = (flags & WITH_RANGE_HASHES != 0).then(Vec::new);
                self.file_or_more(ShardFile { hash, terms: Vec::new(), range_hashes, sha256: None }, flags, terms)
            }
            Awaits::FileRecords { mut file, flags, terms } => {
                take_file_record(&mut file, terms, record)?;
                self.file_or_more(file, flags, terms)
            }
            Awaits::Xorb if hash(record).as_bytes() == &BOOKEND => Awaits::Tail,
            Awaits::Xorb => {
                let chunks = number(record, 36) as usize;
                let xorb = ShardXorb {
                    hash: hash(record),
                    raw_bytes: number(record, 40),
                    stored_bytes: number(record, 44),
                    chunks: Vec::new(),
                };
                if chunks > XORB_MAX_CHUNKS {
                    return Err(ShardError::TooManyChunks { xorb: xorb.hash });
                }
                self.xorb_or_more(xorb, chunks)
            }
            Awaits::XorbRecords { mut xorb, chunks } => {
                xorb.chunks.push(ShardChunk {
                    hash: hash(record),
                    offset: number(record, 32),
                    raw_bytes: number(record, 36),
                    is_marked: number(record, 40) & DEDUP_ELIGIBLE != 0,
                });
                self.xorb_or_more(xorb, chunks)
            }
            Awaits::Tail => unreachable!("the tail has no records"),
        };
        Ok(())
    }

    fn take_header(&mut self, record: &Record) -> Result<Awaits, ShardError> {
        if record[..32] != MAGIC {
            return Err(ShardError::NotShard);
        }
        let long = |at: usize| u64::from_le_bytes(*record[at..].first_chunk().expect("within the record"));
        if long(32) != VERSION {
            return Err(ShardError::Version { version: long(32) });
        }
        self.footer_bytes = long(40);
        if ![0, FOOTER_BYTES as u64].contains(&self.footer_bytes) {
            return Err(ShardError::Footer);
        }
        Ok(Awaits::File)
    }

    /// Gives the file to the caller if it is complete.
    fn file_or_more(&mut self, file: ShardFile, flags: u32, terms: usize) -> Awaits {
        let proofs_open = file.range_hashes.as_ref().is_some_and(|hashes| hashes.len() < terms);
        let sha256_open = flags & WITH_SHA256 != 0 && file.sha256.is_none();
        if file.terms.len() < terms || proofs_open || sha256_open {
            return Awaits::FileRecords { file, flags, terms };
        }
        self.items.push(ShardItem::File(file));
        Awaits::File
    }

    /// Gives the xorb to the caller if it is complete.
    fn xorb_or_more(&mut self, xorb: ShardXorb, chunks: usize) -> Awaits {
        if xorb.chunks.len() < chunks {
            return Awaits::XorbRecords { xorb, chunks };
        }
        self.items.push(ShardItem::Xorb(xorb));
        Awaits::Xorb
    }
}

impl Default for ShardReader {
    fn default() -> Self {
        Self::new()
    }
}

/// Takes a record of a file: its terms come first, then their proofs, then the digest.
fn take_file_record(file: &mut ShardFile, terms: usize, record: &Record) -> Result<(), ShardError> {
    if file.terms.len() < terms {
        let impossible = ShardError::Term { file: file.hash, term: file.terms.len() };
        let chunks = ChunkRange::new(number(record, 40), number(record, 44)).ok_or(impossible)?;
        let term = Term { xorb: hash(record), chunks, raw_bytes: number(record, 36) };
        if !term.is_possible() {
            return Err(impossible);
        }
        file.terms.push(term);
        return Ok(());
    }
    match &mut file.range_hashes {
        Some(hashes) if hashes.len() < terms => hashes.push(hash(record)),
        _ => file.sha256 = Some(hash(record).to_sha256()),
    }
    Ok(())
}

fn hash(record: &Record) -> XetHash {
    XetHash::new(*record.first_chunk().expect("a record has 48 bytes"))
}

fn number(record: &Record, at: usize) -> u32 {
    u32::from_le_bytes(*record[at..].first_chunk().expect("within the record"))
}
