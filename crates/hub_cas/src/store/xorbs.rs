//! Rows of `cas_xorb`.

use hub_blob::{CopyId, ObjectKey};
use hub_core::{Timestamp, XetHash};
use hub_db::{Db, DbError, FromRow, Row, Tx, args};
use hub_formats::xet::xorb::{XorbTable, footer_bytes};

use super::keys;

/// A checked xorb.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct XorbRow {
    pub(crate) hash: XetHash,
    pub(crate) generation: CopyId,
    pub(crate) chunks: u32,
    pub(crate) body_bytes: u64,
    pub(crate) content_bytes: u64,
    pub(crate) touched: Timestamp,
    pub(crate) condemned: Option<Timestamp>,
}

impl XorbRow {
    /// The row of a xorb that was checked just now.
    pub(crate) fn new(table: &XorbTable, generation: CopyId, now: Timestamp) -> Self {
        let bounds = table.bounds();
        Self {
            hash: table.hash(),
            generation,
            chunks: bounds.count(),
            body_bytes: bounds.body_bytes(),
            content_bytes: bounds.content_bytes(),
            touched: now,
            condemned: None,
        }
    }

    /// Where its bytes lie.
    pub(crate) fn key(&self) -> ObjectKey {
        ObjectKey::Xorb { hash: self.hash, generation: self.generation.clone() }
    }

    /// The length of the object: body and footer.
    pub(crate) fn stored_bytes(&self) -> u64 {
        self.body_bytes + footer_bytes(self.chunks as usize) as u64
    }
}

const COLUMNS: &str = "hash, generation, chunks, body_bytes, content_bytes, touched_ms, condemned_ms";

impl FromRow for XorbRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let generation: String = row.get(1)?;
        Ok(Self {
            hash: row.get(0)?,
            generation: generation
                .parse()
                .map_err(|_| DbError::Decode { column: 1, reason: "no generation".to_owned() })?,
            chunks: u32::try_from(row.get::<i64>(2)?)
                .map_err(|_| DbError::Decode { column: 2, reason: "no count of chunks".to_owned() })?,
            body_bytes: row.get::<i64>(3)?.max(0) as u64,
            content_bytes: row.get::<i64>(4)?.max(0) as u64,
            touched: row.get(5)?,
            condemned: row.get(6)?,
        })
    }
}

pub(crate) async fn get(db: &Db, hash: &XetHash) -> Result<Option<XorbRow>, DbError> {
    db.query_opt(&format!("SELECT {COLUMNS} FROM cas_xorb WHERE hash = $1"), args![hash]).await
}

/// The rows that there are of these xorbs, in no particular order.
pub(crate) async fn get_many(db: &Db, hashes: impl IntoIterator<Item = &XetHash>) -> Result<Vec<XorbRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM cas_xorb WHERE hash IN ({{in}})");
    db.query_in(&sql, args![], &keys(hashes)).await
}

/// A page of all xorbs, in the order of their hashes.
pub(crate) async fn after(db: &Db, after: &[u8], limit: i64) -> Result<Vec<XorbRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM cas_xorb WHERE hash > $1 ORDER BY hash LIMIT $2");
    db.query(&sql, args![after, limit]).await
}

/// States that a xorb is here. If it was here before, that one stays, and is brought back if it was condemned; answers
/// the generation that holds.
pub(crate) async fn insert(tx: &mut Tx, row: &XorbRow) -> Result<CopyId, DbError> {
    let sql = "INSERT INTO cas_xorb (hash, generation, chunks, body_bytes, content_bytes, touched_ms) \
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (hash) DO UPDATE \
               SET touched_ms = excluded.touched_ms, condemned_ms = NULL RETURNING generation";
    let (body, content) = (row.body_bytes as i64, row.content_bytes as i64);
    let (generation,): (String,) =
        tx.query_one(sql, args![row.hash, row.generation.as_str(), row.chunks, body, content, row.touched]).await?;
    generation.parse().map_err(|_| DbError::Decode { column: 0, reason: "no generation".to_owned() })
}

/// Mentions xorbs: they stay from now on for as long as clients remember them, and come back if they were condemned. The
/// rows stay locked until the transaction ends. Answers how many there are.
pub(crate) async fn touch(
    tx: &mut Tx,
    hashes: impl IntoIterator<Item = &XetHash>,
    now: Timestamp,
) -> Result<u64, DbError> {
    let sql = "UPDATE cas_xorb SET touched_ms = $1, condemned_ms = NULL WHERE hash IN ({in})";
    tx.exec_in(sql, args![now], &keys(hashes)).await
}

/// Mentions those of the xorbs that are live.
pub(crate) async fn touch_live(
    tx: &mut Tx,
    hashes: impl IntoIterator<Item = &XetHash>,
    now: Timestamp,
) -> Result<u64, DbError> {
    let sql = "UPDATE cas_xorb SET touched_ms = $1 WHERE condemned_ms IS NULL AND hash IN ({in})";
    tx.exec_in(sql, args![now], &keys(hashes)).await
}

/// Whether a row names this generation of a xorb.
pub(crate) async fn is_named(db: &Db, hash: &XetHash, generation: &CopyId) -> Result<bool, DbError> {
    let row: Option<(i64,)> = db
        .query_opt("SELECT 1 FROM cas_xorb WHERE hash = $1 AND generation = $2", args![hash, generation.as_str()])
        .await?;
    Ok(row.is_some())
}
