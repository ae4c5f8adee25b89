//! Where the objects of a push wait until all of it was found good: a file without a name, so that a crash leaves
//! nothing, and in memory only what is known of each object.
//!
//! Objects lie there as rows will hold them, one zlib stream each, without deltas. What is refused never becomes a row.

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use hub_blob::BlobError;
use hub_core::Oid;
use hub_formats::git::pack::PackObject;
use hub_formats::git::{self, Compressor, ObjectKind};
use hub_formats::lfs::Pointer;
use tempfile::{SpooledTempFile, spooled_tempfile_in};

use super::fsck;
use crate::RepoError;

/// Pushes up to this size never touch the disk before they are accepted.
pub(super) const IN_MEMORY_BYTES: usize = 1 << 20;
/// The most objects of one push; each takes some hundred bytes of memory.
const OBJECTS_MAX: usize = 2_000_000;

/// What is known of an object that arrived.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrived {
    pub(super) kind: ObjectKind,
    pub(super) size: u64,
    offset: u64,
    packed_bytes: u32,
}

/// An object that arrived, as a row will hold it.
pub(super) struct Packed {
    pub(super) oid: Oid,
    pub(super) arrived: Arrived,
    pub(super) data: Vec<u8>,
}

/// The objects of one push.
pub(super) struct Quarantine {
    file: SpooledTempFile,
    end: u64,
    objects: HashMap<Oid, Arrived>,
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
            objects: HashMap::new(),
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
        let compressed;
        let stream = match object.stream {
            Some(stream) => stream,
            None => {
                compressed = self.compressor.compress(content);
                &compressed
            }
        };
        self.file.seek(SeekFrom::Start(self.end)).map_err(failed)?;
        self.file.write_all(stream).map_err(failed)?;
        let packed_bytes = u32::try_from(stream.len())
            .map_err(|_| RepoError::TooLarge(format!("{kind} {oid} is too large to be kept in git")))?;
        self.index(oid, Arrived { kind, size, offset: self.end, packed_bytes })?;
        self.end += u64::from(packed_bytes);
        Ok(())
    }

    /// The empty tree, which git knows without being told, and clients may leave out.
    pub(super) fn add_empty_tree(&mut self) -> Result<(), RepoError> {
        let (kind, content) = (ObjectKind::Tree, Some(&b""[..]));
        self.add(&PackObject { oid: Oid::EMPTY_TREE, kind, size: 0, content, stream: None })
    }

    /// Notes a blob whose content is too large to be kept, so that the refusal can name its path.
    fn note_oversized(&mut self, oid: Oid, size: u64) -> Result<(), RepoError> {
        self.index(oid, Arrived { kind: ObjectKind::Blob, size, offset: self.end, packed_bytes: 0 })
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

    /// The content of an object.
    pub(super) fn read(&mut self, arrived: Arrived) -> Result<Vec<u8>, RepoError> {
        let stream = self.read_packed(arrived)?;
        Ok(git::decompress(&stream, arrived.size)?)
    }

    fn read_packed(&mut self, arrived: Arrived) -> Result<Vec<u8>, RepoError> {
        let mut stream = vec![0; arrived.packed_bytes as usize];
        self.file.seek(SeekFrom::Start(arrived.offset)).map_err(failed)?;
        self.file.read_exact(&mut stream).map_err(failed)?;
        Ok(stream)
    }

    /// The ids of these objects in the order in which they lie in the file.
    pub(super) fn in_file_order(&self, oids: impl IntoIterator<Item = Oid>) -> Vec<Oid> {
        let mut placed: Vec<(u64, Oid)> =
            oids.into_iter().filter_map(|oid| self.get(oid).map(|arrived| (arrived.offset, oid))).collect();
        placed.sort_unstable();
        placed.into_iter().map(|(_, oid)| oid).collect()
    }

    /// Reads objects as rows will hold them.
    pub(super) fn read_batch(&mut self, oids: &[Oid]) -> Result<Vec<Packed>, RepoError> {
        let mut batch = Vec::with_capacity(oids.len());
        for oid in oids {
            let missing = || RepoError::Inconsistent(format!("the push lost the object {oid}"));
            let arrived = self.get(*oid).ok_or_else(missing)?;
            batch.push(Packed { oid: *oid, arrived, data: self.read_packed(arrived)? });
        }
        Ok(batch)
    }

    /// How many bytes one of these objects takes when it is read.
    pub(super) fn packed_bytes(&self, oid: Oid) -> usize {
        self.get(oid).map_or(0, |arrived| arrived.packed_bytes as usize)
    }
}
