//! Making a push that was found good part of the repository: its files and folders as rows, batch by batch, which nothing
//! refers to yet, then one transaction that adds commits and tags, gives the commits their place in the graph, and moves
//! the references. So nobody meets a commit without its place, or a tag without what it names.
//!
//! A crash before that transaction leaves objects that nothing refers to, as one amid a commit by API does; they are
//! whole and checked, and are collected after the grace period.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use hub_core::{Oid, RefName, Sha256};
use hub_formats::git::ObjectKind;
use sha2::Digest;

use super::RefUpdate;
use super::graph::Graph;
use super::quarantine::{Arrived, ArrivedDelta, Quarantine};
use super::survey::{NewCommit, Surveyed};
use crate::objects::ROW_BLOB_MAX;
use crate::store::objects::{self, Delta, Depth, NewObject, ObjectBody};
use crate::store::{facts as store_facts, garbage, receive as store, refs, repos};
use crate::unfold::CHAIN_MAX;
use crate::{Facts, Repo, RepoError, facts};

/// The most objects and bytes of one batch. Each batch waits for the disk, which takes longer than to write it.
const BATCH_OBJECTS: usize = 8000;
const BATCH_BYTES: usize = 8 << 20;
/// Reused objects older than this are renewed.
const RENEW_AFTER_MS: i64 = 10 * 60 * 1000;
/// How often the last transaction is tried on references that others keep moving.
const MAX_TRIES: usize = 32;

/// What was written before the last transaction, and what is left for it.
pub(super) struct Written {
    /// The bytes of the files that were not here before.
    added_bytes: u64,
    /// Commits and tags.
    late: Vec<NewObject>,
}

/// An object that is written as the delta as which it came.
struct Fold {
    oid: Oid,
    delta: ArrivedDelta,
    depth: u16,
    /// Whether the base lies here already and must stay.
    is_lent: bool,
}

/// How the last transaction ended.
pub(super) enum Settled {
    /// All references moved.
    Moved,
    /// This one was not where the pusher believed it to be; nothing changed.
    Elsewhere(RefName),
}

/// What one try gave.
enum Try {
    Settled(Settled),
    /// A reference that leads to the boundary moved meanwhile: look again.
    BoundaryMoved,
}

impl Repo {
    /// Writes the files and folders that arrived.
    pub(super) async fn write_arrived(
        &self,
        mut quarantine: Quarantine,
        arrived: &[Oid],
    ) -> Result<Written, RepoError> {
        let mut written = Written { added_bytes: 0, late: Vec::new() };
        let mut depths: HashMap<Oid, u16> = HashMap::new();
        let mut rest = arrived;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = rest.iter().take(BATCH_OBJECTS).take_while(|oid| {
                let first = bytes == 0;
                bytes += quarantine.row_bytes(**oid) + 64;
                first || bytes <= BATCH_BYTES
            });
            let (batch, after) = rest.split_at(fits.count());
            rest = after;
            let folds = self.folds(&quarantine, arrived, batch, &mut depths).await?;
            let lent: Vec<Oid> = folds.iter().filter_map(|fold| fold.is_lent.then_some(fold.delta.base)).collect();
            let oids = batch.to_vec();
            let read = tokio::task::spawn_blocking(move || {
                let folds: HashMap<Oid, Fold> = folds.into_iter().map(|fold| (fold.oid, fold)).collect();
                let prepared: Result<Vec<_>, RepoError> =
                    oids.into_iter().map(|oid| prepare(&mut quarantine, oid, folds.get(&oid))).collect();
                prepared.map(|prepared| (quarantine, prepared))
            });
            let prepared;
            (quarantine, prepared) = read.await.map_err(|_| broke_off())??;
            let mut new = Vec::with_capacity(prepared.len());
            for (object, content) in prepared {
                if let Some((sha256, content)) = content {
                    self.repos.store_content(sha256, content).await?;
                }
                match object.kind {
                    ObjectKind::Blob | ObjectKind::Tree => new.push(object),
                    ObjectKind::Commit | ObjectKind::Tag => written.late.push(object),
                }
            }
            written.added_bytes += self.write_batch(new, &lent).await?;
        }
        Ok(written)
    }

    /// Which objects of a batch get a row with the delta as which they came: those whose base is written before them in
    /// this push, or lies here, and has few bases below it. `depths` tells how many, of what was written so far.
    async fn folds(
        &self,
        quarantine: &Quarantine,
        arrived: &[Oid],
        batch: &[Oid],
        depths: &mut HashMap<Oid, u16>,
    ) -> Result<Vec<Fold>, RepoError> {
        let deltas: Vec<(Oid, ArrivedDelta)> =
            batch.iter().filter_map(|oid| quarantine.delta(*oid).map(|delta| (*oid, delta))).collect();
        if deltas.is_empty() {
            return Ok(Vec::new());
        }
        // What is here already keeps its row, so it counts as it is.
        let asked: HashSet<Oid> = batch.iter().copied().chain(deltas.iter().map(|(_, delta)| delta.base)).collect();
        let asked: Vec<Oid> = asked.into_iter().collect();
        let here: HashMap<Oid, Depth> =
            objects::depths(self.repos.db(), self.id(), &asked).await?.into_iter().collect();
        let mut folds = Vec::new();
        for (oid, delta) in deltas {
            if here.contains_key(&oid) {
                continue;
            }
            let base = delta.base;
            let is_lent = here.contains_key(&base);
            let below = match here.get(&base) {
                Some(Depth::InRow(depth)) => *depth,
                None if quarantine.comes_before(arrived, base, oid) && quarantine.get(base).is_some_and(is_row) => {
                    depths.get(&base).copied().unwrap_or_default()
                }
                Some(Depth::InBlobStore) | None => continue,
            };
            if below < CHAIN_MAX {
                depths.insert(oid, below + 1);
                folds.push(Fold { oid, delta, depth: below + 1, is_lent });
            }
        }
        Ok(folds)
    }

    /// Writes rows, of which some stand on those of `lent`. Answers the bytes of the files that were not here before.
    async fn write_batch(&self, mut new: Vec<NewObject>, lent: &[Oid]) -> Result<u64, RepoError> {
        // Two pushes of the same objects wait for each other, if at all, in one direction only.
        new.sort_unstable_by_key(|object| object.oid);
        let oids: Vec<Oid> = new.iter().map(|object| object.oid).collect();
        let now = self.repos.clock().now();
        let mut tx = self.repos.db().begin().await?;
        garbage::renew_objects(&mut tx, self.id(), lent, now.plus_millis(-RENEW_AFTER_MS), now).await?;
        let found: HashSet<Oid> = store::present(&mut tx, self.id(), lent).await?.into_iter().collect();
        if lent.iter().any(|oid| !found.contains(oid)) {
            return Err(collected_meanwhile());
        }
        let present: HashSet<Oid> = store::present(&mut tx, self.id(), &oids).await?.into_iter().collect();
        objects::insert(&mut tx, self.id(), &new, now).await?;
        tx.commit().await?;
        let is_new_file = |object: &&NewObject| object.kind == ObjectKind::Blob && !present.contains(&object.oid);
        Ok(new.iter().filter(is_new_file).map(|object| object.size).sum())
    }

    /// Moves the references in one transaction, with all that is derived from their new commits.
    pub(super) async fn settle(
        &self,
        surveyed: &Surveyed,
        updates: &[RefUpdate],
        written: &Written,
    ) -> Result<Settled, RepoError> {
        let facts = self.pushed_facts(surveyed, updates).await?;
        let mut graph = Graph::new(self);
        for _ in 0..MAX_TRIES {
            let witnesses = self.witnesses(&mut graph, &surveyed.boundary).await?;
            match self.try_settle(surveyed, updates, written, facts.as_ref(), &witnesses).await? {
                Try::Settled(settled) => return Ok(settled),
                Try::BoundaryMoved => {}
            }
        }
        Err(RepoError::Conflict(format!("other writers moved the references {MAX_TRIES} times: push again")))
    }

    /// References that lead to all of the boundary.
    pub(super) async fn witnesses(
        &self,
        graph: &mut Graph,
        boundary: &HashSet<Oid>,
    ) -> Result<HashSet<Oid>, RepoError> {
        let tips: Vec<Oid> = refs::list(self.repos.db(), self.id()).await?.into_iter().map(|(_, oid)| oid).collect();
        let mut found = graph.leading_to(boundary.iter().copied(), tips.iter().copied()).await?;
        if found.len() < boundary.len() {
            // Annotated tags lead to commits as well; their objects are read only if no branch is enough.
            let mut tagged = HashMap::new();
            for tip in tips {
                if graph.row(tip).await?.is_none()
                    && let Ok(commit) = self.peel(tip).await
                {
                    tagged.insert(commit.oid(), tip);
                }
            }
            let left: Vec<Oid> = boundary.iter().copied().filter(|oid| !found.contains_key(oid)).collect();
            let more = graph.leading_to(left, tagged.keys().copied()).await?;
            found.extend(more.into_iter().filter_map(|(oid, commit)| tagged.get(&commit).map(|tip| (oid, *tip))));
        }
        match boundary.iter().find(|oid| !found.contains_key(*oid)) {
            None => Ok(found.into_values().collect()),
            Some(oid) => Err(RepoError::Unprocessable(format!(
                "the commit {oid} did not arrive, and no branch or tag leads to it here: fetch, then push again \
                 (from a shallow clone: git fetch --unshallow)"
            ))),
        }
    }

    async fn try_settle(
        &self,
        surveyed: &Surveyed,
        updates: &[RefUpdate],
        written: &Written,
        facts: Option<&Facts>,
        witnesses: &HashSet<Oid>,
    ) -> Result<Try, RepoError> {
        let now = self.repos.clock().now();
        let mut tx = self.repos.db().begin().await?;
        // Whoever moves a reference touches the repository, so from here on they all stay where they are.
        if !repos::touch(&mut tx, self.id(), now).await? {
            return Err(RepoError::RepoNotFound);
        }
        let present: HashSet<Oid> = store::refs(&mut tx, self.id()).await?.into_iter().map(|(_, oid)| oid).collect();
        if !witnesses.is_subset(&present) {
            return Ok(Try::BoundaryMoved);
        }
        let reused = &surveyed.reused;
        garbage::renew_objects(&mut tx, self.id(), reused, now.plus_millis(-RENEW_AFTER_MS), now).await?;
        if store::present(&mut tx, self.id(), reused).await?.len() < reused.len() {
            return Err(collected_meanwhile());
        }
        for batch in written.late.chunks(BATCH_OBJECTS) {
            objects::insert(&mut tx, self.id(), batch, now).await?;
        }
        store::insert_commits(&mut tx, self.id(), &surveyed.commits).await?;
        for update in updates {
            let moved = match (update.old, update.new) {
                (old, Some(new)) => refs::compare_and_swap(&mut tx, self.id(), &update.name, old, new, now).await?,
                (Some(old), None) => store::delete_ref(&mut tx, self.id(), &update.name, old).await?,
                (None, None) => true,
            };
            if !moved {
                return Ok(Try::Settled(Settled::Elsewhere(update.name.clone())));
            }
            self.note_push(&mut tx, &update.name, update.old, update.new).await?;
        }
        repos::add_used_bytes(&mut tx, self.id(), written.added_bytes as i64).await?;
        if let Some(facts) = facts {
            store_facts::write(&mut tx, self.id(), facts).await?;
        }
        tx.commit().await?;
        Ok(Try::Settled(Settled::Moved))
    }

    /// The facts of the new state of the default branch, if the push may have changed them.
    async fn pushed_facts(&self, surveyed: &Surveyed, updates: &[RefUpdate]) -> Result<Option<Facts>, RepoError> {
        let Some(update) = updates.iter().find(|update| update.name == RefName::main()) else { return Ok(None) };
        let Some(new) = update.new else { return Ok(None) };
        // A branch that goes on by one commit, as nearly all pushes do, changes what that commit changes.
        let tree = match surveyed.commits.iter().find(|commit| commit.row.oid == new) {
            Some(NewCommit { row, changed, removed, .. }) => {
                let kind = self.addr().kind;
                let is_next = row.parents.len() == 1 && row.parents.first() == update.old.as_ref();
                if is_next && !facts::depend_on(kind, changed) && !facts::depend_on(kind, removed) {
                    return Ok(None);
                }
                row.tree
            }
            None => self.commit_row(hub_core::CommitId::new(new)).await?.tree,
        };
        self.gather_facts(tree, &crate::objects::Unwritten::default()).await.map(Some)
    }
}

/// An object as its row will be, and the content that must go to the blob store before.
type Prepared = (NewObject, Option<(Sha256, Bytes)>);

fn prepare(quarantine: &mut Quarantine, oid: Oid, fold: Option<&Fold>) -> Result<Prepared, RepoError> {
    let missing = || RepoError::Inconsistent(format!("the push lost the object {oid}"));
    let arrived = quarantine.get(oid).ok_or_else(missing)?;
    let target = quarantine.pointer(oid).map(|pointer| (pointer.oid, pointer.size));
    let object = |body| NewObject { oid, kind: arrived.kind, size: arrived.size, body, target };
    if let Some(Fold { delta, depth, .. }) = fold {
        let stream = quarantine.read_delta(*delta)?;
        let delta = Delta { base: delta.base, size: delta.size, depth: *depth, stream };
        return Ok((object(ObjectBody::Delta(delta)), None));
    }
    if is_row(arrived) {
        return Ok((object(ObjectBody::Row(quarantine.read_stream(arrived)?)), None));
    }
    let content = Bytes::from(quarantine.read(arrived)?);
    let sha256 = Sha256::new(sha2::Sha256::digest(&content).into());
    Ok((object(ObjectBody::Content(sha256)), Some((sha256, content))))
}

/// Whether the bytes of an object go to its row.
fn is_row(arrived: Arrived) -> bool {
    arrived.kind != ObjectKind::Blob || arrived.size <= ROW_BLOB_MAX as u64
}

fn collected_meanwhile() -> RepoError {
    RepoError::Conflict("objects that the push builds on were collected meanwhile: push again".to_owned())
}

pub(super) fn broke_off() -> RepoError {
    RepoError::Inconsistent("the work on a push broke off".to_owned())
}
