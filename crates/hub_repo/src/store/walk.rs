//! What a fetch reads of `git_ref`, `git_object` and `git_commit`: many rows at a time, in no order.

use hub_core::Oid;
use hub_db::{Db, DbError, FromRow, Row, Value, args};

use crate::RepoId;
use crate::store::commits::CommitRow;

/// A reference, and the kind of the object that it points to.
pub(crate) struct RefRow {
    pub(crate) name: String,
    pub(crate) oid: Oid,
    pub(crate) kind: Option<i64>,
}

impl FromRow for RefRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self { name: row.get(0)?, oid: row.get(1)?, kind: row.get(2)? })
    }
}

const REF_QUERY: &str = "SELECT r.name, r.oid, o.kind FROM git_ref r \
     LEFT JOIN git_object o ON o.repo_id = r.repo_id AND o.oid = r.oid";

/// References whose names come after `after`, in the database's order of names.
pub(crate) async fn refs_after(db: &Db, repo: RepoId, after: &str, limit: i64) -> Result<Vec<RefRow>, DbError> {
    let sql = format!("{REF_QUERY} WHERE r.repo_id = $1 AND r.name > $2 ORDER BY r.name LIMIT $3");
    db.query(&sql, args![repo.0, after, limit]).await
}

/// References that point to objects of a kind.
pub(crate) async fn refs_of_kind(db: &Db, repo: RepoId, kind: i64, limit: i64) -> Result<Vec<RefRow>, DbError> {
    let sql = format!("{REF_QUERY} WHERE r.repo_id = $1 AND o.kind = $2 ORDER BY r.name LIMIT $3");
    db.query(&sql, args![repo.0, kind, limit]).await
}

/// Which of these objects there are, with kind and size.
pub(crate) async fn known(db: &Db, repo: RepoId, oids: &[Oid]) -> Result<Vec<(Oid, i64, i64)>, DbError> {
    let sql = "SELECT oid, kind, size FROM git_object WHERE repo_id = $1 AND oid IN ({in})";
    db.query_in(sql, args![repo.0], &keys(oids)).await
}

fn keys(oids: &[Oid]) -> Vec<Value> {
    oids.iter().map(Value::from).collect()
}

/// The commits of some generations.
pub(crate) async fn commits_between(db: &Db, repo: RepoId, low: i64, high: i64) -> Result<Vec<CommitRow>, DbError> {
    db.query(
        "SELECT oid, tree, parents, generation, ancestors, seconds FROM git_commit \
         WHERE repo_id = $1 AND generation >= $2 AND generation <= $3",
        args![repo.0, low, high],
    )
    .await
}
