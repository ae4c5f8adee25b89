//! Rows of `line_comment`.

use hub_core::Oid;
use hub_db::{Db, DbError, FromRow, Row, Tx, args};
use hub_repo::LineRange;

use crate::discussions::{DiscussionId, ThreadEventId};
use crate::reviews::Side;

/// A comment on lines, as its row holds it.
pub(crate) struct LineRow {
    pub(crate) event: ThreadEventId,
    pub(crate) commit: Oid,
    pub(crate) blob: Oid,
    pub(crate) path: String,
    pub(crate) side: Side,
    pub(crate) lines: LineRange,
    pub(crate) excerpt: String,
    pub(crate) applied: Option<Oid>,
}

const COLUMNS: &str = "SELECT l.event_id, l.commit_oid, l.blob_oid, l.path, l.side, l.first_line, l.last_line, l.excerpt, \
     l.applied_oid FROM line_comment l";

impl FromRow for LineRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let side: String = row.get(4)?;
        let number = |column| -> Result<u32, DbError> {
            let found: i64 = row.get(column)?;
            u32::try_from(found).map_err(|_| DbError::Decode { column, reason: format!("unexpected value {found}") })
        };
        Ok(Self {
            event: ThreadEventId(row.get(0)?),
            commit: row.get(1)?,
            blob: row.get(2)?,
            path: row.get(3)?,
            side: Side::from_word(&side)
                .ok_or_else(|| DbError::Decode { column: 4, reason: format!("unexpected value {side:?}") })?,
            lines: LineRange { first: number(5)?, last: number(6)? },
            excerpt: row.get(7)?,
            applied: row.get(8)?,
        })
    }
}

/// The comments on lines of a discussion, oldest first.
pub(crate) async fn of(db: &Db, discussion: DiscussionId) -> Result<Vec<LineRow>, DbError> {
    // Keys tell nothing of the order.
    let sql =
        format!("{COLUMNS} JOIN discussion_event e ON e.id = l.event_id WHERE l.discussion_id = $1 ORDER BY e.place");
    db.query(&sql, args![discussion.0]).await
}

pub(crate) async fn get(db: &Db, discussion: DiscussionId, event: ThreadEventId) -> Result<Option<LineRow>, DbError> {
    let sql = format!("{COLUMNS} WHERE l.discussion_id = $1 AND l.event_id = $2");
    db.query_opt(&sql, args![discussion.0, event.0]).await
}

pub(crate) async fn count(tx: &mut Tx, discussion: DiscussionId) -> Result<i64, DbError> {
    let (count,): (i64,) =
        tx.query_one("SELECT COUNT(*) FROM line_comment WHERE discussion_id = $1", args![discussion.0]).await?;
    Ok(count)
}

pub(crate) async fn insert(tx: &mut Tx, discussion: DiscussionId, row: &LineRow) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO line_comment (event_id, discussion_id, commit_oid, blob_oid, path, side, first_line, last_line, \
         excerpt) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        args![
            row.event.0,
            discussion.0,
            row.commit,
            row.blob,
            row.path.as_str(),
            row.side.word(),
            i64::from(row.lines.first),
            i64::from(row.lines.last),
            row.excerpt.as_str(),
        ],
    )
    .await?;
    Ok(())
}

/// Notes which commit applied a suggestion.
pub(crate) async fn set_applied(tx: &mut Tx, event: ThreadEventId, commit: Oid) -> Result<(), DbError> {
    tx.exec("UPDATE line_comment SET applied_oid = $2 WHERE event_id = $1", args![event.0, commit]).await?;
    Ok(())
}
