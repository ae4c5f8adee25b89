//! Statements of the work in the background that turns whole copies into chunks, and of what it leaves behind.

use hub_blob::CopyId;
use hub_core::{Sha256, Timestamp, XetHash};
use hub_db::{Db, DbError, FromRow, Row, Tx, args};

use crate::store::large::{COLUMNS, LargeRow, WholeCopy};

/// Contents of at least `from_bytes` that lie in one piece only, in the order of their ids.
pub(crate) async fn not_chunked(
    db: &Db,
    from_bytes: u64,
    after: Option<Sha256>,
    limit: i64,
) -> Result<Vec<LargeRow>, DbError> {
    let after: Vec<u8> = after.map(|sha256| sha256.as_bytes().to_vec()).unwrap_or_default();
    let sql = format!(
        "SELECT {COLUMNS} FROM large_object WHERE xet IS NULL AND size >= $1 AND sha256 > $2 ORDER BY sha256 LIMIT $3"
    );
    db.query(&sql, args![from_bytes.min(i64::MAX as u64) as i64, after, limit]).await
}

/// States that a content lies in chunks too.
pub(crate) async fn mark_chunked(tx: &mut Tx, sha256: Sha256, xet: XetHash, at: Timestamp) -> Result<(), DbError> {
    tx.exec(
        "UPDATE large_object SET xet = $2, chunked_ms = $3 WHERE sha256 = $1 AND xet IS NULL",
        args![sha256, xet, at],
    )
    .await?;
    Ok(())
}

/// Contents that have lain in chunks since before a moment and have a whole copy all the same.
pub(crate) async fn twice(db: &Db, before: Timestamp, limit: i64) -> Result<Vec<LargeRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM large_object WHERE xet IS NOT NULL AND copy <> '' AND chunked_ms < $1 \
         ORDER BY chunked_ms LIMIT $2"
    );
    db.query(&sql, args![before, limit]).await
}

/// Lets a content lie in chunks only. Its whole copy is remembered until it may go; answers whether it was there.
pub(crate) async fn retire(tx: &mut Tx, copy: &WholeCopy, at: Timestamp) -> Result<bool, DbError> {
    let retired = tx
        .exec(
            "UPDATE large_object SET copy = '' WHERE sha256 = $1 AND copy = $2 AND xet IS NOT NULL",
            args![copy.sha256, copy.copy.as_str()],
        )
        .await?;
    if retired == 1 {
        tx.exec(
            "INSERT INTO retired_copy (sha256, copy, retired_ms) VALUES ($1, $2, $3)",
            args![copy.sha256, copy.copy.as_str(), at],
        )
        .await?;
    }
    Ok(retired == 1)
}

/// A whole copy that no row names any more.
pub(crate) struct RetiredRow {
    pub(crate) sha256: Sha256,
    pub(crate) copy: CopyId,
}

impl FromRow for RetiredRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let copy: String = row.get(1)?;
        let copy = copy.parse().map_err(|_| DbError::Decode { column: 1, reason: "no copy id".to_owned() })?;
        Ok(Self { sha256: row.get(0)?, copy })
    }
}

/// Whole copies that were retired before a moment.
pub(crate) async fn retired(db: &Db, before: Timestamp, limit: i64) -> Result<Vec<RetiredRow>, DbError> {
    db.query(
        "SELECT sha256, copy FROM retired_copy WHERE retired_ms < $1 ORDER BY retired_ms LIMIT $2",
        args![before, limit],
    )
    .await
}

/// When a whole copy was retired, if it was and is still there.
pub(crate) async fn retired_at(db: &Db, sha256: Sha256, copy: &CopyId) -> Result<Option<Timestamp>, DbError> {
    let sql = "SELECT retired_ms FROM retired_copy WHERE sha256 = $1 AND copy = $2";
    let row: Option<(Timestamp,)> = db.query_opt(sql, args![sha256, copy.as_str()]).await?;
    Ok(row.map(|(at,)| at))
}

/// Forgets a retired copy whose bytes are gone.
pub(crate) async fn forget(db: &Db, row: &RetiredRow) -> Result<(), DbError> {
    db.exec("DELETE FROM retired_copy WHERE sha256 = $1 AND copy = $2", args![row.sha256, row.copy.as_str()]).await?;
    Ok(())
}
