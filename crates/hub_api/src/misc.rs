//! Small calls that belong to no resource: the check of a card, what clients ask at their start, the API description.

use std::sync::OnceLock;

use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hub_core::RepoKind;
use hub_formats::card::{Validation, validate};
use hub_http::{AccessClass, ApiError, ApiRouter, Info, JsonBody, get, post};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ApiState;
use crate::failure::Answer;
use crate::wire::KindWord;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    ApiRouter::new()
        .route(
            post("/api/validate-yaml")
                .access(AccessClass::Public)
                .tag("repositories")
                .summary("Says what is wrong with the metadata of a card")
                .body::<CardBody>()
                .answer::<Value>()
                .to(validate_yaml),
        )
        .route(
            get("/api/agent-harnesses")
                .access(AccessClass::Public)
                .tag("clients")
                .summary("Names the coding agents that the command line knows: none")
                .answer::<Value>()
                .to(agent_harnesses),
        )
        .route(
            get("/api/telemetry/{*topic}")
                .access(AccessClass::Public)
                .tag("clients")
                .summary("Takes note of nothing: Hearth collects no telemetry")
                .to(telemetry),
        )
        .route(
            get("/api/openapi.json")
                .access(AccessClass::Public)
                .tag("clients")
                .summary("Describes this API")
                .answer::<Value>()
                .to(openapi),
        )
}

/// A card to check.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CardBody {
    /// The whole README.
    content: String,
    repo_type: Option<KindWord>,
}

/// `POST /api/validate-yaml`
async fn validate_yaml(headers: HeaderMap, JsonBody(body): JsonBody<CardBody>) -> Answer<Response> {
    let kind = body.repo_type.map_or(RepoKind::Model, RepoKind::from);
    let found = tokio::task::spawn_blocking(move || validate(kind, &body.content)).await;
    let found = found.map_err(ApiError::internal)?;
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Ok(if accepts.trim() == "text/plain" { validation_text(&found) } else { validation_response(&found) })
}

/// Older clients show the answer to a person as it is, so they ask for text.
fn validation_text(found: &Validation) -> Response {
    let status = if found.errors.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let errors = found.errors.iter().map(|message| format!("- Error: {}\n", message.message));
    let warnings = found.warnings.iter().map(|message| format!("- Warning: {}\n", message.message));
    (status, errors.chain(warnings).collect::<String>()).into_response()
}

/// With errors the status says so too; clients read the messages in either case.
fn validation_response(found: &Validation) -> Response {
    if found.errors.is_empty() {
        return Json(found).into_response();
    }
    let error = "the metadata of the card has errors";
    let body = json!({ "error": error, "errors": found.errors, "warnings": found.warnings });
    (StatusCode::BAD_REQUEST, [("x-error-message", error)], Json(body)).into_response()
}

/// `GET /api/agent-harnesses`
async fn agent_harnesses() -> Json<Value> {
    Json(json!({ "standardEnvVars": [], "harnesses": {} }))
}

/// `HEAD /api/telemetry/{topic}`
async fn telemetry() -> StatusCode {
    StatusCode::OK
}

/// `GET /api/openapi.json`
async fn openapi() -> Response {
    // It depends on nothing but the code, so it is made once.
    static DESCRIPTION: OnceLock<Bytes> = OnceLock::new();
    let description = DESCRIPTION.get_or_init(|| Bytes::from(crate::routes().openapi(&info()).to_string()));
    ([(header::CONTENT_TYPE, "application/json")], description.clone()).into_response()
}

/// The head of the description.
fn info() -> Info {
    Info {
        title: "Hearth".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        description: "The HTTP API of a Hearth instance. It is spoken by the clients of the Hugging Face Hub; \
            where an answer differs on purpose, docs/quirks.md says so."
            .to_owned(),
        server_url: None,
    }
}
