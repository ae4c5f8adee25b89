//! Rows of `large_object`, `repo_large_object` and `retired_copy`: verified content, in which form it is kept, and which
//! repository may read it.

use hub_blob::{CopyId, ObjectKey};
use hub_core::{Sha256, Timestamp, XetHash};
use hub_db::{Db, DbError, FromRow, Row, Tx, Value, args};

use crate::RepoId;

/// A whole copy of a content, verified or about to be.
pub(crate) struct WholeCopy {
    pub(crate) sha256: Sha256,
    pub(crate) size: u64,
    pub(crate) copy: CopyId,
}

impl WholeCopy {
    /// Where it lies.
    pub(crate) fn key(&self) -> ObjectKey {
        ObjectKey::Large { sha256: self.sha256, copy: self.copy.clone() }
    }
}

/// A verified content. It has a whole copy, or lies in chunks, or both.
pub(crate) struct LargeRow {
    pub(crate) sha256: Sha256,
    pub(crate) size: u64,
    /// The whole copy, if one is kept.
    pub(crate) copy: Option<CopyId>,
    /// The file of the chunk store that has the same bytes, if there is one.
    pub(crate) xet: Option<XetHash>,
}

impl LargeRow {
    /// Where its whole copy lies.
    pub(crate) fn whole(&self) -> Option<ObjectKey> {
        self.copy.clone().map(|copy| ObjectKey::Large { sha256: self.sha256, copy })
    }
}

/// A copy id of a column that is empty where there is none.
fn copy_at(row: &Row<'_>, column: usize) -> Result<Option<CopyId>, DbError> {
    let text: String = row.get(column)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| DbError::Decode { column, reason: "no copy id".to_owned() })
}

/// The columns of a [`LargeRow`], in its order.
pub(crate) const COLUMNS: &str = "sha256, size, copy, xet";

impl FromRow for LargeRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            sha256: row.get(0)?,
            size: row.get::<i64>(1)?.max(0) as u64,
            copy: copy_at(row, 2)?,
            xet: row.get(3)?,
        })
    }
}

pub(crate) async fn get(db: &Db, sha256: Sha256) -> Result<Option<LargeRow>, DbError> {
    db.query_opt(&format!("SELECT {COLUMNS} FROM large_object WHERE sha256 = $1"), args![sha256]).await
}

/// Sets the size of an object, for tests of files that are too large to be sent.
pub(crate) async fn set_size(tx: &mut Tx, sha256: Sha256, size_bytes: u64) -> Result<(), DbError> {
    let size = i64::try_from(size_bytes).unwrap_or(i64::MAX);
    tx.exec("UPDATE large_object SET size = $2 WHERE sha256 = $1", args![sha256, size]).await?;
    Ok(())
}

/// What a repository that holds a content knows of it.
pub(crate) struct Held {
    pub(crate) size: u64,
    /// When the content was last wanted here.
    pub(crate) wanted: Timestamp,
    /// The file of the chunk store that has the same bytes, if there is one.
    pub(crate) xet: Option<XetHash>,
}

/// A content that this repository holds.
pub(crate) async fn held(db: &Db, repo: RepoId, sha256: Sha256) -> Result<Option<Held>, DbError> {
    let row: Option<(i64, Timestamp, Option<XetHash>)> = db
        .query_opt(
            "SELECT l.size, r.pushed_ms, l.xet FROM repo_large_object r JOIN large_object l ON l.sha256 = r.sha256 \
             WHERE r.repo_id = $1 AND r.sha256 = $2",
            args![repo.0, sha256],
        )
        .await?;
    Ok(row.map(|(size, wanted, xet)| Held { size: size.max(0) as u64, wanted, xet }))
}

/// States that a copy is verified. If another copy was first, that one stays; answers whether this one is used.
pub(crate) async fn insert(tx: &mut Tx, row: &WholeCopy, at: Timestamp) -> Result<bool, DbError> {
    let added = tx
        .exec(
            "INSERT INTO large_object (sha256, size, copy, created_ms) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (sha256) DO NOTHING",
            args![row.sha256, row.size as i64, row.copy.as_str(), at],
        )
        .await?;
    Ok(added == 1)
}

/// States that a content lies in chunks, as this file of the chunk store. If it has a row already, that one learns of the
/// chunks, unless it knows others, and counts as wanted now.
pub(crate) async fn insert_chunked(
    tx: &mut Tx,
    sha256: Sha256,
    size: u64,
    xet: XetHash,
    at: Timestamp,
) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO large_object (sha256, size, copy, created_ms, xet, chunked_ms) VALUES ($1, $2, '', $4, $3, $4) \
         ON CONFLICT (sha256) DO UPDATE SET created_ms = excluded.created_ms, \
         xet = COALESCE(large_object.xet, excluded.xet), \
         chunked_ms = COALESCE(large_object.chunked_ms, excluded.chunked_ms)",
        args![sha256, size as i64, xet, at],
    )
    .await?;
    Ok(())
}

/// Gives a repository the right to a content. Answers whether it was new to it.
pub(crate) async fn give(
    tx: &mut Tx,
    repo: RepoId,
    sha256: Sha256,
    by: hub_account::NamespaceId,
    at: Timestamp,
) -> Result<bool, DbError> {
    let added = tx
        .exec(
            "INSERT INTO repo_large_object (repo_id, sha256, pushed_by, pushed_ms) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (repo_id, sha256) DO NOTHING",
            args![repo.0, sha256, by.key(), at],
        )
        .await?;
    Ok(added == 1)
}

/// Marks a content as wanted now, which holds its collection off; answers it if it is there. The row stays locked until
/// the transaction ends.
pub(crate) async fn renew(tx: &mut Tx, sha256: Sha256, at: Timestamp) -> Result<Option<LargeRow>, DbError> {
    let sql = format!("UPDATE large_object SET created_ms = $2 WHERE sha256 = $1 RETURNING {COLUMNS}");
    tx.query_opt(&sql, args![sha256, at]).await
}

/// Marks a held content as wanted now, so that it is not taken back before the commit that is about to name it. One that
/// was wanted a short while ago stays as it is: a commit of many large files must not write once for each.
pub(crate) async fn renew_holding(
    db: &Db,
    repo: RepoId,
    sha256: Sha256,
    held: &Held,
    at: Timestamp,
) -> Result<(), DbError> {
    const RENEW_AFTER_MS: i64 = 10 * 60 * 1000;
    if held.wanted >= at.plus_millis(-RENEW_AFTER_MS) {
        return Ok(());
    }
    db.exec(
        "UPDATE repo_large_object SET pushed_ms = $3 WHERE repo_id = $1 AND sha256 = $2 AND pushed_ms < $3",
        args![repo.key(), sha256, at],
    )
    .await?;
    Ok(())
}

/// Marks what a repository holds as wanted now, whenever it was wanted before.
pub(crate) async fn want_again(tx: &mut Tx, repo: RepoId, sha256: Sha256, at: Timestamp) -> Result<(), DbError> {
    tx.exec(
        "UPDATE repo_large_object SET pushed_ms = $3 WHERE repo_id = $1 AND sha256 = $2 AND pushed_ms < $3",
        args![repo.key(), sha256, at],
    )
    .await?;
    Ok(())
}

/// The content that a repository holds and that lies in chunks as this file.
pub(crate) async fn held_as_chunks(db: &Db, repo: RepoId, xet: XetHash) -> Result<Option<Sha256>, DbError> {
    let row: Option<(Sha256,)> = db
        .query_opt(
            "SELECT l.sha256 FROM large_object l JOIN repo_large_object r ON r.sha256 = l.sha256 \
             WHERE l.xet = $2 AND r.repo_id = $1 LIMIT 1",
            args![repo.key(), xet],
        )
        .await?;
    Ok(row.map(|(sha256,)| sha256))
}

/// Of these contents the ones that the repository holds.
pub(crate) async fn held_among(db: &Db, repo: RepoId, contents: &[Sha256]) -> Result<Vec<Sha256>, DbError> {
    let contents: Vec<Value> = contents.iter().map(Value::from).collect();
    let sql = "SELECT sha256 FROM repo_large_object WHERE repo_id = $1 AND sha256 IN ({in})";
    let rows: Vec<(Sha256,)> = db.query_in(sql, args![repo.key()], &contents).await?;
    Ok(rows.into_iter().map(|(sha256,)| sha256).collect())
}

/// Of these contents the ones that the repository holds and that lie in chunks, with their files of the chunk store.
pub(crate) async fn chunked_among(
    db: &Db,
    repo: RepoId,
    contents: &[Sha256],
) -> Result<Vec<(Sha256, XetHash)>, DbError> {
    let contents: Vec<Value> = contents.iter().map(Value::from).collect();
    let sql = "SELECT l.sha256, l.xet FROM large_object l JOIN repo_large_object r ON r.sha256 = l.sha256 \
         WHERE r.repo_id = $1 AND l.xet IS NOT NULL AND l.sha256 IN ({in})";
    db.query_in(sql, args![repo.key()], &contents).await
}

/// Of these files of the chunk store the ones that contents lie in: those that this repository holds, or any.
pub(crate) async fn files_in_use(db: &Db, holder: Option<RepoId>, files: &[XetHash]) -> Result<Vec<XetHash>, DbError> {
    let files: Vec<Value> = files.iter().map(Value::from).collect();
    let rows: Vec<(XetHash,)> = match holder {
        None => db.query_in("SELECT xet FROM large_object WHERE xet IN ({in})", args![], &files).await?,
        Some(repo) => {
            let sql = "SELECT l.xet FROM large_object l JOIN repo_large_object r ON r.sha256 = l.sha256 \
                 WHERE r.repo_id = $1 AND l.xet IN ({in})";
            db.query_in(sql, args![repo.key()], &files).await?
        }
    };
    Ok(rows.into_iter().map(|(file,)| file).collect())
}

/// A content that a repository holds, as lists show it.
pub(crate) struct HoldingRow {
    pub(crate) sha256: Sha256,
    pub(crate) size: u64,
    pub(crate) pointer: Option<hub_core::Oid>,
    pub(crate) pushed_by: hub_account::NamespaceId,
    pub(crate) pushed: Timestamp,
}

impl FromRow for HoldingRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            sha256: row.get(0)?,
            size: row.get::<i64>(1)?.max(0) as u64,
            pointer: row.get(2)?,
            pushed_by: hub_account::NamespaceId::new(row.get(3)?),
            pushed: row.get(4)?,
        })
    }
}

/// Contents that a repository holds, in the order of their ids.
pub(crate) async fn holdings(
    db: &Db,
    repo: RepoId,
    after: Option<Sha256>,
    limit: i64,
) -> Result<Vec<HoldingRow>, DbError> {
    let after: Vec<u8> = after.map(|sha256| sha256.as_bytes().to_vec()).unwrap_or_default();
    db.query(
        "SELECT r.sha256, l.size, \
         (SELECT o.oid FROM git_object o WHERE o.repo_id = r.repo_id AND o.target = r.sha256 LIMIT 1), \
         r.pushed_by, r.pushed_ms FROM repo_large_object r JOIN large_object l ON l.sha256 = r.sha256 \
         WHERE r.repo_id = $1 AND r.sha256 > $2 ORDER BY r.sha256 LIMIT $3",
        args![repo.key(), after, limit],
    )
    .await
}

/// Takes the right to a content from a repository; answers the bytes that it is no longer charged with.
pub(crate) async fn take_back(tx: &mut Tx, repo: RepoId, sha256: Sha256) -> Result<u64, DbError> {
    let gone =
        tx.exec("DELETE FROM repo_large_object WHERE repo_id = $1 AND sha256 = $2", args![repo.key(), sha256]).await?;
    if gone == 0 {
        return Ok(0);
    }
    let row: Option<(i64,)> = tx.query_opt("SELECT size FROM large_object WHERE sha256 = $1", args![sha256]).await?;
    Ok(row.map_or(0, |(size,)| size.max(0) as u64))
}
