//! Rows of `paper`, `paper_upvote` and `paper_claim`.

use std::collections::HashMap;

use hub_account::NamespaceId;
use hub_core::Timestamp;
use hub_db::{Db, DbError, FromRow, Row, Tx, Value, args};

use crate::papers::{Claim, DailyQuery, Paper, PaperId, PaperOrder, PaperPlace};

const COLUMNS: &str = "id, title, summary, authors, published_ms, project_page, github_repo, entered_by, locked, \
     submitted_by, submitted_ms, upvotes";

impl FromRow for Paper {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let damaged = |column: usize| DbError::Decode { column, reason: "unexpected value".to_owned() };
        let (id, authors): (String, String) = (row.get(0)?, row.get(3)?);
        let (locked, upvotes): (i64, i64) = (row.get(8)?, row.get(11)?);
        let (by, at): (Option<i64>, Option<Timestamp>) = (row.get(9)?, row.get(10)?);
        let entered_by: Option<i64> = row.get(7)?;
        Ok(Self {
            id: PaperId::parse(&id).map_err(|_| damaged(0))?,
            title: row.get(1)?,
            summary: row.get(2)?,
            authors: serde_json::from_str(&authors).map_err(|_| damaged(3))?,
            published: row.get(4)?,
            project_page: row.get(5)?,
            github_repo: row.get(6)?,
            entered_by: entered_by.map(NamespaceId::new),
            locked: locked != 0,
            submitted: by.map(NamespaceId::new).zip(at),
            upvotes: u64::try_from(upvotes).unwrap_or_default(),
        })
    }
}

/// Writes a paper; answers whether it was not there.
pub(crate) async fn insert(tx: &mut Tx, paper: &Paper, now: Timestamp) -> Result<bool, DbError> {
    let written = tx
        .exec(
            "INSERT INTO paper (id, published_ms, entered_by, created_ms) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (id) DO NOTHING",
            args![paper.id.as_str(), paper.published, paper.entered_by.map(NamespaceId::key), now],
        )
        .await?;
    Ok(written == 1)
}

/// Writes what is known of a paper.
pub(crate) async fn update(tx: &mut Tx, paper: &Paper) -> Result<(), DbError> {
    let authors = serde_json::to_string(&paper.authors).unwrap_or_else(|_| "[]".to_owned());
    tx.exec(
        "UPDATE paper SET title = $2, title_key = $3, summary = $4, authors = $5, published_ms = $6, project_page = $7, \
         github_repo = $8, entered_by = $9, locked = $10 WHERE id = $1",
        args![
            paper.id.as_str(),
            paper.title.as_str(),
            paper.title.to_lowercase(),
            paper.summary.as_str(),
            authors,
            paper.published,
            paper.project_page.as_str(),
            paper.github_repo.as_str(),
            paper.entered_by.map(NamespaceId::key),
            i64::from(paper.locked)
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn get(db: &Db, id: &PaperId) -> Result<Option<Paper>, DbError> {
    db.query_opt(&format!("SELECT {COLUMNS} FROM paper WHERE id = $1"), args![id.as_str()]).await
}

/// The paper, held until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, id: &PaperId) -> Result<Option<Paper>, DbError> {
    tx.exec("UPDATE paper SET upvotes = upvotes WHERE id = $1", args![id.as_str()]).await?;
    tx.query_opt(&format!("SELECT {COLUMNS} FROM paper WHERE id = $1"), args![id.as_str()]).await
}

/// How many papers somebody has named since.
pub(crate) async fn count_named(db: &Db, who: NamespaceId, since: Timestamp) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) FROM paper WHERE entered_by = $1 AND created_ms >= $2";
    let row: Option<(i64,)> = db.query_opt(sql, args![who.key(), since]).await?;
    Ok(row.map_or(0, |(count,)| count))
}

/// Papers with a title, the latest first.
pub(crate) async fn latest(db: &Db, after: Option<&PaperPlace>, limit: i64) -> Result<Vec<Paper>, DbError> {
    let (published, id) = after.map_or((i64::MAX, "~"), |place| (place.published, place.id.as_str()));
    db.query(
        &format!(
            "SELECT {COLUMNS} FROM paper WHERE (published_ms, id) < ($1, $2) \
             ORDER BY published_ms DESC, id DESC LIMIT $3"
        ),
        args![published, id, limit],
    )
    .await
}

/// Papers whose title holds every word.
pub(crate) async fn holding(db: &Db, words: &[String], limit: i64) -> Result<Vec<Paper>, DbError> {
    let escaped = |word: &String| word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let mut values: Vec<Value> = words.iter().map(|word| Value::from(format!("%{}%", escaped(word)))).collect();
    let conditions: Vec<String> =
        (1..=words.len()).map(|place| format!("title_key LIKE ${place} ESCAPE '\\'")).collect();
    let wanted = if conditions.is_empty() { "title_key <> ''".to_owned() } else { conditions.join(" AND ") };
    values.push(Value::from(limit));
    let sql = format!(
        "SELECT {COLUMNS} FROM paper WHERE {wanted} ORDER BY upvotes DESC, published_ms DESC, id DESC LIMIT ${}",
        values.len()
    );
    db.query(&sql, &values).await
}

/// Papers that were submitted, the latest first, or those with most votes.
pub(crate) async fn submitted(db: &Db, query: &DailyQuery, limit: i64) -> Result<Vec<Paper>, DbError> {
    let order = match query.order {
        PaperOrder::Latest => "submitted_ms DESC, id DESC",
        PaperOrder::Upvotes => "upvotes DESC, submitted_ms DESC, id DESC",
    };
    let from = query.from.map_or(i64::MIN, Timestamp::millis);
    let before = query.before.map_or(i64::MAX, Timestamp::millis);
    db.query(
        &format!(
            "SELECT {COLUMNS} FROM paper WHERE submitted_ms >= $1 AND submitted_ms < $2 \
             AND (CAST($3 AS BIGINT) = 0 OR submitted_by = $3) ORDER BY {order} LIMIT $4 OFFSET $5"
        ),
        args![from, before, query.by.map_or(0, NamespaceId::key), limit, query.offset as i64],
    )
    .await
}

pub(crate) async fn submit(tx: &mut Tx, id: &PaperId, who: NamespaceId, now: Timestamp) -> Result<(), DbError> {
    let sql = "UPDATE paper SET submitted_by = $2, submitted_ms = $3 WHERE id = $1 AND submitted_ms IS NULL";
    tx.exec(sql, args![id.as_str(), who.key(), now]).await?;
    Ok(())
}

/// Writes a vote or takes it back, and counts it with the paper.
pub(crate) async fn set_upvote(
    tx: &mut Tx,
    id: &PaperId,
    who: NamespaceId,
    on: bool,
    now: Timestamp,
) -> Result<(), DbError> {
    let changed = match on {
        true => {
            let sql = "INSERT INTO paper_upvote (paper_id, user_id, created_ms) VALUES ($1, $2, $3) \
                       ON CONFLICT (paper_id, user_id) DO NOTHING";
            tx.exec(sql, args![id.as_str(), who.key(), now]).await?
        }
        false => {
            let sql = "DELETE FROM paper_upvote WHERE paper_id = $1 AND user_id = $2";
            tx.exec(sql, args![id.as_str(), who.key()]).await?
        }
    };
    if changed == 1 {
        let delta: i64 = if on { 1 } else { -1 };
        tx.exec("UPDATE paper SET upvotes = upvotes + $2 WHERE id = $1", args![id.as_str(), delta]).await?;
    }
    Ok(())
}

pub(crate) async fn votes(db: &Db, id: &PaperId, who: NamespaceId) -> Result<bool, DbError> {
    let sql = "SELECT created_ms FROM paper_upvote WHERE paper_id = $1 AND user_id = $2";
    let row: Option<(i64,)> = db.query_opt(sql, args![id.as_str(), who.key()]).await?;
    Ok(row.is_some())
}

/// Writes that somebody is an author; `false` if somebody else said so.
pub(crate) async fn claim(
    tx: &mut Tx,
    id: &PaperId,
    author: &str,
    who: NamespaceId,
    now: Timestamp,
) -> Result<bool, DbError> {
    let sql = "INSERT INTO paper_claim (paper_id, author_id, user_id, changed_ms) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (paper_id, author_id) DO NOTHING";
    if tx.exec(sql, args![id.as_str(), author, who.key(), now]).await? == 1 {
        return Ok(true);
    }
    let sql = "SELECT user_id FROM paper_claim WHERE paper_id = $1 AND author_id = $2";
    let row: Option<(i64,)> = tx.query_opt(sql, args![id.as_str(), author]).await?;
    Ok(row.is_some_and(|(holder,)| holder == who.key()))
}

/// Confirms a claim or removes it; `false` if there is none.
pub(crate) async fn decide(
    tx: &mut Tx,
    id: &PaperId,
    author: &str,
    is_right: bool,
    now: Timestamp,
) -> Result<bool, DbError> {
    let changed = match is_right {
        true => {
            let sql = "UPDATE paper_claim SET confirmed = 1, changed_ms = $3 WHERE paper_id = $1 AND author_id = $2";
            tx.exec(sql, args![id.as_str(), author, now]).await?
        }
        false => {
            let sql = "DELETE FROM paper_claim WHERE paper_id = $1 AND author_id = $2";
            tx.exec(sql, args![id.as_str(), author]).await?
        }
    };
    Ok(changed == 1)
}

/// Removes claims of authors that a paper no longer names.
pub(crate) async fn drop_claims_beside(tx: &mut Tx, paper: &Paper) -> Result<(), DbError> {
    let sql = "SELECT author_id FROM paper_claim WHERE paper_id = $1";
    let claimed: Vec<(String,)> = tx.query(sql, args![paper.id.as_str()]).await?;
    for (author,) in claimed.into_iter().filter(|(author,)| paper.authors.iter().all(|known| known.id != *author)) {
        let sql = "DELETE FROM paper_claim WHERE paper_id = $1 AND author_id = $2";
        tx.exec(sql, args![paper.id.as_str(), author]).await?;
    }
    Ok(())
}

struct ClaimRow {
    paper: String,
    claim: Claim,
}

impl FromRow for ClaimRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let confirmed: i64 = row.get(3)?;
        let claim = Claim {
            author: row.get(1)?,
            who: NamespaceId::new(row.get(2)?),
            confirmed: confirmed != 0,
            at: row.get(4)?,
        };
        Ok(Self { paper: row.get(0)?, claim })
    }
}

/// Who says to be which author, by paper.
pub(crate) async fn claims(db: &Db, papers: &[&str]) -> Result<HashMap<String, Vec<Claim>>, DbError> {
    let ids: Vec<Value> = papers.iter().map(|id| Value::from(*id)).collect();
    let sql = "SELECT paper_id, author_id, user_id, confirmed, changed_ms FROM paper_claim WHERE paper_id IN ({in})";
    let rows: Vec<ClaimRow> = db.query_in(sql, &[], &ids).await?;
    let mut claims: HashMap<String, Vec<Claim>> = HashMap::new();
    for row in rows {
        claims.entry(row.paper).or_default().push(row.claim);
    }
    Ok(claims)
}
