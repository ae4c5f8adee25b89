//! Work in the background: what came in one piece is put into chunks as well, and then its whole copy goes.
//!
//! Clients see none of it: the bytes, their SHA-256 and the ETag stay. A whole copy is worth keeping for a while, because
//! it is read without decoding, and fetched from an S3-compatible store by a link; after that time the chunks alone are
//! kept, which share what they have in common with all other files. The copy goes in two steps: first no row names it any
//! more, and its bytes follow when every link and stream that was given out before has ended.

use hub_blob::ObjectKey;
use hub_cas::Scope;
use hub_core::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::store::large::{LargeRow, WholeCopy};
use crate::store::{chunked, repos};
use crate::xet::CONTENTS;
use crate::{RepoError, Repos};

/// When whole copies become chunks, and how long they are kept beside them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChunkPolicy {
    /// Contents below this size stay in one piece: they have little in common with others, and each costs an object.
    pub from_bytes: u64,
    /// How long a whole copy is kept after its content was put into chunks, in seconds.
    pub keep_whole_secs: u64,
}

/// What one run did.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct ChunkReport {
    /// Contents that were put into chunks.
    pub chunked: u64,
    /// Their bytes.
    pub chunked_bytes: u64,
    /// Contents that could not be read or stored; the log has the reasons.
    pub failed: u64,
    /// Whole copies that no row names any more.
    pub retired: u64,
    /// Whole copies that were removed.
    pub removed: u64,
}

/// Contents that one statement answers.
const BATCH: i64 = 100;
/// How many holders of a content the chunk store learns of: they only explain what takes room.
const MAX_HOLDERS: i64 = 1000;
/// In how many of them, and in how many of the last files of each, the same chunks are looked for.
const MAX_ALIKE: usize = 4;
/// How long a retired copy stays: longer than links to it are good for and downloads of it last.
const RETIRED_SECS: i64 = 24 * 3600;

impl Repos {
    /// Puts contents into chunks and lets whole copies go, as the policy says. Ends early when told to stop.
    pub async fn chunk_large_files(
        &self,
        policy: ChunkPolicy,
        stop: &CancellationToken,
    ) -> Result<ChunkReport, RepoError> {
        let mut report = ChunkReport::default();
        self.chunk_all(policy.from_bytes.max(1), stop, &mut report).await?;
        self.retire_copies(policy.keep_whole_secs, &mut report).await?;
        let before = self.clock().now().plus_millis(-RETIRED_SECS * 1000);
        report.removed = self.remove_retired(before).await?;
        Ok(report)
    }

    async fn chunk_all(
        &self,
        from_bytes: u64,
        stop: &CancellationToken,
        report: &mut ChunkReport,
    ) -> Result<(), RepoError> {
        let mut after = None;
        loop {
            let page = chunked::not_chunked(self.db(), from_bytes, after, BATCH).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.sha256);
            for row in page {
                let worked = tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    worked = self.chunk_one(&row) => worked,
                };
                match worked {
                    Ok(()) => {
                        report.chunked += 1;
                        report.chunked_bytes += row.size;
                    }
                    // One damaged file must not keep the others waiting.
                    Err(error) => {
                        report.failed += 1;
                        tracing::error!(content = %row.sha256, error = %error, "a large file was not put into chunks");
                    }
                }
            }
        }
    }

    async fn chunk_one(&self, row: &LargeRow) -> Result<(), RepoError> {
        let Some(key) = row.whole() else { return Ok(()) };
        let holders = repos::holders(self.db(), row.sha256, MAX_HOLDERS).await?;
        let holders: Vec<Scope> =
            holders.into_iter().map(|holder| Ok(holder.into_state()?.id.holder())).collect::<Result<_, RepoError>>()?;
        // An earlier version of the file lies most likely in the same repository.
        let mut like = Vec::new();
        for holder in holders.iter().take(MAX_ALIKE) {
            like.extend(self.cas().latest(*holder, MAX_ALIKE as u32).await?);
        }
        let content = self.blobs().read(&key, 0..row.size).await?;
        let file = self.cas().ingest_like(CONTENTS, &like, content).await?;
        if (file.sha256, file.size_bytes) != (row.sha256, row.size) {
            return Err(RepoError::Inconsistent(format!("{key} holds other bytes than its name says")));
        }
        let mut tx = self.db().begin().await?;
        chunked::mark_chunked(&mut tx, row.sha256, file.file, self.clock().now()).await?;
        if !self.cas().hold(&mut tx, CONTENTS, &file.file).await? {
            return Err(RepoError::Conflict(format!("the file {} was collected meanwhile", file.file)));
        }
        for holder in holders {
            self.cas().hold(&mut tx, holder, &file.file).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn retire_copies(&self, keep_whole_secs: u64, report: &mut ChunkReport) -> Result<(), RepoError> {
        let now = self.clock().now();
        let before = now.plus_millis(-(keep_whole_secs.min(i64::MAX as u64 / 1000) as i64) * 1000);
        loop {
            let page = chunked::twice(self.db(), before, BATCH).await?;
            if page.is_empty() {
                return Ok(());
            }
            for LargeRow { sha256, size, copy, .. } in page {
                let Some(copy) = copy else { continue };
                let mut tx = self.db().begin().await?;
                report.retired += u64::from(chunked::retire(&mut tx, &WholeCopy { sha256, size, copy }, now).await?);
                tx.commit().await?;
            }
        }
    }

    /// Removes whole copies that were retired before a moment; gives their number.
    pub(crate) async fn remove_retired(&self, before: Timestamp) -> Result<u64, RepoError> {
        let mut removed = 0;
        loop {
            let page = chunked::retired(self.db(), before, BATCH).await?;
            if page.is_empty() {
                return Ok(removed);
            }
            for row in page {
                let key = ObjectKey::Large { sha256: row.sha256, copy: row.copy.clone() };
                self.blobs().delete(&key).await?;
                chunked::forget(self.db(), &row).await?;
                removed += 1;
            }
        }
    }
}
