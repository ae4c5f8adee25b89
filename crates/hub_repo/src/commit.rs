//! Commits through the API: a draft takes operations one by one, so that a body of any length is never held in memory,
//! and then becomes one commit or nothing.
//!
//! Order of writes: large content to the blob store, objects to their rows, and last one transaction that adds the
//! commit and moves the branch by compare-and-swap. A crash in between leaves objects that nothing refers to.

use bytes::Bytes;
use hub_core::{Access, CommitId, Oid, RefName, RepoKind, RepoPath, Revision, Sha256};
use hub_db::Tx;
use hub_formats::git::{Commit, Compressor, Mode, ObjectKind, Signature};
use hub_formats::lfs::Pointer;

use crate::edit::{EditedTree, PutMode, TreeEdit};
use crate::objects::{Unwritten, prepare_blob, prepare_object_with};
use crate::rules::BranchAct;
use crate::store::commits::{CommitRow, Introduced};
use crate::store::objects::NewObject;
use crate::store::{commits, facts as store_facts, objects, refs, repos};
use crate::{Repo, RepoError, facts};

/// What a commit says about itself.
#[derive(Clone, Debug, Default)]
pub struct CommitHeader {
    /// The first line of the message; must not be empty.
    pub title: String,
    /// The rest of the message.
    pub description: String,
    /// Where the branch must be for the commit to be made; `None` means wherever it is.
    pub parent: Option<Oid>,
}

impl CommitHeader {
    /// Refuses what git would refuse, and what is too long.
    pub(crate) fn check(&self) -> Result<(), RepoError> {
        if self.title.trim().is_empty() {
            return Err(RepoError::BadRequest("the commit needs a summary: send a header with a 'summary'".to_owned()));
        }
        if self.title.contains('\0') || self.description.contains('\0') {
            return Err(RepoError::BadRequest("the summary and description may hold no NUL character".to_owned()));
        }
        if self.title.len() + self.description.len() > MESSAGE_MAX_BYTES {
            return Err(RepoError::TooLarge(format!(
                "the summary and description have more than {MESSAGE_MAX_BYTES} bytes together: shorten them"
            )));
        }
        Ok(())
    }
}

/// One change of a commit.
#[derive(Clone, Debug)]
pub enum Operation {
    /// Writes a small file; with `old_path`, the file there goes away (a rename with new content).
    Put {
        /// Where.
        path: RepoPath,
        /// The whole content.
        content: Bytes,
        /// Where it was before.
        old_path: Option<RepoPath>,
    },
    /// Writes the pointer to a large file that was uploaded before.
    PutLarge {
        /// Where.
        path: RepoPath,
        /// Its content.
        sha256: Sha256,
        /// Its size, where the client says it; a wrong one is refused.
        size: Option<u64>,
        /// Where it was before.
        old_path: Option<RepoPath>,
    },
    /// Moves a file or folder as it is.
    Move {
        /// Where it was.
        from: RepoPath,
        /// Where it goes.
        to: RepoPath,
    },
    /// Deletes a folder and all in it.
    DeleteFolder(RepoPath),
    /// Deletes whatever is at the path.
    DeleteEntry(RepoPath),
}

/// A commit that was made.
#[derive(Clone, Debug)]
pub struct CommitDone {
    /// Its id.
    pub id: CommitId,
    /// What its author should mend in the card that it brought. A faulty card never keeps a commit out.
    pub card_warnings: Vec<String>,
}

/// The most bytes of a commit's message.
const MESSAGE_MAX_BYTES: usize = 64 << 10;
/// The file that holds the card.
pub(crate) const CARD: &str = "README.md";
/// Objects above this size together are written before the draft goes on.
const FLUSH_BYTES: usize = 8 << 20;
/// Blobs above this size are hashed and compressed on a thread that may be kept busy.
const INLINE_HASH_MAX: usize = 16 << 10;
/// How often a commit without a stated parent is tried again on a branch that keeps moving.
const MAX_TRIES: usize = 32;

/// An operation whose content is already an object.
#[derive(Debug)]
enum Step {
    Put { path: RepoPath, oid: Oid, old_path: Option<RepoPath> },
    Move { from: RepoPath, to: RepoPath },
    DeleteFolder(RepoPath),
    DeleteEntry(RepoPath),
}

/// A commit that was worked out and is not written yet.
pub(crate) struct Built {
    objects: Vec<NewObject>,
    changed: Vec<String>,
    commit: NewObject,
    pub(crate) row: CommitRow,
    introduced: Introduced,
    facts: Option<facts::Facts>,
}

/// A commit under construction.
pub struct CommitDraft {
    repo: Repo,
    branch: RefName,
    is_birth: bool,
    steps: Vec<Step>,
    pending: Vec<NewObject>,
    pending_bytes: usize,
    added_bytes: u64,
    card_warnings: Vec<String>,
    /// Out while a large blob is prepared elsewhere.
    compressor: Option<Compressor>,
}

impl Repo {
    /// Begins a commit on a branch.
    ///
    /// # Errors
    /// [`RepoError::RevisionNotFound`] if there is no such branch; [`RepoError::Forbidden`] if a rule of the branch is
    /// against it.
    pub async fn begin_commit(&self, branch: &Revision) -> Result<CommitDraft, RepoError> {
        self.require(Access::Propose)?;
        let (branch, _) = self.writable_branch(branch).await?;
        self.require_pusher(&branch).await?;
        self.require_by_rules(&branch, BranchAct::Push).await?;
        Ok(CommitDraft::on(self.clone(), branch))
    }
}

impl CommitDraft {
    /// The first commit of a repository: the row of the repository appears with it, so that no crash leaves one without
    /// the other.
    pub(crate) fn of_newborn(repo: Repo) -> Self {
        Self { is_birth: true, ..Self::on(repo, RefName::main()) }
    }

    pub(crate) fn on(repo: Repo, branch: RefName) -> Self {
        Self {
            repo,
            branch,
            is_birth: false,
            steps: Vec::new(),
            pending: Vec::new(),
            pending_bytes: 0,
            added_bytes: 0,
            card_warnings: Vec::new(),
            compressor: None,
        }
    }

    /// Adds one operation. Content is written out as the draft grows; memory stays flat.
    pub async fn push(&mut self, operation: Operation) -> Result<(), RepoError> {
        let most = self.repo.repos.limits().commit_operations;
        if self.steps.len() as u64 >= most {
            return Err(RepoError::TooLarge(format!(
                "a commit may have at most {most} operations: send the rest in another commit"
            )));
        }
        let step = match operation {
            Operation::Put { path, content, old_path } => {
                self.refuse_dangling_pointer(&path, &content).await?;
                if path.as_str() == CARD {
                    self.card_warnings = warnings_of(self.repo.addr().kind, &content);
                }
                let oid = self.add_blob(content).await?;
                Step::Put { path, oid, old_path }
            }
            Operation::PutLarge { path, sha256, size, old_path } => {
                let held = self.repo.held_large(sha256).await?;
                let held = held.ok_or_else(|| RepoError::LargeMissing { path: path.clone(), sha256 })?;
                if size.is_some_and(|size| size != held) {
                    return Err(RepoError::BadRequest(format!(
                        "{path:?} is said to have {} bytes, but the uploaded content {sha256} has {held}",
                        size.unwrap_or_default(),
                    )));
                }
                let oid = self.add_blob(Pointer { oid: sha256, size: held }.write().into()).await?;
                Step::Put { path, oid, old_path }
            }
            Operation::Move { from, to } => Step::Move { from, to },
            Operation::DeleteFolder(path) => Step::DeleteFolder(path),
            Operation::DeleteEntry(path) => Step::DeleteEntry(path),
        };
        self.steps.push(step);
        Ok(())
    }

    /// A pointer sent as an ordinary file must point to content that arrived here, as for a pushed one.
    async fn refuse_dangling_pointer(&self, path: &RepoPath, content: &[u8]) -> Result<(), RepoError> {
        let Ok(pointer) = Pointer::parse(content) else { return Ok(()) };
        match self.repo.held_large(pointer.oid).await? {
            Some(_) => Ok(()),
            None => Err(RepoError::LargeMissing { path: path.clone(), sha256: pointer.oid }),
        }
    }

    async fn add_blob(&mut self, content: Bytes) -> Result<Oid, RepoError> {
        let most = self.repo.repos.limits().plain_blob_bytes;
        if content.len() as u64 > most {
            return Err(RepoError::TooLarge(format!(
                "a file of {} bytes is too large for an ordinary commit (limit {most}): upload it as a large file",
                content.len(),
            )));
        }
        // Many small operations come at once, and none of them waits for anything: give way now and then.
        tokio::task::coop::consume_budget().await;
        let mut compressor = self.compressor.take().unwrap_or_default();
        let (prepared, compressor) = if content.len() <= INLINE_HASH_MAX {
            (prepare_blob(content, &mut compressor), compressor)
        } else {
            tokio::task::spawn_blocking(move || (prepare_blob(content, &mut compressor), compressor))
                .await
                .map_err(|_| RepoError::Inconsistent("hashing a blob failed".to_owned()))?
        };
        self.compressor = Some(compressor);
        if let Some((sha256, bytes)) = prepared.content {
            self.repo.repos.store_content(sha256, bytes).await?;
        }
        let oid = prepared.object.oid;
        self.added_bytes += prepared.object.size;
        self.pending_bytes += prepared.object.size as usize + 64;
        self.pending.push(prepared.object);
        if self.pending_bytes > FLUSH_BYTES {
            self.flush().await?;
        }
        Ok(oid)
    }

    /// Writes the objects collected so far; nothing refers to them yet.
    async fn flush(&mut self) -> Result<(), RepoError> {
        let pending = std::mem::take(&mut self.pending);
        self.pending_bytes = 0;
        let mut tx = self.repo.repos.db().begin().await?;
        objects::insert(&mut tx, self.repo.id(), &pending, self.repo.repos.clock().now()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Makes the commit.
    ///
    /// # Errors
    /// [`RepoError::StaleParent`] if the header names a parent and the branch is elsewhere; [`RepoError::Conflict`] if
    /// other writers were faster again and again; [`RepoError::EntryNotFound`] if something to delete is not there.
    pub async fn finish(mut self, header: CommitHeader) -> Result<CommitDone, RepoError> {
        header.check()?;
        // Writers of one branch queue here, so that they seldom lose the race below. The race decides, not the queue.
        let repo = self.repo.clone();
        let mut compressor = self.compressor.take().unwrap_or_default();
        let _turn = repo.repos.writers().turn(repo.id(), &self.branch).await;
        for _ in 0..MAX_TRIES {
            let head = refs::get(repo.repos.db(), repo.id(), &self.branch).await?;
            if header.parent.is_some() && header.parent != head {
                return Err(RepoError::StaleParent);
            }
            if let Some(done) = self.attempt(&header, head, &mut compressor).await? {
                return Ok(done);
            }
            if header.parent.is_some() {
                return Err(RepoError::StaleParent);
            }
        }
        Err(RepoError::Conflict(format!(
            "other commits to {} were faster {MAX_TRIES} times: try again",
            self.branch.short()
        )))
    }

    /// Makes the commit on top of `head`; `None` if the branch moved meanwhile.
    async fn attempt(
        &self,
        header: &CommitHeader,
        head: Option<Oid>,
        compressor: &mut Compressor,
    ) -> Result<Option<CommitDone>, RepoError> {
        let repo = &self.repo;
        let built = self.build(header, head, compressor).await?;
        let mut tx = repo.repos.db().begin().await?;
        if self.is_birth {
            repo.register(&mut tx).await?;
        }
        if !self.write(&mut tx, &built, &self.branch, head).await? {
            return Ok(None);
        }
        tx.commit().await?;
        Ok(Some(self.done(&built)))
    }

    pub(crate) fn done(&self, built: &Built) -> CommitDone {
        CommitDone { id: CommitId::new(built.row.oid), card_warnings: self.card_warnings.clone() }
    }

    /// The repository that the commit is for.
    pub(crate) fn repo(&self) -> &Repo {
        &self.repo
    }

    /// Works the commit out without writing it.
    pub(crate) async fn build(
        &self,
        header: &CommitHeader,
        head: Option<Oid>,
        compressor: &mut Compressor,
    ) -> Result<Built, RepoError> {
        let repo = &self.repo;
        let parent = match head {
            Some(oid) => Some(repo.commit_row(CommitId::new(oid)).await?),
            None => None,
        };
        let base = parent.as_ref().map_or(Oid::EMPTY_TREE, |row| row.tree);
        let edited = self.edit(base, head).await?.apply(&repo.repos, repo.id(), base, compressor).await?;
        let now = repo.repos.clock().now();
        let author = repo.signature(now.seconds());
        let commit = Commit {
            tree: edited.root,
            parents: head.into_iter().collect(),
            author: author.clone(),
            committer: author,
            extra: Vec::new(),
            message: message_of(header),
        };
        let commit_object = prepare_object_with(compressor, ObjectKind::Commit, &commit.write());
        let row = CommitRow {
            oid: commit_object.oid,
            tree: edited.root,
            parents: commit.parents,
            generation: parent.as_ref().map_or(1, |row| row.generation + 1),
            ancestors: parent.as_ref().map_or(1, |row| row.ancestors + 1),
            seconds: now.seconds(),
        };
        let may_tell = edited.moved_folders || facts::depend_on(repo.addr().kind, &edited.changed);
        let facts = if self.branch == RefName::main() && may_tell {
            let unwritten = Unwritten::new(self.pending.iter().chain(&edited.objects));
            Some(repo.gather_facts(edited.root, &unwritten).await?)
        } else {
            None
        };

        let introduced = self.introduced(&edited, head);
        let EditedTree { objects, changed, .. } = edited;
        Ok(Built { objects, changed, commit: commit_object, row, introduced, facts })
    }

    /// Writes the commit and moves `name` from `head` to it; answers whether the reference was there.
    pub(crate) async fn write(
        &self,
        tx: &mut Tx,
        built: &Built,
        name: &RefName,
        head: Option<Oid>,
    ) -> Result<bool, RepoError> {
        let repo = &self.repo;
        let now = repo.repos.clock().now();
        // What is only proposed does not change the repository.
        let is_there = match name.is_pull_request() {
            true => repos::lock(tx, repo.id()).await?,
            false => repos::touch(tx, repo.id(), now).await?,
        };
        if !is_there {
            return Err(RepoError::RepoNotFound);
        }
        let new_objects = self.pending.iter().chain(&built.objects).chain([&built.commit]);
        objects::insert(tx, repo.id(), new_objects, now).await?;
        commits::insert(tx, repo.id(), &built.row, Some(&built.introduced)).await?;
        commits::insert_changes(tx, repo.id(), &built.row, built.changed.iter().map(String::as_str)).await?;
        if !refs::compare_and_swap(tx, repo.id(), name, head, built.row.oid, now).await? {
            return Ok(false);
        }
        repos::add_used_bytes(tx, repo.id(), self.added_bytes as i64).await?;
        if let Some(facts) = &built.facts {
            store_facts::write(tx, repo.id(), facts).await?;
        }
        repo.note_push(tx, name, head, Some(built.row.oid)).await?;
        Ok(true)
    }

    /// What the commit has and its parent may lack. Whatever else is in its tree was moved within it, or stayed.
    fn introduced(&self, edited: &EditedTree, head: Option<Oid>) -> Introduced {
        let trees = edited.objects.iter().map(|object| object.oid).chain(head.is_none().then_some(edited.root));
        let put = |step: &Step| match step {
            Step::Put { oid, .. } => Some(*oid),
            Step::Move { .. } | Step::DeleteFolder(_) | Step::DeleteEntry(_) => None,
        };
        Introduced { trees: trees.collect(), blobs: self.steps.iter().filter_map(put).collect() }
    }

    /// The steps as an edit of the tree `base`.
    async fn edit(&self, base: Oid, head: Option<Oid>) -> Result<TreeEdit, RepoError> {
        let mut edit = TreeEdit::default();
        // Removals first: a commit may delete a folder and put files into it, in any order.
        for step in &self.steps {
            match step {
                Step::Put { old_path: Some(from), path, .. } if from != path => {
                    self.existing(base, head, from).await?;
                    edit.remove(from)?;
                }
                Step::Move { from, .. } => {
                    self.existing(base, head, from).await?;
                    edit.remove(from)?;
                }
                Step::DeleteFolder(path) => {
                    if self.existing(base, head, path).await?.0 != Mode::Directory {
                        return Err(RepoError::entry_not_found(path.as_str(), head));
                    }
                    edit.remove(path)?;
                }
                Step::DeleteEntry(path) => {
                    self.existing(base, head, path).await?;
                    edit.remove(path)?;
                }
                Step::Put { .. } => {}
            }
        }
        for step in &self.steps {
            match step {
                Step::Put { path, oid, old_path } => {
                    let mode = match old_path {
                        Some(from) => PutMode::Exactly(self.mode_for(base, from).await?),
                        None => PutMode::Replacing,
                    };
                    edit.put(path, mode, *oid)?;
                }
                Step::Move { from, to } => {
                    let (mode, oid) = self.existing(base, head, from).await?;
                    edit.put(to, PutMode::Exactly(mode), oid)?;
                }
                _ => {}
            }
        }
        Ok(edit)
    }

    async fn existing(&self, base: Oid, head: Option<Oid>, path: &RepoPath) -> Result<(Mode, Oid), RepoError> {
        let entry = self.repo.find_below(base, path).await?;
        entry.map(|entry| (entry.mode, entry.oid)).ok_or_else(|| RepoError::entry_not_found(path.as_str(), head))
    }

    /// A file that is renamed stays executable if it was; everything else becomes an ordinary file.
    async fn mode_for(&self, base: Oid, path: &RepoPath) -> Result<Mode, RepoError> {
        let old = self.repo.find_below(base, path).await?;
        Ok(if old.is_some_and(|entry| entry.mode == Mode::Executable) { Mode::Executable } else { Mode::File })
    }
}

impl Repo {
    /// Writes the row of a new repository.
    pub(crate) async fn register(&self, tx: &mut Tx) -> Result<(), RepoError> {
        let taken = || RepoError::RepoExists { addr: Box::new(self.addr().clone()) };
        if repos::exists(tx, self.addr()).await? {
            return Err(taken());
        }
        // Another replica may be creating the same one at this moment: then the database decides.
        match repos::insert(tx, self.state()).await {
            Err(error) if error.is_unique() => Err(taken()),
            other => Ok(other?),
        }
    }

    /// Who signs a commit that this handle's caller makes now. The address tells nobody's real mail.
    pub(crate) fn signature(&self, seconds: i64) -> Signature {
        let name = self.caller().user().map_or_else(|| "hearth".to_owned(), |user| user.name.to_string());
        let email = format!("{name}@users.noreply.hearth");
        Signature::new(&name, &email, seconds, 0)
    }
}

/// What the author of a card should mend.
pub(crate) fn warnings_of(kind: RepoKind, content: &[u8]) -> Vec<String> {
    let found = hub_formats::card::validate(kind, &String::from_utf8_lossy(content));
    found.errors.into_iter().chain(found.warnings).map(|message| message.message).collect()
}

pub(crate) fn message_of(header: &CommitHeader) -> Vec<u8> {
    let title = header.title.trim();
    let description = header.description.trim();
    let message = if description.is_empty() { title.to_owned() } else { format!("{title}\n\n{description}") };
    message.into_bytes()
}
