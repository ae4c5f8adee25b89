//! Listings: the entries of a folder, one path, many paths, the size of a folder.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use hub_core::{CommitId, Oid, RepoPath, Sha256, Timestamp, XetHash};
use hub_formats::git::{Mode, Tree, TreeEntry};

use crate::history::CommitInfo;
use crate::store::{large, objects};
use crate::{Repo, RepoError};

/// Whether an entry is a file or a folder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EntryKind {
    /// A file, a symbolic link or the mark of a submodule.
    File,
    /// A folder.
    Directory,
}

/// The large file behind a pointer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LargeTarget {
    /// Its content.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub size: u64,
    /// The file of the chunk store that has the same bytes, if the repository may read one.
    pub xet: Option<XetHash>,
}

/// The commit that last changed an entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LastCommit {
    /// Its id.
    pub id: Oid,
    /// The first line of its message.
    pub title: String,
    /// When it was made.
    pub date: Timestamp,
}

/// One file or folder of a listing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TreeEntryInfo {
    /// File or folder.
    pub kind: EntryKind,
    /// The whole path. Names pushed by git that are not UTF-8 are shown with replacement characters.
    pub path: String,
    /// The id of the blob or tree.
    pub oid: Oid,
    /// The size in bytes: of the large file where the entry is a pointer, 0 for folders.
    pub size: u64,
    /// The size of the git blob itself, of the pointer where there is one.
    pub blob_size: u64,
    /// The large file, if the entry is a pointer.
    pub large: Option<LargeTarget>,
    /// The commit that last changed it, if asked for.
    pub last_commit: Option<LastCommit>,
}

/// A page of a listing.
#[derive(Debug)]
pub struct TreePage {
    /// Its entries, in git's order of trees, depth first.
    pub entries: Vec<TreeEntryInfo>,
    /// The path after which the next page begins, if there is one.
    pub next: Option<String>,
}

/// An entry met on a walk, before its size is looked up.
struct Met {
    path: String,
    mode: Mode,
    oid: Oid,
}

impl Repo {
    /// The entry at a path; `None` if the commit has none.
    pub(crate) async fn find(&self, commit: CommitId, path: &RepoPath) -> Result<Option<TreeEntry>, RepoError> {
        let root = self.commit_row(commit).await?.tree;
        self.find_below(root, path).await
    }

    /// The entry at a path below a tree.
    pub(crate) async fn find_below(&self, root: Oid, path: &RepoPath) -> Result<Option<TreeEntry>, RepoError> {
        let mut tree = self.tree_object(root).await?;
        let mut parts = path.parts().peekable();
        while let Some(part) = parts.next() {
            let Some(entry) = tree.get(part.as_bytes()) else { return Ok(None) };
            if parts.peek().is_none() {
                return Ok(Some(entry.clone()));
            }
            if entry.mode != Mode::Directory {
                return Ok(None);
            }
            tree = self.tree_object(entry.oid).await?;
        }
        Ok(None)
    }

    /// The tree of a folder; `None` for the path means the root.
    ///
    /// # Errors
    /// [`RepoError::EntryNotFound`] if there is nothing at the path, or a file.
    async fn folder(&self, commit: CommitId, path: Option<&RepoPath>) -> Result<Arc<Tree>, RepoError> {
        let root = self.commit_row(commit).await?.tree;
        let Some(path) = path else { return self.tree_object(root).await };
        match self.find_below(root, path).await? {
            Some(entry) if entry.mode == Mode::Directory => self.tree_object(entry.oid).await,
            _ => Err(RepoError::entry_not_found(path.as_str(), Some(commit.oid()))),
        }
    }

    /// A page of the entries of a folder, of everything below it if `recursive`.
    ///
    /// `after` is the `next` of the page before. Listing costs one lookup per folder that the page touches and one
    /// batch of lookups for the sizes.
    pub async fn list_tree(
        &self,
        commit: CommitId,
        path: Option<&RepoPath>,
        recursive: bool,
        after: Option<&str>,
        limit: usize,
    ) -> Result<TreePage, RepoError> {
        let tree = self.folder(commit, path).await?;
        let prefix = path.map(|path| format!("{path}/")).unwrap_or_default();
        let mut met = Vec::new();
        self.walk(tree, &prefix, recursive, after, limit + 1, &mut met).await?;
        let next = (met.len() > limit).then(|| {
            met.truncate(limit);
            met.last().map(|last| last.path.clone()).unwrap_or_default()
        });
        Ok(TreePage { entries: self.describe(met).await?, next })
    }

    /// Collects entries in order, beginning after a path, until there are `limit`.
    async fn walk(
        &self,
        tree: Arc<Tree>,
        prefix: &str,
        recursive: bool,
        after: Option<&str>,
        limit: usize,
        met: &mut Vec<Met>,
    ) -> Result<(), RepoError> {
        // A stack instead of recursion: each level is a tree, the place in it, and the path before its names.
        let mut stack = vec![(tree.clone(), start_of(&tree, prefix, after), prefix.to_owned())];
        // The cursor may point into a folder: go down to it first.
        if let (true, Some(after)) = (recursive, after) {
            let mut level = tree;
            let mut base = prefix.to_owned();
            while let Some((name, _)) = after.strip_prefix(base.as_str()).and_then(|rest| rest.split_once('/')) {
                let Some(entry) = level.get(name.as_bytes()).filter(|entry| entry.mode == Mode::Directory) else {
                    break;
                };
                level = self.tree_object(entry.oid).await?;
                base = format!("{base}{name}/");
                stack.push((level.clone(), start_of(&level, &base, Some(after)), base.clone()));
            }
            // The cursor itself is a folder: its content comes right after it.
            if let Some(name) = after.strip_prefix(base.as_str()).filter(|name| !name.is_empty())
                && let Some(entry) = level.get(name.as_bytes()).filter(|entry| entry.mode == Mode::Directory)
            {
                stack.push((self.tree_object(entry.oid).await?, 0, format!("{base}{name}/")));
            }
        }
        while met.len() < limit {
            let Some((tree, place, base)) = stack.last_mut() else { break };
            let Some(entry) = tree.entries().get(*place) else {
                stack.pop();
                continue;
            };
            *place += 1;
            let path = format!("{base}{}", String::from_utf8_lossy(&entry.name));
            let (mode, oid) = (entry.mode, entry.oid);
            if recursive && mode == Mode::Directory {
                let inner = self.tree_object(oid).await?;
                stack.push((inner, 0, format!("{path}/")));
            }
            met.push(Met { path, mode, oid });
        }
        Ok(())
    }

    /// Looks up the sizes and pointers of all files at once.
    async fn describe(&self, met: Vec<Met>) -> Result<Vec<TreeEntryInfo>, RepoError> {
        let files: Vec<Oid> = met.iter().filter(|m| is_blob(m.mode)).map(|m| m.oid).collect();
        let rows = objects::blobs(self.repos.db(), self.id(), &files).await?;
        let contents: Vec<Sha256> = rows.iter().filter_map(|row| row.target).map(|(sha256, _)| sha256).collect();
        let chunked = large::chunked_among(self.repos.db(), self.id(), &contents).await?;
        let chunked: HashMap<Sha256, XetHash> = chunked.into_iter().collect();
        let by_oid: HashMap<Oid, objects::BlobRow> = rows.into_iter().map(|row| (row.oid, row)).collect();
        let describe_one = |Met { path, mode, oid }: Met| {
            let row = by_oid.get(&oid);
            let blob_size = row.map_or(0, |row| row.size);
            let large = row.and_then(|row| row.target).map(|(sha256, size)| LargeTarget {
                sha256,
                size,
                xet: chunked.get(&sha256).copied(),
            });
            TreeEntryInfo {
                kind: if mode == Mode::Directory { EntryKind::Directory } else { EntryKind::File },
                path,
                oid,
                size: large.map_or(blob_size, |large| large.size),
                blob_size,
                large,
                last_commit: None,
            }
        };
        Ok(met.into_iter().map(describe_one).collect())
    }

    /// The entries at the paths that exist, in the order asked; the others are left out.
    pub async fn paths_info(&self, commit: CommitId, paths: &[RepoPath]) -> Result<Vec<TreeEntryInfo>, RepoError> {
        let root = self.commit_row(commit).await?.tree;
        let mut met = Vec::with_capacity(paths.len());
        for path in paths {
            if let Some(entry) = self.find_below(root, path).await? {
                met.push(Met { path: path.to_string(), mode: entry.mode, oid: entry.oid });
            }
        }
        self.describe(met).await
    }

    /// One entry, or the error that names it.
    pub async fn entry(&self, commit: CommitId, path: &RepoPath) -> Result<TreeEntryInfo, RepoError> {
        let found = self.paths_info(commit, std::slice::from_ref(path)).await?.pop();
        found.ok_or_else(|| RepoError::entry_not_found(path.as_str(), Some(commit.oid())))
    }

    /// Adds to each entry the commit that last changed it.
    pub async fn add_last_commits(&self, commit: CommitId, entries: &mut [TreeEntryInfo]) -> Result<(), RepoError> {
        let head = self.commit_row(commit).await?;
        let paths: Vec<&str> =
            entries.iter().map(|entry| entry.path.as_str()).filter(|path| path.parse::<RepoPath>().is_ok()).collect();
        let last = self.last_changes(&head, &paths).await?;
        let ids: HashSet<Oid> = last.values().copied().collect();
        let ids: Vec<Oid> = ids.into_iter().collect();
        let shown = |info: CommitInfo| {
            let CommitInfo { id, title, date, .. } = info;
            (id.oid(), LastCommit { id: id.oid(), title, date })
        };
        let known: HashMap<Oid, LastCommit> = self.commit_infos(&ids).await?.into_iter().map(shown).collect();
        for entry in entries {
            entry.last_commit = last.get(&entry.path).and_then(|id| known.get(id)).cloned();
        }
        Ok(())
    }

    /// The bytes of all files below a folder, large files counted in full.
    pub async fn tree_size(&self, commit: CommitId, path: Option<&RepoPath>) -> Result<u64, RepoError> {
        let mut total = 0;
        let mut after: Option<String> = None;
        loop {
            let page = self.list_tree(commit, path, true, after.as_deref(), 5_000).await?;
            total += page.entries.iter().map(|entry| entry.size).sum::<u64>();
            after = page.next;
            if after.is_none() {
                return Ok(total);
            }
        }
    }
}

/// Where in a tree the entries after the cursor begin.
fn start_of(tree: &Tree, prefix: &str, after: Option<&str>) -> usize {
    let Some(rest) = after.and_then(|after| after.strip_prefix(prefix)) else { return 0 };
    let name = rest.split('/').next().unwrap_or(rest).as_bytes();
    match tree.entries().iter().position(|entry| entry.name == name) {
        Some(place) => place + 1,
        None => tree.entries().iter().position(|entry| entry.name.as_slice() > name).unwrap_or(tree.entries().len()),
    }
}

/// Whether an entry has a blob behind it: folders have trees, and a submodule's commit lies elsewhere.
pub(crate) fn is_blob(mode: Mode) -> bool {
    !matches!(mode, Mode::Directory | Mode::Submodule)
}
