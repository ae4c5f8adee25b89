//! Reading of a file as a stream.
//!
//! A job on the blocking pool reads ahead into a bounded channel and ends when the channel is full; the stream starts it
//! again when the channel runs low. A fast client so keeps one thread at work all the time, and a slow one holds none:
//! stalled downloads cannot use up the pool.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, stream};
use rustix::buffer::spare_capacity;
use rustix::io::{Errno, pread};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Folder;
use crate::{BlobError, BlobStream, ObjectKey};

/// The first chunk is smaller: it is read while the file is opened, and is all of a small file.
const FIRST_CHUNK_BYTES: u64 = 64 << 10;
const CHUNK_BYTES: u64 = 256 << 10;
/// How many chunks are read ahead; a download so takes about 1.3 MiB.
const AHEAD: usize = 4;

/// An opened file with the first bytes of the range.
pub(super) struct Opened {
    file: File,
    first: Bytes,
    rest: Range<u64>,
}

pub(super) fn open(folder: &Folder, key: &ObjectKey, range: Range<u64>) -> Result<Opened, BlobError> {
    let file = File::open(folder.path(key)).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => BlobError::NotFound(key.to_string()),
        _ => error.into(),
    })?;
    let size = file.metadata()?.len();
    if range.start > range.end || range.end > size {
        return Err(BlobError::OutOfRange { size });
    }
    let first_end = range.end.min(range.start + FIRST_CHUNK_BYTES);
    let first = read_chunk(&file, range.start..first_end)?;
    Ok(Opened { file, first, rest: first_end..range.end })
}

impl Opened {
    pub(super) fn stream(self) -> BlobStream {
        let Self { file, first, rest } = self;
        let head = stream::iter((!first.is_empty()).then_some(Ok(first)));
        if rest.is_empty() {
            return head.boxed();
        }
        let (sender, receiver) = mpsc::channel(AHEAD);
        let ahead =
            ReadAhead { file: Arc::new(file), position: rest.start, end: rest.end, sender, receiver, job: None };
        let tail = stream::unfold(Some(ahead), |ahead| async move {
            let mut ahead = ahead?;
            match ahead.next().await {
                Some(Ok(chunk)) => Some((Ok(chunk), Some(ahead))),
                Some(Err(error)) => Some((Err(error), None)),
                None => None,
            }
        });
        head.chain(tail).boxed()
    }
}

struct ReadAhead {
    file: Arc<File>,
    /// Where the next job begins; out of date while one runs.
    position: u64,
    end: u64,
    sender: mpsc::Sender<Bytes>,
    receiver: mpsc::Receiver<Bytes>,
    job: Option<JoinHandle<io::Result<u64>>>,
}

impl ReadAhead {
    async fn next(&mut self) -> Option<Result<Bytes, BlobError>> {
        loop {
            if let Some(job) = &mut self.job {
                tokio::select! {
                    biased;
                    ended = job => {
                        self.job = None;
                        match ended.unwrap_or_else(|error| Err(io::Error::other(error))) {
                            Ok(position) => self.position = position,
                            Err(error) => return Some(Err(error.into())),
                        }
                    }
                    chunk = self.receiver.recv() => return chunk.map(Ok),
                }
            } else if self.position < self.end && self.receiver.len() <= AHEAD / 2 {
                let (file, range, sender) = (Arc::clone(&self.file), self.position..self.end, self.sender.clone());
                self.job = Some(tokio::task::spawn_blocking(move || read_ahead(&file, range, &sender)));
            } else {
                return self.receiver.try_recv().ok().map(Ok);
            }
        }
    }
}

/// Fills the channel; answers up to where. Ends at once if the stream was dropped.
fn read_ahead(file: &File, range: Range<u64>, sender: &mpsc::Sender<Bytes>) -> io::Result<u64> {
    let mut position = range.start;
    while position < range.end {
        let Ok(permit) = sender.try_reserve() else { break };
        let next = range.end.min(position + CHUNK_BYTES);
        permit.send(read_chunk(file, position..next)?);
        position = next;
    }
    Ok(position)
}

/// Reads into memory that was not cleared before: at the speed of a loopback transfer, clearing it costs as much again.
fn read_chunk(file: &File, range: Range<u64>) -> io::Result<Bytes> {
    let length = (range.end - range.start) as usize;
    let mut chunk = Vec::with_capacity(length);
    while chunk.len() < length {
        let offset = range.start + chunk.len() as u64;
        match pread(file, spare_capacity(&mut chunk), offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    // The allocator may have given more room than was asked for.
    chunk.truncate(length);
    Ok(chunk.into())
}
