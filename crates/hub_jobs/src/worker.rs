//! Takes jobs from the queue and runs them, a bounded number at a time.
//!
//! A taken job is held by a lease that is renewed while the job runs. If the process dies, the lease runs out and any
//! replica takes the job again. If the lease is lost to another worker all the same (this process was suspended), the
//! handler is stopped and its result is ignored.

mod handler;
mod running;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use hub_core::Timestamp;
use hub_db::{DbError, Value};
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use handler::{Handler, typed};
pub use handler::{JobContext, JobError};
use running::Running;

use crate::store::{jobs, schedules};
use crate::{NewJob, Queue, RetryPolicy};

/// The settings of a worker.
#[derive(Clone, Debug)]
pub struct WorkerSettings {
    /// How many jobs run at a time.
    pub concurrency: usize,
    /// How long a job stays taken without a sign of life; signs come three times as often.
    pub lease: Duration,
    /// How long the worker waits before it looks again when nothing was due and nobody woke it.
    pub poll: Duration,
    /// When failed jobs are tried again.
    pub retry: RetryPolicy,
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self {
            concurrency: 4,
            lease: Duration::from_secs(60),
            poll: Duration::from_secs(1),
            retry: RetryPolicy::default(),
        }
    }
}

/// Runs the kinds of jobs that it has handlers for, and leaves the others to newer or other workers.
#[derive(Clone)]
pub struct Worker {
    queue: Queue,
    settings: Arc<WorkerSettings>,
    handlers: HashMap<&'static str, Handler>,
    schedules: Vec<(&'static str, Duration)>,
    slots: Arc<Semaphore>,
}

impl Worker {
    /// A worker without handlers.
    pub fn new(queue: Queue, settings: WorkerSettings) -> Self {
        let slots = Arc::new(Semaphore::new(settings.concurrency.max(1)));
        Self { queue, settings: Arc::new(settings), handlers: HashMap::new(), schedules: Vec::new(), slots }
    }

    /// Runs jobs of that kind by `run`, which gets the payload and the circumstances.
    pub fn on<P, F, Fut>(mut self, kind: &'static str, run: F) -> Self
    where
        P: DeserializeOwned + Send + 'static,
        F: Fn(P, JobContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), JobError>> + Send + 'static,
    {
        let before = self.handlers.insert(kind, typed(run));
        debug_assert!(before.is_none(), "{kind} has one handler");
        self
    }

    /// Enqueues a job of that kind, with the payload `null`, each time `interval` has passed: on one replica, once.
    /// Turns that nobody was there to take are not made up for.
    pub fn every(mut self, kind: &'static str, interval: Duration) -> Self {
        self.schedules.push((kind, interval));
        self
    }

    /// Works until `stop` is cancelled, then takes no more jobs. Those that run are told by their own token and are
    /// waited for by whoever waits for `tracker`.
    pub async fn run(self, stop: CancellationToken, tracker: TaskTracker) {
        let (mut is_registered, mut was_cut_off) = (false, false);
        while !stop.is_cancelled() {
            let pass = async {
                if !is_registered {
                    self.register_schedules().await?;
                    is_registered = true;
                }
                self.pass(&stop, &tracker).await
            };
            let result = pass.await;
            // Said once when it begins and once when it ends, not at each look.
            match (&result, was_cut_off) {
                (Err(error), false) => {
                    let error = error as &dyn std::error::Error;
                    tracing::warn!(error, "the worker cannot reach its queue and will keep trying");
                }
                (Ok(_), true) => tracing::info!("the worker reaches its queue again"),
                (Ok(_), false) | (Err(_), true) => {}
            }
            was_cut_off = result.is_err();
            if matches!(result, Ok(1..)) {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.queue.wake.notified() => {}
                () = tokio::time::sleep(self.settings.poll) => {}
            }
        }
    }

    /// Runs all that is due now, waits for it, and gives the number of attempts; for commands and tests.
    pub async fn run_due(&self) -> Result<usize, DbError> {
        self.register_schedules().await?;
        let (stop, mut attempts) = (CancellationToken::new(), 0);
        loop {
            let tracker = TaskTracker::new();
            let taken = self.pass(&stop, &tracker).await?;
            tracker.close();
            tracker.wait().await;
            if taken == 0 {
                return Ok(attempts);
            }
            attempts += taken;
        }
    }

    /// Makes the rows of the schedules. A new one has its first turn after one interval.
    async fn register_schedules(&self) -> Result<(), DbError> {
        for (kind, interval) in &self.schedules {
            let interval_ms = millis(*interval);
            let first = self.queue.clock.now().plus_millis(interval_ms);
            schedules::put(&self.queue.db, kind, interval_ms, first).await?;
        }
        Ok(())
    }

    /// Enqueues what is scheduled for now and starts as many due jobs as there are free slots; gives their number.
    async fn pass(&self, stop: &CancellationToken, tracker: &TaskTracker) -> Result<usize, DbError> {
        self.enqueue_scheduled().await?;
        let kinds: Vec<Value> = self.handlers.keys().map(|kind| Value::from(*kind)).collect();
        if !jobs::any_due(&self.queue.db, &kinds, self.queue.clock.now()).await? {
            return Ok(0);
        }
        let Some(mut permits) = self.free_slots(stop).await else { return Ok(0) };
        let (now, lease) = (self.queue.clock.now(), self.queue.ids.next_key());
        let mut tx = self.queue.db.begin().await?;
        jobs::bury_abandoned(&mut tx, self.settings.retry.max_attempts.into(), now).await?;
        let taking = jobs::Taking {
            kinds: &kinds,
            limit: i64::try_from(permits.len()).unwrap_or(i64::MAX),
            lease,
            now,
            lease_until: self.lease_from(now),
        };
        let taken = jobs::take(&mut tx, taking).await?;
        tx.commit().await?;
        let count = taken.len();
        for row in taken {
            let permit = permits.pop();
            let running = Running { worker: self.clone(), row, lease, stop: stop.clone() };
            let tasks = tracker.clone();
            tracker.spawn(async move {
                let _permit = permit;
                running.run(&tasks).await;
            });
        }
        Ok(count)
    }

    /// At least one free slot, and all others that are free; `None` if told to stop meanwhile.
    async fn free_slots(&self, stop: &CancellationToken) -> Option<Vec<OwnedSemaphorePermit>> {
        let first = tokio::select! {
            permit = self.slots.clone().acquire_owned() => permit.ok()?,
            () = stop.cancelled() => return None,
        };
        let mut permits = vec![first];
        while let Ok(permit) = self.slots.clone().try_acquire_owned() {
            permits.push(permit);
        }
        Some(permits)
    }

    async fn enqueue_scheduled(&self) -> Result<(), DbError> {
        if self.schedules.is_empty() {
            return Ok(());
        }
        let kinds: Vec<Value> = self.schedules.iter().map(|(kind, _)| Value::from(*kind)).collect();
        let now = self.queue.clock.now();
        for (kind, interval_ms, planned) in schedules::due(&self.queue.db, &kinds, now).await? {
            let next = Some(planned.plus_millis(interval_ms)).filter(|next| *next > now);
            let next = next.unwrap_or_else(|| now.plus_millis(interval_ms));
            let mut tx = self.queue.db.begin().await?;
            if schedules::move_on(&mut tx, &kind, planned, next).await? {
                let job = NewJob::new(&kind, serde_json::Value::Null).once_per("schedule");
                self.queue.enqueue(&mut tx, job).await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }

    fn lease_from(&self, now: Timestamp) -> Timestamp {
        now.plus_millis(millis(self.settings.lease))
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
