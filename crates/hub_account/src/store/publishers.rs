//! Rows of `trusted_publisher`.

use std::collections::BTreeMap;

use hub_core::{RepoAddr, RepoKind, Timestamp};
use hub_db::{Db, DbError, FromRow, Row, Tx, args};

use super::damaged;
use crate::namespace::NamespaceId;
use crate::publishers::{PublisherId, TrustedPublisher};
use crate::scope::ScopeEntity;

const COLUMNS: &str = "id, user_id, repo_kind, repo_id, resource, issuer, claims, created_ms, used_ms";

impl FromRow for TrustedPublisher {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let (kind, resource, claims): (String, String, String) = (row.get(2)?, row.get(4)?, row.get(6)?);
        let claims: BTreeMap<String, String> = serde_json::from_str(&claims).map_err(|_| damaged(6, &claims))?;
        let repo = match (kind.as_str(), RepoKind::ALL.into_iter().find(|known| known.word() == kind)) {
            ("", _) => None,
            (_, Some(kind)) => {
                let addr = RepoAddr::named(&resource).map_err(|_| damaged(4, &resource))?;
                Some(ScopeEntity::Repo { kind, id: row.get(3)?, name: addr.repo_id() })
            }
            (_, None) => return Err(damaged(2, kind)),
        };
        Ok(TrustedPublisher {
            id: PublisherId::new(row.get(0)?),
            user: NamespaceId::new(row.get(1)?),
            repo,
            resource,
            issuer: row.get(5)?,
            claims,
            created_at: row.get(7)?,
            used_at: row.get(8)?,
        })
    }
}

pub(crate) async fn insert(tx: &mut Tx, publisher: &TrustedPublisher) -> Result<(), DbError> {
    let (kind, repo) = match &publisher.repo {
        Some(ScopeEntity::Repo { kind, id, .. }) => (kind.word(), *id),
        Some(ScopeEntity::Namespace { .. }) | None => ("", 0),
    };
    let claims = serde_json::to_string(&publisher.claims).map_err(|_| damaged(6, &publisher.claims))?;
    let sql = "INSERT INTO trusted_publisher \
               (id, user_id, repo_kind, repo_id, resource, resource_key, issuer, claims, created_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values = args![
        publisher.id.key(),
        publisher.user.key(),
        kind,
        repo,
        publisher.resource.as_str(),
        publisher.resource.to_lowercase(),
        publisher.issuer.as_str(),
        claims,
        publisher.created_at
    ];
    tx.exec(sql, values).await?;
    Ok(())
}

pub(crate) async fn of_user(db: &Db, user: NamespaceId) -> Result<Vec<TrustedPublisher>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM trusted_publisher WHERE user_id = $1 ORDER BY id");
    db.query(&sql, args![user.key()]).await
}

pub(crate) async fn count(tx: &mut Tx, user: NamespaceId) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) FROM trusted_publisher WHERE user_id = $1";
    tx.query_one::<(i64,)>(sql, args![user.key()]).await.map(|(count,)| count)
}

/// Those of a resource that an issuer vouches for, whose person may sign in; the newest first.
pub(crate) async fn of_resource(
    db: &Db,
    resource: &str,
    issuer: &str,
    limit: i64,
) -> Result<Vec<TrustedPublisher>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM trusted_publisher WHERE resource_key = $1 AND issuer = $2 \
         AND EXISTS (SELECT 1 FROM account_user u WHERE u.id = user_id AND u.disabled_ms IS NULL) \
         ORDER BY id DESC LIMIT $3"
    );
    db.query(&sql, args![resource.to_lowercase(), issuer, limit]).await
}

pub(crate) async fn touch(tx: &mut Tx, id: PublisherId, at: Timestamp) -> Result<(), DbError> {
    tx.exec("UPDATE trusted_publisher SET used_ms = $2 WHERE id = $1", args![id.key(), at]).await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut Tx, user: NamespaceId, id: PublisherId) -> Result<bool, DbError> {
    let sql = "DELETE FROM trusted_publisher WHERE id = $1 AND user_id = $2";
    Ok(tx.exec(sql, args![id.key(), user.key()]).await? == 1)
}
