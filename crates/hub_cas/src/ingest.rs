//! Plain bytes on their way in: cut into chunks as clients cut them, matched with what is stored, packed into xorbs.
//!
//! What comes by git-lfs, by the web or by another protocol so shares its chunks with what comes by Xet. One xorb is built in
//! memory at a time, so that an ingestion takes about 64 MiB; few run at the same time.

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use hub_blob::{BlobStream, CopyId, ObjectKey};
use hub_core::{Sha256, Timestamp, XetHash};
use hub_formats::xet::xorb::{Xorb, XorbBuilder};
use hub_formats::xet::{ChunkBuffer, HashTree, chunk_hash, is_dedup_eligible};
use sha2::Digest;

use crate::files::ProvenFile;
use crate::matches::{Matches, Slot};
use crate::store::chunks;
use crate::store::files::{self, FileRow};
use crate::tables::KnownXorb;
use crate::{Cas, CasError, RegisteredFile, Scope};

/// How much is cut at once. Runs of known chunks are looked for within it.
const BATCH_BYTES: usize = 4 << 20;
/// How many slices gather at most.
const BATCH_SLICES: usize = 1024;
/// How many xorbs one batch may bring to be matched with.
const MAX_FOUND: i64 = 16;
/// How many xorbs of files that the content may resemble are matched with.
const MAX_LEARNED: usize = 256;

impl Cas {
    /// Stores the content of a stream as a file and gives it to `scope`.
    ///
    /// # Errors
    /// The stream's own error. What was stored by then is collected as any xorb that no file uses.
    pub async fn ingest(&self, scope: Scope, content: BlobStream) -> Result<RegisteredFile, CasError> {
        self.ingest_like(scope, &[], content).await
    }

    /// Does as [`Cas::ingest`], and looks for the same chunks in files that the content may resemble, such as earlier
    /// versions. Elsewhere only one of about a thousand chunks can be found, and what surrounds it.
    pub async fn ingest_like(
        &self,
        scope: Scope,
        like: &[XetHash],
        mut content: BlobStream,
    ) -> Result<RegisteredFile, CasError> {
        let _turn = Arc::clone(self.ingests()).acquire_owned().await.map_err(CasError::stopped)?;
        let mut packer = Packer::new();
        self.learn_files(&mut packer, like).await?;
        loop {
            let (mut batch, mut bytes) = (Vec::new(), 0);
            while bytes < BATCH_BYTES && batch.len() < BATCH_SLICES {
                let Some(slice) = content.next().await else { break };
                let slice = slice?;
                bytes += slice.len();
                batch.push(slice);
            }
            let is_end = batch.is_empty();
            let cut = self.pool().run(move || {
                let chunks = if is_end { packer.last_chunk() } else { packer.cut(&batch) };
                (packer, chunks)
            });
            let (cut, chunks) = cut.await?;
            packer = self.pack(cut, chunks).await?;
            if is_end {
                break;
            }
        }
        let ended = self.pool().run(move || {
            let xorb = packer.end_xorb();
            (packer, xorb)
        });
        let (packer, xorb) = ended.await?;
        if let Some(xorb) = xorb {
            self.store_xorb(xorb).await?;
        }
        self.record_ingested(scope, packer).await
    }

    /// Remembers the chunks of files, as many as a packer can hold.
    async fn learn_files(&self, packer: &mut Packer, files: &[XetHash]) -> Result<(), CasError> {
        let mut xorbs = Vec::new();
        for file in files {
            let mut at = 0;
            while xorbs.len() < MAX_LEARNED
                && let Some(segment) = files::segments_of(self.db(), file, at, i64::MAX as u64, 1).await?.pop()
            {
                at = segment.start + segment.size;
                xorbs.extend(segment.terms.iter().map(|term| term.xorb));
                xorbs.sort_unstable();
                xorbs.dedup();
            }
        }
        xorbs.truncate(MAX_LEARNED);
        let xorbs = self.promise(xorbs).await?;
        for known in self.known_xorbs(&xorbs).await?.into_values() {
            packer.matches.learn(&known.table);
        }
        Ok(())
    }

    /// Packs or shares chunks, and stores each xorb that this fills.
    async fn pack(&self, mut packer: Packer, chunks: Vec<Chunk>) -> Result<Packer, CasError> {
        let tables = self.tables_for(&packer, &chunks).await?;
        let mut from = 0;
        let chunks = Arc::new(chunks);
        for known in tables {
            packer.matches.learn(&known.table);
        }
        while from < chunks.len() {
            let batch = Arc::clone(&chunks);
            let packed = self.pool().run(move || {
                let (next, full) = packer.pack(&batch, from);
                (packer, next, full)
            });
            let (packed_on, next, full) = packed.await?;
            packer = packed_on;
            from = next;
            if let Some(xorb) = full {
                self.store_xorb(xorb).await?;
            }
        }
        Ok(packer)
    }

    /// Xorbs that have some of these chunks, and what follows those in files.
    async fn tables_for(&self, packer: &Packer, chunks: &[Chunk]) -> Result<Vec<KnownXorb>, CasError> {
        let is_asked_for = |chunk: &&Chunk| chunk.is_first || is_dedup_eligible(&chunk.hash);
        let asked: Vec<XetHash> = (chunks.iter().filter(is_asked_for))
            .filter(|chunk| !packer.matches.knows(&chunk.hash))
            .map(|chunk| chunk.hash)
            .collect();
        let mut found = Vec::new();
        for xorb in chunks::xorbs_with(self.db(), &asked, MAX_FOUND).await? {
            found.extend(self.neighbours(xorb).await?);
        }
        let found = self.promise(found).await?;
        Ok(self.known_xorbs(&found).await?.into_values().collect())
    }

    async fn store_xorb(&self, Xorb { body, table }: Xorb) -> Result<(), CasError> {
        let begun: Timestamp = self.now();
        // One that is here already is mentioned, and need not be written.
        if self.xorb_size(&table.hash()).await?.is_some() {
            return Ok(());
        }
        let generation = CopyId::fresh(self.ids());
        let key = ObjectKey::Xorb { hash: table.hash(), generation: generation.clone() };
        let mut writer = self.blobs().writer(&key).await?;
        writer.write(body.into()).await?;
        writer.write(table.to_footer().into()).await?;
        writer.finish().await?;
        self.admit(generation, Arc::new(table), begun).await?;
        Ok(())
    }

    async fn record_ingested(&self, scope: Scope, packer: Packer) -> Result<RegisteredFile, CasError> {
        let Packer { tree, sha256, size, matches, .. } = packer;
        let hash = tree.file_hash();
        let sha256 = Sha256::new(sha256.finalize().into());
        let terms = matches.finish().ok_or_else(|| CasError::Damaged("a xorb was not ended".to_owned()))?;
        let is_new = files::get(self.db(), &hash).await?.is_none();
        let known = match terms.first() {
            Some(term) => self.known_xorbs([&term.xorb]).await?,
            None => Default::default(),
        };
        let first = ProvenFile::first_of(&terms, |xorb| known.get(xorb));
        let proven = ProvenFile { row: FileRow { hash, size, sha256 }, terms, first };
        self.record(scope, std::slice::from_ref(&proven)).await?;
        Ok(RegisteredFile { file: hash, size_bytes: size, sha256, is_new })
    }
}

/// A chunk of the file.
struct Chunk {
    hash: XetHash,
    content: Bytes,
    /// Whether the file begins with it.
    is_first: bool,
}

/// A file that is being cut and packed. Works on the pool.
struct Packer {
    buffer: ChunkBuffer,
    tree: HashTree,
    sha256: sha2::Sha256,
    size: u64,
    matches: Matches,
    builder: XorbBuilder,
    /// What the present xorb is called in the terms.
    slot: Slot,
}

impl Packer {
    fn new() -> Self {
        let mut matches = Matches::default();
        let slot = matches.open_slot();
        Self {
            buffer: ChunkBuffer::new(),
            tree: HashTree::new(),
            sha256: sha2::Sha256::new(),
            size: 0,
            matches,
            builder: XorbBuilder::new(),
            slot,
        }
    }

    fn cut(&mut self, batch: &[Bytes]) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        for slice in batch {
            self.sha256.update(slice);
            let Self { buffer, tree, size, .. } = self;
            let done: Result<(), std::convert::Infallible> = buffer.push(slice, |content| {
                chunks.push(hashed(content, tree, size));
                Ok(())
            });
            let Ok(()) = done;
        }
        chunks
    }

    fn last_chunk(&mut self) -> Vec<Chunk> {
        let buffer = std::mem::take(&mut self.buffer);
        let last = buffer.finish().map(|content| hashed(&content, &mut self.tree, &mut self.size));
        last.into_iter().collect()
    }

    /// Takes chunks from `from` on until all are done or a xorb is full. Answers where it stopped.
    fn pack(&mut self, chunks: &[Chunk], mut from: usize) -> (usize, Option<Xorb>) {
        while let Some(chunk) = chunks.get(from) {
            if let Some((place, count)) = self.matches.run(chunks[from..].iter().map(|chunk| &chunk.hash)) {
                let shared = &chunks[from..from + count as usize];
                self.matches.share(place, count, shared.iter().map(|chunk| chunk.content.len() as u64).sum());
                from += shared.len();
                continue;
            }
            if !self.builder.has_room(chunk.content.len()) {
                return (from, self.end_xorb());
            }
            let index = self.builder.push(chunk.hash, &chunk.content);
            self.matches.packed(chunk.hash, self.slot, index, chunk.content.len() as u64);
            from += 1;
        }
        (from, None)
    }

    fn end_xorb(&mut self) -> Option<Xorb> {
        let xorb = self.builder.finish()?;
        self.matches.close_slot(self.slot, xorb.table.hash());
        self.slot = self.matches.open_slot();
        Some(xorb)
    }
}

fn hashed(content: &[u8], tree: &mut HashTree, size: &mut u64) -> Chunk {
    let hash = chunk_hash(content);
    tree.push(hash, content.len() as u64);
    let is_first = *size == 0;
    *size += content.len() as u64;
    Chunk { hash, content: Bytes::copy_from_slice(content), is_first }
}
