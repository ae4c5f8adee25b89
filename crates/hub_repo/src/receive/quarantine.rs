//! Where the objects of a push wait until all of it was found good: a file without a name, so that a crash leaves
//! nothing, and in memory only what is known of each object.
//!
//! Each object lies there whole, as the zlib stream as which it came or as plain bytes, so that the survey reads it
//! without unfolding anything; one that came as a delta has that beside it, for its row. What is refused never becomes a
//! row.

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use hub_blob::BlobError;
use hub_core::Oid;
use hub_formats::git::pack::{PackDelta, PackObject};
use hub_formats::git::{self, Compressor, ObjectKind};
use hub_formats::lfs::Pointer;
use tempfile::{SpooledTempFile, spooled_tempfile_in};

use super::fsck;
use crate::RepoError;
use crate::objects::ROW_BLOB_MAX;

/// Pushes up to this size never touch the disk before they are accepted.
pub(super) const IN_MEMORY_BYTES: usize = 1 << 20;
/// The most objects of one push; each takes some hundred bytes of memory.
const OBJECTS_MAX: usize = 2_000_000;
/// How many bytes may lie there plain; beyond that they are compressed, to spare the disk.
const PLAIN_BYTES_MAX: u64 = 1 << 30;
/// How many bytes wait to be written to the file.
const WAITING_BYTES: usize = 256 << 10;

/// What is known of an object that arrived.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrived {
    pub(super) kind: ObjectKind,
    pub(super) size: u64,
    offset: u64,
    kept_bytes: u32,
    /// Whether it lies there plain.
    is_plain: bool,
}

/// How an object arrived as a delta.
#[derive(Clone, Copy, Debug)]
pub(super) struct ArrivedDelta {
    pub(super) base: Oid,
    pub(super) size: u64,
    offset: u64,
    kept_bytes: u32,
}

/// The objects of one push.
pub(super) struct Quarantine {
    file: SpooledTempFile,
    /// Where the file ends, once what waits is written.
    end: u64,
    waiting: Vec<u8>,
    plain_bytes: u64,
    objects: HashMap<Oid, Arrived>,
    /// Those that came as deltas that are worth keeping.
    deltas: HashMap<Oid, ArrivedDelta>,
    /// Blobs that are LFS pointers.
    pointers: HashMap<Oid, Pointer>,
    compressor: Compressor,
    /// Blobs above this size are counted and not kept: the push will be refused for them.
    blob_max_bytes: u64,
}

fn failed(error: std::io::Error) -> RepoError {
    BlobError::from(error).into()
}

impl Quarantine {
    pub(super) fn new(folder: &Path, blob_max_bytes: u64) -> Self {
        Self {
            file: spooled_tempfile_in(IN_MEMORY_BYTES, folder),
            end: 0,
            waiting: Vec::new(),
            plain_bytes: 0,
            objects: HashMap::new(),
            deltas: HashMap::new(),
            pointers: HashMap::new(),
            compressor: Compressor::default(),
            blob_max_bytes,
        }
    }

    /// Takes an object in.
    pub(super) fn add(&mut self, object: &PackObject<'_>) -> Result<(), RepoError> {
        let PackObject { oid, kind, size, .. } = *object;
        if self.objects.contains_key(&oid) {
            return Ok(());
        }
        let Some(content) = object.content else {
            if kind == ObjectKind::Blob {
                return self.note_oversized(oid, size);
            }
            return Err(RepoError::TooLarge(format!("{kind} {oid} has {size} bytes, which no tool of git makes")));
        };
        fsck::check(kind, content).map_err(|fault| RepoError::Unprocessable(format!("{kind} {oid}: {fault}")))?;
        if kind == ObjectKind::Blob {
            if size > self.blob_max_bytes {
                return self.note_oversized(oid, size);
            }
            if let Ok(pointer) = Pointer::parse(content) {
                self.pointers.insert(oid, pointer);
            }
        }
        let (offset, is_plain) = (self.end, object.stream.is_none() && self.plain_bytes + size <= PLAIN_BYTES_MAX);
        let kept_bytes = match object.stream {
            Some(stream) => self.append(stream)?,
            None if is_plain => {
                self.plain_bytes += size;
                self.append(content)?
            }
            None => {
                let compressed = self.compressor.compress(content);
                self.append(&compressed)?
            }
        };
        self.index(oid, Arrived { kind, size, offset, kept_bytes, is_plain })?;
        if let Some(delta) = object.delta.filter(|delta| is_worth_keeping(kind, size, delta)) {
            let (offset, kept_bytes) = (self.end, self.append(delta.stream)?);
            self.deltas.insert(oid, ArrivedDelta { base: delta.base, size: delta.size, offset, kept_bytes });
        }
        Ok(())
    }

    /// Puts bytes at the end of the file and answers how many.
    fn append(&mut self, bytes: &[u8]) -> Result<u32, RepoError> {
        let count = u32::try_from(bytes.len())
            .map_err(|_| RepoError::TooLarge("an object is too large to be kept in git".to_owned()))?;
        self.waiting.extend_from_slice(bytes);
        self.end += u64::from(count);
        if self.waiting.len() >= WAITING_BYTES {
            self.flush()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> Result<(), RepoError> {
        self.file.seek(SeekFrom::Start(self.end - self.waiting.len() as u64)).map_err(failed)?;
        self.file.write_all(&self.waiting).map_err(failed)?;
        self.waiting.clear();
        Ok(())
    }

    /// The empty tree, which git knows without being told, and clients may leave out.
    pub(super) fn add_empty_tree(&mut self) -> Result<(), RepoError> {
        let (kind, content) = (ObjectKind::Tree, Some(&b""[..]));
        self.add(&PackObject { oid: Oid::EMPTY_TREE, kind, size: 0, content, stream: None, delta: None })
    }

    /// Notes a blob whose content is too large to be kept, so that the refusal can name its path.
    fn note_oversized(&mut self, oid: Oid, size: u64) -> Result<(), RepoError> {
        self.index(oid, Arrived { kind: ObjectKind::Blob, size, offset: self.end, kept_bytes: 0, is_plain: false })
    }

    fn index(&mut self, oid: Oid, arrived: Arrived) -> Result<(), RepoError> {
        if self.objects.len() >= OBJECTS_MAX {
            return Err(RepoError::TooLarge(format!(
                "the push has more than {OBJECTS_MAX} objects: push an older commit first, then the rest"
            )));
        }
        self.objects.insert(oid, arrived);
        Ok(())
    }

    pub(super) fn get(&self, oid: Oid) -> Option<Arrived> {
        self.objects.get(&oid).copied()
    }

    pub(super) fn pointer(&self, oid: Oid) -> Option<Pointer> {
        self.pointers.get(&oid).copied()
    }

    pub(super) fn is_oversized(&self, arrived: Arrived) -> bool {
        arrived.kind == ObjectKind::Blob && arrived.size > self.blob_max_bytes
    }

    /// The delta as which an object came, if it is worth keeping.
    pub(super) fn delta(&self, oid: Oid) -> Option<ArrivedDelta> {
        self.deltas.get(&oid).copied()
    }

    /// The content of an object.
    pub(super) fn read(&mut self, arrived: Arrived) -> Result<Vec<u8>, RepoError> {
        let kept = self.read_at(arrived.offset, arrived.kept_bytes)?;
        if arrived.is_plain { Ok(kept) } else { Ok(git::decompress(&kept, arrived.size)?) }
    }

    /// The zlib stream of an object.
    pub(super) fn read_stream(&mut self, arrived: Arrived) -> Result<Vec<u8>, RepoError> {
        let kept = self.read_at(arrived.offset, arrived.kept_bytes)?;
        Ok(if arrived.is_plain { self.compressor.compress(&kept) } else { kept })
    }

    /// The zlib stream of a delta.
    pub(super) fn read_delta(&mut self, delta: ArrivedDelta) -> Result<Vec<u8>, RepoError> {
        self.read_at(delta.offset, delta.kept_bytes)
    }

    fn read_at(&mut self, offset: u64, count: u32) -> Result<Vec<u8>, RepoError> {
        if !self.waiting.is_empty() {
            self.flush()?;
        }
        let mut bytes = vec![0; count as usize];
        self.file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        self.file.read_exact(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }

    /// The ids of these objects in the order in which they lie in the file.
    pub(super) fn in_file_order(&self, oids: impl IntoIterator<Item = Oid>) -> Vec<Oid> {
        let mut placed: Vec<(u64, Oid)> =
            oids.into_iter().filter_map(|oid| self.get(oid).map(|arrived| (arrived.offset, oid))).collect();
        placed.sort_unstable();
        placed.into_iter().map(|(_, oid)| oid).collect()
    }

    /// How many bytes the row of one of these objects may take.
    pub(super) fn row_bytes(&self, oid: Oid) -> usize {
        let delta = self.deltas.get(&oid).map(|delta| delta.kept_bytes);
        delta.or_else(|| self.get(oid).map(|arrived| arrived.kept_bytes)).unwrap_or_default() as usize
    }

    /// Whether an object is one of these, which are in file order, and comes before another.
    pub(super) fn comes_before(&self, placed: &[Oid], oid: Oid, other: Oid) -> bool {
        let place = |oid: Oid| self.objects.get(&oid).map_or((u64::MAX, oid), |arrived| (arrived.offset, oid));
        self.objects.contains_key(&oid)
            && place(oid) < place(other)
            && placed.binary_search_by_key(&place(oid), |at| place(*at)).is_ok()
    }
}

/// Whether a row is better off with the delta than with the whole. Commits and tags are always read as a whole, and files
/// beyond a row go to the blob store.
fn is_worth_keeping(kind: ObjectKind, size: u64, delta: &PackDelta<'_>) -> bool {
    let is_kind = kind == ObjectKind::Tree || kind == ObjectKind::Blob && size <= ROW_BLOB_MAX as u64;
    is_kind && delta.size <= size && delta.stream.len() as u64 <= size / 2
}
