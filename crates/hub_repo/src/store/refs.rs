//! Rows of `git_ref`: references move by compare-and-swap.

use hub_core::{Oid, RefName, Timestamp};
use hub_db::{Db, DbError, Tx, args};

use crate::RepoId;

/// Where a reference points.
pub(crate) async fn get(db: &Db, repo: RepoId, name: &RefName) -> Result<Option<Oid>, DbError> {
    let row: Option<(Oid,)> =
        db.query_opt("SELECT oid FROM git_ref WHERE repo_id = $1 AND name = $2", args![repo.0, name.as_str()]).await?;
    Ok(row.map(|(oid,)| oid))
}

/// All references in the order of their names.
pub(crate) async fn list(db: &Db, repo: RepoId) -> Result<Vec<(String, Oid)>, DbError> {
    db.query("SELECT name, oid FROM git_ref WHERE repo_id = $1 ORDER BY name", args![repo.0]).await
}

/// Moves a reference from `old` to `new`; `None` for `old` means that it must not exist yet.
/// Answers whether it was where the caller believed.
pub(crate) async fn compare_and_swap(
    tx: &mut Tx,
    repo: RepoId,
    name: &RefName,
    old: Option<Oid>,
    new: Oid,
    at: Timestamp,
) -> Result<bool, DbError> {
    let moved = match old {
        Some(old) => {
            tx.exec(
                "UPDATE git_ref SET oid = $4, updated_ms = $5 WHERE repo_id = $1 AND name = $2 AND oid = $3",
                args![repo.0, name.as_str(), old, new, at],
            )
            .await?
        }
        None => {
            tx.exec(
                "INSERT INTO git_ref (repo_id, name, oid, updated_ms) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (repo_id, name) DO NOTHING",
                args![repo.0, name.as_str(), new, at],
            )
            .await?
        }
    };
    Ok(moved == 1)
}

/// Points a reference somewhere, wherever it was.
pub(crate) async fn set(tx: &mut Tx, repo: RepoId, name: &RefName, oid: Oid, at: Timestamp) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO git_ref (repo_id, name, oid, updated_ms) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (repo_id, name) DO UPDATE SET oid = excluded.oid, updated_ms = excluded.updated_ms",
        args![repo.0, name.as_str(), oid, at],
    )
    .await?;
    Ok(())
}

/// Removes a reference; answers whether it was there.
pub(crate) async fn delete(tx: &mut Tx, repo: RepoId, name: &RefName) -> Result<bool, DbError> {
    let gone = tx.exec("DELETE FROM git_ref WHERE repo_id = $1 AND name = $2", args![repo.0, name.as_str()]).await?;
    Ok(gone == 1)
}
