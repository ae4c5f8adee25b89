//! What only pull requests can: be merged, and give back the storage of their branch.

use std::collections::BTreeSet;

use hub_core::ThreadNumber;
use hub_repo::{CommitHeader, CommitInfo, Merge, MergeRight, Pull, Repo};

use super::{Discussion, STATUS_EVENT, Status, text};
use crate::community::speaker;
use crate::store::threads::Kind;
use crate::store::{discussions, reviews};
use crate::{Community, CommunityError};

/// How often a merge is tried while others move the branch.
const MAX_TRIES: usize = 16;

impl Community {
    /// Merges a pull request: its changes become one commit of the branch that it is for. The repository is opened for
    /// writing.
    ///
    /// # Errors
    /// [`CommunityError::ReviewsMissing`] with what the repository still asks for;
    /// [`CommunityError::MergeConflict`] with the files on which both sides disagree; [`CommunityError::Conflict`] if it
    /// is a draft, closed or merged already.
    pub async fn merge_pull(
        &self,
        repo: &Repo,
        number: ThreadNumber,
        comment: Option<&str>,
    ) -> Result<(), CommunityError> {
        let comment = comment.filter(|text| !text.trim().is_empty()).map(text::comment).transpose()?;
        for _ in 0..MAX_TRIES {
            let discussion = self.discussion(repo, number).await?;
            let pull = repo.pull(number).await?.filter(|_| discussion.is_pull).ok_or_else(|| no_pull(number))?;
            require_mergeable(&discussion)?;
            let header = header_of(&discussion, &repo.pull_commits(&pull).await?);
            let standing = self.standing_of(repo, &discussion, &pull).await?;
            standing.require()?;
            let right = if standing.policy.asks() { MergeRight::Reviews } else { MergeRight::Rules };
            let prepared = match repo.prepare_merge(&pull, &header, right).await? {
                Merge::Ready(prepared) => prepared,
                Merge::Conflicts(files) => return Err(CommunityError::MergeConflict { files }),
            };
            let (mut tx, by, mut locked) = self.begin_in(repo, number).await?;
            require_mergeable(&locked.discussion)?;
            let seal = reviews::seal(&mut tx, repo.id(), locked.discussion.id).await?;
            if seal != standing.seal() || !prepared.write(&mut tx).await? {
                // Somebody said something else meanwhile, or one of the branches moved: look again.
                continue;
            }
            if let Some(comment) = &comment {
                self.add_comment(&mut tx, repo, &mut locked, by, comment).await?;
            }
            let old = std::mem::replace(&mut locked.discussion.status, Status::Merged);
            let words = (old.word(), Status::Merged.word());
            let id = self.add_event(&mut tx, &mut locked, by, Kind::Status, words).await?;
            discussions::update(&mut tx, &locked).await?;
            self.note_in(&mut tx, repo, &locked.discussion, "discussion.updated", None).await?;
            self.note_in(&mut tx, repo, &locked.discussion, STATUS_EVENT, Some(id.0)).await?;
            tx.commit().await?;
            return Ok(());
        }
        Err(CommunityError::Conflict(format!("others moved the branches {MAX_TRIES} times: try again")))
    }

    /// Deletes the branch of a pull request that is closed or merged, so that its storage can be given back.
    ///
    /// # Errors
    /// [`CommunityError::Conflict`] while it goes on.
    pub async fn delete_pull_ref(&self, repo: &Repo, number: ThreadNumber) -> Result<(), CommunityError> {
        speaker(repo)?;
        let pull = repo.pull(number).await?.ok_or_else(|| no_pull(number))?;
        let (mut tx, by, mut locked) = self.begin_in(repo, number).await?;
        if matches!(locked.discussion.status, Status::Draft | Status::Open) {
            return Err(CommunityError::Conflict("close or merge the pull request first".to_owned()));
        }
        repo.delete_pull_ref(&mut tx, &pull).await?;
        self.add_event(&mut tx, &mut locked, by, Kind::RefDeleted, ("", "")).await?;
        discussions::update(&mut tx, &locked).await?;
        self.note_in(&mut tx, repo, &locked.discussion, "discussion.updated", None).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The bytes of the files that a pull request adds, which deleting its branch may give back; nothing once that is
    /// deleted.
    pub async fn pull_storage(&self, repo: &Repo, number: ThreadNumber) -> Result<Option<u64>, CommunityError> {
        self.discussion(repo, number).await?;
        let pull = repo.pull(number).await?.ok_or_else(|| no_pull(number))?;
        if pull.head.is_none() {
            return Ok(None);
        }
        let changes = repo.pull_changes(&pull).await?;
        let added = changes.iter().filter(|change| change.old.map(|old| old.oid) != change.new.map(|new| new.oid));
        Ok(Some(added.map(|change| change.size).sum()))
    }

    /// The pull request of that number.
    pub async fn pull_of(&self, repo: &Repo, number: ThreadNumber) -> Result<Pull, CommunityError> {
        repo.pull(number).await?.ok_or_else(|| no_pull(number))
    }
}

pub(crate) fn no_pull(number: ThreadNumber) -> CommunityError {
    CommunityError::NotFound(format!("there is no pull request {number} in this repository"))
}

fn require_mergeable(discussion: &Discussion) -> Result<(), CommunityError> {
    let what = match discussion.status {
        Status::Open => return Ok(()),
        Status::Draft => "a draft: publish it first",
        Status::Closed => "closed: open it again first",
        Status::Merged => "merged already",
    };
    Err(CommunityError::Conflict(format!("this pull request is {what}")))
}

/// The message of a merge: the title with the number, the commits, and who else wrote them.
fn header_of(discussion: &Discussion, commits: &[CommitInfo]) -> CommitHeader {
    let mut description: Vec<String> =
        commits.iter().take(50).map(|commit| format!("- {} ({})", commit.title, commit.id)).collect();
    let authors: BTreeSet<&str> = commits.iter().map(|commit| commit.author.as_str()).take(50).collect();
    if !authors.is_empty() {
        description.push(String::new());
    }
    let clean = |name: &str| -> String {
        name.chars().filter(|c| !c.is_control() && !matches!(c, '<' | '>')).take(100).collect()
    };
    description.extend(authors.into_iter().map(|name| {
        let name = clean(name);
        format!("Co-authored-by: {name} <{}@users.noreply.hearth>", name.replace(' ', "-"))
    }));
    CommitHeader {
        title: format!("{} (#{})", discussion.title, discussion.number),
        description: description.join("\n").replace('\0', ""),
        parent: None,
    }
}
