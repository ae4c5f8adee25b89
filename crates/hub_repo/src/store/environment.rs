//! Rows of `space_environment`.

use hub_core::Timestamp;
use hub_db::{Db, DbError, FromRow, Row, Tx, args};

use crate::RepoId;
use crate::environment::{EnvironmentEntry, EnvironmentKind, EnvironmentValue, NewEntry};

impl FromRow for EnvironmentEntry {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let name: String = row.get(0)?;
        let damaged = |_| DbError::Decode { column: 0, reason: format!("unexpected value {name:?}") };
        Ok(Self {
            name: name.parse().map_err(damaged)?,
            value: row.get(1)?,
            description: row.get(2)?,
            updated: row.get(3)?,
        })
    }
}

/// The entries of a kind in the order of their names. Values of secrets stay where they are.
pub(crate) async fn of_repo(db: &Db, repo: RepoId, kind: EnvironmentKind) -> Result<Vec<EnvironmentEntry>, DbError> {
    let sql = "SELECT name, CASE WHEN kind = 'variable' THEN value END, description, updated_ms FROM space_environment \
               WHERE repo_id = $1 AND kind = $2 ORDER BY name";
    db.query(sql, args![repo.key(), kind.word()]).await
}

/// Sets an entry. Without a description the one that it had stays.
pub(crate) async fn put(
    tx: &mut Tx,
    repo: RepoId,
    kind: EnvironmentKind,
    new: &NewEntry,
    now: Timestamp,
) -> Result<(), DbError> {
    let EnvironmentValue(value) = &new.value;
    tx.exec(
        "INSERT INTO space_environment (repo_id, kind, name, value, description, updated_ms) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (repo_id, kind, name) DO UPDATE SET value = excluded.value, \
         description = COALESCE(excluded.description, space_environment.description), updated_ms = excluded.updated_ms",
        args![repo.key(), kind.word(), new.name.as_str(), value.reveal(), new.description.clone(), now],
    )
    .await?;
    Ok(())
}

/// How many entries of a kind there are.
pub(crate) async fn count(tx: &mut Tx, repo: RepoId, kind: EnvironmentKind) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) FROM space_environment WHERE repo_id = $1 AND kind = $2";
    let (count,): (i64,) = tx.query_one(sql, args![repo.key(), kind.word()]).await?;
    Ok(count)
}

/// Takes an entry away; answers whether it was there.
pub(crate) async fn remove(tx: &mut Tx, repo: RepoId, kind: EnvironmentKind, name: &str) -> Result<bool, DbError> {
    let sql = "DELETE FROM space_environment WHERE repo_id = $1 AND kind = $2 AND name = $3";
    Ok(tx.exec(sql, args![repo.key(), kind.word(), name]).await? == 1)
}

/// Gives a copy the variables of its original. Secrets belong to whoever set them.
pub(crate) async fn copy_variables(tx: &mut Tx, from: RepoId, to: RepoId) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO space_environment (repo_id, kind, name, value, description, updated_ms) \
         SELECT $2, kind, name, value, description, updated_ms FROM space_environment \
         WHERE repo_id = $1 AND kind = 'variable'",
        args![from.key(), to.key()],
    )
    .await?;
    Ok(())
}
