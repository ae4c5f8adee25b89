//! Tickets: signed permissions to send certain bytes, which travel in a link. Clients send no token to such links.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use hub_core::Sha256;
use serde::{Deserialize, Serialize};
use sha2::Sha256 as Sha256Hasher;

use crate::store::secrets;
use crate::{RepoError, Repos};

/// A permission to send one content, or a part of it, to one repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    pub(crate) repo: i64,
    pub(crate) user: i64,
    /// The content.
    pub sha256: Sha256,
    /// How many bytes the request that carries the ticket sends; for completion, the bytes of the whole.
    pub size: u64,
    pub(crate) upload: Option<String>,
    /// The number of the part and where it begins.
    pub(crate) part: Option<(u32, u64)>,
    /// In seconds since 1970.
    pub expires: i64,
}

/// The name of the key's row.
const KEY_NAME: &str = "upload_ticket";

impl Repos {
    /// The ticket as text for a link.
    pub async fn seal(&self, ticket: &Ticket) -> Result<String, RepoError> {
        let body = serde_json::to_vec(ticket).map_err(|_| RepoError::Inconsistent("a ticket is JSON".to_owned()))?;
        let signature = self.ticket_mac(&body).await?.finalize().into_bytes();
        Ok(format!("{}.{}", URL_SAFE_NO_PAD.encode(&body), URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Reads a ticket back.
    ///
    /// # Errors
    /// [`RepoError::Forbidden`] if it was not sealed by this instance or has expired.
    pub async fn unseal(&self, text: &str) -> Result<Ticket, RepoError> {
        let refused =
            || RepoError::Forbidden("this upload link is not valid or has expired: ask for a new one".to_owned());
        let (body, signature) = text.split_once('.').ok_or_else(refused)?;
        let body = URL_SAFE_NO_PAD.decode(body).map_err(|_| refused())?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| refused())?;
        self.ticket_mac(&body).await?.verify_slice(&signature).map_err(|_| refused())?;
        let ticket: Ticket = serde_json::from_slice(&body).map_err(|_| refused())?;
        if ticket.expires < self.clock().now().seconds() {
            return Err(refused());
        }
        Ok(ticket)
    }

    async fn ticket_mac(&self, body: &[u8]) -> Result<Hmac<Sha256Hasher>, RepoError> {
        let key = secrets::get_or_create(self.db(), KEY_NAME, self.ids()).await?;
        let mut mac = Hmac::<Sha256Hasher>::new_from_slice(&key)
            .map_err(|_| RepoError::Inconsistent("the ticket key cannot be used".to_owned()))?;
        mac.update(body);
        Ok(mac)
    }
}
