//! Rows of `bucket`, `bucket_file` and `bucket_folder`: what a bucket holds.

use hub_core::{BucketPath, Sha256, Timestamp, XetHash};
use hub_db::{Db, DbError, FromRow, OnConflict, Row, Tx, Value, args};

use crate::RepoId;
use crate::bucket::{BucketFile, BucketTotals, ModifiedAt};

/// What the row of a bucket says.
pub(crate) struct BucketRow {
    pub(crate) totals: BucketTotals,
    /// The number of the last change.
    pub(crate) last_change: i64,
    /// When that was.
    pub(crate) changed: Timestamp,
    /// The last change that is no longer told, and when that was.
    pub(crate) forgotten: (i64, Timestamp),
}

const COLUMNS: &str = "files, size_bytes, last_change, changed_ms, forgotten, forgotten_ms";

impl FromRow for BucketRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            totals: BucketTotals {
                files: row.get::<i64>(0)?.max(0) as u64,
                size_bytes: row.get::<i64>(1)?.max(0) as u64,
            },
            last_change: row.get(2)?,
            changed: row.get(3)?,
            forgotten: (row.get(4)?, row.get(5)?),
        })
    }
}

pub(crate) async fn insert(tx: &mut Tx, repo: RepoId, at: Timestamp) -> Result<(), DbError> {
    tx.exec("INSERT INTO bucket (repo_id, changed_ms) VALUES ($1, $2)", args![repo.key(), at]).await?;
    Ok(())
}

pub(crate) async fn get(db: &Db, repo: RepoId) -> Result<Option<BucketRow>, DbError> {
    db.query_opt(&format!("SELECT {COLUMNS} FROM bucket WHERE repo_id = $1"), args![repo.key()]).await
}

/// The totals of buckets, in no order.
pub(crate) async fn totals(db: &Db, repos: &[RepoId]) -> Result<Vec<(i64, i64, i64)>, DbError> {
    let keys: Vec<Value> = repos.iter().map(|repo| Value::from(repo.key())).collect();
    db.query_in("SELECT repo_id, files, size_bytes FROM bucket WHERE repo_id IN ({in})", args![], &keys).await
}

/// Keeps every other writer of the bucket waiting until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, repo: RepoId) -> Result<Option<BucketRow>, DbError> {
    let sql = format!("UPDATE bucket SET files = files WHERE repo_id = $1 RETURNING {COLUMNS}");
    tx.query_opt(&sql, args![repo.key()]).await
}

pub(crate) async fn update(tx: &mut Tx, repo: RepoId, row: &BucketRow) -> Result<(), DbError> {
    tx.exec(
        "UPDATE bucket SET files = $2, size_bytes = $3, last_change = $4, changed_ms = $5 WHERE repo_id = $1",
        args![repo.key(), row.totals.files as i64, row.totals.size_bytes as i64, row.last_change, row.changed,],
    )
    .await?;
    Ok(())
}

/// The columns of a [`BucketFile`], in its order.
pub(crate) const FILE_COLUMNS: &str = "path, uploaded_ms, size, sha256, xet, modified_ms, modified_ns, content_type";

impl FromRow for BucketFile {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let millis: Option<i64> = row.get(5)?;
        let nanos: i64 = row.get(6)?;
        let modified = millis
            .map(|millis| ModifiedAt { at: Timestamp::from_millis(millis), nanos: nanos.clamp(0, 999_999) as u32 });
        Ok(Self {
            path: row.get(0)?,
            uploaded: row.get(1)?,
            size: row.get::<i64>(2)?.max(0) as u64,
            sha256: row.get(3)?,
            xet: row.get(4)?,
            modified,
            content_type: row.get(7)?,
        })
    }
}

pub(crate) async fn file(db: &Db, repo: RepoId, path: &BucketPath) -> Result<Option<BucketFile>, DbError> {
    let sql = format!("SELECT {FILE_COLUMNS} FROM bucket_file WHERE repo_id = $1 AND path = $2");
    db.query_opt(&sql, args![repo.key(), path.as_str()]).await
}

/// The files at these paths, as far as there are any, in no order.
pub(crate) async fn files(db: &Db, repo: RepoId, paths: &[&str]) -> Result<Vec<BucketFile>, DbError> {
    let sql = format!("SELECT {FILE_COLUMNS} FROM bucket_file WHERE repo_id = $1 AND path IN ({{in}})");
    db.query_in(&sql, args![repo.key()], &texts(paths)).await
}

/// The same within a transaction.
pub(crate) async fn files_in(tx: &mut Tx, repo: RepoId, paths: &[&str]) -> Result<Vec<BucketFile>, DbError> {
    let sql = format!("SELECT {FILE_COLUMNS} FROM bucket_file WHERE repo_id = $1 AND path IN ({{in}})");
    tx.query_in(&sql, args![repo.key()], &texts(paths)).await
}

fn texts(paths: &[&str]) -> Vec<Value> {
    paths.iter().map(|path| Value::from(*path)).collect()
}

/// The files after a path, in order.
pub(crate) async fn files_after(db: &Db, repo: RepoId, after: &str, limit: i64) -> Result<Vec<BucketFile>, DbError> {
    let sql = format!("SELECT {FILE_COLUMNS} FROM bucket_file WHERE repo_id = $1 AND path > $2 ORDER BY path LIMIT $3");
    db.query(&sql, args![repo.key(), after, limit]).await
}

pub(crate) async fn delete_files(tx: &mut Tx, repo: RepoId, paths: &[&str]) -> Result<(), DbError> {
    if !paths.is_empty() {
        let sql = "DELETE FROM bucket_file WHERE repo_id = $1 AND path IN ({in})";
        tx.exec_in(sql, args![repo.key()], &texts(paths)).await?;
    }
    Ok(())
}

pub(crate) async fn insert_files(tx: &mut Tx, repo: RepoId, files: &[&BucketFile]) -> Result<(), DbError> {
    let row = |file: &&BucketFile| {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        vec![
            Value::from(repo.key()),
            Value::from(&file.path),
            Value::from(folder),
            Value::from(file.sha256),
            Value::from(file.xet),
            Value::from(file.size as i64),
            Value::from(file.modified.map(|modified| modified.at)),
            Value::from(file.modified.map_or(0, |modified| modified.nanos)),
            Value::from(file.content_type.as_ref()),
            Value::from(file.uploaded),
        ]
    };
    const ALL: [&str; 10] = [
        "repo_id",
        "path",
        "folder",
        "sha256",
        "xet",
        "size",
        "modified_ms",
        "modified_ns",
        "content_type",
        "uploaded_ms",
    ];
    let rows: Vec<Vec<Value>> = files.iter().map(row).collect();
    tx.insert_many("bucket_file", &ALL, &rows, OnConflict::Fail).await?;
    Ok(())
}

/// What happens to a folder.
#[derive(Clone, Copy, Default)]
pub(crate) struct FolderDelta {
    /// How many files more or less lie in it, at whatever depth.
    pub(crate) files: i64,
    /// Whether one was uploaded.
    pub(crate) is_uploaded: bool,
}

/// Adds to a folder, which comes into being by its first file and ends with its last.
pub(crate) async fn change_folder(
    tx: &mut Tx,
    repo: RepoId,
    path: &str,
    delta: FolderDelta,
    now: Timestamp,
) -> Result<(), DbError> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let uploaded = if delta.is_uploaded { now } else { Timestamp::from_millis(0) };
    let (files,): (i64,) = tx
        .query_one(
            "INSERT INTO bucket_folder (repo_id, path, folder, files, uploaded_ms) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (repo_id, path) DO UPDATE SET files = bucket_folder.files + excluded.files, \
             uploaded_ms = CASE WHEN excluded.uploaded_ms > bucket_folder.uploaded_ms THEN excluded.uploaded_ms \
             ELSE bucket_folder.uploaded_ms END RETURNING files",
            args![repo.key(), path, folder, delta.files, uploaded],
        )
        .await?;
    if files <= 0 {
        tx.exec("DELETE FROM bucket_folder WHERE repo_id = $1 AND path = $2", args![repo.key(), path]).await?;
    }
    Ok(())
}

/// What the rows of files and folders add up to: files, bytes, folders, files at all depths of all folders.
pub(crate) async fn sums(db: &Db, repo: RepoId) -> Result<(i64, i64, i64, i64), DbError> {
    let (files, bytes): (i64, i64) = db
        .query_one(
            "SELECT COUNT(*), CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM bucket_file WHERE repo_id = $1",
            args![repo.key()],
        )
        .await?;
    let (folders, inside): (i64, i64) = db
        .query_one(
            "SELECT COUNT(*), CAST(COALESCE(SUM(files), 0) AS BIGINT) FROM bucket_folder WHERE repo_id = $1",
            args![repo.key()],
        )
        .await?;
    Ok((files, bytes, folders, inside))
}

/// Files of the chunk store among those that a repository holds, each with its content.
pub(crate) async fn held_files(
    db: &Db,
    repo: RepoId,
    files: &[XetHash],
) -> Result<Vec<(XetHash, Sha256, i64)>, DbError> {
    let keys: Vec<Value> = files.iter().map(Value::from).collect();
    let sql = "SELECT l.xet, l.sha256, l.size FROM large_object l JOIN repo_large_object r ON r.sha256 = l.sha256 \
         WHERE r.repo_id = $1 AND l.xet IN ({in})";
    db.query_in(sql, args![repo.key()], &keys).await
}

/// Marks contents that the bucket holds as wanted now, which keeps them from being taken back; answers which it holds.
pub(crate) async fn want(
    tx: &mut Tx,
    repo: RepoId,
    contents: &[Sha256],
    at: Timestamp,
) -> Result<Vec<(Sha256,)>, DbError> {
    let keys: Vec<Value> = contents.iter().map(Value::from).collect();
    let sql = "UPDATE repo_large_object SET pushed_ms = $2 WHERE repo_id = $1 AND sha256 IN ({in}) RETURNING sha256";
    tx.query_in(sql, args![repo.key(), at], &keys).await
}

/// Takes a content back that no file of the bucket has any longer, unless it came once more after `uploaded`: then a file
/// is about to have it.
pub(crate) async fn let_go(tx: &mut Tx, repo: RepoId, sha256: Sha256, uploaded: Timestamp) -> Result<bool, DbError> {
    let gone = tx
        .exec(
            "DELETE FROM repo_large_object WHERE repo_id = $1 AND sha256 = $2 AND pushed_ms <= $3 AND NOT EXISTS (\
             SELECT 1 FROM bucket_file b WHERE b.repo_id = $1 AND b.sha256 = $2)",
            args![repo.key(), sha256, uploaded],
        )
        .await?;
    Ok(gone == 1)
}
