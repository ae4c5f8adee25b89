//! Where the bytes are: per repository, and in all.

use hub_account::NamespaceId;
use hub_cas::ScopeFigures;
use hub_core::RepoAddr;

use crate::store::storage;
use crate::xet::CONTENTS;
use crate::{RepoError, RepoState, Repos};

/// What one repository takes.
#[derive(Clone, Debug)]
pub struct RepoStorage {
    /// Where it is.
    pub addr: RepoAddr,
    /// The bytes of all its files and history, as if it were alone.
    pub logical_bytes: u64,
    /// The rows of its git objects, compressed, in bytes.
    pub row_bytes: u64,
    /// The content in the blob store that it holds, shared or not, in bytes.
    pub content_bytes: u64,
    /// How much of that content another repository holds too, in bytes.
    pub shared_bytes: u64,
    /// What of that content lies in chunks.
    pub chunks: ScopeFigures,
}

/// What the whole instance takes.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct StorageReport {
    /// Repositories.
    pub repos: u64,
    /// Git objects.
    pub objects: u64,
    /// What all repositories would take if nothing were shared, in bytes.
    pub logical_bytes: u64,
    /// The rows of git objects, compressed, in bytes.
    pub row_bytes: u64,
    /// Contents in the blob store.
    pub contents: u64,
    /// Their bytes, each counted once.
    pub content_bytes: u64,
    /// The database with everything in it, in bytes.
    pub database_bytes: u64,
}

impl Repos {
    /// What the whole instance takes.
    pub async fn storage_report(&self) -> Result<StorageReport, RepoError> {
        let mut report = storage::totals(self.db()).await?;
        report.database_bytes = self.db().size_bytes().await?;
        Ok(report)
    }

    /// A page of what each repository takes, largest first.
    pub async fn storage_by_repo(&self, skip: usize, limit: usize) -> Result<Vec<RepoStorage>, RepoError> {
        let mut page = Vec::new();
        for row in storage::largest(self.db(), skip as i64, limit as i64).await? {
            let state = row.into_state()?;
            let sums = storage::of_repo(self.db(), state.id).await?;
            page.push(RepoStorage {
                addr: state.addr,
                logical_bytes: state.used_bytes,
                row_bytes: sums.row_bytes,
                content_bytes: sums.content_bytes,
                shared_bytes: sums.shared_bytes,
                chunks: self.cas().figures_of(state.id.holder(), CONTENTS).await?,
            });
        }
        Ok(page)
    }

    /// The repositories of a namespace, largest first, with the bytes that each is charged with.
    pub async fn charged_to(&self, owner: NamespaceId, skip: usize, limit: usize) -> Result<Vec<RepoState>, RepoError> {
        let rows = storage::largest_of(self.db(), owner, skip as i64, limit as i64).await?;
        rows.into_iter().map(|row| row.into_state()).collect()
    }
}
