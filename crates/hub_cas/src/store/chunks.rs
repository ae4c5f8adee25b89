//! Rows of `cas_chunk`: where the chunks are that clients ask for.

use hub_core::XetHash;
use hub_db::{Db, DbError, OnConflict, Tx, Value, args};

use super::keys;

/// A chunk's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ChunkPlace {
    pub(crate) chunk: XetHash,
    pub(crate) xorb: XetHash,
    pub(crate) place: u32,
}

pub(crate) async fn insert(tx: &mut Tx, places: &[ChunkPlace]) -> Result<(), DbError> {
    let rows: Vec<Vec<Value>> =
        places.iter().map(|place| vec![place.chunk.into(), place.xorb.into(), place.place.into()]).collect();
    tx.insert_many("cas_chunk", &["chunk", "xorb", "place"], &rows, OnConflict::Ignore).await?;
    Ok(())
}

/// The live xorb that has a chunk; of several, the one that was mentioned last.
pub(crate) async fn find(db: &Db, chunk: &XetHash) -> Result<Option<XetHash>, DbError> {
    let row: Option<(XetHash,)> = db
        .query_opt(
            "SELECT c.xorb FROM cas_chunk c JOIN cas_xorb x ON x.hash = c.xorb \
             WHERE c.chunk = $1 AND x.condemned_ms IS NULL ORDER BY x.touched_ms DESC LIMIT 1",
            args![chunk],
        )
        .await?;
    Ok(row.map(|(xorb,)| xorb))
}

/// Live xorbs that have some of these chunks, each once, at most `limit` of them for each few hundred chunks.
pub(crate) async fn xorbs_with(
    db: &Db,
    chunks: impl IntoIterator<Item = &XetHash>,
    limit: i64,
) -> Result<Vec<XetHash>, DbError> {
    let rows: Vec<(XetHash,)> = db
        .query_in(
            "SELECT DISTINCT c.xorb FROM cas_chunk c JOIN cas_xorb x ON x.hash = c.xorb \
             WHERE x.condemned_ms IS NULL AND c.chunk IN ({in}) LIMIT $1",
            args![limit],
            &keys(chunks),
        )
        .await?;
    Ok(rows.into_iter().map(|(xorb,)| xorb).collect())
}
