//! How a statement fails, told alike for both databases.

use std::borrow::Cow;

use hub_core::{Code, UserError};
use rusqlite::ErrorCode;
use rusqlite::ffi;
use tokio_postgres::error::SqlState;

/// A failed statement, or a database that cannot be reached.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A row with these values is there already.
    #[error("a row with the same value exists already ({constraint})")]
    Unique {
        /// SQLite names the columns (`repo.name`), PostgreSQL the constraint (`repo_name_key`): for logs, not for code.
        constraint: String,
    },
    /// A foreign key, `CHECK` or `NOT NULL` refused the row.
    #[error("a rule of the database refuses the row ({constraint})")]
    Constraint {
        /// What the database says of the rule.
        constraint: String,
    },
    /// Another transaction was in the way; the same transaction may succeed when it is tried again.
    #[error("another transaction was in the way")]
    Conflict(#[source] DriverError),
    /// No connection could be had in time, or it was lost.
    #[error("the database cannot be reached")]
    Unavailable(#[source] DriverError),
    /// The disk of the database is full.
    #[error("the database has no room left")]
    Full(#[source] DriverError),
    /// A query that promises one row gave none.
    #[error("the query gave no row")]
    NoRow,
    /// A statement of this transaction failed earlier, so nothing of it can be kept.
    #[error("an earlier statement of the transaction failed")]
    Aborted,
    /// Text with a NUL character, which PostgreSQL cannot hold.
    #[error("text for the database has a NUL character")]
    NulInText,
    /// A column holds something else than the code reads from it.
    #[error("column {column} cannot be read: {reason}")]
    Decode {
        /// Its position in the row, from 0.
        column: usize,
        /// What was found.
        reason: String,
    },
    /// The configured address of the database is not understood.
    #[error("the address of the database is not usable: {0}")]
    BadUrl(String),
    /// A migration could not be applied.
    #[error("migration {name} failed")]
    Migration {
        /// Its file name without ending.
        name: &'static str,
        /// Why.
        #[source]
        source: Box<DbError>,
    },
    /// A migration was edited after it had been applied here.
    #[error("migration {name} was changed after it was applied; restore its text and write a new migration instead")]
    MigrationChanged {
        /// Its file name without ending.
        name: &'static str,
    },
    /// The database was used by a later release.
    #[error(
        "the database was written by a newer release (migration {name} is unknown here); start that release instead"
    )]
    DatabaseNewer {
        /// A migration that this binary does not know.
        name: String,
    },
    /// Anything else: a mistake in SQL, a damaged file.
    #[error("the database refused the statement")]
    Other(#[source] DriverError),
}

/// What a driver said, kept as the source of a [`DbError`] without showing the driver's type.
pub type DriverError = Box<dyn std::error::Error + Send + Sync>;

impl DbError {
    /// Whether a row with the same value exists already.
    pub fn is_unique(&self) -> bool {
        matches!(self, DbError::Unique { .. })
    }

    /// Whether the same transaction, run again, may succeed.
    pub fn is_conflict(&self) -> bool {
        matches!(self, DbError::Conflict(_))
    }

    /// Whether the database could not be reached.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, DbError::Unavailable(_))
    }
}

impl UserError for DbError {
    fn code(&self) -> Code {
        match self {
            DbError::Unique { .. } | DbError::Conflict(_) => Code::Conflict,
            DbError::Unavailable(_) => Code::Unavailable,
            DbError::Full(_) => Code::StorageFull,
            DbError::NulInText => Code::Unprocessable,
            DbError::Constraint { .. }
            | DbError::NoRow
            | DbError::Aborted
            | DbError::Decode { .. }
            | DbError::BadUrl(_)
            | DbError::Migration { .. }
            | DbError::MigrationChanged { .. }
            | DbError::DatabaseNewer { .. }
            | DbError::Other(_) => Code::Internal,
        }
    }

    fn message(&self) -> Cow<'_, str> {
        match self.code() {
            Code::Conflict => "Someone else changed the same thing at the same time. Try again.".into(),
            Code::Unavailable => "The metadata store cannot be reached. Try again in a moment.".into(),
            Code::StorageFull => "The metadata store has no room left. Tell the administrator.".into(),
            _ => self.to_string().into(),
        }
    }
}

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(code, message) = &error else {
            return DbError::Other(error.into());
        };
        let text = message.clone().unwrap_or_default();
        let rule = || text.split_once("failed: ").map_or(text.as_str(), |(_, rule)| rule).to_owned();
        match (code.code, code.extended_code) {
            (
                ErrorCode::ConstraintViolation,
                ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID,
            ) => DbError::Unique { constraint: rule() },
            (ErrorCode::ConstraintViolation, _) => DbError::Constraint { constraint: rule() },
            (ErrorCode::DiskFull, _) => DbError::Full(error.into()),
            // Only another process can hold the lock that long: inside this one, writers queue before they begin.
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => DbError::Unavailable(error.into()),
            _ => DbError::Other(error.into()),
        }
    }
}

impl From<tokio_postgres::Error> for DbError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(report) = error.as_db_error() else {
            let broken = error.is_closed()
                || std::error::Error::source(&error).is_some_and(|source| source.is::<std::io::Error>());
            return if broken { DbError::Unavailable(error.into()) } else { DbError::Other(error.into()) };
        };
        let rule = || report.constraint().or(report.column()).unwrap_or(report.message()).to_owned();
        let state = report.code();
        if *state == SqlState::UNIQUE_VIOLATION {
            return DbError::Unique { constraint: rule() };
        }
        if state.code().starts_with("23") {
            return DbError::Constraint { constraint: rule() };
        }
        // 40: serialisation failure, deadlock. 55P03: a lock was not had in time.
        if state.code().starts_with("40") || *state == SqlState::LOCK_NOT_AVAILABLE {
            return DbError::Conflict(error.into());
        }
        if *state == SqlState::DISK_FULL {
            return DbError::Full(error.into());
        }
        // 08: connection, 28: sign-in, 53: too many connections or no memory, 57: shutdown or cancelled.
        if ["08", "28", "53", "57"].iter().any(|class| state.code().starts_with(class)) {
            return DbError::Unavailable(error.into());
        }
        DbError::Other(error.into())
    }
}

/// An error with all its causes on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
