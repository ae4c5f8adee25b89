//! The SQL of the account tables; nothing outside this module names them.

pub(crate) mod invitations;
pub(crate) mod members;
pub(crate) mod namespaces;
pub(crate) mod tokens;
pub(crate) mod users;

use std::str::FromStr;

use hub_db::DbError;

/// Reads a text column as the type that was written to it; `column` is its position, for the message.
fn parse<T: FromStr>(column: usize, text: &str) -> Result<T, DbError> {
    text.parse().map_err(|_| damaged(column, text))
}

/// A column that holds what this crate never writes.
fn damaged(column: usize, found: impl std::fmt::Debug) -> DbError {
    DbError::Decode { column, reason: format!("unexpected value {found:?}") }
}
