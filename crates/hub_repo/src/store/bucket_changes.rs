//! Rows of `bucket_change`: what happened to the files of a bucket lately.

use hub_core::{Timestamp, XetHash};
use hub_db::{Db, DbError, FromRow, OnConflict, Row, Tx, Value, args};

use crate::RepoId;
use crate::bucket::{BucketChange, FileEvent};

const COLUMNS: [&str; 8] = ["repo_id", "number", "path", "what", "size", "xet", "modified_ms", "at_ms"];

impl FileEvent {
    fn from_db(word: &str) -> Option<Self> {
        [FileEvent::Added, FileEvent::Updated, FileEvent::Deleted].into_iter().find(|event| event.word() == word)
    }
}

impl FromRow for BucketChange {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let what: String = row.get(2)?;
        let what =
            FileEvent::from_db(&what).ok_or_else(|| DbError::Decode { column: 2, reason: "no event".to_owned() })?;
        Ok(Self {
            number: row.get(0)?,
            path: row.get(1)?,
            what,
            size: row.get::<Option<i64>>(3)?.map(|size| size.max(0) as u64),
            xet: row.get::<Option<XetHash>>(4)?,
            modified: row.get(5)?,
            at: row.get(6)?,
        })
    }
}

pub(crate) async fn insert(tx: &mut Tx, repo: RepoId, changes: &[BucketChange]) -> Result<(), DbError> {
    let row = |change: &BucketChange| {
        vec![
            Value::from(repo.key()),
            Value::from(change.number),
            Value::from(&change.path),
            Value::from(change.what.word()),
            Value::from(change.size.map(|size| size as i64)),
            Value::from(change.xet),
            Value::from(change.modified),
            Value::from(change.at),
        ]
    };
    let rows: Vec<Vec<Value>> = changes.iter().map(row).collect();
    tx.insert_many("bucket_change", &COLUMNS, &rows, OnConflict::Fail).await?;
    Ok(())
}

/// Changes after a number, in order.
pub(crate) async fn after(db: &Db, repo: RepoId, number: i64, limit: i64) -> Result<Vec<BucketChange>, DbError> {
    db.query(
        "SELECT number, path, what, size, xet, modified_ms, at_ms FROM bucket_change \
         WHERE repo_id = $1 AND number > $2 ORDER BY number LIMIT $3",
        args![repo.key(), number, limit],
    )
    .await
}

/// The number of the last change that was not later than a moment.
pub(crate) async fn last_until(db: &Db, repo: RepoId, moment: Timestamp) -> Result<Option<i64>, DbError> {
    let row: Option<(i64,)> = db
        .query_opt(
            "SELECT number FROM bucket_change WHERE repo_id = $1 AND at_ms <= $2 ORDER BY number DESC LIMIT 1",
            args![repo.key(), moment],
        )
        .await?;
    Ok(row.map(|(number,)| number))
}

/// Buckets with changes of before a moment, or with more of them than are kept.
pub(crate) async fn with_old(db: &Db, before: Timestamp, kept: i64) -> Result<Vec<RepoId>, DbError> {
    let rows: Vec<(i64,)> = db
        .query(
            "SELECT repo_id FROM bucket WHERE last_change - forgotten > $2 \
             UNION SELECT DISTINCT repo_id FROM bucket_change WHERE at_ms < $1",
            args![before, kept],
        )
        .await?;
    Ok(rows.into_iter().map(|(key,)| RepoId::from_key(key)).collect())
}

/// Forgets what a bucket told before a moment, and all but the last changes. Its row is locked until the transaction ends.
pub(crate) async fn forget(tx: &mut Tx, repo: RepoId, before: Timestamp, kept: i64) -> Result<u64, DbError> {
    let row: Option<(i64, Option<i64>)> = tx
        .query_opt(
            "SELECT number, at_ms FROM bucket_change WHERE repo_id = $1 AND (at_ms < $2 OR number <= \
             (SELECT last_change FROM bucket WHERE repo_id = $1) - $3) ORDER BY number DESC LIMIT 1",
            args![repo.key(), before, kept],
        )
        .await?;
    let Some((number, at)) = row else { return Ok(0) };
    tx.exec(
        "UPDATE bucket SET forgotten = $2, forgotten_ms = $3 WHERE repo_id = $1 AND forgotten < $2",
        args![repo.key(), number, at.unwrap_or(0)],
    )
    .await?;
    tx.exec("DELETE FROM bucket_change WHERE repo_id = $1 AND number <= $2", args![repo.key(), number]).await
}
