//! What differs between two trees.

use hub_core::{CommitId, Oid};
use hub_formats::git::{Mode, TreeEntry};

use crate::store::objects;
use crate::tree::is_blob;
use crate::{Repo, RepoError};

/// How a file differs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChangeStatus {
    /// It is new.
    Added,
    /// It has other content or another mode.
    Modified,
    /// It is gone.
    Deleted,
    /// It has the same content under another path.
    Renamed,
    /// It became another kind of thing: a link, a submodule.
    TypeChanged,
}

/// One side of a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DiffSide {
    /// The mode as git writes it.
    pub mode: Mode,
    /// The blob.
    pub oid: Oid,
}

/// One file that differs.
#[derive(Clone, Debug)]
pub struct Change {
    /// How.
    pub status: ChangeStatus,
    /// Its path; for a rename the old one.
    pub path: String,
    /// The new path of a rename.
    pub new_path: Option<String>,
    /// What it was.
    pub old: Option<DiffSide>,
    /// What it is.
    pub new: Option<DiffSide>,
    /// The size of what it is, in bytes; of the large file behind a pointer.
    pub size: u64,
    /// Whether it is shown as text: small and without zero bytes.
    pub is_text: bool,
}

/// The most changes that one comparison shows.
const MAX_CHANGES: usize = 100_000;

impl Repo {
    /// The files that differ from one commit to another; `None` is the empty tree.
    ///
    /// # Errors
    /// [`RepoError::TooLarge`] if more than 100,000 files differ.
    pub async fn compare(&self, from: Option<CommitId>, to: Option<CommitId>) -> Result<Vec<Change>, RepoError> {
        let old = self.root_of(from).await?;
        let new = self.root_of(to).await?;
        let mut changes = Vec::new();
        let mut stack = vec![(old, new, String::new())];
        while let Some((old, new, prefix)) = stack.pop() {
            let (old, new) = (self.tree_object(old).await?, self.tree_object(new).await?);
            for (before, after) in pair_up(old.entries(), new.entries()) {
                if before.map(|e| (e.mode, e.oid)) == after.map(|e| (e.mode, e.oid)) {
                    continue;
                }
                let name = before.or(after).map(|entry| String::from_utf8_lossy(&entry.name)).unwrap_or_default();
                let path = format!("{prefix}{name}");
                let folder = |e: Option<&TreeEntry>| e.filter(|e| e.mode == Mode::Directory).map(|e| e.oid);
                let file = |e: Option<&TreeEntry>| {
                    e.filter(|e| e.mode != Mode::Directory).map(|e| DiffSide { mode: e.mode, oid: e.oid })
                };
                if folder(before).is_some() || folder(after).is_some() {
                    let (old, new) = (folder(before), folder(after));
                    stack.push((old.unwrap_or(Oid::EMPTY_TREE), new.unwrap_or(Oid::EMPTY_TREE), format!("{path}/")));
                }
                changes.extend(change(path, file(before), file(after)));
            }
            if changes.len() > MAX_CHANGES {
                return Err(RepoError::TooLarge(format!(
                    "more than {MAX_CHANGES} files differ: compare nearer commits"
                )));
            }
        }
        let mut changes = join_renames(changes);
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        self.measure(&mut changes).await?;
        Ok(changes)
    }

    async fn root_of(&self, commit: Option<CommitId>) -> Result<Oid, RepoError> {
        match commit {
            Some(commit) => Ok(self.commit_row(commit).await?.tree),
            None => Ok(Oid::EMPTY_TREE),
        }
    }

    /// Looks up sizes, and reads the beginning of small blobs to tell text from binary as git does.
    async fn measure(&self, changes: &mut [Change]) -> Result<(), RepoError> {
        for change in changes {
            let Some(side) = change.new.or(change.old).filter(|side| is_blob(side.mode)) else { continue };
            let Some(row) = objects::blob(self.repos.db(), self.id(), side.oid).await? else { continue };
            change.size = row.target.map_or(row.size, |(_, size)| size);
            change.is_text = row.target.is_none() && row.content.is_none() && {
                let bytes = self.blob_bytes(side.oid).await?;
                !bytes.iter().take(8000).any(|byte| *byte == 0)
            };
            if change.new.is_none() {
                change.size = 0;
            }
        }
        Ok(())
    }
}

fn change(path: String, old: Option<DiffSide>, new: Option<DiffSide>) -> Option<Change> {
    let status = match (old, new) {
        (None, None) => return None,
        (None, Some(_)) => ChangeStatus::Added,
        (Some(_), None) => ChangeStatus::Deleted,
        (Some(old), Some(new)) if is_plain(old.mode) != is_plain(new.mode) => ChangeStatus::TypeChanged,
        (Some(_), Some(_)) => ChangeStatus::Modified,
    };
    Some(Change { status, path, new_path: None, old, new, size: 0, is_text: false })
}

fn is_plain(mode: Mode) -> bool {
    matches!(mode, Mode::File | Mode::Executable)
}

/// Pairs the entries of two trees by name.
fn pair_up<'a>(
    old: &'a [TreeEntry],
    new: &'a [TreeEntry],
) -> impl Iterator<Item = (Option<&'a TreeEntry>, Option<&'a TreeEntry>)> {
    let mut by_name: std::collections::BTreeMap<&[u8], (Option<&TreeEntry>, Option<&TreeEntry>)> = Default::default();
    for entry in old {
        by_name.entry(&entry.name).or_default().0 = Some(entry);
    }
    for entry in new {
        by_name.entry(&entry.name).or_default().1 = Some(entry);
    }
    by_name.into_values()
}

/// Turns a deleted and an added file of the same content into one rename.
fn join_renames(changes: Vec<Change>) -> Vec<Change> {
    let (mut rest, gone): (Vec<Change>, Vec<Change>) =
        changes.into_iter().partition(|change| change.status != ChangeStatus::Deleted);
    for deleted in gone {
        let twin = rest.iter_mut().find(|change| {
            change.status == ChangeStatus::Added && change.new.map(|side| side.oid) == deleted.old.map(|side| side.oid)
        });
        match twin {
            Some(added) => {
                added.status = ChangeStatus::Renamed;
                added.new_path = Some(std::mem::replace(&mut added.path, deleted.path));
                added.old = deleted.old;
            }
            None => rest.push(deleted),
        }
    }
    rest
}
