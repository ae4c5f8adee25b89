//! Rows of `repo_like`.

use hub_account::NamespaceId;
use hub_core::Timestamp;
use hub_db::{Db, DbError, FromRow, Row, Tx, args};
use hub_repo::RepoId;

use crate::likes::{LikePlace, LikeRow};

impl FromRow for LikeRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let at: Timestamp = row.get(2)?;
        Ok(Self { who: NamespaceId::new(row.get(0)?), repo: RepoId::from_key(row.get(1)?), at })
    }
}

/// Writes a like; answers whether it is new.
pub(crate) async fn insert(tx: &mut Tx, row: LikeRow) -> Result<bool, DbError> {
    let written = tx
        .exec(
            "INSERT INTO repo_like (user_id, repo_id, created_ms) VALUES ($1, $2, $3) \
             ON CONFLICT (user_id, repo_id) DO NOTHING",
            args![row.who.key(), row.repo.key(), row.at],
        )
        .await?;
    Ok(written == 1)
}

/// Removes a like; answers whether there was one.
pub(crate) async fn delete(tx: &mut Tx, repo: RepoId, who: NamespaceId) -> Result<bool, DbError> {
    let gone =
        tx.exec("DELETE FROM repo_like WHERE user_id = $1 AND repo_id = $2", args![who.key(), repo.key()]).await?;
    Ok(gone == 1)
}

pub(crate) async fn exists(db: &Db, repo: RepoId, who: NamespaceId) -> Result<bool, DbError> {
    let row: Option<(i64,)> = db
        .query_opt("SELECT created_ms FROM repo_like WHERE user_id = $1 AND repo_id = $2", args![who.key(), repo.key()])
        .await?;
    Ok(row.is_some())
}

/// The likes of a repository, the latest first.
pub(crate) async fn of_repo(
    db: &Db,
    repo: RepoId,
    after: Option<LikePlace>,
    limit: i64,
) -> Result<Vec<LikeRow>, DbError> {
    let after = after.unwrap_or(LikePlace { at: i64::MAX, key: 0 });
    db.query(
        "SELECT user_id, repo_id, created_ms FROM repo_like \
         WHERE repo_id = $1 AND (created_ms, user_id) < ($2, $3) ORDER BY created_ms DESC, user_id DESC LIMIT $4",
        args![repo.key(), after.at, after.key, limit],
    )
    .await
}

/// The likes of a person, the latest first.
pub(crate) async fn of_user(
    db: &Db,
    who: NamespaceId,
    after: Option<LikePlace>,
    limit: i64,
) -> Result<Vec<LikeRow>, DbError> {
    let after = after.unwrap_or(LikePlace { at: i64::MAX, key: 0 });
    db.query(
        "SELECT user_id, repo_id, created_ms FROM repo_like \
         WHERE user_id = $1 AND (created_ms, repo_id) < ($2, $3) ORDER BY created_ms DESC, repo_id DESC LIMIT $4",
        args![who.key(), after.at, after.key, limit],
    )
    .await
}
