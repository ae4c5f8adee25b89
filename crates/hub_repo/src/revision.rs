//! From what a person typed to the commit that it names.

use hub_core::{CommitId, Oid, RefName, Revision};
use hub_formats::git::{ObjectKind, Tag};

use crate::store::commits::CommitRow;
use crate::store::{commits, objects, refs};
use crate::{Repo, RepoError};

/// The longest chain of tags that name tags.
pub(crate) const TAG_CHAIN_MAX: usize = 16;

impl Repo {
    /// The commit that a revision names: a branch, a tag, a full reference name, a commit in full or by at least seven
    /// digits.
    ///
    /// # Errors
    /// [`RepoError::RevisionNotFound`] if it names nothing here, or more than one commit.
    pub async fn resolve(&self, revision: &Revision) -> Result<CommitId, RepoError> {
        for name in revision.candidates() {
            if let Some(oid) = refs::get(self.repos.db(), self.id(), &name).await? {
                return self.peel(oid).await;
            }
        }
        let not_found = || RepoError::RevisionNotFound(revision.to_string());
        if let Some(oid) = revision.as_oid() {
            let row = commits::get(self.repos.db(), self.id(), oid).await?;
            return row.map(|row| CommitId::new(row.oid)).ok_or_else(not_found);
        }
        let prefix = revision.as_oid_prefix().ok_or_else(not_found)?;
        let low: Oid = format!("{prefix:0<40}").parse().map_err(|_| not_found())?;
        let high: Oid = format!("{prefix:f<40}").parse().map_err(|_| not_found())?;
        match commits::by_prefix(self.repos.db(), self.id(), low, high).await?.as_slice() {
            [only] => Ok(CommitId::new(*only)),
            _ => Err(not_found()),
        }
    }

    /// The commit behind an object that a reference points to: itself, or what an annotated tag names, perhaps through
    /// other tags. A tag that was pushed may also name a file or folder; that is no revision.
    pub(crate) async fn peel(&self, oid: Oid) -> Result<CommitId, RepoError> {
        let not_found = || RepoError::RevisionNotFound(oid.to_string());
        let mut object = oid;
        for _ in 0..=TAG_CHAIN_MAX {
            if commits::get(self.repos.db(), self.id(), object).await?.is_some() {
                return Ok(CommitId::new(object));
            }
            let row = objects::get(self.repos.db(), self.id(), object).await?.ok_or_else(not_found)?;
            if row.kind != ObjectKind::Tag.to_db() {
                return Err(not_found());
            }
            let bytes = self.repos.object_bytes(self.id(), object, ObjectKind::Tag).await?;
            object = Tag::parse(&bytes)?.object;
        }
        Err(not_found())
    }

    /// The branch that a request wants to write to, and where it is.
    ///
    /// # Errors
    /// [`RepoError::RevisionNotFound`] if there is no such branch; tags and commits cannot be written to.
    pub(crate) async fn writable_branch(&self, revision: &Revision) -> Result<(RefName, Oid), RepoError> {
        for name in revision.candidates() {
            if !(name.is_branch() || name.is_pull_request()) {
                continue;
            }
            if let Some(oid) = refs::get(self.repos.db(), self.id(), &name).await? {
                return Ok((name, oid));
            }
        }
        Err(RepoError::RevisionNotFound(revision.to_string()))
    }

    pub(crate) async fn commit_row(&self, commit: CommitId) -> Result<CommitRow, RepoError> {
        let row = commits::get(self.repos.db(), self.id(), commit.oid()).await?;
        row.ok_or_else(|| RepoError::RevisionNotFound(commit.to_string()))
    }
}
