//! Listings of buckets: files and folders together, in order, a page at a time.

use hub_core::{Sha256, Timestamp, XetHash};
use hub_db::{Db, DbError, FromRow, Row, Value};

use crate::RepoId;
use crate::bucket::{BucketEntry, BucketFile, BucketListing, BucketOrder, BucketPlace, ModifiedAt};
use crate::store::buckets::FILE_COLUMNS;

/// What stands in a row that is a folder for the columns of a file, `path` and `uploaded_ms` aside.
const NO_FILE: &str = "CAST(0 AS BIGINT), CAST(NULL AS BYTEA), CAST(NULL AS BYTEA), CAST(NULL AS BIGINT), \
     CAST(0 AS BIGINT), CAST(NULL AS TEXT)";

struct EntryRow(BucketEntry);

impl FromRow for EntryRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let (path, uploaded): (String, Timestamp) = (row.get(0)?, row.get(1)?);
        let sha256: Option<Sha256> = row.get(3)?;
        let xet: Option<XetHash> = row.get(4)?;
        let (Some(sha256), Some(xet)) = (sha256, xet) else { return Ok(Self(BucketEntry::Folder { path, uploaded })) };
        let millis: Option<i64> = row.get(5)?;
        let nanos: i64 = row.get(6)?;
        Ok(Self(BucketEntry::File(BucketFile {
            path,
            uploaded,
            size: row.get::<i64>(2)?.max(0) as u64,
            sha256,
            xet,
            modified: millis
                .map(|millis| ModifiedAt { at: Timestamp::from_millis(millis), nanos: nanos.clamp(0, 999_999) as u32 }),
            content_type: row.get(7)?,
        })))
    }
}

/// Text that stands behind every other text with the same beginning.
fn beyond(prefix: &str) -> String {
    format!("{prefix}\u{10ffff}")
}

/// The parts of the question, with their values.
struct Question {
    values: Vec<Value>,
    parts: Vec<String>,
    order: String,
    after: String,
}

impl Question {
    fn new(repo: RepoId, listing: &BucketListing<'_>, limit: i64) -> Self {
        let mut values = vec![Value::from(repo.key()), Value::from(limit)];
        let (direction, sign) = if listing.ascending { ("ASC", ">") } else { ("DESC", "<") };
        let (order, after) = match (listing.order, &listing.after) {
            (BucketOrder::Path, after) => {
                let after = after.as_ref().map(|place| {
                    values.push(Value::from(&place.path));
                    format!(" AND path {sign} $3")
                });
                (format!("path {direction}"), after)
            }
            (BucketOrder::Uploaded, after) => {
                let after = after.as_ref().map(|place| {
                    values.extend([Value::from(place.uploaded), Value::from(&place.path)]);
                    format!(" AND (uploaded_ms, path) {sign} ($3, $4)")
                });
                (format!("uploaded_ms {direction}, path {direction}"), after)
            }
        };
        Self { values, parts: Vec::new(), order, after: after.unwrap_or_default() }
    }

    fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    fn files(&mut self, condition: &str) {
        self.part(&format!("SELECT {FILE_COLUMNS} FROM bucket_file"), condition);
    }

    fn folders(&mut self, condition: &str) {
        self.part(&format!("SELECT path, uploaded_ms, {NO_FILE} FROM bucket_folder"), condition);
    }

    fn part(&mut self, select: &str, condition: &str) {
        let (order, after) = (&self.order, &self.after);
        let sql = format!("{select} WHERE repo_id = $1{condition}{after} ORDER BY {order} LIMIT $2");
        self.parts.push(format!("SELECT * FROM ({sql}) part{}", self.parts.len()));
    }

    fn sql(&self) -> String {
        format!("{} ORDER BY {} LIMIT $2", self.parts.join(" UNION ALL "), self.order)
    }
}

/// A page of a listing: at most `limit` entries after its place.
pub(crate) async fn page(
    db: &Db,
    repo: RepoId,
    listing: &BucketListing<'_>,
    limit: i64,
) -> Result<Vec<BucketEntry>, DbError> {
    let mut question = Question::new(repo, listing, limit);
    let prefix = listing.prefix;
    if listing.recursive {
        let mut condition = String::new();
        if !prefix.is_empty() {
            let (from, to) = (question.value(prefix), question.value(beyond(prefix)));
            condition = format!(" AND path >= {from} AND path < {to}");
        }
        question.files(&condition);
    } else {
        // What lies in the folder that the prefix names in full.
        let folder = question.value(prefix.trim_end_matches('/'));
        let inside = format!(" AND folder = {folder}");
        question.files(&inside);
        question.folders(&inside);
        if !prefix.is_empty() && !prefix.ends_with('/') {
            // What begins with it beside that folder, which itself is shown by what lies in it.
            let parent = question.value(prefix.rsplit_once('/').map_or("", |(parent, _)| parent));
            let to = question.value(beyond(prefix));
            let beside = format!(" AND folder = {parent} AND path >= {folder} AND path < {to}");
            question.files(&beside);
            question.folders(&format!("{beside} AND path <> {folder}"));
        }
    }
    let rows: Vec<EntryRow> = db.query(&question.sql(), &question.values).await?;
    Ok(rows.into_iter().map(|EntryRow(entry)| entry).collect())
}

impl BucketEntry {
    /// Where it stands in a listing.
    pub(crate) fn place(&self) -> BucketPlace {
        match self {
            BucketEntry::File(file) => BucketPlace { path: file.path.clone(), uploaded: file.uploaded },
            BucketEntry::Folder { path, uploaded } => BucketPlace { path: path.clone(), uploaded: *uploaded },
        }
    }
}
