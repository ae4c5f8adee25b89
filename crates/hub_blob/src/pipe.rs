//! Work on a stream of bytes that must not run on an async worker: hashing, writing to disk.
//!
//! A pipe gathers chunks and hands them over in batches, one batch at work while the next one gathers, so that network,
//! hash and disk overlap. No thread is held while the source is slow: a thousand stalled uploads cost no thread.

use bytes::Bytes;
use hub_core::Sha256;
use sha2::Digest as _;
use tokio::task::JoinHandle;

use crate::{BlobError, ObjectKey, WrittenBlob};

/// How much gathers before it is handed over. A pipe holds about twice this.
const BATCH_BYTES: usize = 1 << 20;
/// How many chunks gather at most: each may keep a whole network buffer alive, however few bytes it shows.
const BATCH_CHUNKS: usize = 256;

/// What becomes of the bytes. Runs on the blocking pool.
pub(crate) trait Sink: Send + 'static {
    fn take(&mut self, bytes: &[u8]) -> Result<(), BlobError>;
}

/// Hands chunks to a sink.
pub(crate) struct Pipe<S: Sink> {
    place: Place<S>,
    pending: Vec<Bytes>,
    pending_bytes: usize,
}

enum Place<S> {
    Here(Box<S>),
    AtWork(JoinHandle<Result<Box<S>, BlobError>>),
    /// A batch failed, or its future was dropped midway: no further use.
    Lost,
}

impl<S: Sink> Pipe<S> {
    pub(crate) fn new(sink: S) -> Self {
        Self { place: Place::Here(Box::new(sink)), pending: Vec::new(), pending_bytes: 0 }
    }

    /// Takes a chunk; waits for the former batch if a new one is full.
    pub(crate) async fn push(&mut self, chunk: Bytes) -> Result<(), BlobError> {
        self.pending_bytes += chunk.len();
        self.pending.push(chunk);
        if self.pending_bytes >= BATCH_BYTES || self.pending.len() >= BATCH_CHUNKS {
            let sink = self.sink().await?;
            self.place = Place::AtWork(self.start(sink, |_| Ok(())));
        }
        Ok(())
    }

    /// Hands the rest over and gives the sink back.
    pub(crate) async fn end(self) -> Result<S, BlobError> {
        self.end_with(|_| Ok(())).await
    }

    /// Hands the rest over, then runs `last` on the sink, still off the async workers.
    pub(crate) async fn end_with(
        mut self,
        last: impl FnOnce(&mut S) -> Result<(), BlobError> + Send + 'static,
    ) -> Result<S, BlobError> {
        let sink = self.sink().await?;
        let sink = joined(self.start(sink, last).await)?;
        Ok(*sink)
    }

    async fn sink(&mut self) -> Result<Box<S>, BlobError> {
        match &mut self.place {
            Place::AtWork(task) => {
                let result = task.await;
                self.place = Place::Lost;
                joined(result)
            }
            Place::Here(_) | Place::Lost => match std::mem::replace(&mut self.place, Place::Lost) {
                Place::Here(sink) => Ok(sink),
                _ => Err(BlobError::Io(std::io::Error::other("write after a failed write"))),
            },
        }
    }

    fn start(
        &mut self,
        mut sink: Box<S>,
        last: impl FnOnce(&mut S) -> Result<(), BlobError> + Send + 'static,
    ) -> JoinHandle<Result<Box<S>, BlobError>> {
        let batch = std::mem::take(&mut self.pending);
        self.pending_bytes = 0;
        tokio::task::spawn_blocking(move || {
            for chunk in batch {
                sink.take(&chunk)?;
            }
            last(&mut sink)?;
            Ok(sink)
        })
    }
}

impl<S: Sink> Drop for Pipe<S> {
    /// Dropping a sink may remove a large file, which can take long: not on an async worker either. A sink that is at
    /// work is dropped where it works.
    fn drop(&mut self) {
        if let Place::Here(sink) = std::mem::replace(&mut self.place, Place::Lost)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            drop(runtime.spawn_blocking(move || drop(sink)));
        }
    }
}

fn joined<T>(result: Result<Result<T, BlobError>, tokio::task::JoinError>) -> Result<T, BlobError> {
    result.unwrap_or_else(|error| Err(BlobError::Io(std::io::Error::other(error))))
}

/// Runs file work off the async workers.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    joined(tokio::task::spawn_blocking(work).await)
}

/// A sink that only counts and hashes.
pub(crate) struct Digest {
    size: u64,
    sha256: Option<sha2::Sha256>,
}

impl Digest {
    /// Counts and hashes.
    pub(crate) fn new() -> Self {
        Self { size: 0, sha256: Some(sha2::Sha256::new()) }
    }

    /// Counts, and hashes if the object is named by its hash.
    pub(crate) fn of(key: &ObjectKey) -> Self {
        match key {
            ObjectKey::Large { .. } => Self::new(),
            ObjectKey::Xorb { .. } => Self { size: 0, sha256: None },
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(bytes);
        }
    }

    pub(crate) fn written(&self) -> WrittenBlob {
        let sha256 = self.sha256.clone().map(|sha256| Sha256::new(sha256.finalize().into()));
        WrittenBlob { size: self.size, sha256 }
    }
}

impl Sink for Digest {
    fn take(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        self.update(bytes);
        Ok(())
    }
}
