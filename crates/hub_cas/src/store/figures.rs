//! Sums over the tables.

use hub_core::XetHash;
use hub_db::{Db, DbError, args};
use hub_formats::xet::xorb::footer_bytes;

use crate::Scope;

const FIXED: usize = footer_bytes(0);
const PER_CHUNK: usize = footer_bytes(1) - FIXED;

/// Sums over xorbs, each counted once.
#[derive(Clone, Copy, Default)]
pub(crate) struct XorbSums {
    pub(crate) count: u64,
    pub(crate) stored_bytes: u64,
    pub(crate) content_bytes: u64,
}

async fn sums(db: &Db, condition: &str, args: &[hub_db::Value]) -> Result<XorbSums, DbError> {
    let sql = format!(
        "SELECT COUNT(*), CAST(COALESCE(SUM(body_bytes), 0) AS BIGINT), CAST(COALESCE(SUM(content_bytes), 0) AS BIGINT), \
         CAST(COALESCE(SUM(chunks), 0) AS BIGINT) FROM cas_xorb WHERE {condition}"
    );
    let (count, body, content, chunks): (i64, i64, i64, i64) = db.query_one(&sql, args).await?;
    let footers = count.max(0) as u64 * FIXED as u64 + chunks.max(0) as u64 * PER_CHUNK as u64;
    Ok(XorbSums {
        count: count.max(0) as u64,
        stored_bytes: body.max(0) as u64 + footers,
        content_bytes: content.max(0) as u64,
    })
}

pub(crate) async fn live(db: &Db) -> Result<XorbSums, DbError> {
    sums(db, "condemned_ms IS NULL", args![]).await
}

pub(crate) async fn condemned(db: &Db) -> Result<XorbSums, DbError> {
    sums(db, "condemned_ms IS NOT NULL", args![]).await
}

/// Live xorbs that no file uses: kept because clients may believe in them.
pub(crate) async fn unused(db: &Db) -> Result<XorbSums, DbError> {
    let condition = "condemned_ms IS NULL AND NOT EXISTS (SELECT 1 FROM cas_use u WHERE u.xorb = cas_xorb.hash)";
    sums(db, condition, args![]).await
}

/// How many files there are, and their lengths.
pub(crate) async fn files(db: &Db) -> Result<(u64, u64), DbError> {
    let sql = "SELECT COUNT(*), CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM cas_file";
    let (count, bytes): (i64, i64) = db.query_one(sql, args![]).await?;
    Ok((count.max(0) as u64, bytes.max(0) as u64))
}

/// How many chunks can be asked for.
pub(crate) async fn chunks(db: &Db) -> Result<u64, DbError> {
    let (count,): (i64,) = db.query_one("SELECT COUNT(*) FROM cas_chunk", args![]).await?;
    Ok(count.max(0) as u64)
}

/// How many files a scope holds, and their lengths.
pub(crate) async fn held(db: &Db, scope: Scope) -> Result<(u64, u64), DbError> {
    let sql = "SELECT COUNT(*), CAST(COALESCE(SUM(f.size), 0) AS BIGINT) FROM cas_holding h \
               JOIN cas_file f ON f.hash = h.file WHERE h.scope = $1";
    let (count, bytes): (i64, i64) = db.query_one(sql, args![scope.key()]).await?;
    Ok((count.max(0) as u64, bytes.max(0) as u64))
}

/// The xorbs that the files of a scope use.
pub(crate) async fn used_by(db: &Db, scope: Scope) -> Result<XorbSums, DbError> {
    let condition = "hash IN (SELECT u.xorb FROM cas_use u JOIN cas_holding h ON h.file = u.file WHERE h.scope = $1)";
    sums(db, condition, args![scope.key()]).await
}

/// Those of them that no other scope uses.
pub(crate) async fn used_alone_by(db: &Db, scope: Scope, unless: Scope) -> Result<XorbSums, DbError> {
    let condition = "hash IN (SELECT u.xorb FROM cas_use u JOIN cas_holding h ON h.file = u.file WHERE h.scope = $1) \
                     AND NOT EXISTS (SELECT 1 FROM cas_use o JOIN cas_holding g ON g.file = o.file \
                     WHERE o.xorb = cas_xorb.hash AND g.scope <> $1 AND g.scope <> $2)";
    sums(db, condition, args![scope.key(), unless.key()]).await
}

/// The files that use a xorb.
pub(crate) async fn users(db: &Db, xorb: &XetHash, limit: i64) -> Result<Vec<XetHash>, DbError> {
    let sql = "SELECT file FROM cas_use WHERE xorb = $1 ORDER BY file LIMIT $2";
    let rows: Vec<(XetHash,)> = db.query(sql, args![xorb, limit]).await?;
    Ok(rows.into_iter().map(|(file,)| file).collect())
}
