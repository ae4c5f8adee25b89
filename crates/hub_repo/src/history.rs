//! The commits behind a revision, and the commit that last changed a path.

use std::collections::{BinaryHeap, HashMap, HashSet};

use hub_core::{CommitId, Oid, RepoPath, Timestamp};
use hub_formats::git::Commit;

use crate::store::commits::{self, CommitRow};
use crate::{Repo, RepoError};

/// A commit as listings show it.
#[derive(Clone, Debug)]
pub struct CommitInfo {
    /// Its id.
    pub id: CommitId,
    /// The first line of the message.
    pub title: String,
    /// The rest of the message.
    pub message: String,
    /// When it was committed.
    pub date: Timestamp,
    /// The name of its author; Hearth's own commits carry the account's name.
    pub author: String,
    /// Its parents.
    pub parents: Vec<Oid>,
}

impl CommitInfo {
    fn new(id: CommitId, commit: Commit) -> Self {
        Self {
            id,
            title: commit.title(),
            message: commit.body(),
            date: Timestamp::from_millis(commit.committer.seconds().saturating_mul(1000)),
            author: commit.author.name().to_owned(),
            parents: commit.parents,
        }
    }
}

/// A page of a history.
#[derive(Debug)]
pub struct CommitPage {
    /// Newest first.
    pub commits: Vec<CommitInfo>,
    /// How many commits the whole history has.
    pub total: u64,
}

/// How many commits one query fetches along the first parents.
const CHAIN_CHUNK: i64 = 256;

impl Repo {
    /// The history of a commit, newest first, itself included.
    pub async fn list_commits(&self, from: CommitId, skip: usize, limit: usize) -> Result<CommitPage, RepoError> {
        let head = self.commit_row(from).await?;
        let total = head.ancestors.max(0) as u64;
        let ids = if head.ancestors == head.generation {
            // As many commits as generations: the history is one line.
            let wanted = skip.saturating_add(limit).min(total as usize) as i64;
            let chain = commits::first_parent_chain(self.repos.db(), self.id(), head.oid, wanted).await?;
            chain.into_iter().skip(skip).map(|row| row.oid).collect()
        } else {
            self.walk_history(head, skip.saturating_add(limit)).await?.split_off_at(skip)
        };
        Ok(CommitPage { commits: self.commit_infos(&ids).await?, total })
    }

    /// What a listing shows of one commit.
    pub async fn commit_info(&self, id: CommitId) -> Result<CommitInfo, RepoError> {
        Ok(CommitInfo::new(id, self.commit_object(id).await?))
    }

    /// What a listing shows of several commits, each given once, in the order given.
    pub(crate) async fn commit_infos(&self, ids: &[Oid]) -> Result<Vec<CommitInfo>, RepoError> {
        let mut commits = self.repos.commits_of(self.id(), ids).await?;
        let info = |oid: &Oid| {
            let missing = || RepoError::Inconsistent(format!("repository {} lacks the commit {oid}", self.id().key()));
            Ok(CommitInfo::new(CommitId::new(*oid), commits.remove(oid).ok_or_else(missing)?))
        };
        ids.iter().map(info).collect()
    }

    /// The commit object itself.
    pub async fn commit_object(&self, id: CommitId) -> Result<Commit, RepoError> {
        self.repos.commit_of(self.id(), id.oid()).await
    }

    /// Walks a history with merges, latest first, until `limit` commits are found.
    async fn walk_history(&self, head: CommitRow, limit: usize) -> Result<Ids, RepoError> {
        let mut seen = HashSet::from([head.oid]);
        let mut heap = BinaryHeap::from([(head.seconds, head.generation, head.oid)]);
        let mut rows = HashMap::from([(head.oid, head)]);
        let mut found = Vec::new();
        while let Some((_, _, oid)) = heap.pop() {
            found.push(oid);
            if found.len() == limit {
                break;
            }
            let Some(row) = rows.remove(&oid) else { continue };
            for parent in row.parents.into_iter().filter(|parent| seen.insert(*parent)) {
                if !rows.contains_key(&parent) {
                    for row in commits::first_parent_chain(self.repos.db(), self.id(), parent, CHAIN_CHUNK).await? {
                        rows.insert(row.oid, row);
                    }
                }
                if let Some(row) = rows.get(&parent) {
                    heap.push((row.seconds, row.generation, parent));
                }
            }
        }
        Ok(Ids(found))
    }

    /// The commit that last changed each path, seen from `head`; paths whose changes were never noted are left out.
    pub(crate) async fn last_changes(
        &self,
        head: &CommitRow,
        paths: &[&str],
    ) -> Result<HashMap<String, Oid>, RepoError> {
        let db = self.repos.db();
        let rows = commits::last_changes_of(db, self.id(), paths, head.generation).await?;
        let generations: HashSet<i64> = rows
            .iter()
            .map(|(_, generation, _)| *generation)
            .filter(|generation| *generation < head.generation)
            .collect();
        let generations: Vec<i64> = generations.into_iter().collect();
        // The only commit of an earlier generation is in every history that is longer.
        let sole: HashSet<i64> = commits::sole_generations(db, self.id(), &generations).await?.into_iter().collect();
        let mut found = HashMap::new();
        let mut doubtful = HashSet::new();
        for (path, generation, oid) in rows {
            if oid == head.oid || sole.contains(&generation) {
                found.insert(path, oid);
            } else {
                doubtful.insert(path);
            }
        }
        // Where branches ran side by side, each path needs a look at the graph.
        for path in doubtful {
            let Ok(parsed) = path.parse::<RepoPath>() else { continue };
            if let Some(oid) = self.last_change(head, &parsed).await? {
                found.insert(path, oid);
            }
        }
        Ok(found)
    }

    /// The commit that last changed a path, seen from `head`; `None` for paths whose changes were never noted.
    pub(crate) async fn last_change(&self, head: &CommitRow, path: &RepoPath) -> Result<Option<Oid>, RepoError> {
        let db = self.repos.db();
        let mut generation = head.generation;
        loop {
            let candidates = commits::changes_of(db, self.id(), path, generation, 16).await?;
            let Some((lowest, _)) = candidates.last().copied() else { return Ok(None) };
            for (candidate_generation, oid) in candidates {
                if oid == head.oid {
                    return Ok(Some(oid));
                }
                if candidate_generation == head.generation {
                    continue;
                }
                if commits::is_only_of_generation(db, self.id(), candidate_generation).await?
                    || self.is_ancestor(oid, candidate_generation, head).await?
                {
                    return Ok(Some(oid));
                }
            }
            generation = lowest - 1;
        }
    }

    /// Whether `oid`, of that generation, lies in the history of `head`.
    async fn is_ancestor(&self, oid: Oid, generation: i64, head: &CommitRow) -> Result<bool, RepoError> {
        let mut level = vec![head.clone()];
        let mut seen = HashSet::new();
        while !level.is_empty() {
            let parents: Vec<Oid> = level
                .iter()
                .flat_map(|row| row.parents.iter().copied())
                .filter(|parent| seen.insert(*parent))
                .collect();
            if parents.contains(&oid) {
                return Ok(true);
            }
            let rows = commits::get_many(self.repos.db(), self.id(), &parents).await?;
            level = rows.into_iter().filter(|row| row.generation > generation).collect();
        }
        Ok(false)
    }
}

/// Ids in the order of a walk.
struct Ids(Vec<Oid>);

impl Ids {
    fn split_off_at(mut self, skip: usize) -> Vec<Oid> {
        self.0.split_off(skip.min(self.0.len()))
    }
}
