//! A store of one test, and a client that packs content as real ones do.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use hub_blob::{BlobStore, BlobStream, FolderStore, S3Config, S3Store};
use hub_cas::{Cas, CasConfig, CasError, CasParts, RegisteredFile, Roots, Scope};
use hub_core::{FixedClock, Ids, SecretString, Sha256, Timestamp, XetHash};
use hub_db::testing::TestDb;
use hub_formats::xet::shard::{ShardFile, ShardXorb, Term, write_upload};
use hub_formats::xet::xorb::{ChunkRange, Xorb, XorbBuilder};
use hub_formats::xet::{ChunkBuffer, HashTree, chunk_hash};
use sha2::Digest;

pub(crate) const ALICE: Scope = Scope::new(1);
pub(crate) const BOB: Scope = Scope::new(2);
/// Holds nothing.
pub(crate) const NOBODY: Scope = Scope::new(0);
pub(crate) const HOUR_MS: i64 = 3600 * 1000;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

/// Ids that count up, after a start that differs between runs because a bucket outlives them.
#[derive(Debug)]
pub(crate) struct CountingIds(AtomicU64);

impl CountingIds {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(u64::from(std::process::id()) << 32)))
    }
}

impl Ids for CountingIds {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let number = self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes();
            chunk.copy_from_slice(&number[8 - chunk.len()..]);
        }
    }
}

/// A folder, or a prefix of a bucket, of one test.
pub(crate) struct TestBlobs {
    pub(crate) store: Arc<dyn BlobStore>,
    /// Where it is, if it is a folder.
    pub(crate) folder: Option<PathBuf>,
}

impl TestBlobs {
    /// In the bucket of the tests if one is named, else in a folder.
    pub(crate) fn new() -> Self {
        let Ok(endpoint) = std::env::var("TEST_S3_ENDPOINT") else { return Self::in_folder() };
        let var = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("TEST_S3_ENDPOINT is set, {name} is not"));
        let config = S3Config {
            endpoint: Some(endpoint),
            bucket: var("TEST_S3_BUCKET"),
            access_key: Some(var("TEST_S3_ACCESS_KEY")),
            secret_key: Some(SecretString::new(var("TEST_S3_SECRET_KEY"))),
            prefix: unique_name(),
            ..S3Config::default()
        };
        Self { store: Arc::new(S3Store::open(&config).unwrap()), folder: None }
    }

    /// In a folder, for tests of so many steps that a bucket would only make them slow.
    pub(crate) fn in_folder() -> Self {
        let folder = std::env::temp_dir().join(unique_name());
        let store = Arc::new(FolderStore::open(&folder, CountingIds::new()).unwrap());
        Self { store, folder: Some(folder) }
    }
}

fn unique_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("hub_cas-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst))
}

impl Drop for TestBlobs {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// A store of one test.
pub(crate) struct World {
    pub(crate) cas: Cas,
    pub(crate) db: TestDb,
    pub(crate) blobs: TestBlobs,
    pub(crate) clock: Arc<FixedClock>,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(CasConfig::default(), |blobs, _| blobs).await
    }

    /// With another configuration, and something put before the blob store.
    pub(crate) async fn with(
        config: CasConfig,
        before: impl FnOnce(Arc<dyn BlobStore>, Arc<FixedClock>) -> Arc<dyn BlobStore>,
    ) -> Self {
        Self::with_blobs(config, TestBlobs::new(), before).await
    }

    pub(crate) async fn with_blobs(
        config: CasConfig,
        blobs: TestBlobs,
        before: impl FnOnce(Arc<dyn BlobStore>, Arc<FixedClock>) -> Arc<dyn BlobStore>,
    ) -> Self {
        let db = hub_db::testing::database().await;
        // Behind the clock of any machine, so that no object seems old until a test moves the clock far.
        let clock = Arc::new(FixedClock::new(Timestamp::from_millis(1_700_000_000_000)));
        let parts = CasParts {
            db: db.clone(),
            blobs: before(blobs.store.clone(), clock.clone()),
            clock: clock.clone(),
            ids: CountingIds::new(),
            config,
        };
        Self { cas: Cas::new(parts), db, blobs, clock }
    }

    /// Uploads files as a client does: xorbs first, then one shard.
    pub(crate) async fn upload(&self, scope: Scope, packed: &Packed) -> Result<Vec<RegisteredFile>, CasError> {
        for xorb in &packed.xorbs {
            self.cas.put_xorb(&xorb.table.hash(), body(&xorb.body, 50_000)).await?;
        }
        self.cas.register(scope, body(&packed.shard(), 1000), |_| ()).await
    }

    pub(crate) async fn read(&self, file: &XetHash, range: std::ops::Range<u64>) -> Result<Vec<u8>, CasError> {
        let slices: Vec<Bytes> = self.cas.read(file, range).await?.try_collect().await?;
        Ok(slices.concat())
    }

    /// The keys of all xorbs in the blob store.
    pub(crate) async fn objects(&self) -> Vec<String> {
        let listed = self.blobs.store.list(None, 10_000).await.unwrap();
        listed.into_iter().map(|object| object.key.to_string()).collect()
    }

    /// States that nothing is damaged, as the deepest check sees it.
    pub(crate) async fn assert_sound(&self) {
        let report = self.cas.check(true).await.unwrap();
        assert_eq!(report.damages, []);
    }
}

/// A body that comes in pieces of `step` bytes.
pub(crate) fn body(bytes: &[u8], step: usize) -> BlobStream {
    let bytes = Bytes::copy_from_slice(bytes);
    let pieces: Vec<_> =
        (0..bytes.len()).step_by(step).map(|at| Ok(bytes.slice(at..bytes.len().min(at + step)))).collect();
    stream::iter(pieces).boxed()
}

/// Bytes that do not compress and differ for each seed.
pub(crate) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Bytes that compress well and still differ everywhere.
pub(crate) fn text(seed: u64, len: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(len + 64);
    let mut number = seed * 1_000_000;
    while text.len() < len {
        text.extend_from_slice(format!("line {number} says what line {} said before it\n", number / 2).as_bytes());
        number += 1;
    }
    text.truncate(len);
    text
}

pub(crate) fn sha256(bytes: &[u8]) -> Sha256 {
    Sha256::new(sha2::Sha256::digest(bytes).into())
}

/// What a client makes of files.
pub(crate) struct Packed {
    pub(crate) xorbs: Vec<Xorb>,
    pub(crate) files: Vec<ShardFile>,
}

impl Packed {
    /// Packs files one after the other into xorbs of `chunks_per_xorb` chunks.
    pub(crate) fn new(contents: &[&[u8]], chunks_per_xorb: u32) -> Self {
        let mut packer = Packer { chunks_per_xorb, ..Packer::default() };
        let drafts: Vec<Draft> = contents.iter().map(|content| packer.file(content)).collect();
        packer.end_xorb();
        let files = drafts.into_iter().map(|draft| draft.finish(&packer.xorbs)).collect();
        Self { xorbs: packer.xorbs, files }
    }

    pub(crate) fn shard(&self) -> Vec<u8> {
        let xorbs: Vec<ShardXorb> = self.xorbs.iter().map(|xorb| ShardXorb::from(&xorb.table)).collect();
        write_upload(&self.files, &xorbs)
    }
}

#[derive(Default)]
struct Packer {
    chunks_per_xorb: u32,
    builder: XorbBuilder,
    xorbs: Vec<Xorb>,
}

/// A file whose terms name xorbs by number.
struct Draft {
    terms: Vec<(usize, u32, u32, u32)>,
    tree: HashTree,
    sha256: Sha256,
}

impl Packer {
    fn file(&mut self, content: &[u8]) -> Draft {
        let mut draft = Draft { terms: Vec::new(), tree: HashTree::new(), sha256: sha256(content) };
        let mut buffer = ChunkBuffer::new();
        let done: Result<(), std::convert::Infallible> = buffer.push(content, |chunk| {
            self.chunk(chunk, &mut draft);
            Ok(())
        });
        let Ok(()) = done;
        if let Some(last) = buffer.finish() {
            self.chunk(&last, &mut draft);
        }
        draft
    }

    fn chunk(&mut self, chunk: &[u8], draft: &mut Draft) {
        if self.builder.count() == self.chunks_per_xorb || !self.builder.has_room(chunk.len()) {
            self.end_xorb();
        }
        let hash = chunk_hash(chunk);
        let index = self.builder.push(hash, chunk);
        let (xorb, size) = (self.xorbs.len(), chunk.len() as u32);
        draft.tree.push(hash, size.into());
        match draft.terms.last_mut() {
            Some((last, _, end, bytes)) if *last == xorb && *end == index => {
                *end += 1;
                *bytes += size;
            }
            _ => draft.terms.push((xorb, index, index + 1, size)),
        }
    }

    fn end_xorb(&mut self) {
        self.xorbs.extend(self.builder.finish());
    }
}

impl Draft {
    fn finish(self, xorbs: &[Xorb]) -> ShardFile {
        let term = |(xorb, start, end, raw_bytes): (usize, u32, u32, u32)| {
            let chunks = ChunkRange::new(start, end).unwrap();
            let table = &xorbs[xorb].table;
            (Term { xorb: table.hash(), chunks, raw_bytes }, table.range_hash(chunks).unwrap())
        };
        let (terms, proofs) = self.terms.into_iter().map(term).unzip();
        ShardFile { hash: self.tree.file_hash(), terms, range_hashes: Some(proofs), sha256: Some(self.sha256) }
    }
}

/// Needs what it was told to.
#[derive(Default)]
pub(crate) struct Needs(pub(crate) HashSet<(Scope, XetHash)>);

#[async_trait]
impl Roots for Needs {
    async fn needed(
        &self,
        scope: Scope,
        files: &[XetHash],
    ) -> Result<HashSet<XetHash>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(files.iter().copied().filter(|file| self.0.contains(&(scope, *file))).collect())
    }
}
