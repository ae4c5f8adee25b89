//! Rows of `namespace`.

use hub_core::{Timestamp, Visibility};
use hub_db::{Db, DbError, FromRow, Row, Tx, Value, args};

use super::{Names, aliases, damaged, like_pattern, parse};
use crate::label::Label;
use crate::namespace::{Namespace, NamespaceId, NamespaceKind};

const COLUMNS: &str = "id, name, kind, full_name, default_visibility, created_ms";

impl FromRow for Namespace {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let (kind, visibility): (i64, String) = (row.get(2)?, row.get(4)?);
        Ok(Namespace {
            id: NamespaceId::new(row.get(0)?),
            name: parse(1, &row.get::<String>(1)?)?,
            kind: NamespaceKind::from_db(kind).ok_or_else(|| damaged(2, kind))?,
            full_name: parse(3, &row.get::<String>(3)?)?,
            default_visibility: Visibility::from_word(&visibility).ok_or_else(|| damaged(4, &visibility))?,
            created_at: row.get(5)?,
        })
    }
}

pub(crate) async fn by_key(db: &Db, key: &str) -> Result<Option<Namespace>, DbError> {
    db.query_opt(&format!("SELECT {COLUMNS} FROM namespace WHERE name_key = $1"), args![key]).await
}

pub(crate) async fn by_key_in(tx: &mut Tx, key: &str) -> Result<Option<Namespace>, DbError> {
    tx.query_opt(&format!("SELECT {COLUMNS} FROM namespace WHERE name_key = $1"), args![key]).await
}

pub(crate) async fn by_id(db: &Db, id: NamespaceId) -> Result<Option<Namespace>, DbError> {
    db.query_opt(&format!("SELECT {COLUMNS} FROM namespace WHERE id = $1"), args![id.key()]).await
}

pub(crate) async fn by_ids(db: &Db, ids: &[NamespaceId]) -> Result<Vec<Namespace>, DbError> {
    let mut keys: Vec<i64> = ids.iter().map(|id| id.key()).collect();
    keys.sort_unstable();
    keys.dedup();
    let keys: Vec<Value> = keys.into_iter().map(Value::from).collect();
    db.query_in(&format!("SELECT {COLUMNS} FROM namespace WHERE id IN ({{in}})"), args![], &keys).await
}

/// Those of these names that somebody bears.
pub(crate) async fn by_names(db: &Db, names: &[hub_core::NamespaceName]) -> Result<Vec<Namespace>, DbError> {
    let keys: Vec<Value> = names.iter().map(|name| Value::from(name.key())).collect();
    db.query_in(&format!("SELECT {COLUMNS} FROM namespace WHERE name_key IN ({{in}})"), args![], &keys).await
}

/// Inserts, unless the name is taken, or was given up after `free_since`: then `false`, and the transaction stays usable.
pub(crate) async fn insert(tx: &mut Tx, namespace: &Namespace, free_since: Timestamp) -> Result<bool, DbError> {
    if !aliases::release(tx, &namespace.name.key(), None, free_since).await? {
        return Ok(false);
    }
    let count = tx
        .exec(
            "INSERT INTO namespace (id, name, name_key, kind, full_name, default_visibility, created_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name_key) DO NOTHING",
            args![
                namespace.id.key(),
                namespace.name.as_str(),
                namespace.name.key(),
                namespace.kind.to_db(),
                namespace.full_name.as_str(),
                namespace.default_visibility.word(),
                namespace.created_at
            ],
        )
        .await?;
    Ok(count == 1)
}

/// Holds the row until the transaction ends, so that rules over its members are checked by one transaction at a time.
pub(crate) async fn lock(tx: &mut Tx, id: NamespaceId) -> Result<bool, DbError> {
    Ok(tx.exec("UPDATE namespace SET kind = kind WHERE id = $1", args![id.key()]).await? == 1)
}

/// When it last took another name.
pub(crate) async fn renamed_at(tx: &mut Tx, id: NamespaceId) -> Result<Option<Timestamp>, DbError> {
    let (at,) =
        tx.query_one::<(Option<i64>,)>("SELECT renamed_ms FROM namespace WHERE id = $1", args![id.key()]).await?;
    Ok(at.map(Timestamp::from_millis))
}

/// Gives it another name; [`DbError::Unique`] if somebody bears that one.
pub(crate) async fn set_name(
    tx: &mut Tx,
    id: NamespaceId,
    name: &hub_core::NamespaceName,
    now: Timestamp,
) -> Result<(), DbError> {
    let sql = "UPDATE namespace SET name = $2, name_key = $3, renamed_ms = $4 WHERE id = $1";
    tx.exec(sql, args![id.key(), name.as_str(), name.key(), now]).await?;
    Ok(())
}

pub(crate) async fn set_full_name(tx: &mut Tx, id: NamespaceId, full_name: &Label) -> Result<(), DbError> {
    tx.exec("UPDATE namespace SET full_name = $2 WHERE id = $1", args![id.key(), full_name.as_str()]).await?;
    Ok(())
}

pub(crate) async fn set_default_visibility(
    tx: &mut Tx,
    id: NamespaceId,
    visibility: Visibility,
) -> Result<(), DbError> {
    let sql = "UPDATE namespace SET default_visibility = $2 WHERE id = $1";
    tx.exec(sql, args![id.key(), visibility.word()]).await?;
    Ok(())
}

/// Removes the row and, by its foreign keys, what this crate keeps about it. `false` if a row of another crate refers to
/// it; the transaction is of no use then.
pub(crate) async fn delete(tx: &mut Tx, id: NamespaceId) -> Result<bool, DbError> {
    match tx.exec("DELETE FROM namespace WHERE id = $1", args![id.key()]).await {
        Ok(_) => Ok(true),
        Err(DbError::Constraint { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Organisations in the order of their names, from the one after `after`, with the number of their members.
pub(crate) async fn organizations(db: &Db, after: &str, limit: i64) -> Result<Vec<(Namespace, i64)>, DbError> {
    struct Counted(Namespace, i64);
    impl FromRow for Counted {
        fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
            Ok(Counted(Namespace::from_row(row)?, row.get(6)?))
        }
    }
    let sql = format!(
        "SELECT {COLUMNS}, (SELECT COUNT(*) FROM membership WHERE org_id = namespace.id) FROM namespace \
         WHERE kind = $1 AND name_key > $2 ORDER BY name_key LIMIT $3"
    );
    let rows: Vec<Counted> = db.query(&sql, args![NamespaceKind::Organization.to_db(), after, limit]).await?;
    Ok(rows.into_iter().map(|Counted(namespace, count)| (namespace, count)).collect())
}

/// Entries of a kind in a stretch of names, in the order of their names.
pub(crate) async fn page(db: &Db, kind: NamespaceKind, names: &Names, limit: i64) -> Result<Vec<Namespace>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM namespace WHERE kind = $1 AND name_key >= $2 AND name_key < $3 \
         AND name_key LIKE $4 ESCAPE '\\' \
         AND NOT EXISTS (SELECT 1 FROM account_user u WHERE u.id = namespace.id AND u.disabled_ms IS NOT NULL) \
         ORDER BY name_key LIMIT $5"
    );
    let (from, until, pattern) = (names.from.as_str(), names.until.as_str(), names.pattern.as_str());
    db.query(&sql, args![kind.to_db(), from, until, pattern, limit]).await
}

/// Whether there are more than `many` entries of a kind.
pub(crate) async fn are_more_than(db: &Db, kind: NamespaceKind, many: i64) -> Result<bool, DbError> {
    let sql = "SELECT id FROM namespace WHERE kind = $1 ORDER BY name_key LIMIT 1 OFFSET $2";
    Ok(db.query_opt::<(i64,)>(sql, args![kind.to_db(), many]).await?.is_some())
}

/// Entries of a kind whose names begin with `prefix`, in the order of their names. The first names from there on are read
/// and no more, so the answer costs the same among millions.
pub(crate) async fn beginning_with(
    db: &Db,
    kind: NamespaceKind,
    prefix: &str,
    limit: i64,
) -> Result<Vec<Namespace>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM namespace WHERE kind = $1 AND name_key >= $2 \
         AND NOT EXISTS (SELECT 1 FROM account_user u WHERE u.id = namespace.id AND u.disabled_ms IS NOT NULL) \
         ORDER BY name_key LIMIT $3"
    );
    let mut found: Vec<Namespace> = db.query(&sql, args![kind.to_db(), prefix, limit]).await?;
    found.retain(|namespace| namespace.name.key().starts_with(prefix));
    Ok(found)
}

/// Entries of a kind whose names hold `text` anywhere, of the first `among` in the order of names.
pub(crate) async fn holding(
    db: &Db,
    kind: NamespaceKind,
    text: &str,
    among: i64,
    limit: i64,
) -> Result<Vec<Namespace>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM (SELECT {COLUMNS}, name_key FROM namespace WHERE kind = $1 \
         ORDER BY name_key LIMIT $2) namespace \
         WHERE name_key LIKE $3 ESCAPE '\\' \
         AND NOT EXISTS (SELECT 1 FROM account_user u WHERE u.id = namespace.id AND u.disabled_ms IS NOT NULL) \
         ORDER BY name_key LIMIT $4"
    );
    db.query(&sql, args![kind.to_db(), among, like_pattern(text), limit]).await
}

/// A new entry, not yet inserted.
pub(crate) fn fresh(
    key: i64,
    name: hub_core::NamespaceName,
    kind: NamespaceKind,
    full_name: Option<Label>,
    now: Timestamp,
) -> Result<Namespace, crate::AccountError> {
    let full_name = match full_name {
        Some(full_name) => full_name,
        None => name.as_str().parse()?,
    };
    let default_visibility = Visibility::Public;
    Ok(Namespace { id: NamespaceId::new(key), name, kind, full_name, default_visibility, created_at: now })
}
