//! Which commits a client lacks: those that its wants reach and its haves do not.
//!
//! Commits are visited by falling generation, so a commit is visited only after all its children: what it was painted
//! by then is final, and the walk ends as soon as nothing that is wanted waits any more.

use std::collections::BinaryHeap;
use std::collections::hash_map::Entry;

use hub_core::Oid;

use super::graph::Graph;
use crate::RepoError;
use crate::oids::{OidMap, OidSet};

/// Where the walk begins and ends.
pub(super) struct Painting<'a> {
    pub(super) wants: &'a [Oid],
    pub(super) haves: &'a OidSet,
    /// Commits below which the client has nothing.
    pub(super) client_shallow: &'a OidSet,
    /// Commits below which the client wants nothing.
    pub(super) cut: &'a OidSet,
}

/// What the walk found.
#[derive(Default)]
pub(super) struct Painted {
    /// The commits to send, children before parents.
    pub(super) lacking: Vec<Oid>,
    /// Commits that the client has, as far as the walk met them.
    pub(super) had: OidSet,
}

pub(super) async fn paint(graph: &mut Graph, painting: &Painting<'_>) -> Result<Painted, RepoError> {
    graph.load(painting.wants.iter().chain(painting.haves).copied()).await?;
    let mut painted = Painted::default();
    // Whether the client has the commit.
    let mut colours: OidMap<bool> = OidMap::default();
    let mut heap = BinaryHeap::new();
    let mut open = 0_usize;
    let starts = painting.haves.iter().map(|oid| (*oid, true)).chain(painting.wants.iter().map(|oid| (*oid, false)));
    for (oid, had) in starts {
        if let Entry::Vacant(slot) = colours.entry(oid) {
            slot.insert(had);
            heap.push((graph.need(oid).await?.generation, oid));
            open += usize::from(!had);
        }
    }
    while open > 0
        && let Some((_, oid)) = heap.pop()
    {
        let had = colours.get(&oid).copied().unwrap_or_default();
        let ends_here = if had { painting.client_shallow } else { painting.cut };
        if had {
            painted.had.insert(oid);
        } else {
            open -= 1;
            painted.lacking.push(oid);
        }
        if ends_here.contains(&oid) {
            continue;
        }
        let parents = graph.need(oid).await?.parents.clone();
        graph.load(parents.iter().copied()).await?;
        for parent in parents {
            match colours.entry(parent) {
                Entry::Vacant(slot) => {
                    slot.insert(had);
                    heap.push((graph.need(parent).await?.generation, parent));
                    open += usize::from(!had);
                }
                Entry::Occupied(mut slot) => {
                    if had && !slot.get() {
                        slot.insert(true);
                        open -= 1;
                    }
                }
            }
        }
    }
    painted.had.extend(colours.into_iter().filter(|(_, had)| *had).map(|(oid, _)| oid));
    Ok(painted)
}
