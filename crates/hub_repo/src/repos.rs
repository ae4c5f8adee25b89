//! The door to all repositories, and what it needs to work.

use std::sync::Arc;

use hub_account::Accounts;
use hub_blob::BlobStore;
use hub_cas::Cas;
use hub_core::{Clock, Ids, Limits};
use hub_db::Db;

use crate::attention::AttentionBuffer;
use crate::downloads::DownloadBuffer;
use crate::objects::TreeCache;
use crate::walk::WalkCache;
use crate::writers::BranchQueues;

/// What [`Repos`] is made of; each part is shared, none is owned by a request.
#[derive(Clone)]
pub struct ReposParts {
    /// The metadata.
    pub db: Db,
    /// The bytes.
    pub blobs: Arc<dyn BlobStore>,
    /// The bytes of large files in chunks.
    pub cas: Cas,
    /// Who is who.
    pub accounts: Accounts,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Fresh keys.
    pub ids: Arc<dyn Ids>,
    /// Bounds.
    pub limits: Limits,
}

/// All repositories. Cloning is cheap; every clone is the same door.
#[derive(Clone)]
pub struct Repos {
    parts: Arc<ReposParts>,
    trees: Arc<TreeCache>,
    walks: Arc<WalkCache>,
    writers: Arc<BranchQueues>,
    downloads: Arc<DownloadBuffer>,
    attention: Arc<AttentionBuffer>,
}

impl Repos {
    /// Puts the parts together.
    pub fn new(parts: ReposParts) -> Self {
        Self {
            parts: Arc::new(parts),
            trees: Arc::default(),
            walks: Arc::default(),
            writers: Arc::default(),
            downloads: Arc::default(),
            attention: Arc::default(),
        }
    }

    /// The bounds in force.
    pub fn limits(&self) -> &Limits {
        &self.parts.limits
    }

    /// Accounts, for faces that must know a namespace.
    pub fn accounts(&self) -> &Accounts {
        &self.parts.accounts
    }

    pub(crate) fn db(&self) -> &Db {
        &self.parts.db
    }

    pub(crate) fn blobs(&self) -> &dyn BlobStore {
        &*self.parts.blobs
    }

    pub(crate) fn cas(&self) -> &Cas {
        &self.parts.cas
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.parts.clock
    }

    pub(crate) fn ids(&self) -> &dyn Ids {
        &*self.parts.ids
    }

    pub(crate) fn writers(&self) -> &BranchQueues {
        &self.writers
    }

    pub(crate) fn downloads(&self) -> &DownloadBuffer {
        &self.downloads
    }

    pub(crate) fn attention(&self) -> &AttentionBuffer {
        &self.attention
    }

    pub(crate) fn walks(&self) -> &WalkCache {
        &self.walks
    }

    pub(crate) fn trees(&self) -> &TreeCache {
        &self.trees
    }
}
