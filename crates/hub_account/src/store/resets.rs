//! Rows of `password_reset`.

use hub_core::{Sha256, Timestamp};
use hub_db::{Db, DbError, Tx, args};

use crate::namespace::NamespaceId;

pub(crate) async fn put(tx: &mut Tx, user: NamespaceId, hash: Sha256, expires: Timestamp) -> Result<(), DbError> {
    let sql = "INSERT INTO password_reset (user_id, hash, expires_ms) VALUES ($1, $2, $3) \
               ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, expires_ms = excluded.expires_ms";
    tx.exec(sql, args![user.key(), hash, expires]).await?;
    Ok(())
}

/// For whom a link was made that can still be used.
pub(crate) async fn user_of(db: &Db, hash: Sha256, now: Timestamp) -> Result<Option<NamespaceId>, DbError> {
    let sql = "SELECT r.user_id FROM password_reset r JOIN account_user u ON u.id = r.user_id \
               WHERE r.hash = $1 AND r.expires_ms > $2 AND u.disabled_ms IS NULL";
    let found: Option<(i64,)> = db.query_opt(sql, args![hash, now]).await?;
    Ok(found.map(|(id,)| NamespaceId::new(id)))
}

/// Uses a link up; `false` if somebody was faster.
pub(crate) async fn take(tx: &mut Tx, hash: Sha256) -> Result<bool, DbError> {
    Ok(tx.exec("DELETE FROM password_reset WHERE hash = $1", args![hash]).await? == 1)
}
