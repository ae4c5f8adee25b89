//! Events: what changed, in order, written with the change and read by whoever must follow it.

use std::borrow::Cow;

use hub_core::{Code, Timestamp, UserError};
use hub_db::{Db, DbError, Tx};
use serde_json::Value;

use crate::store::events;

/// The place of an event in the order of all events of this instance. The first is 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Sequence(i64);

impl Sequence {
    /// Before the first event.
    pub const START: Sequence = Sequence(0);

    /// From the number that [`Sequence::number`] gave.
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// The number, to be kept or shown.
    pub const fn number(self) -> i64 {
        self.0
    }
}

/// Something that happened.
#[derive(Clone, PartialEq, Debug)]
pub struct Event {
    /// Its place in the order.
    pub sequence: Sequence,
    /// What happened, such as `repo.push`.
    pub kind: String,
    /// What it happened to, such as `repo:17`.
    pub subject: String,
    /// More about it, as its kind has it.
    pub payload: Value,
    /// When.
    pub at: Timestamp,
}

/// Why events cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The database failed.
    #[error("events cannot be read")]
    Db(#[from] DbError),
    /// The reader was away for so long that events it has not seen were removed. It rebuilds what it derives from them
    /// out of the present state, and goes on from [`Outbox::latest`] as it was before the rebuild.
    #[error("events after {} were removed", after.0)]
    Pruned {
        /// Where the reader was.
        after: Sequence,
    },
    /// An event whose payload is not JSON, which nothing here writes.
    #[error("event {} is damaged", sequence.0)]
    Damaged {
        /// Its place.
        sequence: Sequence,
        /// What is wrong with its payload.
        #[source]
        source: serde_json::Error,
    },
}

impl UserError for OutboxError {
    fn code(&self) -> Code {
        match self {
            OutboxError::Db(error) => error.code(),
            OutboxError::Pruned { .. } | OutboxError::Damaged { .. } => Code::Internal,
        }
    }

    fn message(&self) -> Cow<'_, str> {
        match self {
            OutboxError::Db(error) => error.message(),
            OutboxError::Pruned { .. } | OutboxError::Damaged { .. } => self.to_string().into(),
        }
    }
}

/// The events of this instance.
///
/// Order and visibility: an event is seen only after its transaction has committed. If one transaction committed before
/// another began, its events come first. A reader that asks for what comes after the last event it saw misses none.
#[derive(Clone, Debug)]
pub struct Outbox {
    db: Db,
}

impl Outbox {
    /// The outbox in that database.
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// Writes an event that becomes true when `tx` commits.
    pub async fn append(
        tx: &mut Tx,
        kind: &str,
        subject: &str,
        payload: &Value,
        now: Timestamp,
    ) -> Result<(), DbError> {
        events::insert(tx, kind, subject, &payload.to_string(), now).await
    }

    /// Writes events of one kind about many things, as pairs of subject and payload, that become true when `tx` commits.
    pub async fn append_many(
        tx: &mut Tx,
        kind: &str,
        about: &[(String, Value)],
        now: Timestamp,
    ) -> Result<(), DbError> {
        events::insert_many(tx, kind, about, now).await
    }

    /// At most `limit` events after `sequence`, in order; fewer only if there are no more yet.
    pub async fn after(&self, sequence: Sequence, limit: u32) -> Result<Vec<Event>, OutboxError> {
        events::number(&self.db).await?;
        let rows = events::after(&self.db, sequence.0, limit.into()).await?;
        // Asked last: events that are removed between the two questions are noticed.
        if events::pruned_through(&self.db).await? > sequence.0 {
            return Err(OutboxError::Pruned { after: sequence });
        }
        let event = |row: events::EventRow| {
            let sequence = Sequence(row.sequence);
            let payload =
                serde_json::from_str(&row.payload).map_err(|source| OutboxError::Damaged { sequence, source })?;
            Ok(Event { sequence, kind: row.kind, subject: row.subject, payload, at: row.created_at })
        };
        rows.into_iter().map(event).collect()
    }

    /// The place of the newest event. What is read from the database after this call contains that event and all
    /// before it.
    pub async fn latest(&self) -> Result<Sequence, DbError> {
        events::number(&self.db).await?;
        events::latest(&self.db).await.map(Sequence)
    }

    /// Removes the events that were written before `before`, and gives their number.
    pub async fn prune(&self, before: Timestamp) -> Result<u64, DbError> {
        events::number(&self.db).await?;
        events::prune(&self.db, before).await
    }

    /// How far the lasting reader `name` has come. A new reader begins after the newest event.
    pub async fn position(&self, name: &str) -> Result<Sequence, DbError> {
        if let Some(sequence) = events::reader_position(&self.db, name).await? {
            return Ok(Sequence(sequence));
        }
        let latest = self.latest().await?;
        let mut tx = self.db.begin().await?;
        events::insert_reader(&mut tx, name, latest.0).await?;
        tx.commit().await?;
        // Another replica may have been first.
        Ok(Sequence(events::reader_position(&self.db, name).await?.unwrap_or(latest.0)))
    }

    /// Moves the reader `name` on, in the transaction of what it did about the events; `false` if another replica has
    /// moved it meanwhile, and then that transaction must be dropped.
    pub async fn advance(tx: &mut Tx, name: &str, from: Sequence, to: Sequence) -> Result<bool, DbError> {
        events::move_reader(tx, name, from.0, to.0).await
    }
}
