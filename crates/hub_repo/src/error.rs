//! Why a use case on repositories failed, in terms that its caller can act on.

use std::borrow::Cow;

use hub_account::AccountError;
use hub_blob::BlobError;
use hub_cas::CasError;
use hub_core::{Code, Oid, PathError, RepoAddr, RepoPath, Sha256, UserError};
use hub_db::DbError;
use hub_formats::git::ObjectError;
use hub_formats::git::pack::PackError;

/// Every way in which a repository use case fails.
#[derive(Debug, thiserror::Error)]
pub enum RepoError {
    /// No such repository, or none that this caller may know of.
    #[error("Repository not found")]
    RepoNotFound,
    /// The repository lives under another address now.
    #[error("the repository has moved to {to}")]
    Moved {
        /// Where it is.
        to: Box<RepoAddr>,
    },
    /// An administrator has switched the repository off.
    #[error("Access to this resource is disabled.")]
    Disabled,
    /// The files are for those who asked for access and got it.
    #[error("Access to {addr} is restricted and you are not in the authorized list. Visit its page to ask for access")]
    Gated {
        /// Which repository.
        addr: Box<RepoAddr>,
    },
    /// The caller must sign in first.
    #[error("you must be signed in for this: send a token (hf auth login)")]
    NeedsLogin,
    /// A token of the chunk store that was not made here or whose time is over.
    #[error("this token for the chunk store is not valid or has expired: ask for a new one")]
    BadToken,
    /// The caller is known and lacks a right.
    #[error("{0}")]
    Forbidden(String),
    /// No such branch, tag or commit.
    #[error("Invalid rev id: {0}")]
    RevisionNotFound(String),
    /// No such file or folder at this revision.
    #[error("Entry not found: {path}")]
    EntryNotFound {
        /// What was asked for.
        path: String,
        /// The commit in which it is missing; clients cache this knowledge.
        commit: Option<Oid>,
    },
    /// Something else that was named does not exist.
    #[error("{0}")]
    NotFound(String),
    /// A path that cannot be written.
    #[error("invalid path {path:?}: {reason}")]
    Path {
        /// What was sent.
        path: String,
        /// What is wrong with it.
        reason: PathError,
    },
    /// The request is well-formed and asks for something impossible.
    #[error("{0}")]
    Unprocessable(String),
    /// The request makes no sense.
    #[error("{0}")]
    BadRequest(String),
    /// A repository of that address exists.
    #[error("You already created this {} repo: {}", addr.kind, addr.repo_id())]
    RepoExists {
        /// The address that is taken.
        addr: Box<RepoAddr>,
    },
    /// Something of that name exists, or another writer was faster.
    #[error("{0}")]
    Conflict(String),
    /// The branch moved after the caller looked.
    #[error("The branch was updated since you opened this page. Please refresh and try again.")]
    StaleParent,
    /// The file or body is larger than allowed.
    #[error("{0}")]
    TooLarge(String),
    /// A commit refers to a large file that was never uploaded here.
    #[error(
        "the large file {sha256} of {path:?} has not been uploaded to this repository: upload it first, then commit"
    )]
    LargeMissing {
        /// Where it was to go.
        path: RepoPath,
        /// What is missing.
        sha256: Sha256,
    },
    /// The bytes that arrived are not the bytes that were announced.
    #[error("{0}")]
    Corrupt(String),
    /// The namespace has used up its share of storage.
    #[error("{0}")]
    QuotaExceeded(String),
    /// Hearth does not offer this (yet).
    #[error("{0}")]
    NotImplemented(String),
    /// What a push sent is no good pack.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// A stored git object cannot be read.
    #[error("a stored git object is damaged")]
    Object(#[from] ObjectError),
    /// The metadata database failed.
    #[error("the metadata store failed")]
    Db(#[from] DbError),
    /// The blob store failed.
    #[error("the blob store failed")]
    Blob(#[from] BlobError),
    /// The chunk store failed, or refuses what it was given.
    #[error(transparent)]
    Cas(#[from] CasError),
    /// The account lookup failed.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// Something that Hearth itself promised does not hold.
    #[error("internal inconsistency: {0}")]
    Inconsistent(String),
}

impl RepoError {
    /// The missing-file error for a path at a commit.
    pub(crate) fn entry_not_found(path: impl Into<String>, commit: Option<Oid>) -> Self {
        Self::EntryNotFound { path: path.into(), commit }
    }
}

impl UserError for RepoError {
    fn code(&self) -> Code {
        match self {
            Self::RepoNotFound | Self::Moved { .. } => Code::RepoNotFound,
            Self::Disabled => Code::RepoDisabled,
            Self::Gated { .. } => Code::GatedRepo,
            Self::NeedsLogin => Code::NeedsLogin,
            Self::BadToken => Code::BadCredentials,
            Self::Forbidden(_) => Code::Forbidden,
            Self::RevisionNotFound(_) => Code::RevisionNotFound,
            Self::EntryNotFound { .. } => Code::EntryNotFound,
            Self::NotFound(_) => Code::NotFound,
            Self::Path { .. } | Self::Unprocessable(_) | Self::Corrupt(_) => Code::Unprocessable,
            Self::BadRequest(_) | Self::LargeMissing { .. } => Code::BadRequest,
            Self::RepoExists { .. } | Self::Conflict(_) => Code::Conflict,
            Self::StaleParent => Code::StaleParent,
            Self::TooLarge(_) => Code::TooLarge,
            Self::QuotaExceeded(_) => Code::QuotaExceeded,
            Self::NotImplemented(_) => Code::NotImplemented,
            Self::Db(error) => error.code(),
            Self::Blob(error) => error.code(),
            Self::Cas(error) => error.code(),
            Self::Account(error) => error.code(),
            Self::Pack(PackError::TooMuch { .. } | PackError::Bomb { .. }) => Code::TooLarge,
            // Input or output failed: the sender went away, or the disk is full.
            Self::Pack(PackError::Io(_)) => Code::Unavailable,
            Self::Pack(_) => Code::Unprocessable,
            Self::Object(_) | Self::Inconsistent(_) => Code::Internal,
        }
    }

    fn message(&self) -> Cow<'_, str> {
        match self {
            // Their own words say more than that they failed.
            Self::Db(error) => error.message(),
            Self::Blob(error) => error.message(),
            Self::Cas(error) => error.message(),
            Self::Account(error) => error.message(),
            _ => Cow::Owned(self.to_string()),
        }
    }
}
