//! Work that outlives a request: the outbox of events, the durable queue, and schedules, in the metadata database.
//!
//! - [`Outbox`]: what others must learn is written as an event in the transaction that makes it true, and read in
//!   order afterwards by anyone, on any replica.
//! - [`Queue`] and [`Worker`]: a job is enqueued in the transaction that needs it, taken under a lease by one worker of
//!   one replica, and tried again until it succeeds or is declared dead.
//! - Schedules: a row says when a kind of job is due next; the replica that moves it on enqueues the job.
//!
//! A job runs at least once, never exactly once: its process can die after the work and before the row is removed. Jobs
//! are therefore idempotent, small, and read the present state rather than trust their payload. Nothing here needs a
//! leader or memory that replicas share.

mod outbox;
mod queue;
mod retry;
mod store;
mod worker;

pub use outbox::{Event, Outbox, OutboxError, Sequence};
pub use queue::{DeadJob, JobId, JobOutcome, KindCount, NewJob, Queue};
pub use retry::RetryPolicy;
pub use worker::{JobContext, JobError, Worker, WorkerSettings};
