//! Rows of `piece_remark` and `piece_reaction`.

use hub_account::NamespaceId;
use hub_core::Timestamp;
use hub_db::{Db, DbError, FromRow, Row, Tx, args};

use crate::discussions::{HiddenReason, Reaction};
use crate::pieces::{PieceId, RemarkId, RemarkRow};

const COLUMNS: &str = "id, parent, author, created_ms, body, edited_ms, hidden_by, hidden_reason";

impl FromRow for RemarkRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let parent: Option<i64> = row.get(1)?;
        let hidden_by: Option<i64> = row.get(6)?;
        let reason: Option<String> = row.get(7)?;
        Ok(Self {
            id: RemarkId(row.get(0)?),
            parent: parent.map(RemarkId),
            author: NamespaceId::new(row.get(2)?),
            at: row.get(3)?,
            body: row.get(4)?,
            edited: row.get(5)?,
            hidden: hidden_by.map(|by| (NamespaceId::new(by), reason.as_deref().and_then(HiddenReason::from_word))),
        })
    }
}

/// Adds a remark to a piece that is locked, and counts it.
pub(crate) async fn insert(tx: &mut Tx, piece: PieceId, row: &RemarkRow) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO piece_remark (id, piece_id, parent, author, created_ms, body) VALUES ($1, $2, $3, $4, $5, $6)",
        args![row.id.0, piece.0, row.parent.map(|id| id.0), row.author.key(), row.at, row.body.as_str()],
    )
    .await?;
    tx.exec("UPDATE piece SET remarks = remarks + 1 WHERE id = $1", args![piece.0]).await?;
    Ok(())
}

/// Writes what has changed of a remark.
pub(crate) async fn update(tx: &mut Tx, row: &RemarkRow) -> Result<(), DbError> {
    tx.exec(
        "UPDATE piece_remark SET body = $2, edited_ms = $3, hidden_by = $4, hidden_reason = $5 WHERE id = $1",
        args![
            row.id.0,
            row.body.as_str(),
            row.edited.map(Timestamp::millis),
            row.hidden.map(|(by, _)| by.key()),
            row.hidden.and_then(|(_, reason)| reason).map(HiddenReason::word),
        ],
    )
    .await?;
    Ok(())
}

/// All remarks about a piece, in the order of time.
pub(crate) async fn of(db: &Db, piece: PieceId) -> Result<Vec<RemarkRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM piece_remark WHERE piece_id = $1 ORDER BY created_ms, id");
    db.query(&sql, args![piece.0]).await
}

pub(crate) async fn get(db: &Db, piece: PieceId, id: RemarkId) -> Result<Option<RemarkRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM piece_remark WHERE piece_id = $1 AND id = $2");
    db.query_opt(&sql, args![piece.0, id.0]).await
}

/// The same in a transaction that has locked the piece.
pub(crate) async fn get_in(tx: &mut Tx, piece: PieceId, id: RemarkId) -> Result<Option<RemarkRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM piece_remark WHERE piece_id = $1 AND id = $2");
    tx.query_opt(&sql, args![piece.0, id.0]).await
}

/// A remark with the piece that it is about.
pub(crate) async fn anywhere(tx: &mut Tx, id: RemarkId) -> Result<Option<(PieceId, RemarkRow)>, DbError> {
    let found: Option<(i64,)> = tx.query_opt("SELECT piece_id FROM piece_remark WHERE id = $1", args![id.0]).await?;
    let Some((piece,)) = found else { return Ok(None) };
    Ok(get_in(tx, PieceId(piece), id).await?.map(|row| (PieceId(piece), row)))
}

/// The piece that a remark is about.
pub(crate) async fn piece_of(db: &Db, id: RemarkId) -> Result<Option<PieceId>, DbError> {
    let found: Option<(i64,)> = db.query_opt("SELECT piece_id FROM piece_remark WHERE id = $1", args![id.0]).await?;
    Ok(found.map(|(piece,)| PieceId(piece)))
}

/// Who feels what about a piece (`None`) and the remarks about it, in the order in which they said so.
pub(crate) async fn reactions(
    db: &Db,
    piece: PieceId,
    limit: i64,
) -> Result<Vec<(Option<RemarkId>, Reaction, NamespaceId)>, DbError> {
    let rows: Vec<(i64, String, i64)> = db
        .query(
            "SELECT remark_id, reaction, user_id FROM piece_reaction WHERE piece_id = $1 \
             ORDER BY created_ms, user_id, remark_id LIMIT $2",
            args![piece.0, limit],
        )
        .await?;
    let known = |(remark, word, user): (i64, String, i64)| {
        Some(((remark != 0).then_some(RemarkId(remark)), Reaction::from_word(&word)?, NamespaceId::new(user)))
    };
    Ok(rows.into_iter().filter_map(known).collect())
}

/// Adds a reaction at a moment, or takes it back; doing so again changes nothing.
pub(crate) async fn react(
    tx: &mut Tx,
    (piece, remark): (PieceId, Option<RemarkId>),
    by: NamespaceId,
    reaction: Reaction,
    at: Option<Timestamp>,
) -> Result<(), DbError> {
    let remark = remark.map_or(0, |id| id.0);
    match at {
        Some(at) => {
            tx.exec(
                "INSERT INTO piece_reaction (piece_id, remark_id, user_id, reaction, created_ms) \
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT (piece_id, remark_id, user_id, reaction) DO NOTHING",
                args![piece.0, remark, by.key(), reaction.word(), at],
            )
            .await?
        }
        None => {
            tx.exec(
                "DELETE FROM piece_reaction WHERE piece_id = $1 AND remark_id = $2 AND user_id = $3 AND reaction = $4",
                args![piece.0, remark, by.key(), reaction.word()],
            )
            .await?
        }
    };
    Ok(())
}

/// Takes a remark what people feel about it.
pub(crate) async fn forget_reactions(tx: &mut Tx, piece: PieceId, id: RemarkId) -> Result<(), DbError> {
    tx.exec("DELETE FROM piece_reaction WHERE piece_id = $1 AND remark_id = $2", args![piece.0, id.0]).await?;
    Ok(())
}
