//! Collecting what nothing refers to: objects that no reference reaches, large content that no repository holds, uploads
//! that were given up, keys of the blob store without a row.
//!
//! Everything younger than the grace period is kept, because a request may be about to refer to it. Requests that reuse
//! something old renew its age first, and each deletion states its condition in the statement that deletes, so a
//! renewal that comes in between wins. Rows go before bytes: a crash leaves bytes without a row, which the next run finds.
//! What others stand on as deltas goes after these; a living object is made whole first.

use std::collections::HashSet;

use hub_blob::ObjectKey;
use hub_core::{Oid, Timestamp};
use hub_formats::git::{self, Mode, ObjectKind, Tag};

use crate::store::{commits, garbage, objects, receive, refs, uploads};
use crate::{RepoError, RepoId, Repos};

/// What a collection removed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct GarbageReport {
    /// Git objects that no reference reaches.
    pub objects: u64,
    /// Git objects that stood on such ones and were made whole.
    pub made_whole: u64,
    /// Rights of repositories to large content that none of their files names.
    pub holdings: u64,
    /// Large contents that no repository holds any more.
    pub contents: u64,
    /// Bytes of those contents.
    pub content_bytes: u64,
    /// Uploads that were given up.
    pub uploads: u64,
    /// Whole copies of contents that lie in chunks only.
    pub retired_copies: u64,
    /// Keys of the blob store without a row.
    pub stray_keys: u64,
}

/// How many rows one statement handles.
const BATCH: usize = 500;
/// How many objects are made whole at a time.
const FREED_BATCH: usize = 16;

impl Repos {
    /// Collects everything that nothing refers to and that is older than `grace_secs`.
    pub async fn collect_garbage(&self, grace_secs: u64) -> Result<GarbageReport, RepoError> {
        let before = self.clock().now().plus_millis(-(grace_secs.min(i64::MAX as u64 / 1000) as i64) * 1000);
        let mut report = GarbageReport::default();
        self.drop_uploads(before, &mut report).await?;
        let mut after = 0;
        while let Some(repo) = garbage::next_repo(self.db(), after).await? {
            after = repo.key();
            self.collect_objects(repo, before, &mut report).await?;
        }
        self.drop_orphans(before, &mut report).await?;
        self.drop_contents(before, &mut report).await?;
        report.retired_copies = self.remove_retired(before).await?;
        self.drop_stray_keys(before, &mut report).await?;
        self.blobs().sweep_incoming(before).await?;
        Ok(report)
    }

    /// Gives up uploads that never ended.
    async fn drop_uploads(&self, before: Timestamp, report: &mut GarbageReport) -> Result<(), RepoError> {
        loop {
            let batch = uploads::created_before(self.db(), before, BATCH as i64).await?;
            if batch.is_empty() {
                return Ok(());
            }
            for upload in batch {
                let mut tx = self.db().begin().await?;
                uploads::delete(&mut tx, &upload.id).await?;
                tx.commit().await?;
                match upload.parts_id() {
                    Ok(parts) => self.blobs().abort_parts(&upload.key(), &parts).await?,
                    Err(_) => self.blobs().delete(&upload.key()).await?,
                }
                report.uploads += 1;
            }
        }
    }

    /// Removes what no reference of one repository reaches.
    async fn collect_objects(
        &self,
        repo: RepoId,
        before: Timestamp,
        report: &mut GarbageReport,
    ) -> Result<(), RepoError> {
        let reached = self.reachable(repo).await?;
        report.made_whole += self.free_from_dead(repo, &reached).await?;
        report.objects += self.remove_dead(repo, &reached, before).await?;
        let mut tx = self.db().begin().await?;
        report.holdings += garbage::delete_holdings(&mut tx, repo, before).await?;
        garbage::recount_used_bytes(&mut tx, repo).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Removes what was not reached and is old enough, unless something stands on it; answers how much.
    async fn remove_dead(&self, repo: RepoId, reached: &HashSet<Oid>, before: Timestamp) -> Result<u64, RepoError> {
        let (mut gone, mut after) = (0, Oid::ZERO);
        let mut left: Vec<Oid> = Vec::new();
        loop {
            let page = garbage::objects_after(self.db(), repo, after, before, 5_000).await?;
            let Some(last) = page.last() else { break };
            after = *last;
            let dead: Vec<Oid> = page.into_iter().filter(|oid| !reached.contains(oid)).collect();
            let stood_on = self.delete_dead(repo, &dead, before).await?;
            gone += (dead.len() - stood_on.len()) as u64;
            left.extend(stood_on);
        }
        // Of a dead chain each turn removes at least the end on which nothing stands.
        loop {
            let stood_on = self.delete_dead(repo, &left, before).await?;
            gone += (left.len() - stood_on.len()) as u64;
            if left.len() == stood_on.len() {
                return Ok(gone);
            }
            left = stood_on;
        }
    }

    /// Removes what may go and answers what may not.
    async fn delete_dead(&self, repo: RepoId, dead: &[Oid], before: Timestamp) -> Result<Vec<Oid>, RepoError> {
        let mut left = Vec::new();
        for batch in dead.chunks(BATCH) {
            let mut tx = self.db().begin().await?;
            left.extend(garbage::delete_objects(&mut tx, repo, batch, before).await?);
            tx.commit().await?;
        }
        Ok(left)
    }

    /// Makes objects whole that were reached and stand on such that were not, so that these can go.
    async fn free_from_dead(&self, repo: RepoId, reached: &HashSet<Oid>) -> Result<u64, RepoError> {
        let (mut freed, mut after) = (0, Oid::ZERO);
        loop {
            let page = garbage::deltas_after(self.db(), repo, after, 5_000).await?;
            let Some((last, _)) = page.last() else { return Ok(freed) };
            after = *last;
            let standing = page.into_iter().filter(|(oid, base)| reached.contains(oid) && !reached.contains(base));
            let standing: Vec<(Oid, Oid)> = standing.collect();
            for batch in standing.chunks(FREED_BATCH) {
                let oids: Vec<Oid> = batch.iter().map(|(oid, _)| *oid).collect();
                let contents = self.unfold(repo, objects::get_many(self.db(), repo, &oids).await?).await?;
                let streams: Vec<(Oid, Oid, Vec<u8>)> = batch
                    .iter()
                    .filter_map(|(oid, base)| contents.get(oid).map(|content| (*oid, *base, git::compress(content))))
                    .collect();
                let mut tx = self.db().begin().await?;
                for (oid, base, stream) in streams {
                    freed += garbage::make_whole(&mut tx, repo, oid, base, stream).await?;
                }
                tx.commit().await?;
            }
        }
    }

    /// Every object that the references of a repository reach.
    pub(crate) async fn reachable(&self, repo: RepoId) -> Result<HashSet<Oid>, RepoError> {
        let mut reached = HashSet::new();
        let mut waiting = Vec::new();
        for (_, oid) in refs::list(self.db(), repo).await? {
            // An annotated tag leads on to what it names, which may be another one, or a file or folder.
            let mut object = oid;
            while let Some(kind) = self.kind_of(repo, object).await? {
                match kind {
                    ObjectKind::Commit => waiting.push(object),
                    ObjectKind::Tree => self.reach_tree(repo, object, &mut reached).await?,
                    ObjectKind::Blob => drop(reached.insert(object)),
                    ObjectKind::Tag => {
                        reached.insert(object);
                        object = Tag::parse(&self.object_bytes(repo, object, ObjectKind::Tag).await?)?.object;
                        continue;
                    }
                }
                break;
            }
        }
        while let Some(commit) = waiting.pop() {
            if !reached.insert(commit) {
                continue;
            }
            let Some(row) = commits::get(self.db(), repo, commit).await? else { continue };
            waiting.extend(row.parents);
            self.reach_tree(repo, row.tree, &mut reached).await?;
        }
        Ok(reached)
    }

    async fn kind_of(&self, repo: RepoId, oid: Oid) -> Result<Option<ObjectKind>, RepoError> {
        Ok(receive::kinds(self.db(), repo, &[oid]).await?.pop().map(|(_, kind)| kind))
    }

    async fn reach_tree(&self, repo: RepoId, root: Oid, reached: &mut HashSet<Oid>) -> Result<(), RepoError> {
        let mut waiting = vec![root];
        while let Some(oid) = waiting.pop() {
            if !reached.insert(oid) {
                continue;
            }
            for entry in self.tree_of(repo, oid).await?.entries() {
                match entry.mode {
                    Mode::Directory => waiting.push(entry.oid),
                    Mode::Submodule => {}
                    _ => {
                        reached.insert(entry.oid);
                    }
                }
            }
        }
        Ok(())
    }

    /// Removes rows that a crash or a race left behind a deleted repository.
    async fn drop_orphans(&self, before: Timestamp, report: &mut GarbageReport) -> Result<(), RepoError> {
        let mut tx = self.db().begin().await?;
        report.objects += garbage::delete_orphans(&mut tx, before).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Removes large contents that no repository holds.
    async fn drop_contents(&self, before: Timestamp, report: &mut GarbageReport) -> Result<(), RepoError> {
        loop {
            let mut tx = self.db().begin().await?;
            let gone = garbage::delete_contents(&mut tx, before, BATCH as i64).await?;
            tx.commit().await?;
            if gone.is_empty() {
                return Ok(());
            }
            for row in gone {
                // What it had in chunks goes by itself, when the chunk store finds that nobody needs it.
                if let Some(key) = row.whole() {
                    self.blobs().delete(&key).await?;
                }
                report.contents += 1;
                report.content_bytes += row.size;
            }
        }
    }

    /// Removes keys that no row names: uploads that were refused, and what a crash left.
    async fn drop_stray_keys(&self, before: Timestamp, report: &mut GarbageReport) -> Result<(), RepoError> {
        let mut after: Option<ObjectKey> = None;
        loop {
            let page = self.blobs().list(after.as_ref(), 1000).await?;
            for object in page.iter().filter(|object| object.modified < before) {
                // Xorbs, which stand behind all of these in a listing, are collected by their own store.
                let ObjectKey::Large { sha256, copy } = &object.key else { return Ok(()) };
                if !garbage::is_named(self.db(), *sha256, copy).await? {
                    self.blobs().delete(&object.key).await?;
                    report.stray_keys += 1;
                }
            }
            after = match page.into_iter().next_back() {
                Some(last) => Some(last.key),
                None => return Ok(()),
            };
        }
    }
}
