//! Rows of `job_outcome`.

use hub_core::Timestamp;
use hub_db::{Db, DbError, args};

pub(crate) async fn put(db: &Db, kind: &str, at: Timestamp, report: &str) -> Result<(), DbError> {
    let sql = "INSERT INTO job_outcome (kind, finished_at, report) VALUES ($1, $2, $3)
               ON CONFLICT (kind) DO UPDATE SET finished_at = excluded.finished_at, report = excluded.report";
    db.exec(sql, args![kind, at, report]).await.map(drop)
}

pub(crate) async fn all(db: &Db) -> Result<Vec<(String, Timestamp, String)>, DbError> {
    db.query("SELECT kind, finished_at, report FROM job_outcome ORDER BY kind", args![]).await
}
