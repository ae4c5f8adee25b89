//! Rows of `lfs_lock`.

use hub_account::NamespaceId;
use hub_core::RefName;
use hub_db::{Db, DbError, FromRow, Row, Tx, args};

use crate::RepoId;
use crate::locks::{FileLock, LockFilter, LockId};

const COLUMNS: &str = "id, path, branch, owner_id, locked_ms";

impl FromRow for FileLock {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let damaged = |column, found: &str| DbError::Decode { column, reason: format!("unexpected value {found:?}") };
        let path: String = row.get(1)?;
        let branch: String = row.get(2)?;
        let branch = match branch.as_str() {
            "" => None,
            name => Some(name.parse().map_err(|_| damaged(2, name))?),
        };
        Ok(Self {
            id: LockId::from_key(row.get(0)?),
            path: path.parse().map_err(|_| damaged(1, &path))?,
            branch,
            owner: NamespaceId::new(row.get(3)?),
            locked: row.get(4)?,
        })
    }
}

/// How a row names what a lock is for.
fn branch_text(branch: Option<&RefName>) -> &str {
    branch.map_or("", RefName::as_str)
}

/// Locks after one of them, in the order of their keys.
pub(crate) async fn page(
    db: &Db,
    repo: RepoId,
    filter: &LockFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<FileLock>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM lfs_lock WHERE repo_id = $1 AND id > $2 AND (id = $3 OR $3 = 0) \
         AND ($4 = '' OR path = $4) AND ($5 = '' OR branch = '' OR branch = $5) ORDER BY id LIMIT $6"
    );
    let id = filter.id.map_or(0, LockId::key);
    let path = filter.path.as_ref().map_or("", |path| path.as_str());
    db.query(&sql, args![repo.key(), after, id, path, branch_text(filter.branch.as_ref()), limit]).await
}

/// How many locks a repository has.
pub(crate) async fn count(tx: &mut Tx, repo: RepoId) -> Result<i64, DbError> {
    let (count,): (i64,) = tx.query_one("SELECT count(*) FROM lfs_lock WHERE repo_id = $1", args![repo.key()]).await?;
    Ok(count)
}

/// A lock that stands in the way of another one: on the same file, and for the same branch unless one is for all.
pub(crate) async fn in_the_way(tx: &mut Tx, repo: RepoId, lock: &FileLock) -> Result<Option<FileLock>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM lfs_lock WHERE repo_id = $1 AND path = $2 AND ($3 = '' OR branch = '' OR branch = $3) \
         ORDER BY id LIMIT 1"
    );
    tx.query_opt(&sql, args![repo.key(), lock.path.as_str(), branch_text(lock.branch.as_ref())]).await
}

pub(crate) async fn insert(tx: &mut Tx, repo: RepoId, lock: &FileLock) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO lfs_lock (repo_id, id, path, branch, owner_id, locked_ms) VALUES ($1, $2, $3, $4, $5, $6)",
        args![
            repo.key(),
            lock.id.key(),
            lock.path.as_str(),
            branch_text(lock.branch.as_ref()),
            lock.owner.key(),
            lock.locked,
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn get(tx: &mut Tx, repo: RepoId, id: LockId) -> Result<Option<FileLock>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM lfs_lock WHERE repo_id = $1 AND id = $2");
    tx.query_opt(&sql, args![repo.key(), id.key()]).await
}

/// Deletes a lock; answers whether it was there.
pub(crate) async fn delete(tx: &mut Tx, repo: RepoId, id: LockId) -> Result<bool, DbError> {
    let gone = tx.exec("DELETE FROM lfs_lock WHERE repo_id = $1 AND id = $2", args![repo.key(), id.key()]).await?;
    Ok(gone == 1)
}
