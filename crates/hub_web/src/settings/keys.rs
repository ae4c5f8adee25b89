//! `/settings/keys`: the SSH keys by which a person's git is known.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::{AccountError, Accounts, PublicKey, SshKey, SshKeyId};
use hub_core::{Code, Timestamp, UserError};
use hub_http::{ApiRouter, JsonOrForm};
use serde::Deserialize;

use super::{get, post};
use crate::WebState;
use crate::error::{Answer, PageError, is_mendable, sentence};
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new()
        .route(get("/settings/keys").to(show))
        .route(post("/settings/keys").to(add))
        .route(post("/settings/keys/delete").to(delete))
}

#[derive(Template)]
#[template(path = "settings/keys/page.html")]
struct KeysPage<'a> {
    shell: Shell,
    keys: Vec<KeyLine>,
    title: &'a str,
    key: &'a str,
    problem: Option<String>,
}

/// A key in the list.
struct KeyLine {
    id: String,
    title: String,
    algorithm: String,
    fingerprint: String,
    created: Timestamp,
    used: Option<Timestamp>,
}

/// `GET /settings/keys`
async fn show(visit: Visit, State(accounts): State<Accounts>) -> Answer {
    keys_page(&visit, &accounts, StatusCode::OK, ("", ""), None).await
}

async fn keys_page(
    visit: &Visit,
    accounts: &Accounts,
    status: StatusCode,
    (title, key): (&str, &str),
    problem: Option<String>,
) -> Answer {
    let line = |key: SshKey| KeyLine {
        id: key.id.to_string(),
        title: key.title.to_string(),
        algorithm: key.algorithm().to_owned(),
        fingerprint: key.fingerprint_text(),
        created: key.created_at,
        used: key.last_used_at,
    };
    let keys = accounts.ssh_keys(visit.by(), visit.person()?.id).await?.into_iter().map(line).collect();
    Ok(visit.page(status, &KeysPage { shell: visit.shell("keys"), keys, title, key, problem }))
}

/// The filled form.
#[derive(Deserialize)]
struct KeyBody {
    form_token: String,
    #[serde(default)]
    title: String,
    key: String,
}

/// `POST /settings/keys`
async fn add(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<KeyBody>) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    let added = match body.key.trim().parse::<PublicKey>() {
        Ok(key) => add_key(&visit, &accounts, &body, &key).await,
        Err(error) => return refused(&visit, &accounts, &body, &error.to_string()).await,
    };
    match added {
        Ok(()) => Ok(go_to("/settings/keys?done=key")),
        Err(error) if is_mendable(&error) => refused(&visit, &accounts, &body, &error.message()).await,
        Err(error) => Err(error.into()),
    }
}

async fn refused(visit: &Visit, accounts: &Accounts, body: &KeyBody, why: &str) -> Answer {
    let fields = (body.title.as_str(), body.key.as_str());
    keys_page(visit, accounts, StatusCode::UNPROCESSABLE_ENTITY, fields, Some(sentence(why))).await
}

async fn add_key(visit: &Visit, accounts: &Accounts, body: &KeyBody, key: &PublicKey) -> Result<(), AccountError> {
    let owner = visit.caller.user().ok_or(AccountError::NeedsLogin)?.id;
    // Without a title, what stands behind the key: the machine that it was made on.
    let comment = body.key.split_whitespace().nth(2).unwrap_or("key");
    let title = if body.title.trim().is_empty() { comment } else { body.title.as_str() };
    accounts.add_ssh_key(visit.by(), owner, title.parse()?, key).await?;
    Ok(())
}

/// Which key.
#[derive(Deserialize)]
struct OneKeyBody {
    form_token: String,
    id: String,
}

/// `POST /settings/keys/delete`
async fn delete(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<OneKeyBody>) -> Answer {
    visit.check(&body.form_token)?;
    let id: SshKeyId =
        body.id.parse().map_err(|_| PageError::told(Code::NotFound, visit.words.get("error.nothing")))?;
    accounts.delete_ssh_key(visit.by(), visit.person()?.id, id).await?;
    Ok(go_to("/settings/keys?done=key-gone"))
}
