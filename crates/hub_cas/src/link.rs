//! Links to parts of xorbs: the store's own where it gives some, otherwise tickets that this instance signs.
//!
//! A link is good for one range and no more: beside the chunks of a file its xorb may hold those of others, which whoever
//! has the link may not read.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use hub_blob::{BlobError, BlobStream, CopyId, ObjectKey};
use hub_core::XetHash;
use sha2::Sha256;

use crate::store::secrets;
use crate::{Cas, CasError};

/// Where a range of a xorb is served.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Link {
    /// By the store itself: a whole address.
    Direct(String),
    /// By Hearth: text for an address, which [`Cas::open_ticket`] reads.
    Ticket(String),
}

/// The permission to fetch one range of a xorb.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FetchTicket {
    /// The xorb.
    pub xorb: XetHash,
    /// Which of its bytes.
    pub range: Range<u64>,
    generation: CopyId,
    expires_secs: i64,
}

/// The name of the key's row.
const KEY_NAME: &str = "fetch_ticket";
const HASH_BYTES: usize = 32;
const GENERATION_BYTES: usize = 16;
/// Hash, generation, first byte, byte after the last, expiry.
const BODY_BYTES: usize = HASH_BYTES + GENERATION_BYTES + 4 + 4 + 8;

/// Signs tickets.
pub(crate) struct Signer(Hmac<Sha256>);

impl Signer {
    pub(crate) fn seal(&self, ticket: &FetchTicket) -> String {
        let mut bytes = Vec::with_capacity(BODY_BYTES + 32);
        bytes.extend_from_slice(ticket.xorb.as_bytes());
        bytes.extend_from_slice(ticket.generation.as_str().as_bytes());
        // A xorb with its footer has far fewer bytes than this can count.
        bytes.extend_from_slice(&(ticket.range.start as u32).to_le_bytes());
        bytes.extend_from_slice(&(ticket.range.end as u32).to_le_bytes());
        bytes.extend_from_slice(&ticket.expires_secs.to_le_bytes());
        let mut mac = self.0.clone();
        mac.update(&bytes);
        bytes.extend_from_slice(&mac.finalize().into_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn open(&self, text: &str) -> Option<FetchTicket> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (body, signature) = bytes.split_at_checked(BODY_BYTES)?;
        let mut mac = self.0.clone();
        mac.update(body);
        mac.verify_slice(signature).ok()?;
        let (xorb, body) = body.split_first_chunk::<HASH_BYTES>()?;
        let (generation, body) = body.split_first_chunk::<GENERATION_BYTES>()?;
        let (start, body) = body.split_first_chunk()?;
        let (end, body) = body.split_first_chunk()?;
        Some(FetchTicket {
            xorb: XetHash::new(*xorb),
            generation: std::str::from_utf8(generation).ok()?.parse().ok()?,
            range: u32::from_le_bytes(*start).into()..u32::from_le_bytes(*end).into(),
            expires_secs: i64::from_le_bytes(body.try_into().ok()?),
        })
    }
}

impl FetchTicket {
    pub(crate) fn new(xorb: XetHash, generation: CopyId, range: Range<u64>, expires_secs: i64) -> Self {
        Self { xorb, range, generation, expires_secs }
    }
}

impl Cas {
    pub(crate) async fn signer(&self) -> Result<Signer, CasError> {
        Ok(Signer(mac(&secrets::get_or_create(self.db(), KEY_NAME, self.ids()).await?)))
    }

    /// Reads a ticket back.
    ///
    /// # Errors
    /// [`CasError::BadLink`] if this instance did not sign it, or its time is over.
    pub async fn open_ticket(&self, text: &str) -> Result<FetchTicket, CasError> {
        // Longer text is no ticket, and need not be decoded to see that.
        if text.len() > 2 * BODY_BYTES + 64 {
            return Err(CasError::BadLink);
        }
        let ticket = self.signer().await?.open(text).ok_or(CasError::BadLink)?;
        if ticket.expires_secs < self.now().seconds() {
            return Err(CasError::BadLink);
        }
        Ok(ticket)
    }

    /// Streams a part of what a ticket permits, given as bytes of the xorb; all of it is `ticket.range`.
    ///
    /// # Errors
    /// [`CasError::BadLink`] if the part is not within it, [`CasError::XorbNotFound`] if the xorb was removed meanwhile.
    pub async fn fetch(&self, ticket: &FetchTicket, part: Range<u64>) -> Result<BlobStream, CasError> {
        if part.start > part.end || part.start < ticket.range.start || part.end > ticket.range.end {
            return Err(CasError::BadLink);
        }
        let key = ObjectKey::Xorb { hash: ticket.xorb, generation: ticket.generation.clone() };
        self.blobs().read(&key, part).await.map_err(|error| match error {
            BlobError::NotFound(_) => CasError::XorbNotFound(ticket.xorb),
            error => error.into(),
        })
    }
}

pub(crate) fn mac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(key).expect("a key may have any length")
}
