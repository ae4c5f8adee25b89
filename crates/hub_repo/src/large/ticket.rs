//! Tickets: permissions to send certain bytes, which travel in a link. Clients send no token to such links.

use hub_core::Sha256;
use serde::{Deserialize, Serialize};

use crate::large::sealed::Purpose;
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

impl Repos {
    /// The ticket as text for a link.
    pub async fn seal(&self, ticket: &Ticket) -> Result<String, RepoError> {
        self.seal_for(Purpose::Upload, ticket).await
    }

    /// Reads a ticket back.
    ///
    /// # Errors
    /// [`RepoError::Forbidden`] if it was not sealed by this instance or has expired.
    pub async fn unseal(&self, text: &str) -> Result<Ticket, RepoError> {
        let refused =
            || RepoError::Forbidden("this upload link is not valid or has expired: ask for a new one".to_owned());
        let ticket: Ticket = self.unseal_for(Purpose::Upload, text).await?.ok_or_else(refused)?;
        if ticket.expires < self.clock().now().seconds() {
            return Err(refused());
        }
        Ok(ticket)
    }
}
