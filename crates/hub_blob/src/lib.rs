//! Objects in a folder or on an S3-compatible store: typed keys, ranges, multipart, presigned links.
//!
//! A store knows bytes under keys and nothing of repositories or permissions. Two implementations stand behind
//! [`BlobStore`]: [`FolderStore`] and [`S3Store`]; one conformance suite (`tests/it/conformance.rs`) holds both to the
//! guarantees that the trait states. The types of the S3 client never leave this crate.

mod error;
mod folder;
mod key;
mod pipe;
mod s3;
mod store;
pub mod testing;

pub use error::BlobError;
pub use folder::FolderStore;
pub use key::{CopyId, KeyError, ObjectKey, PartsId};
pub use s3::{S3Config, S3Store};
pub use store::{BlobStore, BlobStream, BlobWriter, LinkOptions, Listed, WrittenBlob};
