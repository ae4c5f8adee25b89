//! Rows of `access_request`.

use hub_account::NamespaceId;
use hub_core::Timestamp;
use hub_db::{Db, DbError, FromRow, Row, Tx, args};

use crate::RepoId;
use crate::gate::{AccessRequest, GateAnswer, RequestId, RequestStatus, Whose};

const COLUMNS: &str = "id, user_id, status, fields, terms, granted, asked_ms, reviewed_ms, reviewed_by, reason";

impl FromRow for AccessRequest {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let status: String = row.get(2)?;
        let fields: String = row.get(3)?;
        let damaged = |column, found: &str| DbError::Decode { column, reason: format!("unexpected value {found:?}") };
        let reviewed_by: Option<i64> = row.get(8)?;
        Ok(Self {
            id: RequestId(row.get(0)?),
            user: NamespaceId::new(row.get(1)?),
            status: RequestStatus::from_word(&status).ok_or_else(|| damaged(2, &status))?,
            fields: serde_json::from_str(&fields).map_err(|_| damaged(3, &fields))?,
            terms: row.get(4)?,
            granted: row.get(5)?,
            asked: row.get(6)?,
            reviewed: row.get(7)?,
            reviewed_by: reviewed_by.map(NamespaceId::new),
            reason: row.get(9)?,
        })
    }
}

pub(crate) async fn of_user(db: &Db, repo: RepoId, user: NamespaceId) -> Result<Option<AccessRequest>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM access_request WHERE repo_id = $1 AND user_id = $2");
    db.query_opt(&sql, args![repo.key(), user.key()]).await
}

pub(crate) async fn page(
    db: &Db,
    repo: RepoId,
    status: RequestStatus,
    after: i64,
    limit: i64,
) -> Result<Vec<AccessRequest>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM access_request WHERE repo_id = $1 AND status = $2 AND id > $3 ORDER BY id LIMIT $4"
    );
    db.query(&sql, args![repo.key(), status.word(), after, limit]).await
}

/// A request about to be written.
pub(crate) struct NewRequest {
    pub(crate) id: RequestId,
    pub(crate) user: NamespaceId,
    pub(crate) status: RequestStatus,
    pub(crate) fields: String,
    pub(crate) terms: Option<Vec<u8>>,
    pub(crate) granted_by: Option<NamespaceId>,
    pub(crate) reviewed: Option<Timestamp>,
}

/// Writes a request; answers whether there was none of that person.
pub(crate) async fn insert(tx: &mut Tx, repo: RepoId, new: &NewRequest, at: Timestamp) -> Result<bool, DbError> {
    let written = tx
        .exec(
            "INSERT INTO access_request (id, repo_id, user_id, status, fields, terms, granted, asked_ms, reviewed_ms, \
             reviewed_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (repo_id, user_id) DO NOTHING",
            args![
                new.id.0,
                repo.key(),
                new.user.key(),
                new.status.word(),
                new.fields.as_str(),
                new.terms.clone(),
                new.granted_by.is_some(),
                at,
                new.reviewed,
                new.granted_by.map(NamespaceId::key),
            ],
        )
        .await?;
    Ok(written == 1)
}

/// Removes a request that waits; answers whether there was one.
pub(crate) async fn withdraw(tx: &mut Tx, repo: RepoId, user: NamespaceId) -> Result<bool, DbError> {
    let gone = tx
        .exec(
            "DELETE FROM access_request WHERE repo_id = $1 AND user_id = $2 AND status = 'pending'",
            args![repo.key(), user.key()],
        )
        .await?;
    Ok(gone == 1)
}

/// Gives a request another state; answers whose it is, nothing if there is none or it is in that state already.
pub(crate) async fn answer(
    tx: &mut Tx,
    repo: RepoId,
    whose: Whose,
    answer: &GateAnswer,
    by: NamespaceId,
    at: Timestamp,
) -> Result<Option<NamespaceId>, DbError> {
    let (column, key) = match whose {
        Whose::User(user) => ("user_id", user.key()),
        Whose::Request(id) => ("id", id.0),
    };
    let is_open = answer.status == RequestStatus::Pending;
    let row: Option<(i64,)> = tx
        .query_opt(
            &format!(
                "UPDATE access_request SET status = $3, reason = $4, reviewed_ms = $5, reviewed_by = $6 \
                 WHERE repo_id = $1 AND {column} = $2 AND status <> $3 RETURNING user_id"
            ),
            args![
                repo.key(),
                key,
                answer.status.word(),
                answer.reason.clone().filter(|_| answer.status == RequestStatus::Rejected),
                (!is_open).then_some(at),
                (!is_open).then_some(by.key()),
            ],
        )
        .await?;
    Ok(row.map(|(user,)| NamespaceId::new(user)))
}
