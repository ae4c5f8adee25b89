//! Statements of a push: what is here already, and many rows of the commit graph at once.

use hub_core::{Oid, RefName, Sha256, Timestamp};
use hub_db::{Db, DbError, OnConflict, Tx, Value, args};
use hub_formats::git::ObjectKind;

use crate::RepoId;
use crate::receive::NewCommit;

/// A right to large content that was renewed this short a while ago is in no danger of being taken back.
pub(crate) const HOLDING_FRESH_MS: i64 = 10 * 60 * 1000;
/// How many rows one insert gets; more would be held in memory twice for no gain.
const ROWS_AT_ONCE: usize = 20_000;

fn values(oids: &[Oid]) -> Vec<Value> {
    oids.iter().map(|oid| Value::from(*oid)).collect()
}

/// Which of these objects are here, and what they are.
pub(crate) async fn kinds(db: &Db, repo: RepoId, oids: &[Oid]) -> Result<Vec<(Oid, ObjectKind)>, DbError> {
    let sql = "SELECT oid, kind FROM git_object WHERE repo_id = $1 AND oid IN ({in})";
    let rows: Vec<(Oid, i64)> = db.query_in(sql, args![repo.key()], &values(oids)).await?;
    Ok(rows.into_iter().filter_map(|(oid, kind)| ObjectKind::from_db(kind).map(|kind| (oid, kind))).collect())
}

/// Which of these objects are here.
pub(crate) async fn present(tx: &mut Tx, repo: RepoId, oids: &[Oid]) -> Result<Vec<Oid>, DbError> {
    let sql = "SELECT oid FROM git_object WHERE repo_id = $1 AND oid IN ({in})";
    let rows: Vec<(Oid,)> = tx.query_in(sql, args![repo.key()], &values(oids)).await?;
    Ok(rows.into_iter().map(|(oid,)| oid).collect())
}

/// Large contents that the repository holds and that were wanted since a moment, with their sizes.
pub(crate) async fn held_since(
    db: &Db,
    repo: RepoId,
    contents: &[Sha256],
    since: Timestamp,
) -> Result<Vec<(Sha256, u64)>, DbError> {
    let contents: Vec<Value> = contents.iter().map(|sha256| Value::from(*sha256)).collect();
    let sql = "SELECT r.sha256, l.size FROM repo_large_object r JOIN large_object l ON l.sha256 = r.sha256 \
               WHERE r.repo_id = $1 AND r.pushed_ms >= $2 AND r.sha256 IN ({in})";
    let rows: Vec<(Sha256, i64)> = db.query_in(sql, args![repo.key(), since], &contents).await?;
    Ok(rows.into_iter().map(|(sha256, size)| (sha256, size.max(0) as u64)).collect())
}

/// Where all references are, as the transaction sees it.
pub(crate) async fn refs(tx: &mut Tx, repo: RepoId) -> Result<Vec<(String, Oid)>, DbError> {
    tx.query("SELECT name, oid FROM git_ref WHERE repo_id = $1", args![repo.key()]).await
}

/// Removes a reference if it is where the caller believes it to be.
pub(crate) async fn delete_ref(tx: &mut Tx, repo: RepoId, name: &RefName, old: Oid) -> Result<bool, DbError> {
    let sql = "DELETE FROM git_ref WHERE repo_id = $1 AND name = $2 AND oid = $3";
    Ok(tx.exec(sql, args![repo.key(), name.as_str(), old]).await? == 1)
}

/// Adds commits to the graph with the paths that each changed; adding one again changes nothing.
pub(crate) async fn insert_commits(tx: &mut Tx, repo: RepoId, commits: &[NewCommit]) -> Result<(), DbError> {
    const COLUMNS: [&str; 9] =
        ["repo_id", "oid", "tree", "first_parent", "parents", "generation", "ancestors", "seconds", "introduced"];
    for chunk in commits.chunks(ROWS_AT_ONCE) {
        let rows: Vec<Vec<Value>> = chunk.iter().map(|new| commit_values(repo, new)).collect();
        tx.insert_many("git_commit", &COLUMNS, &rows, OnConflict::Ignore).await?;
    }
    let mut changes = Vec::new();
    for NewCommit { row, changed, .. } in commits {
        for path in changed {
            changes.push(Change { path, generation: row.generation, commit: row.oid });
            if changes.len() == ROWS_AT_ONCE {
                insert_changes(tx, repo, &mut changes).await?;
            }
        }
    }
    insert_changes(tx, repo, &mut changes).await
}

/// That a commit changed a path, in the order in which the table is kept.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Change<'a> {
    path: &'a str,
    generation: i64,
    commit: Oid,
}

async fn insert_changes(tx: &mut Tx, repo: RepoId, changes: &mut Vec<Change<'_>>) -> Result<(), DbError> {
    const COLUMNS: [&str; 4] = ["repo_id", "path", "generation", "commit_oid"];
    // Neighbours land on one page of the table.
    changes.sort_unstable();
    let rows: Vec<Vec<Value>> = changes
        .drain(..)
        .map(|Change { path, generation, commit }| {
            vec![Value::from(repo.key()), Value::from(path), Value::from(generation), Value::from(commit)]
        })
        .collect();
    tx.insert_many("path_change", &COLUMNS, &rows, OnConflict::Ignore).await?;
    Ok(())
}

fn commit_values(repo: RepoId, NewCommit { row, introduced, .. }: &NewCommit) -> Vec<Value> {
    let parents: Vec<u8> = row.parents.iter().flat_map(|oid| *oid.as_bytes()).collect();
    vec![
        Value::from(repo.key()),
        Value::from(row.oid),
        Value::from(row.tree),
        Value::from(row.parents.first().copied()),
        Value::from(parents),
        Value::from(row.generation),
        Value::from(row.ancestors),
        Value::from(row.seconds),
        Value::from(introduced.to_bytes()),
    ]
}
