//! The door to the community features, and what it needs to work.

use std::sync::Arc;

use hub_account::{Accounts, CallerUser};
use hub_core::{Clock, Ids, Timestamp};
use hub_db::{Db, Tx};
use hub_jobs::{Event, Outbox, OutboxError, Queue, Sequence};
use hub_repo::{Repo, Repos};
use serde_json::Value;

use crate::CommunityError;

/// What [`Community`] is made of.
#[derive(Clone)]
pub struct CommunityParts {
    /// The metadata.
    pub db: Db,
    /// The repositories, and through them who is who.
    pub repos: Repos,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Fresh keys.
    pub ids: Arc<dyn Ids>,
}

/// What happened since a reader of the events last looked.
pub(crate) struct News {
    pub(crate) events: Vec<Event>,
    /// Where the reader was, and where it is once it has taken these in.
    pub(crate) from: Sequence,
    pub(crate) to: Sequence,
}

/// All community features. Cloning is cheap; every clone is the same door.
#[derive(Clone)]
pub struct Community {
    parts: Arc<CommunityParts>,
    queue: Queue,
}

impl Community {
    /// Puts the parts together.
    pub fn new(parts: CommunityParts) -> Self {
        let queue = Queue::new(parts.db.clone(), parts.clock.clone(), parts.ids.clone());
        Self { parts: Arc::new(parts), queue }
    }

    pub(crate) fn db(&self) -> &Db {
        &self.parts.db
    }

    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }

    pub(crate) fn accounts(&self) -> &Accounts {
        self.parts.repos.accounts()
    }

    pub(crate) fn repos(&self) -> &Repos {
        &self.parts.repos
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    pub(crate) fn next_key(&self) -> i64 {
        self.parts.ids.next_key()
    }

    /// The next events for the lasting reader `name`, at most `limit`; `None` if there are none. After an absence so long
    /// that events were removed it is moved on without any: what is lost is not told, what comes is.
    pub(crate) async fn news(&self, name: &str, limit: u32) -> Result<Option<News>, CommunityError> {
        let outbox = Outbox::new(self.db().clone());
        let from = outbox.position(name).await?;
        match outbox.after(from, limit).await {
            Ok(events) => Ok(events.last().map(|event| event.sequence).map(|to| News { events, from, to })),
            Err(OutboxError::Pruned { .. }) => Ok(Some(News { events: Vec::new(), from, to: outbox.latest().await? })),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes the event by which others learn of a change to `subject`.
    pub(crate) async fn note(
        &self,
        tx: &mut Tx,
        kind: &str,
        subject: &str,
        payload: Value,
    ) -> Result<(), CommunityError> {
        Outbox::append(tx, kind, subject, &payload, self.now()).await?;
        Ok(())
    }
}

/// Whoever takes part in the discussions of a repository.
///
/// # Errors
/// Anonymous callers must sign in, and tokens for reading may not speak.
pub(crate) fn speaker(repo: &Repo) -> Result<&CallerUser, CommunityError> {
    let user = repo.caller().user().ok_or(CommunityError::NeedsLogin)?;
    if repo.may_discuss() {
        return Ok(user);
    }
    Err(CommunityError::Forbidden(
        "this token may not take part in discussions: use one with the role 'write' or the permission \
         discussion.write"
            .to_owned(),
    ))
}
