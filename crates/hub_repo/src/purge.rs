//! Large files of a repository: the list with who brought them, and purging them, from the history too if wanted.

use std::collections::{HashMap, HashSet};

use hub_account::NamespaceId;
use hub_core::{Access, CommitId, Oid, RefName, Sha256, Timestamp};
use hub_formats::git::{Mode, ObjectKind, Tag, Tree};

use crate::objects::prepare_object;
use crate::store::commits::CommitRow;
use crate::store::objects::NewObject;
use crate::store::{commits, large, objects, refs, repos};
use crate::walk::is_shown;
use crate::{Repo, RepoError};

/// A large file that a repository holds.
#[derive(Clone, Debug)]
pub struct LargeFile {
    /// Its content.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub size: u64,
    /// The pointer that names it in some commit; `None` if no commit does (yet).
    pub pointer: Option<Oid>,
    /// Where it is, if the newest state of some reference has it.
    pub place: Option<LargePlace>,
    /// Who brought it.
    pub pushed_by: NamespaceId,
    /// When it came.
    pub pushed: Timestamp,
}

/// Where a large file is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LargePlace {
    /// The default branch if it has the file, else another reference.
    pub name: RefName,
    /// Its path there, one of perhaps several.
    pub path: String,
}

/// How many references and how many entries of their trees are looked through for the places of large files.
const REFS_MAX: usize = 64;
const ENTRIES_MAX: usize = 500_000;
const TREE_PAGE: usize = 5_000;

/// A page of large files.
#[derive(Debug)]
pub struct LargeFilePage {
    /// In the order of their contents' ids.
    pub files: Vec<LargeFile>,
    /// After which content the next page begins, if there is one.
    pub next: Option<Sha256>,
}

impl Repo {
    /// A page of the large files that this repository holds.
    pub async fn list_large_files(&self, after: Option<Sha256>, limit: usize) -> Result<LargeFilePage, RepoError> {
        self.require(Access::Read)?;
        let mut rows = large::holdings(self.repos.db(), self.id(), after, limit as i64 + 1).await?;
        let next = (rows.len() > limit).then(|| {
            rows.truncate(limit);
            rows.last().map(|row| row.sha256)
        });
        let mut places = self.large_places(rows.iter().map(|row| row.sha256).collect()).await?;
        let files = rows
            .into_iter()
            .map(|row| LargeFile {
                place: places.remove(&row.sha256),
                sha256: row.sha256,
                size: row.size,
                pointer: row.pointer,
                pushed_by: row.pushed_by,
                pushed: row.pushed,
            })
            .collect();
        Ok(LargeFilePage { files, next: next.flatten() })
    }

    /// Where these contents are: in the default branch, or else in the first of the other references that has them.
    async fn large_places(&self, mut wanted: HashSet<Sha256>) -> Result<HashMap<Sha256, LargePlace>, RepoError> {
        let mut tips = refs::list(self.repos.db(), self.id()).await?;
        tips.retain(|(name, _)| is_shown(name));
        tips.sort_by_key(|(name, _)| name != RefName::main().as_str());
        let mut places = HashMap::new();
        let mut looked_at = 0;
        for (name, tip) in tips.into_iter().take(REFS_MAX) {
            let Ok(name) = name.parse::<RefName>() else { continue };
            let commit = match self.peel(tip).await {
                Ok(commit) => commit,
                // A tag of something else.
                Err(RepoError::RevisionNotFound(_)) => continue,
                Err(error) => return Err(error),
            };
            let mut after: Option<String> = None;
            while !wanted.is_empty() && looked_at < ENTRIES_MAX {
                let page = self.list_tree(commit, None, true, after.as_deref(), TREE_PAGE).await?;
                looked_at += page.entries.len();
                for entry in page.entries {
                    if let Some(target) = entry.large
                        && wanted.remove(&target.sha256)
                    {
                        places.insert(target.sha256, LargePlace { name: name.clone(), path: entry.path });
                    }
                }
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(places)
    }

    /// Gives up large files for good. With `rewrite_history` every branch and tag is rewritten without the files that
    /// name them; without it the pointers stay and lead nowhere.
    ///
    /// # Errors
    /// [`RepoError::Conflict`] if a branch moves meanwhile; then nothing has changed.
    pub async fn purge_large_files(&self, contents: &[Sha256], rewrite_history: bool) -> Result<(), RepoError> {
        self.require(Access::Admin)?;
        let doomed: HashSet<Sha256> = contents.iter().copied().collect();
        let now = self.repos.clock().now();
        let mut moves = Vec::new();
        if rewrite_history {
            let mut rewriter = Rewriter { repo: self, doomed: &doomed, trees: HashMap::new(), commits: HashMap::new() };
            for (name, oid) in refs::list(self.repos.db(), self.id()).await? {
                let Ok(name) = name.parse::<RefName>() else { continue };
                let new = rewriter.target(oid).await?;
                if new != oid {
                    moves.push((name, oid, new));
                }
            }
        }
        let mut tx = self.repos.db().begin().await?;
        for (name, old, new) in &moves {
            if !refs::compare_and_swap(&mut tx, self.id(), name, Some(*old), *new, now).await? {
                return Err(RepoError::Conflict(format!("{} moved meanwhile: try again", name.short())));
            }
            self.note_push(&mut tx, name, Some(*old), Some(*new)).await?;
        }
        let mut freed = 0;
        for sha256 in &doomed {
            freed += large::take_back(&mut tx, self.id(), *sha256).await?;
        }
        repos::add_used_bytes(&mut tx, self.id(), -(freed as i64)).await?;
        repos::touch(&mut tx, self.id(), now).await?;
        tx.commit().await?;
        self.renew_facts().await
    }

    /// Takes over large files of another repository, whose bytes do not move.
    pub async fn take_large_files(&self, from: &Repo, contents: &[Sha256]) -> Result<Vec<Sha256>, RepoError> {
        self.require(Access::Write)?;
        from.require(Access::Read)?;
        let mut missing = Vec::new();
        for sha256 in contents {
            if from.held_large(*sha256).await?.is_none() || !self.take_over(*sha256).await? {
                missing.push(*sha256);
            }
        }
        Ok(missing)
    }
}

/// Rewrites commits and trees without certain large files. What it writes is referred to only afterwards.
struct Rewriter<'a> {
    repo: &'a Repo,
    doomed: &'a HashSet<Sha256>,
    trees: HashMap<Oid, Option<Oid>>,
    commits: HashMap<Oid, Oid>,
}

impl Rewriter<'_> {
    /// What a reference shall point to instead.
    async fn target(&mut self, oid: Oid) -> Result<Oid, RepoError> {
        let db = self.repo.repos.db();
        if commits::get(db, self.repo.id(), oid).await?.is_some() {
            return self.commit(oid).await;
        }
        let bytes = self.repo.repos.object_bytes(self.repo.id(), oid, ObjectKind::Tag).await?;
        let mut tag = Tag::parse(&bytes)?;
        let new = self.commit(tag.object).await?;
        if new == tag.object {
            return Ok(oid);
        }
        tag.object = new;
        self.write(vec![prepare_object(ObjectKind::Tag, &tag.write())]).await
    }

    /// The commit without the files. Parents come first, by a stack: histories are deeper than call stacks.
    async fn commit(&mut self, head: Oid) -> Result<Oid, RepoError> {
        let mut stack = vec![head];
        while let Some(oid) = stack.last().copied() {
            if self.commits.contains_key(&oid) {
                stack.pop();
                continue;
            }
            let row = self.repo.commit_row(CommitId::new(oid)).await?;
            let waiting: Vec<Oid> = row.parents.iter().filter(|p| !self.commits.contains_key(p)).copied().collect();
            if !waiting.is_empty() {
                stack.extend(waiting);
                continue;
            }
            stack.pop();
            let new = self.one_commit(&row).await?;
            self.commits.insert(oid, new);
        }
        Ok(self.commits.get(&head).copied().unwrap_or(head))
    }

    async fn one_commit(&mut self, row: &CommitRow) -> Result<Oid, RepoError> {
        let tree = Box::pin(self.tree(row.tree)).await?.unwrap_or(Oid::EMPTY_TREE);
        let parents: Vec<Oid> = row.parents.iter().map(|p| self.commits.get(p).copied().unwrap_or(*p)).collect();
        if tree == row.tree && parents == row.parents {
            return Ok(row.oid);
        }
        let mut commit = self.repo.repos.commit_of(self.repo.id(), row.oid).await?;
        commit.tree = tree;
        commit.parents = parents.clone();
        // A signature of the old content says nothing of the new one.
        commit.extra.retain(|header| !header.name.starts_with(b"gpgsig"));
        let object = prepare_object(ObjectKind::Commit, &commit.write());
        let new = CommitRow { oid: object.oid, tree, parents, ..row.clone() };
        let mut new_objects = vec![object];
        if tree == Oid::EMPTY_TREE {
            new_objects.push(prepare_object(ObjectKind::Tree, b""));
        }
        self.write(new_objects).await?;
        let mut tx = self.repo.repos.db().begin().await?;
        commits::insert(&mut tx, self.repo.id(), &new, None).await?;
        commits::copy_changes(&mut tx, self.repo.id(), row.oid, &new).await?;
        tx.commit().await?;
        Ok(new.oid)
    }

    /// The tree without the files; `None` if nothing is left of it.
    async fn tree(&mut self, oid: Oid) -> Result<Option<Oid>, RepoError> {
        if let Some(known) = self.trees.get(&oid) {
            return Ok(*known);
        }
        let tree = self.repo.tree_object(oid).await?;
        let blobs: Vec<Oid> = tree.entries().iter().filter(|e| crate::tree::is_blob(e.mode)).map(|e| e.oid).collect();
        let rows = objects::blobs(self.repo.repos.db(), self.repo.id(), &blobs).await?;
        let gone: HashSet<Oid> = rows
            .into_iter()
            .filter(|row| row.target.is_some_and(|(sha256, _)| self.doomed.contains(&sha256)))
            .map(|row| row.oid)
            .collect();
        let mut kept = Vec::with_capacity(tree.entries().len());
        for entry in tree.entries() {
            let mut entry = entry.clone();
            if entry.mode == Mode::Directory {
                match Box::pin(self.tree(entry.oid)).await? {
                    Some(new) => entry.oid = new,
                    None => continue,
                }
            } else if gone.contains(&entry.oid) {
                continue;
            }
            kept.push(entry);
        }
        let new = if kept.is_empty() {
            None
        } else if kept == tree.entries() {
            Some(oid)
        } else {
            let bytes = Tree::from_entries(kept)?.write();
            Some(self.write(vec![prepare_object(ObjectKind::Tree, &bytes)]).await?)
        };
        self.trees.insert(oid, new);
        Ok(new)
    }

    /// Writes objects and answers the id of the first.
    async fn write(&self, new: Vec<NewObject>) -> Result<Oid, RepoError> {
        let first = new.first().map_or(Oid::ZERO, |object| object.oid);
        let mut tx = self.repo.repos.db().begin().await?;
        objects::insert(&mut tx, self.repo.id(), &new, self.repo.repos.clock().now()).await?;
        tx.commit().await?;
        Ok(first)
    }
}
