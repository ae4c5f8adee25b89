//! Files that are being written and not yet visible.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hub_core::Timestamp;

use super::{Folder, absent_is_fine, timestamp};
use crate::pipe::{Digest, Sink};
use crate::{BlobError, ObjectKey, WrittenBlob};

/// A file under `incoming/` that is hashed while it is written, and removed when dropped before it is published.
pub(super) struct IncomingFile {
    folder: Arc<Folder>,
    /// Opened with the first bytes, so that a small file costs one visit to the blocking pool in all.
    open: Option<(PathBuf, File)>,
    digest: Digest,
}

impl IncomingFile {
    pub(super) fn new(folder: Arc<Folder>, key: &ObjectKey) -> Self {
        Self { folder, open: None, digest: Digest::of(key) }
    }

    pub(super) fn written(&self) -> WrittenBlob {
        self.digest.written()
    }

    fn file(&mut self) -> Result<&mut (PathBuf, File), BlobError> {
        if self.open.is_none() {
            let path = self.folder.incoming().join(self.folder.fresh_name());
            let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
            self.open = Some((path, file));
        }
        Ok(self.open.as_mut().expect("opened just above"))
    }

    /// Makes the file durable and visible under its key.
    pub(super) fn publish(&mut self, key: &ObjectKey) -> Result<(), BlobError> {
        let (path, file) = self.file()?;
        file.sync_all()?;
        let path = path.clone();
        self.folder.publish(&path, key)?;
        self.open = None;
        Ok(())
    }
}

impl Sink for IncomingFile {
    fn take(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        self.digest.update(bytes);
        let (_, file) = self.file()?;
        Ok(file.write_all(bytes)?)
    }
}

impl Drop for IncomingFile {
    fn drop(&mut self) {
        if let Some((path, _)) = self.open.take()
            && let Err(error) = fs::remove_file(&path)
        {
            // Not lost for ever: the sweep takes it.
            tracing::warn!(path = %path.display(), %error, "an abandoned incoming file could not be removed");
        }
    }
}

/// Removes what lies in `incoming/` and was last touched before `older_than`.
pub(super) fn sweep(folder: &Folder, older_than: Timestamp) -> Result<u64, BlobError> {
    let mut removed = 0;
    for entry in fs::read_dir(folder.incoming())? {
        let path = entry?.path();
        // It may end, and vanish, while we look.
        let Some((is_dir, touched)) = last_touched(&path)? else { continue };
        if touched >= older_than {
            continue;
        }
        absent_is_fine(if is_dir { fs::remove_dir_all(&path) } else { fs::remove_file(&path) })?;
        removed += 1;
    }
    Ok(removed)
}

/// Whether it is a directory, and when it or, one level down, anything in it was last written.
fn last_touched(path: &Path) -> Result<Option<(bool, Timestamp)>, BlobError> {
    let Some(metadata) = existing(fs::symlink_metadata(path))? else { return Ok(None) };
    let mut touched = timestamp(metadata.modified()?);
    if metadata.is_dir() {
        let Some(entries) = existing(fs::read_dir(path))? else { return Ok(None) };
        for entry in entries {
            if let Some(inner) = existing(entry?.metadata())? {
                touched = touched.max(timestamp(inner.modified()?));
            }
        }
    }
    Ok(Some((metadata.is_dir(), touched)))
}

fn existing<T>(result: std::io::Result<T>) -> Result<Option<T>, BlobError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
