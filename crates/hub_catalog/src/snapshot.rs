//! The index in a file, so that a start takes seconds: written now and then, read at start, and then brought up to date
//! by the events since.
//!
//! It is never the source of truth. A file that is damaged, of another version, of another instance, or from a history of
//! events that is not this database's is refused, and everything is read from the database. What is written is what the
//! database said of each repository, not how it lies in memory, so that the index may change without a new format.
//!
//! A file begins with the header: [`MAGIC`], its length, JSON. Then comes a section for each kind of repository: a
//! length, a hash, and records of numbers in LEB128. A term is written where it is first used and has a number from then
//! on.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{PoisonError, RwLock};

use hub_core::RepoKind;

use crate::catalog::Shelves;
use crate::entry::Group;
use crate::shelf::{Placed, SORTS, Shelf, TermId};

/// The first bytes; the digit is the version of the format.
const MAGIC: &[u8; 16] = b"hearth catalog 1";
/// Documents that are written under one lock.
const LOCKED: u32 = 2000;
/// No name, term or header is longer.
const TEXT_MAX: u64 = 1 << 16;
/// No repository has more terms.
const TERMS_MAX: u64 = 4096;
const HASH_BYTES: usize = 32;

/// Of what the file is a picture.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Origin {
    /// Which instance, and which release of the program.
    pub(crate) instance: String,
    /// The last event that is certainly contained.
    pub(crate) position: i64,
    /// That event, if it still existed.
    pub(crate) event: String,
}

/// Writes the shelves. Questions and changes go on meanwhile: what changes is told again by the events since `origin`.
pub(crate) fn write(path: &Path, origin: &Origin, shelves: &RwLock<Shelves>) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let mut file = BufWriter::with_capacity(1 << 20, File::create(&unfinished)?);
    let header = format!("{}\n{}\n{}", origin.instance, origin.position, origin.event);
    file.write_all(MAGIC)?;
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(header.as_bytes())?;
    file.write_all(blake3::hash(header.as_bytes()).as_bytes())?;
    for kind in RepoKind::ALL {
        let start = file.stream_position()?;
        file.write_all(&[0; 8 + HASH_BYTES])?;
        let (mut length, mut hasher) = (0, blake3::Hasher::new());
        let (mut numbers, mut next) = (HashMap::new(), 0);
        loop {
            let mut records = Vec::with_capacity(LOCKED as usize * 128);
            {
                let shelves = shelves.read().unwrap_or_else(PoisonError::into_inner);
                let Some(shelf) = shelves.get(&kind).filter(|shelf| next < shelf.end()) else { break };
                for placed in (next..shelf.end().min(next + LOCKED)).filter_map(|doc| shelf.placed(doc)) {
                    put_record(&mut records, shelf, &placed, &mut numbers);
                }
                next += LOCKED;
            }
            length += records.len() as u64;
            hasher.update(&records);
            file.write_all(&records)?;
        }
        file.seek(SeekFrom::Start(start))?;
        file.write_all(&length.to_le_bytes())?;
        file.write_all(hasher.finalize().as_bytes())?;
        file.seek(SeekFrom::End(0))?;
    }
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)
}

fn put_record(out: &mut Vec<u8>, shelf: &Shelf, placed: &Placed<'_>, numbers: &mut HashMap<TermId, u64>) {
    put(out, placed.id.cast_unsigned());
    put(out, placed.owner.cast_unsigned());
    put(out, u64::from(placed.public));
    put_text(out, placed.name);
    // The smallest is MISSING, which is one below zero.
    placed.numbers.iter().for_each(|number| put(out, number.wrapping_add(1).cast_unsigned()));
    put(out, placed.terms.len() as u64);
    for term in placed.terms {
        let fresh = numbers.len() as u64;
        let number = *numbers.entry(*term).or_insert(fresh);
        put(out, number);
        if number == fresh {
            let (group, value) = shelf.term(*term);
            put(out, group as u64);
            put_text(out, value);
        }
    }
}

fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// What a file says that it is a picture of, and its shelves, which are read once it is known to fit.
pub(crate) struct Snapshot {
    path: std::path::PathBuf,
    pub(crate) origin: Origin,
    /// Where each section begins, and its length.
    sections: Vec<(RepoKind, u64, u64)>,
}

/// Reads the header of a file.
pub(crate) fn open(path: &Path) -> io::Result<Snapshot> {
    let mut file = File::open(path)?;
    let end = file.metadata()?.len();
    let mut magic = [0; MAGIC.len()];
    file.read_exact(&mut magic)?;
    if &magic != MAGIC {
        return Err(damaged("it is of another version"));
    }
    let length = read_length(&mut file)?;
    if length > TEXT_MAX {
        return Err(damaged("its header is too long"));
    }
    let mut header = vec![0; length as usize];
    file.read_exact(&mut header)?;
    let mut hash = [0; HASH_BYTES];
    file.read_exact(&mut hash)?;
    if blake3::hash(&header) != hash {
        return Err(damaged("its header is damaged"));
    }
    let header = String::from_utf8(header).map_err(|_| damaged("its header is no text"))?;
    let mut lines = header.splitn(3, '\n');
    let mut line = || lines.next().ok_or_else(|| damaged("its header is too short"));
    let origin = Origin {
        instance: line()?.to_owned(),
        position: line()?.parse().map_err(|_| damaged("its header has no position"))?,
        event: line()?.to_owned(),
    };
    let mut sections = Vec::new();
    for kind in RepoKind::ALL {
        let start = file.stream_position()?;
        let length = read_length(&mut file)?;
        let next = start.checked_add(8 + HASH_BYTES as u64).and_then(|at| at.checked_add(length));
        let next = next.filter(|next| *next <= end).ok_or_else(|| damaged("it is cut off"))?;
        sections.push((kind, start, length));
        file.seek(SeekFrom::Start(next))?;
    }
    Ok(Snapshot { path: path.to_owned(), origin, sections })
}

fn read_length(file: &mut File) -> io::Result<u64> {
    let mut length = [0; 8];
    file.read_exact(&mut length)?;
    Ok(u64::from_le_bytes(length))
}

impl Snapshot {
    /// All shelves, each read on a thread of its own.
    pub(crate) fn read(&self) -> io::Result<Shelves> {
        std::thread::scope(|scope| {
            let readers: Vec<_> = self
                .sections
                .iter()
                .map(|(kind, start, length)| (*kind, scope.spawn(move || self.section(*start, *length))))
                .collect();
            let joined = readers.into_iter().map(|(kind, reader)| {
                let shelf = reader.join().map_err(|_| damaged("it cannot be read"))??;
                Ok((kind, shelf))
            });
            joined.collect()
        })
    }

    fn section(&self, start: u64, length: u64) -> io::Result<Shelf> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(start + 8))?;
        let mut wanted = [0; HASH_BYTES];
        file.read_exact(&mut wanted)?;
        let hashing = Hashing { inner: file.take(length), hasher: blake3::Hasher::new() };
        let mut input = BufReader::with_capacity(1 << 20, hashing);
        let (mut shelf, mut terms, mut name) = (Shelf::default(), Vec::new(), Vec::new());
        while !input.fill_buf()?.is_empty() {
            read_record(&mut input, &mut shelf, &mut terms, &mut name)?;
        }
        if input.into_inner().hasher.finalize() != wanted {
            return Err(damaged("it is damaged"));
        }
        Ok(shelf.finish())
    }
}

fn read_record(
    input: &mut impl BufRead,
    shelf: &mut Shelf,
    terms: &mut Vec<TermId>,
    name: &mut Vec<u8>,
) -> io::Result<()> {
    let (id, owner, public) = (get(input)?.cast_signed(), get(input)?.cast_signed(), get(input)? == 1);
    get_text(input, name)?;
    let mut numbers = [0; SORTS];
    for number in &mut numbers {
        *number = get(input)?.cast_signed().wrapping_sub(1);
    }
    let count = get(input)?;
    if count > TERMS_MAX {
        return Err(damaged("a repository has too many terms"));
    }
    let mut own = Vec::with_capacity(count as usize);
    let mut value = Vec::new();
    for _ in 0..count {
        let number = get(input)? as usize;
        if number == terms.len() {
            let group = Group::ALL.get(get(input)? as usize).ok_or_else(|| damaged("a term has no group"))?;
            get_text(input, &mut value)?;
            let text = std::str::from_utf8(&value).map_err(|_| damaged("a term is no text"))?;
            terms.push(shelf.intern(*group, text));
        }
        own.push(*terms.get(number).ok_or_else(|| damaged("a term has no text"))?);
    }
    let name = std::str::from_utf8(name).map_err(|_| damaged("a name is no text"))?;
    own.sort_unstable_by(|a, b| b.cmp(a));
    shelf.add_placed(&Placed { id, owner, name, public, numbers, terms: &own });
    Ok(())
}

fn get(input: &mut impl BufRead) -> io::Result<u64> {
    let (mut number, mut shift) = (0_u64, 0);
    loop {
        let mut byte = [0];
        input.read_exact(&mut byte)?;
        if shift > 63 {
            return Err(damaged("a number is too long"));
        }
        number |= u64::from(byte[0] & 0x7F) << shift;
        if byte[0] < 0x80 {
            return Ok(number);
        }
        shift += 7;
    }
}

fn get_text(input: &mut impl BufRead, text: &mut Vec<u8>) -> io::Result<()> {
    let length = get(input)?;
    if length > TEXT_MAX {
        return Err(damaged("a text is too long"));
    }
    text.resize(length as usize, 0);
    input.read_exact(text)
}

/// Hashes what is read through it.
struct Hashing<R> {
    inner: R,
    hasher: blake3::Hasher,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}
