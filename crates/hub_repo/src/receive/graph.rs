//! The commit graph as a push sees it: rows of the database, fetched as walks need them, and the commits that arrived.

use std::collections::{BinaryHeap, HashMap, HashSet};

use hub_core::Oid;

use crate::store::commits::{self, CommitRow};
use crate::{Repo, RepoError};

/// How many commits along the first parents the first query fetches; each later one fetches twice as many.
const FIRST_CHUNK: i64 = 8;
const LAST_CHUNK: i64 = 1024;

/// How many steps the counting of histories may take in one push. Beyond that the count of a merge's history is an upper
/// bound: nothing but the number that listings show depends on it.
const COUNT_STEPS: usize = 5_000_000;

pub(super) struct Graph {
    repo: Repo,
    rows: HashMap<Oid, CommitRow>,
    chunk: i64,
    count_steps: usize,
}

impl Graph {
    pub(super) fn new(repo: &Repo) -> Self {
        Self { repo: repo.clone(), rows: HashMap::new(), chunk: FIRST_CHUNK, count_steps: COUNT_STEPS }
    }

    /// Adds a commit that arrived.
    pub(super) fn add(&mut self, row: CommitRow) {
        self.rows.insert(row.oid, row);
    }

    /// The place of a commit in the graph.
    pub(super) async fn row(&mut self, oid: Oid) -> Result<Option<&CommitRow>, RepoError> {
        if !self.rows.contains_key(&oid) {
            let db = self.repo.repos.db();
            for row in commits::first_parent_chain(db, self.repo.id(), oid, self.chunk).await? {
                self.rows.entry(row.oid).or_insert(row);
            }
            self.chunk = (2 * self.chunk).min(LAST_CHUNK);
        }
        Ok(self.rows.get(&oid))
    }

    /// Finds for each target one of the tips that leads to it; targets that none leads to are left out.
    pub(super) async fn leading_to(
        &mut self,
        targets: impl IntoIterator<Item = Oid>,
        tips: impl IntoIterator<Item = Oid>,
    ) -> Result<HashMap<Oid, Oid>, RepoError> {
        let mut wanted: HashMap<Oid, i64> = HashMap::new();
        for target in targets {
            if let Some(row) = self.row(target).await? {
                wanted.insert(target, row.generation);
            }
        }
        let mut found = HashMap::new();
        let mut seen = HashSet::new();
        let mut heap = BinaryHeap::new();
        for tip in tips {
            if wanted.remove(&tip).is_some() {
                found.insert(tip, tip);
            } else if !found.contains_key(&tip)
                && let Some(row) = self.row(tip).await?
                && seen.insert(tip)
            {
                heap.push((row.generation, tip, tip));
            }
        }
        let mut lowest = wanted.values().copied().min().unwrap_or(i64::MAX);
        while let Some((generation, oid, tip)) = heap.pop() {
            if wanted.is_empty() || generation < lowest {
                break;
            }
            if wanted.remove(&oid).is_some() {
                found.insert(oid, tip);
                lowest = wanted.values().copied().min().unwrap_or(i64::MAX);
            }
            let parents = self.row(oid).await?.map(|row| row.parents.clone()).unwrap_or_default();
            for parent in parents {
                if seen.insert(parent)
                    && let Some(row) = self.row(parent).await?
                {
                    heap.push((row.generation, parent, tip));
                }
            }
        }
        Ok(found)
    }

    /// How many commits a commit with these parents has in its history, itself included.
    pub(super) async fn ancestors(&mut self, parents: &[Oid]) -> Result<i64, RepoError> {
        let mut counts = Vec::with_capacity(parents.len());
        for parent in parents {
            counts.extend(self.row(*parent).await?.map(|row| row.ancestors));
        }
        let Some(first) = counts.first().copied() else { return Ok(1) };
        let more = match parents {
            [_] => 0,
            [first, others @ ..] => match self.only_in(others, *first).await? {
                Some(count) => count,
                None => counts.iter().skip(1).fold(0, |sum: i64, count| sum.saturating_add(*count)),
            },
            [] => 0,
        };
        Ok(first.saturating_add(more).saturating_add(1))
    }

    /// How many commits lead to one of `tips` and not to `base`; `None` if counting takes too long.
    async fn only_in(&mut self, tips: &[Oid], base: Oid) -> Result<Option<i64>, RepoError> {
        // Higher generations come first, so all that is known of a commit is known when its turn comes.
        let mut heap = BinaryHeap::new();
        let mut in_base: HashMap<Oid, bool> = HashMap::new();
        let mut open_outside = 0_usize;
        for (oid, is_base) in tips.iter().map(|tip| (*tip, false)).chain([(base, true)]) {
            let Some(generation) = self.row(oid).await?.map(|row| row.generation) else { continue };
            note(&mut in_base, &mut heap, &mut open_outside, (generation, oid), is_base);
        }
        let mut count = 0;
        while let Some((_, oid)) = heap.pop() {
            let is_base = in_base.get(&oid).copied().unwrap_or(true);
            if !is_base {
                count += 1;
                open_outside -= 1;
            } else if open_outside == 0 {
                break;
            }
            if self.count_steps == 0 {
                return Ok(None);
            }
            self.count_steps -= 1;
            let parents = self.row(oid).await?.map(|row| row.parents.clone()).unwrap_or_default();
            for parent in parents {
                let Some(generation) = self.row(parent).await?.map(|row| row.generation) else { continue };
                note(&mut in_base, &mut heap, &mut open_outside, (generation, parent), is_base);
            }
        }
        Ok(Some(count))
    }
}

/// Notes that a commit was met on one of the two sides, and puts it into the heap when it is met first.
fn note(
    in_base: &mut HashMap<Oid, bool>,
    heap: &mut BinaryHeap<(i64, Oid)>,
    open_outside: &mut usize,
    (generation, oid): (i64, Oid),
    is_base: bool,
) {
    match in_base.get_mut(&oid) {
        None => {
            in_base.insert(oid, is_base);
            heap.push((generation, oid));
            *open_outside += usize::from(!is_base);
        }
        Some(known) if is_base && !*known => {
            *known = true;
            *open_outside -= 1;
        }
        Some(_) => {}
    }
}
