//! Public keys with which people sign in over SSH: added, listed, deleted, recognised.
//!
//! A key does what a write token of its owner does. It belongs to one account, because it tells who knocks.

mod public_key;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hub_core::{Sha256, Timestamp, TokenRole};

use crate::Accounts;
use crate::audit::Act;
use crate::caller::{By, Caller, Credential, TokenGrant};
use crate::error::AccountError;
use crate::label::Label;
use crate::namespace::{IdParseError, NamespaceId, key_of_wire_id, wire_id};
use crate::scope::TokenScopes;
use crate::store::{namespaces, ssh_keys, tokens};
use crate::tokens::TokenId;

pub use public_key::{PublicKey, PublicKeyError};

/// The database key of a public key; on the wire 24 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SshKeyId(i64);

impl SshKeyId {
    /// Wraps a key that a row bears.
    pub const fn new(key: i64) -> Self {
        Self(key)
    }

    /// The key as rows hold it.
    pub const fn key(self) -> i64 {
        self.0
    }
}

impl std::fmt::Display for SshKeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&wire_id(self.0))
    }
}

impl std::str::FromStr for SshKeyId {
    type Err = IdParseError;

    fn from_str(text: &str) -> Result<Self, IdParseError> {
        key_of_wire_id(text).map(Self).ok_or(IdParseError)
    }
}

/// A public key as its owner sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SshKey {
    /// Its key.
    pub id: SshKeyId,
    /// What its owner calls it.
    pub title: Label,
    /// The key as SSH sends it.
    pub public_key: Vec<u8>,
    /// The SHA-256 of the key.
    pub fingerprint: Sha256,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

impl SshKey {
    /// The fingerprint as `ssh-keygen -l` prints it.
    pub fn fingerprint_text(&self) -> String {
        format!("SHA256:{}", STANDARD_NO_PAD.encode(self.fingerprint.as_bytes()))
    }

    /// The kind of key: `ssh-ed25519` and the like.
    pub fn algorithm(&self) -> &str {
        public_key::algorithm_of(&self.public_key)
    }
}

/// The most keys that one person may have.
const KEYS_MAX: i64 = 200;
/// A use is written down only if the last one written is older than this.
const USE_GRAIN_MILLIS: i64 = 60_000;
impl Accounts {
    /// Adds a key to an account.
    ///
    /// # Errors
    /// [`AccountError::SshKeyTaken`] if an account has it already.
    pub async fn add_ssh_key(
        &self,
        by: By<'_>,
        owner: NamespaceId,
        title: Label,
        key: &PublicKey,
    ) -> Result<SshKey, AccountError> {
        by.person(owner)?;
        let key = SshKey {
            id: SshKeyId(self.inner.ids.next_key()),
            title,
            public_key: key.as_bytes().to_vec(),
            fingerprint: key.fingerprint(),
            created_at: self.now(),
            last_used_at: None,
        };
        let mut tx = self.inner.db.begin().await?;
        let is_user = namespaces::lock(&mut tx, owner).await? && tokens::is_user(&mut tx, owner).await?;
        if !is_user {
            return Err(AccountError::NoSuch { what: "user", name: owner.to_string() });
        }
        if ssh_keys::count(&mut tx, owner).await? >= KEYS_MAX {
            return Err(AccountError::TooManySshKeys { most: KEYS_MAX });
        }
        if !ssh_keys::insert(&mut tx, owner, &key).await? {
            return Err(AccountError::SshKeyTaken);
        }
        let fingerprint = key.fingerprint_text();
        self.record(&mut tx, by, Act::new("ssh-key.add", key.title.as_str()).with(&fingerprint)).await?;
        tx.commit().await?;
        Ok(key)
    }

    /// The keys of an account, newest first.
    pub async fn ssh_keys(&self, by: By<'_>, owner: NamespaceId) -> Result<Vec<SshKey>, AccountError> {
        by.person(owner)?;
        Ok(ssh_keys::of_user(&self.inner.db, owner).await?)
    }

    /// Takes a key from an account; it opens nothing any more.
    pub async fn delete_ssh_key(&self, by: By<'_>, owner: NamespaceId, id: SshKeyId) -> Result<(), AccountError> {
        by.person(owner)?;
        let mut tx = self.inner.db.begin().await?;
        if !ssh_keys::delete(&mut tx, owner, id).await? {
            return Err(AccountError::NoSuchItem { what: "SSH key" });
        }
        self.record(&mut tx, by, Act::new("ssh-key.delete", &id.to_string())).await?;
        Ok(tx.commit().await?)
    }

    /// Whether a key, given as SSH sends it, would open an account. It proves nothing, because public keys are no secret.
    pub async fn knows_ssh_key(&self, public_key: &[u8]) -> Result<bool, AccountError> {
        Ok(ssh_keys::holder(&self.inner.db, public_key::fingerprint_of(public_key)).await?.is_some())
    }

    /// Who holds this key, given as SSH sends it. Whoever asks has made sure that the caller has its private half.
    pub async fn authenticate_ssh_key(&self, public_key: &[u8]) -> Result<Caller, AccountError> {
        let db = &self.inner.db;
        let fingerprint = public_key::fingerprint_of(public_key);
        let holder = ssh_keys::holder(db, fingerprint).await?.ok_or(AccountError::BadCredentials)?;
        let now = self.now();
        let is_written = |last: Timestamp| now.millis() - last.millis() < USE_GRAIN_MILLIS;
        if !holder.key.last_used_at.is_some_and(is_written) {
            ssh_keys::touch(db, holder.key.id, now).await?;
        }
        let grant = TokenGrant {
            id: TokenId::new(holder.key.id.key()),
            display_name: holder.key.title,
            role: TokenRole::Write,
            scopes: TokenScopes::default(),
            created_at: holder.key.created_at,
            expires_at: None,
        };
        self.caller(holder.user, holder.name, holder.is_admin, Credential::Token(grant)).await
    }

    /// The seed of the host key of this instance, which all replicas share; made at the first call and kept.
    pub async fn ssh_host_seed(&self) -> Result<[u8; 32], AccountError> {
        let seed = ssh_keys::secret(&self.inner.db, "ssh-host-key", &*self.inner.ids).await?;
        seed.try_into().map_err(|_| AccountError::Damaged { what: "account_secret.value" })
    }
}
