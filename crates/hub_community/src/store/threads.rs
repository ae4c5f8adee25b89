//! Rows of `discussion_event`, `discussion_edit` and `discussion_reaction`.

use hub_account::NamespaceId;
use hub_core::Timestamp;
use hub_db::{Db, DbError, FromRow, Row, Tx, args};

use crate::discussions::{DiscussionId, Edition, HiddenReason, Reaction, ThreadEventId};

/// What kind of thing happened, as rows and the API spell it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Comment,
    Status,
    Title,
    Pinning,
    Locking,
    RefDeleted,
}

impl Kind {
    const ALL: [Self; 6] = [Self::Comment, Self::Status, Self::Title, Self::Pinning, Self::Locking, Self::RefDeleted];

    fn word(self) -> &'static str {
        match self {
            Self::Comment => "comment",
            Self::Status => "status-change",
            Self::Title => "title-change",
            Self::Pinning => "pinning-change",
            Self::Locking => "locking-change",
            Self::RefDeleted => "ref-deleted",
        }
    }
}

/// An event about to be written.
pub(crate) struct NewEvent<'a> {
    pub(crate) id: i64,
    pub(crate) discussion: DiscussionId,
    pub(crate) place: i64,
    pub(crate) author: NamespaceId,
    pub(crate) kind: Kind,
    pub(crate) at: Timestamp,
    pub(crate) body: Option<&'a str>,
    pub(crate) old: &'a str,
    pub(crate) new: &'a str,
}

impl<'a> NewEvent<'a> {
    pub(crate) fn comment(
        id: i64,
        discussion: DiscussionId,
        place: i64,
        author: NamespaceId,
        body: &'a str,
        at: Timestamp,
    ) -> Self {
        Self { id, discussion, place, author, kind: Kind::Comment, at, body: Some(body), old: "", new: "" }
    }
}

pub(crate) async fn insert(tx: &mut Tx, event: &NewEvent<'_>) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO discussion_event (id, discussion_id, place, author, kind, created_ms, body, old_value, new_value) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        args![
            event.id,
            event.discussion.0,
            event.place,
            event.author.key(),
            event.kind.word(),
            event.at,
            event.body,
            event.old,
            event.new,
        ],
    )
    .await?;
    Ok(())
}

/// An event as its row holds it.
pub(crate) struct EventRow {
    pub(crate) id: ThreadEventId,
    pub(crate) author: NamespaceId,
    pub(crate) kind: Kind,
    pub(crate) at: Timestamp,
    pub(crate) body: Option<String>,
    pub(crate) old: String,
    pub(crate) new: String,
    pub(crate) edits: i64,
    pub(crate) edited: Option<(Timestamp, NamespaceId)>,
    pub(crate) hidden: Option<(NamespaceId, Option<HiddenReason>)>,
}

const COLUMNS: &str = "id, author, kind, created_ms, body, old_value, new_value, edits, edited_ms, edited_by, hidden_by, \
     hidden_reason";

impl FromRow for EventRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let kind: String = row.get(2)?;
        let edited_ms: Option<i64> = row.get(8)?;
        let edited_by: Option<i64> = row.get(9)?;
        let hidden_by: Option<i64> = row.get(10)?;
        let reason: Option<String> = row.get(11)?;
        Ok(Self {
            id: ThreadEventId(row.get(0)?),
            author: NamespaceId::new(row.get(1)?),
            kind: Kind::ALL
                .into_iter()
                .find(|known| known.word() == kind)
                .ok_or_else(|| DbError::Decode { column: 2, reason: format!("unexpected value {kind:?}") })?,
            at: row.get(3)?,
            body: row.get(4)?,
            old: row.get(5)?,
            new: row.get(6)?,
            edits: row.get(7)?,
            edited: edited_ms.zip(edited_by).map(|(at, by)| (Timestamp::from_millis(at), NamespaceId::new(by))),
            hidden: hidden_by.map(|by| (NamespaceId::new(by), reason.as_deref().and_then(HiddenReason::from_word))),
        })
    }
}

/// Everything that happened in a discussion, in order.
pub(crate) async fn of(db: &Db, discussion: DiscussionId) -> Result<Vec<EventRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM discussion_event WHERE discussion_id = $1 ORDER BY place");
    db.query(&sql, args![discussion.0]).await
}

/// One event of a discussion.
pub(crate) async fn get(db: &Db, discussion: DiscussionId, id: ThreadEventId) -> Result<Option<EventRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM discussion_event WHERE discussion_id = $1 AND id = $2");
    db.query_opt(&sql, args![discussion.0, id.0]).await
}

/// The same in a transaction that has locked the discussion.
pub(crate) async fn get_in(
    tx: &mut Tx,
    discussion: DiscussionId,
    id: ThreadEventId,
) -> Result<Option<EventRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM discussion_event WHERE discussion_id = $1 AND id = $2");
    tx.query_opt(&sql, args![discussion.0, id.0]).await
}

/// Gives a comment another text and keeps what it said.
pub(crate) async fn edit(
    tx: &mut Tx,
    row: &EventRow,
    body: &str,
    by: NamespaceId,
    at: Timestamp,
) -> Result<(), DbError> {
    let (written, writer) = row.edited.unwrap_or((row.at, row.author));
    tx.exec(
        "INSERT INTO discussion_edit (event_id, place, author, written_ms, body) VALUES ($1, $2, $3, $4, $5)",
        args![row.id.0, row.edits, writer.key(), written, row.body.as_deref().unwrap_or_default()],
    )
    .await?;
    tx.exec(
        "UPDATE discussion_event SET body = $2, edits = edits + 1, edited_ms = $3, edited_by = $4 WHERE id = $1",
        args![row.id.0, body, at, by.key()],
    )
    .await?;
    Ok(())
}

/// Gives a hidden comment a text again.
pub(crate) async fn restore(tx: &mut Tx, id: ThreadEventId, body: &str) -> Result<(), DbError> {
    tx.exec(
        "UPDATE discussion_event SET body = $2, hidden_by = NULL, hidden_reason = NULL WHERE id = $1",
        args![id.0, body],
    )
    .await?;
    Ok(())
}

/// Takes a comment its text, all that it said before, and its reactions.
pub(crate) async fn hide(
    tx: &mut Tx,
    id: ThreadEventId,
    by: NamespaceId,
    reason: Option<HiddenReason>,
) -> Result<(), DbError> {
    tx.exec("DELETE FROM discussion_edit WHERE event_id = $1", args![id.0]).await?;
    tx.exec("DELETE FROM discussion_reaction WHERE event_id = $1", args![id.0]).await?;
    tx.exec(
        "UPDATE discussion_event SET body = '', edits = 0, edited_ms = NULL, edited_by = NULL, hidden_by = $2, \
         hidden_reason = $3 WHERE id = $1",
        args![id.0, by.key(), reason.map(HiddenReason::word)],
    )
    .await?;
    Ok(())
}

/// What the comments of a discussion said before, each with the comment, oldest first.
pub(crate) async fn editions(db: &Db, discussion: DiscussionId) -> Result<Vec<(ThreadEventId, Edition)>, DbError> {
    let rows: Vec<(i64, i64, Timestamp, String)> = db
        .query(
            "SELECT e.event_id, e.author, e.written_ms, e.body FROM discussion_edit e \
             JOIN discussion_event v ON v.id = e.event_id WHERE v.discussion_id = $1 ORDER BY e.event_id, e.place",
            args![discussion.0],
        )
        .await?;
    let edition = |(event, author, written, body)| {
        (ThreadEventId(event), Edition { author: NamespaceId::new(author), written, body })
    };
    Ok(rows.into_iter().map(edition).collect())
}

/// Who reacted how to which comment of a discussion, in the order in which they did.
pub(crate) async fn reactions(
    db: &Db,
    discussion: DiscussionId,
) -> Result<Vec<(ThreadEventId, Reaction, NamespaceId)>, DbError> {
    let rows: Vec<(i64, String, i64)> = db
        .query(
            "SELECT event_id, reaction, user_id FROM discussion_reaction WHERE discussion_id = $1 \
             ORDER BY created_ms, user_id",
            args![discussion.0],
        )
        .await?;
    let known = rows.into_iter().filter_map(|(event, word, user)| {
        Some((ThreadEventId(event), Reaction::from_word(&word)?, NamespaceId::new(user)))
    });
    Ok(known.collect())
}

/// Adds a reaction or takes it back; doing so again changes nothing.
pub(crate) async fn react(
    tx: &mut Tx,
    discussion: DiscussionId,
    event: ThreadEventId,
    by: NamespaceId,
    reaction: Reaction,
    on: bool,
    at: Timestamp,
) -> Result<(), DbError> {
    if on {
        tx.exec(
            "INSERT INTO discussion_reaction (event_id, user_id, reaction, discussion_id, created_ms) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (event_id, user_id, reaction) DO NOTHING",
            args![event.0, by.key(), reaction.word(), discussion.0, at],
        )
        .await?;
    } else {
        tx.exec(
            "DELETE FROM discussion_reaction WHERE event_id = $1 AND user_id = $2 AND reaction = $3",
            args![event.0, by.key(), reaction.word()],
        )
        .await?;
    }
    Ok(())
}

/// Counts anew how many people reacted in a discussion that is locked.
pub(crate) async fn count_reactors(tx: &mut Tx, discussion: DiscussionId) -> Result<(), DbError> {
    tx.exec(
        "UPDATE discussion SET reactors = \
         (SELECT COUNT(DISTINCT user_id) FROM discussion_reaction WHERE discussion_id = $1) WHERE id = $1",
        args![discussion.0],
    )
    .await?;
    Ok(())
}
