//! Rows of `git_object`.

use hub_core::{Oid, Sha256, Timestamp};
use hub_db::{Db, DbError, FromRow, OnConflict, Row, Tx, Value, args};
use hub_formats::git::ObjectKind;

use crate::RepoId;
use crate::store::garbage;

/// Objects older than this are renewed when they are used again; far less than any sensible grace period.
const RENEW_AFTER_MS: i64 = 10 * 60 * 1000;

/// An object with its bytes, or with the name of the content that holds them.
pub(crate) struct ObjectRow {
    pub(crate) kind: i64,
    pub(crate) size: i64,
    pub(crate) data: Option<Vec<u8>>,
    pub(crate) content: Option<Sha256>,
}

impl FromRow for ObjectRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self { kind: row.get(0)?, size: row.get(1)?, data: row.get(2)?, content: row.get(3)? })
    }
}

/// What a listing shows of a blob: its size, and the target if it is a pointer to a large file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlobRow {
    pub(crate) oid: Oid,
    pub(crate) size: u64,
    pub(crate) content: Option<Sha256>,
    pub(crate) target: Option<(Sha256, u64)>,
}

impl FromRow for BlobRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let target: Option<Sha256> = row.get(3)?;
        let target_size: Option<i64> = row.get(4)?;
        Ok(Self {
            oid: row.get(0)?,
            size: row.get::<i64>(1)?.max(0) as u64,
            content: row.get(2)?,
            target: target.zip(target_size).map(|(sha256, size)| (sha256, size.max(0) as u64)),
        })
    }
}

/// An object that is to be written.
#[derive(Clone, Debug)]
pub(crate) struct NewObject {
    pub(crate) oid: Oid,
    pub(crate) kind: ObjectKind,
    pub(crate) size: u64,
    pub(crate) body: ObjectBody,
    pub(crate) target: Option<(Sha256, u64)>,
}

impl From<&NewObject> for BlobRow {
    fn from(object: &NewObject) -> Self {
        let content = match &object.body {
            ObjectBody::Row(_) => None,
            ObjectBody::Content(sha256) => Some(*sha256),
        };
        Self { oid: object.oid, size: object.size, content, target: object.target }
    }
}

/// Where the bytes of an object are.
#[derive(Clone, Debug)]
pub(crate) enum ObjectBody {
    /// In the row, as a zlib stream.
    Row(Vec<u8>),
    /// In the blob store, raw, under this name.
    Content(Sha256),
}

pub(crate) async fn get(db: &Db, repo: RepoId, oid: Oid) -> Result<Option<ObjectRow>, DbError> {
    db.query_opt("SELECT kind, size, data, content FROM git_object WHERE repo_id = $1 AND oid = $2", args![repo.0, oid])
        .await
}

/// Several objects with their bytes, in no order.
pub(crate) async fn get_many(db: &Db, repo: RepoId, oids: &[Oid]) -> Result<Vec<(Oid, ObjectRow)>, DbError> {
    let oids: Vec<Value> = oids.iter().map(|oid| Value::from(*oid)).collect();
    let sql = "SELECT kind, size, data, content, oid FROM git_object WHERE repo_id = $1 AND oid IN ({in})";
    let rows: Vec<Named> = db.query_in(sql, args![repo.0], &oids).await?;
    Ok(rows.into_iter().map(|Named(oid, row)| (oid, row)).collect())
}

/// An object with its id behind its other columns.
struct Named(Oid, ObjectRow);

impl FromRow for Named {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self(row.get(4)?, ObjectRow::from_row(row)?))
    }
}

const BLOB_COLUMNS: &str = "oid, size, content, target, target_size";

pub(crate) async fn blob(db: &Db, repo: RepoId, oid: Oid) -> Result<Option<BlobRow>, DbError> {
    let sql = format!("SELECT {BLOB_COLUMNS} FROM git_object WHERE repo_id = $1 AND oid = $2");
    db.query_opt(&sql, args![repo.0, oid]).await
}

/// What listings show of many blobs, in no order.
pub(crate) async fn blobs(db: &Db, repo: RepoId, oids: &[Oid]) -> Result<Vec<BlobRow>, DbError> {
    let oids: Vec<Value> = oids.iter().map(|oid| Value::from(*oid)).collect();
    let sql = format!("SELECT {BLOB_COLUMNS} FROM git_object WHERE repo_id = $1 AND oid IN ({{in}})");
    db.query_in(&sql, args![repo.0], &oids).await
}

/// Writes objects; those that are there already stay as they are.
pub(crate) async fn insert(
    tx: &mut Tx,
    repo: RepoId,
    objects: impl IntoIterator<Item = &NewObject>,
    at: Timestamp,
) -> Result<(), DbError> {
    let objects: Vec<&NewObject> = objects.into_iter().collect();
    let rows: Vec<Vec<Value>> = objects
        .iter()
        .map(|object| {
            let (data, content) = match &object.body {
                ObjectBody::Row(data) => (Some(data.clone()), None),
                ObjectBody::Content(sha256) => (None, Some(*sha256)),
            };
            vec![
                Value::from(repo.0),
                Value::from(object.oid),
                Value::from(object.kind.to_db()),
                Value::from(object.size as i64),
                Value::from(data),
                Value::from(content),
                Value::from(object.target.map(|(sha256, _)| sha256)),
                Value::from(object.target.map(|(_, size)| size as i64)),
                Value::from(at),
            ]
        })
        .collect();
    let columns = ["repo_id", "oid", "kind", "size", "data", "content", "target", "target_size", "created_ms"];
    let added = tx.insert_many("git_object", &columns, &rows, OnConflict::Ignore).await?;
    if added < rows.len() as u64 {
        // Some are there already, maybe unreachable and about to be collected: used again, they count as new.
        let oids: Vec<Oid> = objects.iter().map(|object| object.oid).collect();
        garbage::renew_objects(tx, repo, &oids, at.plus_millis(-RENEW_AFTER_MS), at).await?;
    }
    Ok(())
}
