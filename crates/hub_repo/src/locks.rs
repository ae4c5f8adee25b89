//! Locks of files, as Git LFS has them: a person says that nobody else shall change a file that cannot be merged.
//!
//! A lock is for one branch, or for all of them. It is a word among people and git-lfs, which asks for the locks of others
//! before it pushes and makes files read-only; it keeps no commit out by itself. Whoever locked a file releases it, and
//! whoever administers the repository may release it for them.

use std::fmt;
use std::str::FromStr;

use hub_account::NamespaceId;
use hub_core::{Access, RefName, RepoPath, Timestamp};

use crate::open::granted;
use crate::store::{locks, repos};
use crate::{Repo, RepoError};

/// The most locks of one repository.
const LOCKS_MAX: i64 = 100_000;

/// The key of a lock within its repository.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct LockId(i64);

impl LockId {
    pub(crate) fn from_key(key: i64) -> Self {
        Self(key)
    }

    pub(crate) fn key(self) -> i64 {
        self.0
    }
}

impl fmt::Display for LockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A text that no lock is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not the id of a lock")]
pub struct LockIdError;

impl FromStr for LockId {
    type Err = LockIdError;

    fn from_str(text: &str) -> Result<Self, LockIdError> {
        let key: Option<i64> = text.parse().ok().filter(|key| *key > 0);
        key.map(Self).ok_or(LockIdError)
    }
}

/// A lock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileLock {
    /// Its key.
    pub id: LockId,
    /// The file, which need not exist (yet).
    pub path: RepoPath,
    /// The reference for which it is locked; `None` if for all.
    pub branch: Option<RefName>,
    /// Who locked it.
    pub owner: NamespaceId,
    /// When.
    pub locked: Timestamp,
}

/// What became of a wish to lock a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Locking {
    /// It is locked now.
    Locked(FileLock),
    /// It was locked already, by the caller or somebody else.
    Taken(FileLock),
}

/// Which locks are wanted; what is `None` is not looked at.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LockFilter {
    /// The one of this key.
    pub id: Option<LockId>,
    /// Those of this file.
    pub path: Option<RepoPath>,
    /// Those that hold for this reference, including those that hold for all.
    pub branch: Option<RefName>,
}

/// A page of locks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LockPage {
    /// In the order of their keys.
    pub locks: Vec<FileLock>,
    /// After which lock the next page begins, if there is one.
    pub next: Option<LockId>,
}

impl Repo {
    /// Locks a file for the caller.
    pub async fn lock_file(&self, path: RepoPath, branch: Option<RefName>) -> Result<Locking, RepoError> {
        self.require(Access::Write)?;
        let owner = self.caller().user().ok_or(RepoError::NeedsLogin)?.id;
        let id = LockId(self.repos.ids().next_key());
        let lock = FileLock { id, path, branch, owner, locked: self.repos.clock().now() };
        let mut tx = self.repos.db().begin().await?;
        // Nobody else locks a file of this repository until the transaction ends.
        if !repos::lock(&mut tx, self.id()).await? {
            return Err(RepoError::RepoNotFound);
        }
        if let Some(other) = locks::in_the_way(&mut tx, self.id(), &lock).await? {
            return Ok(Locking::Taken(other));
        }
        if locks::count(&mut tx, self.id()).await? >= LOCKS_MAX {
            return Err(RepoError::Unprocessable(format!(
                "the repository has {LOCKS_MAX} locks, which is the most: release some first (git lfs unlock)"
            )));
        }
        locks::insert(&mut tx, self.id(), &lock).await?;
        tx.commit().await?;
        Ok(Locking::Locked(lock))
    }

    /// A page of the locks, after one of them.
    pub async fn file_locks(
        &self,
        filter: &LockFilter,
        after: Option<LockId>,
        limit: usize,
    ) -> Result<LockPage, RepoError> {
        self.require(Access::Read)?;
        let after = after.map_or(0, LockId::key);
        let mut found = locks::page(self.repos.db(), self.id(), filter, after, limit as i64 + 1).await?;
        let next = (found.len() > limit).then(|| {
            found.truncate(limit);
            found.last().map(|lock| lock.id)
        });
        Ok(LockPage { locks: found, next: next.flatten() })
    }

    /// Releases a lock. With `force` it may be that of another person.
    ///
    /// # Errors
    /// [`RepoError::Forbidden`] if it is, and the caller did not say so or does not administer the repository.
    pub async fn unlock_file(&self, id: LockId, force: bool) -> Result<FileLock, RepoError> {
        self.require(Access::Write)?;
        let user = self.caller().user().ok_or(RepoError::NeedsLogin)?;
        let missing = || RepoError::NotFound(format!("there is no lock {id} here: it may have been released already"));
        let mut tx = self.repos.db().begin().await?;
        let lock = locks::get(&mut tx, self.id(), id).await?.ok_or_else(missing)?;
        if lock.owner != user.id {
            let path = &lock.path;
            if granted(self.caller(), self.state()) < Some(Access::Admin) {
                return Err(RepoError::Forbidden(format!(
                    "{path} was locked by somebody else: ask them or an administrator of the repository to release it"
                )));
            }
            if !force {
                return Err(RepoError::Forbidden(format!(
                    "{path} was locked by somebody else: ask them, or release it all the same with --force"
                )));
            }
        }
        if !locks::delete(&mut tx, self.id(), id).await? {
            return Err(missing());
        }
        tx.commit().await?;
        Ok(lock)
    }
}
