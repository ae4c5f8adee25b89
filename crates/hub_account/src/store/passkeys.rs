//! Rows of `passkey` and `passkey_challenge`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hub_core::{Sha256, Timestamp};
use hub_db::{Db, DbError, FromRow, Row, Tx, args};

use super::parse;
use crate::label::Label;
use crate::namespace::NamespaceId;
use crate::passkeys::{Passkey, PasskeyId, Registration};

impl FromRow for Passkey {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Passkey {
            id: PasskeyId::new(row.get(0)?),
            name: parse(1, &row.get::<String>(1)?)?,
            credential_id: URL_SAFE_NO_PAD.encode(row.get::<Vec<u8>>(2)?),
            created_at: row.get(3)?,
            last_used_at: row.get(4)?,
        })
    }
}

pub(crate) async fn of_user(db: &Db, user: NamespaceId) -> Result<Vec<Passkey>, DbError> {
    let sql = "SELECT id, name, credential_id, created_ms, last_used_ms FROM passkey WHERE user_id = $1 \
               ORDER BY created_ms DESC, id";
    db.query(sql, args![user.key()]).await
}

/// A passkey that answers.
pub(crate) struct Held {
    pub(crate) id: PasskeyId,
    pub(crate) user: NamespaceId,
    pub(crate) public_key: Vec<u8>,
}

impl FromRow for Held {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Held { id: PasskeyId::new(row.get(0)?), user: NamespaceId::new(row.get(1)?), public_key: row.get(2)? })
    }
}

pub(crate) async fn by_credential(db: &Db, credential_id: &[u8]) -> Result<Option<Held>, DbError> {
    let sql = "SELECT id, user_id, public_key FROM passkey WHERE credential_id = $1";
    db.query_opt(sql, args![credential_id.to_vec()]).await
}

pub(crate) async fn count(tx: &mut Tx, user: NamespaceId) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) FROM passkey WHERE user_id = $1";
    tx.query_one::<(i64,)>(sql, args![user.key()]).await.map(|(count,)| count)
}

/// Adds a passkey; `false` if an account has it.
pub(crate) async fn insert(
    tx: &mut Tx,
    id: PasskeyId,
    user: NamespaceId,
    name: &Label,
    new: &Registration,
    now: Timestamp,
) -> Result<bool, DbError> {
    let sql = "INSERT INTO passkey (id, user_id, credential_id, public_key, name, sign_count, created_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (credential_id) DO NOTHING";
    let count = i64::from(new.sign_count);
    let (credential, key) = (new.credential_id.clone(), new.public_key.clone());
    Ok(tx.exec(sql, args![id.key(), user.key(), credential, key, name.as_str(), count, now]).await? == 1)
}

pub(crate) async fn rename(tx: &mut Tx, user: NamespaceId, id: PasskeyId, name: &Label) -> Result<bool, DbError> {
    let sql = "UPDATE passkey SET name = $3 WHERE id = $1 AND user_id = $2";
    Ok(tx.exec(sql, args![id.key(), user.key(), name.as_str()]).await? == 1)
}

pub(crate) async fn delete(tx: &mut Tx, user: NamespaceId, id: PasskeyId) -> Result<bool, DbError> {
    Ok(tx.exec("DELETE FROM passkey WHERE id = $1 AND user_id = $2", args![id.key(), user.key()]).await? == 1)
}

/// Notes a use; `false` if the count went back. Authenticators that do not count say 0 each time.
pub(crate) async fn note_use(tx: &mut Tx, id: PasskeyId, count: u32, now: Timestamp) -> Result<bool, DbError> {
    let sql = "UPDATE passkey SET sign_count = $2, last_used_ms = $3 \
               WHERE id = $1 AND (sign_count < $2 OR (sign_count = 0 AND $2 = 0))";
    Ok(tx.exec(sql, args![id.key(), i64::from(count), now]).await? == 1)
}

pub(crate) async fn insert_challenge(
    tx: &mut Tx,
    hash: Sha256,
    purpose: &str,
    user: Option<NamespaceId>,
    expires: Timestamp,
) -> Result<(), DbError> {
    let sql = "INSERT INTO passkey_challenge (hash, purpose, user_id, expires_ms) VALUES ($1, $2, $3, $4)";
    tx.exec(sql, args![hash, purpose, user.map(NamespaceId::key), expires]).await?;
    Ok(())
}

/// Uses a challenge up and says for whom it was.
pub(crate) async fn take_challenge(
    tx: &mut Tx,
    hash: Sha256,
    purpose: &str,
    now: Timestamp,
) -> Result<Option<Option<NamespaceId>>, DbError> {
    let sql = "DELETE FROM passkey_challenge WHERE hash = $1 AND purpose = $2 AND expires_ms > $3 RETURNING user_id";
    let found: Option<(Option<i64>,)> = tx.query_opt(sql, args![hash, purpose, now]).await?;
    Ok(found.map(|(user,)| user.map(NamespaceId::new)))
}

pub(crate) async fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<(), DbError> {
    tx.exec("DELETE FROM passkey_challenge WHERE expires_ms <= $1", args![now]).await?;
    Ok(())
}
