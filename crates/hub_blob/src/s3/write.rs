//! Writing of an object from front to back, in parts whose number is bounded and whose size grows.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use object_store::aws::AmazonS3;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use tokio::task::JoinSet;

use super::{failed, remote};
use crate::pipe::{Digest, Pipe};
use crate::{BlobError, BlobWriter, ObjectKey, WrittenBlob};

/// The first parts have this size; an object that is not larger takes a single request.
const FIRST_PART_BYTES: usize = 8 << 20;
/// After so many parts the size doubles: 9,000 parts so make 4 TiB, below the 10,000 parts that S3 allows, and a file
/// of 8 GB never takes more than two parts of 8 MiB in memory.
const PARTS_PER_SIZE: usize = 1_000;

pub(super) fn part_bytes(index: usize) -> usize {
    // The shift is bounded: S3 refuses part 10,001 before a part could outgrow its 5 GiB.
    FIRST_PART_BYTES << (index / PARTS_PER_SIZE).min(9)
}

/// Gathers one part while the one before it is sent, and hashes on the blocking pool beside both.
pub(super) struct S3Writer {
    s3: Arc<AmazonS3>,
    key: ObjectKey,
    path: Path,
    digest: Pipe<Digest>,
    gathering: BytesMut,
    upload: Option<Upload>,
}

struct Upload {
    id: String,
    started: usize,
    done: Vec<PartId>,
    /// At most one; a set because it is aborted when dropped.
    sending: JoinSet<Result<PartId, object_store::Error>>,
}

impl S3Writer {
    pub(super) fn new(s3: Arc<AmazonS3>, key: ObjectKey, path: Path) -> Self {
        let digest = Pipe::new(Digest::of(&key));
        Self { s3, key, path, digest, gathering: BytesMut::new(), upload: None }
    }

    /// Sends what is gathered as the next part, once the part before it has arrived.
    async fn send_part(&mut self) -> Result<(), BlobError> {
        let part = self.gathering.split().freeze();
        if self.upload.is_none() {
            let id = self.s3.create_multipart(&self.path).await.map_err(|error| failed(&self.key, error))?;
            self.upload = Some(Upload { id, started: 0, done: Vec::new(), sending: JoinSet::new() });
        }
        let upload = self.upload.as_mut().expect("begun just above");
        upload.settle(&self.key).await?;
        let (s3, path, id, index) = (Arc::clone(&self.s3), self.path.clone(), upload.id.clone(), upload.started);
        upload.started += 1;
        upload.sending.spawn(async move { s3.put_part(&path, &id, index, PutPayload::from(part)).await });
        Ok(())
    }

    fn room(&self) -> usize {
        let index = self.upload.as_ref().map_or(0, |upload| upload.started);
        part_bytes(index) - self.gathering.len()
    }
}

impl Upload {
    async fn settle(&mut self, key: &ObjectKey) -> Result<(), BlobError> {
        while let Some(sent) = self.sending.join_next().await {
            self.done.push(sent.map_err(remote)?.map_err(|error| failed(key, error))?);
        }
        Ok(())
    }
}

#[async_trait]
impl BlobWriter for S3Writer {
    async fn write(&mut self, chunk: Bytes) -> Result<(), BlobError> {
        self.digest.push(chunk.clone()).await?;
        let mut rest = &chunk[..];
        while !rest.is_empty() {
            let room = self.room();
            // A full part waits for the byte after it: an object of exactly one part is a single request.
            if room == 0 {
                self.send_part().await?;
                continue;
            }
            let (now, later) = rest.split_at(rest.len().min(room));
            self.gathering.extend_from_slice(now);
            rest = later;
        }
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<WrittenBlob, BlobError> {
        if self.upload.is_none() {
            let whole = PutPayload::from(self.gathering.split().freeze());
            self.s3.put(&self.path, whole).await.map_err(|error| failed(&self.key, error))?;
        } else {
            self.send_part().await?;
            let upload = self.upload.as_mut().expect("just looked");
            upload.settle(&self.key).await?;
            let parts = std::mem::take(&mut upload.done);
            let completed = self.s3.complete_multipart(&self.path, &upload.id, parts).await;
            completed.map_err(|error| failed(&self.key, error))?;
            self.upload = None;
        }
        let digest = std::mem::replace(&mut self.digest, Pipe::new(Digest::of(&self.key)));
        Ok(digest.end().await?.written())
    }
}

impl Drop for S3Writer {
    /// Frees what has been sent. If the process dies first, the sweep does.
    fn drop(&mut self) {
        let Some(upload) = self.upload.take() else { return };
        let (s3, path) = (Arc::clone(&self.s3), self.path.clone());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            drop(runtime.spawn(async move {
                let Upload { id, mut sending, .. } = upload;
                // A part that arrives after the abort would stay behind.
                sending.shutdown().await;
                if let Err(error) = s3.abort_multipart(&path, &id).await {
                    tracing::warn!(path = %path, %error, "an abandoned upload could not be aborted");
                }
            }));
        }
    }
}
