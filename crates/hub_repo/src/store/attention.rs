//! Rows of `attention_day` and `attention_seen`, and the score kept in `repo`.

use hub_db::{DbError, Tx, args};

use crate::attention::{Attention, TrendingScore};
use crate::{RepoError, RepoId};

/// Remembers a source; answers whether it is the first time on that day. A repository that is gone was never seen.
pub(crate) async fn see(tx: &mut Tx, repo: RepoId, day: i64, what: Attention, source: &[u8]) -> Result<bool, DbError> {
    let fresh = tx
        .exec(
            "INSERT INTO attention_seen (repo_id, day, what, source) SELECT id, $2, $3, $4 FROM repo WHERE id = $1 \
             ON CONFLICT (repo_id, day, what, source) DO NOTHING",
            args![repo.key(), day, what.word(), source.to_vec()],
        )
        .await?;
    Ok(fresh == 1)
}

/// Adds sources to a day, up to `most`.
pub(crate) async fn add(
    tx: &mut Tx,
    repo: RepoId,
    (day, what, sources): (i64, Attention, i64),
    most: i64,
) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO attention_day (repo_id, day, what, sources) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (repo_id, day, what) DO UPDATE SET sources = \
         CASE WHEN attention_day.sources + $4 > $5 THEN $5 ELSE attention_day.sources + $4 END",
        args![repo.key(), day, what.word(), sources, most],
    )
    .await?;
    Ok(())
}

/// The attention of each day after `day`.
pub(crate) async fn since(tx: &mut Tx, repo: RepoId, day: i64) -> Result<Vec<(i64, Attention, i64)>, RepoError> {
    let sql = "SELECT day, what, sources FROM attention_day WHERE repo_id = $1 AND day > $2";
    let rows: Vec<(i64, String, i64)> = tx.query(sql, args![repo.key(), day]).await?;
    let known = |(day, what, sources): (i64, String, i64)| Some((day, Attention::of_word(&what)?, sources));
    Ok(rows.into_iter().filter_map(known).collect())
}

pub(crate) async fn set_score(tx: &mut Tx, repo: RepoId, score: TrendingScore) -> Result<(), DbError> {
    tx.exec("UPDATE repo SET trending = $2 WHERE id = $1", args![repo.key(), score.order()]).await?;
    Ok(())
}

/// Removes who was seen before one day, and what happened before another.
pub(crate) async fn forget(tx: &mut Tx, seen_before: i64, happened_before: i64) -> Result<(), DbError> {
    tx.exec("DELETE FROM attention_seen WHERE day < $1", args![seen_before]).await?;
    tx.exec("DELETE FROM attention_day WHERE day < $1", args![happened_before]).await?;
    Ok(())
}
