//! A fresh database for a test, gone when the test ends.
//!
//! It is SQLite in a temporary folder, or, when `TEST_DATABASE_URL` names a PostgreSQL database, a schema of its own
//! there. Only tests use this; it is public because the tests of every crate need it.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::config::Target;
use crate::{Db, DbConfig, DbError, postgres};

/// The variable that names the PostgreSQL database of the tests.
pub const URL_VARIABLE: &str = "TEST_DATABASE_URL";

/// A database of one test; use it as a [`Db`].
pub struct TestDb {
    db: Db,
    config: DbConfig,
    // Dropped last, after the connections of `db`.
    _remains: Remains,
}

enum Remains {
    Folder(PathBuf),
    Schema { server: String, name: String },
}

impl Deref for TestDb {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.db
    }
}

impl TestDb {
    /// Opens it once more, as a second replica would.
    pub async fn another(&self) -> Db {
        Db::open(&self.config).await.expect("the test database opens twice")
    }

    /// How it is opened, for a test that starts a whole server.
    pub fn config(&self) -> &DbConfig {
        &self.config
    }
}

/// A fresh database with the current schema.
pub async fn database() -> TestDb {
    let test = empty_database().await;
    test.migrate().await.expect("the migrations apply to an empty database");
    test
}

/// A fresh database without any table.
pub async fn empty_database() -> TestDb {
    let name = unique_name();
    let (url, remains) = match std::env::var(URL_VARIABLE) {
        Ok(server) => {
            run_on(&server, &format!("CREATE SCHEMA {name}")).await.expect("the test server makes a schema");
            let joint = if server.contains('?') { '&' } else { '?' };
            let url = format!("{server}{joint}options=-csearch_path%3D{name}&application_name={name}");
            (url, Remains::Schema { server, name })
        }
        Err(_) => {
            let folder = std::env::temp_dir().join(&name);
            std::fs::create_dir_all(&folder).expect("the temporary folder is writable");
            (format!("sqlite:{}", folder.join("hearth.db").display()), Remains::Folder(folder))
        }
    };
    let config = DbConfig { url, max_connections: 4 };
    let db = Db::open(&config).await.expect("a fresh database opens");
    TestDb { db, config, _remains: remains }
}

/// A name that no other test uses, in this process or another.
fn unique_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let salt = RandomState::new().hash_one((std::process::id(), count));
    format!("hearth_test_{}_{count}_{salt:016x}", std::process::id())
}

async fn run_on(server: &str, script: &str) -> Result<(), DbError> {
    let Target::Postgres(target) = DbConfig::new(server).target()? else {
        return Err(DbError::BadUrl(format!("{URL_VARIABLE} is for PostgreSQL")));
    };
    let pool = postgres::pool(*target, 1)?;
    let client = postgres::connection(&pool).await?;
    client.batch_execute(script).await?;
    Ok(())
}

impl Drop for Remains {
    fn drop(&mut self) {
        match self {
            Remains::Folder(folder) => drop(std::fs::remove_dir_all(folder)),
            Remains::Schema { server, name } => {
                // A test's connections end with their last clone, which a forgotten task may hold: the server ends
                // them. Dropping is not async, so a thread with a runtime of its own waits for it.
                let (server, name) = (server.clone(), name.clone());
                let removal = std::thread::spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                    let script = format!(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{name}'; \
                         DROP SCHEMA {name} CASCADE"
                    );
                    runtime.map(|runtime| runtime.block_on(run_on(&server, &script)))
                });
                if !matches!(removal.join(), Ok(Ok(Ok(())))) {
                    tracing::warn!("a schema of the tests was not removed");
                }
            }
        }
    }
}
