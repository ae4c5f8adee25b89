//! An open transaction.

use deadpool_postgres::{ClientWrapper, Object};
use rusqlite::Connection;
use tokio::runtime::Handle;
use tokio::sync::OwnedMutexGuard;

use crate::bulk::{self, OnConflict};
use crate::{DbError, Dialect, FromRow, Value, postgres, sqlite, value};

/// An open transaction: all of it is kept by [`Tx::commit`], none of it if dropped before.
///
/// After a failed statement it takes no more of them and cannot be committed.
pub struct Tx {
    connection: Held,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// A statement failed, or was given up while PostgreSQL was still at it.
    Failed,
    Finished,
}

enum Held {
    Sqlite(OwnedMutexGuard<Connection>),
    /// `None` only while the transaction is being dropped.
    Postgres(Option<Box<Object>>),
}

fn client(held: &Option<Box<Object>>) -> &ClientWrapper {
    held.as_ref().expect("only dropping takes the connection away")
}

impl Tx {
    pub(crate) fn sqlite(writer: OwnedMutexGuard<Connection>) -> Self {
        Self { connection: Held::Sqlite(writer), state: State::Open }
    }

    pub(crate) fn postgres(client: Object) -> Self {
        Self { connection: Held::Postgres(Some(Box::new(client))), state: State::Open }
    }

    /// Which SQL it speaks.
    pub fn dialect(&self) -> Dialect {
        match self.connection {
            Held::Sqlite(_) => Dialect::Sqlite,
            Held::Postgres(_) => Dialect::Postgres,
        }
    }

    /// All rows of a statement, which may write (`RETURNING`) and sees this transaction's own writes.
    pub async fn query<T: FromRow>(&mut self, sql: &str, args: &[Value]) -> Result<Vec<T>, DbError> {
        self.start(args)?;
        let result = match &self.connection {
            Held::Sqlite(writer) => sqlite::blocking(|| sqlite::query(writer, sql, args)),
            Held::Postgres(held) => postgres::query(client(held), sql, args).await,
        };
        self.end(result)
    }

    /// The first row, if there is one.
    pub async fn query_opt<T: FromRow>(&mut self, sql: &str, args: &[Value]) -> Result<Option<T>, DbError> {
        Ok(self.query(sql, args).await?.into_iter().next())
    }

    /// The first row; [`DbError::NoRow`] without one.
    pub async fn query_one<T: FromRow>(&mut self, sql: &str, args: &[Value]) -> Result<T, DbError> {
        self.query_opt(sql, args).await?.ok_or(DbError::NoRow)
    }

    /// The rows for a list of keys; see [`Db::query_in`](crate::Db::query_in).
    pub async fn query_in<T: FromRow>(&mut self, sql: &str, args: &[Value], keys: &[Value]) -> Result<Vec<T>, DbError> {
        let mut found = Vec::new();
        for part in bulk::expand(sql, args, keys) {
            found.extend(self.query(&part.sql, &part.args).await?);
        }
        Ok(found)
    }

    /// Runs a statement for its effect and gives the number of rows that it touched.
    pub async fn exec(&mut self, sql: &str, args: &[Value]) -> Result<u64, DbError> {
        self.start(args)?;
        let result = match &self.connection {
            Held::Sqlite(writer) => sqlite::blocking(|| sqlite::exec(writer, sql, args)),
            Held::Postgres(held) => postgres::exec(client(held), sql, args).await,
        };
        self.end(result)
    }

    /// Runs a statement for each part of a list of keys, written as for [`Db::query_in`](crate::Db::query_in).
    pub async fn exec_in(&mut self, sql: &str, args: &[Value], keys: &[Value]) -> Result<u64, DbError> {
        let mut count = 0;
        for part in bulk::expand(sql, args, keys) {
            count += self.exec(&part.sql, &part.args).await?;
        }
        Ok(count)
    }

    /// Inserts many rows, each with one value per column, and gives the number of new ones.
    ///
    /// SQLite takes them one by one by a prepared statement, PostgreSQL a thousand at a time as arrays.
    pub async fn insert_many(
        &mut self,
        table: &str,
        columns: &[&str],
        rows: &[Vec<Value>],
        on_conflict: OnConflict,
    ) -> Result<u64, DbError> {
        debug_assert!(rows.iter().all(|row| row.len() == columns.len()), "one value per column of {table}");
        if rows.is_empty() {
            return Ok(0);
        }
        for row in rows {
            value::check(row)?;
        }
        self.start(&[])?;
        let result = match &self.connection {
            Held::Sqlite(writer) => sqlite::blocking(|| bulk::insert_sqlite(writer, table, columns, rows, on_conflict)),
            Held::Postgres(held) => bulk::insert_postgres(client(held), table, columns, rows, on_conflict).await,
        };
        self.end(result)
    }

    /// Runs a script without values.
    pub(crate) async fn batch(&mut self, script: &str) -> Result<(), DbError> {
        self.start(&[])?;
        let result = match &self.connection {
            Held::Sqlite(writer) => sqlite::blocking(|| writer.execute_batch(script)).map_err(DbError::from),
            Held::Postgres(held) => client(held).batch_execute(script).await.map_err(DbError::from),
        };
        self.end(result)
    }

    /// Keeps all that was done. After `Ok` it survives a crash; after [`DbError::Unavailable`] nobody knows whether it
    /// was kept, because the connection may have broken before or after.
    pub async fn commit(mut self) -> Result<(), DbError> {
        // PostgreSQL answers COMMIT of a failed transaction with success, having undone it.
        self.start(&[])?;
        match &self.connection {
            Held::Sqlite(writer) => sqlite::blocking(|| writer.execute_batch("COMMIT"))?,
            Held::Postgres(held) => client(held).batch_execute("COMMIT").await?,
        }
        self.state = State::Finished;
        Ok(())
    }

    /// Undoes all that was done. Dropping does the same; this also waits for it.
    pub async fn rollback(mut self) -> Result<(), DbError> {
        if let Held::Postgres(held) = &self.connection {
            client(held).batch_execute("ROLLBACK").await?;
            self.state = State::Finished;
        }
        Ok(())
    }

    /// Takes the transaction for failed until the statement has succeeded, because a caller may give up waiting for it.
    fn start(&mut self, args: &[Value]) -> Result<(), DbError> {
        value::check(args)?;
        if self.state != State::Open {
            return Err(DbError::Aborted);
        }
        self.state = State::Failed;
        Ok(())
    }

    fn end<T>(&mut self, result: Result<T, DbError>) -> Result<T, DbError> {
        if result.is_ok() {
            self.state = State::Open;
        }
        result
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if self.state == State::Finished {
            return;
        }
        match &mut self.connection {
            Held::Sqlite(writer) => {
                // A full disk makes SQLite roll back by itself.
                if !writer.is_autocommit()
                    && let Err(error) = writer.execute_batch("ROLLBACK")
                {
                    tracing::error!(error = %error, "could not roll back a transaction");
                }
            }
            Held::Postgres(held) => {
                let Some(client) = held.take() else { return };
                match Handle::try_current() {
                    // The connection goes back to the pool only after the server has undone the work.
                    Ok(runtime) => drop(runtime.spawn(async move {
                        if client.batch_execute("ROLLBACK").await.is_err() {
                            drop(Object::take(*client));
                        }
                    })),
                    // Without a runtime: closing the connection makes the server undo it.
                    Err(_) => drop(Object::take(*client)),
                }
            }
        }
    }
}
