//! How a blob store fails.

use std::io;

use hub_core::{Code, UserError};

/// Every way in which a blob operation fails.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The store has no such object, or no such upload in parts.
    #[error("the blob store has no {0}")]
    NotFound(String),
    /// The store has no room left.
    #[error("the blob store has no room left; tell the administrator")]
    Full(#[source] io::Error),
    /// The range does not lie within the object.
    #[error("the range lies outside the object of {size} bytes")]
    OutOfRange {
        /// The size of the object.
        size: u64,
    },
    /// The source of a part or body broke off or failed. Built by whoever makes the stream, see [`BlobError::body`].
    #[error("the incoming bytes broke off")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A part has another length than announced.
    #[error("part {number} has {received} bytes, {announced} were announced")]
    WrongLength {
        /// The part.
        number: u32,
        /// What was said to come.
        announced: u64,
        /// What came; for a body that is too long, what came before it was refused.
        received: u64,
    },
    /// The parts do not make up the object: one is missing, unknown, superseded, overlapping or out of bounds.
    #[error("the parts do not make up the object: {0}")]
    BadParts(String),
    /// A part is still on its way while the upload is asked to complete.
    #[error("a part of this upload is still being received")]
    Busy,
    /// The configuration cannot work.
    #[error("the blob store is misconfigured: {0}")]
    Config(String),
    /// The file system failed.
    #[error("the blob folder failed")]
    Io(#[source] io::Error),
    /// The S3-compatible store failed.
    #[error("the object store failed")]
    Remote(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl BlobError {
    /// Wraps the failure of a stream of incoming bytes, such as a request body.
    pub fn body(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        BlobError::Body(source.into())
    }
}

impl From<io::Error> for BlobError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // The file system or a limit of the process allows no file of this size: there is no room for this one.
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                BlobError::Full(error)
            }
            _ => BlobError::Io(error),
        }
    }
}

impl UserError for BlobError {
    fn code(&self) -> Code {
        match self {
            BlobError::NotFound(_) => Code::NotFound,
            BlobError::Full(_) => Code::StorageFull,
            BlobError::OutOfRange { .. } => Code::RangeNotSatisfiable,
            BlobError::Body(_) | BlobError::WrongLength { .. } | BlobError::BadParts(_) => Code::BadRequest,
            BlobError::Busy => Code::Conflict,
            BlobError::Config(_) | BlobError::Io(_) => Code::Internal,
            BlobError::Remote(_) => Code::Unavailable,
        }
    }
}

#[cfg(test)]
mod tests;
