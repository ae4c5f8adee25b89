//! Comments: written, edited, hidden, reacted to.

use hub_account::NamespaceId;
use hub_core::{Access, ThreadNumber};
use hub_db::Tx;
use hub_repo::Repo;

use super::{HiddenReason, Reaction, ThreadEvent, ThreadEventId, no_such, require_enabled, text};
use crate::community::speaker;
use crate::store::discussions::{self, Locked};
use crate::store::threads::{self, EventRow, Kind, NewEvent};
use crate::{Community, CommunityError, People};

/// The most events of one discussion.
const EVENTS_MAX: i64 = 10_000;
/// The most edits of one comment.
const EDITS_MAX: i64 = 200;

/// What a decision does to a comment.
#[derive(Clone, Copy)]
pub(crate) enum Hiding<'a> {
    /// It is hidden.
    Hide(Option<HiddenReason>),
    /// It says again what it said.
    Restore(&'a str),
}

impl Community {
    /// Adds a comment.
    ///
    /// # Errors
    /// [`CommunityError::Forbidden`] in a locked discussion, for those who may not write to the repository.
    pub async fn comment(
        &self,
        repo: &Repo,
        number: ThreadNumber,
        body: &str,
    ) -> Result<(ThreadEvent, People), CommunityError> {
        let body = text::comment(body)?;
        let (mut tx, by, mut locked) = self.begin_in(repo, number).await?;
        require_unlocked(repo, &locked)?;
        let id = self.add_comment(&mut tx, repo, &mut locked, by, &body).await?;
        discussions::update(&mut tx, &locked).await?;
        tx.commit().await?;
        self.thread_event(&locked.discussion, id).await
    }

    /// Gives a comment another text. What it said before stays visible.
    ///
    /// # Errors
    /// [`CommunityError::Forbidden`] for others than its author, or if it is hidden.
    pub async fn edit_comment(
        &self,
        repo: &Repo,
        number: ThreadNumber,
        id: ThreadEventId,
        body: &str,
    ) -> Result<(ThreadEvent, People), CommunityError> {
        let body = text::comment(body)?;
        let (mut tx, by, locked) = self.begin_in(repo, number).await?;
        require_unlocked(repo, &locked)?;
        let row = comment_in(&mut tx, &locked, id).await?;
        if row.author != by {
            return Err(CommunityError::Forbidden("only its author may edit a comment".to_owned()));
        }
        if row.hidden.is_some() {
            return Err(CommunityError::Forbidden("a hidden comment cannot be edited".to_owned()));
        }
        if row.edits >= EDITS_MAX {
            return Err(CommunityError::Conflict(format!(
                "a comment can be edited {EDITS_MAX} times: write another one"
            )));
        }
        threads::edit(&mut tx, &row, &body, by, self.now()).await?;
        self.note_in(&mut tx, repo, &locked.discussion, "discussion.comment.edited", Some(id.0)).await?;
        tx.commit().await?;
        self.thread_event(&locked.discussion, id).await
    }

    /// Hides a comment: its text is gone for good.
    ///
    /// # Errors
    /// [`CommunityError::Forbidden`] for others than its author and those who may write to the repository.
    pub async fn hide_comment(
        &self,
        repo: &Repo,
        number: ThreadNumber,
        id: ThreadEventId,
        reason: Option<HiddenReason>,
    ) -> Result<(ThreadEvent, People), CommunityError> {
        let (mut tx, by, locked) = self.begin_unwelcome(repo, number).await?;
        let row = comment_in(&mut tx, &locked, id).await?;
        if row.author != by && !repo.permits(Access::Write) {
            return Err(CommunityError::Forbidden(format!(
                "only its author and those who may write to {} may hide a comment",
                repo.addr()
            )));
        }
        if row.hidden.is_none() {
            threads::hide(&mut tx, id, by, reason).await?;
            threads::count_reactors(&mut tx, locked.discussion.id).await?;
            self.note_in(&mut tx, repo, &locked.discussion, "discussion.comment.hidden", Some(id.0)).await?;
        }
        tx.commit().await?;
        self.thread_event(&locked.discussion, id).await
    }

    /// Hides a comment in the transaction of a decision about it, or gives it its text back. Administrators of the
    /// instance do this where discussions are switched off as well.
    pub(crate) async fn set_hidden_in(
        &self,
        tx: &mut Tx,
        repo: &Repo,
        (number, id): (ThreadNumber, ThreadEventId),
        change: Hiding<'_>,
    ) -> Result<(), CommunityError> {
        repo.demand(Access::Admin)?;
        let by = repo.caller().user().ok_or(CommunityError::NeedsLogin)?.id;
        let locked = discussions::lock(tx, repo.id(), number, self.now()).await?.ok_or_else(|| no_such(number))?;
        let row = comment_in(tx, &locked, id).await?;
        match (change, row.hidden.is_some()) {
            (Hiding::Hide(reason), false) => {
                threads::hide(tx, id, by, reason).await?;
                threads::count_reactors(tx, locked.discussion.id).await?;
                self.note_in(tx, repo, &locked.discussion, "discussion.comment.hidden", Some(id.0)).await
            }
            (Hiding::Restore(text), true) => {
                threads::restore(tx, id, text).await?;
                self.note_in(tx, repo, &locked.discussion, "discussion.comment.edited", Some(id.0)).await
            }
            _ => Ok(()),
        }
    }

    /// Adds a reaction to a comment, or takes it back.
    pub async fn react(
        &self,
        repo: &Repo,
        number: ThreadNumber,
        id: ThreadEventId,
        reaction: Reaction,
        on: bool,
    ) -> Result<(ThreadEvent, People), CommunityError> {
        let (mut tx, by, locked) = self.begin_in(repo, number).await?;
        require_unlocked(repo, &locked)?;
        let row = comment_in(&mut tx, &locked, id).await?;
        if row.hidden.is_some() {
            return Err(CommunityError::Forbidden("nobody can react to a hidden comment".to_owned()));
        }
        self.require_welcome(&mut tx, repo, by, row.author).await?;
        threads::react(&mut tx, locked.discussion.id, id, by, reaction, on, self.now()).await?;
        threads::count_reactors(&mut tx, locked.discussion.id).await?;
        tx.commit().await?;
        self.thread_event(&locked.discussion, id).await
    }

    /// Begins a change to a discussion, which nobody else changes until it ends.
    pub(crate) async fn begin_in(
        &self,
        repo: &Repo,
        number: ThreadNumber,
    ) -> Result<(Tx, NamespaceId, Locked), CommunityError> {
        let (mut tx, by, locked) = self.begin_unwelcome(repo, number).await?;
        self.require_welcome(&mut tx, repo, by, locked.discussion.author).await?;
        Ok((tx, by, locked))
    }

    /// The same for what even those may do who were blocked.
    async fn begin_unwelcome(
        &self,
        repo: &Repo,
        number: ThreadNumber,
    ) -> Result<(Tx, NamespaceId, Locked), CommunityError> {
        let by = speaker(repo)?.id;
        require_enabled(repo)?;
        let mut tx = self.db().begin().await?;
        let locked = discussions::lock(&mut tx, repo.id(), number, self.now()).await?;
        let locked = locked.ok_or_else(|| no_such(number))?;
        Ok((tx, by, locked))
    }

    pub(crate) async fn add_comment(
        &self,
        tx: &mut Tx,
        repo: &Repo,
        locked: &mut Locked,
        by: NamespaceId,
        body: &str,
    ) -> Result<ThreadEventId, CommunityError> {
        let id = self.next_key();
        let place = next_place(locked)?;
        locked.discussion.comments += 1;
        threads::insert(tx, &NewEvent::comment(id, locked.discussion.id, place, by, body, self.now())).await?;
        self.note_in(tx, repo, &locked.discussion, "discussion.comment.created", Some(id)).await?;
        Ok(ThreadEventId(id))
    }

    /// Adds an event that is no comment.
    pub(super) async fn add_event(
        &self,
        tx: &mut Tx,
        locked: &mut Locked,
        by: NamespaceId,
        kind: Kind,
        (old, new): (&str, &str),
    ) -> Result<ThreadEventId, CommunityError> {
        let id = self.next_key();
        let place = next_place(locked)?;
        let discussion = locked.discussion.id;
        threads::insert(
            tx,
            &NewEvent { id, discussion, place, author: by, kind, at: self.now(), body: None, old, new },
        )
        .await?;
        Ok(ThreadEventId(id))
    }
}

fn next_place(locked: &mut Locked) -> Result<i64, CommunityError> {
    if locked.events >= EVENTS_MAX {
        return Err(CommunityError::Conflict(format!(
            "a discussion has at most {EVENTS_MAX} comments and changes: open another one"
        )));
    }
    locked.events += 1;
    Ok(locked.events)
}

pub(crate) fn require_unlocked(repo: &Repo, locked: &Locked) -> Result<(), CommunityError> {
    if !locked.discussion.locked || repo.permits(Access::Write) {
        return Ok(());
    }
    Err(CommunityError::Forbidden(format!(
        "this {} is locked: only those who may write to the repository may take part",
        locked.discussion.noun()
    )))
}

async fn comment_in(tx: &mut Tx, locked: &Locked, id: ThreadEventId) -> Result<EventRow, CommunityError> {
    let row = threads::get_in(tx, locked.discussion.id, id).await?.filter(|row| row.kind == Kind::Comment);
    row.ok_or_else(|| CommunityError::NotFound("there is no such comment in this discussion".to_owned()))
}
