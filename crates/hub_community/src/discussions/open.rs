//! Opening a discussion, or a pull request with or without its first commit.

use hub_account::NamespaceId;
use hub_core::{Revision, ThreadNumber};
use hub_db::Tx;
use hub_repo::{CommitDone, CommitDraft, CommitHeader, PullBase, Repo};
use serde_json::json;

use super::{Discussion, DiscussionId, Status, require_enabled, text};
use crate::community::speaker;
use crate::store::{discussions, threads};
use crate::{Community, CommunityError};

/// What is asked of a new discussion.
#[derive(Clone, Debug)]
pub struct NewDiscussion {
    /// What it is about.
    pub title: String,
    /// The opening comment.
    pub description: String,
    /// Whether it gets a branch. Such a pull request begins as a draft.
    pub is_pull: bool,
}

/// A pull request that a commit opened.
#[derive(Debug)]
pub struct Proposed {
    /// Its number.
    pub number: ThreadNumber,
    /// Its commit.
    pub commit: CommitDone,
}

/// A discussion about to be written.
struct Opening {
    author: NamespaceId,
    title: String,
    body: String,
    is_pull: bool,
    status: Status,
}

impl Community {
    /// Opens a discussion, or a pull request without commits for the default branch.
    ///
    /// # Errors
    /// [`CommunityError::BadRequest`] for a title or comment out of bounds; [`CommunityError::Forbidden`] where
    /// discussions are switched off.
    pub async fn open_discussion(&self, repo: &Repo, new: &NewDiscussion) -> Result<ThreadNumber, CommunityError> {
        let author = speaker(repo)?.id;
        require_enabled(repo)?;
        let base = match new.is_pull {
            true => Some(repo.pull_base(&Revision::main()).await?),
            false => None,
        };
        let opening = Opening {
            author,
            title: text::title(&new.title)?,
            body: text::description(&new.description)?,
            is_pull: new.is_pull,
            status: if new.is_pull { Status::Draft } else { Status::Open },
        };
        let mut tx = self.db().begin().await?;
        let number = self.write_opening(&mut tx, repo, opening).await?;
        if let Some(base) = base {
            repo.open_pull(&mut tx, number, &base).await?;
        }
        tx.commit().await?;
        Ok(number)
    }

    /// Begins the commit that opens a pull request for a branch.
    ///
    /// # Errors
    /// [`hub_repo::RepoError::RevisionNotFound`] if it is no branch.
    pub async fn begin_proposal(
        &self,
        repo: &Repo,
        branch: &Revision,
    ) -> Result<(CommitDraft, PullBase), CommunityError> {
        speaker(repo)?;
        require_enabled(repo)?;
        let base = repo.pull_base(branch).await?;
        Ok((repo.begin_pull(&base)?, base))
    }

    /// Opens a pull request with a commit; its title and opening comment are those of the commit.
    pub async fn propose(
        &self,
        repo: &Repo,
        draft: CommitDraft,
        base: PullBase,
        header: &CommitHeader,
    ) -> Result<Proposed, CommunityError> {
        let author = speaker(repo)?.id;
        let prepared = draft.prepare_pull(base, header).await?;
        let opening = Opening {
            author,
            title: title_of(header),
            body: text::description(&header.description)?,
            is_pull: true,
            status: Status::Open,
        };
        let mut tx = self.db().begin().await?;
        let number = self.write_opening(&mut tx, repo, opening).await?;
        let commit = prepared.write(&mut tx, number).await?;
        tx.commit().await?;
        Ok(Proposed { number, commit })
    }

    async fn write_opening(&self, tx: &mut Tx, repo: &Repo, opening: Opening) -> Result<ThreadNumber, CommunityError> {
        self.require_welcome(tx, repo, opening.author, repo.state().owner).await?;
        let now = self.now();
        let number = discussions::next_number(tx, repo.id()).await?;
        let row = Discussion {
            id: DiscussionId(self.next_key()),
            number,
            author: opening.author,
            title: opening.title,
            is_pull: opening.is_pull,
            status: opening.status,
            pinned: false,
            locked: false,
            created: now,
            comments: 1,
            reactors: 0,
        };
        discussions::insert(tx, repo.id(), &row).await?;
        let event = threads::NewEvent::comment(self.next_key(), row.id, 1, opening.author, &opening.body, now);
        threads::insert(tx, &event).await?;
        self.note_in(tx, repo, &row, "discussion.created", Some(event.id)).await?;
        Ok(number)
    }

    /// Writes the event by which others learn of something in a discussion.
    pub(super) async fn note_in(
        &self,
        tx: &mut Tx,
        repo: &Repo,
        discussion: &Discussion,
        kind: &str,
        comment: Option<i64>,
    ) -> Result<(), CommunityError> {
        let payload = json!({
            "repo": repo.id().key(),
            "discussion": discussion.id.key(),
            "num": discussion.number.get(),
            "comment": comment,
            "by": repo.caller().user().map(|user| user.id.key()),
        });
        self.note(tx, kind, &format!("discussion:{}", discussion.id.key()), payload).await
    }
}

/// The summary of a commit as a title: on one line, neither too short nor too long.
fn title_of(header: &CommitHeader) -> String {
    let line: String = header.title.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = words.chars().take(200).collect();
    if cut.chars().count() < 3 { format!("Commit: {cut}") } else { cut }
}
