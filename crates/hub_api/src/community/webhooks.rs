//! `/api/settings/webhooks`: a person's webhooks, and the log of what they were told.

use axum::Json;
use axum::extract::State;
use hub_account::key_of_wire_id;
use hub_community::{
    Community, DeliveryLog, Domain, WatchKind, WatchTarget, Webhook, WebhookChange, WebhookId, WebhookState,
};
use hub_core::Code;
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, JsonBody, Path, delete, get, post};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ApiState;
use crate::community::collections::repo_addr;
use crate::community::discussions::done;
use crate::failure::Answer;

const ALL: &str = "/api/settings/webhooks";

pub(super) fn routes() -> ApiRouter<ApiState> {
    let one = format!("{ALL}/{{webhook}}");
    ApiRouter::new()
        .route(
            get(ALL)
                .access(AccessClass::Login)
                .tag("webhooks")
                .id("list_webhooks")
                .summary("Lists one's webhooks")
                .answer::<Vec<WebhookView>>()
                .to(list),
        )
        .route(
            post(ALL)
                .access(AccessClass::Login)
                .tag("webhooks")
                .id("create_webhook")
                .summary("Makes a webhook")
                .body::<WebhookBody>()
                .answer::<OneView>()
                .to(create),
        )
        .route(
            get(one.clone())
                .access(AccessClass::Login)
                .tag("webhooks")
                .id("get_webhook")
                .summary("Shows a webhook")
                .answer::<OneView>()
                .to(show),
        )
        .route(
            post(one.clone())
                .access(AccessClass::Login)
                .tag("webhooks")
                .id("change_webhook")
                .summary("Changes a webhook")
                .body::<WebhookBody>()
                .answer::<OneView>()
                .to(change),
        )
        .route(
            delete(one.clone())
                .access(AccessClass::Login)
                .tag("webhooks")
                .id("delete_webhook")
                .summary("Deletes a webhook with its log")
                .answer::<Value>()
                .to(remove),
        )
        .route(
            get(format!("{one}/logs"))
                .access(AccessClass::Login)
                .tag("webhooks")
                .id("list_webhook_messages")
                .summary("Lists what a webhook was told, and what became of it")
                .answer::<Vec<LogView>>()
                .to(log),
        )
        .route(
            post(format!("{one}/{{action}}"))
                .access(AccessClass::Login)
                .tag("webhooks")
                .id("enable_webhook")
                .summary("Switches a webhook on or off: enable, disable")
                .answer::<OneView>()
                .to(switch),
        )
        .route(
            post(format!("{one}/replay/{{log}}"))
                .access(AccessClass::Login)
                .tag("webhooks")
                .id("replay_webhook_message")
                .summary("Sends a message of the log again")
                .answer::<Value>()
                .to(replay),
        )
}

/// A webhook.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct WebhookView {
    id: String,
    url: String,
    watched: Vec<WatchedBody>,
    /// `repo`, `discussion`.
    domains: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    has_secret: bool,
    /// `true`, `false` or `"suspended-after-failure"`.
    disabled: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_trigger_at: Option<String>,
}

/// One webhook, as most answers have it.
#[derive(Serialize, JsonSchema)]
struct OneView {
    webhook: WebhookView,
}

impl WebhookView {
    fn of(webhook: Webhook) -> Self {
        let watched = webhook
            .watched
            .iter()
            .map(|watch| WatchedBody { r#type: watch.kind.word().to_owned(), name: watch.name.clone() });
        Self {
            id: webhook.id.wire(),
            watched: watched.collect(),
            url: webhook.url,
            domains: webhook.domains.iter().map(|domain| domain.word()).collect(),
            has_secret: webhook.secret.is_some(),
            secret: webhook.secret,
            disabled: match webhook.state {
                WebhookState::Enabled => false.into(),
                WebhookState::Disabled => true.into(),
                WebhookState::Suspended => "suspended-after-failure".into(),
            },
            last_trigger_at: webhook.triggered.map(|at| at.to_string()),
        }
    }

    fn one(webhook: Webhook) -> Json<OneView> {
        Json(OneView { webhook: Self::of(webhook) })
    }
}

/// Something that is watched.
#[derive(Serialize, Deserialize, JsonSchema)]
struct WatchedBody {
    /// `model`, `dataset`, `space`, `kernel`, `user` or `org`.
    r#type: String,
    name: String,
}

impl WatchedBody {
    fn parse(self) -> Result<WatchTarget, ApiError> {
        let missing = || ApiError::new(Code::NotFound, format!("there is no {} called {}", self.r#type, self.name));
        match WatchKind::from_word(&self.r#type) {
            Some(WatchKind::Repo(kind)) => Ok(WatchTarget::Repo(repo_addr(kind, &self.name).ok_or_else(missing)?)),
            Some(kind @ WatchKind::Namespace(_)) => {
                Ok(WatchTarget::Namespace(kind, self.name.parse().map_err(|_| missing())?))
            }
            None => Err(ApiError::bad_request(
                "the `type` of what is watched is one of model, dataset, space, kernel, user, org",
            )),
        }
    }
}

/// A new webhook, or what shall change of one.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct WebhookBody {
    watched: Option<Vec<WatchedBody>>,
    url: Option<String>,
    /// `repo`, `discussion`.
    domains: Option<Vec<String>>,
    /// Sent along with each message, and used to sign it.
    secret: Option<String>,
    /// Jobs cannot be run here.
    job: Option<Value>,
    /// Jobs cannot be run here.
    job_source_id: Option<Value>,
}

impl WebhookBody {
    fn parse(self) -> Result<WebhookChange, ApiError> {
        if self.job.is_some() || self.job_source_id.is_some() {
            return Err(ApiError::new(Code::NotImplemented, "Hearth runs no jobs: give the webhook a `url`"));
        }
        let domain = |word: String| {
            Domain::from_word(&word).ok_or_else(|| ApiError::bad_request("a domain is one of repo, discussion"))
        };
        let parse = |watched: Vec<WatchedBody>| -> Result<Vec<WatchTarget>, ApiError> {
            watched.into_iter().map(WatchedBody::parse).collect()
        };
        Ok(WebhookChange {
            url: self.url,
            domains: self
                .domains
                .map(|words| words.into_iter().map(domain).collect::<Result<Vec<_>, ApiError>>())
                .transpose()?,
            secret: self.secret,
            watched: self.watched.map(parse).transpose()?,
        })
    }
}

/// Which webhook, and what of it.
#[derive(Deserialize)]
struct WebhookPath {
    webhook: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    log: String,
}

impl WebhookPath {
    fn id(&self) -> Result<WebhookId, ApiError> {
        WebhookId::of_wire(&self.webhook).ok_or_else(|| ApiError::new(Code::NotFound, "you have no such webhook"))
    }
}

/// States that somebody signed in, before anything about their webhooks is looked at.
fn signed_in(caller: &hub_account::Caller) -> Result<(), ApiError> {
    let needs = || ApiError::new(Code::NeedsLogin, "sign in to see your webhooks, or send a token");
    caller.user().map(|_| ()).ok_or_else(needs)
}

/// `GET /api/settings/webhooks`
async fn list(State(community): State<Community>, Caller(caller): Caller) -> Answer<Json<Vec<WebhookView>>> {
    let found = community.webhooks(&caller).await?;
    Ok(Json(found.into_iter().map(WebhookView::of).collect()))
}

/// `POST /api/settings/webhooks`
async fn create(
    State(community): State<Community>,
    Caller(caller): Caller,
    JsonBody(body): JsonBody<WebhookBody>,
) -> Answer<Json<OneView>> {
    signed_in(&caller)?;
    Ok(WebhookView::one(community.create_webhook(&caller, &body.parse()?).await?))
}

/// `GET /api/settings/webhooks/{webhook}`
async fn show(
    State(community): State<Community>,
    Caller(caller): Caller,
    Path(path): Path<WebhookPath>,
) -> Answer<Json<OneView>> {
    signed_in(&caller)?;
    Ok(WebhookView::one(community.webhook(&caller, path.id()?).await?))
}

/// `POST /api/settings/webhooks/{webhook}`
async fn change(
    State(community): State<Community>,
    Caller(caller): Caller,
    Path(path): Path<WebhookPath>,
    JsonBody(body): JsonBody<WebhookBody>,
) -> Answer<Json<OneView>> {
    signed_in(&caller)?;
    Ok(WebhookView::one(community.change_webhook(&caller, path.id()?, &body.parse()?).await?))
}

/// `DELETE /api/settings/webhooks/{webhook}`
async fn remove(
    State(community): State<Community>,
    Caller(caller): Caller,
    Path(path): Path<WebhookPath>,
) -> Answer<Json<Value>> {
    signed_in(&caller)?;
    community.delete_webhook(&caller, path.id()?).await?;
    Ok(done())
}

/// `POST /api/settings/webhooks/{webhook}/{action}`
async fn switch(
    State(community): State<Community>,
    Caller(caller): Caller,
    Path(path): Path<WebhookPath>,
) -> Answer<Json<OneView>> {
    signed_in(&caller)?;
    let on = match path.action.as_str() {
        "enable" => true,
        "disable" => false,
        _ => return Err(ApiError::new(Code::NotFound, "a webhook can be enabled and disabled").into()),
    };
    Ok(WebhookView::one(community.enable_webhook(&caller, path.id()?, on).await?))
}

/// A message of the log.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct LogView {
    id: String,
    /// `waiting`, `delivered` or `failed`.
    state: &'static str,
    /// What the other side last answered.
    status: Option<i64>,
    /// What last went wrong.
    error: Option<String>,
    attempts: i64,
    created_at: String,
    sent_at: Option<String>,
    payload: Value,
}

impl LogView {
    fn of(log: DeliveryLog) -> Self {
        Self {
            id: hub_account::wire_id(log.id),
            state: log.state.word(),
            status: log.status,
            error: log.problem,
            attempts: log.attempts,
            created_at: log.created.to_string(),
            sent_at: log.sent.map(|at| at.to_string()),
            payload: serde_json::from_str(&log.payload).unwrap_or_default(),
        }
    }
}

/// `GET /api/settings/webhooks/{webhook}/logs`
async fn log(
    State(community): State<Community>,
    Caller(caller): Caller,
    Path(path): Path<WebhookPath>,
) -> Answer<Json<Vec<LogView>>> {
    signed_in(&caller)?;
    let found = community.webhook_log(&caller, path.id()?).await?;
    Ok(Json(found.into_iter().map(LogView::of).collect()))
}

/// `POST /api/settings/webhooks/{webhook}/replay/{log}`
///
/// The message is sent by a job, so the answer is that it was accepted; the log tells what became of it.
async fn replay(
    State(community): State<Community>,
    Caller(caller): Caller,
    Path(path): Path<WebhookPath>,
) -> Answer<Json<Value>> {
    signed_in(&caller)?;
    let missing = || ApiError::new(Code::NotFound, "the log has no such message");
    let message = key_of_wire_id(&path.log).ok_or_else(missing)?;
    community.replay_delivery(&caller, path.id()?, message).await?;
    Ok(Json(json!({ "status": 202 })))
}
