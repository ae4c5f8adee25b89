//! Rows of `failed_sign_in`.

use hub_core::{Sha256, Timestamp};
use hub_db::{Db, DbError, Tx, args};

/// How many failures in a row, and when the last one was.
pub(crate) async fn of(db: &Db, subject: Sha256) -> Result<Option<(i64, Timestamp)>, DbError> {
    let sql = "SELECT failures, last_ms FROM failed_sign_in WHERE subject = $1";
    let found: Option<(i64, i64)> = db.query_opt(sql, args![subject]).await?;
    Ok(found.map(|(failures, last)| (failures, Timestamp::from_millis(last))))
}

pub(crate) async fn add(tx: &mut Tx, subject: Sha256, now: Timestamp) -> Result<(), DbError> {
    let sql = "INSERT INTO failed_sign_in (subject, failures, last_ms) VALUES ($1, 1, $2) \
               ON CONFLICT (subject) DO UPDATE SET failures = failed_sign_in.failures + 1, last_ms = $2";
    tx.exec(sql, args![subject, now]).await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut Tx, subject: Sha256) -> Result<(), DbError> {
    tx.exec("DELETE FROM failed_sign_in WHERE subject = $1", args![subject]).await?;
    Ok(())
}

pub(crate) async fn delete_before(tx: &mut Tx, moment: Timestamp) -> Result<(), DbError> {
    tx.exec("DELETE FROM failed_sign_in WHERE last_ms < $1", args![moment]).await?;
    Ok(())
}
