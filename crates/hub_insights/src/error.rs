//! What can go wrong.

use std::borrow::Cow;

use hub_core::{Code, UserError};
use hub_db::DbError;
use hub_jobs::OutboxError;
use hub_repo::RepoError;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum InsightsError {
    /// The feed has not yet taken in what was there before it began.
    #[error("the feed is still taking in what was there before: try again in a minute")]
    NotReady,
    /// The repositories could not be read.
    #[error("repositories cannot be read")]
    Repo(#[from] RepoError),
    /// The events could not be read.
    #[error("the events cannot be read")]
    Outbox(#[from] OutboxError),
    /// The database failed.
    #[error("the database failed")]
    Db(#[from] DbError),
    /// The table could not be written.
    #[error("the export cannot be written")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// The thread that worked on it failed.
    #[error("the export was given up")]
    Interrupted,
}

impl UserError for InsightsError {
    fn code(&self) -> Code {
        match self {
            InsightsError::NotReady => Code::Unavailable,
            InsightsError::Repo(error) => error.code(),
            InsightsError::Outbox(error) => error.code(),
            InsightsError::Db(error) => error.code(),
            InsightsError::Parquet(_) | InsightsError::Interrupted => Code::Internal,
        }
    }

    fn message(&self) -> Cow<'_, str> {
        match self {
            InsightsError::Repo(error) => error.message(),
            InsightsError::Outbox(error) => error.message(),
            InsightsError::Db(error) => error.message(),
            _ => self.to_string().into(),
        }
    }
}
