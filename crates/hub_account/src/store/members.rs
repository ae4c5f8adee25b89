//! Rows of `membership`.

use hub_core::{OrgRole, Timestamp};
use hub_db::{Db, DbError, FromRow, Row, Tx, args};

use super::{damaged, parse};
use crate::caller::Membership;
use crate::namespace::NamespaceId;
use crate::organizations::Member;

fn role(column: usize, row: &Row<'_>) -> Result<OrgRole, DbError> {
    let word: String = row.get(column)?;
    OrgRole::from_word(&word).ok_or_else(|| damaged(column, &word))
}

impl FromRow for Membership {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Membership {
            org: NamespaceId::new(row.get(0)?),
            name: parse(1, &row.get::<String>(1)?)?,
            role: role(2, row)?,
        })
    }
}

impl FromRow for Member {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Member {
            id: NamespaceId::new(row.get(0)?),
            name: parse(1, &row.get::<String>(1)?)?,
            full_name: parse(2, &row.get::<String>(2)?)?,
            role: role(3, row)?,
            since: row.get(4)?,
        })
    }
}

/// The organisations of a person, by name.
pub(crate) async fn of_user(db: &Db, user: NamespaceId) -> Result<Vec<Membership>, DbError> {
    let sql = "SELECT n.id, n.name, m.role FROM membership m JOIN namespace n ON n.id = m.org_id \
               WHERE m.user_id = $1 ORDER BY n.name_key";
    db.query(sql, args![user.key()]).await
}

/// The members of an organisation in the order of their names, from the one after `after`.
pub(crate) async fn page(db: &Db, org: NamespaceId, after: &str, limit: i64) -> Result<Vec<Member>, DbError> {
    let sql = "SELECT n.id, n.name, n.full_name, m.role, m.created_ms FROM membership m \
               JOIN namespace n ON n.id = m.user_id \
               WHERE m.org_id = $1 AND n.name_key > $2 ORDER BY n.name_key LIMIT $3";
    db.query(sql, args![org.key(), after, limit]).await
}

pub(crate) async fn count(db: &Db, org: NamespaceId) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) FROM membership WHERE org_id = $1";
    db.query_one::<(i64,)>(sql, args![org.key()]).await.map(|(count,)| count)
}

pub(crate) async fn role_of(tx: &mut Tx, org: NamespaceId, user: NamespaceId) -> Result<Option<OrgRole>, DbError> {
    struct Found(OrgRole);
    impl FromRow for Found {
        fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
            role(0, row).map(Found)
        }
    }
    let sql = "SELECT role FROM membership WHERE org_id = $1 AND user_id = $2";
    let found: Option<Found> = tx.query_opt(sql, args![org.key(), user.key()]).await?;
    Ok(found.map(|Found(role)| role))
}

pub(crate) async fn put(
    tx: &mut Tx,
    org: NamespaceId,
    user: NamespaceId,
    role: OrgRole,
    now: Timestamp,
) -> Result<(), DbError> {
    let sql = "INSERT INTO membership (org_id, user_id, role, created_ms) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (org_id, user_id) DO UPDATE SET role = excluded.role";
    tx.exec(sql, args![org.key(), user.key(), role.word(), now]).await?;
    Ok(())
}

pub(crate) async fn remove(tx: &mut Tx, org: NamespaceId, user: NamespaceId) -> Result<(), DbError> {
    tx.exec("DELETE FROM membership WHERE org_id = $1 AND user_id = $2", args![org.key(), user.key()]).await?;
    Ok(())
}

/// How many administrators the organisation has.
pub(crate) async fn admins(tx: &mut Tx, org: NamespaceId) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) FROM membership WHERE org_id = $1 AND role = $2";
    tx.query_one::<(i64,)>(sql, args![org.key(), OrgRole::Admin.word()]).await.map(|(count,)| count)
}

/// An organisation that the person alone administers although it has other members.
pub(crate) async fn left_alone_without(tx: &mut Tx, user: NamespaceId) -> Result<Option<String>, DbError> {
    let sql = "SELECT n.name FROM membership m JOIN namespace n ON n.id = m.org_id \
               WHERE m.user_id = $1 AND m.role = $2 \
               AND NOT EXISTS (SELECT 1 FROM membership o WHERE o.org_id = m.org_id AND o.user_id <> $1 AND o.role = $2) \
               ORDER BY n.name_key LIMIT 1";
    let found: Option<(String,)> = tx.query_opt(sql, args![user.key(), OrgRole::Admin.word()]).await?;
    Ok(found.map(|(name,)| name))
}
