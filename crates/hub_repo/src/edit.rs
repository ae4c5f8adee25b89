//! Editing trees: a set of changes by path, applied to a tree, gives new trees for the changed folders only.

use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use hub_core::{Oid, RepoPath};
use hub_formats::git::{self, Compressor, Mode, ObjectKind, Tree, delta};

use crate::objects::prepare_object_with;
use crate::store::objects::{self, Delta, Depth, NewObject, ObjectBody};
use crate::unfold::CHAIN_GROWN_MAX;
use crate::{RepoError, RepoId, Repos};

/// What becomes of one name in a folder.
#[derive(Debug)]
enum Edit {
    /// It becomes this.
    Put(PutMode, Oid),
    /// It goes away, whether file or folder.
    Remove,
    /// Names inside it change; `emptied` says that the folder's old content goes away first.
    Inside { emptied: bool, names: Names },
}

/// What is put at a path.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PutMode {
    /// A file, which stays executable if it replaces an executable one.
    Replacing,
    /// Exactly this.
    Exactly(Mode),
}

impl PutMode {
    fn over(self, old: Option<Mode>) -> Mode {
        match self {
            PutMode::Exactly(mode) => mode,
            PutMode::Replacing if old == Some(Mode::Executable) => Mode::Executable,
            PutMode::Replacing => Mode::File,
        }
    }
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
    /// Every file and folder that is not what it was, removed ones included; of a folder that came or went as a whole,
    /// only its own path.
    pub(crate) changed: Vec<String>,
    /// Whether there is such a folder, so that files came or went whose paths are not told.
    pub(crate) moved_folders: bool,
}

impl TreeEdit {
    /// Puts a file at a path.
    ///
    /// # Errors
    /// [`RepoError::Unprocessable`] if the same edit puts a file there already, or at one of the folders above.
    pub(crate) fn put(&mut self, path: &RepoPath, mode: PutMode, oid: Oid) -> Result<(), RepoError> {
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
    pub(crate) async fn apply(
        self,
        repos: &Repos,
        repo: RepoId,
        root: Oid,
        compressor: &mut Compressor,
    ) -> Result<EditedTree, RepoError> {
        let mut done = Applied {
            edited: EditedTree { root, objects: Vec::new(), changed: Vec::new(), moved_folders: false },
            folds: Vec::new(),
            compressor,
        };
        let base = Base { oid: root, tree: repos.tree_of(repo, root).await?, emptied: false };
        let new_root = Box::pin(apply_names(repos, repo, base, self.names, String::new(), &mut done)).await?;
        let Applied { mut edited, folds, compressor } = done;
        fold(repos, repo, &mut edited, folds, compressor).await?;
        edited.root = new_root.unwrap_or(Oid::EMPTY_TREE);
        if edited.root == Oid::EMPTY_TREE && root != Oid::EMPTY_TREE {
            edited.objects.push(prepare_object_with(compressor, ObjectKind::Tree, b""));
        }
        Ok(edited)
    }
}

fn duplicate(path: &RepoPath) -> RepoError {
    RepoError::BadRequest(format!("the commit adds {path:?} more than once: send each path once"))
}

fn file_and_folder(path: &RepoPath) -> RepoError {
    RepoError::Unprocessable(format!("the commit uses {path:?} or a folder above it both as a file and as a folder"))
}

/// A new tree told by what it shares with the one that it replaces.
struct Fold {
    /// Which of the new objects it is.
    place: usize,
    base: Oid,
    delta: Vec<u8>,
}

/// Gives new trees the form of a delta where they share much with what they replace and that is not deep itself. The
/// trees that are replaced belong to the commit on which the new one stands, so they are there when it is written.
async fn fold(
    repos: &Repos,
    repo: RepoId,
    edited: &mut EditedTree,
    folds: Vec<Fold>,
    compressor: &mut Compressor,
) -> Result<(), RepoError> {
    let bases: Vec<Oid> = folds.iter().map(|fold| fold.base).collect();
    let depths = objects::depths(repos.db(), repo, &bases).await?;
    let depths: HashMap<Oid, Depth> = depths.into_iter().collect();
    for Fold { place, base, delta } in folds {
        if let Some(Depth::InRow(below)) = depths.get(&base)
            && *below < CHAIN_GROWN_MAX
            && let Some(object) = edited.objects.get_mut(place)
        {
            let size = delta.len() as u64;
            let delta = Delta { base, size, depth: below + 1, stream: compressor.compress(&delta) };
            object.body = ObjectBody::Delta(delta);
        }
    }
    Ok(())
}

/// What applying has given so far, and what it works with.
struct Applied<'a> {
    edited: EditedTree,
    folds: Vec<Fold>,
    compressor: &'a mut Compressor,
}

/// What is at a name: nothing, or an object of this mode.
type Entity = Option<(Mode, Oid)>;

/// The folder that an edit begins with.
struct Base {
    oid: Oid,
    tree: Arc<Tree>,
    /// Whether its content goes away first. It still tells which files were executable.
    emptied: bool,
}

/// Applies the edits of one folder; answers the id of the new tree, `None` if nothing is left in it.
async fn apply_names(
    repos: &Repos,
    repo: RepoId,
    base: Base,
    names: Names,
    prefix: String,
    done: &mut Applied<'_>,
) -> Result<Option<Oid>, RepoError> {
    let is_folder = |entity: Entity| entity.is_some_and(|(mode, _)| mode == Mode::Directory);
    let mut changes: Vec<(Vec<u8>, Entity)> = Vec::new();
    let mut added: Vec<Vec<u8>> = Vec::new();
    let changed_before = done.edited.changed.len();
    for (name, edit) in names {
        let path = format!("{prefix}{}", String::from_utf8_lossy(&name));
        let before = base.tree.get(&name).map(|entry| (entry.mode, entry.oid));
        let old = before.filter(|_| !base.emptied);
        let new = match edit {
            Edit::Remove => {
                done.edited.moved_folders |= is_folder(old);
                None
            }
            Edit::Put(mode, oid) => {
                let new = Some((mode.over(before.map(|(mode, _)| mode)), oid));
                done.edited.moved_folders |= is_folder(old) || is_folder(new);
                new
            }
            Edit::Inside { emptied, names } => {
                if old.is_some() && !is_folder(old) && !emptied {
                    if names.values().any(puts_something) {
                        return Err(RepoError::Unprocessable(format!(
                            "{path:?} is a file: delete it in the same commit to make a folder of that name"
                        )));
                    }
                    // Only removals inside what is no folder: there is nothing to do.
                    continue;
                }
                done.edited.moved_folders |= emptied && is_folder(old);
                let inner = match before {
                    Some((Mode::Directory, oid)) => {
                        Base { oid, tree: repos.tree_of(repo, oid).await?, emptied: emptied || base.emptied }
                    }
                    _ => Base { oid: Oid::EMPTY_TREE, tree: Arc::default(), emptied: false },
                };
                let inside = apply_names(repos, repo, inner, names, format!("{path}/"), done);
                Box::pin(inside).await?.map(|oid| (Mode::Directory, oid))
            }
        };
        if new == old {
            continue;
        }
        done.edited.changed.push(path);
        if new.is_some() && old.is_none() {
            added.push(name.clone());
        }
        changes.push((name, new));
    }
    let mut tree = if base.emptied { Tree::new() } else { Tree::clone(&base.tree) };
    tree.edit(changes)?;
    refuse_case_collisions(&tree, &added, &prefix)?;
    if tree.is_empty() {
        return Ok(None);
    }
    let content = tree.write();
    if done.edited.changed.len() == changed_before {
        return Ok(Some(git::object_id(ObjectKind::Tree, &content)));
    }
    let object = prepare_object_with(done.compressor, ObjectKind::Tree, &content);
    let oid = object.oid;
    if let Some(delta) = delta_on(&base, &content) {
        done.folds.push(Fold { place: done.edited.objects.len(), base: base.oid, delta });
    }
    done.edited.objects.push(object);
    repos.trees().insert(repo, oid, Arc::new(tree));
    Ok(Some(oid))
}

/// A new tree as a delta on the one that it replaces, if that saves much.
fn delta_on(base: &Base, content: &[u8]) -> Option<Vec<u8>> {
    let old = base.tree.write();
    // A tree that was pushed may be spelled in a way that reading and writing it does not keep.
    let delta = delta::encode(&old, content, content.len() / 2)?;
    (git::object_id(ObjectKind::Tree, &old) == base.oid).then_some(delta)
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
fn refuse_case_collisions(tree: &Tree, added: &[Vec<u8>], prefix: &str) -> Result<(), RepoError> {
    let mut by_folded: HashMap<Cow<'_, [u8]>, &[u8]> = HashMap::with_capacity(added.len());
    let mut collision = None;
    for name in added {
        if let Some(other) = by_folded.insert(folded(name), name) {
            collision = Some((other, name.as_slice()));
        }
    }
    if !added.is_empty() {
        for entry in tree.entries() {
            if let Some(new) = by_folded.get(&folded(&entry.name)).filter(|new| **new != entry.name) {
                collision = Some((new, &entry.name));
            }
        }
    }
    let Some((one, other)) = collision else { return Ok(()) };
    Err(RepoError::Unprocessable(format!(
        "{prefix}{} and {prefix}{} differ only in case, which many file systems cannot hold: rename one of them",
        String::from_utf8_lossy(one.min(other)),
        String::from_utf8_lossy(one.max(other)),
    )))
}

/// A name as a file system compares it that knows no case. Most names are in lower case, and not copied.
fn folded(name: &[u8]) -> Cow<'_, [u8]> {
    if !name.is_ascii() {
        return String::from_utf8_lossy(name).to_lowercase().into_bytes().into();
    }
    if name.iter().any(u8::is_ascii_uppercase) { name.to_ascii_lowercase().into() } else { name.into() }
}
