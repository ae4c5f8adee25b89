//! Looking a push over before any of it is written: is all there that its tips lead to, is it as it must be, and what
//! does each commit change.
//!
//! What must hold before a reference may move: everything that its new target leads to either arrived, or is led to by a
//! present reference, or lies here in whole. The first is seen by walking the commits that arrived and comparing their
//! trees with those of their parents; where a tree is as in a parent, the parent answers for it. The second is left to the
//! transaction that moves the references ([`Surveyed::boundary`]). The third is looked up, and renewed in that
//! transaction ([`Surveyed::reused`]), so that no collection takes it meanwhile.
//!
//! All of this is work for a thread that may be kept busy.

use std::collections::{HashMap, HashSet};
use std::future::Future;

use bytes::Bytes;
use hub_core::{Oid, RepoPath, Sha256};
use hub_formats::git::tree::entries;
use hub_formats::git::{Commit, Mode, ObjectKind, Tag};
use tokio::runtime::Handle;

use super::changes::changed_entries;
use super::graph::Graph;
use super::quarantine::Quarantine;
use crate::commit::{CARD, warnings_of};
use crate::revision::TAG_CHAIN_MAX;
use crate::store::commits::{CommitRow, Introduced};
use crate::store::receive as store;
use crate::{Repo, RepoError};

/// The most changed paths of all commits of one push.
const CHANGES_MAX: usize = 2_000_000;
/// The deepest nesting of folders.
const DEPTH_MAX: usize = 512;
/// How many faulty files a refusal names.
const NAMED_MAX: usize = 10;
/// The bytes of trees that are kept at hand, in each of two generations.
const TREE_BYTES: usize = 8 << 20;

/// A new target of a reference.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tip {
    pub(super) oid: Oid,
    /// The commit that it is or leads to, through tags.
    pub(super) commit: Option<Oid>,
}

/// A commit that arrived.
pub(crate) struct NewCommit {
    /// Its place in the graph.
    pub(crate) row: CommitRow,
    /// The paths that it changes and that are in its tree.
    pub(crate) changed: Vec<String>,
    /// The paths that it takes away. No listing of a later commit asks for them: what comes back is changed then.
    pub(crate) removed: Vec<String>,
    /// What is in its tree and in none of its parents'.
    pub(crate) introduced: Introduced,
}

/// How a commit differs from its parents.
#[derive(Default)]
struct Changes {
    changed: Vec<String>,
    removed: Vec<String>,
    introduced: Introduced,
}

/// What a push brings.
#[derive(Default)]
pub(crate) struct Surveyed {
    /// The new targets.
    pub(super) tips: Vec<Tip>,
    /// The commits that arrived, parents first.
    pub(super) commits: Vec<NewCommit>,
    /// Commits that did not arrive and must be led to by references.
    pub(super) boundary: HashSet<Oid>,
    /// Objects that did not arrive, lie here in whole, and may be led to by no reference.
    pub(super) reused: Vec<Oid>,
    /// The objects that arrived and are needed, in the order in which they lie in the quarantine.
    pub(super) arrived: Vec<Oid>,
    /// The bytes of all files among them.
    pub(super) file_bytes: u64,
    /// What the authors of the cards that arrived should mend.
    pub(super) card_warnings: Vec<String>,
}

/// What the graph needs of a commit.
struct Place {
    tree: Oid,
    parents: Vec<Oid>,
    seconds: i64,
}

pub(super) struct Survey<'a> {
    repo: &'a Repo,
    runtime: Handle,
    quarantine: &'a mut Quarantine,
    graph: Graph,
    trees: TreeBytes,
    arrived: HashSet<Oid>,
    /// With the kind that is expected.
    reused: HashMap<Oid, Option<ObjectKind>>,
    boundary: HashSet<Oid>,
    commits: Vec<NewCommit>,
    known_commits: HashSet<Oid>,
    /// Those of them that still need their place in the graph, parents first.
    order: Vec<(Oid, Place)>,
    changes: usize,
    /// Where blobs that need a second look are.
    paths: HashMap<Oid, String>,
}

fn refused(message: impl Into<String>) -> RepoError {
    RepoError::Unprocessable(message.into())
}

impl<'a> Survey<'a> {
    /// Must be made and used on a thread that may wait.
    pub(super) fn new(repo: &'a Repo, quarantine: &'a mut Quarantine, runtime: Handle) -> Self {
        Self {
            repo,
            runtime,
            quarantine,
            graph: Graph::new(repo),
            trees: TreeBytes::default(),
            arrived: HashSet::new(),
            reused: HashMap::new(),
            boundary: HashSet::new(),
            commits: Vec::new(),
            known_commits: HashSet::new(),
            order: Vec::new(),
            changes: 0,
            paths: HashMap::new(),
        }
    }

    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Looks over everything that these targets lead to.
    pub(super) fn run(mut self, targets: &[Oid]) -> Result<Surveyed, RepoError> {
        let mut tips = Vec::with_capacity(targets.len());
        for target in targets {
            tips.push(Tip { oid: *target, commit: self.tip(*target)? });
        }
        let runtime = self.runtime.clone();
        runtime.block_on(self.repo.witnesses(&mut self.graph, &self.boundary))?;
        for (oid, place) in std::mem::take(&mut self.order) {
            self.take_commit(oid, place)?;
        }
        self.complete_reused()?;
        self.refuse_oversized()?;
        self.refuse_dangling_pointers()?;
        let card_warnings = self.card_warnings(&tips)?;
        let arrived = self.arrived.iter().filter_map(|oid| self.quarantine.get(*oid));
        let file_bytes = arrived.filter(|arrived| arrived.kind == ObjectKind::Blob).map(|arrived| arrived.size).sum();
        Ok(Surveyed {
            tips,
            commits: self.commits,
            boundary: self.boundary,
            reused: self.reused.into_keys().collect(),
            arrived: self.quarantine.in_file_order(self.arrived),
            file_bytes,
            card_warnings,
        })
    }

    /// Follows a target through tags; answers the commit that it leads to.
    fn tip(&mut self, target: Oid) -> Result<Option<Oid>, RepoError> {
        let mut oid = target;
        let mut expected = None;
        for _ in 0..TAG_CHAIN_MAX {
            let Some(arrived) = self.quarantine.get(oid) else { return self.present_tip(oid, expected) };
            expect_kind(oid, expected, arrived.kind)?;
            match arrived.kind {
                ObjectKind::Commit => {
                    self.commits_from(oid)?;
                    return Ok(Some(oid));
                }
                ObjectKind::Tree => {
                    self.reach_tree(oid)?;
                    return Ok(None);
                }
                ObjectKind::Blob => {
                    self.reach_blob(oid, || "the tagged file".to_owned())?;
                    return Ok(None);
                }
                ObjectKind::Tag => {
                    self.arrived.insert(oid);
                    let tag = Tag::parse(&self.quarantine.read(arrived)?)?;
                    (oid, expected) = (tag.object, Some(tag.kind));
                }
            }
        }
        Err(refused(format!("the tag {target} leads through more than {TAG_CHAIN_MAX} tags")))
    }

    /// A target that did not arrive.
    fn present_tip(&mut self, oid: Oid, expected: Option<ObjectKind>) -> Result<Option<Oid>, RepoError> {
        let runtime = self.runtime.clone();
        if runtime.block_on(self.graph.row(oid))?.is_some() {
            expect_kind(oid, expected, ObjectKind::Commit)?;
            self.boundary.insert(oid);
            return Ok(Some(oid));
        }
        self.reused.insert(oid, expected);
        // A tag that lies here leads on to what it names; whatever else it is, is looked up with all that is reused.
        Ok(self.wait(self.repo.peel(oid)).ok().map(|commit| commit.oid()))
    }

    /// Walks the commits that arrived and puts them in order, parents first.
    fn commits_from(&mut self, head: Oid) -> Result<(), RepoError> {
        let mut read: HashMap<Oid, Place> = HashMap::new();
        let mut stack = vec![head];
        while let Some(oid) = stack.last().copied() {
            if self.known_commits.contains(&oid) {
                stack.pop();
                continue;
            }
            if let Some(place) = read.remove(&oid) {
                stack.pop();
                self.known_commits.insert(oid);
                self.order.push((oid, place));
                continue;
            }
            let arrived = self.quarantine.get(oid).ok_or_else(|| lost(oid))?;
            expect_kind(oid, Some(ObjectKind::Commit), arrived.kind)?;
            let commit = Commit::parse(&self.quarantine.read(arrived)?)?;
            for parent in &commit.parents {
                if self.quarantine.get(*parent).is_some() {
                    stack.push(*parent);
                } else {
                    self.boundary.insert(*parent);
                }
            }
            let seconds = commit.committer.seconds();
            read.insert(oid, Place { tree: commit.tree, parents: commit.parents, seconds });
        }
        Ok(())
    }

    /// Gives a commit its place in the graph and sees what it changes; its parents have theirs.
    fn take_commit(&mut self, oid: Oid, commit: Place) -> Result<(), RepoError> {
        let runtime = self.runtime.clone();
        let mut generation = 1;
        let mut trees_before = Vec::with_capacity(commit.parents.len());
        for parent in &commit.parents {
            let row = runtime.block_on(self.graph.row(*parent))?.ok_or_else(|| lost(*parent))?;
            generation = generation.max(row.generation.saturating_add(1));
            trees_before.push(Some(row.tree));
        }
        let row = CommitRow {
            oid,
            tree: commit.tree,
            generation,
            ancestors: runtime.block_on(self.graph.ancestors(&commit.parents))?,
            seconds: commit.seconds,
            parents: commit.parents,
        };
        let Changes { changed, removed, introduced } = self.changes(commit.tree, trees_before)?;
        self.arrived.insert(oid);
        self.graph.add(row.clone());
        self.commits.push(NewCommit { row, changed, removed, introduced });
        Ok(())
    }

    /// The paths at which a tree is as in none of the trees before it: what is there, and what is gone. All that is new
    /// in it is reached on the way.
    fn changes(&mut self, root: Oid, roots_before: Vec<Option<Oid>>) -> Result<Changes, RepoError> {
        let Changes { mut changed, mut removed, mut introduced } = Changes::default();
        if roots_before.contains(&Some(root)) {
            return Ok(Changes::default());
        }
        let mut folders = vec![(String::new(), 0, root, roots_before)];
        while let Some((prefix, depth, folder, before)) = folders.pop() {
            let now = self.tree(folder)?;
            introduced.trees.push(folder);
            let mut old = Vec::with_capacity(before.len());
            for oid in before {
                old.push(match oid {
                    Some(oid) => self.tree_before(oid)?,
                    None => Bytes::new(),
                });
            }
            let old: Vec<&[u8]> = old.iter().map(|bytes| &bytes[..]).collect();
            for entry in changed_entries(&now, &old)? {
                let path = format!("{prefix}{}", String::from_utf8_lossy(&entry.name));
                match entry.now {
                    Some((Mode::Directory, oid)) => {
                        if depth >= DEPTH_MAX {
                            return Err(refused(format!("folders are nested more than {DEPTH_MAX} deep")));
                        }
                        folders.push((format!("{path}/"), depth + 1, oid, entry.folders_before));
                    }
                    Some((Mode::Submodule, _)) | None => {}
                    Some((_, oid)) => {
                        introduced.blobs.push(oid);
                        self.reach_blob(oid, || path.clone())?;
                    }
                }
                self.changes += 1;
                if self.changes > CHANGES_MAX {
                    return Err(RepoError::TooLarge(format!(
                        "the commits of this push change more than {CHANGES_MAX} paths together: \
                         push an older commit first (git push origin COMMIT:BRANCH), then the rest"
                    )));
                }
                if entry.now.is_none() {
                    removed.push(path);
                } else if path.len() <= RepoPath::MAX {
                    // What is longer no listing can ask for.
                    changed.push(path);
                }
            }
        }
        Ok(Changes { changed, removed, introduced })
    }

    /// The bytes of a tree that a commit that arrived leads to.
    fn tree(&mut self, oid: Oid) -> Result<Bytes, RepoError> {
        match self.quarantine.get(oid) {
            Some(arrived) => {
                expect_kind(oid, Some(ObjectKind::Tree), arrived.kind)?;
                self.arrived.insert(oid);
            }
            None if oid == Oid::EMPTY_TREE => self.add_empty_tree()?,
            None => {
                expect_same(oid, self.reused.insert(oid, Some(ObjectKind::Tree)), ObjectKind::Tree)?;
            }
        }
        self.tree_before(oid)
    }

    /// Clients may leave the empty tree out; clones want it.
    fn add_empty_tree(&mut self) -> Result<(), RepoError> {
        self.quarantine.add_empty_tree()?;
        self.arrived.insert(Oid::EMPTY_TREE);
        Ok(())
    }

    /// The bytes of a tree, wherever it is.
    fn tree_before(&mut self, oid: Oid) -> Result<Bytes, RepoError> {
        if oid == Oid::EMPTY_TREE {
            return Ok(Bytes::new());
        }
        if let Some(bytes) = self.trees.get(oid) {
            return Ok(bytes);
        }
        let bytes = match self.quarantine.get(oid) {
            Some(arrived) => Bytes::from(self.quarantine.read(arrived)?),
            None => {
                let repos = &self.repo.repos;
                let found = self.wait(store::kinds(repos.db(), self.repo.id(), &[oid]))?;
                if found.is_empty() {
                    return Err(missing(ObjectKind::Tree, oid));
                }
                self.wait(repos.object_bytes(self.repo.id(), oid, ObjectKind::Tree))?
            }
        };
        self.trees.insert(oid, bytes.clone());
        Ok(bytes)
    }

    fn reach_blob(&mut self, oid: Oid, path: impl Fn() -> String) -> Result<(), RepoError> {
        let Some(arrived) = self.quarantine.get(oid) else {
            return expect_same(oid, self.reused.insert(oid, Some(ObjectKind::Blob)), ObjectKind::Blob);
        };
        expect_kind(oid, Some(ObjectKind::Blob), arrived.kind)?;
        self.arrived.insert(oid);
        if self.quarantine.is_oversized(arrived) || self.quarantine.pointer(oid).is_some() {
            self.paths.entry(oid).or_insert_with(path);
        }
        Ok(())
    }

    /// Reaches a whole tree that is compared with nothing.
    fn reach_tree(&mut self, root: Oid) -> Result<(), RepoError> {
        let mut seen = HashSet::new();
        let mut waiting = vec![root];
        while let Some(oid) = waiting.pop() {
            if !seen.insert(oid) {
                continue;
            }
            let bytes = self.tree(oid)?;
            for entry in entries(&bytes) {
                let entry = entry?;
                match entry.mode {
                    Mode::Directory => waiting.push(entry.oid),
                    Mode::Submodule => {}
                    _ => self.reach_blob(entry.oid, || String::from_utf8_lossy(entry.name).into_owned())?,
                }
            }
        }
        Ok(())
    }

    /// Looks up what did not arrive and no parent answers for, and everything below it.
    fn complete_reused(&mut self) -> Result<(), RepoError> {
        let mut checked: HashSet<Oid> = HashSet::new();
        loop {
            let waiting: Vec<Oid> = self.reused.keys().copied().filter(|oid| checked.insert(*oid)).collect();
            if waiting.is_empty() {
                return Ok(());
            }
            let found = self.wait(store::kinds(self.repo.repos.db(), self.repo.id(), &waiting))?;
            let found: HashMap<Oid, ObjectKind> = found.into_iter().collect();
            for oid in waiting {
                let expected = self.reused.get(&oid).copied().flatten();
                let kind = *found.get(&oid).ok_or_else(|| missing(expected.unwrap_or(ObjectKind::Commit), oid))?;
                expect_kind(oid, expected, kind)?;
                match kind {
                    ObjectKind::Tree => self.reuse_below(oid)?,
                    ObjectKind::Tag => self.reuse_tagged(oid)?,
                    ObjectKind::Commit | ObjectKind::Blob => {}
                }
            }
        }
    }

    fn reuse_below(&mut self, tree: Oid) -> Result<(), RepoError> {
        let bytes = self.tree_before(tree)?;
        for entry in entries(&bytes) {
            let entry = entry?;
            match entry.mode {
                Mode::Submodule => {}
                Mode::Directory if self.quarantine.get(entry.oid).is_some() => self.reach_tree(entry.oid)?,
                Mode::Directory if entry.oid == Oid::EMPTY_TREE => self.add_empty_tree()?,
                Mode::Directory => {
                    let before = self.reused.insert(entry.oid, Some(ObjectKind::Tree));
                    expect_same(entry.oid, before, ObjectKind::Tree)?;
                }
                _ => self.reach_blob(entry.oid, || String::from_utf8_lossy(entry.name).into_owned())?,
            }
        }
        Ok(())
    }

    fn reuse_tagged(&mut self, tag: Oid) -> Result<(), RepoError> {
        let bytes = self.wait(self.repo.repos.object_bytes(self.repo.id(), tag, ObjectKind::Tag))?;
        let tag = Tag::parse(&bytes)?;
        match tag.kind {
            ObjectKind::Commit => drop(self.boundary.insert(tag.object)),
            kind => {
                let before = self.reused.insert(tag.object, Some(kind));
                expect_same(tag.object, before, kind)?;
            }
        }
        Ok(())
    }

    fn refuse_oversized(&self) -> Result<(), RepoError> {
        let most = self.repo.repos.limits().plain_blob_bytes;
        let mut large: Vec<(&str, u64)> = Vec::new();
        for (oid, path) in &self.paths {
            if let Some(arrived) = self.quarantine.get(*oid).filter(|arrived| self.quarantine.is_oversized(*arrived)) {
                large.push((path, arrived.size));
            }
        }
        if large.is_empty() {
            return Ok(());
        }
        large.sort_unstable();
        let mut lines: Vec<String> = large
            .iter()
            .take(NAMED_MAX)
            .map(|(path, size)| format!("{path} has {size} bytes; files above {most} bytes belong into Git LFS"))
            .collect();
        if large.len() > NAMED_MAX {
            lines.push(format!("… and {} more", large.len() - NAMED_MAX));
        }
        let mut patterns: Vec<String> = large.iter().map(|(path, _)| lfs_pattern(path)).collect();
        patterns.sort_unstable();
        patterns.dedup();
        patterns.truncate(NAMED_MAX);
        lines.push("move them there, also in the commits that were not pushed yet, and push again:".to_owned());
        lines.push(format!("  git lfs install && git lfs migrate import --include=\"{}\"", patterns.join(",")));
        Err(RepoError::TooLarge(lines.join("\n")))
    }

    /// Pointers must lead to content that this repository holds, as in a commit by API.
    fn refuse_dangling_pointers(&self) -> Result<(), RepoError> {
        let pointers: Vec<(&str, Sha256, u64)> = self
            .paths
            .iter()
            .filter_map(|(oid, path)| {
                self.quarantine.pointer(*oid).map(|pointer| (path.as_str(), pointer.oid, pointer.size))
            })
            .collect();
        let wanted: HashSet<Sha256> = pointers.iter().map(|(_, sha256, _)| *sha256).collect();
        let wanted: Vec<Sha256> = wanted.into_iter().collect();
        let fresh = self.repo.repos.clock().now().plus_millis(-store::HOLDING_FRESH_MS);
        let mut held: HashMap<Sha256, u64> =
            self.wait(store::held_since(self.repo.repos.db(), self.repo.id(), &wanted, fresh))?.into_iter().collect();
        for sha256 in wanted {
            if !held.contains_key(&sha256) {
                // Not there, not wanted for long, or arrived at the store without passing through Hearth.
                held.extend(self.wait(self.repo.held_large(sha256))?.map(|size| (sha256, size)));
            }
        }
        let mut faults: Vec<String> = pointers
            .iter()
            .filter_map(|(path, sha256, size)| match held.get(sha256) {
                None => Some(format!("{path}: its content {sha256} was not uploaded")),
                Some(there) if there != size => {
                    Some(format!("{path}: its pointer says {size} bytes, but {sha256} has {there}"))
                }
                Some(_) => None,
            })
            .collect();
        if faults.is_empty() {
            return Ok(());
        }
        faults.sort_unstable();
        let more = faults.len().saturating_sub(NAMED_MAX);
        faults.truncate(NAMED_MAX);
        if more > 0 {
            faults.push(format!("… and {more} more"));
        }
        faults.push("large files come first: run `git lfs push --all origin BRANCH`, then push again".to_owned());
        Err(refused(faults.join("\n")))
    }

    /// What is to be mended in the cards that arrived with the new targets.
    fn card_warnings(&mut self, tips: &[Tip]) -> Result<Vec<String>, RepoError> {
        let mut warnings = Vec::new();
        let roots: HashSet<Oid> = tips.iter().filter_map(|tip| tip.commit).collect();
        let roots: Vec<Oid> = self
            .commits
            .iter()
            .map(|new| &new.row)
            .filter(|row| roots.contains(&row.oid))
            .map(|row| row.tree)
            .collect();
        for root in roots {
            let bytes = self.tree_before(root)?;
            let card = entries(&bytes).filter_map(Result::ok).find(|entry| entry.name == CARD.as_bytes());
            let arrived = card.filter(|card| self.arrived.contains(&card.oid));
            let Some(arrived) = arrived.and_then(|card| self.quarantine.get(card.oid)) else { continue };
            if arrived.kind == ObjectKind::Blob {
                warnings.extend(warnings_of(self.repo.addr().kind, &self.quarantine.read(arrived)?));
            }
        }
        warnings.dedup();
        Ok(warnings)
    }
}

fn lost(oid: Oid) -> RepoError {
    RepoError::Inconsistent(format!("the push lost the object {oid}"))
}

fn missing(kind: ObjectKind, oid: Oid) -> RepoError {
    refused(format!("the {kind} {oid} did not arrive and is not here: fetch, then push again"))
}

fn expect_kind(oid: Oid, expected: Option<ObjectKind>, found: ObjectKind) -> Result<(), RepoError> {
    match expected {
        Some(expected) if expected != found => Err(refused(format!("{oid} is used as a {expected} and is a {found}"))),
        _ => Ok(()),
    }
}

fn expect_same(oid: Oid, before: Option<Option<ObjectKind>>, now: ObjectKind) -> Result<(), RepoError> {
    expect_kind(oid, before.flatten(), now)
}

/// By what `git lfs` finds a file and its like: the ending, or the whole name where it has none.
fn lfs_pattern(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && !ending.is_empty() => format!("*.{ending}"),
        _ => name.to_owned(),
    }
}

/// Bytes of trees met of late: what is used while the young generation fills up moves over, the rest goes.
#[derive(Default)]
struct TreeBytes {
    young: HashMap<Oid, Bytes>,
    old: HashMap<Oid, Bytes>,
    young_bytes: usize,
}

impl TreeBytes {
    fn get(&mut self, oid: Oid) -> Option<Bytes> {
        if let Some(bytes) = self.young.get(&oid) {
            return Some(bytes.clone());
        }
        let bytes = self.old.remove(&oid)?;
        self.insert(oid, bytes.clone());
        Some(bytes)
    }

    fn insert(&mut self, oid: Oid, bytes: Bytes) {
        if self.young_bytes + bytes.len() > TREE_BYTES {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += bytes.len() + 64;
        self.young.insert(oid, bytes);
    }
}
