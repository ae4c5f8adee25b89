//! Rows of `web_session`.

use hub_core::{Sha256, Timestamp};
use hub_db::{Db, DbError, FromRow, Row, Tx, args};

use super::parse;
use crate::namespace::NamespaceId;
use crate::sessions::{Session, SessionId};

const COLUMNS: &str = "s.id, s.client, s.created_ms, s.seen_ms";

impl FromRow for Session {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Session {
            id: SessionId::new(row.get(0)?),
            client: row.get(1)?,
            created_at: row.get(2)?,
            seen_at: row.get(3)?,
        })
    }
}

/// A session to be inserted.
pub(crate) struct NewSession {
    pub(crate) id: SessionId,
    pub(crate) user: NamespaceId,
    pub(crate) hash: Sha256,
    pub(crate) client: String,
    pub(crate) now: Timestamp,
    pub(crate) expires: Timestamp,
    pub(crate) verified: Option<Timestamp>,
}

pub(crate) async fn insert(tx: &mut Tx, new: &NewSession) -> Result<(), DbError> {
    let sql = "INSERT INTO web_session (id, user_id, hash, client, created_ms, seen_ms, expires_ms, verified_ms) \
               VALUES ($1, $2, $3, $4, $5, $5, $6, $7)";
    let client = new.client.as_str();
    tx.exec(sql, args![new.id.key(), new.user.key(), new.hash, client, new.now, new.expires, new.verified]).await?;
    Ok(())
}

/// A session that opens the door, and whose it is.
pub(crate) struct Bearer {
    pub(crate) session: Session,
    pub(crate) user: NamespaceId,
    pub(crate) name: hub_core::NamespaceName,
    pub(crate) is_admin: bool,
}

impl FromRow for Bearer {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Bearer {
            session: Session::from_row(row)?,
            user: NamespaceId::new(row.get(4)?),
            name: parse(5, &row.get::<String>(5)?)?,
            is_admin: row.get::<i64>(6)? != 0,
        })
    }
}

/// The verified session of that hash, if it has not ended and its owner is not disabled.
pub(crate) async fn bearer(db: &Db, hash: Sha256, now: Timestamp) -> Result<Option<Bearer>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS}, u.id, n.name, u.is_admin FROM web_session s \
         JOIN account_user u ON u.id = s.user_id JOIN namespace n ON n.id = s.user_id \
         WHERE s.hash = $1 AND s.expires_ms > $2 AND s.verified_ms IS NOT NULL AND u.disabled_ms IS NULL"
    );
    db.query_opt(&sql, args![hash, now]).await
}

/// Whose session waits for the second factor under that hash.
pub(crate) async fn waiting(db: &Db, hash: Sha256, now: Timestamp) -> Result<Option<NamespaceId>, DbError> {
    let sql = "SELECT s.user_id FROM web_session s JOIN account_user u ON u.id = s.user_id \
               WHERE s.hash = $1 AND s.expires_ms > $2 AND s.verified_ms IS NULL AND u.disabled_ms IS NULL";
    let found: Option<(i64,)> = db.query_opt(sql, args![hash, now]).await?;
    Ok(found.map(|(id,)| NamespaceId::new(id)))
}

pub(crate) async fn verify(tx: &mut Tx, hash: Sha256, now: Timestamp, expires: Timestamp) -> Result<(), DbError> {
    let sql = "UPDATE web_session SET verified_ms = $2, seen_ms = $2, expires_ms = $3 WHERE hash = $1";
    tx.exec(sql, args![hash, now, expires]).await?;
    Ok(())
}

pub(crate) async fn touch(tx: &mut Tx, id: SessionId, now: Timestamp, expires: Timestamp) -> Result<(), DbError> {
    tx.exec("UPDATE web_session SET seen_ms = $2, expires_ms = $3 WHERE id = $1", args![id.key(), now, expires])
        .await?;
    Ok(())
}

/// The verified sessions of a person that have not ended, those seen last first.
pub(crate) async fn of_user(db: &Db, user: NamespaceId, now: Timestamp, limit: i64) -> Result<Vec<Session>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM web_session s WHERE s.user_id = $1 AND s.expires_ms > $2 \
         AND s.verified_ms IS NOT NULL ORDER BY s.seen_ms DESC, s.id DESC LIMIT $3"
    );
    db.query(&sql, args![user.key(), now, limit]).await
}

/// Deletes a session of `user`; `false` if there is none.
pub(crate) async fn delete(tx: &mut Tx, user: NamespaceId, id: SessionId) -> Result<bool, DbError> {
    Ok(tx.exec("DELETE FROM web_session WHERE id = $1 AND user_id = $2", args![id.key(), user.key()]).await? == 1)
}

/// Deletes all sessions of `user` but `kept`.
pub(crate) async fn delete_others(tx: &mut Tx, user: NamespaceId, kept: Option<SessionId>) -> Result<(), DbError> {
    let kept = kept.map_or(0, SessionId::key);
    tx.exec("DELETE FROM web_session WHERE user_id = $1 AND id <> $2", args![user.key(), kept]).await?;
    Ok(())
}

pub(crate) async fn delete_value(tx: &mut Tx, hash: Sha256) -> Result<(), DbError> {
    tx.exec("DELETE FROM web_session WHERE hash = $1", args![hash]).await?;
    Ok(())
}

pub(crate) async fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<(), DbError> {
    tx.exec("DELETE FROM web_session WHERE expires_ms <= $1", args![now]).await?;
    Ok(())
}
