//! What changes of a discussion as a whole: title, state, place, lock, and its end.

use hub_core::{Access, ThreadNumber};
use hub_repo::Repo;

use super::{STATUS_EVENT, Status, ThreadEvent, require_enabled, text};
use crate::community::speaker;
use crate::store::discussions;
use crate::store::threads::Kind;
use crate::{Community, CommunityError, People};

impl Community {
    /// Gives a discussion another title.
    ///
    /// # Errors
    /// [`CommunityError::Forbidden`] for others than its author and those who may write to the repository.
    pub async fn rename_discussion(
        &self,
        repo: &Repo,
        number: ThreadNumber,
        title: &str,
    ) -> Result<(ThreadEvent, People), CommunityError> {
        let title = text::title(title)?;
        let (mut tx, by, mut locked) = self.begin_in(repo, number).await?;
        locked.discussion.require_author_or_writer(repo, by, "rename")?;
        let old = std::mem::replace(&mut locked.discussion.title, title.clone());
        let id = self.add_event(&mut tx, &mut locked, by, Kind::Title, (&old, &title)).await?;
        discussions::update(&mut tx, &locked).await?;
        self.note_in(&mut tx, repo, &locked.discussion, "discussion.updated", None).await?;
        tx.commit().await?;
        self.thread_event(&locked.discussion, id).await
    }

    /// Opens or closes a discussion; a comment that says why comes first.
    ///
    /// # Errors
    /// [`CommunityError::Conflict`] if it is merged, or in that state already; [`CommunityError::Forbidden`] for others
    /// than its author and those who may write to the repository.
    pub async fn set_discussion_status(
        &self,
        repo: &Repo,
        number: ThreadNumber,
        status: Status,
        comment: Option<&str>,
    ) -> Result<(ThreadEvent, People), CommunityError> {
        let comment = comment.filter(|text| !text.trim().is_empty()).map(text::comment).transpose()?;
        let (mut tx, by, mut locked) = self.begin_in(repo, number).await?;
        locked.discussion.require_author_or_writer(repo, by, "open or close")?;
        let old = locked.discussion.status;
        if old == Status::Merged {
            return Err(CommunityError::Conflict("a pull request that is merged stays merged".to_owned()));
        }
        if old == status {
            return Err(CommunityError::Conflict(format!(
                "this {} is {} already",
                locked.discussion.noun(),
                status.word()
            )));
        }
        if let Some(comment) = comment {
            self.add_comment(&mut tx, repo, &mut locked, by, &comment).await?;
        }
        locked.discussion.status = status;
        let id = self.add_event(&mut tx, &mut locked, by, Kind::Status, (old.word(), status.word())).await?;
        discussions::update(&mut tx, &locked).await?;
        self.note_in(&mut tx, repo, &locked.discussion, "discussion.updated", None).await?;
        self.note_in(&mut tx, repo, &locked.discussion, STATUS_EVENT, Some(id.0)).await?;
        tx.commit().await?;
        self.thread_event(&locked.discussion, id).await
    }

    /// Puts a discussion above the others, or back in its place. The repository is opened for writing.
    pub async fn pin_discussion(&self, repo: &Repo, number: ThreadNumber, on: bool) -> Result<(), CommunityError> {
        self.flag(repo, number, Kind::Pinning, on).await
    }

    /// Closes a discussion to all but those who may write, or opens it again. The repository is opened for writing.
    pub async fn lock_discussion(&self, repo: &Repo, number: ThreadNumber, on: bool) -> Result<(), CommunityError> {
        self.flag(repo, number, Kind::Locking, on).await
    }

    async fn flag(&self, repo: &Repo, number: ThreadNumber, kind: Kind, on: bool) -> Result<(), CommunityError> {
        repo.demand(Access::Write)?;
        let (mut tx, by, mut locked) = self.begin_in(repo, number).await?;
        let flag = match kind {
            Kind::Pinning => &mut locked.discussion.pinned,
            _ => &mut locked.discussion.locked,
        };
        if std::mem::replace(flag, on) == on {
            return Ok(());
        }
        let words = if on { ("false", "true") } else { ("true", "false") };
        self.add_event(&mut tx, &mut locked, by, kind, words).await?;
        discussions::update(&mut tx, &locked).await?;
        self.note_in(&mut tx, repo, &locked.discussion, "discussion.updated", None).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Deletes a discussion with all that was said in it, and the branch of a pull request. The repository is opened for
    /// administration.
    pub async fn delete_discussion(&self, repo: &Repo, number: ThreadNumber) -> Result<(), CommunityError> {
        repo.demand(Access::Admin)?;
        speaker(repo)?;
        require_enabled(repo)?;
        let pull = repo.pull(number).await?;
        let (mut tx, _, locked) = self.begin_in(repo, number).await?;
        self.note_in(&mut tx, repo, &locked.discussion, "discussion.deleted", None).await?;
        discussions::delete(&mut tx, locked.discussion.id).await?;
        if let Some(pull) = pull {
            repo.forget_pull(&mut tx, &pull).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
