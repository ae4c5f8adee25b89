//! Rows of `account_user`, joined with their entry of the name space.

use hub_core::Timestamp;
use hub_db::{Db, DbError, FromRow, Row, Tx, args};

use super::{Names, parse};
use crate::label::Email;
use crate::namespace::NamespaceId;
use crate::users::User;

const COLUMNS: &str = "n.id, n.name, n.full_name, u.email, u.is_admin, u.disabled_ms, n.created_ms, \
                       CASE WHEN u.password_hash IS NULL THEN 0 ELSE 1 END, u.email_verified_ms";
const FROM: &str = "FROM account_user u JOIN namespace n ON n.id = u.id";

impl FromRow for User {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let email: Option<String> = row.get(3)?;
        Ok(User {
            id: NamespaceId::new(row.get(0)?),
            name: parse(1, &row.get::<String>(1)?)?,
            full_name: parse(2, &row.get::<String>(2)?)?,
            email: email.map(|email| parse(3, &email)).transpose()?,
            is_admin: row.get::<i64>(4)? != 0,
            disabled_at: row.get(5)?,
            created_at: row.get(6)?,
            has_password: row.get::<i64>(7)? != 0,
            email_verified_at: row.get(8)?,
        })
    }
}

pub(crate) async fn by_id(db: &Db, id: NamespaceId) -> Result<Option<User>, DbError> {
    db.query_opt(&format!("SELECT {COLUMNS} {FROM} WHERE u.id = $1"), args![id.key()]).await
}

pub(crate) async fn by_id_in(tx: &mut Tx, id: NamespaceId) -> Result<Option<User>, DbError> {
    tx.query_opt(&format!("SELECT {COLUMNS} {FROM} WHERE u.id = $1"), args![id.key()]).await
}

pub(crate) async fn by_key(db: &Db, key: &str) -> Result<Option<User>, DbError> {
    db.query_opt(&format!("SELECT {COLUMNS} {FROM} WHERE n.name_key = $1"), args![key]).await
}

pub(crate) async fn by_key_in(tx: &mut Tx, key: &str) -> Result<Option<User>, DbError> {
    tx.query_opt(&format!("SELECT {COLUMNS} {FROM} WHERE n.name_key = $1"), args![key]).await
}

/// People in a stretch of names, in the order of their names.
pub(crate) async fn page(db: &Db, names: &Names, limit: i64) -> Result<Vec<User>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} {FROM} WHERE n.kind = 0 AND n.name_key >= $1 AND n.name_key < $2 \
         AND n.name_key LIKE $3 ESCAPE '\\' ORDER BY n.name_key LIMIT $4"
    );
    let (from, until, pattern) = (names.from.as_str(), names.until.as_str(), names.pattern.as_str());
    db.query(&sql, args![from, until, pattern, limit]).await
}

/// What a check of a password needs.
pub(crate) struct SignIn {
    pub(crate) id: NamespaceId,
    pub(crate) password_hash: Option<String>,
}

impl FromRow for SignIn {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(SignIn { id: NamespaceId::new(row.get(0)?), password_hash: row.get(1)? })
    }
}

/// An account that is not disabled, by name or, where the text has an '@', by address of mail.
pub(crate) async fn sign_in(db: &Db, login: &str) -> Result<Option<SignIn>, DbError> {
    let column = if login.contains('@') { "u.email_key" } else { "n.name_key" };
    let sql = format!("SELECT u.id, u.password_hash {FROM} WHERE {column} = $1 AND u.disabled_ms IS NULL");
    db.query_opt(&sql, args![login.to_lowercase()]).await
}

/// Whether an account has a password, for an import.
pub(crate) async fn has_password(db: &Db, key: &str) -> Result<bool, DbError> {
    Ok(by_key(db, key).await?.is_some_and(|user| user.has_password))
}

/// Inserts, unless the address of mail is taken: then `false`, and the transaction stays usable.
pub(crate) async fn insert(
    tx: &mut Tx,
    id: NamespaceId,
    email: Option<&Email>,
    password_hash: Option<&str>,
    is_admin: bool,
) -> Result<bool, DbError> {
    let count = tx
        .exec(
            "INSERT INTO account_user (id, email, email_key, password_hash, is_admin) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (email_key) DO NOTHING",
            args![
                id.key(),
                email.map(|email| email.as_str().to_owned()),
                email.map(Email::key),
                password_hash.map(str::to_owned),
                is_admin
            ],
        )
        .await?;
    Ok(count == 1)
}

/// Sets the address of mail and since when it is known to receive mail, unless another account has it: then `false`, and the transaction stays usable.
pub(crate) async fn set_email(
    tx: &mut Tx,
    id: NamespaceId,
    email: &Email,
    verified: Option<Timestamp>,
) -> Result<bool, DbError> {
    let sql = "UPDATE account_user SET email = $2, email_key = $3, email_verified_ms = $4 WHERE id = $1 \
               AND NOT EXISTS (SELECT 1 FROM account_user o WHERE o.email_key = $3 AND o.id <> $1)";
    Ok(tx.exec(sql, args![id.key(), email.as_str(), email.key(), verified]).await? == 1)
}

pub(crate) async fn set_password(tx: &mut Tx, id: NamespaceId, hash: &str) -> Result<(), DbError> {
    tx.exec("UPDATE account_user SET password_hash = $2 WHERE id = $1", args![id.key(), hash]).await?;
    Ok(())
}

pub(crate) async fn set_admin(tx: &mut Tx, id: NamespaceId, is_admin: bool) -> Result<(), DbError> {
    tx.exec("UPDATE account_user SET is_admin = $2 WHERE id = $1", args![id.key(), is_admin]).await?;
    Ok(())
}

pub(crate) async fn set_disabled(tx: &mut Tx, id: NamespaceId, at: Option<Timestamp>) -> Result<(), DbError> {
    tx.exec("UPDATE account_user SET disabled_ms = $2 WHERE id = $1", args![id.key(), at]).await?;
    Ok(())
}

/// Holds the rows of all administrators until the transaction ends, so that two of them cannot remove each other.
pub(crate) async fn lock_admins(tx: &mut Tx) -> Result<(), DbError> {
    tx.exec("UPDATE account_user SET is_admin = 1 WHERE is_admin = 1", args![]).await?;
    Ok(())
}

/// How many administrators can sign in.
pub(crate) async fn admins_in(tx: &mut Tx) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) FROM account_user WHERE is_admin = 1 AND disabled_ms IS NULL";
    tx.query_one::<(i64,)>(sql, args![]).await.map(|(count,)| count)
}
