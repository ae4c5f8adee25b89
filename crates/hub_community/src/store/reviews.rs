//! Rows of `review_policy` and `review`.

use hub_account::NamespaceId;
use hub_core::{Oid, Timestamp};
use hub_db::{Db, DbError, FromRow, Row, Tx, args};
use hub_repo::RepoId;

use crate::discussions::{DiscussionId, ThreadEventId};
use crate::reviews::{Review, ReviewPolicy, Verdict};

const POLICY: &str = "SELECT approvals, code_owners, fresh FROM review_policy WHERE repo_id = $1";

impl FromRow for ReviewPolicy {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let approvals: i64 = row.get(0)?;
        Ok(Self {
            approvals: u8::try_from(approvals)
                .map_err(|_| DbError::Decode { column: 0, reason: format!("unexpected value {approvals}") })?,
            code_owners: row.get(1)?,
            fresh: row.get(2)?,
        })
    }
}

pub(crate) async fn policy(db: &Db, repo: RepoId) -> Result<ReviewPolicy, DbError> {
    Ok(db.query_opt(POLICY, args![repo.key()]).await?.unwrap_or_default())
}

pub(crate) async fn set_policy(tx: &mut Tx, repo: RepoId, policy: ReviewPolicy) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO review_policy (repo_id, approvals, code_owners, fresh) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (repo_id) DO UPDATE SET approvals = $2, code_owners = $3, fresh = $4",
        args![repo.key(), i64::from(policy.approvals), policy.code_owners, policy.fresh],
    )
    .await?;
    Ok(())
}

/// What a decision to merge was made by: the policy, and how many reviews there were.
pub(crate) async fn seal(tx: &mut Tx, repo: RepoId, discussion: DiscussionId) -> Result<(ReviewPolicy, i64), DbError> {
    let policy: Option<ReviewPolicy> = tx.query_opt(POLICY, args![repo.key()]).await?;
    let (count,): (i64,) =
        tx.query_one("SELECT COUNT(*) FROM review WHERE discussion_id = $1", args![discussion.0]).await?;
    Ok((policy.unwrap_or_default(), count))
}

impl FromRow for Review {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let verdict: String = row.get(2)?;
        Ok(Self {
            event: ThreadEventId(row.get(0)?),
            reviewer: NamespaceId::new(row.get(1)?),
            verdict: Verdict::from_word(&verdict)
                .ok_or_else(|| DbError::Decode { column: 2, reason: format!("unexpected value {verdict:?}") })?,
            commit: row.get(3)?,
            at: row.get(4)?,
        })
    }
}

const COLUMNS: &str = "SELECT r.event_id, r.reviewer, r.verdict, r.commit_oid, r.created_ms FROM review r";

/// The reviews of a discussion, oldest first.
pub(crate) async fn of(db: &Db, discussion: DiscussionId) -> Result<Vec<Review>, DbError> {
    // Keys tell nothing of the order.
    let sql =
        format!("{COLUMNS} JOIN discussion_event e ON e.id = r.event_id WHERE r.discussion_id = $1 ORDER BY e.place");
    db.query(&sql, args![discussion.0]).await
}

/// The review that a comment is.
pub(crate) async fn get(db: &Db, event: ThreadEventId) -> Result<Option<Review>, DbError> {
    db.query_opt(&format!("{COLUMNS} WHERE r.event_id = $1"), args![event.0]).await
}

/// A review about to be written.
pub(crate) struct NewRow {
    pub(crate) event: ThreadEventId,
    pub(crate) discussion: DiscussionId,
    pub(crate) reviewer: NamespaceId,
    pub(crate) verdict: Verdict,
    pub(crate) commit: Oid,
    pub(crate) at: Timestamp,
}

pub(crate) async fn insert(tx: &mut Tx, row: &NewRow) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO review (event_id, discussion_id, reviewer, verdict, commit_oid, created_ms) \
         VALUES ($1, $2, $3, $4, $5, $6)",
        args![row.event.0, row.discussion.0, row.reviewer.key(), row.verdict.word(), row.commit, row.at],
    )
    .await?;
    Ok(())
}
