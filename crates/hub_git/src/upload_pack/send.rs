//! The pack on its way out: what is to be sent is found, read and written piece by piece, as fast as the client reads.
//!
//! Rows hold the very streams that a pack carries, deltas too, so small objects are copied; large blobs are compressed on
//! the way. At no time more than a few batches of objects are in memory, however large the pack, and of each object where
//! it stands in the pack. Nothing is done ahead of a client that stops reading.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use hub_core::Oid;
use hub_formats::git::pack::{DeltaBase, PackEncoder, StreamCompressor};
use hub_formats::git::pkt_line::{Band, SideBand, push_flush};
use hub_repo::{BlobStream, Enumeration, PackedBody, PackedObject, Repo, RepoError};

use crate::error::GitError;
use crate::protocol::Reply;

/// How a client reads a pack.
#[derive(Clone, Copy, Debug)]
pub(super) struct PackOptions {
    /// The side band, if it knows one.
    pub(super) band: Option<SideBand>,
    /// Whether it takes deltas that name their base by its place.
    pub(super) offset_deltas: bool,
    /// Whether words for a person go along.
    pub(super) progress: bool,
}

/// How many bytes go out at a time.
const PIECE_BYTES: usize = 256 << 10;
/// How many bytes of objects are read at a time, and between how few and how many objects that may be.
const BATCH_BYTES: usize = 1 << 20;
const BATCH_MIN: usize = 16;
const BATCH_MAX: usize = 4096;
/// How many bytes of deltas may wait for their bases. More are sent before them, which costs the client a second look.
const EARLY_BYTES: usize = 16 << 20;
/// After how many newly found objects a person is told.
const TELL_EVERY: usize = 20_000;

/// Sends `first`, and then the pack of what `walk` finds.
pub(super) fn send(repo: Repo, walk: Enumeration, options: PackOptions, first: Vec<u8>) -> Reply {
    let sender = Sender { repo, options, out: first, stage: Stage::Finding { walk: Box::new(walk), told: 0 } };
    let reply = stream::unfold(Some(sender), |sender| async move {
        let mut sender = sender?;
        match sender.next().await {
            Ok(Some(piece)) => Some((Ok(piece), Some(sender))),
            Ok(None) => None,
            Err(error) => Some((sender.last_words(error), None)),
        }
    });
    reply.boxed()
}

struct Sender {
    repo: Repo,
    options: PackOptions,
    out: Vec<u8>,
    stage: Stage,
}

enum Stage {
    /// The walk goes on.
    Finding { walk: Box<Enumeration>, told: usize },
    /// Objects go out.
    Sending(Box<Sending>),
    /// All was said.
    Over,
}

struct Sending {
    objects: Arc<Vec<Oid>>,
    read: usize,
    batch: usize,
    waiting: VecDeque<PackedObject>,
    encoder: PackEncoder,
    large: Option<Large>,
    offset_deltas: bool,
    /// Where each object of the pack begins; `UNSENT` as long as it was not sent.
    places: HashMap<Oid, u64>,
    /// Deltas that wait for their base, by its id.
    early: HashMap<Oid, Vec<PackedObject>>,
    early_bytes: usize,
    deltas: usize,
}

/// The place of an object that was not sent yet. No pack is so long.
const UNSENT: u64 = u64::MAX;

/// A blob that is read from the blob store and compressed on the way.
struct Large {
    oid: Oid,
    content: BlobStream,
    missing_bytes: u64,
    compressor: StreamCompressor,
}

impl Sender {
    /// The next piece; `None` when there is no more.
    async fn next(&mut self) -> Result<Option<Bytes>, GitError> {
        loop {
            match &mut self.stage {
                Stage::Finding { walk, told } => {
                    let found = walk.step().await?;
                    let count = walk.found();
                    let tell = count >= *told + TELL_EVERY;
                    if tell {
                        *told = count;
                    }
                    match found {
                        Some(objects) => self.found(objects)?,
                        None if tell => self.tell(&format!("Enumerating objects: {count}\r")),
                        None => continue,
                    }
                }
                Stage::Sending(sending) => {
                    if sending.fill(&self.repo).await? {
                        let piece = sending.encoder.take();
                        self.push(&piece);
                    } else {
                        let Stage::Sending(sending) = std::mem::replace(&mut self.stage, Stage::Over) else { continue };
                        let (count, deltas) = (sending.objects.len(), sending.deltas);
                        self.push(&sending.encoder.finish());
                        self.tell(&format!("Total {count} (delta {deltas}), reused {count} (delta {deltas})\n"));
                        if self.options.band.is_some() {
                            push_flush(&mut self.out);
                        }
                    }
                }
                Stage::Over => return Ok(None),
            }
            if !self.out.is_empty() {
                return Ok(Some(std::mem::take(&mut self.out).into()));
            }
        }
    }

    fn found(&mut self, objects: Arc<Vec<Oid>>) -> Result<(), GitError> {
        let count = u32::try_from(objects.len());
        let count =
            count.map_err(|_| GitError::protocol("too many objects for one pack: fetch a part of the history"))?;
        self.tell(&format!("Enumerating objects: {count}, done.\n"));
        let encoder = PackEncoder::new(count);
        self.stage = Stage::Sending(Box::new(Sending {
            places: objects.iter().map(|oid| (*oid, UNSENT)).collect(),
            objects,
            read: 0,
            batch: BATCH_MIN * 4,
            waiting: VecDeque::new(),
            encoder,
            large: None,
            offset_deltas: self.options.offset_deltas,
            early: HashMap::new(),
            early_bytes: 0,
            deltas: 0,
        }));
        Ok(())
    }

    fn push(&mut self, bytes: &[u8]) {
        match self.options.band {
            Some(band) => band.push(&mut self.out, Band::Data, bytes),
            None => self.out.extend_from_slice(bytes),
        }
    }

    fn tell(&mut self, words: &str) {
        if let Some(band) = self.options.band.filter(|_| self.options.progress) {
            band.push(&mut self.out, Band::Progress, words.as_bytes());
        }
    }

    /// What a client is told of a failure; without a side band it sees that the pack is cut off.
    fn last_words(&mut self, error: GitError) -> Result<Bytes, GitError> {
        let Some(band) = self.options.band else { return Err(error) };
        band.push(&mut self.out, Band::Fatal, error.last_words().as_bytes());
        Ok(std::mem::take(&mut self.out).into())
    }
}

impl Sending {
    /// Writes objects until a piece is full; answers whether there may be more.
    async fn fill(&mut self, repo: &Repo) -> Result<bool, GitError> {
        while self.encoder.ready_bytes() < PIECE_BYTES {
            if let Some(large) = self.large.take() {
                self.large = large.compress(self.encoder.sink()).await?;
                continue;
            }
            let Some(object) = self.waiting.pop_front() else {
                if !self.read_batch(repo).await? {
                    return Ok(false);
                }
                continue;
            };
            self.write(repo, object).await?;
        }
        Ok(true)
    }

    async fn write(&mut self, repo: &Repo, object: PackedObject) -> Result<(), GitError> {
        let place = self.encoder.position();
        match &object.body {
            PackedBody::Delta { base, size, stream } => {
                let at = self.places.get(base).copied().unwrap_or(UNSENT);
                if at == UNSENT && self.early_bytes < EARLY_BYTES {
                    self.early_bytes += stream.len();
                    self.early.entry(*base).or_default().push(object);
                    return Ok(());
                }
                let by_place = self.offset_deltas && at != UNSENT;
                self.encoder.begin_delta(if by_place { DeltaBase::At(at) } else { DeltaBase::Object(*base) }, *size);
                self.encoder.push(stream);
                self.deltas += 1;
            }
            PackedBody::Stream(stream) => {
                self.encoder.begin_entry(object.kind, object.size);
                self.encoder.push(stream);
            }
            PackedBody::Content(sha256) => {
                self.encoder.begin_entry(object.kind, object.size);
                let content = repo.packed_content(*sha256, object.size).await?;
                let compressor = StreamCompressor::default();
                self.large = Some(Large { oid: object.oid, content, missing_bytes: object.size, compressor });
            }
        }
        self.places.insert(object.oid, place);
        for waiting in self.early.remove(&object.oid).into_iter().flatten() {
            if let PackedBody::Delta { stream, .. } = &waiting.body {
                self.early_bytes -= stream.len();
            }
            self.waiting.push_front(waiting);
        }
        Ok(())
    }

    /// Reads the next objects; answers whether there were any.
    async fn read_batch(&mut self, repo: &Repo) -> Result<bool, GitError> {
        let end = self.objects.len().min(self.read + self.batch);
        let Some(oids) = self.objects.get(self.read..end).filter(|oids| !oids.is_empty()) else {
            if let Some(base) = self.early.keys().next() {
                let message = format!("what stands on {base} cannot be sent before it");
                return Err(GitError::Repo(RepoError::Inconsistent(message)));
            }
            return Ok(false);
        };
        let objects = repo.packed_objects(oids, |base| self.places.contains_key(&base)).await?;
        self.read = end;
        let bytes: usize = objects
            .iter()
            .map(|object| match &object.body {
                PackedBody::Stream(stream) | PackedBody::Delta { stream, .. } => stream.len(),
                PackedBody::Content(_) => 0,
            })
            .sum();
        self.batch = (BATCH_BYTES * objects.len() / bytes.max(1)).clamp(BATCH_MIN, BATCH_MAX);
        self.waiting = objects.into();
        Ok(true)
    }
}

impl Large {
    /// Compresses the next bytes; `None` when the blob is complete.
    async fn compress(mut self, out: &mut Vec<u8>) -> Result<Option<Self>, GitError> {
        let broken =
            |oid: Oid| GitError::Repo(RepoError::Inconsistent(format!("the content of {oid} has another size")));
        let mut pieces: Vec<Bytes> = Vec::new();
        let mut bytes = 0;
        while bytes < PIECE_BYTES
            && let Some(piece) = self.content.next().await
        {
            let piece = piece.map_err(RepoError::from)?;
            bytes += piece.len();
            pieces.push(piece);
        }
        self.missing_bytes = self.missing_bytes.checked_sub(bytes as u64).ok_or_else(|| broken(self.oid))?;
        let is_last = bytes < PIECE_BYTES;
        if is_last && self.missing_bytes > 0 {
            return Err(broken(self.oid));
        }
        let mut compressor = self.compressor;
        let compressed = tokio::task::spawn_blocking(move || {
            let mut out = Vec::with_capacity(bytes / 2 + 64);
            pieces.iter().for_each(|piece| compressor.push(piece, &mut out));
            if is_last {
                compressor.finish(&mut out);
                (out, None)
            } else {
                (out, Some(compressor))
            }
        });
        let failed = |_| GitError::Repo(RepoError::Inconsistent("compressing a blob failed".to_owned()));
        let (compressed, compressor) = compressed.await.map_err(failed)?;
        out.extend_from_slice(&compressed);
        Ok(compressor.map(|compressor| Self { compressor, ..self }))
    }
}
