//! Passes for large files: what a caller over SSH gets, because large files travel over HTTP all the same.
//!
//! A pass is for one repository, one direction and one hour, and only the doors of Git LFS take it: it is no token, so
//! every other door refuses it. No row keeps it, because it ends soon; a code of this instance proves it.

use hmac::{Hmac, KeyInit as _, Mac as _};
use hub_core::{Access, SecretString, Timestamp};

use crate::Accounts;
use crate::caller::{Caller, Credential};
use crate::code::TOKEN_PREFIX;
use crate::error::AccountError;
use crate::namespace::NamespaceId;
use crate::store::{ssh_keys, users};

/// What the value of a pass begins with, after that of a token.
const PASS_PREFIX: &str = "lfs_";
/// How long a pass is good for: long enough for a push of many large files, which asks for another one when it ends.
const PASS_TTL_SECS: i64 = 3600;

/// In which direction large files go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transfer {
    /// From the hub to the client.
    Download,
    /// From the client to the hub, with the locks that belong to it.
    Upload,
}

impl Transfer {
    /// The letter in the text of a pass.
    const fn letter(self) -> &'static str {
        match self {
            Transfer::Download => "r",
            Transfer::Upload => "w",
        }
    }
}

/// A pass for the large files of one repository, as `git-lfs-authenticate` hands it out.
#[derive(Clone, Debug)]
pub struct LargeFilePass {
    /// Its value, which stands where a token does.
    pub value: SecretString,
    /// How long it is good for.
    pub ttl_secs: i64,
}

/// What a pass is good for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LargeFileGrant {
    /// The repository.
    pub repo: i64,
    /// The direction.
    pub transfer: Transfer,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl LargeFileGrant {
    /// The most that it permits. Of all that can be done through the doors that take a pass only the release of another
    /// person's lock needs an administrator; an upload leaves that to what its owner is.
    pub(crate) fn ceiling(&self, repo: Option<i64>) -> Option<Access> {
        (repo == Some(self.repo)).then_some(match self.transfer {
            Transfer::Download => Access::Read,
            Transfer::Upload => Access::Admin,
        })
    }
}

impl Accounts {
    /// A pass for the large files of one repository.
    pub async fn large_file_pass(
        &self,
        caller: &Caller,
        repo: i64,
        transfer: Transfer,
    ) -> Result<LargeFilePass, AccountError> {
        let user = crate::permit::signed_in(caller)?;
        let expires = self.now().seconds() + PASS_TTL_SECS;
        let text = format!("{:x}.{:x}.{}.{:x}", user.id.key(), repo, transfer.letter(), expires);
        let mac = hex::encode(self.pass_mac(&text).await?.finalize().into_bytes());
        let value = SecretString::new(format!("{TOKEN_PREFIX}{PASS_PREFIX}{text}.{mac}"));
        Ok(LargeFilePass { value, ttl_secs: PASS_TTL_SECS })
    }

    /// Whoever comes with a pass; `None` if the value is none, and may be a token.
    pub async fn authenticate_large_file_pass(&self, value: &SecretString) -> Result<Option<Caller>, AccountError> {
        let rest = value.reveal().strip_prefix(TOKEN_PREFIX).and_then(|rest| rest.strip_prefix(PASS_PREFIX));
        let Some((text, mac)) = rest.and_then(|rest| rest.rsplit_once('.')) else { return Ok(None) };
        let mac = hex::decode(mac).map_err(|_| AccountError::BadCredentials)?;
        let good = self.pass_mac(text).await?.verify_slice(&mac);
        good.map_err(|_| AccountError::BadCredentials)?;
        // What follows was written by this program.
        let (user, grant) = parse(text).ok_or(AccountError::BadCredentials)?;
        if grant.expires_at <= self.now() {
            return Err(AccountError::BadCredentials);
        }
        let user = users::by_id(&self.inner.db, user).await?;
        let user = user.filter(|user| user.disabled_at.is_none()).ok_or(AccountError::BadCredentials)?;
        self.caller(user.id, user.name, user.is_admin, Credential::LargeFiles(grant)).await.map(Some)
    }

    async fn pass_mac(&self, text: &str) -> Result<Hmac<sha2::Sha256>, AccountError> {
        let key = ssh_keys::secret(&self.inner.db, "large-file-pass", &*self.inner.ids).await?;
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
        mac.update(text.as_bytes());
        Ok(mac)
    }
}

/// `user.repo.direction.end`, numbers in hexadecimal digits.
fn parse(text: &str) -> Option<(NamespaceId, LargeFileGrant)> {
    let mut parts = text.split('.');
    let number = |part: &str| i64::from_str_radix(part, 16).ok();
    let user = NamespaceId::new(number(parts.next()?)?);
    let repo = number(parts.next()?)?;
    let letter = parts.next()?;
    let transfer = [Transfer::Download, Transfer::Upload].into_iter().find(|transfer| transfer.letter() == letter)?;
    let expires_at = Timestamp::from_millis(number(parts.next()?)?.saturating_mul(1000));
    Some((user, LargeFileGrant { repo, transfer, expires_at }))
}
