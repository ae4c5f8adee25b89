//! Rows of `sso_identity` and `sso_pending`.

use hub_core::{Sha256, Timestamp};
use hub_db::{Db, DbError, FromRow, Row, Tx, args};

use crate::namespace::NamespaceId;
use crate::sso::{SsoBegin, SsoIdentity};

pub(crate) async fn insert_pending(
    tx: &mut Tx,
    hash: Sha256,
    begin: &SsoBegin,
    next: &str,
    user: Option<NamespaceId>,
    expires: Timestamp,
) -> Result<(), DbError> {
    let sql = "INSERT INTO sso_pending (hash, nonce, verifier, next, user_id, expires_ms) \
               VALUES ($1, $2, $3, $4, $5, $6)";
    let (nonce, verifier) = (begin.nonce.reveal().to_owned(), begin.verifier.reveal().to_owned());
    tx.exec(sql, args![hash, nonce, verifier, next, user.map(NamespaceId::key), expires]).await?;
    Ok(())
}

/// Nonce, verifier, where to go on to, and who wants to link.
pub(crate) type Pending = (String, String, String, Option<NamespaceId>);

pub(crate) async fn take_pending(tx: &mut Tx, hash: Sha256, now: Timestamp) -> Result<Option<Pending>, DbError> {
    let sql = "DELETE FROM sso_pending WHERE hash = $1 AND expires_ms > $2 RETURNING nonce, verifier, next, user_id";
    let found: Option<(String, String, String, Option<i64>)> = tx.query_opt(sql, args![hash, now]).await?;
    Ok(found.map(|(nonce, verifier, next, user)| (nonce, verifier, next, user.map(NamespaceId::new))))
}

pub(crate) async fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<(), DbError> {
    tx.exec("DELETE FROM sso_pending WHERE expires_ms <= $1", args![now]).await?;
    Ok(())
}

const USER: &str = "SELECT user_id FROM sso_identity WHERE issuer = $1 AND subject = $2";

pub(crate) async fn user_of(db: &Db, issuer: &str, subject: &str) -> Result<Option<NamespaceId>, DbError> {
    let found: Option<(i64,)> = db.query_opt(USER, args![issuer, subject]).await?;
    Ok(found.map(|(key,)| NamespaceId::new(key)))
}

pub(crate) async fn user_of_in(tx: &mut Tx, issuer: &str, subject: &str) -> Result<Option<NamespaceId>, DbError> {
    let found: Option<(i64,)> = tx.query_opt(USER, args![issuer, subject]).await?;
    Ok(found.map(|(key,)| NamespaceId::new(key)))
}

/// Gives an account an identity; `false` if some account has it.
pub(crate) async fn insert(
    tx: &mut Tx,
    issuer: &str,
    subject: &str,
    user: NamespaceId,
    shown: &str,
    now: Timestamp,
) -> Result<bool, DbError> {
    let sql = "INSERT INTO sso_identity (issuer, subject, user_id, shown, created_ms) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (issuer, subject) DO NOTHING";
    Ok(tx.exec(sql, args![issuer, subject, user.key(), shown, now]).await? == 1)
}

impl FromRow for SsoIdentity {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(SsoIdentity { issuer: row.get(0)?, subject: row.get(1)?, shown: row.get(2)?, created_at: row.get(3)? })
    }
}

pub(crate) async fn of_user(db: &Db, user: NamespaceId) -> Result<Vec<SsoIdentity>, DbError> {
    let sql = "SELECT issuer, subject, shown, created_ms FROM sso_identity WHERE user_id = $1 \
               ORDER BY created_ms, issuer, subject LIMIT 100";
    db.query(sql, args![user.key()]).await
}

pub(crate) async fn count(tx: &mut Tx, user: NamespaceId) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) FROM sso_identity WHERE user_id = $1";
    tx.query_one::<(i64,)>(sql, args![user.key()]).await.map(|(count,)| count)
}

pub(crate) async fn delete(tx: &mut Tx, user: NamespaceId, issuer: &str, subject: &str) -> Result<bool, DbError> {
    let sql = "DELETE FROM sso_identity WHERE user_id = $1 AND issuer = $2 AND subject = $3";
    Ok(tx.exec(sql, args![user.key(), issuer, subject]).await? == 1)
}
