//! The objects that a client lacks: commits first, then what each of them introduced, which is noted with it.
//!
//! Trees are read only where that does not tell enough: for a commit of which nothing is noted, or whose parents the
//! client does not get, and by filters that count folders. They are read level by level, each once. Where the client has
//! a parent of a commit, or gets it too, only what differs from the parent's tree is looked at.

use std::collections::HashSet;
use std::iter::Peekable;
use std::sync::Arc;

use bytes::Bytes;
use hub_core::Oid;
use hub_formats::git::tree::{Entries, EntryRef, entries};
use hub_formats::git::{Mode, ObjectKind};

use super::cache::CloneKey;
use super::paint::{Painting, paint};
use super::{Fetch, ObjectFilter};
use crate::oids::{OidMap, OidSet};
use crate::store::commits::{self, Introduced};
use crate::store::{objects, walk};
use crate::{Repo, RepoError};

/// How many bytes of trees are read at a time, and between how many and how few trees that may be.
const BATCH_BYTES: usize = 6 << 20;
const BATCH_MAX: usize = 512;
const BATCH_MIN: usize = 8;
/// How many commits are looked up at a time.
const COMMITS_BATCH: usize = 256;
/// How many parents of a merge a tree is compared with.
const BASES_MAX: usize = 4;

/// A tree to be read, and trees whose content the client has or gets.
struct Folder {
    tree: Oid,
    bases: Vec<Oid>,
}

/// What was found so far.
#[derive(Default)]
struct Found {
    seen: OidSet,
    objects: Vec<Oid>,
    /// Trees of which everything was looked at.
    explored: OidSet,
    /// Trees with those that each was compared with: beside others, more of it may count.
    compared: HashSet<Vec<Oid>>,
}

impl Found {
    fn add(&mut self, oid: Oid) -> bool {
        let is_new = self.seen.insert(oid);
        if is_new {
            self.objects.push(oid);
        }
        is_new
    }

    /// Adds a tree; answers whether it must be read.
    fn add_folder(&mut self, folder: &Folder) -> bool {
        self.add(folder.tree);
        if folder.bases.is_empty() {
            return self.explored.insert(folder.tree);
        }
        let pair = || std::iter::once(folder.tree).chain(folder.bases.iter().copied()).collect();
        !self.explored.contains(&folder.tree) && self.compared.insert(pair())
    }
}

/// A walk over what a client lacks. Each [`Enumeration::step`] does a bounded part of it.
pub struct Enumeration {
    repo: Repo,
    filter: ObjectFilter,
    found: Found,
    /// Commits that are still to be looked up, each with its tree in case that nothing is noted of it.
    commits: Vec<(Oid, Folder)>,
    level: Vec<Folder>,
    next: Vec<Folder>,
    depth: u32,
    batch: usize,
    /// Under which name the finished list is kept, if it is worth it.
    key: Option<CloneKey>,
    done: Option<Arc<Vec<Oid>>>,
}

impl Enumeration {
    pub(super) async fn begin(mut fetch: Fetch, filter: ObjectFilter, with_tags: bool) -> Result<Self, RepoError> {
        let boundary = fetch.boundary.take().unwrap_or_default();
        let mut wants = fetch.wants;
        // A commit that is shallow no longer is there already; its parents are not.
        fetch.graph.load(boundary.unshallow.iter().copied()).await?;
        for oid in &boundary.unshallow {
            wants.extend(fetch.graph.need(*oid).await?.parents.iter().copied());
        }
        let mut cut = fetch.client_shallow.clone();
        cut.retain(|oid| !boundary.unshallow.contains(oid));
        cut.extend(boundary.shallow.iter().copied());

        let tags = if with_tags { fetch.repo.annotated_tags().await? } else { Vec::new() };
        let is_clone = fetch.haves.is_empty() && cut.is_empty() && fetch.client_shallow.is_empty();
        let key = is_clone.then(|| {
            let others = fetch.others.iter().map(|(oid, _)| *oid);
            let mut wants: Vec<Oid> =
                wants.iter().copied().chain(others).chain(tags.iter().map(|(tag, _)| *tag)).collect();
            wants.sort_unstable();
            CloneKey { repo: fetch.repo.id(), wants, filter }
        });
        let mut walk = Self {
            repo: fetch.repo.clone(),
            filter,
            found: Found::default(),
            commits: Vec::new(),
            level: Vec::new(),
            next: Vec::new(),
            depth: 0,
            batch: BATCH_MIN * 4,
            key: None,
            done: None,
        };
        if let Some(known) = key.as_ref().and_then(|key| walk.repo.repos.walks().get(key)) {
            walk.done = Some(known);
            return Ok(walk);
        }
        walk.key = key;

        let painting =
            Painting { wants: &wants, haves: &fetch.haves, client_shallow: &fetch.client_shallow, cut: &cut };
        let painted = paint(&mut fetch.graph, &painting).await?;
        let lacking: OidSet = painted.lacking.iter().copied().collect();
        for (oid, kind) in &fetch.others {
            // What is asked for by its id is sent whatever the filter says.
            walk.found.add(*oid);
            if *kind == ObjectKind::Tree {
                walk.enter(Folder { tree: *oid, bases: Vec::new() });
            }
        }
        walk.found.objects.reserve(painted.lacking.len());
        for (tag, target) in tags {
            if lacking.contains(&target) {
                for (tag, _, _) in walk.repo.tag_chains(&[tag]).await? {
                    walk.found.add(tag);
                }
            }
        }
        let has_base = !fetch.haves.is_empty() && filter.tree_depth.is_none();
        let nearest = fetch.haves.iter().filter_map(|oid| fetch.graph.get(*oid)).max_by_key(|row| row.generation);
        let nearest = nearest.map(|row| row.tree);
        for oid in &painted.lacking {
            walk.found.add(*oid);
        }
        if filter.tree_depth == Some(0) {
            return Ok(walk);
        }
        for oid in painted.lacking {
            let row = fetch.graph.need(oid).await?.clone();
            let mut bases = Vec::new();
            if has_base {
                for parent in row.parents.iter().filter(|oid| lacking.contains(oid) || painted.had.contains(oid)) {
                    bases.push(fetch.graph.need(*parent).await?.tree);
                }
                if bases.is_empty() {
                    bases.extend(nearest);
                }
                bases.truncate(BASES_MAX);
            }
            let folder = Folder { tree: row.tree, bases };
            // A commit without its parents comes with all of its tree.
            if filter.tree_depth.is_some() || cut.contains(&oid) {
                walk.enter(folder);
            } else {
                walk.commits.push((oid, folder));
            }
        }
        Ok(walk)
    }

    /// How many objects were found so far.
    pub fn found(&self) -> usize {
        self.done.as_ref().map_or(self.found.objects.len(), |done| done.len())
    }

    /// Goes on with the walk; gives the whole list when it is done, commits and tags before trees and blobs.
    pub async fn step(&mut self) -> Result<Option<Arc<Vec<Oid>>>, RepoError> {
        if let Some(done) = &self.done {
            return Ok(Some(done.clone()));
        }
        if !self.commits.is_empty() {
            self.look_up().await?;
            return Ok(None);
        }
        if self.level.is_empty() {
            self.level = std::mem::take(&mut self.next);
            self.depth += 1;
        }
        let is_deep = self.filter.tree_depth.is_some_and(|most| self.depth + 1 >= most);
        if self.level.is_empty() || is_deep {
            return Ok(Some(self.finish()));
        }
        let from = self.level.len().saturating_sub(self.batch);
        let folders = self.level.split_off(from);
        let trees = self.read(&folders).await?;
        let found = std::mem::take(&mut self.found);
        let wants_blobs = self.filter.blob_limit != Some(0);
        let absorbed = tokio::task::spawn_blocking(move || absorb(found, folders, &trees, wants_blobs)).await;
        let absorbed = absorbed.map_err(|_| RepoError::Inconsistent("reading trees failed".to_owned()))?;
        let Absorbed { found, folders, blobs } = absorbed?;
        self.found = found;
        self.next.extend(folders);
        self.add_blobs(blobs).await?;
        Ok(None)
    }

    /// Puts a tree among those to be read, if it was not read before.
    fn enter(&mut self, folder: Folder) {
        if self.found.add_folder(&folder) {
            self.level.push(folder);
        }
    }

    /// Takes what some commits introduced. What of their trees they did not, their parents have.
    async fn look_up(&mut self) -> Result<(), RepoError> {
        let from = self.commits.len().saturating_sub(COMMITS_BATCH);
        let batch = self.commits.split_off(from);
        let oids: Vec<Oid> = batch.iter().map(|(oid, _)| *oid).collect();
        let noted = commits::introduced(self.repo.repos.db(), self.repo.id(), &oids).await?;
        let mut noted: OidMap<Vec<u8>> = noted.into_iter().collect();
        let mut blobs = Vec::new();
        for (oid, folder) in batch {
            let Some(introduced) = noted.remove(&oid).and_then(|bytes| Introduced::from_bytes(&bytes)) else {
                self.enter(folder);
                continue;
            };
            for tree in introduced.trees {
                self.found.add(tree);
            }
            if self.filter.blob_limit != Some(0) {
                blobs.extend(introduced.blobs.into_iter().filter(|oid| self.found.seen.insert(*oid)));
            }
        }
        self.add_blobs(blobs).await
    }

    fn finish(&mut self) -> Arc<Vec<Oid>> {
        let objects = std::mem::take(&mut self.found).objects;
        let list = Arc::new(objects);
        if let Some(key) = self.key.take() {
            self.repo.repos.walks().insert(key, list.clone());
        }
        self.done = Some(list.clone());
        list
    }

    /// The trees that a batch compares.
    async fn read(&mut self, folders: &[Folder]) -> Result<OidMap<Bytes>, RepoError> {
        let mut oids: Vec<Oid> = folders
            .iter()
            .flat_map(|folder| std::iter::once(folder.tree).chain(folder.bases.iter().copied()))
            .collect();
        oids.sort_unstable();
        oids.dedup();
        let (repos, id) = (&self.repo.repos, self.repo.id());
        let mut rows = objects::get_many(repos.db(), id, &oids).await?;
        let mut apart = Vec::new();
        rows.retain(|row| {
            apart.extend(row.content.map(|sha256| (row.oid, sha256, row.size())));
            row.content.is_none()
        });
        let mut trees = repos.unfold(id, rows).await?;
        for (oid, sha256, size) in apart {
            trees.insert(oid, repos.content_bytes(sha256, size).await?);
        }
        if oids.contains(&Oid::EMPTY_TREE) {
            trees.entry(Oid::EMPTY_TREE).or_default();
        }
        let bytes: usize = trees.values().map(Bytes::len).sum();
        match oids.iter().find(|oid| !trees.contains_key(oid)) {
            Some(missing) => return Err(self.repo.lacks(*missing)),
            None => self.batch = (BATCH_BYTES * folders.len() / bytes.max(1)).clamp(BATCH_MIN, BATCH_MAX),
        }
        Ok(trees)
    }

    /// Adds blobs that were seen for the first time, unless they are too large for the filter.
    async fn add_blobs(&mut self, blobs: Vec<Oid>) -> Result<(), RepoError> {
        let Some(limit) = self.filter.blob_limit else {
            self.found.objects.extend(blobs);
            return Ok(());
        };
        for (oid, _, size) in walk::known(self.repo.repos.db(), self.repo.id(), &blobs).await? {
            if (size.max(0) as u64) < limit {
                self.found.objects.push(oid);
            }
        }
        Ok(())
    }
}

/// What a batch of trees gave.
struct Absorbed {
    found: Found,
    folders: Vec<Folder>,
    blobs: Vec<Oid>,
}

/// Looks through a batch of trees. This is work for a thread that may be kept busy.
fn absorb(
    mut found: Found,
    batch: Vec<Folder>,
    trees: &OidMap<Bytes>,
    wants_blobs: bool,
) -> Result<Absorbed, RepoError> {
    let mut folders = Vec::new();
    let mut blobs = Vec::new();
    for Folder { tree, bases } in batch {
        let content = content_of(trees, tree)?;
        let base_contents = bases.iter().map(|base| content_of(trees, *base)).collect::<Result<Vec<_>, _>>()?;
        let mut readers: Vec<Base<'_>> = base_contents.iter().map(|base| entries(base).peekable()).collect();
        for entry in entries(content) {
            let entry = entry?;
            let twins: Vec<EntryRef<'_>> = readers.iter_mut().filter_map(|base| twin(base, &entry)).collect();
            if entry.mode == Mode::Submodule || twins.iter().any(|twin| twin.oid == entry.oid) {
                continue;
            }
            if entry.mode.is_directory() {
                let folder = Folder { tree: entry.oid, bases: twins.iter().map(|twin| twin.oid).collect() };
                if found.add_folder(&folder) {
                    folders.push(folder);
                }
            } else if wants_blobs && found.seen.insert(entry.oid) {
                blobs.push(entry.oid);
            }
        }
    }
    Ok(Absorbed { found, folders, blobs })
}

fn content_of(trees: &OidMap<Bytes>, oid: Oid) -> Result<&Bytes, RepoError> {
    trees.get(&oid).ok_or_else(|| RepoError::Inconsistent(format!("the tree {oid} was not read")))
}

type Base<'a> = Peekable<Entries<'a>>;

/// The entry of the same name, and like it a folder or not. Both trees are read side by side in git's order; one that is
/// out of order hides an entry, which then is sent although it need not be.
fn twin<'a>(base: &mut Base<'a>, entry: &EntryRef<'_>) -> Option<EntryRef<'a>> {
    loop {
        let Ok(candidate) = base.peek()? else { return None };
        match place(candidate).cmp(place(entry)) {
            std::cmp::Ordering::Less => drop(base.next()),
            std::cmp::Ordering::Equal => return base.next()?.ok(),
            std::cmp::Ordering::Greater => return None,
        }
    }
}

/// What git sorts by: the name, a folder's as if it ended in a slash.
fn place<'a>(entry: &EntryRef<'a>) -> impl Iterator<Item = u8> + use<'a> {
    entry.name.iter().copied().chain(entry.mode.is_directory().then_some(b'/'))
}
