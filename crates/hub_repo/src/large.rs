//! Large files: how their bytes come in, are verified, and become part of a repository.
//!
//! Every upload goes to a key of its own (content plus a fresh copy id), is hashed by the server, and only then gets its
//! row. A wrong, short or interrupted upload leaves at most a key without a row, which is collected. Three ways lead in:
//! one streamed body, parts, and a link straight to the blob store; all end in [`Repos::adopt`].

mod chunk;
mod receive;
pub(crate) mod sealed;
mod ticket;

use bytes::Bytes;
use hub_account::NamespaceId;
use hub_blob::{CopyId, ObjectKey, PartsId};
use hub_core::{Access, Sha256};
use hub_db::Tx;

pub use chunk::{ChunkPolicy, ChunkReport};
pub use ticket::Ticket;

use crate::open::granted;
use crate::store::large::{self, LargeRow, WholeCopy};
use crate::store::{repos, uploads};
use crate::{LargeTarget, Repo, RepoError, RepoId, Repos};

/// How a client shall send a large file.
#[derive(Debug)]
pub enum UploadPlan {
    /// Nothing is to be sent: the repository holds the content already.
    Present,
    /// One request to Hearth that carries this ticket.
    Whole(Ticket),
    /// One PUT request straight to the blob store; Hearth verifies the content when it is first asked for.
    Direct {
        /// Where to.
        link: String,
    },
    /// Several requests, then one that completes.
    Parts {
        /// The bytes of each part but the last.
        part_bytes: u64,
        /// Where each part goes, in order.
        parts: Vec<PartPlan>,
        /// The ticket that completes the upload.
        complete: Ticket,
    },
}

/// Where a part goes.
#[derive(Debug)]
pub enum PartPlan {
    /// To Hearth, with this ticket.
    Hearth(Ticket),
    /// Straight to the blob store.
    Direct(String),
}

/// The most parts of an upload, a little below what S3 allows.
const MAX_PARTS: u64 = 9_000;
/// The largest body that S3 takes in one request.
const DIRECT_MAX_BYTES: u64 = 5 << 30;
/// How long a link or ticket is good for.
const TICKET_TTL_SECS: i64 = 24 * 3600;
/// How many holders of a content are looked at to find one that the caller may read.
const MAX_HOLDERS: i64 = 50;

impl Repo {
    /// Says how a large file shall be sent.
    ///
    /// # Errors
    /// [`RepoError::TooLarge`] and [`RepoError::QuotaExceeded`] by the limits in force.
    pub async fn plan_upload(&self, sha256: Sha256, size: u64, can_send_parts: bool) -> Result<UploadPlan, RepoError> {
        if !self.wants_upload(sha256, size).await? {
            return Ok(UploadPlan::Present);
        }
        let limits = self.repos.limits();
        if can_send_parts && size > limits.parts_from_bytes {
            return self.plan_parts(sha256, size, limits.part_bytes, true).await;
        }
        let copy = CopyId::fresh(self.repos.ids());
        let key = ObjectKey::Large { sha256, copy: copy.clone() };
        if size <= DIRECT_MAX_BYTES {
            let ttl = std::time::Duration::from_secs(TICKET_TTL_SECS as u64);
            if let Some(link) = self.repos.blobs().upload_link(&key, ttl, size).await? {
                self.begin_upload(sha256, size, copy, None).await?;
                return Ok(UploadPlan::Direct { link });
            }
        }
        Ok(UploadPlan::Whole(self.ticket(sha256, size, None)))
    }

    /// Whether a large file must be sent at all, however that is done.
    ///
    /// # Errors
    /// [`RepoError::TooLarge`] and [`RepoError::QuotaExceeded`] by the limits in force.
    pub async fn wants_upload(&self, sha256: Sha256, size: u64) -> Result<bool, RepoError> {
        self.require(Access::Propose)?;
        if self.held_large(sha256).await?.is_some() || self.borrow_from_readable(sha256).await? {
            return Ok(false);
        }
        self.check_room(size).await?;
        Ok(true)
    }

    /// A ticket to send a large file through Hearth in one body, whatever the blob store could offer; nothing if the
    /// repository holds the content already.
    ///
    /// # Errors
    /// Those of [`Repo::wants_upload`].
    pub async fn plan_whole(&self, sha256: Sha256, size: u64) -> Result<Option<Ticket>, RepoError> {
        Ok(self.wants_upload(sha256, size).await?.then(|| self.ticket(sha256, size, None)))
    }

    /// Says how a large file shall be sent in parts through Hearth, whatever the blob store could offer: for pages, which
    /// send to no other host. What was cut off goes on with the parts that are missing.
    ///
    /// # Errors
    /// Those of [`Repo::wants_upload`].
    pub async fn plan_parts_here(&self, sha256: Sha256, size: u64, part_bytes: u64) -> Result<UploadPlan, RepoError> {
        match self.wants_upload(sha256, size).await? {
            true => self.plan_parts(sha256, size, part_bytes, false).await,
            false => Ok(UploadPlan::Present),
        }
    }

    async fn plan_parts(
        &self,
        sha256: Sha256,
        size: u64,
        part_bytes: u64,
        may_link: bool,
    ) -> Result<UploadPlan, RepoError> {
        let part_bytes = part_bytes.max(size.div_ceil(MAX_PARTS)).max(1);
        let copy = CopyId::fresh(self.repos.ids());
        let key = ObjectKey::Large { sha256, copy: copy.clone() };
        let blobs = self.repos.blobs();
        let parts_id = blobs.begin_parts(&key, size).await?;
        let id = self.begin_upload(sha256, size, copy, Some(&parts_id)).await?;
        let ttl = std::time::Duration::from_secs(TICKET_TTL_SECS as u64);
        let mut parts = Vec::new();
        for number in 1..=size.div_ceil(part_bytes) as u32 {
            let offset = u64::from(number - 1) * part_bytes;
            let link = if may_link { blobs.part_link(&key, &parts_id, number, ttl).await? } else { None };
            parts.push(match link {
                Some(link) => PartPlan::Direct(link),
                None => {
                    let ticket = self.ticket(sha256, part_bytes.min(size - offset), Some(id.clone()));
                    PartPlan::Hearth(Ticket { part: Some((number, offset)), ..ticket })
                }
            });
        }
        Ok(UploadPlan::Parts { part_bytes, parts, complete: self.ticket(sha256, size, Some(id)) })
    }

    fn ticket(&self, sha256: Sha256, size: u64, upload: Option<String>) -> Ticket {
        let expires = self.repos.clock().now().seconds() + TICKET_TTL_SECS;
        let user = self.caller().user().map_or(0, |user| user.id.key());
        Ticket { repo: self.id().key(), user, sha256, size, upload, part: None, expires }
    }

    async fn begin_upload(
        &self,
        sha256: Sha256,
        size: u64,
        copy: CopyId,
        parts: Option<&PartsId>,
    ) -> Result<String, RepoError> {
        let row = uploads::UploadRow {
            id: CopyId::fresh(self.repos.ids()).to_string(),
            repo: self.id(),
            user: self.caller().user().map_or(NamespaceId::new(0), |user| user.id),
            sha256,
            size,
            copy,
            parts: parts.map(ToString::to_string),
        };
        let mut tx = self.repos.db().begin().await?;
        uploads::insert(&mut tx, &row, self.repos.clock().now()).await?;
        tx.commit().await?;
        Ok(row.id)
    }

    /// The size of a large file that this repository holds, after looking whether a direct upload has arrived.
    pub async fn held_large(&self, sha256: Sha256) -> Result<Option<u64>, RepoError> {
        Ok(self.held_target(sha256).await?.map(|target| target.size))
    }

    /// The same, with the file of the chunk store that has its bytes.
    pub async fn held_target(&self, sha256: Sha256) -> Result<Option<LargeTarget>, RepoError> {
        let target = |held: large::Held| LargeTarget { sha256, size: held.size, xet: held.xet };
        if let Some(held) = large::held(self.repos.db(), self.id(), sha256).await? {
            large::renew_holding(self.repos.db(), self.id(), sha256, &held, self.repos.clock().now()).await?;
            return Ok(Some(target(held)));
        }
        for upload in uploads::direct_of(self.repos.db(), self.id(), sha256).await? {
            if self.repos.blobs().size(&upload.key()).await?.is_some() {
                self.repos.settle(&upload).await?;
                return Ok(large::held(self.repos.db(), self.id(), sha256).await?.map(target));
            }
        }
        Ok(None)
    }

    /// States that a large file arrived, as clients ask after an upload.
    ///
    /// # Errors
    /// [`RepoError::NotFound`] if it did not; [`RepoError::Corrupt`] if it has another size.
    pub async fn verify_upload(&self, sha256: Sha256, size: u64) -> Result<(), RepoError> {
        match self.held_large(sha256).await? {
            Some(held) if held == size => Ok(()),
            Some(held) => Err(RepoError::Corrupt(format!("{sha256} has {held} bytes here, not {size}"))),
            None => Err(RepoError::NotFound(format!("{sha256} has not arrived: upload it again"))),
        }
    }

    /// Takes over a content that the caller may read in another repository: its bytes need not be sent again. A content
    /// that only strangers hold must be sent, so that nobody learns by asking that it exists.
    async fn borrow_from_readable(&self, sha256: Sha256) -> Result<bool, RepoError> {
        for row in repos::holders(self.repos.db(), sha256, MAX_HOLDERS).await? {
            if granted(self.caller(), &row.into_state()?) >= Some(Access::Read) {
                return self.take_over(sha256).await;
            }
        }
        Ok(false)
    }

    /// Gives this repository a content that is in the store. Answers whether the content is still there.
    pub(crate) async fn take_over(&self, sha256: Sha256) -> Result<bool, RepoError> {
        let mut tx = self.repos.db().begin().await?;
        let now = self.repos.clock().now();
        // Renewing the row holds collection off until this transaction has ended.
        let Some(row) = large::renew(&mut tx, sha256, now).await? else { return Ok(false) };
        let by = self.caller().user().map_or(NamespaceId::new(0), |user| user.id);
        self.repos.give(&mut tx, self.id(), by, &row).await?;
        tx.commit().await?;
        Ok(true)
    }

    pub(crate) async fn check_room(&self, size: u64) -> Result<(), RepoError> {
        self.check_file_size(size)?;
        self.check_quota(size).await
    }

    pub(crate) fn check_file_size(&self, size: u64) -> Result<(), RepoError> {
        let most = self.repos.limits().file_bytes;
        if size <= most {
            return Ok(());
        }
        let message = format!("a file may have at most {most} bytes here, this one has {size}: split it");
        Err(RepoError::TooLarge(message))
    }

    /// States that the owner may store `size` bytes more.
    pub(crate) async fn check_quota(&self, size: u64) -> Result<(), RepoError> {
        let limits = self.repos.limits();
        if limits.namespace_bytes > 0 {
            let used = repos::used_by(self.repos.db(), self.state().owner).await?;
            if used.saturating_add(size) > limits.namespace_bytes {
                return Err(RepoError::QuotaExceeded(format!(
                    "{} uses {used} of {} bytes: delete files (and their history) or ask an administrator for more",
                    self.addr().namespace,
                    limits.namespace_bytes,
                )));
            }
        }
        Ok(())
    }
}

impl Repos {
    /// Gives a repository the right to a content. If that lies in chunks, the chunk store learns of the holder too.
    async fn give(&self, tx: &mut Tx, repo: RepoId, by: NamespaceId, row: &LargeRow) -> Result<(), RepoError> {
        if large::give(tx, repo, row.sha256, by, self.clock().now()).await? {
            if let Some(file) = row.xet {
                self.cas().hold(tx, repo.holder(), &file).await?;
            }
            repos::add_used_bytes(tx, repo, row.size as i64).await?;
        }
        Ok(())
    }

    /// Puts a content of bounded size into the blob store and states that it is verified.
    pub(crate) async fn store_content(&self, sha256: Sha256, bytes: Bytes) -> Result<(), RepoError> {
        let mut tx = self.db().begin().await?;
        if large::renew(&mut tx, sha256, self.clock().now()).await?.is_some() {
            tx.commit().await?;
            return Ok(());
        }
        drop(tx);
        let copy = CopyId::fresh(self.ids());
        let row = WholeCopy { sha256, size: bytes.len() as u64, copy };
        let mut writer = self.blobs().writer(&row.key()).await?;
        writer.write(bytes).await?;
        writer.finish().await?;
        self.adopt(row, None).await
    }

    /// Makes a verified copy visible: its row, and the right of a repository to it, appear together.
    pub(crate) async fn adopt(&self, row: WholeCopy, holder: Option<(RepoId, NamespaceId)>) -> Result<(), RepoError> {
        let now = self.clock().now();
        let mut tx = self.db().begin().await?;
        let used = large::insert(&mut tx, &row, now).await?;
        let there = large::renew(&mut tx, row.sha256, now).await?;
        if let (Some((repo, by)), Some(there)) = (holder, there) {
            self.give(&mut tx, repo, by, &there).await?;
        }
        tx.commit().await?;
        if !used {
            // Another copy of the same content was first, whole or in chunks; this one is not needed.
            self.blobs().delete(&row.key()).await?;
        }
        Ok(())
    }
}
