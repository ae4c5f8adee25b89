//! Rows of `invitation` and the one row of `setup_code`.

use hub_core::{Sha256, Timestamp};
use hub_db::{Db, DbError, FromRow, Row, Tx, args};

use super::parse;
use crate::invitations::{Invitation, InvitationId};
use crate::label::Email;
use crate::namespace::NamespaceId;

impl FromRow for Invitation {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let email: Option<String> = row.get(1)?;
        let created_by: Option<String> = row.get(2)?;
        Ok(Invitation {
            id: InvitationId::new(row.get(0)?),
            email: email.map(|email| parse(1, &email)).transpose()?,
            created_by: created_by.map(|name| parse(2, &name)).transpose()?,
            created_at: row.get(3)?,
            expires_at: row.get(4)?,
        })
    }
}

const SELECT: &str = "SELECT i.id, i.email, n.name, i.created_ms, i.expires_ms FROM invitation i \
                      LEFT JOIN namespace n ON n.id = i.created_by";

pub(crate) async fn insert(
    tx: &mut Tx,
    id: InvitationId,
    hash: Sha256,
    email: Option<&Email>,
    created_by: Option<NamespaceId>,
    (now, end): (Timestamp, Timestamp),
) -> Result<(), DbError> {
    let sql = "INSERT INTO invitation (id, hash, email, created_by, created_ms, expires_ms) \
               VALUES ($1, $2, $3, $4, $5, $6)";
    let email = email.map(|email| email.as_str().to_owned());
    tx.exec(sql, args![id.key(), hash, email, created_by.map(NamespaceId::key), now, end]).await?;
    Ok(())
}

/// Those that can still be used, newest first.
pub(crate) async fn open(db: &Db, now: Timestamp, limit: i64) -> Result<Vec<Invitation>, DbError> {
    let sql = format!("{SELECT} WHERE i.expires_ms > $1 ORDER BY i.created_ms DESC, i.id LIMIT $2");
    db.query(&sql, args![now, limit]).await
}

pub(crate) async fn by_hash(db: &Db, hash: Sha256, now: Timestamp) -> Result<Option<Invitation>, DbError> {
    db.query_opt(&format!("{SELECT} WHERE i.hash = $1 AND i.expires_ms > $2"), args![hash, now]).await
}

/// Uses up the invitation: of two who come with one code, one gets it. The inner `Option` is the address it is bound to.
pub(crate) async fn take(tx: &mut Tx, hash: Sha256, now: Timestamp) -> Result<Option<Option<Email>>, DbError> {
    let sql = "DELETE FROM invitation WHERE hash = $1 AND expires_ms > $2 RETURNING email";
    let found: Option<(Option<String>,)> = tx.query_opt(sql, args![hash, now]).await?;
    found.map(|(email,)| email.map(|email| parse(0, &email)).transpose()).transpose()
}

pub(crate) async fn delete(tx: &mut Tx, id: InvitationId) -> Result<bool, DbError> {
    Ok(tx.exec("DELETE FROM invitation WHERE id = $1", args![id.key()]).await? == 1)
}

pub(crate) async fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<(), DbError> {
    tx.exec("DELETE FROM invitation WHERE expires_ms <= $1", args![now]).await?;
    Ok(())
}

pub(crate) async fn put_setup(tx: &mut Tx, hash: Sha256, now: Timestamp) -> Result<(), DbError> {
    let sql = "INSERT INTO setup_code (id, hash, created_ms) VALUES (1, $1, $2) \
               ON CONFLICT (id) DO UPDATE SET hash = excluded.hash, created_ms = excluded.created_ms";
    tx.exec(sql, args![hash, now]).await?;
    Ok(())
}

pub(crate) async fn drop_setup(tx: &mut Tx) -> Result<(), DbError> {
    tx.exec("DELETE FROM setup_code", args![]).await?;
    Ok(())
}

/// Uses up the setup code: of two who come with it, one gets it.
pub(crate) async fn take_setup(tx: &mut Tx, hash: Sha256) -> Result<bool, DbError> {
    Ok(tx.exec("DELETE FROM setup_code WHERE hash = $1", args![hash]).await? == 1)
}

pub(crate) async fn is_setup(db: &Db, hash: Sha256) -> Result<bool, DbError> {
    let found: Option<(i64,)> = db.query_opt("SELECT id FROM setup_code WHERE hash = $1", args![hash]).await?;
    Ok(found.is_some())
}
