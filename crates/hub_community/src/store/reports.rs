//! Rows of `report`, `report_step` and `report_notice`.

use hub_account::NamespaceId;
use hub_core::{ThreadNumber, Timestamp};
use hub_db::{Db, DbError, FromRow, Row, Tx, Value, args};
use hub_repo::RepoId;

use crate::reports::{
    Decision, Outcome, Report, ReportId, ReportReason, ReportState, ReportStep, ReportSubject, Step, SubjectKind,
};

const COLUMNS: &str = "id, subject_kind, subject_id, repo_id, num, label, evidence, reporter, affected, reason, body, \
     state, decision, note, appeal, outcome, answer, created_ms, changed_ms";

/// Reads a word of a closed vocabulary.
fn word<T>(row: &Row<'_>, column: usize, read: fn(&str) -> Option<T>) -> Result<T, DbError> {
    let text: String = row.get(column)?;
    read(&text).ok_or_else(|| DbError::Decode { column, reason: format!("unexpected value {text:?}") })
}

fn word_opt<T>(row: &Row<'_>, column: usize, read: fn(&str) -> Option<T>) -> Result<Option<T>, DbError> {
    let text: Option<String> = row.get(column)?;
    text.map(|_| word(row, column, read)).transpose()
}

impl FromRow for Report {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let repo: Option<i64> = row.get(3)?;
        let number: Option<i64> = row.get(4)?;
        Ok(Self {
            id: ReportId(row.get(0)?),
            subject: ReportSubject {
                kind: word(row, 1, SubjectKind::from_word)?,
                key: row.get(2)?,
                repo: repo.map(RepoId::from_key),
                number: number.map(ThreadNumber::new),
                label: row.get(5)?,
                evidence: row.get(6)?,
                affected: NamespaceId::new(row.get(8)?),
            },
            reporter: NamespaceId::new(row.get(7)?),
            reason: word(row, 9, ReportReason::from_word)?,
            text: row.get(10)?,
            state: word(row, 11, ReportState::from_word)?,
            decision: word_opt(row, 12, Decision::from_word)?,
            note: row.get(13)?,
            appeal: row.get(14)?,
            outcome: word_opt(row, 15, Outcome::from_word)?,
            answer: row.get(16)?,
            created: row.get(17)?,
            changed: row.get(18)?,
        })
    }
}

impl FromRow for ReportStep {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            at: row.get(0)?,
            actor: NamespaceId::new(row.get(1)?),
            what: word(row, 2, Step::from_word)?,
            detail: row.get(3)?,
        })
    }
}

pub(crate) async fn insert(tx: &mut Tx, report: &Report) -> Result<(), DbError> {
    let subject = &report.subject;
    tx.exec(
        "INSERT INTO report (id, subject_kind, subject_id, repo_id, num, label, evidence, reporter, affected, reason, \
         body, state, created_ms, changed_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)",
        args![
            report.id.0,
            subject.kind.word(),
            subject.key,
            subject.repo.map(RepoId::key),
            subject.number.map(ThreadNumber::get),
            subject.label.as_str(),
            subject.evidence.as_str(),
            report.reporter.key(),
            subject.affected.key(),
            report.reason.word(),
            report.text.as_str(),
            report.state.word(),
            report.created,
        ],
    )
    .await?;
    Ok(())
}

/// A report that nobody else changes until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, id: ReportId) -> Result<Option<Report>, DbError> {
    let sql = format!("UPDATE report SET changed_ms = changed_ms WHERE id = $1 RETURNING {COLUMNS}");
    tx.query_opt(&sql, args![id.0]).await
}

/// Writes what has changed of a report.
pub(crate) async fn update(tx: &mut Tx, report: &Report) -> Result<(), DbError> {
    tx.exec(
        "UPDATE report SET state = $2, decision = $3, note = $4, appeal = $5, outcome = $6, answer = $7, \
         changed_ms = $8 WHERE id = $1",
        args![
            report.id.0,
            report.state.word(),
            report.decision.map(Decision::word),
            report.note.as_str(),
            report.appeal.as_deref(),
            report.outcome.map(Outcome::word),
            report.answer.as_str(),
            report.changed,
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn get(db: &Db, id: ReportId) -> Result<Option<Report>, DbError> {
    db.query_opt(&format!("SELECT {COLUMNS} FROM report WHERE id = $1"), args![id.0]).await
}

/// Reports of a state, or all, the latest first.
pub(crate) async fn queue(
    db: &Db,
    state: Option<ReportState>,
    before: Option<ReportId>,
    limit: i64,
) -> Result<Vec<Report>, DbError> {
    let before = before.map_or(i64::MAX, |id| id.0);
    match state {
        Some(state) => {
            let sql = format!("SELECT {COLUMNS} FROM report WHERE state = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
            db.query(&sql, args![state.word(), before, limit]).await
        }
        None => {
            let sql = format!("SELECT {COLUMNS} FROM report WHERE id < $1 ORDER BY id DESC LIMIT $2");
            db.query(&sql, args![before, limit]).await
        }
    }
}

pub(crate) async fn made_by(db: &Db, reporter: NamespaceId, limit: i64) -> Result<Vec<Report>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM report WHERE reporter = $1 ORDER BY id DESC LIMIT $2");
    db.query(&sql, args![reporter.key(), limit]).await
}

/// Decisions by which something was done about what belongs to these.
pub(crate) async fn about(db: &Db, whose: &[NamespaceId], limit: i64) -> Result<Vec<Report>, DbError> {
    let keys: Vec<Value> = whose.iter().map(|id| Value::from(id.key())).collect();
    let sql = format!(
        "SELECT {COLUMNS} FROM report WHERE decision <> 'no_action' AND affected IN ({{in}}) ORDER BY id DESC LIMIT $1"
    );
    let mut found: Vec<Report> = db.query_in(&sql, args![limit], &keys).await?;
    found.sort_by_key(|report| std::cmp::Reverse(report.id));
    found.truncate(usize::try_from(limit).unwrap_or_default());
    Ok(found)
}

/// How many reports of a person nobody decided yet.
pub(crate) async fn count_open(db: &Db, reporter: NamespaceId) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) FROM report WHERE reporter = $1 AND state IN ('open', 'under_review')";
    let (count,): (i64,) = db.query_one(sql, args![reporter.key()]).await?;
    Ok(count)
}

/// Writes down what was done with a report whose row is locked.
pub(crate) async fn add_step(
    tx: &mut Tx,
    id: ReportId,
    actor: NamespaceId,
    what: Step,
    detail: &str,
    at: Timestamp,
) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO report_step (report_id, place, at_ms, actor, what, detail) \
         SELECT $1, COALESCE(MAX(place), 0) + 1, $2, $3, $4, $5 FROM report_step WHERE report_id = $1",
        args![id.0, at, actor.key(), what.word(), detail],
    )
    .await?;
    Ok(())
}

/// What was done with a report, in order; its states allow only a few steps.
pub(crate) async fn steps(db: &Db, id: ReportId) -> Result<Vec<ReportStep>, DbError> {
    let sql = "SELECT at_ms, actor, what, detail FROM report_step WHERE report_id = $1 ORDER BY place";
    db.query(sql, args![id.0]).await
}

/// Somebody has news of a report.
pub(crate) async fn tell(tx: &mut Tx, who: NamespaceId, id: ReportId, at: Timestamp) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO report_notice (user_id, report_id, is_read, updated_ms) VALUES ($1, $2, 0, $3) \
         ON CONFLICT (user_id, report_id) DO UPDATE SET is_read = 0, updated_ms = excluded.updated_ms",
        args![who.key(), id.0, at],
    )
    .await?;
    Ok(())
}

/// Of how many reports somebody has news, counted up to a limit.
pub(crate) async fn unread(db: &Db, who: NamespaceId, limit: i64) -> Result<u64, DbError> {
    let sql =
        "SELECT COUNT(*) FROM (SELECT 1 AS one FROM report_notice WHERE user_id = $1 AND is_read = 0 LIMIT $2) news";
    let (count,): (i64,) = db.query_one(sql, args![who.key(), limit]).await?;
    Ok(count.max(0) as u64)
}

pub(crate) async fn mark_read(tx: &mut Tx, who: NamespaceId) -> Result<(), DbError> {
    tx.exec("UPDATE report_notice SET is_read = 1 WHERE user_id = $1 AND is_read = 0", args![who.key()]).await?;
    Ok(())
}
