//! Signing in on a device without a browser (RFC 8628): the device shows a short code, its owner enters it in a browser
//! where they are signed in and allows the app, and the device, which asks again and again, is given a token.

use hub_core::SecretString;

use super::{App, AppTokens, ClientId, GrantError, Issue, OauthScopes};
use crate::Accounts;
use crate::caller::By;
use crate::code::{digest, fresh_code};
use crate::error::AccountError;
use crate::store::oauth::{self, DeviceRow};
use crate::store::oauth_apps;
use crate::throttle::Subject;
use crate::tokens::TokenId;

/// How long a device waits for its owner.
const DEVICE_TTL_MILLIS: i64 = 15 * 60_000;
/// How often a device may ask, in seconds.
const INTERVAL_SECS: i64 = 5;
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

/// The app that waits under a short code.
#[derive(Clone, Debug)]
pub struct WaitingApp {
    /// The app.
    pub app: App,
    /// What it asks for; none for everything.
    pub scopes: OauthScopes,
}

impl Accounts {
    /// A device begins.
    pub async fn begin_device(&self, client_id: &ClientId, scope: &str) -> Result<DeviceCode, GrantError> {
        let app = oauth_apps::by_client_id(&self.inner.db, client_id.as_str()).await?;
        let app = app.ok_or(GrantError::InvalidClient)?;
        // An app that does not say what for asks for all that it is registered for.
        let asked = OauthScopes::read(scope).within(&app.scopes);
        let scopes = if asked.is_empty() { app.scopes.clone() } else { asked };
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
            app: app.key,
            scopes,
            expires: now.plus_millis(DEVICE_TTL_MILLIS),
        };
        let mut tx = self.inner.db.begin().await?;
        oauth::delete_expired(&mut tx, now).await?;
        oauth::insert_device(&mut tx, &row).await?;
        tx.commit().await?;
        let expires_secs = DEVICE_TTL_MILLIS / 1000;
        Ok(DeviceCode { device_code, user_code, expires_secs, interval_secs: INTERVAL_SECS })
    }

    /// The app that waits under a short code, for the page on which its owner answers. Guessing is slowed.
    pub async fn waiting_device(&self, by: By<'_>, user_code: &str) -> Result<WaitingApp, AccountError> {
        let user = by.full_user()?.ok_or(AccountError::NeedsLogin)?;
        let subjects = [Subject::device(user.id)];
        self.refuse_hasty(&subjects).await?;
        match oauth::waiting(&self.inner.db, &plain_code(user_code), self.now()).await? {
            Some((app, scopes)) => Ok(WaitingApp { app, scopes }),
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
    pub async fn poll_device(
        &self,
        client_id: &ClientId,
        device_code: &SecretString,
        issuer: &str,
    ) -> Result<AppTokens, GrantError> {
        let (hash, now) = (digest(device_code), self.now());
        let device = oauth::device(&self.inner.db, hash, client_id.as_str(), now).await?.ok_or(GrantError::Expired)?;
        match (device.answer.as_str(), device.user) {
            ("granted", Some(user)) => {
                let app = oauth_apps::by_key(&self.inner.db, device.app).await?.ok_or(GrantError::InvalidClient)?;
                let issue = Issue {
                    token: TokenId::new(self.inner.ids.next_key()),
                    app: &app,
                    user,
                    scopes: &device.scopes,
                    orgs: &[],
                    nonce: None,
                    signed_in: now,
                    issuer,
                };
                let draft = self.draft(&issue, now).await?;
                let mut tx = self.inner.db.begin().await?;
                if !oauth::take_device(&mut tx, hash).await? {
                    return Err(GrantError::Expired);
                }
                oauth_apps::put_consent(&mut tx, app.key, user, &device.scopes, &[], now).await?;
                let tokens = self.issue(&mut tx, &issue, draft, now).await?;
                tx.commit().await?;
                Ok(tokens)
            }
            ("denied", _) => {
                let mut tx = self.inner.db.begin().await?;
                oauth::take_device(&mut tx, hash).await?;
                tx.commit().await?;
                Err(GrantError::Denied)
            }
            _ => {
                let mut tx = self.inner.db.begin().await?;
                oauth::note_poll(&mut tx, hash, now).await?;
                tx.commit().await?;
                let hasty = now.millis() - device.polled.millis() < (INTERVAL_SECS - 1) * 1000;
                Err(if hasty { GrantError::SlowDown } else { GrantError::Pending })
            }
        }
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
