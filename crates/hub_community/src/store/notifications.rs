//! Rows of `notification`, `discussion_mute`, `watch` and `notification_setting`.

use hub_account::NamespaceId;
use hub_core::Timestamp;
use hub_db::{Db, DbError, FromRow, Row, Tx, Value, args};
use hub_repo::RepoId;

use crate::discussions::{DiscussionId, ThreadEventId};
use crate::notifications::{Happened, Notification, NotificationQuery, Reason, Watched};

const COLUMNS: &str = "n.discussion_id, n.repo_id, n.event_id, n.reason, n.is_read, n.updated_ms";

impl FromRow for Notification {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let reason: String = row.get(3)?;
        Ok(Self {
            discussion: DiscussionId(row.get(0)?),
            repo: RepoId::from_key(row.get(1)?),
            event: ThreadEventId(row.get(2)?),
            reason: Reason::from_word(&reason)
                .ok_or_else(|| DbError::Decode { column: 3, reason: format!("unexpected value {reason:?}") })?,
            is_read: row.get(4)?,
            updated: row.get(5)?,
        })
    }
}

/// Tells a person. A mention stays one until it is read.
pub(crate) async fn tell(tx: &mut Tx, user: NamespaceId, what: &Happened, reason: Reason) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO notification (user_id, discussion_id, repo_id, event_id, reason, is_read, updated_ms) \
         VALUES ($1, $2, $3, $4, $5, 0, $6) ON CONFLICT (user_id, discussion_id) DO UPDATE SET \
         reason = CASE WHEN notification.is_read = 0 AND notification.reason = 'mention' THEN 'mention' \
         ELSE excluded.reason END, event_id = excluded.event_id, is_read = 0, updated_ms = excluded.updated_ms",
        args![user.key(), what.discussion.id.0, what.repo.id.key(), what.event.0, reason.word(), what.at],
    )
    .await?;
    Ok(())
}

/// The conditions of a query on the rows `n` of a person, and their values.
fn conditions(user: NamespaceId, query: &NotificationQuery) -> (String, Vec<Value>) {
    let mut text = "n.user_id = $1".to_owned();
    let mut values = args![user.key()].to_vec();
    if query.unread {
        text += " AND n.is_read = 0";
    }
    match query.least {
        Reason::Watching => {}
        Reason::Participating => text += " AND n.reason <> 'watching'",
        Reason::Review => text += " AND n.reason IN ('review', 'mention')",
        Reason::Mention => text += " AND n.reason = 'mention'",
    }
    if let Some(repo) = query.repo {
        values.push(Value::from(repo.key()));
        text += &format!(" AND n.repo_id = ${}", values.len());
    }
    if let Some(until) = query.until {
        values.push(Value::from(until));
        text += &format!(" AND n.updated_ms <= ${}", values.len());
    }
    (text, values)
}

/// Rows of a person, the latest first.
pub(crate) async fn list(
    db: &Db,
    user: NamespaceId,
    query: &NotificationQuery,
    start: i64,
    limit: i64,
) -> Result<Vec<Notification>, DbError> {
    let (text, mut values) = conditions(user, query);
    values.extend([Value::from(limit), Value::from(start)]);
    let (limit, start) = (values.len() - 1, values.len());
    let sql = format!(
        "SELECT {COLUMNS} FROM notification n WHERE {text} ORDER BY n.updated_ms DESC, n.discussion_id DESC \
         LIMIT ${limit} OFFSET ${start}"
    );
    db.query(&sql, &values).await
}

/// How many rows fit.
pub(crate) async fn count(db: &Db, user: NamespaceId, query: &NotificationQuery) -> Result<u64, DbError> {
    let (text, values) = conditions(user, query);
    let sql = format!("SELECT COUNT(*) FROM notification n WHERE {text}");
    let (count,): (i64,) = db.query_one(&sql, &values).await?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// How many are unread, at most `limit`: what a page shows in its head.
pub(crate) async fn unread(db: &Db, user: NamespaceId, limit: i64) -> Result<u64, DbError> {
    let sql = "SELECT COUNT(*) FROM (SELECT 1 AS one FROM notification WHERE user_id = $1 AND is_read = 0 LIMIT $2) u";
    let (count,): (i64,) = db.query_one(sql, args![user.key(), limit]).await?;
    Ok(u64::try_from(count).unwrap_or_default())
}

pub(crate) async fn is_unread(db: &Db, user: NamespaceId, discussion: DiscussionId) -> Result<bool, DbError> {
    let sql = "SELECT 1 FROM notification WHERE user_id = $1 AND discussion_id = $2 AND is_read = 0";
    Ok(db.query_opt::<(i64,)>(sql, args![user.key(), discussion.0]).await?.is_some())
}

/// Marks rows as read or not; `None` of `discussions` means all that fit the query.
pub(crate) async fn mark(
    tx: &mut Tx,
    user: NamespaceId,
    discussions: Option<&[DiscussionId]>,
    query: &NotificationQuery,
    is_read: bool,
) -> Result<u64, DbError> {
    let act = format!("UPDATE notification AS n SET is_read = {}", i64::from(is_read));
    change(tx, user, discussions, query, &act).await
}

/// Removes rows.
pub(crate) async fn remove(
    tx: &mut Tx,
    user: NamespaceId,
    discussions: Option<&[DiscussionId]>,
    query: &NotificationQuery,
) -> Result<u64, DbError> {
    change(tx, user, discussions, query, "DELETE FROM notification AS n").await
}

async fn change(
    tx: &mut Tx,
    user: NamespaceId,
    discussions: Option<&[DiscussionId]>,
    query: &NotificationQuery,
    act: &str,
) -> Result<u64, DbError> {
    match discussions {
        None => {
            let (text, values) = conditions(user, query);
            tx.exec(&format!("{act} WHERE {text}"), &values).await
        }
        Some(discussions) => {
            let keys: Vec<Value> = discussions.iter().map(|id| Value::from(id.0)).collect();
            let sql = format!("{act} WHERE n.user_id = $1 AND n.discussion_id IN ({{in}})");
            tx.exec_in(&sql, args![user.key()], &keys).await
        }
    }
}

pub(crate) async fn mute(tx: &mut Tx, user: NamespaceId, discussion: DiscussionId, on: bool) -> Result<(), DbError> {
    let sql = match on {
        true => "INSERT INTO discussion_mute (user_id, discussion_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        false => "DELETE FROM discussion_mute WHERE user_id = $1 AND discussion_id = $2",
    };
    tx.exec(sql, args![user.key(), discussion.0]).await?;
    Ok(())
}

pub(crate) async fn is_muted(db: &Db, user: NamespaceId, discussion: DiscussionId) -> Result<bool, DbError> {
    let sql = "SELECT 1 FROM discussion_mute WHERE user_id = $1 AND discussion_id = $2";
    Ok(db.query_opt::<(i64,)>(sql, args![user.key(), discussion.0]).await?.is_some())
}

/// Who wants to hear no more of a discussion.
pub(crate) async fn muted_by(db: &Db, discussion: DiscussionId) -> Result<Vec<NamespaceId>, DbError> {
    let sql = "SELECT user_id FROM discussion_mute WHERE discussion_id = $1";
    ids(db.query(sql, args![discussion.0]).await)
}

/// Who said something in a discussion, at most `limit`.
pub(crate) async fn participants(db: &Db, discussion: DiscussionId, limit: i64) -> Result<Vec<NamespaceId>, DbError> {
    let sql =
        "SELECT author FROM discussion_event WHERE discussion_id = $1 GROUP BY author ORDER BY MIN(place) LIMIT $2";
    ids(db.query(sql, args![discussion.0, limit]).await)
}

/// Who watches one of these, at most `limit`.
pub(crate) async fn watchers(db: &Db, targets: &[i64], limit: i64) -> Result<Vec<NamespaceId>, DbError> {
    let keys: Vec<Value> = targets.iter().map(|key| Value::from(*key)).collect();
    let sql = "SELECT DISTINCT user_id FROM watch WHERE target IN ({in}) ORDER BY user_id LIMIT $1";
    ids(db.query_in(sql, args![limit], &keys).await)
}

fn ids(rows: Result<Vec<(i64,)>, DbError>) -> Result<Vec<NamespaceId>, DbError> {
    Ok(rows?.into_iter().map(|(key,)| NamespaceId::new(key)).collect())
}

/// What a person watches, the latest first, at most `limit`.
pub(crate) async fn watched(db: &Db, user: NamespaceId, limit: i64) -> Result<Vec<Watched>, DbError> {
    let sql = "SELECT kind, target FROM watch WHERE user_id = $1 ORDER BY created_ms DESC, target LIMIT $2";
    let rows: Vec<(String, i64)> = db.query(sql, args![user.key(), limit]).await?;
    Ok(rows.into_iter().filter_map(|(kind, target)| Watched::from_parts(&kind, target)).collect())
}

pub(crate) async fn is_watching(db: &Db, user: NamespaceId, what: Watched) -> Result<bool, DbError> {
    let sql = "SELECT 1 FROM watch WHERE user_id = $1 AND kind = $2 AND target = $3";
    Ok(db.query_opt::<(i64,)>(sql, args![user.key(), what.word(), what.key()]).await?.is_some())
}

pub(crate) async fn count_watched(tx: &mut Tx, user: NamespaceId) -> Result<i64, DbError> {
    let (count,): (i64,) = tx.query_one("SELECT COUNT(*) FROM watch WHERE user_id = $1", args![user.key()]).await?;
    Ok(count)
}

pub(crate) async fn watch(tx: &mut Tx, user: NamespaceId, what: Watched, now: Timestamp) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO watch (user_id, kind, target, created_ms) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        args![user.key(), what.word(), what.key(), now],
    )
    .await?;
    Ok(())
}

pub(crate) async fn unwatch(tx: &mut Tx, user: NamespaceId, what: Watched) -> Result<(), DbError> {
    let sql = "DELETE FROM watch WHERE user_id = $1 AND kind = $2 AND target = $3";
    tx.exec(sql, args![user.key(), what.word(), what.key()]).await?;
    Ok(())
}

/// What people have set, as names with whether they are on.
pub(crate) async fn settings(db: &Db, user: NamespaceId) -> Result<Vec<(String, bool)>, DbError> {
    db.query("SELECT name, is_on FROM notification_setting WHERE user_id = $1", args![user.key()]).await
}

pub(crate) async fn set(tx: &mut Tx, user: NamespaceId, name: &str, on: bool) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO notification_setting (user_id, name, is_on) VALUES ($1, $2, $3) \
         ON CONFLICT (user_id, name) DO UPDATE SET is_on = excluded.is_on",
        args![user.key(), name, on],
    )
    .await?;
    Ok(())
}

/// Who has switched something off, of these people.
pub(crate) async fn switched_off(db: &Db, name: &str, people: &[NamespaceId]) -> Result<Vec<NamespaceId>, DbError> {
    let keys: Vec<Value> = people.iter().map(|id| Value::from(id.key())).collect();
    let sql = "SELECT user_id FROM notification_setting WHERE name = $1 AND is_on = 0 AND user_id IN ({in})";
    ids(db.query_in(sql, args![name], &keys).await)
}
