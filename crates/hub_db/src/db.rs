//! The database as the rest of the program holds it.

use std::sync::Arc;

use deadpool_postgres::Pool;

use crate::config::Target;
use crate::sqlite::Sqlite;
use crate::{DbConfig, DbError, FromRow, Tx, Value, args, bulk, postgres, sqlite, value};

/// Which SQL the database speaks, for the few statements that differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// SQLite, in a file.
    Sqlite,
    /// PostgreSQL, on a server.
    Postgres,
}

/// An open database; clones share its connections.
#[derive(Clone)]
pub struct Db(Arc<Backend>);

enum Backend {
    Sqlite(Sqlite),
    Postgres(Pool),
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Db({:?})", self.dialect())
    }
}

impl Db {
    /// Opens the database and makes sure that it answers. A missing SQLite file is created, its folder is not.
    pub async fn open(config: &DbConfig) -> Result<Self, DbError> {
        let backend = match config.target()? {
            Target::Sqlite(path) => Backend::Sqlite(Sqlite::open(path, config.max_connections)?),
            Target::Postgres(target) => Backend::Postgres(postgres::pool(*target, config.max_connections)?),
        };
        let db = Self(Arc::new(backend));
        db.ping().await?;
        Ok(db)
    }

    /// Which SQL it speaks.
    pub fn dialect(&self) -> Dialect {
        match &*self.0 {
            Backend::Sqlite(_) => Dialect::Sqlite,
            Backend::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Begins a transaction; dropping it undoes it.
    ///
    /// On SQLite this waits for the one writer, so a task that holds a [`Tx`] must not begin another, and must await
    /// nothing but the database until it has committed.
    pub async fn begin(&self) -> Result<Tx, DbError> {
        match &*self.0 {
            Backend::Sqlite(sqlite) => Ok(Tx::sqlite(sqlite.begin().await?)),
            Backend::Postgres(pool) => {
                let client = postgres::connection(pool).await?;
                client.batch_execute("BEGIN").await?;
                Ok(Tx::postgres(client))
            }
        }
    }

    /// All rows of a reading statement, which sees what was committed before it.
    pub async fn query<T: FromRow>(&self, sql: &str, args: &[Value]) -> Result<Vec<T>, DbError> {
        value::check(args)?;
        match &*self.0 {
            Backend::Sqlite(sqlite) => sqlite.read(|connection| sqlite::query(connection, sql, args)).await,
            Backend::Postgres(pool) => postgres::query(&*postgres::connection(pool).await?, sql, args).await,
        }
    }

    /// The first row, if there is one.
    pub async fn query_opt<T: FromRow>(&self, sql: &str, args: &[Value]) -> Result<Option<T>, DbError> {
        Ok(self.query(sql, args).await?.into_iter().next())
    }

    /// The first row; [`DbError::NoRow`] without one.
    pub async fn query_one<T: FromRow>(&self, sql: &str, args: &[Value]) -> Result<T, DbError> {
        self.query_opt(sql, args).await?.ok_or(DbError::NoRow)
    }

    /// The rows for a list of keys: `{in}` in the statement stands for the list, as in `WHERE repo = $1 AND oid IN
    /// ({in})`. A long list is asked in several statements, so rows come in no particular order and each key must be
    /// given once.
    ///
    /// `{rows}` stands for a list of texts as rows of one column, as in `WITH wanted (path) AS (VALUES {rows})`. The last
    /// of them may stand there several times.
    pub async fn query_in<T: FromRow>(&self, sql: &str, args: &[Value], keys: &[Value]) -> Result<Vec<T>, DbError> {
        let mut found = Vec::new();
        for part in bulk::expand(sql, args, keys) {
            found.extend(self.query(&part.sql, &part.args).await?);
        }
        Ok(found)
    }

    /// Runs one writing statement as a transaction of its own and gives the number of rows that it touched.
    pub async fn exec(&self, sql: &str, args: &[Value]) -> Result<u64, DbError> {
        let mut tx = self.begin().await?;
        let count = tx.exec(sql, args).await?;
        tx.commit().await?;
        Ok(count)
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> Result<(), DbError> {
        self.query_one::<(i64,)>("SELECT 1", args![]).await.map(drop)
    }

    /// How many bytes the database takes on its disk.
    pub async fn size_bytes(&self) -> Result<u64, DbError> {
        match &*self.0 {
            Backend::Sqlite(sqlite) => sqlite.size_bytes().await,
            Backend::Postgres(_) => {
                let (size,): (i64,) = self.query_one("SELECT pg_database_size(current_database())", args![]).await?;
                Ok(size.unsigned_abs())
            }
        }
    }

    /// Reads the whole database and tells what is damaged; an empty list means sound.
    ///
    /// SQLite checks its pages, indexes and foreign keys. PostgreSQL looks after itself and is not asked.
    pub async fn damages(&self) -> Result<Vec<String>, DbError> {
        match &*self.0 {
            Backend::Sqlite(sqlite) => sqlite.damages().await,
            Backend::Postgres(_) => Ok(Vec::new()),
        }
    }
}
