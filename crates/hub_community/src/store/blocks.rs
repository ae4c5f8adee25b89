//! Rows of `person_block`.

use hub_account::NamespaceId;
use hub_core::Timestamp;
use hub_db::{Db, DbError, Tx, Value, args};

/// Answers whether that is new.
pub(crate) async fn insert(tx: &mut Tx, by: NamespaceId, whom: NamespaceId, at: Timestamp) -> Result<bool, DbError> {
    let inserted = tx
        .exec(
            "INSERT INTO person_block (namespace_id, blocked_id, created_ms) VALUES ($1, $2, $3) \
             ON CONFLICT (namespace_id, blocked_id) DO NOTHING",
            args![by.key(), whom.key(), at],
        )
        .await?;
    Ok(inserted == 1)
}

/// Answers whether there was something to delete.
pub(crate) async fn delete(tx: &mut Tx, by: NamespaceId, whom: NamespaceId) -> Result<bool, DbError> {
    let sql = "DELETE FROM person_block WHERE namespace_id = $1 AND blocked_id = $2";
    Ok(tx.exec(sql, args![by.key(), whom.key()]).await? == 1)
}

/// Whom somebody has blocked, the latest first.
pub(crate) async fn of(db: &Db, by: NamespaceId, limit: i64) -> Result<Vec<NamespaceId>, DbError> {
    let sql =
        "SELECT blocked_id FROM person_block WHERE namespace_id = $1 ORDER BY created_ms DESC, blocked_id LIMIT $2";
    let rows: Vec<(i64,)> = db.query(sql, args![by.key(), limit]).await?;
    Ok(rows.into_iter().map(|(id,)| NamespaceId::new(id)).collect())
}

/// Whether one of two has blocked a person.
pub(crate) async fn exists(tx: &mut Tx, by: [NamespaceId; 2], whom: NamespaceId) -> Result<bool, DbError> {
    let sql = "SELECT blocked_id FROM person_block WHERE blocked_id = $1 AND namespace_id IN ($2, $3) LIMIT 1";
    let row: Option<(i64,)> = tx.query_opt(sql, args![whom.key(), by[0].key(), by[1].key()]).await?;
    Ok(row.is_some())
}

/// Who of these has blocked a person.
pub(crate) async fn blockers(db: &Db, whom: NamespaceId, of: &[NamespaceId]) -> Result<Vec<NamespaceId>, DbError> {
    let keys: Vec<Value> = of.iter().map(|id| Value::from(id.key())).collect();
    let sql = "SELECT namespace_id FROM person_block WHERE blocked_id = $1 AND namespace_id IN ({in})";
    let rows: Vec<(i64,)> = db.query_in(sql, args![whom.key()], &keys).await?;
    Ok(rows.into_iter().map(|(id,)| NamespaceId::new(id)).collect())
}
