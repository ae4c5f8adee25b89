//! Reading of a file as a stream.
//!
//! Bytes that the system has in memory are copied out on the spot, into memory that was used a moment ago and is still
//! in the processor's cache: sending them copies them once more, and at the speed of a loopback transfer that is most of
//! the work. Bytes that must come from the disk are waited for on the blocking pool. One chunk is read at a time and only
//! when it is wanted, so a slow client holds no thread, and a stalled one no more than a chunk.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::{StreamExt, stream};
use rustix::buffer::spare_capacity;
use rustix::io::{Errno, pread};

use super::Folder;
use crate::pipe::blocking;
use crate::{BlobError, BlobStream, ObjectKey};

/// The first chunk is smaller: it is read while the file is opened, and is all of a small file.
const FIRST_CHUNK_BYTES: u64 = 64 << 10;
/// Two copies of this, before and after, fit into the second cache of common processors. Twice as much made a download
/// cost twice the processor time; half as much adds calls.
const CHUNK_BYTES: usize = 128 << 10;
/// How many chunks are read in a row before others get their turn: half a millisecond's work.
const CHUNKS_PER_TURN: u32 = 8;
/// How many buffers wait for their next use; more are given back to the system.
const SHELVED_BUFFERS: usize = 64;

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
    let first = read_first(&file, range.start..first_end)?;
    Ok(Opened { file, first, rest: first_end..range.end })
}

impl Opened {
    pub(super) fn stream(self, shelf: &Arc<Shelf>) -> BlobStream {
        let Self { file, first, rest } = self;
        let head = stream::iter((!first.is_empty()).then_some(Ok(first)));
        if rest.is_empty() {
            return head.boxed();
        }
        let reading = Reading { file: Arc::new(file), rest, shelf: Arc::clone(shelf), in_a_row: 0 };
        let tail = stream::try_unfold(reading, |mut reading| async move {
            let chunk = reading.next().await?;
            Ok(chunk.map(|chunk| (chunk, reading)))
        });
        head.chain(tail).boxed()
    }
}

struct Reading {
    file: Arc<File>,
    rest: Range<u64>,
    shelf: Arc<Shelf>,
    in_a_row: u32,
}

impl Reading {
    async fn next(&mut self) -> Result<Option<Bytes>, BlobError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        if self.in_a_row == CHUNKS_PER_TURN {
            self.in_a_row = 0;
            tokio::task::yield_now().await;
        }
        self.in_a_row += 1;
        let start = self.rest.start;
        let wanted = (self.rest.end - start).min(CHUNK_BYTES as u64) as usize;
        let mut buffer = self.shelf.take();
        let length = match read_at_hand(&self.file, &mut buffer[..wanted], start) {
            Some(length) => length,
            None => {
                self.in_a_row = 0;
                let file = Arc::clone(&self.file);
                let (filled, length) = blocking(move || {
                    let length = read_waiting(&file, &mut buffer[..wanted], start)?;
                    Ok((buffer, length))
                })
                .await?;
                buffer = filled;
                length
            }
        };
        self.rest.start += length as u64;
        Ok(Some(Bytes::from_owner(Lent { buffer, length, shelf: Arc::clone(&self.shelf) })))
    }
}

/// Reads what the system has in memory; `None` if that is nothing, or if it cannot tell.
#[cfg(target_os = "linux")]
fn read_at_hand(file: &File, buffer: &mut [u8], offset: u64) -> Option<usize> {
    use rustix::io::{ReadWriteFlags, preadv2};
    let mut buffers = [io::IoSliceMut::new(buffer)];
    preadv2(file, &mut buffers, offset, ReadWriteFlags::NOWAIT).ok().filter(|length| *length > 0)
}

#[cfg(not(target_os = "linux"))]
fn read_at_hand(_: &File, _: &mut [u8], _: u64) -> Option<usize> {
    None
}

/// Reads at least one byte, waiting for the disk. A file that ends early was damaged from outside.
fn read_waiting(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        match pread(file, &mut *buffer, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(length) => return Ok(length),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Reads a whole range into memory of just its size, which was not cleared before.
fn read_first(file: &File, range: Range<u64>) -> io::Result<Bytes> {
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

type Buffer = Box<[u8]>;

/// Buffers for all streams of a store. The one that came back last goes out first, because it is the warmest.
#[derive(Debug, Default)]
pub(super) struct Shelf(Mutex<Vec<Buffer>>);

impl Shelf {
    fn take(&self) -> Buffer {
        let shelved = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        shelved.unwrap_or_else(|| vec![0; CHUNK_BYTES].into())
    }

    fn put_back(&self, buffer: Buffer) {
        let mut shelved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shelved.len() < SHELVED_BUFFERS {
            shelved.push(buffer);
        }
    }
}

/// The filled part of a buffer that goes back to the shelf when the last of its bytes is dropped.
struct Lent {
    buffer: Buffer,
    length: usize,
    shelf: Arc<Shelf>,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.buffer[..self.length]
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.shelf.put_back(std::mem::take(&mut self.buffer));
    }
}

#[cfg(test)]
mod tests;
