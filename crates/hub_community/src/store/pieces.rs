//! Rows of `piece`, `piece_author`, `piece_reference`, `piece_upvote` and `piece_notice`.

use hub_account::NamespaceId;
use hub_core::Timestamp;
use hub_db::{Db, DbError, FromRow, Row, Tx, Value, args};
use hub_repo::RepoId;

use crate::discussions::Reaction;
use crate::notifications::Reason;
use crate::pieces::{Piece, PieceId, PieceKind, PiecePlace, PieceQuery, PieceTold, RemarkId};

const COLUMNS: &str = "id, kind, owner, author, slug, title, body, is_draft, published_ms, edited_ms, hidden_by, remarks, \
     upvotes";

impl FromRow for Piece {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let kind: String = row.get(1)?;
        let hidden_by: Option<i64> = row.get(10)?;
        let (remarks, upvotes): (i64, i64) = (row.get(11)?, row.get(12)?);
        Ok(Self {
            id: PieceId(row.get(0)?),
            kind: PieceKind::from_word(&kind)
                .ok_or_else(|| DbError::Decode { column: 1, reason: format!("unexpected value {kind:?}") })?,
            owner: NamespaceId::new(row.get(2)?),
            author: NamespaceId::new(row.get(3)?),
            slug: row.get(4)?,
            title: row.get(5)?,
            body: row.get(6)?,
            is_draft: row.get(7)?,
            published: row.get(8)?,
            edited: row.get(9)?,
            hidden_by: hidden_by.map(NamespaceId::new),
            remarks: remarks.max(0).unsigned_abs(),
            upvotes: upvotes.max(0).unsigned_abs(),
        })
    }
}

fn list(ids: &[NamespaceId]) -> String {
    ids.iter().map(|id| id.key().to_string()).collect::<Vec<_>>().join(", ")
}

/// Writes a piece; answers whether its address was free.
pub(crate) async fn insert(tx: &mut Tx, row: &Piece) -> Result<bool, DbError> {
    let written = tx
        .exec(
            "INSERT INTO piece (id, kind, owner, author, slug, title, body, is_draft, published_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (kind, owner, slug) DO NOTHING",
            args![
                row.id.0,
                row.kind.word(),
                row.owner.key(),
                row.author.key(),
                row.slug.as_str(),
                row.title.as_str(),
                row.body.as_str(),
                row.is_draft,
                row.published,
            ],
        )
        .await?;
    Ok(written == 1)
}

/// Writes what has changed of a piece.
pub(crate) async fn update(tx: &mut Tx, row: &Piece) -> Result<(), DbError> {
    tx.exec(
        "UPDATE piece SET title = $2, body = $3, is_draft = $4, published_ms = $5, edited_ms = $6 WHERE id = $1",
        args![
            row.id.0,
            row.title.as_str(),
            row.body.as_str(),
            row.is_draft,
            row.published,
            row.edited.map(Timestamp::millis),
        ],
    )
    .await?;
    Ok(())
}

/// A piece that nobody else changes until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, id: PieceId) -> Result<Option<Piece>, DbError> {
    tx.query_opt(&format!("UPDATE piece SET remarks = remarks WHERE id = $1 RETURNING {COLUMNS}"), args![id.0]).await
}

pub(crate) async fn get(db: &Db, id: PieceId) -> Result<Option<Piece>, DbError> {
    db.query_opt(&format!("SELECT {COLUMNS} FROM piece WHERE id = $1"), args![id.0]).await
}

pub(crate) async fn get_many(db: &Db, ids: &[PieceId]) -> Result<Vec<Piece>, DbError> {
    let keys: Vec<Value> = ids.iter().map(|id| Value::from(id.0)).collect();
    db.query_in(&format!("SELECT {COLUMNS} FROM piece WHERE id IN ({{in}})"), &[], &keys).await
}

pub(crate) async fn at(db: &Db, kind: PieceKind, owner: NamespaceId, slug: &str) -> Result<Option<Piece>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM piece WHERE kind = $1 AND owner = $2 AND slug = $3");
    db.query_opt(&sql, args![kind.word(), owner.key(), slug]).await
}

pub(crate) async fn delete(tx: &mut Tx, id: PieceId) -> Result<(), DbError> {
    tx.exec("DELETE FROM piece WHERE id = $1", args![id.0]).await?;
    Ok(())
}

pub(crate) async fn set_hidden(tx: &mut Tx, id: PieceId, by: Option<NamespaceId>) -> Result<(), DbError> {
    tx.exec("UPDATE piece SET hidden_by = $2 WHERE id = $1", args![id.0, by.map(NamespaceId::key)]).await?;
    Ok(())
}

/// How many pieces somebody wrote since a moment.
pub(crate) async fn count_written(db: &Db, author: NamespaceId, since: Timestamp) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) FROM piece WHERE author = $1 AND published_ms > $2";
    let (count,): (i64,) = db.query_one(sql, args![author.key(), since]).await?;
    Ok(count)
}

/// A page of what everyone may read, the latest first, without what those wrote whom the reader has blocked.
pub(crate) async fn page(
    db: &Db,
    query: &PieceQuery,
    reader: Option<NamespaceId>,
    limit: i64,
) -> Result<Vec<Piece>, DbError> {
    let after = query.after.unwrap_or(PiecePlace { at: i64::MAX, key: 0 });
    let mut values: Vec<Value> = args![query.kind.word(), after.at, after.key, limit].to_vec();
    let mut more = String::new();
    if let Some(of) = query.of {
        values.push(Value::from(of.key()));
        let place = values.len();
        more += &format!(
            " AND (owner = ${place} OR author = ${place} OR id IN (SELECT piece_id FROM piece_author WHERE user_id = ${place}))"
        );
    }
    if let Some(reader) = reader {
        values.push(Value::from(reader.key()));
        more +=
            &format!(" AND author NOT IN (SELECT blocked_id FROM person_block WHERE namespace_id = ${})", values.len());
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM piece WHERE kind = $1 AND is_draft = 0 AND hidden_by IS NULL \
         AND (published_ms, id) < ($2, $3){more} ORDER BY published_ms DESC, id DESC LIMIT $4"
    );
    db.query(&sql, &values).await
}

/// The drafts of these owners, and those that somebody writes with others, the latest first.
pub(crate) async fn drafts(
    db: &Db,
    user: NamespaceId,
    owners: &[NamespaceId],
    limit: i64,
) -> Result<Vec<Piece>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM piece WHERE is_draft = 1 AND (owner IN ({}) OR id IN \
         (SELECT piece_id FROM piece_author WHERE user_id = $1)) ORDER BY published_ms DESC, id DESC LIMIT $2",
        list(owners)
    );
    db.query(&sql, args![user.key(), limit]).await
}

/// The articles for everyone that name a repository, the latest first.
pub(crate) async fn articles_naming(db: &Db, repo: RepoId, limit: i64) -> Result<Vec<Piece>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM piece WHERE kind = 'article' AND is_draft = 0 AND hidden_by IS NULL AND id IN \
         (SELECT piece_id FROM piece_reference WHERE repo_id = $1) ORDER BY published_ms DESC, id DESC LIMIT $2"
    );
    db.query(&sql, args![repo.key(), limit]).await
}

/// Who wrote a piece beside its author, in order.
pub(crate) async fn authors(db: &Db, id: PieceId) -> Result<Vec<NamespaceId>, DbError> {
    let rows: Vec<(i64,)> =
        db.query("SELECT user_id FROM piece_author WHERE piece_id = $1 ORDER BY place", args![id.0]).await?;
    Ok(rows.into_iter().map(|(id,)| NamespaceId::new(id)).collect())
}

pub(crate) async fn set_authors(tx: &mut Tx, id: PieceId, authors: &[NamespaceId]) -> Result<(), DbError> {
    tx.exec("DELETE FROM piece_author WHERE piece_id = $1", args![id.0]).await?;
    for (place, author) in (0_i64..).zip(authors) {
        tx.exec(
            "INSERT INTO piece_author (piece_id, user_id, place) VALUES ($1, $2, $3)",
            args![id.0, author.key(), place],
        )
        .await?;
    }
    Ok(())
}

pub(crate) async fn remove_author(tx: &mut Tx, id: PieceId, author: NamespaceId) -> Result<(), DbError> {
    tx.exec("DELETE FROM piece_author WHERE piece_id = $1 AND user_id = $2", args![id.0, author.key()]).await?;
    Ok(())
}

/// The repositories that pieces name, those of each piece in their order.
pub(crate) async fn references(db: &Db, ids: &[PieceId]) -> Result<Vec<(PieceId, RepoId)>, DbError> {
    let keys: Vec<Value> = ids.iter().map(|id| Value::from(id.0)).collect();
    let sql = "SELECT piece_id, repo_id, place FROM piece_reference WHERE piece_id IN ({in})";
    let mut rows: Vec<(i64, i64, i64)> = db.query_in(sql, &[], &keys).await?;
    rows.sort_by_key(|(piece, _, place)| (*piece, *place));
    Ok(rows.into_iter().map(|(piece, repo, _)| (PieceId(piece), RepoId::from_key(repo))).collect())
}

pub(crate) async fn set_references(tx: &mut Tx, id: PieceId, repos: &[RepoId]) -> Result<(), DbError> {
    tx.exec("DELETE FROM piece_reference WHERE piece_id = $1", args![id.0]).await?;
    for (place, repo) in (0_i64..).zip(repos) {
        tx.exec(
            "INSERT INTO piece_reference (piece_id, repo_id, place) VALUES ($1, $2, $3)",
            args![id.0, repo.key(), place],
        )
        .await?;
    }
    Ok(())
}

/// How many feel what about pieces themselves.
pub(crate) async fn reaction_counts(db: &Db, ids: &[PieceId]) -> Result<Vec<(PieceId, Reaction, u64)>, DbError> {
    let keys: Vec<Value> = ids.iter().map(|id| Value::from(id.0)).collect();
    let sql = "SELECT piece_id, reaction, COUNT(*) FROM piece_reaction WHERE remark_id = 0 AND piece_id IN ({in}) \
               GROUP BY piece_id, reaction";
    let rows: Vec<(i64, String, i64)> = db.query_in(sql, &[], &keys).await?;
    let known = |(piece, word, count): (i64, String, i64)| {
        Some((PieceId(piece), Reaction::from_word(&word)?, count.unsigned_abs()))
    };
    Ok(rows.into_iter().filter_map(known).collect())
}

pub(crate) async fn has_upvoted(db: &Db, id: PieceId, user: NamespaceId) -> Result<bool, DbError> {
    let sql = "SELECT created_ms FROM piece_upvote WHERE piece_id = $1 AND user_id = $2";
    Ok(db.query_opt::<(i64,)>(sql, args![id.0, user.key()]).await?.is_some())
}

/// Adds a vote or takes it back, and keeps the count.
pub(crate) async fn upvote(
    tx: &mut Tx,
    id: PieceId,
    user: NamespaceId,
    on: bool,
    now: Timestamp,
) -> Result<(), DbError> {
    let changed = match on {
        true => {
            tx.exec(
                "INSERT INTO piece_upvote (piece_id, user_id, created_ms) VALUES ($1, $2, $3) \
                 ON CONFLICT (piece_id, user_id) DO NOTHING",
                args![id.0, user.key(), now],
            )
            .await?
        }
        false => {
            tx.exec("DELETE FROM piece_upvote WHERE piece_id = $1 AND user_id = $2", args![id.0, user.key()]).await?
        }
    };
    if changed == 1 {
        let delta: i64 = if on { 1 } else { -1 };
        tx.exec("UPDATE piece SET upvotes = upvotes + $2 WHERE id = $1", args![id.0, delta]).await?;
    }
    Ok(())
}

/// Tells a person of a piece. A mention stays one until it is looked at.
pub(crate) async fn tell(tx: &mut Tx, told: &PieceTold) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO piece_notice (user_id, piece_id, remark_id, reason, is_read, updated_ms) \
         SELECT $1, id, $3, $4, 0, $5 FROM piece WHERE id = $2 ON CONFLICT (user_id, piece_id) DO UPDATE SET \
         reason = CASE WHEN piece_notice.is_read = 0 AND piece_notice.reason = 'mention' THEN 'mention' \
         ELSE excluded.reason END, remark_id = excluded.remark_id, is_read = 0, updated_ms = excluded.updated_ms",
        args![told.who.key(), told.piece.0, told.remark.map_or(0, |id| id.0), told.reason.word(), told.at],
    )
    .await?;
    Ok(())
}

/// What somebody was told of and has not looked at, the latest first.
pub(crate) async fn notices(
    db: &Db,
    user: NamespaceId,
    limit: i64,
) -> Result<Vec<(PieceId, Option<RemarkId>, Reason, Timestamp)>, DbError> {
    let rows: Vec<(i64, i64, String, Timestamp)> = db
        .query(
            "SELECT piece_id, remark_id, reason, updated_ms FROM piece_notice WHERE user_id = $1 AND is_read = 0 \
             ORDER BY updated_ms DESC, piece_id DESC LIMIT $2",
            args![user.key(), limit],
        )
        .await?;
    let notice = |(piece, remark, reason, at): (i64, i64, String, Timestamp)| {
        Some((PieceId(piece), (remark != 0).then_some(RemarkId(remark)), Reason::from_word(&reason)?, at))
    };
    Ok(rows.into_iter().filter_map(notice).collect())
}

/// Of how many pieces somebody has news, counted up to a limit.
pub(crate) async fn unread_notices(db: &Db, user: NamespaceId, limit: i64) -> Result<u64, DbError> {
    let sql = "SELECT COUNT(*) FROM (SELECT 1 AS one FROM piece_notice WHERE user_id = $1 AND is_read = 0 LIMIT $2) n";
    let (count,): (i64,) = db.query_one(sql, args![user.key(), limit]).await?;
    Ok(count.max(0).unsigned_abs())
}

pub(crate) async fn is_notice_unread(db: &Db, user: NamespaceId, piece: PieceId) -> Result<bool, DbError> {
    let sql = "SELECT updated_ms FROM piece_notice WHERE user_id = $1 AND piece_id = $2 AND is_read = 0";
    Ok(db.query_opt::<(i64,)>(sql, args![user.key(), piece.0]).await?.is_some())
}

/// Marks what somebody was told as read: of one piece, or of all, up to a moment.
pub(crate) async fn mark_notices(
    tx: &mut Tx,
    user: NamespaceId,
    piece: Option<PieceId>,
    until: Timestamp,
) -> Result<(), DbError> {
    let sql = "UPDATE piece_notice SET is_read = 1 WHERE user_id = $1 AND updated_ms <= $2";
    match piece {
        Some(piece) => tx.exec(&format!("{sql} AND piece_id = $3"), args![user.key(), until, piece.0]).await?,
        None => tx.exec(sql, args![user.key(), until]).await?,
    };
    Ok(())
}
