//! Pull requests as git sees them: a branch `refs/pr/N` of the same repository that whoever may read can open.
//!
//! Who talks about them, and in which state they are, is the business of a feature above; here is what concerns
//! references and commits: whose the branch is, who may move it, and how it is merged. Its use cases hand in the
//! transaction in which their own rows appear, so that no pull request exists by half.

mod history;
mod lines;
mod merge;
mod owners;
mod places;
mod resolve;

use hub_account::NamespaceId;
use hub_core::{Access, CommitId, Oid, RefName, Revision, ThreadNumber};
use hub_db::Tx;

pub use merge::{Merge, MergeRight, PreparedMerge};
pub use owners::OwnedFiles;
pub use places::LineRange;
pub use resolve::{Conflict, Conflicts, PreparedResolution, Resolution};

use crate::commit::{Built, CommitDone, CommitDraft, CommitHeader};
use crate::history::CommitInfo;
use crate::open::refusal;
use crate::receive::RefUpdate;
use crate::store::{pulls, refs, repos};
use crate::{Change, Repo, RepoError};

/// The most commits of a pull request that are listed.
const COMMITS_MAX: usize = 250;

/// How a pull request was merged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Merged {
    /// The commit that brought its changes to the other branch.
    pub commit: Oid,
    /// Where that branch was before.
    pub base: Oid,
    /// Where the pull request was.
    pub head: Oid,
}

/// A pull request.
#[derive(Clone, Debug)]
pub struct Pull {
    /// Its number.
    pub number: ThreadNumber,
    /// Who opened it.
    pub author: NamespaceId,
    /// The branch that it is for.
    pub base: RefName,
    /// Where that branch is; `None` if it was deleted.
    pub base_head: Option<Oid>,
    /// Where its own branch is; `None` if that was deleted.
    pub head: Option<Oid>,
    /// How it was merged, if it was.
    pub merged: Option<Merged>,
}

/// Where a pull request begins.
#[derive(Clone, Debug)]
pub struct PullBase {
    branch: RefName,
    at: Oid,
}

/// A pull request with its first commit, worked out and not written yet.
pub struct PreparedPull {
    draft: CommitDraft,
    built: Built,
    base: PullBase,
}

impl Repo {
    /// The pull request of that number.
    pub async fn pull(&self, number: ThreadNumber) -> Result<Option<Pull>, RepoError> {
        let db = self.repos.db();
        let Some(row) = pulls::get(db, self.id(), number).await? else { return Ok(None) };
        Ok(Some(Pull {
            number,
            author: row.author,
            base_head: refs::get(db, self.id(), &row.base).await?,
            base: row.base,
            head: refs::get(db, self.id(), &number.pull_ref()).await?,
            merged: row.merged,
        }))
    }

    /// The branch for which a pull request is opened.
    ///
    /// # Errors
    /// [`RepoError::RevisionNotFound`] if it is no branch of this repository.
    pub async fn pull_base(&self, branch: &Revision) -> Result<PullBase, RepoError> {
        self.require(Access::Propose)?;
        let (branch, at) = self.writable_branch(branch).await?;
        if !branch.is_branch() {
            return Err(RepoError::RevisionNotFound(branch.to_string()));
        }
        Ok(PullBase { branch, at })
    }

    /// Opens a pull request without commits of its own.
    pub async fn open_pull(&self, tx: &mut Tx, number: ThreadNumber, base: &PullBase) -> Result<(), RepoError> {
        self.require(Access::Propose)?;
        if !repos::lock(tx, self.id()).await? {
            return Err(RepoError::RepoNotFound);
        }
        let now = self.repos.clock().now();
        if !refs::compare_and_swap(tx, self.id(), &number.pull_ref(), None, base.at, now).await? {
            return Err(RepoError::Conflict(format!("Reference {} already exists", number.pull_ref())));
        }
        self.write_pull(tx, number, base).await?;
        self.note_push(tx, &number.pull_ref(), None, Some(base.at)).await
    }

    async fn write_pull(&self, tx: &mut Tx, number: ThreadNumber, base: &PullBase) -> Result<(), RepoError> {
        let author = self.caller().user().ok_or(RepoError::NeedsLogin)?.id;
        Ok(pulls::insert(tx, self.id(), number, author, &base.branch).await?)
    }

    /// Begins the commit with which a pull request is opened.
    pub fn begin_pull(&self, base: &PullBase) -> Result<CommitDraft, RepoError> {
        self.require(Access::Propose)?;
        Ok(CommitDraft::on(self.clone(), base.branch.clone()))
    }

    /// The commits of a pull request that the branch it is for lacks, oldest first, at most 250.
    pub async fn pull_commits(&self, pull: &Pull) -> Result<Vec<CommitInfo>, RepoError> {
        let Some((base, head)) = pull.ends() else { return Ok(Vec::new()) };
        let mut own = self.between(base, head).await?.only_in_head;
        own.truncate(COMMITS_MAX);
        own.reverse();
        self.commit_infos(&own).await
    }

    /// The files that a pull request changes, compared with where it left the branch that it is for.
    pub async fn pull_changes(&self, pull: &Pull) -> Result<Vec<Change>, RepoError> {
        let Some((base, head)) = pull.ends() else { return Ok(Vec::new()) };
        let fork = self.between(base, head).await?.fork;
        self.compare(fork.map(CommitId::new), Some(CommitId::new(head))).await
    }

    /// Deletes the branch of a pull request. What only it held is collected later.
    ///
    /// # Errors
    /// [`RepoError::Forbidden`] for others than its author and those who may write.
    pub async fn delete_pull_ref(&self, tx: &mut Tx, pull: &Pull) -> Result<(), RepoError> {
        self.require_puller(pull)?;
        let name = pull.number.pull_ref();
        if !refs::delete(tx, self.id(), &name).await? {
            return Err(RepoError::RevisionNotFound(name.to_string()));
        }
        self.note_push(tx, &name, pull.head, None).await
    }

    /// Removes all that is left of a pull request.
    pub async fn forget_pull(&self, tx: &mut Tx, pull: &Pull) -> Result<(), RepoError> {
        self.require(Access::Admin)?;
        pulls::delete(tx, self.id(), pull.number).await?;
        if pull.head.is_some() && refs::delete(tx, self.id(), &pull.number.pull_ref()).await? {
            self.note_push(tx, &pull.number.pull_ref(), pull.head, None).await?;
        }
        Ok(())
    }

    /// Whether the caller of this handle has a pull request here that is not merged.
    pub(crate) async fn has_open_pull_of_caller(&self) -> Result<bool, RepoError> {
        match self.caller().user() {
            Some(user) => Ok(pulls::has_unmerged_of(self.repos.db(), self.id(), user.id).await?),
            None => Ok(false),
        }
    }

    /// Refuses a commit to a branch that is not the caller's to move: other branches want the right to write, that of a
    /// pull request its author or the right to write.
    pub(crate) async fn require_pusher(&self, branch: &RefName) -> Result<(), RepoError> {
        match self.refused_pusher(branch).await? {
            Some(refused) => Err(refused),
            None => Ok(()),
        }
    }

    /// Why the caller may not move what an update of a push names.
    pub(crate) async fn refused_to_caller(&self, update: &RefUpdate) -> Result<Option<String>, RepoError> {
        let refused = self.refused_pusher(&update.name).await?;
        Ok(refused.map(|refused| refused.to_string()))
    }

    async fn refused_pusher(&self, branch: &RefName) -> Result<Option<RepoError>, RepoError> {
        if !branch.is_pull_request() {
            let may_write = self.permits(Access::Write);
            return Ok((!may_write).then(|| refusal(self.caller(), self.state(), Access::Write)));
        }
        let unknown =
            || RepoError::Forbidden("refs/pr/ belongs to pull requests: open one, then push to its branch".to_owned());
        let Some(number) = ThreadNumber::of_pull_ref(branch) else { return Ok(Some(unknown())) };
        let Some(pull) = self.pull(number).await? else { return Ok(Some(unknown())) };
        if pull.merged.is_some() {
            return Ok(Some(RepoError::Forbidden(format!(
                "the pull request {number} is merged: open another one for further changes"
            ))));
        }
        Ok(self.require_puller(&pull).err())
    }

    /// States that the caller opened the pull request or may write.
    fn require_puller(&self, pull: &Pull) -> Result<(), RepoError> {
        let is_author = self.caller().user().is_some_and(|user| user.id == pull.author);
        if is_author && self.permits(Access::Propose) || self.permits(Access::Write) {
            return Ok(());
        }
        Err(refusal(self.caller(), self.state(), Access::Write))
    }
}

impl Pull {
    /// Where the branch that it is for was or is, and where its own is.
    fn ends(&self) -> Option<(Oid, Oid)> {
        match (self.merged, self.base_head, self.head) {
            (Some(merged), _, Some(_)) => Some((merged.base, merged.head)),
            (None, Some(base), Some(head)) => Some((base, head)),
            _ => None,
        }
    }
}

impl CommitDraft {
    /// Works out the first commit of a pull request, on top of the parent that the header names or of the branch that it
    /// is for.
    ///
    /// # Errors
    /// Those of [`CommitDraft::finish`].
    pub async fn prepare_pull(self, mut base: PullBase, header: &CommitHeader) -> Result<PreparedPull, RepoError> {
        header.check()?;
        if let Some(parent) = header.parent {
            base.at = self.repo().resolve(&Revision::new(parent.to_string())).await?.oid();
        }
        let built = self.build(header, Some(base.at), &mut Default::default()).await?;
        Ok(PreparedPull { draft: self, built, base })
    }
}

impl PreparedPull {
    /// Writes the commit and the branch of the pull request that leads to it.
    pub async fn write(&self, tx: &mut Tx, number: ThreadNumber) -> Result<CommitDone, RepoError> {
        let repo = self.draft.repo();
        if !self.draft.write(tx, &self.built, &number.pull_ref(), None).await? {
            return Err(RepoError::Conflict(format!("Reference {} already exists", number.pull_ref())));
        }
        repo.write_pull(tx, number, &self.base).await?;
        Ok(self.draft.done(&self.built))
    }
}
