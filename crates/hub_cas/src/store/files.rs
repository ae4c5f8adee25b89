//! Rows of `cas_file`, `cas_segment` and `cas_use`: proven files and what they are made of.

use std::collections::BTreeMap;

use hub_core::{Sha256, Timestamp, XetHash};
use hub_db::{Db, DbError, FromRow, OnConflict, Row, Tx, Value, args};
use hub_formats::xet::shard::Term;

use super::keys;
use super::terms::{Segment, decode, encode, segments};

/// A proven file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FileRow {
    pub(crate) hash: XetHash,
    pub(crate) size: u64,
    pub(crate) sha256: Sha256,
}

impl FromRow for FileRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self { hash: row.get(0)?, size: row.get::<i64>(1)?.max(0) as u64, sha256: row.get(2)? })
    }
}

pub(crate) async fn get(db: &Db, hash: &XetHash) -> Result<Option<FileRow>, DbError> {
    db.query_opt("SELECT hash, size, sha256 FROM cas_file WHERE hash = $1", args![hash]).await
}

/// The rows that there are of these files, in no particular order.
pub(crate) async fn get_many(db: &Db, hashes: impl IntoIterator<Item = &XetHash>) -> Result<Vec<FileRow>, DbError> {
    db.query_in("SELECT hash, size, sha256 FROM cas_file WHERE hash IN ({in})", args![], &keys(hashes)).await
}

/// A page of all files, in the order of their hashes.
pub(crate) async fn after(db: &Db, after: &[u8], limit: i64) -> Result<Vec<FileRow>, DbError> {
    let sql = "SELECT hash, size, sha256 FROM cas_file WHERE hash > $1 ORDER BY hash LIMIT $2";
    db.query(sql, args![after, limit]).await
}

/// States that a file is proven. If it was so before, perhaps made of other terms, those stay.
pub(crate) async fn insert(tx: &mut Tx, row: &FileRow, terms: &[Term], now: Timestamp) -> Result<(), DbError> {
    let sql =
        "INSERT INTO cas_file (hash, size, sha256, touched_ms) VALUES ($1, $2, $3, $4) ON CONFLICT (hash) DO NOTHING";
    if tx.exec(sql, args![row.hash, row.size as i64, row.sha256, now]).await? == 0 {
        return match touch(tx, &row.hash, now).await? {
            true => Ok(()),
            // Its collection came in between: the whole transaction succeeds when it is tried again.
            false => Err(DbError::Conflict("a file was collected while it was registered".into())),
        };
    }
    let mut segment_rows: Vec<Vec<Value>> = Vec::new();
    let mut uses: BTreeMap<XetHash, i64> = BTreeMap::new();
    for Segment { start, size, terms } in segments(terms) {
        segment_rows.push(vec![row.hash.into(), (start as i64).into(), (size as i64).into(), encode(&terms).into()]);
        for term in terms {
            uses.entry(term.xorb).or_insert(start as i64);
        }
    }
    tx.insert_many("cas_segment", &["file", "start", "size", "terms"], &segment_rows, OnConflict::Fail).await?;
    let use_rows: Vec<Vec<Value>> =
        uses.into_iter().map(|(xorb, start)| vec![xorb.into(), row.hash.into(), start.into()]).collect();
    tx.insert_many("cas_use", &["xorb", "file", "start"], &use_rows, OnConflict::Fail).await?;
    Ok(())
}

/// Mentions a file, which holds its collection off; answers whether it is there. The row stays locked until the
/// transaction ends.
pub(crate) async fn touch(tx: &mut Tx, hash: &XetHash, now: Timestamp) -> Result<bool, DbError> {
    Ok(tx.exec("UPDATE cas_file SET touched_ms = $2 WHERE hash = $1", args![hash, now]).await? == 1)
}

struct SegmentRow(Segment);

impl FromRow for SegmentRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let terms: Vec<u8> = row.get(2)?;
        Ok(Self(Segment {
            start: row.get::<i64>(0)?.max(0) as u64,
            size: row.get::<i64>(1)?.max(0) as u64,
            terms: decode(&terms, 2)?,
        }))
    }
}

/// The segments that have bytes from `from` on and before `to`, at most `limit` of them.
pub(crate) async fn segments_of(
    db: &Db,
    file: &XetHash,
    from: u64,
    to: u64,
    limit: i64,
) -> Result<Vec<Segment>, DbError> {
    let (from, to) = (i64::try_from(from).unwrap_or(i64::MAX), i64::try_from(to).unwrap_or(i64::MAX));
    let rows: Vec<SegmentRow> = db
        .query(
            "SELECT start, size, terms FROM cas_segment WHERE file = $1 AND start < $3 AND start + size > $2 \
             ORDER BY start LIMIT $4",
            args![file, from, to, limit],
        )
        .await?;
    Ok(rows.into_iter().map(|SegmentRow(segment)| segment).collect())
}

/// Files that use a xorb, and where in each the segment begins that does so first. Of a few such files, those of which the
/// most follows, and of versions of one size the latest.
pub(crate) async fn users_of(db: &Db, xorb: &XetHash, limit: i64) -> Result<Vec<(XetHash, u64)>, DbError> {
    let rows: Vec<(XetHash, i64)> = db
        .query(
            "SELECT u.file, u.start FROM (SELECT file, start FROM cas_use WHERE xorb = $1 LIMIT 16) u \
             JOIN cas_file f ON f.hash = u.file ORDER BY f.size - u.start DESC, f.touched_ms DESC LIMIT $2",
            args![xorb, limit],
        )
        .await?;
    Ok(rows.into_iter().map(|(file, start)| (file, start.max(0) as u64)).collect())
}
