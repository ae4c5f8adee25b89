//! Bytes of large files coming in by ticket.

use bytes::Bytes;
use futures::{Stream, StreamExt};
use hub_account::NamespaceId;
use hub_blob::{BlobError, CopyId, ObjectKey};

use crate::large::Ticket;
use crate::store::large::WholeCopy;
use crate::store::uploads::{self, UploadRow};
use crate::{RepoError, RepoId, Repos};

impl Repos {
    /// Receives a whole large file in one body.
    ///
    /// # Errors
    /// [`RepoError::Corrupt`] if the body has another size or hash than announced; nothing of it is kept.
    pub async fn receive_whole<S>(&self, ticket: &Ticket, mut body: S) -> Result<(), RepoError>
    where
        S: Stream<Item = Result<Bytes, BlobError>> + Send + Unpin,
    {
        let row = WholeCopy { sha256: ticket.sha256, size: ticket.size, copy: CopyId::fresh(self.ids()) };
        let mut writer = self.blobs().writer(&row.key()).await?;
        let mut received = 0;
        while let Some(chunk) = body.next().await {
            let chunk = chunk?;
            received += chunk.len() as u64;
            if received > ticket.size {
                return Err(RepoError::Corrupt(format!("the body has more than the announced {} bytes", ticket.size)));
            }
            writer.write(chunk).await?;
        }
        if received != ticket.size {
            return Err(RepoError::Corrupt(format!("the body has {received} bytes, {} were announced", ticket.size)));
        }
        let written = writer.finish().await?;
        if written.sha256 != Some(ticket.sha256) {
            self.blobs().delete(&row.key()).await?;
            return Err(mismatch(&row, written.sha256));
        }
        self.adopt(row, Some((RepoId(ticket.repo), NamespaceId::new(ticket.user)))).await
    }

    /// Receives one part of a large file; answers the tag by which the client names it at completion.
    pub async fn receive_part<S>(&self, ticket: &Ticket, body: S) -> Result<String, RepoError>
    where
        S: Stream<Item = Result<Bytes, BlobError>> + Send + Unpin + 'static,
    {
        let upload = self.upload_of(ticket).await?;
        let (number, offset) =
            ticket.part.ok_or_else(|| RepoError::BadRequest("the link is not for a part".to_owned()))?;
        let parts = upload.parts_id()?;
        Ok(self.blobs().put_part(&upload.key(), &parts, number, offset, ticket.size, body.boxed()).await?)
    }

    /// Puts the parts together, verifies the whole and makes it visible.
    ///
    /// # Errors
    /// [`RepoError::Corrupt`] if a part is missing or the whole has another hash; the upload must then begin anew.
    pub async fn complete_upload(&self, ticket: &Ticket, parts: &[(u32, String)]) -> Result<(), RepoError> {
        // A client that lost the answer asks again: the content is held by then.
        let repo = RepoId(ticket.repo);
        let held = crate::store::large::held(self.db(), repo, ticket.sha256).await?;
        if held.is_some_and(|held| held.size == ticket.size) {
            return Ok(());
        }
        let upload = self.upload_of(ticket).await?;
        self.blobs().complete_parts(&upload.key(), &upload.parts_id()?, parts).await?;
        self.settle(&upload).await
    }

    async fn upload_of(&self, ticket: &Ticket) -> Result<UploadRow, RepoError> {
        let gone = || RepoError::NotFound("this upload is over or was given up: begin it anew".to_owned());
        let id = ticket.upload.as_deref().ok_or_else(gone)?;
        uploads::get(self.db(), id).await?.ok_or_else(gone)
    }

    /// Verifies what arrived at the blob store without passing through Hearth's hashing, and adopts or deletes it.
    pub(crate) async fn settle(&self, upload: &UploadRow) -> Result<(), RepoError> {
        let key: ObjectKey = upload.key();
        let found = self.blobs().hash(&key).await?;
        let row = WholeCopy { sha256: upload.sha256, size: upload.size, copy: upload.copy.clone() };
        let result = if found.size == upload.size && found.sha256 == Some(upload.sha256) {
            self.adopt(row, Some((upload.repo, upload.user))).await
        } else {
            self.blobs().delete(&key).await?;
            Err(mismatch(&row, found.sha256))
        };
        let mut tx = self.db().begin().await?;
        uploads::delete(&mut tx, &upload.id).await?;
        tx.commit().await?;
        result
    }
}

fn mismatch(row: &WholeCopy, found: Option<hub_core::Sha256>) -> RepoError {
    let found = found.map_or_else(|| "nothing".to_owned(), |found| found.to_string());
    RepoError::Corrupt(format!(
        "the bytes that arrived hash to {found}, not to {}: nothing was stored, send the file again",
        row.sha256
    ))
}
