//! Merging a pull request: one commit on the branch that it is for, with the changes of both sides, or the files on which
//! they disagree.
//!
//! A file that only one side changed is as that side made it. A text that both changed is joined line by line. The
//! commit is worked out first and written last, in the transaction of whoever asks, and only if both branches are still
//! where they were.

use std::collections::HashSet;

use bytes::Bytes;
use hub_core::{Access, CommitId, Oid, RefName, RepoPath, ThreadNumber};
use hub_db::Tx;
use hub_formats::git::{Commit, Compressor, Mode, ObjectKind};
use hub_formats::lfs::Pointer;

use super::lines::merge_lines;
use super::{Merged, Pull};
use crate::commit::{CommitHeader, message_of};
use crate::diff::DiffSide;
use crate::edit::{PutMode, TreeEdit};
use crate::objects::{ROW_BLOB_MAX, Unwritten, prepare_blob, prepare_object_with};
use crate::rules::BranchAct;
use crate::store::commits::CommitRow;
use crate::store::objects::NewObject;
use crate::store::{commits, facts as store_facts, objects, pulls, refs, repos};
use crate::{Facts, Repo, RepoError};

/// Texts above this size are not joined line by line.
const TEXT_MAX_BYTES: usize = ROW_BLOB_MAX;
/// The most files that are named as conflicting.
const CONFLICTS_MAX: usize = 1000;

/// What trying to merge gave.
pub enum Merge {
    /// It can be written.
    Ready(Box<PreparedMerge>),
    /// These files were changed on both sides.
    Conflicts(Vec<String>),
}

/// Why a merge may move the branch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MergeRight {
    /// The rules of the branch let its maker push.
    Rules,
    /// It has the reviews that the repository asks for: then a branch to which nobody may push takes it.
    Reviews,
}

/// A merge that was worked out and is not written yet.
pub struct PreparedMerge {
    repo: Repo,
    number: ThreadNumber,
    base: RefName,
    merged: Merged,
    objects: Vec<NewObject>,
    row: CommitRow,
    changed: Vec<String>,
    facts: Option<Facts>,
}

/// One path of a change, with what was and what shall be there.
struct Step {
    path: String,
    old: Option<DiffSide>,
    new: Option<DiffSide>,
}

/// Two trees joined.
#[derive(Default)]
pub(super) struct Joined {
    pub(super) edit: TreeEdit,
    pub(super) blobs: Vec<NewObject>,
    pub(super) conflicts: Vec<String>,
}

impl Repo {
    /// The files that keep a pull request from being merged as it is.
    pub async fn pull_conflicts(&self, pull: &Pull) -> Result<Vec<String>, RepoError> {
        let (None, Some(base), Some(head)) = (pull.merged, pull.base_head, pull.head) else { return Ok(Vec::new()) };
        Ok(self.join(base, head, &mut Compressor::default()).await?.conflicts)
    }

    /// Works out the commit that merges a pull request.
    ///
    /// # Errors
    /// [`RepoError::Forbidden`] if a rule of the branch is against it; [`RepoError::Conflict`] if it is merged already or
    /// one of its branches is gone.
    pub async fn prepare_merge(
        &self,
        pull: &Pull,
        header: &CommitHeader,
        right: MergeRight,
    ) -> Result<Merge, RepoError> {
        self.require(Access::Write)?;
        header.check()?;
        let act = match right {
            MergeRight::Rules => BranchAct::Push,
            MergeRight::Reviews => BranchAct::Merge,
        };
        self.require_by_rules(&pull.base, act).await?;
        if pull.merged.is_some() {
            return Err(RepoError::Conflict(format!("the pull request {} is merged already", pull.number)));
        }
        let gone = |name: &str| RepoError::Conflict(format!("{name} was deleted, so there is nothing to merge"));
        let base = pull.base_head.ok_or_else(|| gone(pull.base.short()))?;
        let head = pull.head.ok_or_else(|| gone(pull.number.pull_ref().as_str()))?;
        let mut compressor = Compressor::default();
        let joined = self.join(base, head, &mut compressor).await?;
        if !joined.conflicts.is_empty() {
            return Ok(Merge::Conflicts(joined.conflicts));
        }
        let parent = self.commit_row(CommitId::new(base)).await?;
        let edited = joined.edit.apply(&self.repos, self.id(), parent.tree, &mut compressor).await?;
        let seconds = self.repos.clock().now().seconds();
        let author = self.signature(seconds);
        let commit = Commit {
            tree: edited.root,
            parents: vec![base],
            author: author.clone(),
            committer: author,
            extra: Vec::new(),
            message: message_of(header),
        };
        let object = prepare_object_with(&mut compressor, ObjectKind::Commit, &commit.write());
        let row = CommitRow {
            oid: object.oid,
            tree: edited.root,
            parents: commit.parents,
            generation: parent.generation + 1,
            ancestors: parent.ancestors + 1,
            seconds,
        };
        let objects: Vec<NewObject> = joined.blobs.into_iter().chain(edited.objects).chain([object]).collect();
        let facts = match pull.base == RefName::main() {
            true => Some(self.gather_facts(edited.root, &Unwritten::new(&objects)).await?),
            false => None,
        };
        Ok(Merge::Ready(Box::new(PreparedMerge {
            repo: self.clone(),
            number: pull.number,
            base: pull.base.clone(),
            merged: Merged { commit: row.oid, base, head },
            objects,
            row,
            changed: edited.changed,
            facts,
        })))
    }

    /// Applies to the tree of `ours` what `theirs` changed since they parted.
    pub(super) async fn join(&self, ours: Oid, theirs: Oid, compressor: &mut Compressor) -> Result<Joined, RepoError> {
        let fork = self.between(ours, theirs).await?.fork;
        let changes = self.compare(fork.map(CommitId::new), Some(CommitId::new(theirs))).await?;
        let root = self.commit_row(CommitId::new(ours)).await?.tree;
        let steps: Vec<Step> = changes
            .into_iter()
            .flat_map(|change| match change.new_path {
                Some(to) => vec![
                    Step { path: change.path, old: change.old, new: None },
                    Step { path: to, old: None, new: change.new },
                ],
                None => vec![Step { path: change.path, old: change.old, new: change.new }],
            })
            .collect();
        let removed: HashSet<&str> =
            steps.iter().filter(|step| step.new.is_none()).map(|step| step.path.as_str()).collect();
        let mut joined = Joined::default();
        for step in &steps {
            self.join_step(root, step, &removed, compressor, &mut joined).await?;
            if joined.conflicts.len() >= CONFLICTS_MAX {
                break;
            }
        }
        Ok(joined)
    }

    async fn join_step(
        &self,
        root: Oid,
        step: &Step,
        removed: &HashSet<&str>,
        compressor: &mut Compressor,
        joined: &mut Joined,
    ) -> Result<(), RepoError> {
        let mut disagree = || {
            joined.conflicts.push(step.path.clone());
            Ok(())
        };
        // A name that only git can write cannot be put by an edit.
        let Ok(path) = step.path.parse::<RepoPath>() else { return disagree() };
        let ours = self.find_below(root, &path).await?.map(|entry| DiffSide { mode: entry.mode, oid: entry.oid });
        if ours == step.new {
            return Ok(());
        }
        if ours == step.old {
            if step.new.is_some() && ours.is_none() && self.is_below_file(root, &path, removed).await? {
                return disagree();
            }
            return match step.new {
                Some(side) => joined.edit.put(&path, PutMode::Exactly(side.mode), side.oid),
                None => joined.edit.remove(&path),
            };
        }
        let (Some(old), Some(ours), Some(new)) = (step.old, ours, step.new) else { return disagree() };
        let is_text = |side: DiffSide| matches!(side.mode, Mode::File | Mode::Executable);
        if ![old, ours, new].into_iter().all(is_text) {
            return disagree();
        }
        let texts = (self.text_of(old.oid).await?, self.text_of(ours.oid).await?, self.text_of(new.oid).await?);
        let (Some(base), Some(mine), Some(yours)) = texts else { return disagree() };
        let merged = tokio::task::spawn_blocking(move || merge_lines(&base, &mine, &yours)).await;
        let merged = merged.map_err(|_| RepoError::Inconsistent("merging a file failed".to_owned()))?;
        let Some(merged) = merged.filter(|text| text.len() <= ROW_BLOB_MAX) else { return disagree() };
        let blob = prepare_blob(Bytes::from(merged), compressor).object;
        let mode = if new.mode == old.mode { ours.mode } else { new.mode };
        joined.edit.put(&path, PutMode::Exactly(mode), blob.oid)?;
        joined.blobs.push(blob);
        Ok(())
    }

    /// Whether one of the folders above a path is a file, which the same merge does not remove.
    async fn is_below_file(&self, root: Oid, path: &RepoPath, removed: &HashSet<&str>) -> Result<bool, RepoError> {
        let mut folder = path.parent();
        while let Some(above) = folder {
            if let Some(entry) = self.find_below(root, &above).await? {
                return Ok(entry.mode != Mode::Directory && !removed.contains(above.as_str()));
            }
            folder = above.parent();
        }
        Ok(false)
    }

    /// The text of a small file; `None` for what is large, binary or a pointer.
    pub(super) async fn text_of(&self, oid: Oid) -> Result<Option<String>, RepoError> {
        let row = objects::blob(self.repos.db(), self.id(), oid).await?;
        if row.is_none_or(|row| row.size > TEXT_MAX_BYTES as u64 || row.target.is_some()) {
            return Ok(None);
        }
        let bytes = self.blob_bytes(oid).await?;
        let is_text = !bytes.contains(&0) && Pointer::parse(&bytes).is_err();
        Ok(String::from_utf8(bytes.into()).ok().filter(|_| is_text))
    }
}

impl PreparedMerge {
    /// The commit that it will be.
    pub fn commit(&self) -> Oid {
        self.merged.commit
    }

    /// Writes the merge; answers whether both branches were still where they had been, else nothing may be committed.
    pub async fn write(&self, tx: &mut Tx) -> Result<bool, RepoError> {
        let repo = &self.repo;
        let now = repo.repos.clock().now();
        if !repos::touch(tx, repo.id(), now).await? {
            return Err(RepoError::RepoNotFound);
        }
        let Merged { base, head, commit } = self.merged;
        objects::insert(tx, repo.id(), &self.objects, now).await?;
        commits::insert(tx, repo.id(), &self.row, None).await?;
        commits::insert_changes(tx, repo.id(), &self.row, self.changed.iter().map(String::as_str)).await?;
        let head_stands = refs::compare_and_swap(tx, repo.id(), &self.number.pull_ref(), Some(head), head, now).await?;
        if !head_stands
            || !refs::compare_and_swap(tx, repo.id(), &self.base, Some(base), commit, now).await?
            || !pulls::set_merged(tx, repo.id(), self.number, &self.merged).await?
        {
            return Ok(false);
        }
        let added: u64 = self.objects.iter().filter(|new| new.kind == ObjectKind::Blob).map(|new| new.size).sum();
        repos::add_used_bytes(tx, repo.id(), added as i64).await?;
        if let Some(facts) = &self.facts {
            store_facts::write(tx, repo.id(), facts).await?;
        }
        repo.note_push(tx, &self.base, Some(base), Some(commit)).await?;
        Ok(true)
    }
}
