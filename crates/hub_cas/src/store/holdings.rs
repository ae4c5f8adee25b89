//! Rows of `cas_holding`: who needs which file.

use hub_core::{Timestamp, XetHash};
use hub_db::{Db, DbError, Tx, args};

use super::keys;
use crate::Scope;

/// Gives a file to a scope, or renews the gift.
pub(crate) async fn give(tx: &mut Tx, scope: Scope, file: &XetHash, now: Timestamp) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO cas_holding (scope, file, since_ms) VALUES ($1, $2, $3) \
         ON CONFLICT (scope, file) DO UPDATE SET since_ms = excluded.since_ms",
        args![scope.key(), file, now],
    )
    .await?;
    Ok(())
}

pub(crate) async fn take(tx: &mut Tx, scope: Scope, file: &XetHash) -> Result<bool, DbError> {
    let sql = "DELETE FROM cas_holding WHERE scope = $1 AND file = $2";
    Ok(tx.exec(sql, args![scope.key(), file]).await? == 1)
}

pub(crate) async fn take_all(tx: &mut Tx, scope: Scope) -> Result<u64, DbError> {
    tx.exec("DELETE FROM cas_holding WHERE scope = $1", args![scope.key()]).await
}

pub(crate) async fn has(db: &Db, scope: Scope, file: &XetHash) -> Result<bool, DbError> {
    let sql = "SELECT 1 FROM cas_holding WHERE scope = $1 AND file = $2";
    Ok(db.query_opt::<(i64,)>(sql, args![scope.key(), file]).await?.is_some())
}

/// The next scope that holds something since before `before`.
pub(crate) async fn next_scope(db: &Db, after: Option<Scope>, before: Timestamp) -> Result<Option<Scope>, DbError> {
    let after = after.map_or(i64::MIN, Scope::key);
    let sql = "SELECT scope FROM cas_holding WHERE scope > $1 AND since_ms < $2 ORDER BY scope LIMIT 1";
    let row: Option<(i64,)> = db.query_opt(sql, args![after, before]).await?;
    Ok(row.map(|(scope,)| Scope::new(scope)))
}

/// A page of what a scope holds since before `before`, in the order of the hashes.
pub(crate) async fn of_scope(
    db: &Db,
    scope: Scope,
    after: &[u8],
    before: Timestamp,
    limit: i64,
) -> Result<Vec<XetHash>, DbError> {
    let sql = "SELECT file FROM cas_holding WHERE scope = $1 AND file > $2 AND since_ms < $3 ORDER BY file LIMIT $4";
    let rows: Vec<(XetHash,)> = db.query(sql, args![scope.key(), after, before, limit]).await?;
    Ok(rows.into_iter().map(|(file,)| file).collect())
}

/// Takes files from a scope unless the gift was renewed meanwhile.
pub(crate) async fn take_old(tx: &mut Tx, scope: Scope, files: &[XetHash], before: Timestamp) -> Result<u64, DbError> {
    let sql = "DELETE FROM cas_holding WHERE scope = $1 AND since_ms < $2 AND file IN ({in})";
    tx.exec_in(sql, args![scope.key(), before], &keys(files)).await
}

/// What a scope was given last.
pub(crate) async fn latest(db: &Db, scope: Scope, limit: i64) -> Result<Vec<XetHash>, DbError> {
    let sql = "SELECT file FROM cas_holding WHERE scope = $1 ORDER BY since_ms DESC LIMIT $2";
    let rows: Vec<(XetHash,)> = db.query(sql, args![scope.key(), limit]).await?;
    Ok(rows.into_iter().map(|(file,)| file).collect())
}

/// Who holds a file.
pub(crate) async fn holders(db: &Db, file: &XetHash, limit: i64) -> Result<Vec<Scope>, DbError> {
    let sql = "SELECT scope FROM cas_holding WHERE file = $1 ORDER BY scope LIMIT $2";
    let rows: Vec<(i64,)> = db.query(sql, args![file, limit]).await?;
    Ok(rows.into_iter().map(|(scope,)| Scope::new(scope)).collect())
}
