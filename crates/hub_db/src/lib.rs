//! Metadata on SQLite or PostgreSQL: pools, transactions, dialects, migrations.
//!
//! One SQL text serves both databases. This crate owns the two drivers, and their types never leave it: callers see
//! [`Db`], [`Tx`], [`Value`], [`Row`] and [`DbError`]. It knows no table but its own `schema_migration`.
//!
//! # Writing SQL for both
//! - Placeholders are `$1`, `$2`, …; values come from [`args!`]. `RETURNING`, `ON CONFLICT`, row values, common table
//!   expressions, window functions and partial indexes work in both.
//! - Column types: `BIGINT` for every integer, flag (0 or 1) and moment (milliseconds), `TEXT`, `BYTEA`/`BLOB`,
//!   `DOUBLE PRECISION`. PostgreSQL has no truth value in an integer: write `hidden = 1`, not `hidden`.
//! - `SUM` of a `BIGINT` is a `NUMERIC` in PostgreSQL: write `CAST(SUM(size) AS BIGINT)`.
//! - A placeholder whose type PostgreSQL cannot guess needs a cast: `CAST($1 AS BIGINT) IS NULL`.
//! - Text holds no NUL character: PostgreSQL cannot store it, so it is refused on SQLite too.
//!
//! # Guarantees
//! - A transaction that was committed without error survives a crash of the process and of the machine.
//! - [`Db::query`] sees what was committed before it began, and nothing of open transactions.
//! - Dropping a [`Tx`] undoes it. A statement that failed makes its transaction unusable on both databases, because
//!   PostgreSQL works so: prevent an expected collision with `ON CONFLICT DO NOTHING`.
//! - PostgreSQL runs at READ COMMITTED, so a read inside a transaction does not pin what it read. State moves by
//!   `UPDATE … WHERE <the state that was read>`, and the count of rows says who won.

mod bulk;
mod config;
mod db;
mod error;
mod migrate;
mod postgres;
mod row;
mod sqlite;
pub mod testing;
mod tls;
mod tx;
mod value;

pub use bulk::OnConflict;
pub use config::DbConfig;
pub use db::{Db, Dialect};
pub use error::{DbError, DriverError};
pub use row::{Cell, CellError, Column, FromRow, Row};
pub use tx::Tx;
pub use value::Value;
