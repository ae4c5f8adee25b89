//! The bytes of one file: what a download needs to know before the first byte, and the stream.

use std::ops::Range;

use bytes::Bytes;
use futures::StreamExt;
use hub_blob::{BlobStream, LinkOptions};
use hub_core::{Access, CommitId, Oid, RepoPath, Sha256};
use hub_formats::git::{Mode, ObjectKind};

use crate::store::objects;
use crate::tree::{LargeTarget, is_blob};
use crate::{Repo, RepoError};

/// A file of a repository at a commit, ready to be read.
#[derive(Clone, Debug)]
pub struct FileContent {
    /// Its path.
    pub path: RepoPath,
    /// The commit that the revision named.
    pub commit: CommitId,
    /// The id of its git blob: of the pointer for large files.
    pub oid: Oid,
    /// How many bytes a reader gets.
    pub size: u64,
    /// The large file, if the git blob is a pointer to one.
    pub large: Option<LargeTarget>,
    /// Where the bytes are.
    pub source: FileSource,
}

/// Where the bytes of a file are.
#[derive(Clone, Debug)]
pub enum FileSource {
    /// In the metadata store: at most [`crate::objects::ROW_BLOB_MAX`] bytes.
    Row(Oid),
    /// In the blob store, in one piece or in chunks.
    Content(Sha256),
}

impl Repo {
    /// Finds the file at a path and how it can be read.
    ///
    /// # Errors
    /// [`RepoError::EntryNotFound`] if there is no file at the path.
    pub async fn file(&self, commit: CommitId, path: &RepoPath) -> Result<FileContent, RepoError> {
        let mut file = self.raw_file(commit, path).await?;
        if let Some(large) = file.large {
            // Anyone can write a pointer; only content that arrived in this repository may be read through it.
            let Some(held) = self.held_target(large.sha256).await? else {
                return Err(RepoError::entry_not_found(path.as_str(), Some(commit.oid())));
            };
            file.size = large.size;
            file.large = Some(LargeTarget { xet: held.xet, ..large });
            file.source = FileSource::Content(large.sha256);
        }
        Ok(file)
    }

    /// Like [`Repo::file`], but a large file gives its pointer, as git stores it.
    pub async fn raw_file(&self, commit: CommitId, path: &RepoPath) -> Result<FileContent, RepoError> {
        self.require(Access::Read)?;
        let missing = || RepoError::entry_not_found(path.as_str(), Some(commit.oid()));
        let entry = self.find(commit, path).await?.filter(|entry| is_blob(entry.mode)).ok_or_else(missing)?;
        let row = objects::blob(self.repos.db(), self.id(), entry.oid).await?;
        let row = row.ok_or_else(|| RepoError::Inconsistent(format!("the blob {} is missing", entry.oid)))?;
        // A symbolic link is never followed: its text is its content.
        let target = row.target.filter(|_| entry.mode != Mode::Symlink);
        Ok(FileContent {
            path: path.clone(),
            commit,
            oid: entry.oid,
            size: row.size,
            large: target.map(|(sha256, size)| LargeTarget { sha256, size, xet: None }),
            source: row.content.map_or(FileSource::Row(entry.oid), FileSource::Content),
        })
    }

    /// Streams a range of a file's bytes.
    pub async fn read(&self, file: &FileContent, range: Range<u64>) -> Result<BlobStream, RepoError> {
        self.read_source(&file.source, range).await
    }

    /// Streams a range of the bytes that are there.
    pub async fn read_source(&self, source: &FileSource, range: Range<u64>) -> Result<BlobStream, RepoError> {
        self.require(Access::Read)?;
        match source {
            FileSource::Row(oid) => {
                let bytes = self.repos.object_bytes(self.id(), *oid, ObjectKind::Blob).await?;
                let size = bytes.len() as u64;
                let (start, end) = (range.start.min(size) as usize, range.end.min(size) as usize);
                Ok(futures::stream::once(async move { Ok(bytes.slice(start..end.max(start))) }).boxed())
            }
            FileSource::Content(sha256) => self.repos.read_content(*sha256, range).await,
        }
    }

    /// The whole content of a small file, for cards and configuration.
    ///
    /// # Errors
    /// [`RepoError::TooLarge`] if the file has more than `most` bytes.
    pub async fn read_small(&self, file: &FileContent, most: u64) -> Result<Bytes, RepoError> {
        if file.size > most {
            return Err(RepoError::TooLarge(format!("{:?} is larger than {most} bytes", file.path)));
        }
        match &file.source {
            FileSource::Row(oid) => self.blob_bytes(*oid).await,
            FileSource::Content(sha256) => self.repos.content_bytes(*sha256, file.size).await,
        }
    }

    /// A link by which bytes can be fetched from the blob store itself, if the store gives such links and has them in one
    /// piece.
    pub async fn download_link(&self, source: &FileSource, options: &LinkOptions) -> Result<Option<String>, RepoError> {
        self.require(Access::Read)?;
        let FileSource::Content(sha256) = source else { return Ok(None) };
        let Some(key) = self.repos.content(*sha256).await?.whole() else { return Ok(None) };
        Ok(self.repos.blobs().download_link(&key, options).await?)
    }
}
