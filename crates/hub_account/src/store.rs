//! The SQL of the account tables; nothing outside this module names them.

pub(crate) mod aliases;
pub(crate) mod audit;
pub(crate) mod email_proofs;
pub(crate) mod factors;
pub(crate) mod failures;
pub(crate) mod invitations;
pub(crate) mod members;
pub(crate) mod namespaces;
pub(crate) mod oauth;
pub(crate) mod oauth_apps;
pub(crate) mod oauth_keys;
pub(crate) mod passkeys;
pub(crate) mod profiles;
pub(crate) mod publishers;
pub(crate) mod resets;
pub(crate) mod sessions;
pub(crate) mod ssh_keys;
pub(crate) mod sso;
pub(crate) mod tokens;
pub(crate) mod users;

use std::str::FromStr;

use hub_db::DbError;

/// A stretch of names in the order of their keys. The index that has that order finds its first name at once.
pub(crate) struct Names {
    /// The first key that may be in it.
    pub(crate) from: String,
    /// The first key behind it.
    pub(crate) until: String,
    /// What each key must be like besides.
    pub(crate) pattern: String,
}

impl Names {
    /// Those after `after` that begin with `beginning` and hold `holding`, both in lower case.
    pub(crate) fn new(after: &str, beginning: &str, holding: &str) -> Self {
        // Keys are letters, digits, '-', '_' and '.': '!' sorts before all of them, and '~' behind.
        let next = format!("{after}!");
        let from = if !after.is_empty() && next.as_str() > beginning { next } else { beginning.to_owned() };
        Self { from, until: format!("{beginning}~"), pattern: like_pattern(holding) }
    }
}

/// The pattern that finds a text anywhere in a lower-case column. `strpos` and `instr` say the same with different words
/// for each database; LIKE needs only an escape of its wildcards.
fn like_pattern(text: &str) -> String {
    let escaped = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

/// Reads a text column as the type that was written to it; `column` is its position, for the message.
fn parse<T: FromStr>(column: usize, text: &str) -> Result<T, DbError> {
    text.parse().map_err(|_| damaged(column, text))
}

/// A column that holds what this crate never writes.
fn damaged(column: usize, found: impl std::fmt::Debug) -> DbError {
    DbError::Decode { column, reason: format!("unexpected value {found:?}") }
}
