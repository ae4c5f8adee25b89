//! Collecting what nobody needs, beside uploads that may be about to need it.
//!
//! ```text
//! holding  not needed any longer, old  ─▶ gone
//! file     nobody holds it, old        ─▶ gone, with its terms and uses
//! xorb     no file uses it, and nobody has mentioned it for the retention ─▶ condemned
//! xorb     condemned for the quarantine ─▶ row gone, then the bytes of that generation
//! bytes    without a row, old          ─▶ gone
//! ```
//! Whoever refers to a xorb mentions it in the transaction that refers to it, which sets its moment and takes a sentence
//! back; each step here states in the statement that removes that no such mention came. So both sides meet in one row and
//! whoever is first wins: a mention that comes later than the removal finds no row, and is refused.

use std::collections::HashSet;

use async_trait::async_trait;
use hub_blob::{CopyId, ObjectKey};
use hub_core::{Timestamp, XetHash};

use crate::put::UPLOAD_MAX_MS;
use crate::store::{garbage, holdings, xorbs};
use crate::{Cas, CasError, Scope};

/// Knows what scopes need: the owner of the scopes.
#[async_trait]
pub trait Roots: Send + Sync {
    /// Which of these files `scope` still refers to, of those that it has held for longer than the grace period. What is left
    /// out is taken from the scope.
    async fn needed(
        &self,
        scope: Scope,
        files: &[XetHash],
    ) -> Result<HashSet<XetHash>, Box<dyn std::error::Error + Send + Sync>>;
}

/// What a collection did.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct CollectReport {
    /// Rights of scopes to files that they do not need any longer.
    pub holdings: u64,
    /// Files that nobody held.
    pub files: u64,
    /// Xorbs that were condemned.
    pub condemned: u64,
    /// Xorbs that were removed.
    pub xorbs: u64,
    /// Bytes that came back with them.
    pub freed_bytes: u64,
    /// Objects without a row that were removed.
    pub stray_keys: u64,
}

/// How many rows one statement handles.
const BATCH: i64 = 500;

impl Cas {
    /// Collects everything that is not needed and old enough, by the times of the configuration.
    pub async fn collect(&self, roots: &dyn Roots) -> Result<CollectReport, CasError> {
        let config = self.config();
        let now = self.now();
        let grace = now.plus_millis(-config.grace_ms());
        let mut report = CollectReport::default();
        self.drop_holdings(roots, grace, &mut report).await?;
        self.drop_files(grace, &mut report).await?;
        self.condemn_xorbs(now, now.plus_millis(-config.retention_ms()), &mut report).await?;
        self.drop_condemned(now.plus_millis(-config.quarantine_ms()), &mut report).await?;
        // An upload whose bytes are there and whose row is about to come is younger than half of this.
        self.drop_stray_keys(grace.min(now.plus_millis(-2 * UPLOAD_MAX_MS)), &mut report).await?;
        Ok(report)
    }

    async fn drop_holdings(
        &self,
        roots: &dyn Roots,
        before: Timestamp,
        report: &mut CollectReport,
    ) -> Result<(), CasError> {
        let mut scope = None;
        while let Some(next) = holdings::next_scope(self.db(), scope, before).await? {
            scope = Some(next);
            let mut after: Vec<u8> = Vec::new();
            loop {
                let page = holdings::of_scope(self.db(), next, &after, before, BATCH).await?;
                let Some(last) = page.last() else { break };
                after = last.as_bytes().to_vec();
                let needed = roots.needed(next, &page).await.map_err(CasError::Roots)?;
                let unneeded: Vec<XetHash> = page.into_iter().filter(|file| !needed.contains(file)).collect();
                if !unneeded.is_empty() {
                    let mut tx = self.db().begin().await?;
                    report.holdings += holdings::take_old(&mut tx, next, &unneeded, before).await?;
                    tx.commit().await?;
                }
            }
        }
        Ok(())
    }

    async fn drop_files(&self, before: Timestamp, report: &mut CollectReport) -> Result<(), CasError> {
        let mut after: Vec<u8> = Vec::new();
        loop {
            let page = garbage::unheld_files(self.db(), &after, before, BATCH).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.as_bytes().to_vec();
            let mut tx = self.db().begin().await?;
            report.files += garbage::delete_files(&mut tx, &page, before).await?;
            tx.commit().await?;
            tokio::task::yield_now().await;
        }
    }

    async fn condemn_xorbs(
        &self,
        now: Timestamp,
        before: Timestamp,
        report: &mut CollectReport,
    ) -> Result<(), CasError> {
        let mut after: Vec<u8> = Vec::new();
        loop {
            let page = garbage::unused_xorbs(self.db(), &after, before, BATCH).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.as_bytes().to_vec();
            report.condemned += self.condemn(&page, before, now).await?;
            tokio::task::yield_now().await;
        }
    }

    /// Condemns a page, again if an upload that mentions the same xorbs stood in the way.
    async fn condemn(&self, page: &[XetHash], before: Timestamp, now: Timestamp) -> Result<u64, CasError> {
        let mut attempt = 1;
        loop {
            attempt += 1;
            match self.try_condemn(page, before, now).await {
                Err(error) if error.is_worth_attempt(attempt) => {}
                result => return result,
            }
        }
    }

    async fn try_condemn(&self, page: &[XetHash], before: Timestamp, now: Timestamp) -> Result<u64, CasError> {
        let mut tx = self.db().begin().await?;
        let count = garbage::condemn(&mut tx, page, before, now).await?;
        tx.commit().await?;
        Ok(count)
    }

    async fn drop_condemned(&self, before: Timestamp, report: &mut CollectReport) -> Result<(), CasError> {
        loop {
            let mut tx = self.db().begin().await?;
            let gone = garbage::delete_condemned(&mut tx, before, BATCH).await?;
            tx.commit().await?;
            if gone.is_empty() {
                return Ok(());
            }
            for removed in gone {
                self.blobs().delete(&removed.key).await?;
                report.xorbs += 1;
                report.freed_bytes += removed.stored_bytes;
            }
        }
    }

    async fn drop_stray_keys(&self, before: Timestamp, report: &mut CollectReport) -> Result<(), CasError> {
        // Xorbs stand behind all other objects; a listing that begins at the first of them passes the others over.
        let mut after = ObjectKey::Xorb { hash: XetHash::ZERO, generation: CopyId::first() };
        loop {
            let page = self.blobs().list(Some(&after), 1000).await?;
            for object in page.iter().filter(|object| object.modified < before) {
                let ObjectKey::Xorb { hash, generation } = &object.key else { continue };
                if !xorbs::is_named(self.db(), hash, generation).await? {
                    self.blobs().delete(&object.key).await?;
                    report.stray_keys += 1;
                }
            }
            match page.into_iter().next_back() {
                Some(last) => after = last.key,
                None => return Ok(()),
            }
        }
    }
}
