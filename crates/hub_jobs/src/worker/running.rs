//! One attempt at one job, from its start to what is written down of it.

use std::error::Error;

use hub_db::DbError;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, interval_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{JobContext, JobError, Worker, millis};
use crate::JobId;
use crate::store::jobs::{self, Failure, LeasedRow};

/// The most that is kept of an error.
const ERROR_MAX_BYTES: usize = 2000;

pub(super) struct Running {
    pub(super) worker: Worker,
    pub(super) row: LeasedRow,
    pub(super) lease: i64,
    pub(super) stop: CancellationToken,
}

/// Stops the handler's task when the attempt is given up.
struct Stopping(JoinHandle<Result<(), JobError>>);

impl Drop for Stopping {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Running {
    pub(super) async fn run(self, tasks: &TaskTracker) {
        let Some(handler) = self.worker.handlers.get(self.row.kind.as_str()) else { return };
        let cancelled = self.stop.child_token();
        let context =
            JobContext { id: JobId::new(self.row.id), attempt: self.row.attempts, cancelled: cancelled.clone() };
        // A task of its own, so that a panic is a failed attempt and not the end of the worker.
        let work = Stopping(tasks.spawn(handler(&self.row.payload, context)));
        let Some(result) = self.hold_lease(work).await else {
            cancelled.cancel();
            tracing::warn!(job.id = self.row.id, job.kind = self.row.kind, "another worker has taken the job");
            return;
        };
        if let Err(error) = self.write_down(result).await {
            let error = &error as &dyn Error;
            tracing::warn!(job.id = self.row.id, job.kind = self.row.kind, error, "the end of a job was not recorded");
        }
    }

    /// Renews the lease until the work ends; `None` if the lease is lost.
    async fn hold_lease(&self, mut work: Stopping) -> Option<Result<Result<(), JobError>, JoinError>> {
        let rhythm = self.worker.settings.lease / 3;
        let mut beats = interval_at(Instant::now() + rhythm, rhythm);
        loop {
            tokio::select! {
                result = &mut work.0 => return Some(result),
                _ = beats.tick() => match self.renew().await {
                    Ok(true) => {}
                    Ok(false) => return None,
                    // The next beat may reach the database; until then the lease still runs.
                    Err(error) => {
                        let error = &error as &dyn Error;
                        tracing::warn!(job.id = self.row.id, error, "the lease of a job was not renewed");
                    }
                },
            }
        }
    }

    async fn renew(&self) -> Result<bool, DbError> {
        let until = self.worker.lease_from(self.worker.queue.clock.now());
        jobs::renew(&self.worker.queue.db, self.row.id, self.lease, until).await
    }

    async fn write_down(&self, result: Result<Result<(), JobError>, JoinError>) -> Result<(), DbError> {
        let queue = &self.worker.queue;
        let error = match result {
            Ok(Ok(())) => return jobs::finish(&queue.db, self.row.id, self.lease).await.map(drop),
            Ok(Err(error)) => error,
            Err(fault) => JobError::Retry(fault.into()),
        };
        let now = queue.clock.now();
        let (text, delay) = match &error {
            JobError::GiveUp(error) => (chain(&**error), None),
            // It was told to stop: that is no failure of the job, and another replica may go on at once.
            JobError::Retry(_) if self.stop.is_cancelled() => {
                let failure = Failure {
                    id: self.row.id,
                    lease: self.lease,
                    again_at: Some(now),
                    counts: false,
                    error: None,
                    now,
                };
                return jobs::fail(&queue.db, failure).await;
            }
            JobError::Retry(error) => {
                (chain(&**error), self.worker.settings.retry.delay_after(self.row.attempts, &*queue.ids))
            }
        };
        let again_at = delay.map(|delay| now.plus_millis(millis(delay)));
        let (id, kind, attempt, error) = (self.row.id, &self.row.kind, self.row.attempts, text.as_str());
        match again_at {
            Some(_) => tracing::info!(job.id = id, job.kind = kind, attempt, error, "a job failed and rests"),
            None => tracing::warn!(job.id = id, job.kind = kind, attempt, error, "a job failed for good"),
        }
        let failure = Failure { id, lease: self.lease, again_at, counts: true, error: Some(error), now };
        jobs::fail(&queue.db, failure).await
    }
}

/// An error with its causes, cut to a length that a row may have. NUL cannot be stored.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    let mut text = text.replace('\0', "");
    text.truncate(text.floor_char_boundary(ERROR_MAX_BYTES));
    text
}
