//! Rows of what is done again and again.

use hub_core::Timestamp;
use hub_db::{Db, DbError, Tx, Value, args};

/// Writes down a schedule. One that exists takes the new interval, and its next run comes no later than that allows.
pub(crate) async fn put(db: &Db, kind: &str, interval_ms: i64, next_run: Timestamp) -> Result<(), DbError> {
    let sql = "INSERT INTO schedule (kind, interval_ms, next_run) VALUES ($1, $2, $3)
               ON CONFLICT (kind) DO UPDATE SET interval_ms = excluded.interval_ms,
                   next_run = CASE WHEN excluded.next_run < schedule.next_run
                              THEN excluded.next_run ELSE schedule.next_run END";
    db.exec(sql, args![kind, interval_ms, next_run]).await.map(drop)
}

/// Kind, interval and planned time of what is due.
pub(crate) async fn due(db: &Db, kinds: &[Value], now: Timestamp) -> Result<Vec<(String, i64, Timestamp)>, DbError> {
    let sql = "SELECT kind, interval_ms, next_run FROM schedule WHERE next_run <= $1 AND kind IN ({in})";
    db.query_in(sql, args![now], kinds).await
}

/// Plans the next run, if nobody else has done so.
pub(crate) async fn move_on(tx: &mut Tx, kind: &str, from: Timestamp, to: Timestamp) -> Result<bool, DbError> {
    let sql = "UPDATE schedule SET next_run = $3 WHERE kind = $1 AND next_run = $2";
    Ok(tx.exec(sql, args![kind, from, to]).await? == 1)
}
