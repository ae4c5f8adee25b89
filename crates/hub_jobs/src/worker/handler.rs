//! What runs a job of one kind.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use crate::JobId;

/// The circumstances of one attempt.
#[derive(Clone, Debug)]
pub struct JobContext {
    /// The job.
    pub id: JobId,
    /// Which attempt this is; the first is 1.
    pub attempt: i64,
    /// Cancelled when the process stops or another worker has the job. A long handler watches it and returns early with
    /// any error; the attempt does not count then, and the job goes on elsewhere.
    pub cancelled: CancellationToken,
}

/// Why a job did not succeed. `?` makes a [`JobError::Retry`] of any error.
#[derive(Debug)]
pub enum JobError {
    /// Another attempt may succeed.
    Retry(Box<dyn Error + Send + Sync>),
    /// No attempt can succeed: what the job was for is impossible.
    GiveUp(Box<dyn Error + Send + Sync>),
}

impl JobError {
    /// No attempt can succeed, because of this.
    pub fn give_up(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::GiveUp(reason.into())
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for JobError {
    fn from(error: E) -> Self {
        Self::Retry(error.into())
    }
}

/// What a handler returns while it works.
pub(super) type Work = Pin<Box<dyn Future<Output = Result<(), JobError>> + Send>>;

/// Runs jobs of one kind from their payload, JSON as text.
pub(super) type Handler = Arc<dyn Fn(&str, JobContext) -> Work + Send + Sync>;

/// A handler that reads its payload. One that cannot be read stays so, which no attempt mends.
pub(super) fn typed<P, F, Fut>(run: F) -> Handler
where
    P: DeserializeOwned + Send + 'static,
    F: Fn(P, JobContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), JobError>> + Send + 'static,
{
    Arc::new(move |payload, context| match serde_json::from_str(payload) {
        Ok(payload) => Box::pin(run(payload, context)),
        Err(error) => Box::pin(async move { Err(JobError::GiveUp(error.into())) }),
    })
}
