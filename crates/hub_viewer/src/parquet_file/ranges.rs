//! A file of a repository as the library wants it: a thing that is read at any place.

use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use hub_repo::{FileContent, Repo};
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};
use tokio::runtime::Handle;

/// The most bytes that one look at a file reads.
const READ_MAX: u64 = 96 << 20;
/// The most bytes that a page may have when it is decompressed.
const PAGE_MAX: u64 = 64 << 20;
/// The longest head of a page.
const HEAD_MAX: u64 = 64 << 10;
/// How much is read for the head of a page; its beginning of the content is read with it and not again.
const BLOCK: u64 = 64 << 10;

/// The file. Clones read on one account.
#[derive(Clone)]
pub(super) struct Ranges(Arc<Inner>);

struct Inner {
    repo: Repo,
    file: FileContent,
    runtime: Handle,
    /// How many bytes may still be read.
    left: AtomicU64,
    /// What was read last for a head, and where it begins.
    block: Mutex<(u64, Bytes)>,
    /// Where the last heads of pages were found.
    heads: Mutex<Vec<u64>>,
}

impl Ranges {
    /// To be called on a thread of the runtime, and read from one that may wait.
    pub(super) fn new(repo: Repo, file: FileContent) -> Self {
        Self(Arc::new(Inner {
            repo,
            file,
            runtime: Handle::current(),
            left: AtomicU64::new(READ_MAX),
            block: Mutex::default(),
            heads: Mutex::default(),
        }))
    }

    fn fetch(&self, start: u64, length: u64) -> Result<Bytes> {
        let inner = &self.0;
        let end = start.checked_add(length).filter(|end| *end <= inner.file.size);
        let end = end.ok_or_else(|| ParquetError::EOF("the file names bytes behind its end".to_owned()))?;
        {
            let block = inner.block.lock().unwrap_or_else(PoisonError::into_inner);
            if start >= block.0 && end <= block.0 + block.1.len() as u64 {
                let from = (start - block.0) as usize;
                return Ok(block.1.slice(from..from + length as usize));
            }
        }
        let take = |left: u64| left.checked_sub(length);
        if inner.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_err() {
            return Err(ParquetError::General("the rows take too many bytes".to_owned()));
        }
        let read = crate::read(&inner.repo, &inner.file, start..end);
        inner.runtime.block_on(read).map_err(|error| ParquetError::External(Box::new(error)))
    }

    /// A block that holds the head of a page.
    fn fetch_block(&self, start: u64) -> Result<Bytes> {
        let length = BLOCK.min(self.0.file.size.saturating_sub(start));
        let block = self.fetch(start, length)?;
        *self.0.block.lock().unwrap_or_else(PoisonError::into_inner) = (start, block.clone());
        Ok(block)
    }

    /// Refuses a page that would become too large. The library reads on from where a head ended as well, when it had
    /// looked at the head before.
    fn check_page(&self, start: u64, block: &[u8]) -> Result<()> {
        let mut heads = self.0.heads.lock().unwrap_or_else(PoisonError::into_inner);
        match page_bytes(block) {
            Some(bytes) if bytes <= PAGE_MAX => {
                heads.push(start);
                Ok(())
            }
            None if heads.iter().any(|head| (1..=HEAD_MAX).contains(&start.saturating_sub(*head))) => Ok(()),
            _ => Err(ParquetError::General("a page is too large or no page at all".to_owned())),
        }
    }
}

/// The size of a page when it is decompressed, from the beginning of its head: a structure of Thrift's compact protocol
/// whose first fields are the type of the page and this size.
fn page_bytes(head: &[u8]) -> Option<u64> {
    /// A field after the one before it, holding a 32-bit number.
    const NEXT_NUMBER: u8 = 0x15;
    let mut rest = head;
    let mut number = || {
        let (mark, behind) = rest.split_first()?;
        rest = behind;
        let (mut value, mut shift) = (0_u64, 0);
        loop {
            let (byte, behind) = rest.split_first()?;
            rest = behind;
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 || shift > 35 {
                // Signs alternate: an even number stands for its positive half.
                return (*mark == NEXT_NUMBER && value.is_multiple_of(2)).then_some(value / 2);
            }
        }
    };
    let kind = number()?;
    (kind <= 3).then(&mut number)?
}

impl Length for Ranges {
    fn len(&self) -> u64 {
        self.0.file.size
    }
}

impl ChunkReader for Ranges {
    type T = Head;

    fn get_read(&self, start: u64) -> Result<Head> {
        let block = self.fetch_block(start)?;
        // The library reads the end of the file this way as well.
        if start + 8 < self.0.file.size {
            self.check_page(start, &block)?;
        }
        Ok(Head { block, place: 0 })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        self.fetch(start, length as u64)
    }
}

/// The bytes from some place on, as many as a head may have.
pub(super) struct Head {
    block: Bytes,
    place: usize,
}

impl Read for Head {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let rest = &self.block[self.place..];
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        self.place += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_page_stands_in_its_head() {
        // Type 0, 300 bytes, 20 compressed.
        assert_eq!(page_bytes(&[0x15, 0, 0x15, 0xd8, 0x04, 0x15, 40]), Some(300));
        for odd in [&[][..], &[0x15], &[0x15, 0, 0x15], &[0x15, 0, 0x15, 1], &[0x05, 0, 0x15, 2], &[0x15, 20, 0x15, 2]]
        {
            assert_eq!(page_bytes(odd), None, "{odd:?}");
        }
        assert_eq!(page_bytes(&[0x15, 4, 0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f]), Some(0x7fff_ffff));
    }
}
