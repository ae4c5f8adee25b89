//! Grants: xorbs that clients bring straight to the blob store by a link, and that count when they were checked there.
//!
//! ```text
//! grant_xorb ──▶ link to xorbs/…/<hash>.<id>      no row names that generation, so it is nobody's yet
//! client     ──▶ PUT to the link                   whatever it likes, as often as it likes while the link is good
//! commit     ──▶ read, every chunk checked, written anew under a generation that nobody was told of; then the first one goes
//! ```
//! What was checked is what is kept, byte for byte, because Hearth writes it itself: a client that still has its link can
//! change what it has sent, and none of the conditions that stores offer for that holds on all of them. What is never
//! committed is an object without a row, which the collector removes.

use std::time::Duration;

use hub_blob::{CopyId, ObjectKey};
use hub_core::XetHash;
use hub_formats::xet::xorb::UPLOAD_MAX_BYTES;

use crate::store::xorbs;
use crate::{Cas, CasError, PutXorb};

/// The answer to a client that wants to bring a xorb to the store itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum XorbGrant {
    /// It is here already and stays for as long as clients remember that: nothing is to be sent.
    Present,
    /// It may be sent to a link.
    Link {
        /// What the client names when it has sent it.
        id: String,
        /// Where to, by PUT.
        url: String,
    },
    /// The store gives no links, or they are switched off: it is to be sent to [`Cas::put_xorb`].
    NotOffered,
}

/// How long a link is good for: a slow client sends 64 MiB within it, and it ends long before what was never committed is
/// collected.
const LINK_TTL: Duration = Duration::from_secs(3600);

impl Cas {
    /// Answers whether, and where, a xorb of so many bytes shall be brought to the store itself.
    pub async fn grant_xorb(&self, hash: &XetHash, length: u64) -> Result<XorbGrant, CasError> {
        if self.xorb_size(hash).await?.is_some() {
            return Ok(XorbGrant::Present);
        }
        // One of an impossible length is told so where it is received.
        if !self.config().upload_grants || !(1..=UPLOAD_MAX_BYTES).contains(&length) {
            return Ok(XorbGrant::NotOffered);
        }
        let id = CopyId::fresh(self.ids());
        let key = ObjectKey::Xorb { hash: *hash, generation: id.clone() };
        let link = self.blobs().upload_link(&key, LINK_TTL, length).await?;
        Ok(link.map_or(XorbGrant::NotOffered, |url| XorbGrant::Link { id: id.to_string(), url }))
    }

    /// Checks a xorb that was brought to the store by a grant, and makes it visible.
    ///
    /// # Errors
    /// [`CasError::XorbNotFound`] if nothing came by this grant; else those of [`Cas::put_xorb`].
    pub async fn commit_grant(&self, hash: &XetHash, id: &str) -> Result<PutXorb, CasError> {
        let generation: CopyId = id.parse().map_err(|_| CasError::XorbNotFound(*hash))?;
        // Readers see the name of a xorb in their links; it is not one that was granted.
        if xorbs::is_named(self.db(), hash, &generation).await? {
            return Err(CasError::XorbNotFound(*hash));
        }
        let key = ObjectKey::Xorb { hash: *hash, generation };
        let is_here = self.xorb_size(hash).await?.is_some();
        let Some(size) = self.blobs().size(&key).await? else {
            // A commit that is repeated because its answer was lost finds the xorb.
            return if is_here { Ok(PutXorb::Present) } else { Err(CasError::XorbNotFound(*hash)) };
        };
        let committed = match is_here {
            true => Ok(PutXorb::Present),
            false if size > UPLOAD_MAX_BYTES => Err(hub_formats::xet::xorb::XorbError::TooLong.into()),
            false => self.put_xorb(hash, self.blobs().read(&key, 0..size).await?).await,
        };
        if !committed.as_ref().is_err_and(CasError::is_retryable) {
            self.blobs().delete(&key).await?;
        }
        committed
    }
}
