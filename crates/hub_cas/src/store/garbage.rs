//! Statements that remove what nothing needs. Each states the condition under which it may.

use hub_blob::ObjectKey;
use hub_core::{Timestamp, XetHash};
use hub_db::{Db, DbError, Tx, Value, args};

use super::keys;

/// Files that nobody holds and nobody has mentioned since `before`, after this one in the order of their hashes.
pub(crate) async fn unheld_files(
    db: &Db,
    after: &[u8],
    before: Timestamp,
    limit: i64,
) -> Result<Vec<XetHash>, DbError> {
    let rows: Vec<(XetHash,)> = db
        .query(
            "SELECT hash FROM cas_file WHERE hash > $1 AND touched_ms < $2 \
             AND NOT EXISTS (SELECT 1 FROM cas_holding h WHERE h.file = cas_file.hash) ORDER BY hash LIMIT $3",
            args![after, before, limit],
        )
        .await?;
    Ok(rows.into_iter().map(|(hash,)| hash).collect())
}

/// Removes files unless someone took hold of them, or mentioned them, meanwhile. Answers how many went.
pub(crate) async fn delete_files(tx: &mut Tx, files: &[XetHash], before: Timestamp) -> Result<u64, DbError> {
    let gone: Vec<(XetHash,)> = tx
        .query_in(
            "DELETE FROM cas_file WHERE touched_ms < $1 \
             AND NOT EXISTS (SELECT 1 FROM cas_holding h WHERE h.file = cas_file.hash) AND hash IN ({in}) RETURNING hash",
            args![before],
            &keys(files),
        )
        .await?;
    let gone: Vec<XetHash> = gone.into_iter().map(|(hash,)| hash).collect();
    tx.exec_in("DELETE FROM cas_segment WHERE file IN ({in})", args![], &keys(&gone)).await?;
    tx.exec_in("DELETE FROM cas_use WHERE file IN ({in})", args![], &keys(&gone)).await?;
    Ok(gone.len() as u64)
}

const UNUSED: &str = "NOT EXISTS (SELECT 1 FROM cas_use u WHERE u.xorb = cas_xorb.hash)";

/// Live xorbs that no file uses and nobody has mentioned since `before`, after this one in the order of their hashes.
pub(crate) async fn unused_xorbs(
    db: &Db,
    after: &[u8],
    before: Timestamp,
    limit: i64,
) -> Result<Vec<XetHash>, DbError> {
    let sql = format!(
        "SELECT hash FROM cas_xorb WHERE hash > $1 AND condemned_ms IS NULL AND touched_ms < $2 AND {UNUSED} \
         ORDER BY hash LIMIT $3"
    );
    let rows: Vec<(XetHash,)> = db.query(&sql, args![after, before, limit]).await?;
    Ok(rows.into_iter().map(|(hash,)| hash).collect())
}

/// Condemns xorbs unless someone mentioned them meanwhile. Whoever comes to use one mentions it in the same transaction, so
/// its moment alone decides even where the subquery sees an older state.
pub(crate) async fn condemn(tx: &mut Tx, xorbs: &[XetHash], before: Timestamp, now: Timestamp) -> Result<u64, DbError> {
    let sql = format!(
        "UPDATE cas_xorb SET condemned_ms = $2 WHERE condemned_ms IS NULL AND touched_ms < $1 AND {UNUSED} \
         AND hash IN ({{in}})"
    );
    tx.exec_in(&sql, args![before, now], &keys(xorbs)).await
}

/// A removed xorb: where its bytes still lie, and how many there are.
pub(crate) struct Removed {
    pub(crate) key: ObjectKey,
    pub(crate) stored_bytes: u64,
}

/// Removes the rows of some xorbs that were condemned before `before`, and answers where their bytes are.
pub(crate) async fn delete_condemned(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<Vec<Removed>, DbError> {
    let sql = format!(
        "DELETE FROM cas_xorb WHERE condemned_ms IS NOT NULL AND condemned_ms < $1 AND {UNUSED} AND hash IN \
         (SELECT hash FROM cas_xorb WHERE condemned_ms < $1 ORDER BY condemned_ms LIMIT $2) \
         RETURNING hash, generation, chunks, body_bytes, content_bytes, touched_ms, condemned_ms"
    );
    let gone: Vec<super::xorbs::XorbRow> = tx.query(&sql, args![before, limit]).await?;
    let hashes: Vec<Value> = keys(gone.iter().map(|row| &row.hash));
    tx.exec_in("DELETE FROM cas_chunk WHERE xorb IN ({in})", args![], &hashes).await?;
    Ok(gone.into_iter().map(|row| Removed { key: row.key(), stored_bytes: row.stored_bytes() }).collect())
}
