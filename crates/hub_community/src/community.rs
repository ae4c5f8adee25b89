//! The door to the community features, and what it needs to work.

use std::sync::Arc;

use hub_account::{Accounts, CallerUser};
use hub_core::{Clock, Ids, Timestamp};
use hub_db::{Db, Tx};
use hub_jobs::{Outbox, Queue};
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
