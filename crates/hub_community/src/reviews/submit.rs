//! Giving a review.

use hub_core::{Access, Oid, ThreadNumber};
use hub_repo::{Pull, Repo};

use super::Verdict;
use crate::community::speaker;
use crate::discussions::{Discussion, Status, no_pull, require_unlocked, text};
use crate::store::{discussions, reviews};
use crate::{Community, CommunityError, People, ThreadEvent};

/// What somebody says of a pull request.
#[derive(Clone, Debug)]
pub struct NewReview {
    /// What they think.
    pub verdict: Verdict,
    /// Why; only an approval needs no reason.
    pub text: String,
    /// The commit that they looked at; `None` for wherever the pull request is.
    pub commit: Option<Oid>,
}

impl Community {
    /// Adds a review.
    ///
    /// # Errors
    /// [`CommunityError::Forbidden`] for a verdict of its author; [`CommunityError::Conflict`] if the pull request moved on
    /// or is over.
    pub async fn review(
        &self,
        repo: &Repo,
        number: ThreadNumber,
        new: &NewReview,
    ) -> Result<(ThreadEvent, People), CommunityError> {
        let body = match new.verdict {
            Verdict::Approve => text::description(&new.text)?,
            Verdict::Comment | Verdict::RequestChanges => text::comment(&new.text)?,
        };
        speaker(repo)?;
        // Nobody judges what they may not read.
        repo.demand(Access::Read)?;
        let pull = repo.pull(number).await?.ok_or_else(|| no_pull(number))?;
        let commit = head_of(&pull, new.commit)?;
        let (mut tx, by, mut locked) = self.begin_in(repo, number).await?;
        require_unlocked(repo, &locked)?;
        require_live(&locked.discussion)?;
        if new.verdict != Verdict::Comment && by == pull.author {
            return Err(CommunityError::Forbidden(
                "nobody approves their own pull request, or asks themselves for changes: ask somebody else".to_owned(),
            ));
        }
        let event = self.add_comment(&mut tx, repo, &mut locked, by, &body).await?;
        let row = reviews::NewRow {
            event,
            discussion: locked.discussion.id,
            reviewer: by,
            verdict: new.verdict,
            commit,
            at: self.now(),
        };
        reviews::insert(&mut tx, &row).await?;
        discussions::update(&mut tx, &locked).await?;
        tx.commit().await?;
        self.thread_event(&locked.discussion, event).await
    }
}

/// Where a pull request is, which must be where its reader saw it.
pub(crate) fn head_of(pull: &Pull, seen: Option<Oid>) -> Result<Oid, CommunityError> {
    let gone = || CommunityError::Conflict("the branch of this pull request was deleted".to_owned());
    let head = pull.head.ok_or_else(gone)?;
    if seen.is_some_and(|seen| seen != head) {
        return Err(CommunityError::Conflict(
            "the pull request has new commits since you looked: look at them, then say it again".to_owned(),
        ));
    }
    Ok(head)
}

/// Refuses what makes sense only while a pull request goes on.
pub(crate) fn require_live(discussion: &Discussion) -> Result<(), CommunityError> {
    match discussion.status {
        Status::Draft | Status::Open => Ok(()),
        Status::Closed => Err(CommunityError::Conflict("this pull request is closed: open it again first".to_owned())),
        Status::Merged => Err(CommunityError::Conflict("this pull request is merged already".to_owned())),
    }
}
