//! Public keys with which people sign in over SSH: added, listed, deleted, recognised; and the passes that such a caller
//! gets for large files, which travel over HTTP.
//!
//! A key does what a write token of its owner does. It belongs to one account, because it tells who knocks.

mod public_key;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use hub_core::{SecretString, Sha256, Timestamp, TokenRole};

use crate::Accounts;
use crate::caller::{By, Caller, Credential, TokenGrant};
use crate::code::TOKEN_PREFIX;
use crate::error::AccountError;
use crate::label::Label;
use crate::namespace::{IdParseError, NamespaceId, key_of_wire_id, wire_id};
use crate::scope::{Permission, Scope, ScopeEntity, TokenScopes};
use crate::store::{namespaces, ssh_keys, tokens, users};
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
/// What the value of a pass begins with.
const PASS_PREFIX: &str = "lfs_";
/// How long a pass is good for: long enough for a push of many large files, which asks for another one when it ends.
const PASS_TTL_SECS: i64 = 3600;

/// A pass for the large files of one repository, as `git-lfs-authenticate` hands it out.
#[derive(Clone, Debug)]
pub struct LargeFilePass {
    /// Its value, which stands where a token does.
    pub value: SecretString,
    /// How long it is good for.
    pub ttl_secs: i64,
}

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

    /// A pass for the large files of one repository: a fine-grained token that no row keeps, because it ends soon.
    pub async fn large_file_pass(
        &self,
        caller: &Caller,
        repo: i64,
        is_write: bool,
    ) -> Result<LargeFilePass, AccountError> {
        let user = crate::permit::signed_in(caller)?;
        let expires = self.now().seconds() + PASS_TTL_SECS;
        let text = format!("{:x}.{:x}.{}.{:x}", user.id.key(), repo, if is_write { 'w' } else { 'r' }, expires);
        let mac = hex::encode(self.pass_mac(&text).await?.finalize().into_bytes());
        let value = SecretString::new(format!("{TOKEN_PREFIX}{PASS_PREFIX}{text}.{mac}"));
        Ok(LargeFilePass { value, ttl_secs: PASS_TTL_SECS })
    }

    async fn pass_mac(&self, text: &str) -> Result<Hmac<sha2::Sha256>, AccountError> {
        let key = ssh_keys::secret(&self.inner.db, "large-file-pass", &*self.inner.ids).await?;
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
        mac.update(text.as_bytes());
        Ok(mac)
    }

    /// Whoever comes with a pass; `None` if the value is none.
    pub(crate) async fn authenticate_pass(&self, value: &SecretString) -> Result<Option<Caller>, AccountError> {
        let rest = value.reveal().strip_prefix(TOKEN_PREFIX).and_then(|rest| rest.strip_prefix(PASS_PREFIX));
        let Some((text, mac)) = rest.and_then(|rest| rest.rsplit_once('.')) else { return Ok(None) };
        let mac = hex::decode(mac).map_err(|_| AccountError::BadCredentials)?;
        let good = self.pass_mac(text).await?.verify_slice(&mac);
        good.map_err(|_| AccountError::BadCredentials)?;
        // What follows was written by this program.
        let mut parts = text.split('.');
        let mut number = || parts.next().and_then(|part| i64::from_str_radix(part, 16).ok());
        let (user, repo) = (number(), number());
        let is_write = parts.next() == Some("w");
        let expires = parts.next().and_then(|part| i64::from_str_radix(part, 16).ok());
        let (Some(user), Some(repo), Some(expires)) = (user, repo, expires) else {
            return Err(AccountError::BadCredentials);
        };
        let ends = Timestamp::from_millis(expires.saturating_mul(1000));
        if ends <= self.now() {
            return Err(AccountError::BadCredentials);
        }
        let user = users::by_id(&self.inner.db, NamespaceId::new(user)).await?;
        let user = user.filter(|user| user.disabled_at.is_none()).ok_or(AccountError::BadCredentials)?;
        let word = if is_write { Permission::REPO_WRITE } else { Permission::REPO_CONTENT_READ };
        let permission = word.parse().expect("the word is one of the table");
        let entity = ScopeEntity::Repo { kind: hub_core::RepoKind::Model, id: repo, name: String::new() };
        let scopes =
            TokenScopes { scoped: vec![Scope { entity, permissions: vec![permission] }], ..TokenScopes::default() };
        let grant = TokenGrant {
            id: TokenId::new(0),
            display_name: "large files over SSH".parse().expect("a short text"),
            role: TokenRole::FineGrained,
            scopes,
            created_at: ends.plus_millis(-1000 * PASS_TTL_SECS),
            expires_at: Some(ends),
        };
        self.caller(user.id, user.name, user.is_admin, Credential::Token(grant)).await.map(Some)
    }
}
