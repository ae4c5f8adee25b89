//! A discussion with everything that happened in it.

use std::collections::HashMap;

use hub_account::NamespaceId;
use hub_core::{Access, NamespaceName, Oid, ThreadNumber, Timestamp};
use hub_repo::{CommitInfo, Merged, Pull, Repo};

use super::{Discussion, HiddenReason, Reaction, Status, ThreadEventId, no_such, require_enabled};
use crate::store::threads::{self, EventRow, Kind};
use crate::store::{discussions, reviews};
use crate::{Community, CommunityError, People, Review};

/// What a comment said before an edit.
#[derive(Clone, Debug)]
pub struct Edition {
    /// Who wrote it.
    pub author: NamespaceId,
    /// When.
    pub written: Timestamp,
    /// What.
    pub body: String,
}

/// Who reacted to a comment in one way.
#[derive(Clone, Debug)]
pub struct Reactions {
    /// How.
    pub reaction: Reaction,
    /// Who, in the order in which they did.
    pub people: Vec<NamespaceId>,
}

/// A comment.
#[derive(Clone, Debug)]
pub struct Comment {
    /// Its Markdown; empty once it is hidden.
    pub body: String,
    /// When its text was last changed, and by whom; nothing if it never was.
    pub edited: Option<(Timestamp, NamespaceId)>,
    /// What it said before, oldest first.
    pub history: Vec<Edition>,
    /// Who hid it, if it is hidden.
    pub hidden_by: Option<NamespaceId>,
    /// Why, if they said.
    pub hidden_reason: Option<HiddenReason>,
    /// What it says of the pull request as a whole, if it is a review.
    pub review: Option<Review>,
    /// What people feel about it.
    pub reactions: Vec<Reactions>,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Happening {
    /// Somebody said something.
    Comment(Box<Comment>),
    /// It was opened, closed, merged.
    Status(Status),
    /// It got another title.
    Title {
        /// What it was.
        from: String,
        /// What it is.
        to: String,
    },
    /// It was put above the others, or no longer is.
    Pinned(bool),
    /// It was closed to all but those who may write, or opened again.
    Locked(bool),
    /// The branch of the pull request was deleted.
    RefDeleted,
    /// A commit was added to the pull request.
    Commit {
        /// Its id.
        oid: Oid,
        /// The first line of its message.
        subject: String,
    },
}

/// Something that happened in a discussion.
#[derive(Clone, Debug)]
pub struct ThreadEvent {
    /// Its id, as the API shows it.
    pub id: String,
    /// Who did it; nothing for a commit of someone who has no account here.
    pub author: Option<NamespaceId>,
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Happening,
}

/// What a pull request has beside its discussion.
#[derive(Clone, Debug)]
pub struct PullThread {
    /// Its branches.
    pub pull: Pull,
    /// The files that keep it from being merged as it is. Nobody learns them who may not read the files.
    pub conflicts: Vec<String>,
}

/// A discussion with everything that happened in it.
#[derive(Debug)]
pub struct Thread {
    /// The discussion.
    pub discussion: Discussion,
    /// What happened, in order.
    pub events: Vec<ThreadEvent>,
    /// Everyone who is mentioned.
    pub people: People,
    /// Its branches, if it is a pull request.
    pub pull: Option<PullThread>,
}

impl Thread {
    /// How the pull request was merged, if it was.
    pub fn merged(&self) -> Option<Merged> {
        self.pull.as_ref().and_then(|pull| pull.pull.merged)
    }
}

impl Community {
    /// The discussion of that number.
    pub async fn discussion(&self, repo: &Repo, number: ThreadNumber) -> Result<Discussion, CommunityError> {
        require_enabled(repo)?;
        discussions::get(self.db(), repo.id(), number).await?.ok_or_else(|| no_such(number))
    }

    /// The discussion of that number with everything that happened in it.
    pub async fn thread(&self, repo: &Repo, number: ThreadNumber) -> Result<Thread, CommunityError> {
        let discussion = self.discussion(repo, number).await?;
        let rows = threads::of(self.db(), discussion.id).await?;
        let mut events = self.events_of(&discussion, rows).await?;
        let mut pull = None;
        if discussion.is_pull
            && let Some(found) = repo.pull(number).await?
        {
            let reads = repo.permits(Access::Read);
            if reads {
                self.add_commits(&mut events, repo.pull_commits(&found).await?).await?;
            }
            let is_live = matches!(discussion.status, Status::Draft | Status::Open);
            let conflicts = if reads && is_live { repo.pull_conflicts(&found).await? } else { Vec::new() };
            pull = Some(PullThread { pull: found, conflicts });
        }
        let people = self.people(mentioned(&discussion, &events)).await?;
        Ok(Thread { discussion, events, people, pull })
    }

    /// One event of a discussion as it is now, and everyone who is mentioned in it.
    pub(crate) async fn thread_event(
        &self,
        discussion: &Discussion,
        id: ThreadEventId,
    ) -> Result<(ThreadEvent, People), CommunityError> {
        let row = threads::get(self.db(), discussion.id, id).await?;
        let row = row.ok_or_else(|| no_such(discussion.number))?;
        let events = self.events_of(discussion, vec![row]).await?;
        let people = self.people(mentioned(discussion, &events)).await?;
        let event = events.into_iter().next().ok_or_else(|| no_such(discussion.number))?;
        Ok((event, people))
    }

    async fn events_of(
        &self,
        discussion: &Discussion,
        rows: Vec<EventRow>,
    ) -> Result<Vec<ThreadEvent>, CommunityError> {
        let mut editions: HashMap<ThreadEventId, Vec<Edition>> = HashMap::new();
        if rows.iter().any(|row| row.edits > 0) {
            for (event, edition) in threads::editions(self.db(), discussion.id).await? {
                editions.entry(event).or_default().push(edition);
            }
        }
        let mut reactions: HashMap<ThreadEventId, Vec<Reactions>> = HashMap::new();
        for (event, reaction, by) in threads::reactions(self.db(), discussion.id).await? {
            let of_event = reactions.entry(event).or_default();
            match of_event.iter_mut().find(|known| known.reaction == reaction) {
                Some(known) => known.people.push(by),
                None => of_event.push(Reactions { reaction, people: vec![by] }),
            }
        }
        let mut judged: HashMap<ThreadEventId, Review> = HashMap::new();
        if discussion.is_pull {
            let all = reviews::of(self.db(), discussion.id).await?;
            judged.extend(all.into_iter().map(|review| (review.event, review)));
        }
        let event = |row: EventRow| {
            let review = judged.get(&row.id).copied();
            let (history, reactions) =
                (editions.remove(&row.id).unwrap_or_default(), reactions.remove(&row.id).unwrap_or_default());
            ThreadEvent {
                id: row.id.wire(),
                author: Some(row.author),
                at: row.at,
                what: happening(row, history, reactions, review),
            }
        };
        Ok(rows.into_iter().map(event).collect())
    }

    /// Puts the commits of a pull request among what else happened, by the time that they bear. The opening comment stays
    /// first.
    async fn add_commits(&self, events: &mut Vec<ThreadEvent>, commits: Vec<CommitInfo>) -> Result<(), CommunityError> {
        let mut authors: HashMap<String, Option<NamespaceId>> = HashMap::new();
        for commit in &commits {
            if !authors.contains_key(&commit.author) {
                let found = match commit.author.parse::<NamespaceName>() {
                    Ok(name) => self.accounts().namespace(&name).await?.map(|found| found.id),
                    Err(_) => None,
                };
                authors.insert(commit.author.clone(), found);
            }
        }
        events.extend(commits.into_iter().map(|commit| ThreadEvent {
            id: commit.id.to_string().chars().take(24).collect(),
            author: authors.get(&commit.author).copied().flatten(),
            at: commit.date,
            what: Happening::Commit { oid: commit.id.oid(), subject: commit.title },
        }));
        if let Some((_, rest)) = events.split_first_mut() {
            // Commits bear whole seconds, so compare those; the sort keeps the order of what is equal.
            rest.sort_by_key(|event| event.at.seconds());
        }
        Ok(())
    }
}

fn happening(row: EventRow, history: Vec<Edition>, reactions: Vec<Reactions>, review: Option<Review>) -> Happening {
    match row.kind {
        Kind::Comment => Happening::Comment(Box::new(Comment {
            body: row.body.unwrap_or_default(),
            edited: row.edited,
            history,
            hidden_by: row.hidden.map(|(by, _)| by),
            hidden_reason: row.hidden.and_then(|(_, reason)| reason),
            review,
            reactions,
        })),
        Kind::Status => Happening::Status(Status::from_word(&row.new).unwrap_or(Status::Open)),
        Kind::Title => Happening::Title { from: row.old, to: row.new },
        Kind::Pinning => Happening::Pinned(row.new == "true"),
        Kind::Locking => Happening::Locked(row.new == "true"),
        Kind::RefDeleted => Happening::RefDeleted,
    }
}

/// Everyone whose name an answer about these events needs.
fn mentioned(discussion: &Discussion, events: &[ThreadEvent]) -> Vec<NamespaceId> {
    let mut ids = vec![discussion.author];
    for event in events {
        ids.extend(event.author);
        if let Happening::Comment(comment) = &event.what {
            ids.extend(comment.edited.map(|(_, by)| by));
            ids.extend(comment.hidden_by);
            ids.extend(comment.history.iter().map(|edition| edition.author));
            ids.extend(comment.reactions.iter().flat_map(|reactions| reactions.people.iter().copied()));
        }
    }
    ids
}
