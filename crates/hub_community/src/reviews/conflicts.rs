//! Conflicts of a pull request: shown with both versions, and solved by whoever may change it.

use hub_core::{Access, CommitId, ThreadNumber};
use hub_repo::{Conflicts, Repo, Resolution};

use super::submit::require_live;
use crate::community::speaker;
use crate::discussions::require_unlocked;
use crate::{Community, CommunityError};

impl Community {
    /// The files on which both sides of a pull request disagree.
    pub async fn conflicts(&self, repo: &Repo, number: ThreadNumber) -> Result<Conflicts, CommunityError> {
        let discussion = self.discussion(repo, number).await?;
        repo.demand(Access::Read)?;
        let pull = self.pull_of(repo, number).await?;
        require_live(&discussion)?;
        Ok(repo.conflicts(&pull).await?)
    }

    /// Joins both sides as somebody wrote it: a commit on the branch of the pull request, after which it can be merged.
    ///
    /// # Errors
    /// [`CommunityError::Conflict`] if it is over; what [`Repo::prepare_resolution`] refuses.
    pub async fn resolve_conflicts(
        &self,
        repo: &Repo,
        number: ThreadNumber,
        resolution: Resolution,
    ) -> Result<CommitId, CommunityError> {
        speaker(repo)?;
        repo.demand(Access::Propose)?;
        let pull = self.pull_of(repo, number).await?;
        let prepared = repo.prepare_resolution(&pull, resolution).await?;
        let (mut tx, _, locked) = self.begin_in(repo, number).await?;
        require_unlocked(repo, &locked)?;
        require_live(&locked.discussion)?;
        if !prepared.write(&mut tx).await? {
            return Err(CommunityError::Conflict(
                "the pull request has new commits since you looked: look at the conflicts again".to_owned(),
            ));
        }
        tx.commit().await?;
        Ok(prepared.commit())
    }
}
