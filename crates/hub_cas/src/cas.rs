//! The store as the rest of the program holds it.

use std::sync::Arc;

use hub_blob::BlobStore;
use hub_core::{Clock, Ids, Timestamp};
use hub_db::Db;
use tokio::sync::Semaphore;

use crate::CasConfig;
use crate::bridge::PREFETCH_SLOTS;
use crate::pool::Pool;
use crate::tables::TableCache;

/// Chunk-deduplicated content. Clones share everything.
#[derive(Clone, Debug)]
pub struct Cas(Arc<Inner>);

/// What a [`Cas`] is made of.
#[derive(Clone, Debug)]
pub struct CasParts {
    /// Where the rows are.
    pub db: Db,
    /// Where the bytes are.
    pub blobs: Arc<dyn BlobStore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Fresh names and secrets.
    pub ids: Arc<dyn Ids>,
    /// What an administrator has set.
    pub config: CasConfig,
}

#[derive(Debug)]
struct Inner {
    parts: CasParts,
    pool: Pool,
    tables: TableCache,
    uploads: Arc<Semaphore>,
    ingests: Arc<Semaphore>,
    prefetch: Arc<Semaphore>,
}

/// Each ingestion builds a whole xorb in memory.
const CONCURRENT_INGESTS: usize = 2;

impl Cas {
    /// Puts the parts together. Nothing is read or written.
    pub fn new(parts: CasParts) -> Self {
        let uploads = Arc::new(Semaphore::new(parts.config.concurrent_uploads.max(1)));
        Self(Arc::new(Inner {
            parts,
            pool: Pool::new(),
            tables: TableCache::default(),
            uploads,
            ingests: Arc::new(Semaphore::new(CONCURRENT_INGESTS)),
            prefetch: Arc::new(Semaphore::new(PREFETCH_SLOTS)),
        }))
    }

    /// What an administrator has set.
    pub fn config(&self) -> &CasConfig {
        &self.0.parts.config
    }

    pub(crate) fn db(&self) -> &Db {
        &self.0.parts.db
    }

    pub(crate) fn blobs(&self) -> &dyn BlobStore {
        &*self.0.parts.blobs
    }

    pub(crate) fn ids(&self) -> &dyn Ids {
        &*self.0.parts.ids
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.parts.clock.now()
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.0.pool
    }

    pub(crate) fn tables(&self) -> &TableCache {
        &self.0.tables
    }

    pub(crate) fn uploads(&self) -> &Arc<Semaphore> {
        &self.0.uploads
    }

    pub(crate) fn ingests(&self) -> &Arc<Semaphore> {
        &self.0.ingests
    }

    pub(crate) fn prefetch(&self) -> &Arc<Semaphore> {
        &self.0.prefetch
    }
}
