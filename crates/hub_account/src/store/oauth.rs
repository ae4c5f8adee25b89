//! Rows of `oauth_device`, `oauth_code` and `oauth_refresh`.

use hub_core::{Sha256, Timestamp};
use hub_db::{Db, DbError, FromRow, Row, Tx, args};

use super::{damaged, oauth_apps};
use crate::namespace::NamespaceId;
use crate::oauth::{App, OauthScopes};
use crate::scope::TokenScopes;
use crate::tokens::TokenId;

/// A device to be inserted.
pub(crate) struct DeviceRow {
    pub(crate) hash: Sha256,
    pub(crate) user_code: String,
    pub(crate) app: i64,
    pub(crate) scopes: OauthScopes,
    pub(crate) expires: Timestamp,
}

pub(crate) async fn insert_device(tx: &mut Tx, row: &DeviceRow) -> Result<(), DbError> {
    let sql = "INSERT INTO oauth_device (hash, user_code, app_id, scopes, answer, polled_ms, expires_ms) \
               VALUES ($1, $2, $3, $4, '', 0, $5)";
    tx.exec(sql, args![row.hash, row.user_code.as_str(), row.app, row.scopes.to_string(), row.expires]).await?;
    Ok(())
}

pub(crate) async fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<(), DbError> {
    tx.exec("DELETE FROM oauth_device WHERE expires_ms <= $1", args![now]).await?;
    Ok(())
}

/// The app that waits for an answer under a short code, and what it asks for.
pub(crate) async fn waiting(db: &Db, user_code: &str, now: Timestamp) -> Result<Option<(App, OauthScopes)>, DbError> {
    let sql = "SELECT app_id, scopes FROM oauth_device WHERE user_code = $1 AND answer = '' AND expires_ms > $2";
    let found: Option<(i64, String)> = db.query_opt(sql, args![user_code, now]).await?;
    let Some((key, scopes)) = found else { return Ok(None) };
    Ok(oauth_apps::by_key(db, key).await?.map(|app| (app, OauthScopes::read(&scopes))))
}

/// Writes the answer of a device's owner; `false` if nothing waits for it.
pub(crate) async fn answer(
    tx: &mut Tx,
    user_code: &str,
    user: NamespaceId,
    answer: &str,
    now: Timestamp,
) -> Result<bool, DbError> {
    let sql = "UPDATE oauth_device SET answer = $3, user_id = $2 \
               WHERE user_code = $1 AND answer = '' AND expires_ms > $4";
    Ok(tx.exec(sql, args![user_code, user.key(), answer, now]).await? == 1)
}

/// A device that asks.
pub(crate) struct Device {
    pub(crate) app: i64,
    pub(crate) scopes: OauthScopes,
    pub(crate) user: Option<NamespaceId>,
    pub(crate) answer: String,
    pub(crate) polled: Timestamp,
}

impl FromRow for Device {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Device {
            app: row.get(0)?,
            scopes: OauthScopes::read(&row.get::<String>(1)?),
            user: row.get::<Option<i64>>(2)?.map(NamespaceId::new),
            answer: row.get(3)?,
            polled: row.get(4)?,
        })
    }
}

pub(crate) async fn device(db: &Db, hash: Sha256, client_id: &str, now: Timestamp) -> Result<Option<Device>, DbError> {
    let sql = "SELECT a.id, d.scopes, d.user_id, d.answer, d.polled_ms FROM oauth_device d \
               JOIN oauth_app a ON a.id = d.app_id WHERE d.hash = $1 AND a.client_id = $2 AND d.expires_ms > $3";
    db.query_opt(sql, args![hash, client_id, now]).await
}

pub(crate) async fn note_poll(tx: &mut Tx, hash: Sha256, now: Timestamp) -> Result<(), DbError> {
    tx.exec("UPDATE oauth_device SET polled_ms = $2 WHERE hash = $1", args![hash, now]).await?;
    Ok(())
}

/// Uses a device code up; `false` if somebody was faster.
pub(crate) async fn take_device(tx: &mut Tx, hash: Sha256) -> Result<bool, DbError> {
    Ok(tx.exec("DELETE FROM oauth_device WHERE hash = $1", args![hash]).await? == 1)
}

pub(crate) async fn insert_refresh(
    tx: &mut Tx,
    token: TokenId,
    app: i64,
    hash: Sha256,
    expires: Timestamp,
) -> Result<(), DbError> {
    let sql = "INSERT INTO oauth_refresh (token_id, app_id, hash, expires_ms) VALUES ($1, $2, $3, $4)";
    tx.exec(sql, args![token.key(), app, hash, expires]).await?;
    Ok(())
}

/// A refresh token, be it the present value or the one before.
pub(crate) struct Refresh {
    pub(crate) token: TokenId,
    pub(crate) app: i64,
    pub(crate) scopes: TokenScopes,
}

impl FromRow for Refresh {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let scopes: String = row.get(2)?;
        let scopes = match scopes.as_str() {
            "" => TokenScopes::default(),
            text => serde_json::from_str(text).map_err(|_| damaged(2, "scopes"))?,
        };
        Ok(Refresh { token: TokenId::new(row.get(0)?), app: row.get(1)?, scopes })
    }
}

pub(crate) async fn refresh(db: &Db, hash: Sha256, now: Timestamp) -> Result<Option<Refresh>, DbError> {
    let sql = "SELECT r.token_id, r.app_id, t.scopes FROM oauth_refresh r JOIN access_token t ON t.id = r.token_id \
               WHERE (r.hash = $1 OR r.previous_hash = $1) AND r.expires_ms > $2";
    db.query_opt(sql, args![hash, now]).await
}

/// Replaces a refresh token; `false` if it is not the present value.
pub(crate) async fn replace_refresh(
    tx: &mut Tx,
    old: Sha256,
    new: Sha256,
    expires: Timestamp,
) -> Result<bool, DbError> {
    let sql = "UPDATE oauth_refresh SET hash = $2, previous_hash = $1, expires_ms = $3 WHERE hash = $1";
    Ok(tx.exec(sql, args![old, new, expires]).await? == 1)
}

/// Ends a token of an app for good.
pub(crate) async fn revoke_refreshed(tx: &mut Tx, token: TokenId, now: Timestamp) -> Result<(), DbError> {
    let sql = "UPDATE access_token SET revoked_ms = $2 WHERE id = $1 AND revoked_ms IS NULL";
    tx.exec(sql, args![token.key(), now]).await?;
    tx.exec("DELETE FROM oauth_refresh WHERE token_id = $1", args![token.key()]).await?;
    Ok(())
}

/// A code to be inserted.
pub(crate) struct NewCode<'a> {
    pub(crate) hash: Sha256,
    pub(crate) app: i64,
    pub(crate) user: NamespaceId,
    pub(crate) redirect_uri: &'a str,
    pub(crate) scopes: &'a OauthScopes,
    pub(crate) orgs: &'a [NamespaceId],
    pub(crate) nonce: Option<&'a str>,
    pub(crate) challenge: Option<&'a str>,
    pub(crate) signed_in: Timestamp,
    pub(crate) expires: Timestamp,
}

pub(crate) async fn insert_code(tx: &mut Tx, new: &NewCode<'_>) -> Result<(), DbError> {
    let sql = "INSERT INTO oauth_code \
               (hash, app_id, user_id, redirect_uri, scopes, orgs, nonce, challenge, auth_ms, expires_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let values = args![
        new.hash,
        new.app,
        new.user.key(),
        new.redirect_uri,
        new.scopes.to_string(),
        keys_text(new.orgs),
        new.nonce.map(str::to_owned),
        new.challenge.map(str::to_owned),
        new.signed_in,
        new.expires
    ];
    tx.exec(sql, values).await?;
    Ok(())
}

/// A code that somebody brings.
pub(crate) struct Code {
    pub(crate) app: i64,
    pub(crate) user: NamespaceId,
    pub(crate) redirect_uri: String,
    pub(crate) scopes: OauthScopes,
    pub(crate) orgs: Vec<NamespaceId>,
    pub(crate) nonce: Option<String>,
    pub(crate) challenge: Option<String>,
    pub(crate) signed_in: Timestamp,
    /// The token that was given for it, if it was used.
    pub(crate) token: Option<TokenId>,
}

impl FromRow for Code {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Code {
            app: row.get(0)?,
            user: NamespaceId::new(row.get(1)?),
            redirect_uri: row.get(2)?,
            scopes: OauthScopes::read(&row.get::<String>(3)?),
            orgs: keys_of(&row.get::<String>(4)?),
            nonce: row.get(5)?,
            challenge: row.get(6)?,
            signed_in: row.get(7)?,
            token: row.get::<Option<i64>>(8)?.map(TokenId::new),
        })
    }
}

pub(crate) async fn code(db: &Db, hash: Sha256, now: Timestamp) -> Result<Option<Code>, DbError> {
    let sql = "SELECT c.app_id, c.user_id, c.redirect_uri, c.scopes, c.orgs, c.nonce, c.challenge, c.auth_ms, c.token_id \
               FROM oauth_code c JOIN account_user u ON u.id = c.user_id \
               WHERE c.hash = $1 AND c.expires_ms > $2 AND u.disabled_ms IS NULL";
    db.query_opt(sql, args![hash, now]).await
}

/// Uses a code up for a token; `false` if it was used.
pub(crate) async fn use_code(tx: &mut Tx, hash: Sha256, token: TokenId) -> Result<bool, DbError> {
    let sql = "UPDATE oauth_code SET token_id = $2 WHERE hash = $1 AND token_id IS NULL";
    Ok(tx.exec(sql, args![hash, token.key()]).await? == 1)
}

pub(crate) async fn delete_expired_codes(tx: &mut Tx, now: Timestamp) -> Result<(), DbError> {
    tx.exec("DELETE FROM oauth_code WHERE expires_ms <= $1", args![now]).await?;
    Ok(())
}

/// Keys of name spaces as a column holds them.
pub(crate) fn keys_text(ids: &[NamespaceId]) -> String {
    ids.iter().map(|id| id.key().to_string()).collect::<Vec<_>>().join(" ")
}

pub(crate) fn keys_of(text: &str) -> Vec<NamespaceId> {
    text.split_ascii_whitespace().filter_map(|key| key.parse().ok()).map(NamespaceId::new).collect()
}
