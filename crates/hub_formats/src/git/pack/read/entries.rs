//! The first pass: the entries of a pack in the order in which they come.

use std::io::{BufRead, Seek, SeekFrom, Write};

use flate2::{Decompress, FlushDecompress, Status};
use hub_core::Oid;
use sha1::{Digest as _, Sha1};

use super::{CheckedHasher, PackError, PackLimits, PackObject, PackReceiver, Unfolded, sensible_stream_bytes};
use crate::git::object::{ObjectError, ObjectKind};
use crate::git::pack::{CHECKSUM_BYTES, HEADER_BYTES, ID_DELTA, OFFSET_DELTA, SIGNATURE};

/// What an entry is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Body {
    /// The object itself.
    Whole { kind: ObjectKind, oid: Oid },
    /// A delta on the entry of this number.
    OnEntry(u32),
    /// A delta on the object of this id.
    OnObject(Oid),
}

/// Where an entry is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// Where its head begins.
    pub(super) start: u64,
    /// Where its stream begins.
    pub(super) stream: u64,
    /// How many bytes the stream inflates to.
    pub(super) size: u64,
    pub(super) body: Body,
}

/// All entries, in the order of the pack.
pub(super) struct Index(pub(super) Vec<Entry>);

impl Index {
    pub(super) fn objects(&self) -> u32 {
        self.0.len() as u32
    }

    pub(super) fn deltas(&self) -> u32 {
        self.0.iter().filter(|entry| !matches!(entry.body, Body::Whole { .. })).count() as u32
    }

    /// The number of the entry that begins there.
    fn at(&self, start: u64) -> Option<u32> {
        self.0.binary_search_by_key(&start, |entry| entry.start).ok().map(|number| number as u32)
    }
}

/// How many bytes wait for the spool before they are written.
const SPOOL_CHUNK: usize = 256 << 10;
const INFLATE_CHUNK: usize = 32 << 10;

/// The input, read byte by byte where heads are, with every byte hashed and copied to the spool.
pub(super) struct Entries<'a, R, S> {
    input: R,
    spool: S,
    waiting: Vec<u8>,
    hasher: Sha1,
    position: u64,
    limits: &'a PackLimits,
    unfolded: Unfolded,
    inflater: Decompress,
    /// Where inflated bytes land before they are handed on.
    inflated: Box<[u8]>,
}

/// What is kept of an entry while it is inflated.
struct Kept {
    content: Option<Vec<u8>>,
    stream: Option<Vec<u8>>,
}

impl<'a, R: BufRead, S: Write + Seek> Entries<'a, R, S> {
    pub(super) fn new(input: R, spool: S, limits: &'a PackLimits) -> Self {
        Self {
            input,
            spool,
            waiting: Vec::with_capacity(SPOOL_CHUNK),
            hasher: Sha1::new(),
            position: 0,
            limits,
            unfolded: Unfolded { spent: 0, most: limits.unfolded_bytes },
            inflater: Decompress::new(true),
            inflated: vec![0; INFLATE_CHUNK].into(),
        }
    }

    /// The spool with the whole pack in it, its length, and what was unfolded so far.
    pub(super) fn into_spool(mut self) -> Result<(S, u64, Unfolded), PackError> {
        self.spool.write_all(&self.waiting)?;
        self.spool.flush()?;
        self.spool.seek(SeekFrom::Start(0))?;
        Ok((self.spool, self.position, self.unfolded))
    }

    /// Reads the whole pack and hands over what is no delta.
    pub(super) fn read<P: PackReceiver>(&mut self, receiver: &mut P) -> Result<Index, P::Error> {
        let count = self.head()?;
        // A pack may promise four thousand million entries: the list grows with what really comes.
        let mut index = Index(Vec::with_capacity(count.min(1 << 16) as usize));
        for _ in 0..count {
            let entry = self.entry(&index, receiver)?;
            index.0.push(entry);
        }
        let expected = self.hasher.clone().finalize();
        let mut found = [0; CHECKSUM_BYTES];
        self.fill(&mut found)?;
        if found[..] == expected[..] { Ok(index) } else { Err(PackError::Checksum.into()) }
    }

    fn head(&mut self) -> Result<u32, PackError> {
        let mut head = [0; HEADER_BYTES];
        self.fill(&mut head)?;
        let number = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        if !head.starts_with(SIGNATURE) || !matches!(number(4), 2 | 3) {
            return Err(PackError::NotAPack);
        }
        let (count, most) = (number(8), self.limits.objects);
        if count > most {
            return Err(PackError::TooMuch { what: "objects", found: count.into(), most: most.into() });
        }
        Ok(count)
    }

    fn entry<P: PackReceiver>(&mut self, index: &Index, receiver: &mut P) -> Result<Entry, P::Error> {
        let start = self.position;
        let bad = || PackError::BadEntry { at: start };
        let (number, size) = self.type_and_size()?;
        let kind = match number {
            OFFSET_DELTA => {
                let back = self.back()?;
                let base = start.checked_sub(back).and_then(|at| index.at(at)).ok_or_else(bad)?;
                return Ok(self.delta(start, size, Body::OnEntry(base))?);
            }
            ID_DELTA => {
                let mut id = [0; 20];
                self.fill(&mut id)?;
                return Ok(self.delta(start, size, Body::OnObject(Oid::new(id)))?);
            }
            number => ObjectKind::from_db(number.into()).ok_or_else(bad)?,
        };
        let stream = self.position;
        let is_held = size <= self.limits.held_object_bytes;
        let mut hasher = CheckedHasher::new(kind, size);
        let kept = self.inflate(start, size, is_held, |piece| hasher.update(piece))?;
        let oid = hasher.finish()?;
        let Kept { content, stream: kept } = &kept;
        let (content, kept) = (content.as_deref(), kept.as_deref());
        let object = PackObject { oid, kind, size, content, stream: kept, delta: None };
        receiver.object(object)?;
        Ok(Entry { start, stream, size, body: Body::Whole { kind, oid } })
    }

    /// Passes over a delta: it is read again when its base is known.
    fn delta(&mut self, start: u64, size: u64, body: Body) -> Result<Entry, PackError> {
        let most = self.limits.held_object_bytes;
        if size > most {
            return Err(PackError::TooMuch { what: "bytes in one delta", found: size, most });
        }
        let stream = self.position;
        self.inflate(start, size, false, |_| ())?;
        Ok(Entry { start, stream, size, body })
    }

    fn type_and_size(&mut self) -> Result<(u8, u64), PackError> {
        let at = self.position;
        let first = self.byte()?;
        let mut size = u64::from(first & 0x0f);
        let mut more = first & 0x80 != 0;
        let mut shift = 4;
        while more {
            let byte = self.byte()?;
            if shift > 53 {
                return Err(PackError::BadEntry { at });
            }
            size |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            more = byte & 0x80 != 0;
        }
        Ok(((first >> 4) & 7, size))
    }

    /// How far back the base of an offset delta begins: each further byte counts from where the one before it ends.
    fn back(&mut self) -> Result<u64, PackError> {
        let at = self.position;
        let mut byte = self.byte()?;
        let mut back = u64::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            if back > 1 << 55 {
                return Err(PackError::BadEntry { at });
            }
            byte = self.byte()?;
            back = ((back + 1) << 7) | u64::from(byte & 0x7f);
        }
        Ok(back)
    }

    /// Inflates a stream to exactly `size` bytes; keeps content and stream if `keep`.
    fn inflate(&mut self, at: u64, size: u64, keep: bool, mut piece_of: impl FnMut(&[u8])) -> Result<Kept, PackError> {
        self.unfolded.spend(size)?;
        self.inflater.reset(true);
        let bad = |reason| PackError::BadStream { at, reason };
        let mut content = keep.then(|| Vec::with_capacity((size as usize).min(1 << 16)));
        let mut stream = keep.then(Vec::new);
        let sensible = sensible_stream_bytes(size);
        loop {
            let input = self.input.fill_buf()?;
            if input.is_empty() {
                return Err(PackError::Truncated);
            }
            let (taken_before, made_before) = (self.inflater.total_in(), self.inflater.total_out());
            let status = self.inflater.decompress(input, &mut self.inflated, FlushDecompress::None);
            let status = status.map_err(|_| bad(ObjectError::NotZlib))?;
            let taken = (self.inflater.total_in() - taken_before) as usize;
            let made = (self.inflater.total_out() - made_before) as usize;
            if let Some(kept) = stream.as_mut() {
                kept.extend_from_slice(&input[..taken]);
            }
            self.hasher.update(&input[..taken]);
            self.waiting.extend_from_slice(&input[..taken]);
            self.position += taken as u64;
            self.input.consume(taken);
            self.after_copy()?;
            if self.inflater.total_in() > sensible {
                stream = None;
            }
            if self.inflater.total_out() > size {
                return Err(bad(ObjectError::WrongSize { expected: size }));
            }
            piece_of(&self.inflated[..made]);
            if let Some(content) = content.as_mut() {
                content.extend_from_slice(&self.inflated[..made]);
            }
            match status {
                Status::StreamEnd if self.inflater.total_out() == size => return Ok(Kept { content, stream }),
                Status::StreamEnd => return Err(bad(ObjectError::WrongSize { expected: size })),
                Status::Ok | Status::BufError if taken == 0 && made == 0 => return Err(bad(ObjectError::NotZlib)),
                Status::Ok | Status::BufError => {}
            }
        }
    }

    fn byte(&mut self) -> Result<u8, PackError> {
        let mut byte = [0];
        self.fill(&mut byte)?;
        Ok(byte[0])
    }

    fn fill(&mut self, target: &mut [u8]) -> Result<(), PackError> {
        self.input.read_exact(target).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => PackError::Truncated,
            _ => PackError::Io(error),
        })?;
        self.hasher.update(&*target);
        self.waiting.extend_from_slice(target);
        self.position += target.len() as u64;
        self.after_copy()
    }

    fn after_copy(&mut self) -> Result<(), PackError> {
        if self.position > self.limits.pack_bytes {
            let (found, most) = (self.position, self.limits.pack_bytes);
            return Err(PackError::TooMuch { what: "bytes", found, most });
        }
        if self.waiting.len() >= SPOOL_CHUNK {
            self.spool.write_all(&self.waiting)?;
            self.waiting.clear();
        }
        Ok(())
    }
}
