//! Rows of `git_commit` and `path_change`: the commit graph, and which commits changed a path.

use hub_core::{Oid, RepoPath};
use hub_db::{Db, DbError, FromRow, OnConflict, Row, Tx, Value, args};

use crate::RepoId;

/// A node of the commit graph.
#[derive(Clone, Debug)]
pub(crate) struct CommitRow {
    pub(crate) oid: Oid,
    pub(crate) tree: Oid,
    pub(crate) parents: Vec<Oid>,
    pub(crate) generation: i64,
    pub(crate) ancestors: i64,
    pub(crate) seconds: i64,
}

/// The trees and files that a commit has and none of its parents has. So what a commit reaches is what it and all commits
/// of its history introduced, and nobody needs to read their trees to know it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Introduced {
    pub(crate) trees: Vec<Oid>,
    pub(crate) blobs: Vec<Oid>,
}

impl Introduced {
    /// As a row holds it: the count of trees, their ids, the ids of the files.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = (self.trees.len() as u32).to_be_bytes().to_vec();
        self.trees.iter().chain(&self.blobs).for_each(|oid| bytes.extend_from_slice(oid.as_bytes()));
        bytes
    }

    /// Reads what a row holds; `None` if that is damaged.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (count, ids) = bytes.split_first_chunk::<4>()?;
        let trees = u32::from_be_bytes(*count) as usize;
        let mut oids: Vec<Oid> = ids.chunks(20).map(Oid::from_slice).collect::<Result<_, _>>().ok()?;
        let blobs = (trees <= oids.len()).then(|| oids.split_off(trees))?;
        Some(Self { trees: oids, blobs })
    }
}

const COLUMNS: &str = "oid, tree, parents, generation, ancestors, seconds";

impl FromRow for CommitRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let parents: Vec<u8> = row.get(2)?;
        Ok(Self {
            oid: row.get(0)?,
            tree: row.get(1)?,
            parents: parents.chunks_exact(20).filter_map(|id| Oid::from_slice(id).ok()).collect(),
            generation: row.get(3)?,
            ancestors: row.get(4)?,
            seconds: row.get(5)?,
        })
    }
}

pub(crate) async fn get(db: &Db, repo: RepoId, oid: Oid) -> Result<Option<CommitRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM git_commit WHERE repo_id = $1 AND oid = $2");
    db.query_opt(&sql, args![repo.0, oid]).await
}

/// Several commits at once, in no order.
pub(crate) async fn get_many(db: &Db, repo: RepoId, oids: &[Oid]) -> Result<Vec<CommitRow>, DbError> {
    let oids: Vec<Value> = oids.iter().map(|oid| Value::from(*oid)).collect();
    let sql = format!("SELECT {COLUMNS} FROM git_commit WHERE repo_id = $1 AND oid IN ({{in}})");
    db.query_in(&sql, args![repo.0], &oids).await
}

/// What these commits introduced, as far as that is noted, in no order.
pub(crate) async fn introduced(db: &Db, repo: RepoId, oids: &[Oid]) -> Result<Vec<(Oid, Vec<u8>)>, DbError> {
    let oids: Vec<Value> = oids.iter().map(|oid| Value::from(*oid)).collect();
    let sql = "SELECT oid, introduced FROM git_commit \
         WHERE repo_id = $1 AND introduced IS NOT NULL AND oid IN ({in})";
    db.query_in(sql, args![repo.0], &oids).await
}

/// Up to `limit` commits along first parents, `from` included, nearest first.
pub(crate) async fn first_parent_chain(
    db: &Db,
    repo: RepoId,
    from: Oid,
    limit: i64,
) -> Result<Vec<CommitRow>, DbError> {
    let sql = format!(
        "WITH RECURSIVE chain (oid, tree, parents, generation, ancestors, seconds, first_parent, depth) AS (\
         SELECT {COLUMNS}, first_parent, 1 FROM git_commit WHERE repo_id = $1 AND oid = $2 \
         UNION ALL \
         SELECT c.oid, c.tree, c.parents, c.generation, c.ancestors, c.seconds, c.first_parent, chain.depth + 1 \
         FROM chain JOIN git_commit c ON c.repo_id = $1 AND c.oid = chain.first_parent WHERE chain.depth < $3) \
         SELECT {COLUMNS} FROM chain ORDER BY depth"
    );
    db.query(&sql, args![repo.0, from, limit]).await
}

/// The ids of commits that begin with the bytes `low` to `high`, at most two: enough to see an ambiguity.
pub(crate) async fn by_prefix(db: &Db, repo: RepoId, low: Oid, high: Oid) -> Result<Vec<Oid>, DbError> {
    let rows: Vec<(Oid,)> = db
        .query(
            "SELECT oid FROM git_commit WHERE repo_id = $1 AND oid >= $2 AND oid <= $3 LIMIT 2",
            args![repo.0, low, high],
        )
        .await?;
    Ok(rows.into_iter().map(|(oid,)| oid).collect())
}

/// Adds a node; adding it again changes nothing.
pub(crate) async fn insert(
    tx: &mut Tx,
    repo: RepoId,
    row: &CommitRow,
    introduced: Option<&Introduced>,
) -> Result<(), DbError> {
    let parents: Vec<u8> = row.parents.iter().flat_map(|oid| *oid.as_bytes()).collect();
    tx.exec(
        "INSERT INTO git_commit (repo_id, oid, tree, first_parent, parents, generation, ancestors, seconds, \
         introduced) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (repo_id, oid) DO NOTHING",
        args![
            repo.0,
            row.oid,
            row.tree,
            row.parents.first().copied(),
            parents,
            row.generation,
            row.ancestors,
            row.seconds,
            introduced.map(Introduced::to_bytes),
        ],
    )
    .await?;
    Ok(())
}

/// Notes that a commit changed these paths.
pub(crate) async fn insert_changes(
    tx: &mut Tx,
    repo: RepoId,
    commit: &CommitRow,
    paths: impl Iterator<Item = &str>,
) -> Result<(), DbError> {
    let rows: Vec<Vec<Value>> = paths
        .map(|path| {
            vec![Value::from(repo.0), Value::from(path), Value::from(commit.generation), Value::from(commit.oid)]
        })
        .collect();
    tx.insert_many("path_change", &["repo_id", "path", "generation", "commit_oid"], &rows, OnConflict::Ignore).await?;
    Ok(())
}

/// The commits that changed a path, not later than `generation`, nearest first, at most `limit`.
pub(crate) async fn changes_of(
    db: &Db,
    repo: RepoId,
    path: &RepoPath,
    generation: i64,
    limit: i64,
) -> Result<Vec<(i64, Oid)>, DbError> {
    db.query(
        "SELECT generation, commit_oid FROM path_change WHERE repo_id = $1 AND path = $2 AND generation <= $3 \
         ORDER BY generation DESC, commit_oid LIMIT $4",
        args![repo.0, path.as_str(), generation, limit],
    )
    .await
}

/// For each path that was changed, a commit that changed it last, not later than `generation`, and the generation of
/// that commit; if branches changed it side by side, one of several. A path may come more than once.
pub(crate) async fn last_changes_of(
    db: &Db,
    repo: RepoId,
    paths: &[&str],
    generation: i64,
) -> Result<Vec<(String, i64, Oid)>, DbError> {
    let paths: Vec<Value> = paths.iter().map(|path| Value::from(*path)).collect();
    // Not a join: SQLite would begin it with all changes of the repository.
    let last = |column: &str| {
        format!(
            "(SELECT c.{column} FROM path_change c WHERE c.repo_id = $1 AND c.path = wanted.path \
             AND c.generation <= $2 ORDER BY c.generation DESC, c.commit_oid DESC LIMIT 1)"
        )
    };
    let sql = format!(
        "WITH wanted (path) AS (VALUES {{rows}}) SELECT wanted.path, {}, {} FROM wanted",
        last("generation"),
        last("commit_oid")
    );
    let rows: Vec<(String, Option<i64>, Option<Oid>)> = db.query_in(&sql, args![repo.0, generation], &paths).await?;
    Ok(rows.into_iter().filter_map(|(path, generation, oid)| Some((path, generation?, oid?))).collect())
}

/// Those of the generations of which the repository has exactly one commit.
pub(crate) async fn sole_generations(db: &Db, repo: RepoId, generations: &[i64]) -> Result<Vec<i64>, DbError> {
    let generations: Vec<Value> = generations.iter().map(|generation| Value::from(*generation)).collect();
    let rows: Vec<(i64,)> = db
        .query_in(
            "SELECT generation FROM git_commit WHERE repo_id = $1 AND generation IN ({in}) \
             GROUP BY generation HAVING COUNT(*) = 1",
            args![repo.0],
            &generations,
        )
        .await?;
    Ok(rows.into_iter().map(|(generation,)| generation).collect())
}

/// Whether the repository has exactly one commit of this generation, which then is an ancestor of every later one.
pub(crate) async fn is_only_of_generation(db: &Db, repo: RepoId, generation: i64) -> Result<bool, DbError> {
    let rows: Vec<(i64,)> = db
        .query(
            "SELECT generation FROM git_commit WHERE repo_id = $1 AND generation = $2 LIMIT 2",
            args![repo.0, generation],
        )
        .await?;
    Ok(rows.len() == 1)
}

/// Notes for a rewritten commit the changes of the one that it replaces.
pub(crate) async fn copy_changes(tx: &mut Tx, repo: RepoId, old: Oid, new: &CommitRow) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO path_change (repo_id, path, generation, commit_oid) \
         SELECT repo_id, path, generation, $3 FROM path_change WHERE repo_id = $1 AND commit_oid = $2 \
         ON CONFLICT DO NOTHING",
        args![repo.key(), old, new.oid],
    )
    .await?;
    Ok(())
}
