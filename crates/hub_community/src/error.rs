//! Why a community use case failed, in terms that its caller can act on.

use std::borrow::Cow;

use hub_account::AccountError;
use hub_core::{Code, UserError};
use hub_db::DbError;
use hub_jobs::OutboxError;
use hub_repo::RepoError;

/// Every way in which a use case of this crate fails.
#[derive(Debug, thiserror::Error)]
pub enum CommunityError {
    /// The caller must sign in first.
    #[error("you must be signed in for this: send a token (hf auth login)")]
    NeedsLogin,
    /// The caller is known and may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// There is no such thing, or none that the caller may know of.
    #[error("{0}")]
    NotFound(String),
    /// The request makes no sense.
    #[error("{0}")]
    BadRequest(String),
    /// It is there already, or its state does not allow this.
    #[error("{0}")]
    Conflict(String),
    /// A pull request cannot be merged as it is.
    #[error("these files were changed on both sides: {}; bring the pull request up to date first", .files.join(", "))]
    MergeConflict {
        /// The files on which both sides disagree.
        files: Vec<String>,
    },
    /// A pull request lacks reviews that its repository asks for.
    #[error("this pull request cannot be merged yet: {}", .missing.join("; "))]
    ReviewsMissing {
        /// What is missing, one sentence each.
        missing: Vec<String>,
    },
    /// Its owner has a collection of that title.
    #[error("you already have a collection of that title: {slug}")]
    CollectionExists {
        /// The address of that one.
        slug: String,
    },
    /// The engine refused or failed.
    #[error(transparent)]
    Repo(#[from] RepoError),
    /// The account lookup failed.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// What happened cannot be read.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// The metadata database failed.
    #[error("the metadata store failed")]
    Db(#[from] DbError),
}

impl UserError for CommunityError {
    fn code(&self) -> Code {
        match self {
            Self::NeedsLogin => Code::NeedsLogin,
            Self::Forbidden(_) => Code::Forbidden,
            Self::NotFound(_) => Code::NotFound,
            Self::BadRequest(_) => Code::BadRequest,
            Self::Conflict(_)
            | Self::MergeConflict { .. }
            | Self::ReviewsMissing { .. }
            | Self::CollectionExists { .. } => Code::Conflict,
            Self::Repo(error) => error.code(),
            Self::Account(error) => error.code(),
            Self::Outbox(error) => error.code(),
            Self::Db(error) => error.code(),
        }
    }

    fn message(&self) -> Cow<'_, str> {
        match self {
            Self::Repo(error) => error.message(),
            Self::Account(error) => error.message(),
            Self::Outbox(error) => error.message(),
            Self::Db(error) => error.message(),
            _ => Cow::Owned(self.to_string()),
        }
    }
}
