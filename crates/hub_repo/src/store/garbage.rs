//! Statements that find and remove what nothing refers to. Each states the condition under which it may remove.

use hub_blob::CopyId;
use hub_core::{Oid, Sha256, Timestamp};
use hub_db::{Db, DbError, Tx, Value, args};

use crate::RepoId;
use crate::store::large::{COLUMNS, LargeRow};

/// The repository with the next greater key.
pub(crate) async fn next_repo(db: &Db, after: i64) -> Result<Option<RepoId>, DbError> {
    let row: Option<(i64,)> =
        db.query_opt("SELECT id FROM repo WHERE id > $1 ORDER BY id LIMIT 1", args![after]).await?;
    Ok(row.map(|(id,)| RepoId(id)))
}

/// Objects of a repository that are old enough, in the order of their ids.
pub(crate) async fn objects_after(
    db: &Db,
    repo: RepoId,
    after: Oid,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<Oid>, DbError> {
    let rows: Vec<(Oid,)> = db
        .query(
            "SELECT oid FROM git_object WHERE repo_id = $1 AND oid > $2 AND created_ms < $3 ORDER BY oid LIMIT $4",
            args![repo.key(), after, before, limit],
        )
        .await?;
    Ok(rows.into_iter().map(|(oid,)| oid).collect())
}

/// Removes objects with their places in the commit graph, and answers those that stay, because they were renewed
/// meanwhile or others stand on them.
pub(crate) async fn delete_objects(
    tx: &mut Tx,
    repo: RepoId,
    oids: &[Oid],
    before: Timestamp,
) -> Result<Vec<Oid>, DbError> {
    let mut left = Vec::new();
    for oid in oids {
        let deleted = tx
            .exec(
                "DELETE FROM git_object WHERE repo_id = $1 AND oid = $2 AND created_ms < $3 AND NOT EXISTS (\
                 SELECT 1 FROM git_object d WHERE d.repo_id = $1 AND d.base = $2)",
                args![repo.key(), *oid, before],
            )
            .await?;
        if deleted == 0 {
            left.push(*oid);
            continue;
        }
        let row: Option<(i64,)> = tx
            .query_opt(
                "DELETE FROM git_commit WHERE repo_id = $1 AND oid = $2 RETURNING generation",
                args![repo.key(), *oid],
            )
            .await?;
        if row.is_some() {
            tx.exec("DELETE FROM path_change WHERE repo_id = $1 AND commit_oid = $2", args![repo.key(), *oid]).await?;
        }
    }
    Ok(left)
}

/// Objects that are deltas, with what they stand on, in the order of their ids.
pub(crate) async fn deltas_after(db: &Db, repo: RepoId, after: Oid, limit: i64) -> Result<Vec<(Oid, Oid)>, DbError> {
    db.query(
        "SELECT oid, base FROM git_object WHERE repo_id = $1 AND oid > $2 AND base IS NOT NULL ORDER BY oid LIMIT $3",
        args![repo.key(), after, limit],
    )
    .await
}

/// Makes a delta whole, unless that happened meanwhile.
pub(crate) async fn make_whole(
    tx: &mut Tx,
    repo: RepoId,
    oid: Oid,
    base: Oid,
    stream: Vec<u8>,
) -> Result<u64, DbError> {
    tx.exec(
        "UPDATE git_object SET data = $4, base = NULL, delta_size = NULL, depth = NULL \
         WHERE repo_id = $1 AND oid = $2 AND base = $3",
        args![repo.key(), oid, base, stream],
    )
    .await
}

/// Takes back rights to large content that no pointer and no file of the repository names.
pub(crate) async fn delete_holdings(tx: &mut Tx, repo: RepoId, before: Timestamp) -> Result<u64, DbError> {
    tx.exec(
        "DELETE FROM repo_large_object WHERE repo_id = $1 AND pushed_ms < $2 AND NOT EXISTS (\
         SELECT 1 FROM git_object o WHERE o.repo_id = $1 AND o.target = repo_large_object.sha256) AND NOT EXISTS (\
         SELECT 1 FROM bucket_file b WHERE b.repo_id = $1 AND b.sha256 = repo_large_object.sha256)",
        args![repo.key(), before],
    )
    .await
}

/// Sets what the repository is charged with from what it holds now.
pub(crate) async fn recount_used_bytes(tx: &mut Tx, repo: RepoId) -> Result<(), DbError> {
    tx.exec(
        "UPDATE repo SET used_bytes = \
         CAST(COALESCE((SELECT SUM(o.size) FROM git_object o WHERE o.repo_id = $1 AND o.kind = 3), 0) AS BIGINT) \
         + CAST(COALESCE((SELECT SUM(l.size) FROM repo_large_object r JOIN large_object l ON l.sha256 = r.sha256 \
         WHERE r.repo_id = $1), 0) AS BIGINT) WHERE id = $1",
        args![repo.key()],
    )
    .await?;
    Ok(())
}

/// Removes rows of repositories that are gone.
pub(crate) async fn delete_orphans(tx: &mut Tx, before: Timestamp) -> Result<u64, DbError> {
    let mut gone = 0;
    for (table, moment) in [("git_object", "created_ms"), ("repo_large_object", "pushed_ms"), ("upload", "created_ms")]
    {
        let sql = format!(
            "DELETE FROM {table} WHERE {moment} < $1 AND NOT EXISTS (SELECT 1 FROM repo WHERE repo.id = {table}.repo_id)"
        );
        gone += tx.exec(&sql, args![before]).await?;
    }
    Ok(gone)
}

/// Removes the rows of contents that nobody holds and answers them, so that their bytes can go too.
pub(crate) async fn delete_contents(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<Vec<LargeRow>, DbError> {
    const UNHELD: &str = "created_ms < $1 \
         AND NOT EXISTS (SELECT 1 FROM repo_large_object r WHERE r.sha256 = large_object.sha256) \
         AND NOT EXISTS (SELECT 1 FROM git_object o WHERE o.content = large_object.sha256)";
    let sql = format!(
        "DELETE FROM large_object WHERE sha256 IN (SELECT sha256 FROM large_object WHERE {UNHELD} LIMIT $2) \
         AND {UNHELD} RETURNING {COLUMNS}"
    );
    tx.query(&sql, args![before, limit]).await
}

/// Whether a row names this copy: as the verified one, as one that is arriving, or as one that still has readers.
pub(crate) async fn is_named(db: &Db, sha256: Sha256, copy: &CopyId) -> Result<bool, DbError> {
    let row: Option<(i64,)> = db
        .query_opt(
            "SELECT 1 FROM large_object WHERE sha256 = $1 AND copy = $2 \
             UNION ALL SELECT 1 FROM upload WHERE sha256 = $1 AND copy = $2 \
             UNION ALL SELECT 1 FROM retired_copy WHERE sha256 = $1 AND copy = $2 LIMIT 1",
            args![sha256, copy.as_str()],
        )
        .await?;
    Ok(row.is_some())
}

/// Renews the age of objects that a commit is about to use again.
pub(crate) async fn renew_objects(
    tx: &mut Tx,
    repo: RepoId,
    oids: &[Oid],
    older_than: Timestamp,
    now: Timestamp,
) -> Result<(), DbError> {
    let oids: Vec<Value> = oids.iter().map(|oid| Value::from(*oid)).collect();
    let sql = "UPDATE git_object SET created_ms = $3 WHERE repo_id = $1 AND created_ms < $2 AND oid IN ({in})";
    tx.exec_in(sql, args![repo.key(), older_than, now], &oids).await?;
    Ok(())
}
