//! Files as bytes, for whoever does not speak Xet: exact ranges, flat memory, decoding beside the network.
//!
//! A reader plans a few windows ahead, fetches and decodes them at the same time, and hands them over in order. The first
//! window is small, so that the first byte comes soon and a thousand readers of small ranges take little; later ones are
//! larger. Reading ahead takes a slot of which there is a fixed number for the whole process: without one a reader
//! still goes on, one small window at a time.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use hub_blob::{BlobError, BlobStream};
use hub_core::XetHash;
use hub_formats::xet::chunk_hash;
use hub_formats::xet::xorb::{ChunkReader, Piece, XorbError};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::task::AbortOnDropHandle;

use crate::store::files;
use crate::windows::{Window, Windows};
use crate::{Cas, CasError};

/// How many windows all readers together fetch ahead.
pub(crate) const PREFETCH_SLOTS: usize = 24;
/// How many windows one reader has under way.
const AHEAD: usize = 4;
const FIRST_WINDOW_BYTES: u64 = 256 << 10;
const WINDOW_BYTES: u64 = 2 << 20;

impl Cas {
    /// Streams a range of a file. Says nothing of who may read it.
    ///
    /// # Errors
    /// [`CasError::FileNotFound`]; [`BlobError::OutOfRange`] unless the range lies within the file. An empty range within it
    /// gives an empty stream.
    pub async fn read(&self, file: &XetHash, range: Range<u64>) -> Result<BlobStream, CasError> {
        let row = files::get(self.db(), file).await?.ok_or(CasError::FileNotFound(*file))?;
        if range.start > range.end || range.end > row.size {
            return Err(BlobError::OutOfRange { size: row.size }.into());
        }
        let mut reader = Reader::new(self.clone(), Windows::of_file(self.clone(), *file, range));
        // The first window is fetched here, so that what is missing is known before an answer has begun.
        let Some(first) = reader.next().await? else { return Ok(stream::empty().boxed()) };
        let rest = stream::try_unfold(reader, |mut reader| async move {
            let next = reader.next().await.map_err(into_blob_error)?;
            Ok::<_, BlobError>(next.map(|pieces| (stream::iter(pieces.into_iter().map(Ok)), reader)))
        });
        Ok(stream::iter(first.into_iter().map(Ok)).chain(rest.try_flatten()).boxed())
    }
}

/// Streams carry the errors of blob stores.
fn into_blob_error(error: CasError) -> BlobError {
    match error {
        CasError::Blob(error) => error,
        error => BlobError::Io(std::io::Error::other(error)),
    }
}

/// The content of a window, in order: parts of what was read where it is stored as it is, and what was decoded.
type Pieces = Vec<Bytes>;

type Fetched = Result<(Pieces, Option<OwnedSemaphorePermit>), CasError>;

/// Reads windows in order, some of them ahead.
pub(crate) struct Reader {
    cas: Cas,
    windows: Windows,
    /// Tasks of their own, so that they go on while what came before is sent.
    under_way: VecDeque<AbortOnDropHandle<Fetched>>,
    ahead: usize,
    window_bytes: u64,
    is_planned: bool,
}

impl Reader {
    pub(crate) fn new(cas: Cas, windows: Windows) -> Self {
        Self { cas, windows, under_way: VecDeque::new(), ahead: 1, window_bytes: FIRST_WINDOW_BYTES, is_planned: false }
    }

    /// The next bytes; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Pieces>, CasError> {
        while !self.is_planned && self.under_way.len() < self.ahead {
            let slot = match self.under_way.is_empty() {
                true => None,
                false => match Arc::clone(self.cas.prefetch()).try_acquire_owned() {
                    Ok(slot) => Some(slot),
                    Err(_) => break,
                },
            };
            // Without a slot nothing bounds how many readers there are, so each takes little.
            let window_bytes = if slot.is_some() { self.window_bytes } else { FIRST_WINDOW_BYTES };
            match self.windows.next(window_bytes).await? {
                Some(window) => {
                    let task = tokio::spawn(fetch(self.cas.clone(), window, slot));
                    self.under_way.push_back(AbortOnDropHandle::new(task));
                }
                None => self.is_planned = true,
            }
            self.window_bytes = (2 * self.window_bytes).min(WINDOW_BYTES);
        }
        self.ahead = (self.ahead + 1).min(AHEAD);
        let Some(task) = self.under_way.front_mut() else { return Ok(None) };
        let fetched = task.await.map_err(CasError::stopped)?;
        self.under_way.pop_front();
        Ok(Some(fetched?.0))
    }
}

async fn fetch(cas: Cas, window: Window, slot: Option<OwnedSemaphorePermit>) -> Fetched {
    let row = &window.xorb.row;
    let lost = || CasError::Damaged(format!("{} lacks chunks that a file takes from it", row.key()));
    let packed = window.xorb.table.bounds().packed(window.chunks).ok_or_else(lost)?;
    let slices: Vec<Bytes> = cas.blobs().read(&row.key(), packed).await?.try_collect().await?;
    let verifies = cas.config().verify_reads;
    let key = row.key();
    let damaged = move |error: XorbError| CasError::Damaged(format!("{key}: {error}"));
    let pieces = cas.pool().run(move || match verifies {
        true => verified(&window, &slices).map(|content| vec![content]),
        false => decoded(&window, &slices),
    });
    Ok((pieces.await?.map_err(damaged)?, slot))
}

fn decoded(window: &Window, slices: &[Bytes]) -> Result<Pieces, XorbError> {
    let mut reader = ChunkReader::new(window.xorb.table.bounds(), window.chunks).ok_or(XorbError::FooterMismatch)?;
    let mut wanted = Wanted::new(window.wanted.clone());
    for slice in slices {
        reader.push_pieces(slice, |piece| wanted.take(slice, piece))?;
    }
    reader.finish()?;
    Ok(wanted.finish())
}

/// Gathers the wanted bytes of a window.
struct Wanted {
    skip: usize,
    left: usize,
    pieces: Pieces,
    /// What was decoded since the last part that was not.
    decoded: Vec<u8>,
}

impl Wanted {
    fn new(range: Range<usize>) -> Self {
        Self { skip: range.start, left: range.len(), pieces: Vec::new(), decoded: Vec::new() }
    }

    fn take(&mut self, slice: &Bytes, piece: Piece<'_>) {
        match piece {
            Piece::Stored(range) => {
                let within = self.within(range.len());
                if !within.is_empty() {
                    self.end_decoded();
                    self.pieces.push(slice.slice(range.start + within.start..range.start + within.end));
                }
            }
            Piece::Decoded(content) => {
                if self.decoded.is_empty() {
                    self.decoded.reserve_exact(self.left);
                }
                let within = self.within(content.len());
                self.decoded.extend_from_slice(&content[within]);
            }
        }
    }

    /// Which of the next bytes are wanted.
    fn within(&mut self, length: usize) -> Range<usize> {
        let start = self.skip.min(length);
        let end = length.min(start + self.left);
        self.skip -= start;
        self.left -= end - start;
        start..end
    }

    fn end_decoded(&mut self) {
        if !self.decoded.is_empty() {
            self.pieces.push(std::mem::take(&mut self.decoded).into());
        }
    }

    fn finish(mut self) -> Pieces {
        self.end_decoded();
        self.pieces
    }
}

/// The same in one piece, of which every chunk was hashed again.
fn verified(window: &Window, slices: &[Bytes]) -> Result<Bytes, XorbError> {
    let table = &window.xorb.table;
    let mut reader = ChunkReader::new(table.bounds(), window.chunks).ok_or(XorbError::FooterMismatch)?;
    let raw_bytes = table.bounds().raw_bytes(window.chunks).ok_or(XorbError::FooterMismatch)?;
    let mut content = Vec::with_capacity(raw_bytes as usize);
    for slice in slices {
        reader.push(slice, &mut content)?;
    }
    reader.finish()?;
    let mut rest = &content[..];
    for (expected, size) in table.sized_chunks(window.chunks).into_iter().flatten() {
        let (chunk, after) = rest.split_at(size as usize);
        rest = after;
        let actual = chunk_hash(chunk);
        if actual != expected {
            return Err(XorbError::WrongHash { expected, actual });
        }
    }
    Ok(Bytes::from(content).slice(window.wanted.clone()))
}
