//! The commit graph as far as a walk has seen it.

use hub_core::Oid;

use crate::oids::{OidMap, OidSet};
use crate::store::commits::{self, CommitRow};
use crate::store::walk;
use crate::{Repo, RepoError};

/// How many lookups by id are made before whole generations are read ahead: a small fetch needs no more.
const LOOKUPS: u32 = 3;
/// The fewest and most generations that are read ahead at a time.
const AHEAD_MIN: i64 = 64;
const AHEAD_MAX: i64 = 4_096;

/// Commits by their ids, read when they are first needed.
pub(super) struct Graph {
    repo: Repo,
    rows: OidMap<CommitRow>,
    lookups: u32,
    ahead: i64,
}

impl Graph {
    pub(super) fn new(repo: Repo) -> Self {
        Self { repo, rows: OidMap::default(), lookups: 0, ahead: AHEAD_MIN }
    }

    /// A commit that was loaded.
    pub(super) fn get(&self, oid: Oid) -> Option<&CommitRow> {
        self.rows.get(&oid)
    }

    /// Sees to it that these commits are here. Those that the repository lacks stay away.
    pub(super) async fn load(&mut self, oids: impl IntoIterator<Item = Oid>) -> Result<(), RepoError> {
        let mut missing: Vec<Oid> = oids.into_iter().filter(|oid| !self.rows.contains_key(oid)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        missing.sort_unstable();
        missing.dedup();
        let db = self.repo.repos.db();
        let mut found = commits::get_many(db, self.repo.id(), &missing).await?;
        self.lookups += 1;
        if self.lookups > LOOKUPS
            && let Some(high) = found.iter().map(|row| row.generation).max()
        {
            found = walk::commits_between(db, self.repo.id(), high - self.ahead, high)
                .await?
                .into_iter()
                .chain(found)
                .collect();
            self.ahead = (self.ahead * 2).min(AHEAD_MAX);
        }
        self.rows.extend(found.into_iter().map(|row| (row.oid, row)));
        Ok(())
    }

    /// A commit that must exist because another or a reference names it.
    pub(super) async fn need(&mut self, oid: Oid) -> Result<&CommitRow, RepoError> {
        self.load([oid]).await?;
        self.rows
            .get(&oid)
            .ok_or_else(|| RepoError::Inconsistent(format!("the commit {oid} has no place in the graph")))
    }

    /// Whether each of `from` is one of `targets` or leads to one.
    pub(super) async fn reaches(&mut self, from: &[Oid], targets: &OidSet) -> Result<bool, RepoError> {
        self.load(from.iter().copied().chain(targets.iter().copied())).await?;
        let lowest = targets.iter().filter_map(|oid| self.get(*oid)).map(|row| row.generation).min();
        let Some(lowest) = lowest else { return Ok(false) };
        let mut seen = OidSet::default();
        let mut between = Vec::new();
        let mut waiting: Vec<Oid> = from.to_vec();
        while !waiting.is_empty() {
            self.load(waiting.iter().copied()).await?;
            let mut next = Vec::new();
            for oid in waiting {
                let Some(row) = self.rows.get(&oid) else { continue };
                if !seen.insert(oid) {
                    continue;
                }
                between.push((row.generation, oid));
                // What lies below a target need not be looked at, nor what is older than all of them.
                if !targets.contains(&oid) && row.generation > lowest {
                    next.extend(row.parents.iter().copied().filter(|parent| !seen.contains(parent)));
                }
            }
            waiting = next;
        }
        between.sort_unstable();
        let mut leading = OidSet::default();
        for (_, oid) in between {
            let leads = |row: &CommitRow| row.parents.iter().any(|parent| leading.contains(parent));
            if targets.contains(&oid) || self.get(oid).is_some_and(leads) {
                leading.insert(oid);
            }
        }
        Ok(from.iter().all(|oid| leading.contains(oid)))
    }
}
