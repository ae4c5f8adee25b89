//! Rows of `namespace_alias`: names that somebody had before.

use hub_core::Timestamp;
use hub_db::{Db, DbError, Tx, args};

use super::namespaces;
use crate::namespace::{Namespace, NamespaceId};

/// Who bore the name, as they are now.
pub(crate) async fn bearer(db: &Db, key: &str) -> Result<Option<Namespace>, DbError> {
    let found: Option<(i64,)> =
        db.query_opt("SELECT namespace_id FROM namespace_alias WHERE name_key = $1", args![key]).await?;
    match found {
        Some((id,)) => namespaces::by_id(db, NamespaceId::new(id)).await,
        None => Ok(None),
    }
}

/// Frees an old name for whoever takes it, unless it was another's after `since`; then `false`.
pub(crate) async fn release(
    tx: &mut Tx,
    key: &str,
    taker: Option<NamespaceId>,
    since: Timestamp,
) -> Result<bool, DbError> {
    let sql = "DELETE FROM namespace_alias WHERE name_key = $1 AND (renamed_ms <= $2 OR namespace_id = $3)";
    tx.exec(sql, args![key, since, taker.map_or(0, NamespaceId::key)]).await?;
    let held: Option<(i64,)> =
        tx.query_opt("SELECT namespace_id FROM namespace_alias WHERE name_key = $1", args![key]).await?;
    Ok(held.is_none())
}

pub(crate) async fn put(tx: &mut Tx, key: &str, id: NamespaceId, now: Timestamp) -> Result<(), DbError> {
    let sql = "INSERT INTO namespace_alias (name_key, namespace_id, renamed_ms) VALUES ($1, $2, $3) \
               ON CONFLICT (name_key) DO UPDATE SET namespace_id = excluded.namespace_id, \
               renamed_ms = excluded.renamed_ms";
    tx.exec(sql, args![key, id.key(), now]).await?;
    Ok(())
}

/// How many names somebody gave up since then.
pub(crate) async fn count_since(tx: &mut Tx, id: NamespaceId, since: Timestamp) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) FROM namespace_alias WHERE namespace_id = $1 AND renamed_ms > $2";
    tx.query_one::<(i64,)>(sql, args![id.key(), since]).await.map(|(count,)| count)
}
