//! The list of what a person was told: read, marked, removed.

use std::collections::HashMap;

use hub_account::Caller;
use hub_core::{Access, Code, RepoAddr, Timestamp, UserError};
use hub_repo::{RepoId, RepoState};

use super::settings::{reader, writer};
use super::{Notification, Reason};
use crate::discussions::{Discussion, DiscussionId, ThreadEventId};
use crate::store::{discussions, notifications, pieces, reports};
use crate::{Community, CommunityError, People};

/// Notifications of a page.
const PAGE: i64 = 25;
/// How far the pages go: what is further back is found by marking or removing what comes before.
const START_MAX: i64 = 10_000;
/// People of a discussion that a notification shows.
const FACES_MAX: i64 = 5;
/// What the head of a page counts to.
const UNREAD_MAX: i64 = 100;
/// The most discussions that one request names.
const NAMED_MAX: usize = 1_000;

/// Which notifications.
#[derive(Clone, Debug)]
pub struct NotificationQuery {
    /// The page, counted from 0.
    pub page: u32,
    /// Only those that were not read.
    pub unread: bool,
    /// The weakest reason that counts.
    pub least: Reason,
    /// Only those of one repository.
    pub repo: Option<RepoId>,
    /// Only those up to this moment: what came after a page was shown stays as it is.
    pub until: Option<Timestamp>,
}

impl Default for NotificationQuery {
    fn default() -> Self {
        Self { page: 0, unread: false, least: Reason::Watching, repo: None, until: None }
    }
}

/// What a person was told, with what it is about.
#[derive(Clone, Debug)]
pub struct NotificationView {
    /// The repository.
    pub repo: RepoState,
    /// The discussion as it is now.
    pub discussion: Discussion,
    /// What happened last.
    pub event: ThreadEventId,
    /// Why they were told.
    pub reason: Reason,
    /// Whether they have read it.
    pub is_read: bool,
    /// When it happened.
    pub updated: Timestamp,
    /// Some of those who take part, in the order in which they came.
    pub participants: Vec<hub_account::NamespaceId>,
}

/// A page of notifications, the latest first.
#[derive(Clone, Debug)]
pub struct NotificationPage {
    /// Those of the page.
    pub notifications: Vec<NotificationView>,
    /// Who is mentioned in them.
    pub people: People,
    /// How many fit the query, how many are unread, and how many there are.
    pub counts: (u64, u64, u64),
    /// The place of the first, counted from 0.
    pub start: u64,
    /// Whether there is another page.
    pub has_more: bool,
}

impl Community {
    /// The repository of a filter. One that the caller may not know of fits nothing, as one that is not there.
    pub async fn repo_for_notifications(
        &self,
        caller: &Caller,
        addr: &RepoAddr,
    ) -> Result<Option<RepoId>, CommunityError> {
        match self.repos().open(caller, addr, Access::Metadata).await {
            Ok(repo) => Ok(Some(repo.id())),
            Err(error) if error.code() == Code::RepoNotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What the caller was told. What they may no longer know of is forgotten.
    pub async fn notifications(
        &self,
        caller: &Caller,
        query: &NotificationQuery,
    ) -> Result<NotificationPage, CommunityError> {
        let user = reader(caller)?.id;
        let start = (i64::from(query.page) * PAGE).min(START_MAX);
        let (rows, known) = loop {
            let rows = notifications::list(self.db(), user, query, start, PAGE + 1).await?;
            let known = self.known(caller, rows.iter().map(|row| row.repo)).await?;
            let gone: Vec<DiscussionId> =
                rows.iter().filter(|row| !known.contains_key(&row.repo)).map(|row| row.discussion).collect();
            if gone.is_empty() {
                break (rows, known);
            }
            let mut tx = self.db().begin().await?;
            notifications::remove(&mut tx, user, Some(&gone), query).await?;
            tx.commit().await?;
        };
        let has_more = rows.len() as i64 > PAGE;
        let mut views = Vec::new();
        for row in rows.into_iter().take(PAGE as usize) {
            views.extend(self.notification(row, &known).await?);
        }
        let everything = NotificationQuery::default();
        let counts = (
            notifications::count(self.db(), user, query).await?,
            notifications::count(self.db(), user, &NotificationQuery { unread: true, ..everything.clone() }).await?,
            notifications::count(self.db(), user, &everything).await?,
        );
        let people = views.iter().flat_map(|view| view.participants.iter().copied());
        let people = self.people(people).await?;
        Ok(NotificationPage { notifications: views, people, counts, start: start.unsigned_abs(), has_more })
    }

    async fn notification(
        &self,
        row: Notification,
        known: &HashMap<RepoId, RepoState>,
    ) -> Result<Option<NotificationView>, CommunityError> {
        let Some(repo) = known.get(&row.repo).cloned() else { return Ok(None) };
        let Some(discussion) = discussions::by_id(self.db(), row.discussion).await? else { return Ok(None) };
        let participants = notifications::participants(self.db(), discussion.id, FACES_MAX).await?;
        let Notification { event, reason, is_read, updated, .. } = row;
        Ok(Some(NotificationView { repo, discussion, event, reason, is_read, updated, participants }))
    }

    /// How many notifications the caller has not read, at most a hundred; none for strangers.
    pub async fn unread_notifications(&self, caller: &Caller) -> Result<u64, CommunityError> {
        match reader(caller) {
            Ok(user) => {
                let told = notifications::unread(self.db(), user.id, UNREAD_MAX).await?;
                let of_pieces = pieces::unread_notices(self.db(), user.id, UNREAD_MAX).await?;
                Ok(told + of_pieces + reports::unread(self.db(), user.id, UNREAD_MAX).await?)
            }
            Err(_) => Ok(0),
        }
    }

    /// Marks the notifications of some discussions as read or not read; without any, all that fit the query.
    pub async fn mark_notifications(
        &self,
        caller: &Caller,
        discussions: Option<&[DiscussionId]>,
        query: &NotificationQuery,
        is_read: bool,
    ) -> Result<u64, CommunityError> {
        let user = writer(caller)?.id;
        bounded(discussions)?;
        let mut tx = self.db().begin().await?;
        let count = notifications::mark(&mut tx, user, discussions, query, is_read).await?;
        tx.commit().await?;
        Ok(count)
    }

    /// Removes the notifications of some discussions; without any, all that fit the query.
    pub async fn remove_notifications(
        &self,
        caller: &Caller,
        discussions: Option<&[DiscussionId]>,
        query: &NotificationQuery,
    ) -> Result<u64, CommunityError> {
        let user = writer(caller)?.id;
        bounded(discussions)?;
        let mut tx = self.db().begin().await?;
        let count = notifications::remove(&mut tx, user, discussions, query).await?;
        tx.commit().await?;
        Ok(count)
    }

    /// Notes that the caller has looked at a discussion.
    pub async fn saw_discussion(&self, caller: &Caller, discussion: &Discussion) -> Result<(), CommunityError> {
        let Ok(user) = writer(caller) else { return Ok(()) };
        if !notifications::is_unread(self.db(), user.id, discussion.id).await? {
            return Ok(());
        }
        let query = NotificationQuery::default();
        let mut tx = self.db().begin().await?;
        notifications::mark(&mut tx, user.id, Some(&[discussion.id]), &query, true).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn bounded(discussions: Option<&[DiscussionId]>) -> Result<(), CommunityError> {
    if discussions.is_some_and(|named| named.len() > NAMED_MAX) {
        return Err(CommunityError::BadRequest(format!("one request names at most {NAMED_MAX} discussions")));
    }
    Ok(())
}
