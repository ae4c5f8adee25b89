//! Help with conflicts: both versions of the files on which the sides of a pull request disagree, and the commit that joins
//! them as somebody wrote it.
//!
//! That commit lies on the branch of the pull request and has two parents, as `git merge` would have made it. It is worked
//! out first and written in the transaction of whoever asks, if the branch is still where its author saw it.

use bytes::Bytes;
use hub_core::{Access, CommitId, Oid, RepoPath, ThreadNumber};
use hub_db::Tx;
use hub_formats::git::{Commit, Compressor, Mode, ObjectKind};
use hub_formats::lfs::Pointer;

use super::Pull;
use super::lines::merge_marked;
use crate::commit::{CommitHeader, message_of};
use crate::edit::PutMode;
use crate::objects::{ROW_BLOB_MAX, prepare_blob, prepare_object_with};
use crate::store::commits::CommitRow;
use crate::store::objects::NewObject;
use crate::store::{commits, objects, refs, repos};
use crate::{Repo, RepoError};

/// The most files that are solved in one form, and the most text of all of them.
const FILES_MAX: usize = 10;
const TEXT_MAX_BYTES: usize = 256 << 10;

/// A file on which both sides disagree.
#[derive(Clone, Debug)]
pub struct Conflict {
    /// Its path.
    pub path: String,
    /// What it is on the branch; `None` if it is not there, or no small text.
    pub base: Option<String>,
    /// What the pull request makes of it.
    pub pull: Option<String>,
    /// Both in one text, with the marks of git around what differs; `None` if the file is no small text.
    pub marked: Option<String>,
}

/// What keeps a pull request from being merged.
#[derive(Clone, Debug)]
pub struct Conflicts {
    /// Where the branch is.
    pub base: Oid,
    /// Where the pull request is.
    pub head: Oid,
    /// The files, or the first of them.
    pub files: Vec<Conflict>,
    /// Whether they are few and small enough to be written anew in a form.
    pub is_solvable: bool,
}

/// How somebody joins both sides.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// Where the branch was when they looked.
    pub base: Oid,
    /// Where the pull request was.
    pub head: Oid,
    /// The files as they shall be; `None` removes one.
    pub files: Vec<(RepoPath, Option<String>)>,
}

/// The commit that joins both sides, worked out and not written yet.
pub struct PreparedResolution {
    repo: Repo,
    number: ThreadNumber,
    head: Oid,
    objects: Vec<NewObject>,
    row: CommitRow,
    changed: Vec<String>,
}

impl Repo {
    /// The files on which both sides of a pull request disagree, with both versions. A face shows it only to those who may
    /// read the files.
    ///
    /// # Errors
    /// [`RepoError::Conflict`] if it is merged or one of its branches is gone.
    pub async fn conflicts(&self, pull: &Pull) -> Result<Conflicts, RepoError> {
        let (base, head) = open_ends(pull)?;
        let paths = self.join(head, base, &mut Compressor::default()).await?.conflicts;
        let mut found = Conflicts { base, head, files: Vec::new(), is_solvable: paths.len() <= FILES_MAX };
        let fork = self.between(base, head).await?.fork;
        let mut bytes = 0;
        for path in paths.into_iter().take(FILES_MAX) {
            let mut conflict = Conflict { path, base: None, pull: None, marked: None };
            let mut is_text = true;
            if let Ok(path) = conflict.path.parse::<RepoPath>() {
                let mut texts = Vec::new();
                for commit in [fork, Some(base), Some(head)] {
                    let (text, fine) = self.side_of(commit, &path).await?;
                    is_text &= fine;
                    texts.push(text);
                }
                conflict.pull = texts.pop().flatten();
                conflict.base = texts.pop().flatten();
                let origin = texts.pop().flatten().unwrap_or_default();
                let sides = [&conflict.base, &conflict.pull].map(|side| side.clone().unwrap_or_default());
                let names = (pull.number.pull_ref().to_string(), pull.base.short().to_owned());
                let marked = tokio::task::spawn_blocking(move || {
                    let [base, pull] = sides;
                    merge_marked(&origin, (&pull, &names.0), (&base, &names.1))
                });
                let marked = marked.await.map_err(|_| RepoError::Inconsistent("joining texts failed".to_owned()))?;
                bytes += marked.len();
                conflict.marked = is_text.then_some(marked);
            }
            found.is_solvable &= conflict.marked.is_some() && bytes <= TEXT_MAX_BYTES;
            found.files.push(conflict);
        }
        Ok(found)
    }

    /// The text of a file at a commit, and whether what is there is a text or nothing.
    async fn side_of(&self, commit: Option<Oid>, path: &RepoPath) -> Result<(Option<String>, bool), RepoError> {
        let Some(commit) = commit else { return Ok((None, true)) };
        let root = self.commit_row(CommitId::new(commit)).await?.tree;
        let Some(entry) = self.find_below(root, path).await? else { return Ok((None, true)) };
        if !matches!(entry.mode, Mode::File | Mode::Executable) {
            return Ok((None, false));
        }
        let text = self.text_of(entry.oid).await?;
        let is_text = text.is_some();
        Ok((text, is_text))
    }

    /// Works out the commit that joins both sides as somebody wrote it.
    ///
    /// # Errors
    /// [`RepoError::Forbidden`] for others than the author of the pull request and those who may write;
    /// [`RepoError::Conflict`] if a branch moved since, or a file is left out.
    pub async fn prepare_resolution(
        &self,
        pull: &Pull,
        resolution: Resolution,
    ) -> Result<PreparedResolution, RepoError> {
        self.require(Access::Propose)?;
        self.require_puller(pull)?;
        let (base, head) = open_ends(pull)?;
        if (base, head) != (resolution.base, resolution.head) {
            return Err(RepoError::Conflict(
                "one of the branches moved since you looked: look at the conflicts again".to_owned(),
            ));
        }
        let mut compressor = Compressor::default();
        let mut joined = self.join(head, base, &mut compressor).await?;
        if joined.conflicts.is_empty() {
            return Err(RepoError::Conflict("there are no conflicts to solve".to_owned()));
        }
        let tree = self.commit_row(CommitId::new(head)).await?.tree;
        for path in &joined.conflicts {
            let found = resolution.files.iter().find(|(known, _)| known.as_str() == path);
            let Some((path, text)) = found else {
                return Err(RepoError::Conflict(format!("{path:?} is not solved yet: write what it shall be")));
            };
            let present = self.find_below(tree, path).await?;
            match text {
                Some(text) => {
                    require_solved(path, text)?;
                    let blob = prepare_blob(Bytes::from(text.clone()), &mut compressor).object;
                    let mode = present.map(|entry| entry.mode).filter(|mode| *mode == Mode::Executable);
                    joined.edit.put(path, PutMode::Exactly(mode.unwrap_or(Mode::File)), blob.oid)?;
                    joined.blobs.push(blob);
                }
                None if present.is_some() => joined.edit.remove(path)?,
                None => {}
            }
        }
        let edited = joined.edit.apply(&self.repos, self.id(), tree, &mut compressor).await?;
        let (ours, theirs) = (self.commit_row(CommitId::new(head)).await?, self.commit_row(CommitId::new(base)).await?);
        let missing = self.between(head, base).await?.only_in_head.len();
        let header = CommitHeader {
            title: format!("Merge {} into {}", pull.base.short(), pull.number.pull_ref()),
            ..CommitHeader::default()
        };
        let seconds = self.repos.clock().now().seconds();
        let author = self.signature(seconds);
        let commit = Commit {
            tree: edited.root,
            parents: vec![head, base],
            author: author.clone(),
            committer: author,
            extra: Vec::new(),
            message: message_of(&header),
        };
        let object = prepare_object_with(&mut compressor, ObjectKind::Commit, &commit.write());
        let row = CommitRow {
            oid: object.oid,
            tree: edited.root,
            parents: commit.parents,
            generation: ours.generation.max(theirs.generation) + 1,
            ancestors: ours.ancestors + missing as i64 + 1,
            seconds,
        };
        let objects: Vec<NewObject> = joined.blobs.into_iter().chain(edited.objects).chain([object]).collect();
        Ok(PreparedResolution { repo: self.clone(), number: pull.number, head, objects, row, changed: edited.changed })
    }
}

impl PreparedResolution {
    /// The commit that it will be.
    pub fn commit(&self) -> CommitId {
        CommitId::new(self.row.oid)
    }

    /// Writes the commit; answers whether the branch was still where it had been, else nothing may be committed.
    pub async fn write(&self, tx: &mut Tx) -> Result<bool, RepoError> {
        let repo = &self.repo;
        let now = repo.repos.clock().now();
        if !repos::lock(tx, repo.id()).await? {
            return Err(RepoError::RepoNotFound);
        }
        let name = self.number.pull_ref();
        objects::insert(tx, repo.id(), &self.objects, now).await?;
        commits::insert(tx, repo.id(), &self.row, None).await?;
        commits::insert_changes(tx, repo.id(), &self.row, self.changed.iter().map(String::as_str)).await?;
        if !refs::compare_and_swap(tx, repo.id(), &name, Some(self.head), self.row.oid, now).await? {
            return Ok(false);
        }
        let added: u64 = self.objects.iter().filter(|new| new.kind == ObjectKind::Blob).map(|new| new.size).sum();
        repos::add_used_bytes(tx, repo.id(), added as i64).await?;
        repo.note_push(tx, &name, Some(self.head), Some(self.row.oid)).await?;
        Ok(true)
    }
}

/// Where both branches of a pull request are that goes on.
fn open_ends(pull: &Pull) -> Result<(Oid, Oid), RepoError> {
    match (pull.merged, pull.base_head, pull.head) {
        (None, Some(base), Some(head)) => Ok((base, head)),
        (Some(_), ..) => Err(RepoError::Conflict(format!("the pull request {} is merged already", pull.number))),
        _ => Err(RepoError::Conflict("one of the branches of the pull request was deleted".to_owned())),
    }
}

/// Refuses what cannot be meant as the text of a file.
fn require_solved(path: &RepoPath, text: &str) -> Result<(), RepoError> {
    if text.len() > ROW_BLOB_MAX || text.contains('\0') {
        return Err(RepoError::Unprocessable(format!("{path} is no text of at most {ROW_BLOB_MAX} bytes any more")));
    }
    if Pointer::parse(text.as_bytes()).is_ok() {
        return Err(RepoError::Unprocessable(format!("{path} would point to a large file: bring that by git")));
    }
    if text.lines().any(|line| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ")) {
        return Err(RepoError::Unprocessable(format!("{path} still has marks of conflicts: leave one version there")));
    }
    Ok(())
}
