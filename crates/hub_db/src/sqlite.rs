//! SQLite: one connection that writes, a bounded stack of connections that read.
//!
//! Writers queue on an async mutex before they begin, so inside this process nobody ever meets a locked database. The
//! calls themselves take microseconds and run on the thread at hand.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Statement};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{OwnedMutexGuard, Semaphore};
use tokio::time::timeout;

use crate::{DbError, FromRow, Row, Value};

/// How long a reader or a writer waits for its turn.
pub(crate) const WAIT: Duration = Duration::from_secs(30);

/// The settings of each connection. WAL lets readers go on beside the writer; FULL makes a commit wait for the disk, so
/// that an acknowledged one outlives a power cut; the wait for other processes (`hearth admin` beside a server) is 10 s.
/// The log goes back into the file when it has 16 MiB: most pages were written several times by then, and few commits
/// wait for it.
const SETTINGS: &str = "
    PRAGMA busy_timeout = 10000;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA cache_size = -8000;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA journal_size_limit = 67108864;
    PRAGMA temp_store = MEMORY;
";

/// The one connection that writes keeps more pages in memory: those that a large transaction touches. Pages that do not
/// fit are written to the log and read back, again and again.
const WRITER_SETTINGS: &str = "PRAGMA cache_size = -32000;";

const STATEMENT_CACHE: usize = 256;

pub(crate) struct Sqlite {
    path: PathBuf,
    writer: Arc<tokio::sync::Mutex<Connection>>,
    readers: Mutex<Vec<Connection>>,
    reader_slots: Semaphore,
}

impl Sqlite {
    pub(crate) fn open(path: PathBuf, max_readers: usize) -> Result<Self, DbError> {
        let writer = blocking(|| connect_writer(&path))?;
        Ok(Self {
            path,
            writer: Arc::new(tokio::sync::Mutex::new(writer)),
            readers: Mutex::new(Vec::new()),
            reader_slots: Semaphore::new(max_readers.max(1)),
        })
    }

    /// Runs `read` on a connection that cannot write.
    pub(crate) async fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, DbError> + Send,
    ) -> Result<T, DbError> {
        let slot = timeout(WAIT, self.reader_slots.acquire()).await;
        let _slot = slot.map_err(|_| busy())?.map_err(|closed| DbError::Unavailable(closed.into()))?;
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        blocking(|| {
            let connection = match idle {
                Some(connection) => connection,
                None => connect_reader(&self.path)?,
            };
            let result = read(&connection);
            self.readers.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            result
        })
    }

    /// Waits for the writing connection and begins a transaction on it.
    pub(crate) async fn begin(&self) -> Result<OwnedMutexGuard<Connection>, DbError> {
        let writer = timeout(WAIT, self.writer.clone().lock_owned()).await.map_err(|_| busy())?;
        blocking(|| writer.execute_batch("BEGIN IMMEDIATE"))?;
        Ok(writer)
    }

    /// The bytes of the file and of its write-ahead log.
    pub(crate) async fn size_bytes(&self) -> Result<u64, DbError> {
        let main = self.read(|c| {
            let pages: i64 = c.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            let page_size: i64 = c.query_row("PRAGMA page_size", [], |row| row.get(0))?;
            Ok((pages * page_size).unsigned_abs())
        });
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        let log = tokio::fs::metadata(log).await.map_or(0, |facts| facts.len());
        Ok(main.await? + log)
    }

    /// What SQLite finds wrong with the file, and the rows that refer to nothing.
    pub(crate) async fn damages(&self) -> Result<Vec<String>, DbError> {
        self.read(|connection| {
            let reports: Vec<(String,)> = query(connection, "PRAGMA integrity_check", &[])?;
            let mut found: Vec<String> =
                reports.into_iter().map(|(report,)| report).filter(|report| report != "ok").collect();
            let orphans: Vec<(String, Option<i64>, String)> = query(connection, "PRAGMA foreign_key_check", &[])?;
            found.extend(orphans.into_iter().map(|(table, row, parent)| {
                format!("row {} of {table} refers to a row that {parent} does not have", row.unwrap_or(0))
            }));
            Ok(found)
        })
        .await
    }
}

fn busy() -> DbError {
    DbError::Unavailable("no connection to the database became free in time".into())
}

fn connect(path: &Path) -> Result<Connection, DbError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch(SETTINGS)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    Ok(connection)
}

fn connect_writer(path: &Path) -> Result<Connection, DbError> {
    let connection = connect(path)?;
    connection.execute_batch(WRITER_SETTINGS)?;
    Ok(connection)
}

fn connect_reader(path: &Path) -> Result<Connection, DbError> {
    let connection = connect(path)?;
    connection.execute_batch("PRAGMA query_only = ON")?;
    Ok(connection)
}

/// Runs a short blocking call. On a runtime with several threads the others take over this one's tasks meanwhile; on a
/// single-threaded one (some tests) there is nobody to hand over to, and the call simply runs.
pub(crate) fn blocking<T>(call: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(call),
        _ => call(),
    }
}

pub(crate) fn query<T: FromRow>(connection: &Connection, sql: &str, args: &[Value]) -> Result<Vec<T>, DbError> {
    let mut statement = connection.prepare_cached(&numbered(sql))?;
    bind(&mut statement, args)?;
    let mut rows = statement.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(T::from_row(&Row::sqlite(row))?);
    }
    Ok(found)
}

/// Runs a statement for its effect. Rows that it returns are not read, but each must be stepped over for the statement
/// to do all of its work.
pub(crate) fn exec(connection: &Connection, sql: &str, args: &[Value]) -> Result<u64, DbError> {
    let mut statement = connection.prepare_cached(&numbered(sql))?;
    bind(&mut statement, args)?;
    if statement.column_count() == 0 {
        return Ok(statement.raw_execute()? as u64);
    }
    let mut rows = statement.raw_query();
    let mut count = 0;
    while rows.next()?.is_some() {
        count += 1;
    }
    Ok(count)
}

/// Writes `$2` as `?2`. SQLite takes `$2` for a name, numbers placeholders as it meets them, and finds the name of a
/// number only by looking through all of them, which for a list of 512 keys took longer than the query.
fn numbered(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut parts = sql.split('$');
    text.extend(parts.next());
    for part in parts {
        text.push(if part.starts_with(|c: char| c.is_ascii_digit()) { '?' } else { '$' });
        text.push_str(part);
    }
    text
}

/// Binds each value to the placeholder of its number.
fn bind(statement: &mut Statement<'_>, args: &[Value]) -> Result<(), DbError> {
    let count = statement.parameter_count();
    if count > args.len() {
        return Err(DbError::Other("a placeholder is not $1, $2, … or has no value".into()));
    }
    if count < args.len() {
        return Err(DbError::Other("a value has no placeholder".into()));
    }
    for (index, value) in args.iter().enumerate() {
        statement.raw_bind_parameter(index + 1, value)?;
    }
    Ok(())
}
