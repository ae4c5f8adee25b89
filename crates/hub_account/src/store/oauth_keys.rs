//! Rows of `oauth_key`.

use hub_core::Timestamp;
use hub_db::{Db, DbError, Tx, args};

/// The keys that were made after `since`, newest first: name, word of the algorithm, and private half.
pub(crate) async fn since(db: &Db, since: Timestamp) -> Result<Vec<(String, String, Vec<u8>)>, DbError> {
    let sql = "SELECT kid, alg, private_key FROM oauth_key WHERE created_ms > $1 ORDER BY created_ms DESC, kid";
    db.query(sql, args![since]).await
}

pub(crate) async fn insert(tx: &mut Tx, kid: &str, alg: &str, private: &[u8], now: Timestamp) -> Result<(), DbError> {
    let sql = "INSERT INTO oauth_key (kid, alg, private_key, created_ms) VALUES ($1, $2, $3, $4)";
    tx.exec(sql, args![kid, alg, private.to_vec(), now]).await?;
    Ok(())
}

pub(crate) async fn delete_before(tx: &mut Tx, before: Timestamp) -> Result<(), DbError> {
    tx.exec("DELETE FROM oauth_key WHERE created_ms <= $1", args![before]).await?;
    Ok(())
}
