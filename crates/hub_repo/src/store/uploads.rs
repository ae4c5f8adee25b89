//! Rows of `upload`: transfers that arrive in parts or straight at the blob store.

use hub_account::NamespaceId;
use hub_blob::{CopyId, ObjectKey, PartsId};
use hub_core::{Sha256, Timestamp};
use hub_db::{Db, DbError, FromRow, Row, Tx, args};

use crate::{RepoError, RepoId};

/// An upload under way.
pub(crate) struct UploadRow {
    pub(crate) id: String,
    pub(crate) repo: RepoId,
    pub(crate) user: NamespaceId,
    pub(crate) sha256: Sha256,
    pub(crate) size: u64,
    pub(crate) copy: CopyId,
    /// How the blob store names an upload in parts.
    pub(crate) parts: Option<String>,
}

impl UploadRow {
    /// Where its bytes go.
    pub(crate) fn key(&self) -> ObjectKey {
        ObjectKey::Large { sha256: self.sha256, copy: self.copy.clone() }
    }

    pub(crate) fn parts_id(&self) -> Result<PartsId, RepoError> {
        let text = self.parts.as_deref();
        let parsed = text.and_then(|text| text.parse().ok());
        parsed.ok_or_else(|| RepoError::BadRequest("this upload is not one in parts".to_owned()))
    }
}

const COLUMNS: &str = "id, repo_id, user_id, sha256, size, copy, parts";

impl FromRow for UploadRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let copy: String = row.get(5)?;
        Ok(Self {
            id: row.get(0)?,
            repo: RepoId(row.get(1)?),
            user: NamespaceId::new(row.get(2)?),
            sha256: row.get(3)?,
            size: row.get::<i64>(4)?.max(0) as u64,
            copy: copy.parse().map_err(|_| DbError::Decode { column: 5, reason: "no copy id".to_owned() })?,
            parts: row.get(6)?,
        })
    }
}

pub(crate) async fn insert(tx: &mut Tx, row: &UploadRow, at: Timestamp) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO upload (id, repo_id, user_id, sha256, size, copy, parts, created_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        args![
            row.id.as_str(),
            row.repo.0,
            row.user.key(),
            row.sha256,
            row.size as i64,
            row.copy.as_str(),
            row.parts.clone(),
            at,
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn get(db: &Db, id: &str) -> Result<Option<UploadRow>, DbError> {
    db.query_opt(&format!("SELECT {COLUMNS} FROM upload WHERE id = $1"), args![id]).await
}

/// Uploads of a content that go straight to the blob store in one request.
pub(crate) async fn direct_of(db: &Db, repo: RepoId, sha256: Sha256) -> Result<Vec<UploadRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM upload WHERE repo_id = $1 AND sha256 = $2 AND parts IS NULL \
         ORDER BY created_ms DESC LIMIT 8"
    );
    db.query(&sql, args![repo.0, sha256]).await
}

pub(crate) async fn delete(tx: &mut Tx, id: &str) -> Result<(), DbError> {
    tx.exec("DELETE FROM upload WHERE id = $1", args![id]).await?;
    Ok(())
}

/// Uploads that began before a moment.
pub(crate) async fn created_before(db: &Db, before: Timestamp, limit: i64) -> Result<Vec<UploadRow>, DbError> {
    db.query(&format!("SELECT {COLUMNS} FROM upload WHERE created_ms < $1 LIMIT $2"), args![before, limit]).await
}
