//! Signing in on a device without a browser (RFC 8628): the device shows a short code, its owner enters it in a browser
//! where they are signed in and allows the app, and the device, which asks again and again, is given a token.
//!
//! The token is an access token like those that people make, so it is listed, narrowed and revoked like them. It lives
//! for hours and is renewed by a refresh token, which is replaced at each use: a stolen one is worth nothing once its
//! owner used theirs.

use hub_core::{SecretString, Timestamp, TokenRole};

use crate::Accounts;
use crate::caller::{By, TokenGrant};
use crate::code::{digest, fresh_code, fresh_token};
use crate::error::AccountError;
use crate::namespace::NamespaceId;
use crate::scope::TokenScopes;
use crate::store::oauth::{self, DeviceRow};
use crate::store::{namespaces, tokens};
use crate::throttle::Subject;
use crate::tokens::{TOKENS_MAX, TokenId};

/// How long a device waits for its owner.
const DEVICE_TTL_MILLIS: i64 = 15 * 60_000;
/// How often a device may ask, in seconds.
const INTERVAL_SECS: i64 = 5;
/// How long an access token of an app lives, and what renews it.
const ACCESS_TTL_MILLIS: i64 = 8 * 3_600_000;
const REFRESH_TTL_MILLIS: i64 = 90 * 86_400_000;
/// The letters of a short code: none looks like another, and they make no words.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// What a device is told at first.
#[derive(Clone, Debug)]
pub struct DeviceCode {
    /// By which it asks.
    pub device_code: SecretString,
    /// What its owner types.
    pub user_code: String,
    /// For how long, in seconds.
    pub expires_secs: i64,
    /// How often it may ask, in seconds.
    pub interval_secs: i64,
}

/// Tokens that were just given to an app.
#[derive(Clone, Debug)]
pub struct AppTokens {
    /// The access token.
    pub access: SecretString,
    /// What renews it.
    pub refresh: SecretString,
    /// How long the access token lives, in seconds.
    pub expires_secs: i64,
}

/// Why an app gets no token.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// No such app.
    #[error("there is no app with this client_id here")]
    InvalidClient,
    /// The owner has not answered yet.
    #[error("the code has not been entered yet")]
    Pending,
    /// The device asks too often.
    #[error("asked too often; wait five seconds longer between two requests")]
    SlowDown,
    /// The code is unknown, used or too old.
    #[error("the code is unknown, used or expired; begin anew")]
    Expired,
    /// The owner said no.
    #[error("the sign-in was denied")]
    Denied,
    /// The refresh token is unknown, used or too old.
    #[error("the refresh token is unknown, used or expired; sign in again")]
    InvalidGrant,
    /// The engine failed.
    #[error(transparent)]
    Failed(#[from] AccountError),
}

impl From<hub_db::DbError> for GrantError {
    fn from(error: hub_db::DbError) -> Self {
        Self::Failed(error.into())
    }
}

impl Accounts {
    /// A device begins.
    pub async fn begin_device(&self, client_id: &str) -> Result<DeviceCode, GrantError> {
        let app = oauth::app(&self.inner.db, client_id).await?.ok_or(GrantError::InvalidClient)?;
        let now = self.now();
        let device_code = fresh_code(&*self.inner.ids);
        let mut bytes = [0; 8];
        self.inner.ids.fill(&mut bytes);
        let letters: String =
            bytes.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect();
        let user_code = format!("{}-{}", &letters[..4], &letters[4..]);
        let row = DeviceRow {
            hash: digest(&device_code),
            user_code: user_code.clone(),
            app,
            expires: now.plus_millis(DEVICE_TTL_MILLIS),
        };
        let mut tx = self.inner.db.begin().await?;
        oauth::delete_expired(&mut tx, now).await?;
        oauth::insert_device(&mut tx, &row).await?;
        tx.commit().await?;
        let expires_secs = DEVICE_TTL_MILLIS / 1000;
        Ok(DeviceCode { device_code, user_code, expires_secs, interval_secs: INTERVAL_SECS })
    }

    /// The name of the app that waits under a short code, for the page on which its owner answers. Guessing is slowed.
    pub async fn waiting_device(&self, by: By<'_>, user_code: &str) -> Result<String, AccountError> {
        let user = by.full_user()?.ok_or(AccountError::NeedsLogin)?;
        let subjects = [Subject::device(user.id)];
        self.refuse_hasty(&subjects).await?;
        match oauth::waiting(&self.inner.db, &plain_code(user_code), self.now()).await? {
            Some(name) => Ok(name),
            None => {
                self.note_failure(&subjects).await?;
                Err(AccountError::DeviceCodeInvalid)
            }
        }
    }

    /// The owner of a device allows the app to sign in as them, or denies it.
    pub async fn answer_device(&self, by: By<'_>, user_code: &str, allowed: bool) -> Result<(), AccountError> {
        let user = by.full_user()?.ok_or(AccountError::NeedsLogin)?;
        let subjects = [Subject::device(user.id)];
        self.refuse_hasty(&subjects).await?;
        let answer = if allowed { "granted" } else { "denied" };
        let mut tx = self.inner.db.begin().await?;
        let done = oauth::answer(&mut tx, &plain_code(user_code), user.id, answer, self.now()).await?;
        tx.commit().await?;
        if !done {
            self.note_failure(&subjects).await?;
            return Err(AccountError::DeviceCodeInvalid);
        }
        Ok(())
    }

    /// A device asks whether its owner has answered.
    pub async fn poll_device(&self, client_id: &str, device_code: &SecretString) -> Result<AppTokens, GrantError> {
        let (hash, now) = (digest(device_code), self.now());
        let device = oauth::device(&self.inner.db, hash, client_id, now).await?.ok_or(GrantError::Expired)?;
        let mut tx = self.inner.db.begin().await?;
        match (device.answer.as_str(), device.user) {
            ("granted", Some(user)) => {
                if !oauth::take_device(&mut tx, hash).await? {
                    return Err(GrantError::Expired);
                }
                let tokens = self.grant(&mut tx, &device.app_name, device.app, user, now).await?;
                tx.commit().await.map_err(AccountError::from)?;
                Ok(tokens)
            }
            ("denied", _) => {
                oauth::take_device(&mut tx, hash).await?;
                tx.commit().await?;
                Err(GrantError::Denied)
            }
            _ => {
                oauth::note_poll(&mut tx, hash, now).await?;
                tx.commit().await?;
                let hasty = now.millis() - device.polled.millis() < (INTERVAL_SECS - 1) * 1000;
                Err(if hasty { GrantError::SlowDown } else { GrantError::Pending })
            }
        }
    }

    async fn grant(
        &self,
        tx: &mut hub_db::Tx,
        app_name: &str,
        app: i64,
        user: NamespaceId,
        now: Timestamp,
    ) -> Result<AppTokens, AccountError> {
        namespaces::lock(tx, user).await?;
        tokens::delete_expired(tx, user, now).await?;
        if tokens::count(tx, user).await? >= TOKENS_MAX {
            return Err(AccountError::TooManyTokens { most: TOKENS_MAX });
        }
        let id = TokenId::new(self.inner.ids.next_key());
        let (access, refresh) = (fresh_token(&*self.inner.ids), fresh_code(&*self.inner.ids));
        let grant = TokenGrant {
            id,
            display_name: format!("{app_name} {}", &id.to_string()[16..]).parse()?,
            role: TokenRole::Write,
            scopes: TokenScopes::default(),
            created_at: now,
            expires_at: Some(now.plus_millis(ACCESS_TTL_MILLIS)),
        };
        tokens::insert(tx, user, digest(&access), &grant).await?;
        oauth::insert_refresh(tx, id, app, digest(&refresh), now.plus_millis(REFRESH_TTL_MILLIS)).await?;
        Ok(AppTokens { access, refresh, expires_secs: ACCESS_TTL_MILLIS / 1000 })
    }

    /// An app renews its access token; both tokens it had are void then.
    pub async fn refresh_tokens(&self, client_id: &str, refresh: &SecretString) -> Result<AppTokens, GrantError> {
        let now = self.now();
        let (access, next) = (fresh_token(&*self.inner.ids), fresh_code(&*self.inner.ids));
        let mut tx = self.inner.db.begin().await?;
        let end = now.plus_millis(REFRESH_TTL_MILLIS);
        let replaced = oauth::replace_refresh(&mut tx, client_id, digest(refresh), digest(&next), now, end).await?;
        let id = replaced.ok_or(GrantError::InvalidGrant)?;
        if !tokens::renew(&mut tx, id, digest(&access), now.plus_millis(ACCESS_TTL_MILLIS)).await? {
            return Err(GrantError::InvalidGrant);
        }
        tx.commit().await?;
        Ok(AppTokens { access, refresh: next, expires_secs: ACCESS_TTL_MILLIS / 1000 })
    }
}

/// A short code as it was given out, however its owner typed it.
fn plain_code(typed: &str) -> String {
    let letters: String =
        typed.chars().filter(char::is_ascii_alphabetic).take(8).collect::<String>().to_ascii_uppercase();
    match letters.split_at_checked(4) {
        Some((first, second)) => format!("{first}-{second}"),
        None => letters,
    }
}
