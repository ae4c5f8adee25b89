//! Rows of `oauth_app`, `oauth_device` and `oauth_refresh`.

use hub_core::{Sha256, Timestamp};
use hub_db::{Db, DbError, FromRow, Row, Tx, args};

use crate::namespace::NamespaceId;
use crate::tokens::TokenId;

/// The key of an app.
pub(crate) async fn app(db: &Db, client_id: &str) -> Result<Option<i64>, DbError> {
    if client_id.contains('\0') {
        return Ok(None);
    }
    let found: Option<(i64,)> = db.query_opt("SELECT id FROM oauth_app WHERE client_id = $1", args![client_id]).await?;
    Ok(found.map(|(id,)| id))
}

/// A device to be inserted.
pub(crate) struct DeviceRow {
    pub(crate) hash: Sha256,
    pub(crate) user_code: String,
    pub(crate) app: i64,
    pub(crate) expires: Timestamp,
}

pub(crate) async fn insert_device(tx: &mut Tx, row: &DeviceRow) -> Result<(), DbError> {
    let sql = "INSERT INTO oauth_device (hash, user_code, app_id, answer, polled_ms, expires_ms) \
               VALUES ($1, $2, $3, '', 0, $4)";
    tx.exec(sql, args![row.hash, row.user_code.as_str(), row.app, row.expires]).await?;
    Ok(())
}

pub(crate) async fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<(), DbError> {
    tx.exec("DELETE FROM oauth_device WHERE expires_ms <= $1", args![now]).await?;
    Ok(())
}

/// The name of the app that waits for an answer under a short code.
pub(crate) async fn waiting(db: &Db, user_code: &str, now: Timestamp) -> Result<Option<String>, DbError> {
    let sql = "SELECT a.name FROM oauth_device d JOIN oauth_app a ON a.id = d.app_id \
               WHERE d.user_code = $1 AND d.answer = '' AND d.expires_ms > $2";
    let found: Option<(String,)> = db.query_opt(sql, args![user_code, now]).await?;
    Ok(found.map(|(name,)| name))
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
    pub(crate) app_name: String,
    pub(crate) user: Option<NamespaceId>,
    pub(crate) answer: String,
    pub(crate) polled: Timestamp,
}

impl FromRow for Device {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Device {
            app: row.get(0)?,
            app_name: row.get(1)?,
            user: row.get::<Option<i64>>(2)?.map(NamespaceId::new),
            answer: row.get(3)?,
            polled: row.get(4)?,
        })
    }
}

pub(crate) async fn device(db: &Db, hash: Sha256, client_id: &str, now: Timestamp) -> Result<Option<Device>, DbError> {
    if client_id.contains('\0') {
        return Ok(None);
    }
    let sql = "SELECT a.id, a.name, d.user_id, d.answer, d.polled_ms FROM oauth_device d \
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

/// Replaces a refresh token and says which access token it renews.
pub(crate) async fn replace_refresh(
    tx: &mut Tx,
    client_id: &str,
    old: Sha256,
    new: Sha256,
    now: Timestamp,
    expires: Timestamp,
) -> Result<Option<TokenId>, DbError> {
    if client_id.contains('\0') {
        return Ok(None);
    }
    let sql = "UPDATE oauth_refresh SET hash = $2, expires_ms = $4 WHERE hash = $1 AND expires_ms > $3 \
               AND app_id IN (SELECT id FROM oauth_app WHERE client_id = $5) RETURNING token_id";
    let found: Option<(i64,)> = tx.query_opt(sql, args![old, new, now, expires, client_id]).await?;
    Ok(found.map(|(id,)| TokenId::new(id)))
}
