//! Objects as files of one folder.
//!
//! ```text
//! DIR/large/ab/cd/<sha256>-<copy>   an object; only ever appears by rename
//! DIR/xorbs/ab/cd/<hash>.<gen>      another kind of object, in the same way
//! DIR/incoming/<random>             a file being written
//! DIR/incoming/<random>/            an upload in parts, see `parts.rs`
//! ```
//! A finished file is synced, renamed and its directory synced, in this order, so that after a crash a key is either
//! absent or whole. Several processes may share the folder. Keys are made of hexadecimal digits, so no key leads
//! outside; links inside the folder are the administrator's own affair.

mod incoming;
mod list;
mod parts;
mod read;

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use hub_core::{Ids, Timestamp};

use crate::pipe::{Pipe, blocking};
use crate::{BlobError, BlobStore, BlobStream, BlobWriter, LinkOptions, Listed, ObjectKey, PartsId, WrittenBlob};
use incoming::IncomingFile;

/// A blob store in a folder of the local (or a shared) file system. It gives no links: all bytes pass through Hearth.
#[derive(Clone, Debug)]
pub struct FolderStore {
    folder: Arc<Folder>,
}

/// What work on the blocking pool needs to know.
#[derive(Debug)]
struct Folder {
    root: PathBuf,
    ids: Arc<dyn Ids>,
    /// Fan-out directories whose own entry this process has synced: one that merely exists may be another process's,
    /// created and not yet synced.
    durable: Mutex<HashSet<PathBuf>>,
    shelf: Arc<read::Shelf>,
}

impl FolderStore {
    /// Opens a folder, creating it if need be. Blocks: meant for the start of the process.
    pub fn open(root: impl Into<PathBuf>, ids: Arc<dyn Ids>) -> Result<Self, BlobError> {
        let folder = Folder { root: root.into(), ids, durable: Mutex::default(), shelf: Arc::default() };
        fs::create_dir_all(folder.incoming())?;
        for top in crate::key::TOPS {
            fs::create_dir_all(folder.root.join(top))?;
        }
        sync_dir(&folder.root)?;
        Ok(Self { folder: Arc::new(folder) })
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folder) -> Result<T, BlobError> + Send + 'static,
    ) -> Result<T, BlobError> {
        let folder = Arc::clone(&self.folder);
        blocking(move || work(&folder)).await
    }
}

impl Folder {
    fn path(&self, key: &ObjectKey) -> PathBuf {
        self.root.join(key.to_string())
    }

    fn incoming(&self) -> PathBuf {
        self.root.join("incoming")
    }

    /// Fresh text that nobody can guess, for names and tags.
    fn fresh_name(&self) -> String {
        let mut bytes = [0; 16];
        self.ids.fill(&mut bytes);
        hex::encode(bytes)
    }

    /// Moves a synced file to its key; durable when this returns.
    fn publish(&self, from: &Path, key: &ObjectKey) -> Result<(), BlobError> {
        let path = self.path(key);
        let parent = path.parent().expect("a key has folders");
        self.create_durably(parent)?;
        fs::rename(from, &path)?;
        sync_dir(parent)?;
        Ok(())
    }

    /// Creates the missing directories below the root and syncs each one's parent, so that they survive a crash.
    fn create_durably(&self, path: &Path) -> Result<(), BlobError> {
        let Some(parent) = path.parent().filter(|_| path != self.root) else { return Ok(()) };
        if self.durable.lock().unwrap_or_else(PoisonError::into_inner).contains(path) {
            return Ok(());
        }
        self.create_durably(parent)?;
        match fs::create_dir(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
            _ => sync_dir(parent)?,
        }
        self.durable.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
        Ok(())
    }
}

#[async_trait]
impl BlobStore for FolderStore {
    async fn writer(&self, key: &ObjectKey) -> Result<Box<dyn BlobWriter>, BlobError> {
        let file = IncomingFile::new(Arc::clone(&self.folder), key);
        Ok(Box::new(FolderWriter { pipe: Pipe::new(file), key: key.clone() }))
    }

    async fn read(&self, key: &ObjectKey, range: Range<u64>) -> Result<BlobStream, BlobError> {
        let key = key.clone();
        let opened = self.run(move |folder| read::open(folder, &key, range)).await?;
        Ok(opened.stream(&self.folder.shelf))
    }

    async fn size(&self, key: &ObjectKey) -> Result<Option<u64>, BlobError> {
        let key = key.clone();
        self.run(move |folder| match fs::metadata(folder.path(&key)) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        })
        .await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), BlobError> {
        let key = key.clone();
        // The directory is not synced: a deletion undone by a crash leaves an object without a row, which is collected.
        self.run(move |folder| absent_is_fine(fs::remove_file(folder.path(&key)))).await
    }

    async fn list(&self, after: Option<&ObjectKey>, limit: usize) -> Result<Vec<Listed>, BlobError> {
        let after = after.cloned();
        self.run(move |folder| list::page(folder, after.as_ref(), limit)).await
    }

    async fn sweep_incoming(&self, older_than: Timestamp) -> Result<u64, BlobError> {
        self.run(move |folder| incoming::sweep(folder, older_than)).await
    }

    async fn check(&self) -> Result<(), BlobError> {
        self.run(|folder| {
            let path = folder.incoming().join(folder.fresh_name());
            let written = fs::write(&path, b"check").and_then(|()| fs::read(&path));
            absent_is_fine(fs::remove_file(&path))?;
            written?;
            Ok(())
        })
        .await
    }

    async fn download_link(&self, _: &ObjectKey, _: &LinkOptions) -> Result<Option<String>, BlobError> {
        Ok(None)
    }

    async fn range_link(&self, _: &ObjectKey, _: Range<u64>, _: Duration) -> Result<Option<String>, BlobError> {
        Ok(None)
    }

    async fn upload_link(&self, _: &ObjectKey, _: Duration, _: u64) -> Result<Option<String>, BlobError> {
        Ok(None)
    }

    async fn begin_parts(&self, key: &ObjectKey, size: u64) -> Result<PartsId, BlobError> {
        let key = key.clone();
        self.run(move |folder| parts::begin(folder, &key, size)).await
    }

    async fn part_link(&self, _: &ObjectKey, _: &PartsId, _: u32, _: Duration) -> Result<Option<String>, BlobError> {
        Ok(None)
    }

    async fn put_part(
        &self,
        key: &ObjectKey,
        parts: &PartsId,
        number: u32,
        offset: u64,
        size: u64,
        body: BlobStream,
    ) -> Result<String, BlobError> {
        let (key, parts) = (key.clone(), parts.clone());
        let sink = self.run(move |folder| parts::open_part(folder, &key, &parts, number, offset, size)).await?;
        parts::receive(Arc::clone(&self.folder), sink, body).await
    }

    async fn complete_parts(&self, key: &ObjectKey, parts: &PartsId, tags: &[(u32, String)]) -> Result<(), BlobError> {
        let (key, parts, tags) = (key.clone(), parts.clone(), tags.to_vec());
        self.run(move |folder| parts::complete(folder, &key, &parts, tags)).await
    }

    async fn abort_parts(&self, key: &ObjectKey, parts: &PartsId) -> Result<(), BlobError> {
        let (key, parts) = (key.clone(), parts.clone());
        self.run(move |folder| parts::abort(folder, &key, &parts)).await
    }
}

struct FolderWriter {
    pipe: Pipe<IncomingFile>,
    key: ObjectKey,
}

#[async_trait]
impl BlobWriter for FolderWriter {
    async fn write(&mut self, chunk: Bytes) -> Result<(), BlobError> {
        self.pipe.push(chunk).await
    }

    async fn finish(self: Box<Self>) -> Result<WrittenBlob, BlobError> {
        let Self { pipe, key } = *self;
        let file = pipe.end_with(move |file| file.publish(&key)).await?;
        Ok(file.written())
    }
}

fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn absent_is_fine(result: io::Result<()>) -> Result<(), BlobError> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn timestamp(time: SystemTime) -> Timestamp {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
