//! Rows of `webhook`, `webhook_watch` and `webhook_delivery`.

use hub_account::NamespaceId;
use hub_core::Timestamp;
use hub_db::{Db, DbError, FromRow, OnConflict, Row, Tx, Value, args};

use crate::webhooks::{DeliveryLog, DeliveryState, Domain, Watch, WatchKind, Webhook, WebhookId, WebhookState};

const COLUMNS: &str = "id, owner, url, domains, secret, state, triggered_ms";

impl FromRow for Webhook {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let domains: String = row.get(3)?;
        let state: String = row.get(5)?;
        Ok(Self {
            id: WebhookId(row.get(0)?),
            owner: NamespaceId::new(row.get(1)?),
            url: row.get(2)?,
            domains: domains.split(',').filter_map(Domain::from_word).collect(),
            secret: row.get(4)?,
            state: WebhookState::from_word(&state)
                .ok_or_else(|| DbError::Decode { column: 5, reason: format!("unexpected value {state:?}") })?,
            triggered: row.get(6)?,
            watched: Vec::new(),
        })
    }
}

fn words(domains: &[Domain]) -> String {
    domains.iter().map(|domain| domain.word()).collect::<Vec<_>>().join(",")
}

async fn with_watches(db: &Db, mut found: Vec<Webhook>) -> Result<Vec<Webhook>, DbError> {
    let keys: Vec<Value> = found.iter().map(|webhook| Value::from(webhook.id.0)).collect();
    let rows: Vec<(i64, String, i64, String)> = db
        .query_in("SELECT webhook_id, kind, target, name FROM webhook_watch WHERE webhook_id IN ({in})", &[], &keys)
        .await?;
    for (id, kind, target, name) in rows {
        let webhook = found.iter_mut().find(|webhook| webhook.id.0 == id);
        if let (Some(webhook), Some(kind)) = (webhook, WatchKind::from_word(&kind)) {
            webhook.watched.push(Watch { kind, target, name });
        }
    }
    for webhook in &mut found {
        webhook.watched.sort_by(|a, b| (a.kind.word(), &a.name).cmp(&(b.kind.word(), &b.name)));
    }
    Ok(found)
}

pub(crate) async fn of_owner(db: &Db, owner: NamespaceId) -> Result<Vec<Webhook>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM webhook WHERE owner = $1 ORDER BY created_ms, id");
    with_watches(db, db.query(&sql, args![owner.key()]).await?).await
}

pub(crate) async fn get(db: &Db, id: WebhookId) -> Result<Option<Webhook>, DbError> {
    let found = db.query(&format!("SELECT {COLUMNS} FROM webhook WHERE id = $1"), args![id.0]).await?;
    Ok(with_watches(db, found).await?.pop())
}

/// The webhooks that watch one of these things, each once, without what else they watch.
/// Those that watched one of the targets at a time: what happened before a webhook was made is not told to it.
/// A watch of a name that nobody had has a target below zero, and holds for whoever has the name now.
pub(crate) async fn watching(db: &Db, targets: &[i64], owner: &str, at: Timestamp) -> Result<Vec<Webhook>, DbError> {
    let keys: Vec<Value> = targets.iter().map(|key| Value::from(*key)).collect();
    let sql = format!(
        "SELECT {COLUMNS} FROM webhook WHERE created_ms <= $1 \
         AND (id IN (SELECT webhook_id FROM webhook_watch WHERE target IN ({{in}})) \
         OR id IN (SELECT webhook_id FROM webhook_watch WHERE target < 0 AND LOWER(name) = $2))"
    );
    db.query_in(&sql, args![at, owner.to_lowercase()], &keys).await
}

pub(crate) async fn insert(tx: &mut Tx, webhook: &Webhook, now: Timestamp) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO webhook (id, owner, url, domains, secret, state, created_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        args![
            webhook.id.0,
            webhook.owner.key(),
            webhook.url.as_str(),
            words(&webhook.domains),
            webhook.secret.clone(),
            webhook.state.word(),
            now,
        ],
    )
    .await?;
    insert_watches(tx, webhook).await
}

async fn insert_watches(tx: &mut Tx, webhook: &Webhook) -> Result<(), DbError> {
    let rows: Vec<Vec<Value>> = webhook
        .watched
        .iter()
        .map(|watch| {
            vec![
                Value::from(webhook.id.0),
                Value::from(watch.kind.word()),
                Value::from(watch.target),
                Value::from(watch.name.as_str()),
            ]
        })
        .collect();
    tx.insert_many("webhook_watch", &["webhook_id", "kind", "target", "name"], &rows, OnConflict::Ignore).await?;
    Ok(())
}

/// Writes what has changed of a webhook. Being switched on again forgets earlier failures.
pub(crate) async fn update(tx: &mut Tx, webhook: &Webhook) -> Result<(), DbError> {
    tx.exec(
        "UPDATE webhook SET url = $2, domains = $3, secret = $4, state = $5, failures = 0 WHERE id = $1",
        args![
            webhook.id.0,
            webhook.url.as_str(),
            words(&webhook.domains),
            webhook.secret.clone(),
            webhook.state.word(),
        ],
    )
    .await?;
    tx.exec("DELETE FROM webhook_watch WHERE webhook_id = $1", args![webhook.id.0]).await?;
    insert_watches(tx, webhook).await
}

pub(crate) async fn delete(tx: &mut Tx, id: WebhookId) -> Result<(), DbError> {
    tx.exec("DELETE FROM webhook WHERE id = $1", args![id.0]).await?;
    Ok(())
}

pub(crate) async fn insert_delivery(
    tx: &mut Tx,
    id: i64,
    webhook: WebhookId,
    sequence: i64,
    payload: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO webhook_delivery (id, webhook_id, sequence, payload, state, created_ms) \
         VALUES ($1, $2, $3, $4, 'waiting', $5)",
        args![id, webhook.0, sequence, payload, now],
    )
    .await?;
    Ok(())
}

/// Forgets the oldest messages that are over.
pub(crate) async fn trim_log(tx: &mut Tx, webhook: WebhookId, keep: i64) -> Result<(), DbError> {
    tx.exec(
        "DELETE FROM webhook_delivery WHERE webhook_id = $1 AND state <> 'waiting' AND id NOT IN \
         (SELECT id FROM webhook_delivery WHERE webhook_id = $1 ORDER BY created_ms DESC, id DESC LIMIT $2)",
        args![webhook.0, keep],
    )
    .await?;
    Ok(())
}

const LOG_COLUMNS: &str = "id, payload, state, status, problem, attempts, created_ms, sent_ms";

impl FromRow for DeliveryLog {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let state: String = row.get(2)?;
        Ok(Self {
            id: row.get(0)?,
            payload: row.get(1)?,
            state: DeliveryState::from_word(&state)
                .ok_or_else(|| DbError::Decode { column: 2, reason: format!("unexpected value {state:?}") })?,
            status: row.get(3)?,
            problem: row.get(4)?,
            attempts: row.get(5)?,
            created: row.get(6)?,
            sent: row.get(7)?,
        })
    }
}

/// A message and the webhook that it is for.
pub(crate) async fn delivery(db: &Db, id: i64) -> Result<Option<(WebhookId, DeliveryLog)>, DbError> {
    let row: Option<(i64,)> = db.query_opt("SELECT webhook_id FROM webhook_delivery WHERE id = $1", args![id]).await?;
    let Some((webhook,)) = row else { return Ok(None) };
    let log = db.query_opt(&format!("SELECT {LOG_COLUMNS} FROM webhook_delivery WHERE id = $1"), args![id]).await?;
    Ok(log.map(|log| (WebhookId(webhook), log)))
}

pub(crate) async fn log(db: &Db, webhook: WebhookId) -> Result<Vec<DeliveryLog>, DbError> {
    let sql = format!(
        "SELECT {LOG_COLUMNS} FROM webhook_delivery WHERE webhook_id = $1 ORDER BY created_ms DESC, id DESC LIMIT 200"
    );
    db.query(&sql, args![webhook.0]).await
}

/// Notes an attempt; answers the webhook, if the message is still there.
pub(crate) async fn note_attempt(
    tx: &mut Tx,
    id: i64,
    state: DeliveryState,
    status: Option<i64>,
    problem: Option<String>,
    now: Timestamp,
) -> Result<Option<WebhookId>, DbError> {
    let row: Option<(i64,)> = tx
        .query_opt(
            "UPDATE webhook_delivery SET state = $2, status = $3, problem = $4, attempts = attempts + 1, sent_ms = $5 \
             WHERE id = $1 RETURNING webhook_id",
            args![id, state.word(), status, problem, now],
        )
        .await?;
    Ok(row.map(|(webhook,)| WebhookId(webhook)))
}

pub(crate) async fn clear_failures(tx: &mut Tx, id: WebhookId, now: Timestamp) -> Result<(), DbError> {
    tx.exec("UPDATE webhook SET failures = 0, triggered_ms = $2 WHERE id = $1", args![id.0, now]).await?;
    Ok(())
}

/// Counts a message that was given up; after `most` in a row the webhook is suspended.
pub(crate) async fn count_failure(tx: &mut Tx, id: WebhookId, most: i64, now: Timestamp) -> Result<(), DbError> {
    tx.exec("UPDATE webhook SET failures = failures + 1, triggered_ms = $2 WHERE id = $1", args![id.0, now]).await?;
    tx.exec(
        "UPDATE webhook SET state = 'suspended' WHERE id = $1 AND failures >= $2 AND state = 'enabled'",
        args![id.0, most],
    )
    .await?;
    Ok(())
}

/// Lets a message wait again; answers whether the webhook has it.
pub(crate) async fn reopen(tx: &mut Tx, webhook: WebhookId, id: i64) -> Result<bool, DbError> {
    let changed = tx
        .exec("UPDATE webhook_delivery SET state = 'waiting' WHERE id = $1 AND webhook_id = $2", args![id, webhook.0])
        .await?;
    Ok(changed == 1)
}
