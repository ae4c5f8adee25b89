//! What the tests of both stores share.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use hub_blob::{BlobError, BlobStore, BlobStream, CopyId, ObjectKey, WrittenBlob};
use hub_core::{Ids, Sha256};
use sha2::Digest;

/// Ids that count up, after a start that differs between test runs because servers outlive them.
#[derive(Debug)]
pub(crate) struct CountingIds(AtomicU64);

impl CountingIds {
    pub(crate) fn new() -> Arc<Self> {
        let seed = std::env::var("TEST_S3_SEED").ok().and_then(|seed| seed.parse().ok());
        Arc::new(Self(AtomicU64::new(seed.unwrap_or_else(|| u64::from(std::process::id())) << 32)))
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

/// A folder that is removed when dropped.
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let path = std::env::temp_dir().join(format!("hub_blob-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> Sha256 {
    Sha256::new(sha2::Sha256::digest(bytes).into())
}

/// A fresh key that announces these bytes.
pub(crate) fn key_of(bytes: &[u8], ids: &dyn Ids) -> ObjectKey {
    ObjectKey::Large { sha256: sha256(bytes), copy: CopyId::fresh(ids) }
}

/// Bytes that differ at every place where a mistake of offset could hide.
pub(crate) fn pattern(len: usize) -> Bytes {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes.into()
}

/// A body that comes in pieces of `step` bytes.
pub(crate) fn body(bytes: &Bytes, step: usize) -> BlobStream {
    let bytes = bytes.clone();
    let pieces: Vec<_> =
        (0..bytes.len()).step_by(step).map(|at| Ok(bytes.slice(at..bytes.len().min(at + step)))).collect();
    stream::iter(pieces).boxed()
}

/// A body that breaks off after these bytes.
pub(crate) fn broken_body(bytes: &Bytes) -> BlobStream {
    body(bytes, 1000).chain(stream::iter([Err(BlobError::body("connection lost"))])).boxed()
}

pub(crate) async fn write(store: &dyn BlobStore, key: &ObjectKey, bytes: &Bytes, step: usize) -> WrittenBlob {
    let mut writer = store.writer(key).await.unwrap();
    for at in (0..bytes.len()).step_by(step) {
        writer.write(bytes.slice(at..bytes.len().min(at + step))).await.unwrap();
    }
    writer.finish().await.unwrap()
}

pub(crate) async fn read(
    store: &dyn BlobStore,
    key: &ObjectKey,
    range: std::ops::Range<u64>,
) -> Result<Vec<u8>, BlobError> {
    let chunks: Vec<Bytes> = store.read(key, range).await?.try_collect().await?;
    Ok(chunks.concat())
}

/// All that a listing shows, in pages of `limit`.
pub(crate) async fn list_all(store: &dyn BlobStore, limit: usize) -> Vec<ObjectKey> {
    let mut keys: Vec<ObjectKey> = Vec::new();
    loop {
        let page = store.list(keys.last(), limit).await.unwrap();
        assert!(page.len() <= limit);
        let ended = page.len() < limit;
        keys.extend(page.into_iter().map(|listed| listed.key));
        if ended {
            return keys;
        }
    }
}
