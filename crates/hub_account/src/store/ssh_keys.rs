//! Rows of `ssh_key` and `account_secret`.

use hub_core::{Ids, NamespaceName, Sha256, Timestamp};
use hub_db::{Db, DbError, FromRow, Row, Tx, args};

use super::parse;
use crate::namespace::NamespaceId;
use crate::ssh_keys::{SshKey, SshKeyId};

const COLUMNS: &str = "k.id, k.title, k.public_key, k.fingerprint, k.created_ms, k.last_used_ms";

impl FromRow for SshKey {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(SshKey {
            id: SshKeyId::new(row.get(0)?),
            title: parse(1, &row.get::<String>(1)?)?,
            public_key: row.get(2)?,
            fingerprint: row.get(3)?,
            created_at: row.get(4)?,
            last_used_at: row.get(5)?,
        })
    }
}

/// A key that opens the door, and whose it is.
pub(crate) struct Holder {
    pub(crate) key: SshKey,
    pub(crate) user: NamespaceId,
    pub(crate) name: NamespaceName,
    pub(crate) is_admin: bool,
}

impl FromRow for Holder {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Holder {
            key: SshKey::from_row(row)?,
            user: NamespaceId::new(row.get(6)?),
            name: parse(7, &row.get::<String>(7)?)?,
            is_admin: row.get::<i64>(8)? != 0,
        })
    }
}

/// The key of that fingerprint, if its owner is not disabled.
pub(crate) async fn holder(db: &Db, fingerprint: Sha256) -> Result<Option<Holder>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS}, u.id, n.name, u.is_admin FROM ssh_key k \
         JOIN account_user u ON u.id = k.user_id JOIN namespace n ON n.id = k.user_id \
         WHERE k.fingerprint = $1 AND u.disabled_ms IS NULL"
    );
    db.query_opt(&sql, args![fingerprint]).await
}

/// The keys of a person, newest first.
pub(crate) async fn of_user(db: &Db, user: NamespaceId) -> Result<Vec<SshKey>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM ssh_key k WHERE k.user_id = $1 ORDER BY k.created_ms DESC, k.id");
    db.query(&sql, args![user.key()]).await
}

/// How many keys a person has.
pub(crate) async fn count(tx: &mut Tx, user: NamespaceId) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) FROM ssh_key WHERE user_id = $1";
    tx.query_one::<(i64,)>(sql, args![user.key()]).await.map(|(count,)| count)
}

/// Adds a key; `false` if some account has it already.
pub(crate) async fn insert(tx: &mut Tx, user: NamespaceId, key: &SshKey) -> Result<bool, DbError> {
    let sql = "INSERT INTO ssh_key (id, user_id, title, public_key, fingerprint, created_ms) \
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (fingerprint) DO NOTHING";
    let values =
        args![key.id.key(), user.key(), key.title.as_str(), key.public_key.clone(), key.fingerprint, key.created_at];
    Ok(tx.exec(sql, values).await? == 1)
}

/// Removes a key of `user`; `false` if there is no such key.
pub(crate) async fn delete(tx: &mut Tx, user: NamespaceId, id: SshKeyId) -> Result<bool, DbError> {
    Ok(tx.exec("DELETE FROM ssh_key WHERE id = $1 AND user_id = $2", args![id.key(), user.key()]).await? == 1)
}

/// Notes a use.
pub(crate) async fn touch(db: &Db, id: SshKeyId, at: Timestamp) -> Result<(), DbError> {
    db.exec("UPDATE ssh_key SET last_used_ms = $2 WHERE id = $1", args![id.key(), at]).await?;
    Ok(())
}

/// The secret of that name; made at the first call. Two replicas that make it at once agree on the first.
pub(crate) async fn secret(db: &Db, name: &str, ids: &dyn Ids) -> Result<Vec<u8>, DbError> {
    let read = "SELECT value FROM account_secret WHERE name = $1";
    if let Some((value,)) = db.query_opt::<(Vec<u8>,)>(read, args![name]).await? {
        return Ok(value);
    }
    let mut fresh = vec![0; 32];
    ids.fill(&mut fresh);
    let mut tx = db.begin().await?;
    let write = "INSERT INTO account_secret (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    tx.exec(write, args![name, fresh]).await?;
    let (value,) = tx.query_one::<(Vec<u8>,)>(read, args![name]).await?;
    tx.commit().await?;
    Ok(value)
}
