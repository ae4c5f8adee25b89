//! Rows of `large_object` and `repo_large_object`: verified content, and which repository may read it.

use hub_blob::{CopyId, ObjectKey};
use hub_core::{Sha256, Timestamp};
use hub_db::{Db, DbError, FromRow, Row, Tx, args};

use crate::RepoId;

/// A verified content.
pub(crate) struct LargeRow {
    pub(crate) sha256: Sha256,
    pub(crate) size: u64,
    pub(crate) copy: CopyId,
}

impl LargeRow {
    /// Where its verified copy lies.
    pub(crate) fn key(&self) -> ObjectKey {
        ObjectKey::Large { sha256: self.sha256, copy: self.copy.clone() }
    }
}

impl FromRow for LargeRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let copy: String = row.get(2)?;
        Ok(Self {
            sha256: row.get(0)?,
            size: row.get::<i64>(1)?.max(0) as u64,
            copy: copy.parse().map_err(|_| DbError::Decode { column: 2, reason: "no copy id".to_owned() })?,
        })
    }
}

pub(crate) async fn get(db: &Db, sha256: Sha256) -> Result<Option<LargeRow>, DbError> {
    db.query_opt("SELECT sha256, size, copy FROM large_object WHERE sha256 = $1", args![sha256]).await
}

/// What a repository that holds a content knows of it.
pub(crate) struct Held {
    pub(crate) size: u64,
    /// When the content was last wanted here.
    pub(crate) wanted: Timestamp,
}

/// A content that this repository holds.
pub(crate) async fn held(db: &Db, repo: RepoId, sha256: Sha256) -> Result<Option<Held>, DbError> {
    let row: Option<(i64, Timestamp)> = db
        .query_opt(
            "SELECT l.size, r.pushed_ms FROM repo_large_object r JOIN large_object l ON l.sha256 = r.sha256 \
             WHERE r.repo_id = $1 AND r.sha256 = $2",
            args![repo.0, sha256],
        )
        .await?;
    Ok(row.map(|(size, wanted)| Held { size: size.max(0) as u64, wanted }))
}

/// States that a copy is verified. If another copy was first, that one stays; answers whether this one is used.
pub(crate) async fn insert(tx: &mut Tx, row: &LargeRow, at: Timestamp) -> Result<bool, DbError> {
    let added = tx
        .exec(
            "INSERT INTO large_object (sha256, size, copy, created_ms) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (sha256) DO NOTHING",
            args![row.sha256, row.size as i64, row.copy.as_str(), at],
        )
        .await?;
    Ok(added == 1)
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

/// Marks a content as wanted now, which holds its collection off; answers its size if it is there. The row stays locked
/// until the transaction ends.
pub(crate) async fn renew(tx: &mut Tx, sha256: Sha256, at: Timestamp) -> Result<Option<u64>, DbError> {
    let row: Option<(i64,)> = tx
        .query_opt("UPDATE large_object SET created_ms = $2 WHERE sha256 = $1 RETURNING size", args![sha256, at])
        .await?;
    Ok(row.map(|(size,)| size.max(0) as u64))
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
