//! One suite for both databases: SQLite, and PostgreSQL when `TEST_DATABASE_URL` is set.

mod bulk;
mod failures;
mod statements;
mod transactions;

use hub_db::testing::{TestDb, empty_database};
use hub_db::{Dialect, args};

/// A fresh database with a small table of each kind of column.
async fn shelf() -> TestDb {
    let db = empty_database().await;
    let bytes = match db.dialect() {
        Dialect::Sqlite => "BLOB",
        Dialect::Postgres => "BYTEA",
    };
    let table = format!(
        "CREATE TABLE book (id BIGINT NOT NULL PRIMARY KEY, title TEXT, pages BIGINT CHECK (pages >= 0),
         price DOUBLE PRECISION, cover {bytes})"
    );
    db.exec(&table, args![]).await.expect("the table is made");
    db
}
