//! Rows of `git_object`.

use hub_core::{Oid, Sha256, Timestamp};
use hub_db::{Db, DbError, FromRow, OnConflict, Row, Tx, Value, args};
use hub_formats::git::ObjectKind;

use crate::RepoId;
use crate::store::garbage;

/// Objects older than this are renewed when they are used again; far less than any sensible grace period.
const RENEW_AFTER_MS: i64 = 10 * 60 * 1000;

/// An object with its bytes, or with what leads to them: the name of the content that holds them, or the object on which
/// its bytes are a delta.
#[derive(Clone, Debug)]
pub(crate) struct ObjectRow {
    pub(crate) oid: Oid,
    pub(crate) kind: i64,
    pub(crate) size: i64,
    pub(crate) data: Option<Vec<u8>>,
    pub(crate) content: Option<Sha256>,
    pub(crate) base: Option<Oid>,
    pub(crate) delta_size: Option<i64>,
}

impl ObjectRow {
    pub(crate) fn size(&self) -> u64 {
        self.size.max(0) as u64
    }

    /// How many bytes the stream of its data inflates to.
    pub(crate) fn inflated_bytes(&self) -> u64 {
        self.delta_size.unwrap_or(self.size).max(0) as u64
    }
}

impl FromRow for ObjectRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            oid: row.get(0)?,
            kind: row.get(1)?,
            size: row.get(2)?,
            data: row.get(3)?,
            content: row.get(4)?,
            base: row.get(5)?,
            delta_size: row.get(6)?,
        })
    }
}

const COLUMNS: &str = "o.oid, o.kind, o.size, o.data, o.content, o.base, o.delta_size";

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
            ObjectBody::Row(_) | ObjectBody::Delta(_) => None,
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
    /// In the row, as a delta on another object, which must have its row by then.
    Delta(Delta),
    /// In the blob store, raw, under this name.
    Content(Sha256),
}

/// An object told by what it shares with another.
#[derive(Clone, Debug)]
pub(crate) struct Delta {
    pub(crate) base: Oid,
    /// How many bytes the stream inflates to.
    pub(crate) size: u64,
    /// How many bases lie below.
    pub(crate) depth: u16,
    pub(crate) stream: Vec<u8>,
}

pub(crate) async fn get(db: &Db, repo: RepoId, oid: Oid) -> Result<Option<ObjectRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM git_object o WHERE o.repo_id = $1 AND o.oid = $2");
    db.query_opt(&sql, args![repo.0, oid]).await
}

/// Several objects with their bytes, in no order.
pub(crate) async fn get_many(db: &Db, repo: RepoId, oids: &[Oid]) -> Result<Vec<ObjectRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM git_object o WHERE o.repo_id = $1 AND o.oid IN ({{in}})");
    db.query_in(&sql, args![repo.0], &keys(oids)).await
}

/// All objects on which these stand, directly or not, in no order and perhaps more than once. A circle, which only
/// damage can make, ends it too.
///
/// The cross joins keep SQLite from reading every object of the repository to see which of them lie below.
pub(crate) async fn bases_below(db: &Db, repo: RepoId, oids: &[Oid]) -> Result<Vec<ObjectRow>, DbError> {
    let sql = format!(
        "WITH RECURSIVE below (oid) AS (\
         SELECT b.base FROM git_object b WHERE b.repo_id = $1 AND b.base IS NOT NULL AND b.oid IN ({{in}}) \
         UNION \
         SELECT n.base FROM below CROSS JOIN git_object n \
         WHERE n.repo_id = $1 AND n.oid = below.oid AND n.base IS NOT NULL) \
         SELECT {COLUMNS} FROM below CROSS JOIN git_object o WHERE o.repo_id = $1 AND o.oid = below.oid"
    );
    db.query_in(&sql, args![repo.0], &keys(oids)).await
}

/// How far an object is from being whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Depth {
    /// Its bytes lie in its row, as a delta with so many bases below it; with none, whole.
    InRow(u16),
    /// Its bytes lie in the blob store. Nothing may stand on it.
    InBlobStore,
}

/// Which of these objects there are, and how deep.
pub(crate) async fn depths(db: &Db, repo: RepoId, oids: &[Oid]) -> Result<Vec<(Oid, Depth)>, DbError> {
    let sql = "SELECT oid, depth, content FROM git_object WHERE repo_id = $1 AND oid IN ({in})";
    let rows: Vec<(Oid, Option<i64>, Option<Sha256>)> = db.query_in(sql, args![repo.0], &keys(oids)).await?;
    let depth = |depth: Option<i64>, content: Option<Sha256>| match content {
        Some(_) => Depth::InBlobStore,
        None => Depth::InRow(depth.unwrap_or_default().clamp(0, i64::from(u16::MAX)) as u16),
    };
    Ok(rows.into_iter().map(|(oid, below, content)| (oid, depth(below, content))).collect())
}

fn keys(oids: &[Oid]) -> Vec<Value> {
    oids.iter().map(|oid| Value::from(*oid)).collect()
}

const BLOB_COLUMNS: &str = "oid, size, content, target, target_size";

pub(crate) async fn blob(db: &Db, repo: RepoId, oid: Oid) -> Result<Option<BlobRow>, DbError> {
    let sql = format!("SELECT {BLOB_COLUMNS} FROM git_object WHERE repo_id = $1 AND oid = $2");
    db.query_opt(&sql, args![repo.0, oid]).await
}

/// What listings show of many blobs, in no order.
pub(crate) async fn blobs(db: &Db, repo: RepoId, oids: &[Oid]) -> Result<Vec<BlobRow>, DbError> {
    let sql = format!("SELECT {BLOB_COLUMNS} FROM git_object WHERE repo_id = $1 AND oid IN ({{in}})");
    db.query_in(&sql, args![repo.0], &keys(oids)).await
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
            let (data, content, delta) = match &object.body {
                ObjectBody::Row(data) => (Some(data.clone()), None, None),
                ObjectBody::Delta(delta) => (Some(delta.stream.clone()), None, Some(delta)),
                ObjectBody::Content(sha256) => (None, Some(*sha256), None),
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
                Value::from(delta.map(|delta| delta.base)),
                Value::from(delta.map(|delta| delta.size as i64)),
                Value::from(delta.map(|delta| i64::from(delta.depth))),
            ]
        })
        .collect();
    const COLUMNS: [&str; 12] = [
        "repo_id",
        "oid",
        "kind",
        "size",
        "data",
        "content",
        "target",
        "target_size",
        "created_ms",
        "base",
        "delta_size",
        "depth",
    ];
    let columns = COLUMNS;
    let added = tx.insert_many("git_object", &columns, &rows, OnConflict::Ignore).await?;
    if added < rows.len() as u64 {
        // Some are there already, maybe unreachable and about to be collected: used again, they count as new.
        let oids: Vec<Oid> = objects.iter().map(|object| object.oid).collect();
        garbage::renew_objects(tx, repo, &oids, at.plus_millis(-RENEW_AFTER_MS), at).await?;
    }
    Ok(())
}
