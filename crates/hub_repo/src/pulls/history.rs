//! Where two histories part, and what only one of them has.
//!
//! Commits are visited by falling generation, so all that is known of a commit is known when its turn comes. The first
//! one that both sides reach is the nearest they have in common.

use std::collections::{BinaryHeap, HashMap};

use hub_core::Oid;

use crate::store::commits::{self, CommitRow};
use crate::{Repo, RepoError};

/// How many commits one query fetches along the first parents.
const CHUNK: i64 = 64;
/// How many commits a walk visits at most. Histories that parted further back are taken to have nothing in common.
const STEPS_MAX: usize = 200_000;

/// What lies between a branch and another one that left it.
pub(super) struct Between {
    /// The nearest commit that both have.
    pub(super) fork: Option<Oid>,
    /// The commits that only the head has, children before their parents.
    pub(super) only_in_head: Vec<Oid>,
}

/// Which side reaches a commit.
#[derive(Clone, Copy, Default)]
struct Sides {
    base: bool,
    head: bool,
}

impl Repo {
    pub(super) async fn between(&self, base: Oid, head: Oid) -> Result<Between, RepoError> {
        let mut rows: HashMap<Oid, CommitRow> = HashMap::new();
        let mut sides: HashMap<Oid, Sides> = HashMap::new();
        let mut heap = BinaryHeap::new();
        let mut found = Between { fork: None, only_in_head: Vec::new() };
        for (oid, side) in [(base, Sides { base: true, head: false }), (head, Sides { base: false, head: true })] {
            self.note_side(&mut rows, &mut sides, &mut heap, oid, side).await?;
        }
        let mut steps = 0;
        while let Some((_, oid)) = heap.pop() {
            steps += 1;
            let side = sides.get(&oid).copied().unwrap_or_default();
            match (side.base, side.head) {
                (true, true) => found.fork = found.fork.or(Some(oid)),
                (false, true) => found.only_in_head.push(oid),
                _ => {}
            }
            // Below a common commit everything is common: once nothing else waits, all is known.
            let is_open = |(_, waiting): &(i64, Oid)| sides.get(waiting).is_some_and(|side| side.head && !side.base);
            if found.fork.is_some() && !heap.iter().any(is_open) || steps >= STEPS_MAX {
                break;
            }
            let parents = rows.get(&oid).map(|row| row.parents.clone()).unwrap_or_default();
            for parent in parents {
                self.note_side(&mut rows, &mut sides, &mut heap, parent, side).await?;
            }
        }
        Ok(found)
    }

    async fn note_side(
        &self,
        rows: &mut HashMap<Oid, CommitRow>,
        sides: &mut HashMap<Oid, Sides>,
        heap: &mut BinaryHeap<(i64, Oid)>,
        oid: Oid,
        side: Sides,
    ) -> Result<(), RepoError> {
        if !rows.contains_key(&oid) {
            for row in commits::first_parent_chain(self.repos.db(), self.id(), oid, CHUNK).await? {
                rows.entry(row.oid).or_insert(row);
            }
        }
        let Some(row) = rows.get(&oid) else { return Ok(()) };
        let known = sides.get(&oid).is_some();
        let mine = sides.entry(oid).or_default();
        mine.base |= side.base;
        mine.head |= side.head;
        if !known {
            heap.push((row.generation, oid));
        }
        Ok(())
    }
}
