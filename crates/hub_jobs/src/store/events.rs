//! Rows of the outbox.

use hub_core::Timestamp;
use hub_db::{Db, DbError, Dialect, FromRow, OnConflict, Row, Tx, Value, args};

/// How many events are numbered or removed in one transaction.
const BATCH: i64 = 5000;

/// One row of `event`.
pub(crate) struct EventRow {
    pub(crate) sequence: i64,
    pub(crate) kind: String,
    pub(crate) subject: String,
    pub(crate) payload: String,
    pub(crate) created_at: Timestamp,
}

impl FromRow for EventRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            sequence: row.get(0)?,
            kind: row.get(1)?,
            subject: row.get(2)?,
            payload: row.get(3)?,
            created_at: row.get(4)?,
        })
    }
}

pub(crate) async fn insert(
    tx: &mut Tx,
    kind: &str,
    subject: &str,
    payload: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    let sql = "INSERT INTO event (kind, subject, payload, created_at) VALUES ($1, $2, $3, $4)";
    tx.exec(sql, args![kind, subject, payload, now]).await.map(drop)
}

pub(crate) async fn insert_many(
    tx: &mut Tx,
    kind: &str,
    about: &[(String, serde_json::Value)],
    now: Timestamp,
) -> Result<(), DbError> {
    let row = |(subject, payload): &(String, serde_json::Value)| {
        vec![Value::from(kind), Value::from(subject.as_str()), Value::from(payload.to_string()), Value::from(now)]
    };
    let rows: Vec<Vec<Value>> = about.iter().map(row).collect();
    tx.insert_many("event", &["kind", "subject", "payload", "created_at"], &rows, OnConflict::Fail).await?;
    Ok(())
}

/// Gives numbers to the events that have committed since the last time.
///
/// An event is numbered only once its transaction is seen to have committed, one numbering at a time, so a number never
/// appears below one that a reader has already seen. Writers of events do not wait for this, nor for each other.
pub(crate) async fn number(db: &Db) -> Result<(), DbError> {
    if db.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    let unnumbered = "SELECT EXISTS (SELECT 1 FROM event WHERE sequence IS NULL)";
    while db.query_one::<(bool,)>(unnumbered, args![]).await?.0 {
        let mut tx = db.begin().await?;
        let lock = "SELECT last_sequence FROM event_state WHERE id = 1 FOR UPDATE";
        let (last,): (i64,) = tx.query_one(lock, args![]).await?;
        let give = "UPDATE event SET sequence = $1 + fresh.place
                    FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS place
                          FROM event WHERE sequence IS NULL ORDER BY id LIMIT $2) AS fresh
                    WHERE event.id = fresh.id";
        let count = tx.exec(give, args![last, BATCH]).await?;
        let last = last.saturating_add_unsigned(count);
        tx.exec("UPDATE event_state SET last_sequence = $1 WHERE id = 1", args![last]).await?;
        tx.commit().await?;
    }
    Ok(())
}

pub(crate) async fn after(db: &Db, sequence: i64, limit: i64) -> Result<Vec<EventRow>, DbError> {
    let sql = "SELECT sequence, kind, subject, payload, created_at FROM event
               WHERE sequence > $1 ORDER BY sequence LIMIT $2";
    db.query(sql, args![sequence, limit]).await
}

/// The highest number that was ever given; 0 before the first.
pub(crate) async fn latest(db: &Db) -> Result<i64, DbError> {
    let (highest,): (Option<i64>,) = db.query_one("SELECT MAX(sequence) FROM event", args![]).await?;
    Ok(highest.unwrap_or(0).max(pruned_through(db).await?))
}

pub(crate) async fn pruned_through(db: &Db) -> Result<i64, DbError> {
    let (sequence,) = db.query_one("SELECT pruned_through FROM event_state WHERE id = 1", args![]).await?;
    Ok(sequence)
}

/// Removes numbered events up to the last one written before `before`, oldest first, some at a time.
pub(crate) async fn prune(db: &Db, before: Timestamp) -> Result<u64, DbError> {
    let mut removed = 0;
    loop {
        let oldest = "SELECT MAX(sequence), COUNT(*) FROM
                          (SELECT sequence FROM event WHERE sequence IS NOT NULL AND created_at < $1
                           ORDER BY sequence LIMIT $2) AS old";
        let (through, count): (Option<i64>, i64) = db.query_one(oldest, args![before, BATCH]).await?;
        let Some(through) = through else { return Ok(removed) };
        let mut tx = db.begin().await?;
        // First the mark, so that no reader takes a gap for the end; both are seen at once anyway.
        let mark = "UPDATE event_state SET pruned_through = $1 WHERE id = 1 AND pruned_through < $1";
        tx.exec(mark, args![through]).await?;
        removed += tx.exec("DELETE FROM event WHERE sequence <= $1", args![through]).await?;
        tx.commit().await?;
        if count < BATCH {
            return Ok(removed);
        }
    }
}

pub(crate) async fn reader_position(db: &Db, name: &str) -> Result<Option<i64>, DbError> {
    let row: Option<(i64,)> = db.query_opt("SELECT sequence FROM event_reader WHERE name = $1", args![name]).await?;
    Ok(row.map(|(sequence,)| sequence))
}

/// Creates the reader's position unless it exists.
pub(crate) async fn insert_reader(tx: &mut Tx, name: &str, sequence: i64) -> Result<bool, DbError> {
    let sql = "INSERT INTO event_reader (name, sequence) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    Ok(tx.exec(sql, args![name, sequence]).await? == 1)
}

/// Moves the reader's position, if it is still where the caller read it.
pub(crate) async fn move_reader(tx: &mut Tx, name: &str, from: i64, to: i64) -> Result<bool, DbError> {
    let sql = "UPDATE event_reader SET sequence = $3 WHERE name = $1 AND sequence = $2";
    Ok(tx.exec(sql, args![name, from, to]).await? == 1)
}
