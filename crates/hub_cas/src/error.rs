//! Why a use case on content failed, in terms that its caller can act on.

use std::borrow::Cow;

use hub_blob::BlobError;
use hub_core::{Code, Sha256, UserError, XetHash};
use hub_db::DbError;
use hub_formats::xet::reconstruction::RangeError;
use hub_formats::xet::shard::ShardError;
use hub_formats::xet::xorb::XorbError;

/// Every way in which a use case of this crate fails.
#[derive(Debug, thiserror::Error)]
pub enum CasError {
    /// There is no such file.
    #[error("there is no file {0}")]
    FileNotFound(XetHash),
    /// There is no such xorb.
    #[error("there is no xorb {0}")]
    XorbNotFound(XetHash),
    /// A shard refers to a xorb that is not here.
    #[error(
        "xorb {xorb}, which the upload refers to, is not stored here. If it was uploaded before, your client remembers \
         what this server has since forgotten: remove its cache (~/.cache/huggingface/xet) and upload again"
    )]
    XorbMissing {
        /// Which one.
        xorb: XetHash,
    },
    /// The uploaded xorb is not valid, or not the one that was named.
    #[error("the upload of a xorb is refused: {0}")]
    Xorb(#[source] XorbError),
    /// The uploaded shard is not valid.
    #[error("the upload of a shard is refused: {0}")]
    Shard(#[source] ShardError),
    /// A term of a file does not fit the xorb that it names.
    #[error("term {term} of file {file} does not fit its xorb: {what}")]
    Term {
        /// Of which file.
        file: XetHash,
        /// Which term.
        term: usize,
        /// What does not fit.
        what: &'static str,
    },
    /// The chunks of a file make up another file.
    #[error("the chunks of file {claimed} make up file {actual}")]
    WrongFileHash {
        /// What was said.
        claimed: XetHash,
        /// What it is.
        actual: XetHash,
    },
    /// The content of a file has another SHA-256 than was said.
    #[error("the content of file {file} has the SHA-256 {actual}, not {claimed}")]
    WrongSha256 {
        /// Which file.
        file: XetHash,
        /// What was said.
        claimed: Sha256,
        /// What it is.
        actual: Sha256,
    },
    /// More than is taken at once.
    #[error("{0}")]
    TooLarge(String),
    /// The upload took so long that what it had stored may have been collected.
    #[error("the upload took too long: send it again")]
    TooSlow,
    /// The range does not lie within the file.
    #[error(transparent)]
    Range(RangeError),
    /// None of the ranges that a client wants to change lies within the file.
    #[error("nothing is to be changed: the file ends after {size_bytes} bytes")]
    NoEdit {
        /// The length of the file.
        size_bytes: u64,
    },
    /// A link that this instance did not sign, or whose time is over.
    #[error("this link is not valid or has expired: ask for the file again to get a new one")]
    BadLink,
    /// Stored bytes are not what a row says of them.
    #[error("stored content is damaged: {0}")]
    Damaged(String),
    /// Whoever knows what is needed could not say so.
    #[error("what is still needed could not be found out")]
    Roots(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The process is stopping.
    #[error("the server is stopping")]
    Stopped(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The blob store failed.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl CasError {
    pub(crate) fn stopped(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        CasError::Stopped(Box::new(error))
    }

    /// Whether a transaction met another one, so that it succeeds when it is run again. Uploads that mention the same xorbs
    /// lock the same rows, and PostgreSQL ends one of two that wait for each other.
    pub(crate) fn is_worth_attempt(&self, next: u32) -> bool {
        const ATTEMPTS: u32 = 5;
        matches!(self, CasError::Db(error) if error.is_conflict()) && next <= ATTEMPTS
    }

    /// Whether the same request may succeed when it is sent again.
    pub fn is_retryable(&self) -> bool {
        matches!(self.code(), Code::Conflict | Code::Unavailable | Code::Internal)
    }
}

impl From<XorbError> for CasError {
    fn from(error: XorbError) -> Self {
        match error {
            XorbError::TooLong => CasError::TooLarge(error.to_string()),
            error => CasError::Xorb(error),
        }
    }
}

impl From<ShardError> for CasError {
    fn from(error: ShardError) -> Self {
        match error {
            ShardError::TooLong => CasError::TooLarge(error.to_string()),
            error => CasError::Shard(error),
        }
    }
}

impl From<RangeError> for CasError {
    fn from(error: RangeError) -> Self {
        CasError::Range(error)
    }
}

impl UserError for CasError {
    fn code(&self) -> Code {
        match self {
            CasError::FileNotFound(_) | CasError::XorbNotFound(_) => Code::NotFound,
            CasError::XorbMissing { .. }
            | CasError::Xorb(_)
            | CasError::Shard(_)
            | CasError::Term { .. }
            | CasError::WrongFileHash { .. }
            | CasError::WrongSha256 { .. }
            | CasError::TooSlow
            | CasError::NoEdit { .. }
            | CasError::Range(RangeError::Inverted) => Code::BadRequest,
            CasError::TooLarge(_) => Code::TooLarge,
            CasError::Range(RangeError::PastEnd { .. }) => Code::RangeNotSatisfiable,
            CasError::BadLink => Code::Forbidden,
            CasError::Damaged(_) | CasError::Roots(_) => Code::Internal,
            CasError::Stopped(_) => Code::Unavailable,
            CasError::Blob(error) => error.code(),
            CasError::Db(error) => error.code(),
        }
    }

    fn message(&self) -> Cow<'_, str> {
        match self {
            CasError::Blob(error) => error.message(),
            CasError::Db(error) => error.message(),
            error => error.to_string().into(),
        }
    }
}
