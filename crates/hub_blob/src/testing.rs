//! A store that fails on demand, for tests of what happens when it does.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hub_core::Timestamp;

use crate::{BlobError, BlobStore, BlobStream, BlobWriter, LinkOptions, Listed, ObjectKey, PartsId, WrittenBlob};

/// Whether the operation that fails takes effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// It fails and changes nothing.
    Before,
    /// It takes effect, and the answer is lost.
    After,
}

/// Passes everything on to another store, except that one operation fails. Operations are calls of [`BlobStore`] and
/// of the writers it gives, counted from 1.
#[derive(Clone, Debug)]
pub struct FaultyStore {
    inner: Arc<dyn BlobStore>,
    plan: Arc<Plan>,
}

#[derive(Debug)]
struct Plan {
    done: AtomicU64,
    fail_at: AtomicU64,
    fault: Fault,
}

impl FaultyStore {
    /// Lets the `fail_at`-th operation fail; 0 lets none fail.
    pub fn new(inner: Arc<dyn BlobStore>, fail_at: u64, fault: Fault) -> Self {
        Self { inner, plan: Arc::new(Plan { done: AtomicU64::new(0), fail_at: AtomicU64::new(fail_at), fault }) }
    }

    /// How many operations there were: run once without a fault to learn how many there are to fail.
    pub fn operations(&self) -> u64 {
        self.plan.done.load(Ordering::SeqCst)
    }

    /// Counts anew and lets the `fail_at`-th operation from now on fail.
    pub fn arm(&self, fail_at: u64) {
        self.plan.done.store(0, Ordering::SeqCst);
        self.plan.fail_at.store(fail_at, Ordering::SeqCst);
    }
}

impl Plan {
    async fn run<T>(&self, work: impl Future<Output = Result<T, BlobError>>) -> Result<T, BlobError> {
        let number = self.done.fetch_add(1, Ordering::SeqCst) + 1;
        let fails = number == self.fail_at.load(Ordering::SeqCst);
        if fails && self.fault == Fault::Before {
            return Err(injected());
        }
        let result = work.await?;
        if fails { Err(injected()) } else { Ok(result) }
    }
}

fn injected() -> BlobError {
    BlobError::Io(std::io::Error::other("a fault injected by a test"))
}

#[async_trait]
impl BlobStore for FaultyStore {
    async fn writer(&self, key: &ObjectKey) -> Result<Box<dyn BlobWriter>, BlobError> {
        let inner = self.plan.run(self.inner.writer(key)).await?;
        Ok(Box::new(FaultyWriter { inner, plan: Arc::clone(&self.plan) }))
    }

    async fn read(&self, key: &ObjectKey, range: Range<u64>) -> Result<BlobStream, BlobError> {
        self.plan.run(self.inner.read(key, range)).await
    }

    async fn size(&self, key: &ObjectKey) -> Result<Option<u64>, BlobError> {
        self.plan.run(self.inner.size(key)).await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), BlobError> {
        self.plan.run(self.inner.delete(key)).await
    }

    async fn list(&self, after: Option<&ObjectKey>, limit: usize) -> Result<Vec<Listed>, BlobError> {
        self.plan.run(self.inner.list(after, limit)).await
    }

    async fn sweep_incoming(&self, older_than: Timestamp) -> Result<u64, BlobError> {
        self.plan.run(self.inner.sweep_incoming(older_than)).await
    }

    async fn check(&self) -> Result<(), BlobError> {
        self.plan.run(self.inner.check()).await
    }

    async fn download_link(&self, key: &ObjectKey, options: &LinkOptions) -> Result<Option<String>, BlobError> {
        self.plan.run(self.inner.download_link(key, options)).await
    }

    async fn range_link(&self, key: &ObjectKey, range: Range<u64>, ttl: Duration) -> Result<Option<String>, BlobError> {
        self.plan.run(self.inner.range_link(key, range, ttl)).await
    }

    async fn upload_link(&self, key: &ObjectKey, ttl: Duration, size: u64) -> Result<Option<String>, BlobError> {
        self.plan.run(self.inner.upload_link(key, ttl, size)).await
    }

    async fn begin_parts(&self, key: &ObjectKey, size: u64) -> Result<PartsId, BlobError> {
        self.plan.run(self.inner.begin_parts(key, size)).await
    }

    async fn part_link(
        &self,
        key: &ObjectKey,
        parts: &PartsId,
        number: u32,
        ttl: Duration,
    ) -> Result<Option<String>, BlobError> {
        self.plan.run(self.inner.part_link(key, parts, number, ttl)).await
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
        self.plan.run(self.inner.put_part(key, parts, number, offset, size, body)).await
    }

    async fn complete_parts(&self, key: &ObjectKey, parts: &PartsId, tags: &[(u32, String)]) -> Result<(), BlobError> {
        self.plan.run(self.inner.complete_parts(key, parts, tags)).await
    }

    async fn abort_parts(&self, key: &ObjectKey, parts: &PartsId) -> Result<(), BlobError> {
        self.plan.run(self.inner.abort_parts(key, parts)).await
    }

    async fn hash(&self, key: &ObjectKey) -> Result<WrittenBlob, BlobError> {
        self.plan.run(self.inner.hash(key)).await
    }
}

struct FaultyWriter {
    inner: Box<dyn BlobWriter>,
    plan: Arc<Plan>,
}

#[async_trait]
impl BlobWriter for FaultyWriter {
    async fn write(&mut self, chunk: Bytes) -> Result<(), BlobError> {
        self.plan.run(self.inner.write(chunk)).await
    }

    async fn finish(self: Box<Self>) -> Result<WrittenBlob, BlobError> {
        let Self { inner, plan } = *self;
        plan.run(inner.finish()).await
    }
}
