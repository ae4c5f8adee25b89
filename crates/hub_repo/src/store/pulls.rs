//! Rows of `pull`.

use hub_account::NamespaceId;
use hub_core::{RefName, ThreadNumber};
use hub_db::{Db, DbError, FromRow, Row, Tx, args};

use crate::RepoId;
use crate::pulls::Merged;

/// A pull request as its row holds it.
pub(crate) struct PullRow {
    pub(crate) author: NamespaceId,
    pub(crate) base: RefName,
    pub(crate) merged: Option<Merged>,
}

impl FromRow for PullRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let base: String = row.get(1)?;
        let merged = match (row.get(2)?, row.get(3)?, row.get(4)?) {
            (Some(commit), Some(base), Some(head)) => Some(Merged { commit, base, head }),
            _ => None,
        };
        Ok(Self {
            author: NamespaceId::new(row.get(0)?),
            base: base
                .parse()
                .map_err(|_| DbError::Decode { column: 1, reason: format!("unexpected value {base:?}") })?,
            merged,
        })
    }
}

pub(crate) async fn get(db: &Db, repo: RepoId, number: ThreadNumber) -> Result<Option<PullRow>, DbError> {
    let sql = "SELECT author, base, merge_oid, base_oid, head_oid FROM pull WHERE repo_id = $1 AND num = $2";
    db.query_opt(sql, args![repo.key(), number.get()]).await
}

/// Whether somebody opened a pull request in a repository that is not merged.
pub(crate) async fn has_unmerged_of(db: &Db, repo: RepoId, author: NamespaceId) -> Result<bool, DbError> {
    let row: Option<(i64,)> = db
        .query_opt(
            "SELECT num FROM pull WHERE author = $1 AND repo_id = $2 AND merge_oid IS NULL LIMIT 1",
            args![author.key(), repo.key()],
        )
        .await?;
    Ok(row.is_some())
}

pub(crate) async fn insert(
    tx: &mut Tx,
    repo: RepoId,
    number: ThreadNumber,
    author: NamespaceId,
    base: &RefName,
) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO pull (repo_id, num, author, base) VALUES ($1, $2, $3, $4)",
        args![repo.key(), number.get(), author.key(), base.as_str()],
    )
    .await?;
    Ok(())
}

/// Notes that a pull request was merged; answers whether it was not before.
pub(crate) async fn set_merged(
    tx: &mut Tx,
    repo: RepoId,
    number: ThreadNumber,
    merged: &Merged,
) -> Result<bool, DbError> {
    let changed = tx
        .exec(
            "UPDATE pull SET merge_oid = $3, base_oid = $4, head_oid = $5 \
             WHERE repo_id = $1 AND num = $2 AND merge_oid IS NULL",
            args![repo.key(), number.get(), merged.commit, merged.base, merged.head],
        )
        .await?;
    Ok(changed == 1)
}

/// Forgets a pull request, whose reference must go too.
pub(crate) async fn delete(tx: &mut Tx, repo: RepoId, number: ThreadNumber) -> Result<(), DbError> {
    tx.exec("DELETE FROM pull WHERE repo_id = $1 AND num = $2", args![repo.key(), number.get()]).await?;
    Ok(())
}
