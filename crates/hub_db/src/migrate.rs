//! The schema: SQL files embedded in the binary, applied in the order of their names, each in one transaction.
//!
//! `schema_migration` remembers the name and the SHA-256 of each file that was applied here, so that an edited file or
//! a database of a newer release is noticed before anything is written. Replicas that start at once take turns: by
//! SQLite's write lock, by an advisory lock of PostgreSQL.

use sha2::{Digest, Sha256};

use crate::{Db, DbError, Dialect, Tx, args};

/// One step of the schema, in both dialects.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Migration {
    pub(crate) name: &'static str,
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

/// Every step, in order.
static MIGRATIONS: &[Migration] = include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// The advisory lock that replicas take turns by; the number only has to be nobody else's.
const LOCK: i64 = 0x4865_6172_7468;

impl Migration {
    fn text(&self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
        }
    }

    fn checksum(&self, dialect: Dialect) -> Vec<u8> {
        Sha256::digest(self.text(dialect)).to_vec()
    }
}

impl Db {
    /// Brings the schema up to this binary and gives the names of the steps that were applied now.
    pub async fn migrate(&self) -> Result<Vec<&'static str>, DbError> {
        apply(self, MIGRATIONS).await
    }
}

/// Applies those of `migrations` that are missing.
pub(crate) async fn apply(db: &Db, migrations: &[Migration]) -> Result<Vec<&'static str>, DbError> {
    let mut applied = Vec::new();
    // One step a transaction, each checking anew: another replica may have applied some in between.
    loop {
        let mut tx = begin_alone(db).await?;
        let Some(next) = next_missing(&mut tx, migrations).await? else {
            tx.commit().await?;
            return Ok(applied);
        };
        let failed = |source| DbError::Migration { name: next.name, source: Box::new(source) };
        tx.batch(next.text(db.dialect())).await.map_err(failed)?;
        let row = args![next.name, next.checksum(db.dialect())];
        tx.exec("INSERT INTO schema_migration (name, checksum) VALUES ($1, $2)", row).await.map_err(failed)?;
        tx.commit().await.map_err(failed)?;
        tracing::info!(migration.name = next.name, "applied a migration of the database");
        applied.push(next.name);
    }
}

/// Begins a transaction that no other migrating replica has open at the same time.
async fn begin_alone(db: &Db) -> Result<Tx, DbError> {
    let mut tx = db.begin().await?;
    let bytes = match db.dialect() {
        Dialect::Sqlite => "BLOB",
        Dialect::Postgres => {
            // Another replica's migration may take longer than any other lock is waited for.
            tx.batch(&format!("SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock({LOCK})")).await?;
            "BYTEA"
        }
    };
    tx.batch(&format!(
        "CREATE TABLE IF NOT EXISTS schema_migration (name TEXT NOT NULL PRIMARY KEY, checksum {bytes} NOT NULL)"
    ))
    .await?;
    Ok(tx)
}

/// The first step that was not applied yet, after holding those that were against the files.
async fn next_missing(tx: &mut Tx, migrations: &[Migration]) -> Result<Option<Migration>, DbError> {
    let dialect = tx.dialect();
    let recorded: Vec<(String, Vec<u8>)> =
        tx.query("SELECT name, checksum FROM schema_migration ORDER BY name", args![]).await?;
    for (name, checksum) in &recorded {
        match migrations.iter().find(|migration| migration.name == name) {
            None => return Err(DbError::DatabaseNewer { name: name.clone() }),
            Some(known) if known.checksum(dialect) != *checksum => {
                return Err(DbError::MigrationChanged { name: known.name });
            }
            Some(_) => {}
        }
    }
    let is_missing = |migration: &&Migration| !recorded.iter().any(|(name, _)| name == migration.name);
    Ok(migrations.iter().find(is_missing).copied())
}

#[cfg(test)]
mod tests;
