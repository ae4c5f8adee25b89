//! Rows of `collection`, `collection_item` and `collection_upvote`.

use hub_account::NamespaceId;
use hub_core::Timestamp;
use hub_db::{Db, DbError, FromRow, Row, Tx, Value, args};
use hub_repo::RepoId;

use crate::collections::{Collection, CollectionId, CollectionQuery, CollectionSort, Held, Item, ItemId, ItemKind};

const COLUMNS: &str = "id, namespace_id, title, description, theme, private, position, upvotes, changed_ms";

impl FromRow for Collection {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            id: CollectionId(row.get(0)?),
            owner: NamespaceId::new(row.get(1)?),
            title: row.get(2)?,
            description: row.get(3)?,
            theme: row.get(4)?,
            private: row.get(5)?,
            position: row.get(6)?,
            upvotes: row.get(7)?,
            changed: row.get(8)?,
        })
    }
}

/// An item with the collection that holds it.
struct ItemRow {
    collection: CollectionId,
    item: Item,
}

const ITEM_COLUMNS: &str = "collection_id, id, kind, target, position, note";

impl FromRow for ItemRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let kind: String = row.get(2)?;
        let item = Item {
            id: ItemId(row.get(1)?),
            kind: ItemKind::from_word(&kind)
                .ok_or_else(|| DbError::Decode { column: 2, reason: format!("unexpected value {kind:?}") })?,
            target: row.get(3)?,
            position: row.get(4)?,
            note: row.get(5)?,
        };
        Ok(Self { collection: CollectionId(row.get(0)?), item })
    }
}

/// Writes a collection; answers whether its owner had none of that title.
pub(crate) async fn insert(tx: &mut Tx, row: &Collection, now: Timestamp) -> Result<bool, DbError> {
    let written = tx
        .exec(
            "INSERT INTO collection (id, namespace_id, title, title_key, description, theme, private, position, \
             created_ms, changed_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) \
             ON CONFLICT (namespace_id, title_key) DO NOTHING",
            args![
                row.id.0,
                row.owner.key(),
                row.title.as_str(),
                row.title.to_lowercase(),
                row.description.as_str(),
                row.theme.as_str(),
                row.private,
                row.position,
                now,
            ],
        )
        .await?;
    Ok(written == 1)
}

pub(crate) async fn by_title(tx: &mut Tx, owner: NamespaceId, title: &str) -> Result<Option<Collection>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM collection WHERE namespace_id = $1 AND title_key = $2");
    tx.query_opt(&sql, args![owner.key(), title.to_lowercase()]).await
}

pub(crate) async fn get(db: &Db, id: CollectionId) -> Result<Option<Collection>, DbError> {
    db.query_opt(&format!("SELECT {COLUMNS} FROM collection WHERE id = $1"), args![id.0]).await
}

pub(crate) async fn get_many(db: &Db, ids: &[CollectionId]) -> Result<Vec<Collection>, DbError> {
    let keys: Vec<Value> = ids.iter().map(|id| Value::from(id.0)).collect();
    db.query_in(&format!("SELECT {COLUMNS} FROM collection WHERE id IN ({{in}})"), &[], &keys).await
}

pub(crate) async fn count_of(db: &Db, owner: NamespaceId) -> Result<i64, DbError> {
    let (count,): (i64,) =
        db.query_one("SELECT COUNT(*) FROM collection WHERE namespace_id = $1", args![owner.key()]).await?;
    Ok(count)
}

pub(crate) async fn update(tx: &mut Tx, row: &Collection) -> Result<(), DbError> {
    tx.exec(
        "UPDATE collection SET title = $2, title_key = $3, description = $4, theme = $5, private = $6, position = $7, \
         changed_ms = $8 WHERE id = $1",
        args![
            row.id.0,
            row.title.as_str(),
            row.title.to_lowercase(),
            row.description.as_str(),
            row.theme.as_str(),
            row.private,
            row.position,
            row.changed,
        ],
    )
    .await?;
    Ok(())
}

/// Notes a change and keeps others from changing the collection; answers whether it is still there.
pub(crate) async fn touch(tx: &mut Tx, id: CollectionId, now: Timestamp) -> Result<bool, DbError> {
    Ok(tx.exec("UPDATE collection SET changed_ms = $2 WHERE id = $1", args![id.0, now]).await? == 1)
}

pub(crate) async fn delete(tx: &mut Tx, id: CollectionId) -> Result<(), DbError> {
    tx.exec("DELETE FROM collection_item WHERE kind = 'collection' AND target = $1", args![id.0.to_string()]).await?;
    tx.exec("DELETE FROM collection WHERE id = $1", args![id.0]).await?;
    Ok(())
}

/// The items of these collections, each collection's in order.
pub(crate) async fn items(db: &Db, ids: &[CollectionId]) -> Result<Vec<(CollectionId, Item)>, DbError> {
    let keys: Vec<Value> = ids.iter().map(|id| Value::from(id.0)).collect();
    let sql = format!("SELECT {ITEM_COLUMNS} FROM collection_item WHERE collection_id IN ({{in}})");
    let mut rows: Vec<ItemRow> = db.query_in(&sql, &[], &keys).await?;
    rows.sort_by_key(|row| (row.collection, row.item.position));
    Ok(rows.into_iter().map(|row| (row.collection, row.item)).collect())
}

/// The items of a collection that is locked, in order.
pub(crate) async fn items_in(tx: &mut Tx, id: CollectionId) -> Result<Vec<Item>, DbError> {
    let sql = format!("SELECT {ITEM_COLUMNS} FROM collection_item WHERE collection_id = $1 ORDER BY position, id");
    let rows: Vec<ItemRow> = tx.query(&sql, args![id.0]).await?;
    Ok(rows.into_iter().map(|row| row.item).collect())
}

pub(crate) async fn insert_item(
    tx: &mut Tx,
    id: CollectionId,
    item: &Item,
    repo: Option<RepoId>,
    now: Timestamp,
) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO collection_item (id, collection_id, kind, target, repo_id, position, note, added_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        args![
            item.id.0,
            id.0,
            item.kind.word(),
            item.target.as_str(),
            repo.map(RepoId::key),
            item.position,
            item.note.as_str(),
            now,
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn update_item(tx: &mut Tx, id: ItemId, position: i64, note: &str) -> Result<(), DbError> {
    tx.exec("UPDATE collection_item SET position = $2, note = $3 WHERE id = $1", args![id.0, position, note]).await?;
    Ok(())
}

pub(crate) async fn delete_item(tx: &mut Tx, id: ItemId) -> Result<(), DbError> {
    tx.exec("DELETE FROM collection_item WHERE id = $1", args![id.0]).await?;
    Ok(())
}

/// Those of the collections for which a person voted.
pub(crate) async fn upvoted_among(
    db: &Db,
    user: NamespaceId,
    ids: &[CollectionId],
) -> Result<Vec<CollectionId>, DbError> {
    let keys: Vec<Value> = ids.iter().map(|id| Value::from(id.0)).collect();
    let rows: Vec<(i64,)> = db
        .query_in(
            "SELECT collection_id FROM collection_upvote WHERE user_id = $1 AND collection_id IN ({in})",
            args![user.key()],
            &keys,
        )
        .await?;
    Ok(rows.into_iter().map(|(id,)| CollectionId(id)).collect())
}

/// Adds a vote or takes it back, and keeps the count.
pub(crate) async fn upvote(
    tx: &mut Tx,
    id: CollectionId,
    user: NamespaceId,
    on: bool,
    now: Timestamp,
) -> Result<(), DbError> {
    let changed = match on {
        true => {
            tx.exec(
                "INSERT INTO collection_upvote (collection_id, user_id, created_ms) VALUES ($1, $2, $3) \
                 ON CONFLICT (collection_id, user_id) DO NOTHING",
                args![id.0, user.key(), now],
            )
            .await?
        }
        false => {
            tx.exec("DELETE FROM collection_upvote WHERE collection_id = $1 AND user_id = $2", args![id.0, user.key()])
                .await?
        }
    };
    if changed == 1 {
        let delta = if on { 1 } else { -1 };
        tx.exec("UPDATE collection SET upvotes = upvotes + $2 WHERE id = $1", args![id.0, i64::from(delta)]).await?;
    }
    Ok(())
}

/// A page of the collections that match and are public or of one of the namespaces.
pub(crate) async fn page(
    db: &Db,
    query: &CollectionQuery,
    readable: &[NamespaceId],
    limit: i64,
) -> Result<Vec<Collection>, DbError> {
    let list = |ids: &[NamespaceId]| ids.iter().map(|id| id.key().to_string()).collect::<Vec<_>>().join(", ");
    let mut values: Vec<Value> = Vec::new();
    let mut conditions = vec![match readable.is_empty() {
        true => "private = 0".to_owned(),
        false => format!("(private = 0 OR namespace_id IN ({}))", list(readable)),
    }];
    if !query.owners.is_empty() {
        conditions.push(format!("namespace_id IN ({})", list(&query.owners)));
    }
    if !query.holding.is_empty() {
        let held: Vec<String> = query
            .holding
            .iter()
            .map(|held| {
                let (column, value) = match held {
                    Held::Repo(repo) => ("repo_id", Value::from(repo.key())),
                    Held::Paper(paper) => ("kind = 'paper' AND target", Value::from(paper.as_str())),
                };
                values.push(value);
                format!("{column} = ${}", values.len())
            })
            .collect();
        conditions.push(format!("id IN (SELECT collection_id FROM collection_item WHERE {})", held.join(" OR ")));
    }
    if let Some(search) = &query.search {
        let escaped: String = search
            .to_lowercase()
            .chars()
            .flat_map(|c| matches!(c, '%' | '_' | '\\').then_some('\\').into_iter().chain([c]))
            .collect();
        values.push(Value::from(format!("%{escaped}%")));
        let place = values.len();
        conditions
            .push(format!("(title_key LIKE ${place} ESCAPE '\\' OR LOWER(description) LIKE ${place} ESCAPE '\\')"));
    }
    let sort = match query.sort {
        CollectionSort::Changed => "changed_ms",
        CollectionSort::Upvotes => "upvotes",
    };
    if let Some(after) = query.after {
        values.extend([Value::from(after.value), Value::from(after.key)]);
        conditions.push(format!("({sort}, id) < (${}, ${})", values.len() - 1, values.len()));
    }
    values.push(Value::from(limit));
    let sql = format!(
        "SELECT {COLUMNS} FROM collection WHERE {} ORDER BY {sort} DESC, id DESC LIMIT ${}",
        conditions.join(" AND "),
        values.len()
    );
    db.query(&sql, &values).await
}
