//! The durable queue, as those see it who put jobs in and those who look after it.

use std::fmt;
use std::sync::Arc;

use hub_core::{Clock, Ids, Timestamp};
use hub_db::{Db, DbError, Tx};
use serde_json::Value;
use tokio::sync::Notify;

use crate::store::{jobs, outcomes};

/// The database key of a job.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct JobId(i64);

impl JobId {
    pub(crate) const fn new(number: i64) -> Self {
        Self(number)
    }

    /// From the number that an administrator was shown.
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn number(self) -> i64 {
        self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A job to be put in the queue.
#[derive(Clone, Debug)]
pub struct NewJob<'a> {
    kind: &'a str,
    payload: Value,
    run_at: Option<Timestamp>,
    dedup_key: Option<&'a str>,
}

impl<'a> NewJob<'a> {
    /// A job of that kind, due at once.
    pub fn new(kind: &'a str, payload: Value) -> Self {
        Self { kind, payload, run_at: None, dedup_key: None }
    }

    /// Not before `run_at`.
    pub fn at(self, run_at: Timestamp) -> Self {
        Self { run_at: Some(run_at), ..self }
    }

    /// Of jobs of this kind with this key, one waits at a time: a second one is the first one. A job that is already
    /// running does not count, because it may have read the state before it changed.
    pub fn once_per(self, key: &'a str) -> Self {
        Self { dedup_key: Some(key), ..self }
    }
}

/// How many jobs of a kind there are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KindCount {
    /// The kind.
    pub kind: String,
    /// Those that wait for their time, a worker or another attempt.
    pub waiting: u64,
    /// Those that a worker has taken.
    pub running: u64,
    /// Those that failed for good.
    pub dead: u64,
}

/// A job that failed for good.
#[derive(Clone, PartialEq, Debug)]
pub struct DeadJob {
    /// Its key.
    pub id: JobId,
    /// Its kind.
    pub kind: String,
    /// Its payload, JSON as text.
    pub payload: String,
    /// How often it was tried.
    pub attempts: i64,
    /// What the last attempt said.
    pub last_error: Option<String>,
    /// When it was given up.
    pub died_at: Timestamp,
}

/// What a kind of job said when it was done last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobOutcome {
    /// The kind.
    pub kind: String,
    /// When.
    pub finished_at: Timestamp,
    /// What came of it, for people.
    pub report: String,
}

/// The most characters of a report that are kept.
const REPORT_MAX: usize = 4000;

/// The queue in the metadata database; clones are the same queue.
#[derive(Clone, Debug)]
pub struct Queue {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) wake: Arc<Notify>,
}

impl Queue {
    /// The queue in that database.
    pub fn new(db: Db, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self { db, clock, ids, wake: Arc::new(Notify::new()) }
    }

    /// Puts a job in; it exists when `tx` commits. Gives the job that waits now, which may be an earlier one with the
    /// same key. Call [`Queue::wake`] after the commit if it should not wait for the worker's next look.
    pub async fn enqueue(&self, tx: &mut Tx, job: NewJob<'_>) -> Result<JobId, DbError> {
        let now = self.clock.now();
        let row = jobs::NewRow {
            id: self.ids.next_key(),
            kind: job.kind,
            payload: job.payload.to_string(),
            dedup_key: job.dedup_key,
            due_at: job.run_at.unwrap_or(now),
            now,
        };
        jobs::insert(tx, row).await.map(JobId)
    }

    /// Puts a job in by a transaction of its own, and wakes a worker.
    pub async fn enqueue_alone(&self, job: NewJob<'_>) -> Result<JobId, DbError> {
        let mut tx = self.db.begin().await?;
        let id = self.enqueue(&mut tx, job).await?;
        tx.commit().await?;
        self.wake();
        Ok(id)
    }

    /// Makes this process's worker look now rather than at its next turn.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// How many jobs of each kind there are, for metrics.
    pub async fn counts(&self) -> Result<Vec<KindCount>, DbError> {
        let count = |(kind, waiting, running, dead): (String, i64, i64, i64)| KindCount {
            kind,
            waiting: waiting.unsigned_abs(),
            running: running.unsigned_abs(),
            dead: dead.unsigned_abs(),
        };
        Ok(jobs::counts(&self.db).await?.into_iter().map(count).collect())
    }

    /// The jobs that were given up last.
    pub async fn dead(&self, limit: u32) -> Result<Vec<DeadJob>, DbError> {
        let dead = |(id, kind, payload, attempts, last_error, died_at): jobs::DeadRow| DeadJob {
            id: JobId(id),
            kind,
            payload,
            attempts,
            last_error,
            died_at,
        };
        Ok(jobs::dead(&self.db, limit.into()).await?.into_iter().map(dead).collect())
    }

    /// Keeps what a job has to say, in the place of what one of its kind said before.
    pub async fn keep_outcome(&self, kind: &str, report: &str) -> Result<(), DbError> {
        let kept: String = report.chars().filter(|c| *c != '\0').take(REPORT_MAX).collect();
        outcomes::put(&self.db, kind, self.clock.now(), &kept).await
    }

    /// What each kind of job said last, of those that say something.
    pub async fn outcomes(&self) -> Result<Vec<JobOutcome>, DbError> {
        let outcome = |(kind, finished_at, report)| JobOutcome { kind, finished_at, report };
        Ok(outcomes::all(&self.db).await?.into_iter().map(outcome).collect())
    }

    /// Lets a job that was given up wait again; `false` if it is not one.
    pub async fn revive(&self, id: JobId) -> Result<bool, DbError> {
        let revived = jobs::revive(&self.db, id.0, self.clock.now()).await?;
        self.wake();
        Ok(revived)
    }

    /// Removes the jobs that were given up before `before`, and gives their number.
    pub async fn remove_dead(&self, before: Timestamp) -> Result<u64, DbError> {
        jobs::remove_dead(&self.db, before).await
    }
}
