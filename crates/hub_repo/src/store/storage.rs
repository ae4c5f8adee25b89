//! Sums over rows: what repositories and the instance take.

use hub_account::NamespaceId;
use hub_core::Sha256;
use hub_db::{Db, DbError, args};

use crate::store::repos::{COLUMNS, RepoRow};
use crate::{RepoId, StorageReport};

/// The sums of one repository in bytes: rows, content, content that others hold too.
pub(crate) struct RepoSums {
    pub(crate) row_bytes: u64,
    pub(crate) content_bytes: u64,
    pub(crate) shared_bytes: u64,
}

fn bytes(value: i64) -> u64 {
    value.max(0) as u64
}

pub(crate) async fn totals(db: &Db) -> Result<StorageReport, DbError> {
    let (repos, logical): (i64, i64) =
        db.query_one("SELECT COUNT(*), CAST(COALESCE(SUM(used_bytes), 0) AS BIGINT) FROM repo", args![]).await?;
    let (objects, rows): (i64, i64) = db
        .query_one("SELECT COUNT(*), CAST(COALESCE(SUM(LENGTH(data)), 0) AS BIGINT) FROM git_object", args![])
        .await?;
    let (contents, content_bytes): (i64, i64) =
        db.query_one("SELECT COUNT(*), CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM large_object", args![]).await?;
    Ok(StorageReport {
        repos: bytes(repos),
        objects: bytes(objects),
        logical_bytes: bytes(logical),
        row_bytes: bytes(rows),
        contents: bytes(contents),
        content_bytes: bytes(content_bytes),
        database_bytes: 0,
    })
}

pub(crate) async fn of_repo(db: &Db, repo: RepoId) -> Result<RepoSums, DbError> {
    let (rows,): (i64,) = db
        .query_one(
            "SELECT CAST(COALESCE(SUM(LENGTH(data)), 0) AS BIGINT) FROM git_object WHERE repo_id = $1",
            args![repo.key()],
        )
        .await?;
    const HELD: &str = "SELECT CAST(COALESCE(SUM(l.size), 0) AS BIGINT) FROM large_object l WHERE (\
         EXISTS (SELECT 1 FROM repo_large_object r WHERE r.repo_id = $1 AND r.sha256 = l.sha256) \
         OR EXISTS (SELECT 1 FROM git_object o WHERE o.repo_id = $1 AND o.content = l.sha256))";
    const OTHERS: &str = "(EXISTS (SELECT 1 FROM repo_large_object r WHERE r.repo_id <> $1 AND r.sha256 = l.sha256) \
         OR EXISTS (SELECT 1 FROM git_object o WHERE o.repo_id <> $1 AND o.content = l.sha256))";
    let (content,): (i64,) = db.query_one(HELD, args![repo.key()]).await?;
    let (shared,): (i64,) = db.query_one(&format!("{HELD} AND {OTHERS}"), args![repo.key()]).await?;
    Ok(RepoSums { row_bytes: bytes(rows), content_bytes: bytes(content), shared_bytes: bytes(shared) })
}

/// Repositories by the bytes that they are charged with.
pub(crate) async fn largest(db: &Db, skip: i64, limit: i64) -> Result<Vec<RepoRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM repo ORDER BY used_bytes DESC, id LIMIT $1 OFFSET $2");
    db.query(&sql, args![limit, skip]).await
}

/// The same for one owner.
pub(crate) async fn largest_of(db: &Db, owner: NamespaceId, skip: i64, limit: i64) -> Result<Vec<RepoRow>, DbError> {
    let sql =
        format!("SELECT {COLUMNS} FROM repo WHERE namespace_id = $1 ORDER BY used_bytes DESC, id LIMIT $2 OFFSET $3");
    db.query(&sql, args![owner.key(), limit, skip]).await
}

/// Repositories that need a content, as a large file or as a plain one.
pub(crate) async fn holders(db: &Db, sha256: Sha256, limit: i64) -> Result<Vec<RepoRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM repo WHERE id IN (SELECT repo_id FROM repo_large_object WHERE sha256 = $1 \
         UNION SELECT repo_id FROM git_object WHERE content = $1) ORDER BY id LIMIT $2"
    );
    db.query(&sql, args![sha256, limit]).await
}
