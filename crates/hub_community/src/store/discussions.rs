//! Rows of `discussion` and `discussion_counter`.

use std::collections::HashMap;

use hub_account::NamespaceId;
use hub_core::{ThreadNumber, Timestamp};
use hub_db::{Db, DbError, FromRow, Row, Tx, Value, args};
use hub_repo::RepoId;

use crate::discussions::{
    Discussion, DiscussionFilter, DiscussionId, DiscussionQuery, DiscussionSort, Reaction, Status,
};

const COLUMNS: &str = "id, num, author, title, is_pull, status, pinned, locked, created_ms, comments, reactors";

impl FromRow for Discussion {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let status: String = row.get(5)?;
        Ok(Self {
            id: DiscussionId(row.get(0)?),
            number: ThreadNumber::new(row.get(1)?),
            author: NamespaceId::new(row.get(2)?),
            title: row.get(3)?,
            is_pull: row.get(4)?,
            status: Status::from_word(&status)
                .ok_or_else(|| DbError::Decode { column: 5, reason: format!("unexpected value {status:?}") })?,
            pinned: row.get(6)?,
            locked: row.get(7)?,
            created: row.get(8)?,
            comments: row.get(9)?,
            reactors: row.get(10)?,
        })
    }
}

/// The next number of a repository. Who else wants one waits until the transaction ends.
pub(crate) async fn next_number(tx: &mut Tx, repo: RepoId) -> Result<ThreadNumber, DbError> {
    let (number,): (i64,) = tx
        .query_one(
            "INSERT INTO discussion_counter (repo_id, last_num) VALUES ($1, 1) \
             ON CONFLICT (repo_id) DO UPDATE SET last_num = discussion_counter.last_num + 1 RETURNING last_num",
            args![repo.key()],
        )
        .await?;
    Ok(ThreadNumber::new(number))
}

pub(crate) async fn insert(tx: &mut Tx, repo: RepoId, row: &Discussion) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO discussion (id, repo_id, num, author, title, title_key, is_pull, status, created_ms, changed_ms, \
         events, comments) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, 1, 1)",
        args![
            row.id.0,
            repo.key(),
            row.number.get(),
            row.author.key(),
            row.title.as_str(),
            row.title.to_lowercase(),
            row.is_pull,
            row.status.word(),
            row.created,
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn get(db: &Db, repo: RepoId, number: ThreadNumber) -> Result<Option<Discussion>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM discussion WHERE repo_id = $1 AND num = $2");
    db.query_opt(&sql, args![repo.key(), number.get()]).await
}

pub(crate) async fn by_id(db: &Db, id: DiscussionId) -> Result<Option<Discussion>, DbError> {
    db.query_opt(&format!("SELECT {COLUMNS} FROM discussion WHERE id = $1"), args![id.0]).await
}

/// The discussion with the place of its next event; nobody else changes it until the transaction ends.
pub(crate) struct Locked {
    pub(crate) discussion: Discussion,
    pub(crate) events: i64,
}

impl FromRow for Locked {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self { discussion: Discussion::from_row(row)?, events: row.get(11)? })
    }
}

pub(crate) async fn lock(
    tx: &mut Tx,
    repo: RepoId,
    number: ThreadNumber,
    now: Timestamp,
) -> Result<Option<Locked>, DbError> {
    let sql =
        format!("UPDATE discussion SET changed_ms = $3 WHERE repo_id = $1 AND num = $2 RETURNING {COLUMNS}, events");
    tx.query_opt(&sql, args![repo.key(), number.get(), now]).await
}

/// Writes what has changed of a discussion, with the number of its events.
pub(crate) async fn update(tx: &mut Tx, locked: &Locked) -> Result<(), DbError> {
    let row = &locked.discussion;
    tx.exec(
        "UPDATE discussion SET title = $2, title_key = $3, status = $4, pinned = $5, locked = $6, comments = $7, \
         events = $8 WHERE id = $1",
        args![
            row.id.0,
            row.title.as_str(),
            row.title.to_lowercase(),
            row.status.word(),
            row.pinned,
            row.locked,
            row.comments,
            locked.events,
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut Tx, id: DiscussionId) -> Result<(), DbError> {
    tx.exec("DELETE FROM discussion_reaction WHERE discussion_id = $1", args![id.0]).await?;
    tx.exec(
        "DELETE FROM discussion_edit WHERE event_id IN (SELECT id FROM discussion_event WHERE discussion_id = $1)",
        args![id.0],
    )
    .await?;
    tx.exec("DELETE FROM discussion_event WHERE discussion_id = $1", args![id.0]).await?;
    tx.exec("DELETE FROM discussion WHERE id = $1", args![id.0]).await?;
    Ok(())
}

/// Which rows a list wants.
pub(crate) struct Wanted<'a> {
    pub(crate) repo: RepoId,
    pub(crate) query: &'a DiscussionQuery,
    pub(crate) author: Option<NamespaceId>,
}

impl Wanted<'_> {
    fn conditions(&self) -> (String, Vec<Value>) {
        let mut values = vec![Value::from(self.repo.key())];
        let mut text = "repo_id = $1".to_owned();
        let mut add = |condition: &str, value: Value| {
            values.push(value);
            text.push_str(&format!(" AND {}", condition.replace('?', &format!("${}", values.len()))));
        };
        if let Some(is_pull) = self.query.is_pull {
            add("is_pull = ?", Value::from(is_pull));
        }
        if let Some(author) = self.author {
            add("author = ?", Value::from(author.key()));
        }
        if let Some(search) = &self.query.search {
            add("title_key LIKE ? ESCAPE '\\'", Value::from(like_pattern(search)));
        }
        match self.query.filter {
            DiscussionFilter::All => {}
            DiscussionFilter::Open => text.push_str(" AND status IN ('draft', 'open')"),
            DiscussionFilter::Closed => text.push_str(" AND status IN ('closed', 'merged')"),
        }
        (text, values)
    }
}

/// The pattern that finds a text anywhere, its own wildcards taken literally.
fn like_pattern(text: &str) -> String {
    let mut pattern = "%".to_owned();
    for c in text.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

pub(crate) async fn count(db: &Db, wanted: &Wanted<'_>) -> Result<i64, DbError> {
    let (conditions, values) = wanted.conditions();
    let (count,): (i64,) =
        db.query_one(&format!("SELECT COUNT(*) FROM discussion WHERE {conditions}"), &values).await?;
    Ok(count)
}

pub(crate) async fn page(db: &Db, wanted: &Wanted<'_>, start: i64, limit: i64) -> Result<Vec<Discussion>, DbError> {
    let (conditions, mut values) = wanted.conditions();
    let order = match wanted.query.sort {
        DiscussionSort::Created => "num DESC",
        DiscussionSort::Trending => "changed_ms DESC, num DESC",
        DiscussionSort::Reactions => "reactors DESC, num DESC",
    };
    let first = values.len() + 1;
    values.extend([Value::from(limit), Value::from(start)]);
    let sql = format!(
        "SELECT {COLUMNS} FROM discussion WHERE {conditions} ORDER BY {order} LIMIT ${first} OFFSET ${}",
        first + 1
    );
    db.query(&sql, &values).await
}

/// The reactions to comments of each discussion, the most frequent first.
pub(crate) async fn reactions(
    db: &Db,
    ids: &[DiscussionId],
) -> Result<HashMap<DiscussionId, Vec<(Reaction, i64)>>, DbError> {
    let keys: Vec<Value> = ids.iter().map(|id| Value::from(id.0)).collect();
    let rows: Vec<(i64, String, i64)> = db
        .query_in(
            "SELECT discussion_id, reaction, COUNT(*) FROM discussion_reaction WHERE discussion_id IN ({in}) \
             GROUP BY discussion_id, reaction",
            &[],
            &keys,
        )
        .await?;
    let mut found: HashMap<DiscussionId, Vec<(Reaction, i64)>> = HashMap::new();
    for (id, word, count) in rows {
        if let Some(reaction) = Reaction::from_word(&word) {
            found.entry(DiscussionId(id)).or_default().push((reaction, count));
        }
    }
    for counts in found.values_mut() {
        counts.sort_by_key(|(reaction, count)| (-count, *reaction));
    }
    Ok(found)
}

/// In which repositories a person opened how many discussions.
pub(crate) async fn counts_of_author(db: &Db, author: NamespaceId, limit: i64) -> Result<Vec<(RepoId, i64)>, DbError> {
    let rows: Vec<(i64, i64)> = db
        .query(
            "SELECT repo_id, COUNT(*) FROM discussion WHERE author = $1 GROUP BY repo_id LIMIT $2",
            args![author.key(), limit],
        )
        .await?;
    Ok(rows.into_iter().map(|(repo, count)| (RepoId::from_key(repo), count)).collect())
}
