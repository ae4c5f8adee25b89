//! Rows of `download_seen` and `download_day`, and the sums kept in `repo`.

use hub_db::{Db, DbError, Tx, args};

use crate::RepoId;
use crate::downloads::Pending;

/// Counts a download unless its client was counted in this window.
pub(crate) async fn count_once(tx: &mut Tx, pending: &Pending) -> Result<(), DbError> {
    let fresh = tx
        .exec(
            "INSERT INTO download_seen (repo_id, time_window, client) VALUES ($1, $2, $3) \
             ON CONFLICT (repo_id, time_window, client) DO NOTHING",
            args![pending.repo.key(), pending.window, pending.client.clone()],
        )
        .await?;
    if fresh == 0 {
        return Ok(());
    }
    tx.exec(
        "INSERT INTO download_day (repo_id, day, file_class, client_class, count) VALUES ($1, $2, $3, $4, 1) \
         ON CONFLICT (repo_id, day, file_class, client_class) DO UPDATE SET count = download_day.count + 1",
        args![pending.repo.key(), pending.day, pending.file_class, pending.client_class],
    )
    .await?;
    tx.exec(
        "UPDATE repo SET downloads = downloads + 1, downloads_all = downloads_all + 1 WHERE id = $1",
        args![pending.repo.key()],
    )
    .await?;
    Ok(())
}

/// The counts of each day from `first` on, all classes together.
pub(crate) async fn by_day(db: &Db, repo: RepoId, first: i64) -> Result<Vec<(i64, i64)>, DbError> {
    let sql = "SELECT day, CAST(SUM(count) AS BIGINT) FROM download_day WHERE repo_id = $1 AND day >= $2 GROUP BY day";
    db.query(sql, args![repo.key(), first]).await
}

pub(crate) async fn forget_windows_before(tx: &mut Tx, window: i64) -> Result<(), DbError> {
    tx.exec("DELETE FROM download_seen WHERE time_window < $1", args![window]).await?;
    Ok(())
}

/// Sets the 30-day counts from the daily ones, where they differ, and gives the repositories where they did.
pub(crate) async fn sum_days_since(tx: &mut Tx, day: i64) -> Result<Vec<i64>, DbError> {
    const SUM: &str = "COALESCE((SELECT CAST(SUM(d.count) AS BIGINT) FROM download_day d \
                       WHERE d.repo_id = repo.id AND d.day >= $1), 0)";
    let sql = format!("UPDATE repo SET downloads = {SUM} WHERE downloads > 0 AND downloads <> {SUM} RETURNING id");
    let changed: Vec<(i64,)> = tx.query(&sql, args![day]).await?;
    Ok(changed.into_iter().map(|(id,)| id).collect())
}
