//! Rows of `audit_entry`.

use hub_core::Timestamp;
use hub_db::{Db, DbError, FromRow, Row, Tx, args};

use super::like_pattern;
use crate::audit::AuditEntry;
use crate::namespace::NamespaceId;

/// An entry to be inserted.
pub(crate) struct NewEntry<'a> {
    pub(crate) key: i64,
    pub(crate) at: Timestamp,
    pub(crate) actor_id: Option<NamespaceId>,
    pub(crate) actor: &'a str,
    pub(crate) credential: &'a str,
    pub(crate) action: &'static str,
    pub(crate) subject: String,
    pub(crate) org: Option<NamespaceId>,
    pub(crate) detail: String,
}

pub(crate) async fn insert(tx: &mut Tx, new: &NewEntry<'_>) -> Result<(), DbError> {
    let sql = "INSERT INTO audit_entry (id, at_ms, actor_id, actor, credential, action, subject, org_id, detail) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values = args![
        new.key,
        new.at,
        new.actor_id.map(NamespaceId::key),
        new.actor,
        new.credential,
        new.action,
        new.subject.as_str(),
        new.org.map(NamespaceId::key),
        new.detail.as_str()
    ];
    tx.exec(sql, values).await?;
    Ok(())
}

impl FromRow for AuditEntry {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(AuditEntry {
            key: row.get(0)?,
            at: row.get(1)?,
            actor: row.get(2)?,
            credential: row.get(3)?,
            action: row.get(4)?,
            subject: row.get(5)?,
            detail: row.get(6)?,
        })
    }
}

/// Entries newest first, of one organisation or of all.
pub(crate) async fn page(
    db: &Db,
    org: Option<NamespaceId>,
    text: &str,
    before: Option<(Timestamp, i64)>,
    limit: i64,
) -> Result<Vec<AuditEntry>, DbError> {
    let of_org = if org.is_some() { "org_id = $5" } else { "CAST($5 AS BIGINT) = 0" };
    let sql = format!(
        "SELECT id, at_ms, actor, credential, action, subject, detail FROM audit_entry \
         WHERE {of_org} AND (at_ms < $1 OR (at_ms = $1 AND id < $2)) \
         AND (lower(actor) LIKE $3 ESCAPE '\\' OR action LIKE $3 ESCAPE '\\' OR lower(subject) LIKE $3 ESCAPE '\\') \
         ORDER BY at_ms DESC, id DESC LIMIT $4"
    );
    let (at, key) = before.map_or((i64::MAX, i64::MAX), |(at, key)| (at.millis(), key));
    db.query(&sql, args![at, key, like_pattern(text), limit, org.map_or(0, NamespaceId::key)]).await
}

pub(crate) async fn delete_before(db: &Db, before: Timestamp) -> Result<u64, DbError> {
    db.exec("DELETE FROM audit_entry WHERE at_ms < $1", args![before]).await
}
