//! Rows of `email_proof`.

use hub_core::{Sha256, Timestamp};
use hub_db::{Db, DbError, Tx, args};

use super::parse;
use crate::label::Email;
use crate::namespace::NamespaceId;

pub(crate) async fn put(
    tx: &mut Tx,
    user: NamespaceId,
    hash: Sha256,
    email: &Email,
    expires: Timestamp,
) -> Result<(), DbError> {
    let sql = "INSERT INTO email_proof (user_id, hash, email, expires_ms) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, email = excluded.email, \
               expires_ms = excluded.expires_ms";
    tx.exec(sql, args![user.key(), hash, email.as_str(), expires]).await?;
    Ok(())
}

/// The address of a person that waits for its proof.
pub(crate) async fn waiting(db: &Db, user: NamespaceId, now: Timestamp) -> Result<Option<Email>, DbError> {
    let sql = "SELECT email FROM email_proof WHERE user_id = $1 AND expires_ms > $2";
    let found: Option<(String,)> = db.query_opt(sql, args![user.key(), now]).await?;
    found.map(|(email,)| parse(0, &email)).transpose()
}

/// Uses a link up.
pub(crate) async fn take(tx: &mut Tx, hash: Sha256, now: Timestamp) -> Result<Option<(NamespaceId, Email)>, DbError> {
    let sql = "DELETE FROM email_proof WHERE hash = $1 AND expires_ms > $2 RETURNING user_id, email";
    let found: Option<(i64, String)> = tx.query_opt(sql, args![hash, now]).await?;
    found.map(|(user, email)| Ok((NamespaceId::new(user), parse(1, &email)?))).transpose()
}
