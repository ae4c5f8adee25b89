//! Rows of `second_factor` and `recovery_code`.

use hub_core::{Sha256, Timestamp};
use hub_db::{Db, DbError, FromRow, Row, Tx, args};

use crate::namespace::NamespaceId;

/// The key of an authenticator app.
pub(crate) struct Factor {
    pub(crate) secret: Vec<u8>,
    pub(crate) is_confirmed: bool,
    pub(crate) last_step: i64,
}

impl FromRow for Factor {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Factor { secret: row.get(0)?, is_confirmed: row.get::<i64>(1)? != 0, last_step: row.get(2)? })
    }
}

pub(crate) async fn of(db: &Db, user: NamespaceId) -> Result<Option<Factor>, DbError> {
    let sql = "SELECT secret, CASE WHEN confirmed_ms IS NULL THEN 0 ELSE 1 END, last_step FROM second_factor \
               WHERE user_id = $1";
    db.query_opt(sql, args![user.key()]).await
}

/// Whether a code is asked of this person.
pub(crate) async fn is_on(db: &Db, user: NamespaceId) -> Result<bool, DbError> {
    Ok(of(db, user).await?.is_some_and(|factor| factor.is_confirmed))
}

/// Puts a key that is not yet proved; `false` if there is a proved one.
pub(crate) async fn put_unconfirmed(tx: &mut Tx, user: NamespaceId, secret: &[u8]) -> Result<bool, DbError> {
    let sql = "INSERT INTO second_factor (user_id, secret) VALUES ($1, $2) \
               ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret WHERE second_factor.confirmed_ms IS NULL";
    Ok(tx.exec(sql, args![user.key(), secret.to_vec()]).await? == 1)
}

pub(crate) async fn confirm(tx: &mut Tx, user: NamespaceId, now: Timestamp, step: i64) -> Result<(), DbError> {
    let sql = "UPDATE second_factor SET confirmed_ms = $2, last_step = $3 WHERE user_id = $1";
    tx.exec(sql, args![user.key(), now, step]).await?;
    Ok(())
}

/// Uses the code of a step up; `false` if it or a later one was used before.
pub(crate) async fn use_step(tx: &mut Tx, user: NamespaceId, step: i64) -> Result<bool, DbError> {
    let sql = "UPDATE second_factor SET last_step = $2 WHERE user_id = $1 AND last_step < $2";
    Ok(tx.exec(sql, args![user.key(), step]).await? == 1)
}

pub(crate) async fn recovery_codes(db: &Db, user: NamespaceId) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) FROM recovery_code WHERE user_id = $1";
    db.query_one::<(i64,)>(sql, args![user.key()]).await.map(|(count,)| count)
}

pub(crate) async fn replace_recovery_codes(tx: &mut Tx, user: NamespaceId, hashes: Vec<Sha256>) -> Result<(), DbError> {
    tx.exec("DELETE FROM recovery_code WHERE user_id = $1", args![user.key()]).await?;
    for hash in hashes {
        tx.exec("INSERT INTO recovery_code (user_id, hash) VALUES ($1, $2)", args![user.key(), hash]).await?;
    }
    Ok(())
}

/// Uses a recovery code up; `false` if there is none like it.
pub(crate) async fn take_recovery_code(tx: &mut Tx, user: NamespaceId, hash: Sha256) -> Result<bool, DbError> {
    let sql = "DELETE FROM recovery_code WHERE user_id = $1 AND hash = $2";
    Ok(tx.exec(sql, args![user.key(), hash]).await? == 1)
}

/// Removes the key and the recovery codes.
pub(crate) async fn delete(tx: &mut Tx, user: NamespaceId) -> Result<(), DbError> {
    tx.exec("DELETE FROM second_factor WHERE user_id = $1", args![user.key()]).await?;
    tx.exec("DELETE FROM recovery_code WHERE user_id = $1", args![user.key()]).await?;
    Ok(())
}
