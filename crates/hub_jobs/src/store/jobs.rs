//! Rows of the queue.
//!
//! Each change of a running job names its lease, so that a worker that lost it (it hung, another took over) changes
//! nothing any more.

use hub_core::Timestamp;
use hub_db::{Db, DbError, Dialect, FromRow, Row, Tx, Value, args};

/// The values of `job.state`; the migration has the same list.
const WAITING: i64 = 0;
const RUNNING: i64 = 1;
const DEAD: i64 = 2;

/// A job that a worker has taken.
pub(crate) struct LeasedRow {
    pub(crate) id: i64,
    pub(crate) kind: String,
    pub(crate) payload: String,
    pub(crate) attempts: i64,
}

impl FromRow for LeasedRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self { id: row.get(0)?, kind: row.get(1)?, payload: row.get(2)?, attempts: row.get(3)? })
    }
}

/// A job to be written.
pub(crate) struct NewRow<'a> {
    pub(crate) id: i64,
    pub(crate) kind: &'a str,
    pub(crate) payload: String,
    pub(crate) dedup_key: Option<&'a str>,
    pub(crate) due_at: Timestamp,
    pub(crate) now: Timestamp,
}

/// Writes a job, or finds the waiting one with the same key and makes it due as early as either. Gives the id of the row.
pub(crate) async fn insert(tx: &mut Tx, job: NewRow<'_>) -> Result<i64, DbError> {
    let sql = "INSERT INTO job (id, kind, payload, dedup_key, state, due_at, attempts, created_at, changed_at)
               VALUES ($1, $2, $3, $4, 0, $5, 0, $6, $6)
               ON CONFLICT (kind, dedup_key) WHERE state = 0 DO UPDATE
               SET due_at = CASE WHEN excluded.due_at < job.due_at THEN excluded.due_at ELSE job.due_at END
               RETURNING id";
    let args = args![job.id, job.kind, job.payload, job.dedup_key, job.due_at, job.now];
    let (id,) = tx.query_one(sql, args).await?;
    Ok(id)
}

/// Whether a job of these kinds can be taken; spares the writing transaction when there is none.
pub(crate) async fn any_due(db: &Db, kinds: &[Value], now: Timestamp) -> Result<bool, DbError> {
    let sql = "SELECT 1 FROM job WHERE state < 2 AND due_at <= $1 AND kind IN ({in}) LIMIT 1";
    Ok(!db.query_in::<(i64,)>(sql, args![now], kinds).await?.is_empty())
}

/// What a worker takes.
pub(crate) struct Taking<'a> {
    pub(crate) kinds: &'a [Value],
    pub(crate) limit: i64,
    pub(crate) lease: i64,
    pub(crate) now: Timestamp,
    pub(crate) lease_until: Timestamp,
}

/// Takes due jobs: those that wait, and those whose worker has let its lease run out.
pub(crate) async fn take(tx: &mut Tx, taking: Taking<'_>) -> Result<Vec<LeasedRow>, DbError> {
    // Two PostgreSQL workers must not queue for the same rows; SQLite has one writer.
    let skip = match tx.dialect() {
        Dialect::Sqlite => "",
        Dialect::Postgres => "FOR UPDATE SKIP LOCKED",
    };
    let sql = format!(
        "UPDATE job SET state = {RUNNING}, lease = $1, due_at = $2, attempts = attempts + 1, changed_at = $3
         WHERE id IN (SELECT id FROM job WHERE state < 2 AND due_at <= $3 AND kind IN ({{in}})
                      ORDER BY due_at, id LIMIT $4 {skip})
         RETURNING id, kind, payload, attempts"
    );
    tx.query_in(&sql, args![taking.lease, taking.lease_until, taking.now, taking.limit], taking.kinds).await
}

/// Declares dead the running jobs whose lease has run out for the last time that is allowed.
pub(crate) async fn bury_abandoned(tx: &mut Tx, max_attempts: i64, now: Timestamp) -> Result<u64, DbError> {
    let sql = "UPDATE job SET state = 2, lease = NULL, changed_at = $1,
                   last_error = 'its worker went away without an answer'
               WHERE state = 1 AND due_at <= $1 AND attempts >= $2";
    tx.exec(sql, args![now, max_attempts]).await
}

/// Moves the end of the lease; `false` if the lease is lost.
pub(crate) async fn renew(db: &Db, id: i64, lease: i64, until: Timestamp) -> Result<bool, DbError> {
    let sql = "UPDATE job SET due_at = $3 WHERE id = $1 AND lease = $2 AND state = 1";
    Ok(db.exec(sql, args![id, lease, until]).await? == 1)
}

/// Removes a job that is done; `false` if the lease was lost.
pub(crate) async fn finish(db: &Db, id: i64, lease: i64) -> Result<bool, DbError> {
    let sql = "DELETE FROM job WHERE id = $1 AND lease = $2 AND state = 1";
    Ok(db.exec(sql, args![id, lease]).await? == 1)
}

/// What becomes of a job that did not succeed.
pub(crate) struct Failure<'a> {
    pub(crate) id: i64,
    pub(crate) lease: i64,
    /// When it is tried again; `None`: never.
    pub(crate) again_at: Option<Timestamp>,
    /// Whether this attempt counts.
    pub(crate) counts: bool,
    pub(crate) error: Option<&'a str>,
    pub(crate) now: Timestamp,
}

/// Writes down that a job did not succeed. If meanwhile another with the same key waits, that one does the work.
pub(crate) async fn fail(db: &Db, failure: Failure<'_>) -> Result<(), DbError> {
    let sql = "UPDATE job SET state = $3, lease = NULL, due_at = $4, attempts = attempts - $5, last_error = $6,
                   changed_at = $7
               WHERE id = $1 AND lease = $2 AND state = 1";
    let state = if failure.again_at.is_some() { WAITING } else { DEAD };
    let due_at = failure.again_at.unwrap_or(failure.now);
    let forgiven = i64::from(!failure.counts);
    let args = args![failure.id, failure.lease, state, due_at, forgiven, failure.error, failure.now];
    match db.exec(sql, args).await {
        Err(error) if error.is_unique() => finish(db, failure.id, failure.lease).await.map(drop),
        other => other.map(drop),
    }
}

/// How many jobs of a kind are in each state.
pub(crate) async fn counts(db: &Db) -> Result<Vec<(String, i64, i64, i64)>, DbError> {
    let sql = "SELECT kind, COUNT(*) FILTER (WHERE state = 0), COUNT(*) FILTER (WHERE state = 1),
                   COUNT(*) FILTER (WHERE state = 2)
               FROM job GROUP BY kind ORDER BY kind";
    db.query(sql, args![]).await
}

/// Id, kind, payload, attempts, last error and time of death, newest first.
pub(crate) type DeadRow = (i64, String, String, i64, Option<String>, Timestamp);

pub(crate) async fn dead(db: &Db, limit: i64) -> Result<Vec<DeadRow>, DbError> {
    let sql = "SELECT id, kind, payload, attempts, last_error, changed_at FROM job
               WHERE state = 2 ORDER BY changed_at DESC, id LIMIT $1";
    db.query(sql, args![limit]).await
}

/// Lets a dead job wait again with all its attempts before it; `false` if it is not dead.
pub(crate) async fn revive(db: &Db, id: i64, now: Timestamp) -> Result<bool, DbError> {
    let sql = "UPDATE job SET state = 0, attempts = 0, due_at = $2, changed_at = $2 WHERE id = $1 AND state = 2";
    match db.exec(sql, args![id, now]).await {
        // One with the same key waits already.
        Err(error) if error.is_unique() => db.exec("DELETE FROM job WHERE id = $1", args![id]).await.map(|_| true),
        other => other.map(|count| count == 1),
    }
}

pub(crate) async fn remove_dead(db: &Db, before: Timestamp) -> Result<u64, DbError> {
    db.exec("DELETE FROM job WHERE state = 2 AND changed_at < $1", args![before]).await
}
