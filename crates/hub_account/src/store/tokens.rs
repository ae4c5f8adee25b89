//! Rows of `access_token`.

use hub_core::{Sha256, Timestamp, TokenRole};
use hub_db::{Db, DbError, FromRow, Row, Tx, args};

use super::{damaged, parse};
use crate::caller::TokenGrant;
use crate::namespace::NamespaceId;
use crate::scope::TokenScopes;
use crate::tokens::{Token, TokenId};

const COLUMNS: &str = "t.id, t.display_name, t.role, t.scopes, t.created_ms, t.expires_ms, t.last_used_ms";

fn role(column: usize, row: &Row<'_>) -> Result<TokenRole, DbError> {
    let word: String = row.get(column)?;
    TokenRole::from_word(&word).ok_or_else(|| damaged(column, &word))
}

fn scopes(column: usize, row: &Row<'_>) -> Result<TokenScopes, DbError> {
    let text: String = row.get(column)?;
    if text.is_empty() {
        return Ok(TokenScopes::default());
    }
    serde_json::from_str(&text).map_err(|_| damaged(column, "scopes"))
}

fn scopes_text(scopes: &TokenScopes) -> String {
    if *scopes == TokenScopes::default() {
        return String::new();
    }
    serde_json::to_string(scopes).expect("scopes are plain JSON: text, lists and flags")
}

impl FromRow for Token {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Token {
            grant: TokenGrant {
                id: TokenId::new(row.get(0)?),
                display_name: parse(1, &row.get::<String>(1)?)?,
                role: role(2, row)?,
                scopes: scopes(3, row)?,
                created_at: row.get(4)?,
                expires_at: row.get(5)?,
            },
            last_used_at: row.get(6)?,
        })
    }
}

/// A token that opens the door, and whose it is.
pub(crate) struct Bearer {
    pub(crate) token: Token,
    pub(crate) user: NamespaceId,
    pub(crate) name: hub_core::NamespaceName,
    pub(crate) is_admin: bool,
}

impl FromRow for Bearer {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Bearer {
            token: Token::from_row(row)?,
            user: NamespaceId::new(row.get(7)?),
            name: parse(8, &row.get::<String>(8)?)?,
            is_admin: row.get::<i64>(9)? != 0,
        })
    }
}

/// The token of that hash, if it is neither revoked nor expired and its owner not disabled.
pub(crate) async fn bearer(db: &Db, hash: Sha256, now: Timestamp) -> Result<Option<Bearer>, DbError> {
    db.query_opt(&bearer_where("hash"), args![hash, now]).await
}

/// The token of that key, if it still opens the door.
pub(crate) async fn bearer_by_id(db: &Db, id: TokenId, now: Timestamp) -> Result<Option<Bearer>, DbError> {
    db.query_opt(&bearer_where("id"), args![id.key(), now]).await
}

fn bearer_where(column: &str) -> String {
    format!(
        "SELECT {COLUMNS}, u.id, n.name, u.is_admin FROM access_token t \
         JOIN account_user u ON u.id = t.user_id JOIN namespace n ON n.id = t.user_id \
         WHERE t.{column} = $1 AND t.revoked_ms IS NULL AND (t.expires_ms IS NULL OR t.expires_ms > $2) \
         AND u.disabled_ms IS NULL"
    )
}

/// The tokens of a person that are not revoked, newest first.
pub(crate) async fn of_user(db: &Db, user: NamespaceId) -> Result<Vec<Token>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM access_token t WHERE t.user_id = $1 AND t.revoked_ms IS NULL \
         ORDER BY t.created_ms DESC, t.id"
    );
    db.query(&sql, args![user.key()]).await
}

/// Whether the entry of the name space is a person.
pub(crate) async fn is_user(tx: &mut Tx, id: NamespaceId) -> Result<bool, DbError> {
    let found: Option<(i64,)> = tx.query_opt("SELECT id FROM account_user WHERE id = $1", args![id.key()]).await?;
    Ok(found.is_some())
}

/// How many tokens a person has that are not revoked.
pub(crate) async fn count(tx: &mut Tx, user: NamespaceId) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) FROM access_token WHERE user_id = $1 AND revoked_ms IS NULL";
    tx.query_one::<(i64,)>(sql, args![user.key()]).await.map(|(count,)| count)
}

pub(crate) async fn insert(tx: &mut Tx, user: NamespaceId, hash: Sha256, grant: &TokenGrant) -> Result<(), DbError> {
    let sql = "INSERT INTO access_token (id, user_id, hash, display_name, role, scopes, created_ms, expires_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    tx.exec(
        sql,
        args![
            grant.id.key(),
            user.key(),
            hash,
            grant.display_name.as_str(),
            grant.role.word(),
            scopes_text(&grant.scopes),
            grant.created_at,
            grant.expires_at
        ],
    )
    .await?;
    Ok(())
}

/// Gives a token of `user` another value; `false` if there is no such token or it is revoked.
pub(crate) async fn replace_hash(
    tx: &mut Tx,
    user: NamespaceId,
    id: TokenId,
    hash: Sha256,
    now: Timestamp,
) -> Result<bool, DbError> {
    let sql = "UPDATE access_token SET hash = $3, created_ms = $4, last_used_ms = NULL \
               WHERE id = $1 AND user_id = $2 AND revoked_ms IS NULL";
    Ok(tx.exec(sql, args![id.key(), user.key(), hash, now]).await? == 1)
}

/// Gives a token of an app another value and a later end; `false` if it was revoked or its owner may not sign in.
pub(crate) async fn renew(tx: &mut Tx, id: TokenId, hash: Sha256, expires: Timestamp) -> Result<bool, DbError> {
    let sql = "UPDATE access_token SET hash = $2, expires_ms = $3 WHERE id = $1 AND revoked_ms IS NULL \
               AND EXISTS (SELECT 1 FROM account_user u WHERE u.id = access_token.user_id AND u.disabled_ms IS NULL)";
    Ok(tx.exec(sql, args![id.key(), hash, expires]).await? == 1)
}

/// Deletes the tokens of a person's apps that nothing renews any more.
pub(crate) async fn delete_expired(tx: &mut Tx, user: NamespaceId, now: Timestamp) -> Result<(), DbError> {
    let sql = "DELETE FROM access_token WHERE user_id = $1 AND expires_ms <= $2 \
               AND id IN (SELECT token_id FROM oauth_refresh WHERE expires_ms <= $2)";
    tx.exec(sql, args![user.key(), now]).await?;
    Ok(())
}

/// Revokes a token of `user`; `false` if there is no such token or it is revoked already.
pub(crate) async fn revoke(tx: &mut Tx, user: NamespaceId, id: TokenId, now: Timestamp) -> Result<bool, DbError> {
    let sql = "UPDATE access_token SET revoked_ms = $3 WHERE id = $1 AND user_id = $2 AND revoked_ms IS NULL";
    Ok(tx.exec(sql, args![id.key(), user.key(), now]).await? == 1)
}

/// Revokes the token of that hash, whosever it is.
pub(crate) async fn revoke_hash(tx: &mut Tx, hash: Sha256, now: Timestamp) -> Result<(), DbError> {
    tx.exec("UPDATE access_token SET revoked_ms = $2 WHERE hash = $1 AND revoked_ms IS NULL", args![hash, now]).await?;
    Ok(())
}

/// Notes a use, unless a later one is noted.
pub(crate) async fn touch(tx: &mut Tx, id: TokenId, at: Timestamp) -> Result<(), DbError> {
    let sql = "UPDATE access_token SET last_used_ms = $2 WHERE id = $1 AND (last_used_ms IS NULL OR last_used_ms < $2)";
    tx.exec(sql, args![id.key(), at]).await?;
    Ok(())
}

/// What an import finds of a token value: revoked or not.
pub(crate) struct Known {
    pub(crate) id: TokenId,
    pub(crate) user: NamespaceId,
    pub(crate) display_name: String,
    pub(crate) role: TokenRole,
    pub(crate) is_revoked: bool,
}

impl FromRow for Known {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Known {
            id: TokenId::new(row.get(0)?),
            user: NamespaceId::new(row.get(1)?),
            display_name: row.get(2)?,
            role: role(3, row)?,
            is_revoked: row.get::<i64>(4)? != 0,
        })
    }
}

pub(crate) async fn known(tx: &mut Tx, hash: Sha256) -> Result<Option<Known>, DbError> {
    let sql = "SELECT id, user_id, display_name, role, CASE WHEN revoked_ms IS NULL THEN 0 ELSE 1 END \
               FROM access_token WHERE hash = $1";
    tx.query_opt(sql, args![hash]).await
}

/// Sets name and role of an imported token. A role without scopes leaves none behind.
pub(crate) async fn redescribe(tx: &mut Tx, id: TokenId, name: &str, role: TokenRole) -> Result<(), DbError> {
    let sql = "UPDATE access_token SET display_name = $2, role = $3, scopes = '' WHERE id = $1";
    tx.exec(sql, args![id.key(), name, role.word()]).await?;
    Ok(())
}
