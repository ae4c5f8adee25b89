//! `POST /{namespace}/{name}/ask-access`, and taking a request back.
//!
//! The form of the page and clients of the API send here what was filled in, as a form or as JSON.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use hub_core::{Access, CommitId};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, JsonOrForm, get, post};
use hub_repo::{AccessRequest, Repos};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::ApiState;
use crate::address::{At, api_base, per_kind, web_base};
use crate::community::discussions::done;
use crate::failure::Answer;

pub(super) fn routes() -> ApiRouter<ApiState> {
    per_kind(|kind| {
        let (base, word) = (api_base(kind), kind.word());
        let ask = |path: String| {
            post(path)
                .access(AccessClass::Propose)
                .tag("access requests")
                .id(format!("ask_{word}_access"))
                .summary("Asks for access to a gated repository")
                .body_bytes("application/json")
        };
        ApiRouter::new()
            .route(ask(format!("{base}/ask-access")).answer::<RequestView>().to(ask_by_api))
            .route(ask(format!("{}/ask-access", web_base(kind))).undocumented().to(ask_by_page))
            .route(
                post(format!("{base}/user-access-request/cancel"))
                    .access(AccessClass::Propose)
                    .tag("access requests")
                    .id(format!("cancel_{word}_access_request"))
                    .summary("Takes one's own request back while nobody has decided")
                    .answer::<Value>()
                    .to(cancel),
            )
            .route(
                get(format!("{base}/ask-access"))
                    .access(AccessClass::Read)
                    .tag("access requests")
                    .id(format!("get_own_{word}_access_request"))
                    .summary("Tells what became of one's own request")
                    .answer::<RequestView>()
                    .to(own),
            )
    })
}

/// What became of a request.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RequestView {
    request_id: String,
    /// `pending`, `accepted` or `rejected`.
    status: &'static str,
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejection_reason: Option<String>,
}

impl RequestView {
    fn of(request: &AccessRequest) -> Self {
        Self {
            request_id: request.id.wire(),
            status: request.status.word(),
            timestamp: request.asked.to_string(),
            rejection_reason: request.reason.clone(),
        }
    }
}

async fn asked(
    repos: &Repos,
    caller: &hub_account::Caller,
    at: &At,
    fields: Map<String, Value>,
) -> Answer<AccessRequest> {
    let repo = at.open(repos, caller, Access::Metadata).await?;
    let terms = match repo.main_head().await? {
        Some(head) => repo.facts(CommitId::new(head)).await?.terms(),
        None => String::new(),
    };
    Ok(repo.ask_access(fields, &terms).await?)
}

/// `POST /api/{kind}s/{namespace}/{name}/ask-access`
async fn ask_by_api(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    JsonOrForm(fields): JsonOrForm<Map<String, Value>>,
) -> Answer<Json<RequestView>> {
    Ok(Json(RequestView::of(&asked(&repos, &caller, &at, fields).await?)))
}

/// `POST /{namespace}/{name}/ask-access`
async fn ask_by_page(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    JsonOrForm(fields): JsonOrForm<Map<String, Value>>,
) -> Answer<impl IntoResponse> {
    asked(&repos, &caller, &at, fields).await?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, format!("/{}", at.addr.url_path()))]))
}

/// `POST /api/{kind}s/{namespace}/{name}/user-access-request/cancel`
async fn cancel(State(repos): State<Repos>, Caller(caller): Caller, at: At) -> Answer<Json<Value>> {
    let repo = at.open(&repos, &caller, Access::Metadata).await?;
    repo.withdraw_request().await?;
    Ok(done())
}

/// `GET /api/{kind}s/{namespace}/{name}/ask-access`
async fn own(State(repos): State<Repos>, Caller(caller): Caller, at: At) -> Answer<Json<RequestView>> {
    let repo = at.open(&repos, &caller, Access::Metadata).await?;
    let request = repo.own_request().await?;
    let none = || ApiError::new(hub_core::Code::NotFound, "you have not asked for access");
    Ok(Json(RequestView::of(&request.ok_or_else(none)?)))
}
