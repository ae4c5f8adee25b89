//! Rows of `oauth_app` and `oauth_consent`, and the tokens that apps were given.

use hub_core::{Sha256, Timestamp};
use hub_db::{Db, DbError, FromRow, Row, Tx, args};

use super::oauth::{keys_of, keys_text};
use super::{damaged, parse};
use crate::namespace::NamespaceId;
use crate::oauth::{App, AppDraft, AppKind, AuthorizedApp, ClientId, OauthScopes, SigningAlg, Vouched};

const COLUMNS: &str = "a.id, a.client_id, a.name, a.owner_id, n.name, a.homepage, a.redirect_uris, a.scopes, \
                       CASE WHEN a.secret_hash IS NULL THEN 0 ELSE 1 END, a.created_ms, a.registered_itself, a.id_token_alg";
/// How many these are.
const COLUMN_COUNT: usize = 12;
const FROM: &str = "FROM oauth_app a LEFT JOIN namespace n ON n.id = a.owner_id";

impl FromRow for App {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let vouched = match (row.get::<Option<i64>>(3)?, row.get::<Option<String>>(4)?, row.get::<i64>(10)?) {
            (Some(key), Some(name), _) => Vouched::Owner(NamespaceId::new(key), parse(4, &name)?),
            (_, _, 0) => Vouched::House,
            _ => Vouched::Nobody,
        };
        let alg: String = row.get(11)?;
        let addresses: String = row.get(6)?;
        Ok(App {
            key: row.get(0)?,
            client_id: ClientId::new(&row.get::<String>(1)?),
            name: row.get(2)?,
            vouched,
            homepage: row.get(5)?,
            redirect_uris: addresses.lines().map(|line| parse(6, line)).collect::<Result<_, _>>()?,
            scopes: OauthScopes::read(&row.get::<String>(7)?),
            kind: if row.get::<i64>(8)? == 0 { AppKind::Public } else { AppKind::Confidential },
            id_token_alg: SigningAlg::of_word(&alg).ok_or_else(|| damaged(11, &alg))?,
            created_at: row.get(9)?,
        })
    }
}

fn addresses_text(draft_uris: &[crate::oauth::RedirectUri]) -> String {
    draft_uris.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

pub(crate) async fn by_client_id(db: &Db, client_id: &str) -> Result<Option<App>, DbError> {
    db.query_opt(&format!("SELECT {COLUMNS} {FROM} WHERE a.client_id = $1"), args![client_id]).await
}

pub(crate) async fn by_key(db: &Db, key: i64) -> Result<Option<App>, DbError> {
    db.query_opt(&format!("SELECT {COLUMNS} {FROM} WHERE a.id = $1"), args![key]).await
}

pub(crate) async fn of_owner(db: &Db, owner: NamespaceId) -> Result<Vec<App>, DbError> {
    let sql = format!("SELECT {COLUMNS} {FROM} WHERE a.owner_id = $1 ORDER BY a.name, a.id");
    db.query(&sql, args![owner.key()]).await
}

pub(crate) async fn count(tx: &mut Tx, owner: NamespaceId) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) FROM oauth_app WHERE owner_id = $1";
    tx.query_one::<(i64,)>(sql, args![owner.key()]).await.map(|(count,)| count)
}

/// Writes an app down; one that registers itself comes from a network.
pub(crate) async fn insert(
    tx: &mut Tx,
    app: &App,
    secret: Option<Sha256>,
    network: Option<Sha256>,
) -> Result<(), DbError> {
    let sql = "INSERT INTO oauth_app (id, client_id, name, owner_id, secret_hash, redirect_uris, scopes, homepage, \
               created_ms, registered_itself, network_hash, id_token_alg) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let owner = match &app.vouched {
        Vouched::Owner(id, _) => Some(id.key()),
        Vouched::House | Vouched::Nobody => None,
    };
    let values = args![
        app.key,
        app.client_id.as_str(),
        app.name.as_str(),
        owner,
        secret,
        addresses_text(&app.redirect_uris),
        app.scopes.to_string(),
        app.homepage.as_str(),
        app.created_at,
        i64::from(app.vouched == Vouched::Nobody),
        network,
        app.id_token_alg.word()
    ];
    tx.exec(sql, values).await?;
    Ok(())
}

pub(crate) async fn update(tx: &mut Tx, key: i64, draft: &AppDraft) -> Result<(), DbError> {
    let sql = "UPDATE oauth_app SET name = $2, homepage = $3, redirect_uris = $4, scopes = $5, id_token_alg = $6 \
               WHERE id = $1";
    let (addresses, scopes) = (addresses_text(&draft.redirect_uris), draft.scopes.to_string());
    let alg = draft.id_token_alg.word();
    let values = args![key, draft.name.as_str(), draft.homepage.as_str(), addresses, scopes, alg];
    tx.exec(sql, values).await?;
    Ok(())
}

pub(crate) async fn set_secret(tx: &mut Tx, key: i64, hash: Sha256) -> Result<(), DbError> {
    tx.exec("UPDATE oauth_app SET secret_hash = $2 WHERE id = $1", args![key, hash]).await?;
    Ok(())
}

pub(crate) async fn has_secret(db: &Db, key: i64, hash: Sha256) -> Result<bool, DbError> {
    let sql = "SELECT id FROM oauth_app WHERE id = $1 AND secret_hash = $2";
    Ok(db.query_opt::<(i64,)>(sql, args![key, hash]).await?.is_some())
}

pub(crate) async fn delete(tx: &mut Tx, key: i64) -> Result<(), DbError> {
    tx.exec("DELETE FROM oauth_app WHERE id = $1", args![key]).await?;
    Ok(())
}

/// How many apps registered themselves since a moment, of one network and of all that nobody allowed anything.
pub(crate) async fn count_registrations(tx: &mut Tx, network: Sha256, since: Timestamp) -> Result<(i64, i64), DbError> {
    let of_network = "SELECT COUNT(*) FROM oauth_app WHERE network_hash = $1 AND created_ms > $2";
    let (of_network,) = tx.query_one::<(i64,)>(of_network, args![network, since]).await?;
    let unused = format!("SELECT COUNT(*) FROM oauth_app a WHERE {UNUSED}");
    let (unused,) = tx.query_one::<(i64,)>(&unused, args![]).await?;
    Ok((of_network, unused))
}

/// What is true of an app that registered itself and that nobody allows anything.
const UNUSED: &str = "a.registered_itself = 1 AND NOT EXISTS (SELECT 1 FROM oauth_consent c WHERE c.app_id = a.id) \
                      AND NOT EXISTS (SELECT 1 FROM oauth_refresh r WHERE r.app_id = a.id)";

/// Deletes apps that registered themselves before `before` and that nobody allows anything. Gives how many those were.
pub(crate) async fn delete_unused(tx: &mut Tx, before: Timestamp) -> Result<u64, DbError> {
    let sql = format!(
        "DELETE FROM oauth_app WHERE id IN (SELECT a.id FROM oauth_app a WHERE {UNUSED} AND a.created_ms < $1)"
    );
    tx.exec(&sql, args![before]).await
}

/// Forgets where the apps came from that registered themselves before `before`.
pub(crate) async fn forget_networks(tx: &mut Tx, before: Timestamp) -> Result<(), DbError> {
    let sql = "UPDATE oauth_app SET network_hash = NULL WHERE network_hash IS NOT NULL AND created_ms < $1";
    tx.exec(sql, args![before]).await?;
    Ok(())
}

/// Ends the tokens that an app was given, by one person or by all.
pub(crate) async fn revoke_tokens(
    tx: &mut Tx,
    key: i64,
    user: Option<NamespaceId>,
    now: Timestamp,
) -> Result<(), DbError> {
    let sql = "UPDATE access_token SET revoked_ms = $3 WHERE revoked_ms IS NULL AND (CAST($2 AS BIGINT) = 0 OR user_id = $2) \
               AND id IN (SELECT token_id FROM oauth_refresh WHERE app_id = $1)";
    tx.exec(sql, args![key, user.map_or(0, NamespaceId::key), now]).await?;
    Ok(())
}

/// Ends the oldest tokens of an app for a person, but for `kept` of them.
pub(crate) async fn revoke_oldest(
    tx: &mut Tx,
    key: i64,
    user: NamespaceId,
    kept: i64,
    now: Timestamp,
) -> Result<(), DbError> {
    let of_app = "SELECT t.id FROM access_token t JOIN oauth_refresh r ON r.token_id = t.id \
                  WHERE r.app_id = $1 AND t.user_id = $2 AND t.revoked_ms IS NULL";
    let newest = format!("{of_app} ORDER BY t.created_ms DESC, t.id DESC LIMIT $3");
    let sql = format!("UPDATE access_token SET revoked_ms = $4 WHERE id IN ({of_app}) AND id NOT IN ({newest})");
    tx.exec(&sql, args![key, user.key(), kept, now]).await?;
    Ok(())
}

/// What a person allowed an app, and on which organisations.
type Consent = (OauthScopes, Vec<NamespaceId>);

const CONSENT: &str = "SELECT scopes, orgs FROM oauth_consent WHERE app_id = $1 AND user_id = $2";

fn consent_of(row: Option<(String, String)>) -> Option<Consent> {
    row.map(|(scopes, orgs)| (OauthScopes::read(&scopes), keys_of(&orgs)))
}

pub(crate) async fn consent(db: &Db, key: i64, user: NamespaceId) -> Result<Option<Consent>, DbError> {
    Ok(consent_of(db.query_opt(CONSENT, args![key, user.key()]).await?))
}

pub(crate) async fn consent_in(tx: &mut Tx, key: i64, user: NamespaceId) -> Result<Option<Consent>, DbError> {
    Ok(consent_of(tx.query_opt(CONSENT, args![key, user.key()]).await?))
}

pub(crate) async fn put_consent(
    tx: &mut Tx,
    key: i64,
    user: NamespaceId,
    scopes: &OauthScopes,
    orgs: &[NamespaceId],
    now: Timestamp,
) -> Result<(), DbError> {
    let sql = "INSERT INTO oauth_consent (app_id, user_id, scopes, orgs, created_ms) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (user_id, app_id) DO UPDATE SET scopes = excluded.scopes, orgs = excluded.orgs";
    tx.exec(sql, args![key, user.key(), scopes.to_string(), keys_text(orgs), now]).await?;
    Ok(())
}

pub(crate) async fn delete_consent(tx: &mut Tx, key: i64, user: NamespaceId) -> Result<(), DbError> {
    tx.exec("DELETE FROM oauth_consent WHERE app_id = $1 AND user_id = $2", args![key, user.key()]).await?;
    Ok(())
}

impl FromRow for AuthorizedApp {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let app = App::from_row(row)?;
        let scopes = OauthScopes::read(&row.get::<String>(COLUMN_COUNT)?);
        Ok(AuthorizedApp { app, scopes, since: row.get(COLUMN_COUNT + 1)? })
    }
}

/// The apps that a person allowed something, newest first.
pub(crate) async fn authorized(db: &Db, user: NamespaceId) -> Result<Vec<AuthorizedApp>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS}, c.scopes, c.created_ms {FROM} JOIN oauth_consent c ON c.app_id = a.id \
         WHERE c.user_id = $1 ORDER BY c.created_ms DESC, a.id LIMIT 500"
    );
    db.query(&sql, args![user.key()]).await
}
