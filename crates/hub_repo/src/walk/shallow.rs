//! The boundary of a shallow history: by depth, by date, by what other references reach.

use hub_core::{Oid, Revision};

use super::graph::Graph;
use super::paint::{Painting, paint};
use crate::oids::OidSet;
use crate::{Repo, RepoError};

/// How far a client wants its history to go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Deepen {
    /// So many commits from each tip; `u32::MAX >> 1` and more mean all.
    Depth(u32),
    /// So many commits more than the client has.
    Further(u32),
    /// Only commits of this moment or later, without what these references reach.
    Cut {
        /// Seconds since 1970.
        since: Option<i64>,
        /// References, by short or full name.
        not: Vec<String>,
    },
}

impl Deepen {
    /// What git sends for `--unshallow`.
    pub const ALL: u32 = i32::MAX as u32;
}

/// Where a client's history ends after a fetch, and where it no longer does.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Boundary {
    /// Commits that the client gets without their parents.
    pub shallow: Vec<Oid>,
    /// Commits that the client had without their parents and that it can now have with them.
    pub unshallow: Vec<Oid>,
}

pub(super) async fn draw(
    graph: &mut Graph,
    repo: &Repo,
    wants: &[Oid],
    client_shallow: &OidSet,
    deepen: &Deepen,
) -> Result<Boundary, RepoError> {
    let mut known: Vec<Oid> = client_shallow.iter().copied().collect();
    known.sort_unstable();
    graph.load(known.iter().copied()).await?;
    known.retain(|oid| graph.get(*oid).is_some());
    let (inside, edge) = match deepen {
        Deepen::Depth(depth) | Deepen::Further(depth) if *depth >= Deepen::ALL => {
            return Ok(Boundary { shallow: Vec::new(), unshallow: known });
        }
        Deepen::Depth(depth) => by_depth(graph, wants, *depth).await?,
        Deepen::Further(more) => by_depth(graph, &known, more.saturating_add(1)).await?,
        Deepen::Cut { since, not } => by_cut(graph, repo, wants, *since, not).await?,
    };
    let shallow = edge.into_iter().filter(|oid| !client_shallow.contains(oid)).collect();
    let unshallow = known.into_iter().filter(|oid| inside.contains(oid)).collect();
    Ok(Boundary { shallow, unshallow })
}

/// The commits less than `depth` away, and those that are exactly so far and have parents.
async fn by_depth(graph: &mut Graph, from: &[Oid], depth: u32) -> Result<(OidSet, Vec<Oid>), RepoError> {
    let mut seen = OidSet::default();
    let mut inside = OidSet::default();
    let mut level: Vec<Oid> = from.iter().copied().filter(|oid| seen.insert(*oid)).collect();
    for _ in 1..depth {
        graph.load(level.iter().copied()).await?;
        let mut next = Vec::new();
        for oid in level {
            inside.insert(oid);
            next.extend(graph.need(oid).await?.parents.iter().copied().filter(|parent| seen.insert(*parent)));
        }
        level = next;
        if level.is_empty() {
            break;
        }
    }
    graph.load(level.iter().copied()).await?;
    let mut edge = Vec::new();
    for oid in level {
        if graph.need(oid).await?.parents.is_empty() {
            inside.insert(oid);
        } else {
            edge.push(oid);
        }
    }
    Ok((inside, edge))
}

/// The commits that are young enough and that the named references do not reach, and those of them that lack a parent.
async fn by_cut(
    graph: &mut Graph,
    repo: &Repo,
    wants: &[Oid],
    since: Option<i64>,
    not: &[String],
) -> Result<(OidSet, Vec<Oid>), RepoError> {
    let mut excluded = OidSet::default();
    for name in not {
        let refuse = |_| RepoError::NotFound(format!("git upload-pack: deepen-not is not a ref: {name}"));
        let commit = repo.resolve(&Revision::new(name.as_str())).await.map_err(refuse)?;
        excluded.insert(commit.oid());
    }
    let nothing = OidSet::default();
    let painting = Painting { wants, haves: &excluded, client_shallow: &nothing, cut: &nothing };
    let reached: OidSet = paint(graph, &painting).await?.lacking.into_iter().collect();
    let is_young = |seconds: i64| since.is_none_or(|since| seconds >= since);
    // Parents of an old commit are not looked at, however young they claim to be.
    let mut inside = OidSet::default();
    let mut waiting: Vec<Oid> = wants.to_vec();
    while let Some(oid) = waiting.pop() {
        let row = graph.need(oid).await?;
        if reached.contains(&oid) && is_young(row.seconds) && inside.insert(oid) {
            waiting.extend(row.parents.iter().copied());
        }
    }
    if inside.is_empty() {
        return Err(RepoError::Unprocessable("no commits selected for shallow requests".to_owned()));
    }
    let mut edge = Vec::new();
    for oid in &inside {
        if graph.need(*oid).await?.parents.iter().any(|parent| !inside.contains(parent)) {
            edge.push(*oid);
        }
    }
    edge.sort_unstable();
    inside.retain(|oid| edge.binary_search(oid).is_err());
    Ok((inside, edge))
}
