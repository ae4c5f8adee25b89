//! Editing trees: a set of changes by path, applied to a tree, gives new trees for the changed folders only.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use hub_core::{Oid, RepoPath};
use hub_formats::git::{Mode, ObjectKind, Tree, TreeEntry};

use crate::objects::prepare_object;
use crate::store::objects::NewObject;
use crate::{RepoError, RepoId, Repos};

/// What becomes of one name in a folder.
#[derive(Debug)]
enum Edit {
    /// It becomes this file.
    Put(Mode, Oid),
    /// It goes away, whether file or folder.
    Remove,
    /// Names inside it change; `emptied` says that the folder's old content goes away first.
    Inside { emptied: bool, names: Names },
}

type Names = BTreeMap<Vec<u8>, Edit>;

/// Changes to a tree, collected by path.
#[derive(Debug, Default)]
pub(crate) struct TreeEdit {
    names: Names,
}

/// What applying an edit gave.
pub(crate) struct EditedTree {
    /// The id of the new root.
    pub(crate) root: Oid,
    /// Every tree that did not exist before.
    pub(crate) objects: Vec<NewObject>,
    /// Every file and folder that is not what it was, removed ones included.
    pub(crate) changed: Vec<String>,
}

impl TreeEdit {
    /// Puts a file at a path.
    ///
    /// # Errors
    /// [`RepoError::Unprocessable`] if the same edit puts a file there already, or at one of the folders above.
    pub(crate) fn put(&mut self, path: &RepoPath, mode: Mode, oid: Oid) -> Result<(), RepoError> {
        let (folder, name) = self.folder_of(path)?;
        match folder.entry(name) {
            Entry::Vacant(slot) => {
                slot.insert(Edit::Put(mode, oid));
            }
            Entry::Occupied(mut slot) => match slot.get() {
                Edit::Remove => {
                    slot.insert(Edit::Put(mode, oid));
                }
                Edit::Put(..) => return Err(duplicate(path)),
                Edit::Inside { .. } => return Err(file_and_folder(path)),
            },
        }
        Ok(())
    }

    /// Removes the file or folder at a path. A file that the same edit puts there stays: commits delete and add at once.
    pub(crate) fn remove(&mut self, path: &RepoPath) -> Result<(), RepoError> {
        let (folder, name) = self.folder_of(path)?;
        match folder.entry(name) {
            Entry::Vacant(slot) => {
                slot.insert(Edit::Remove);
            }
            Entry::Occupied(mut slot) => {
                if let Edit::Inside { emptied, .. } = slot.get_mut() {
                    *emptied = true;
                }
            }
        }
        Ok(())
    }

    /// The edits of the folder that holds `path`, and the last part of the path.
    fn folder_of(&mut self, path: &RepoPath) -> Result<(&mut Names, Vec<u8>), RepoError> {
        let mut names = &mut self.names;
        let mut parts = path.parts().peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return Ok((names, part.as_bytes().to_vec()));
            }
            let edit = names
                .entry(part.as_bytes().to_vec())
                .or_insert_with(|| Edit::Inside { emptied: false, names: Names::new() });
            if matches!(edit, Edit::Remove) {
                *edit = Edit::Inside { emptied: true, names: Names::new() };
            }
            names = match edit {
                Edit::Inside { names, .. } => names,
                _ => return Err(file_and_folder(path)),
            };
        }
        Err(RepoError::Inconsistent("a path without parts".to_owned()))
    }

    /// Applies the edit to the tree `root` of a repository.
    pub(crate) async fn apply(self, repos: &Repos, repo: RepoId, root: Oid) -> Result<EditedTree, RepoError> {
        let mut done = EditedTree { root, objects: Vec::new(), changed: Vec::new() };
        let base = repos.tree_of(repo, root).await?;
        let new_root = Box::pin(apply_names(repos, repo, base, self.names, String::new(), &mut done)).await?;
        done.root = new_root.unwrap_or(Oid::EMPTY_TREE);
        if done.root == Oid::EMPTY_TREE && root != Oid::EMPTY_TREE {
            done.objects.push(prepare_object(ObjectKind::Tree, b""));
        }
        Ok(done)
    }
}

fn duplicate(path: &RepoPath) -> RepoError {
    RepoError::BadRequest(format!("the commit adds {path:?} more than once: send each path once"))
}

fn file_and_folder(path: &RepoPath) -> RepoError {
    RepoError::Unprocessable(format!("the commit uses {path:?} or a folder above it both as a file and as a folder"))
}

/// Applies the edits of one folder; answers the id of the new tree, `None` if nothing is left in it.
async fn apply_names(
    repos: &Repos,
    repo: RepoId,
    base: Arc<Tree>,
    names: Names,
    prefix: String,
    done: &mut EditedTree,
) -> Result<Option<Oid>, RepoError> {
    let mut entries: BTreeMap<Vec<u8>, TreeEntry> =
        base.entries().iter().map(|entry| (entry.name.clone(), entry.clone())).collect();
    let mut added: Vec<Vec<u8>> = Vec::new();
    let changes_before = done.changed.len();
    for (name, edit) in names {
        let path = format!("{prefix}{}", String::from_utf8_lossy(&name));
        let old = entries.get(&name).map(|entry| (entry.mode, entry.oid));
        let new = match edit {
            Edit::Remove => None,
            Edit::Put(mode, oid) => Some((mode, oid)),
            Edit::Inside { emptied, names } => {
                let inner = match old {
                    Some((Mode::Directory, oid)) if !emptied => repos.tree_of(repo, oid).await?,
                    Some((Mode::Directory, _)) | None => Arc::new(Tree::default()),
                    // Only removals inside what is no folder: there is nothing to do.
                    Some(_) if !names.values().any(puts_something) => continue,
                    Some(_) => {
                        return Err(RepoError::Unprocessable(format!(
                            "{path:?} is a file: delete it in the same commit to make a folder of that name"
                        )));
                    }
                };
                let inside = apply_names(repos, repo, inner, names, format!("{path}/"), done);
                Box::pin(inside).await?.map(|oid| (Mode::Directory, oid))
            }
        };
        if new == old {
            continue;
        }
        done.changed.push(path);
        match new {
            Some((mode, oid)) => {
                if old.is_none() {
                    added.push(name.clone());
                }
                entries.insert(name.clone(), TreeEntry { mode, name, oid });
            }
            None => {
                entries.remove(&name);
            }
        }
    }
    refuse_case_collisions(&entries, &added, &prefix)?;
    if entries.is_empty() {
        return Ok(None);
    }
    let tree = Tree::from_entries(entries.into_values().collect())?;
    if done.changed.len() == changes_before {
        return Ok(Some(hub_formats::git::object_id(ObjectKind::Tree, &tree.write())));
    }
    let object = prepare_object(ObjectKind::Tree, &tree.write());
    let oid = object.oid;
    done.objects.push(object);
    repos.trees().insert(repo, oid, Arc::new(tree));
    Ok(Some(oid))
}

fn puts_something(edit: &Edit) -> bool {
    match edit {
        Edit::Put(..) => true,
        Edit::Remove => false,
        Edit::Inside { names, .. } => names.values().any(puts_something),
    }
}

/// Two names that differ only in case cannot both be checked out on common laptops: a new one is refused. Names that
/// are there already, pushed by git, stay.
fn refuse_case_collisions(
    entries: &BTreeMap<Vec<u8>, TreeEntry>,
    added: &[Vec<u8>],
    prefix: &str,
) -> Result<(), RepoError> {
    if added.is_empty() {
        return Ok(());
    }
    let mut by_folded: BTreeMap<Vec<u8>, &[u8]> = BTreeMap::new();
    let mut collision = None;
    for name in entries.keys() {
        let folded = String::from_utf8_lossy(name).to_lowercase().into_bytes();
        if let Some(other) = by_folded.insert(folded, name)
            && added.iter().any(|new| new == name || new == other)
        {
            collision = Some((other.to_vec(), name.clone()));
        }
    }
    let Some((one, other)) = collision else { return Ok(()) };
    Err(RepoError::Unprocessable(format!(
        "{prefix}{} and {prefix}{} differ only in case, which many file systems cannot hold: rename one of them",
        String::from_utf8_lossy(&one),
        String::from_utf8_lossy(&other),
    )))
}
