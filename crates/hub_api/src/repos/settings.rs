//! `PUT …/settings` and `GET …/auth-check[/write]`.

use axum::Json;
use axum::extract::State;
use hub_core::Access;
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, JsonBody, get, put};
use hub_repo::{Gating, Repos, SettingsChange};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ApiState;
use crate::address::{At, api_base, per_kind};
use crate::failure::Answer;
use crate::repos::view::gated_word;
use crate::wire::{Done, VisibilityWord, visibility};

pub(crate) fn routes() -> ApiRouter<ApiState> {
    per_kind(|kind| {
        let base = api_base(kind);
        ApiRouter::new()
            .route(
                put(format!("{base}/settings"))
                    .access(AccessClass::Admin)
                    .tag("repositories")
                    .id(format!("change_{}_settings", kind.word()))
                    .summary("Changes who may see the repository and how")
                    .body::<SettingsBody>()
                    .answer::<SettingsView>()
                    .to(change_settings),
            )
            .route(
                get(format!("{base}/auth-check"))
                    .access(AccessClass::Read)
                    .tag("repositories")
                    .id(format!("check_{}_read", kind.word()))
                    .summary("Says whether the caller may read the files")
                    .answer::<Done>()
                    .to(check_read),
            )
            .route(
                get(format!("{base}/auth-check/write"))
                    .access(AccessClass::Write)
                    .tag("repositories")
                    .id(format!("check_{}_write", kind.word()))
                    .summary("Says whether the caller may write")
                    .answer::<Done>()
                    .to(check_write),
            )
    })
}

/// Which settings shall change; what is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SettingsBody {
    visibility: Option<VisibilityWord>,
    private: Option<bool>,
    /// `"auto"`, `"manual"` or `false`.
    gated: Option<Value>,
    description: Option<String>,
    discussions_disabled: Option<bool>,
}

/// The settings after the change.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SettingsView {
    private: bool,
    visibility: &'static str,
    /// `"auto"`, `"manual"` or `false`.
    gated: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    discussions_disabled: bool,
}

/// `PUT /api/{kind}s/{namespace}/{name}/settings`
async fn change_settings(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    JsonBody(body): JsonBody<SettingsBody>,
) -> Answer<Json<SettingsView>> {
    let repo = at.open(&repos, &caller, Access::Admin).await?;
    let change = SettingsChange {
        visibility: visibility(body.visibility, body.private),
        gating: body.gated.as_ref().map(parse_gating).transpose()?,
        description: body.description,
        discussions_disabled: body.discussions_disabled,
    };
    repos.change_settings(&repo, &change).await?;
    let repo = at.open(&repos, &caller, Access::Admin).await?;
    let state = repo.state();
    Ok(Json(SettingsView {
        private: state.visibility.is_hidden(),
        visibility: state.visibility.word(),
        gated: gated_word(state.gating),
        description: state.settings.description.clone(),
        discussions_disabled: state.settings.discussions_disabled,
    }))
}

fn parse_gating(value: &Value) -> Result<Gating, ApiError> {
    match value {
        Value::Bool(false) => Ok(Gating::Open),
        Value::String(word) if word == "auto" => Ok(Gating::Auto),
        Value::String(word) if word == "manual" => Ok(Gating::Manual),
        _ => Err(ApiError::bad_request("`gated` must be \"auto\", \"manual\" or false")),
    }
}

/// `GET /api/{kind}s/{namespace}/{name}/auth-check`
async fn check_read(State(repos): State<Repos>, Caller(caller): Caller, at: At) -> Answer<Json<Done>> {
    at.open(&repos, &caller, Access::Read).await?;
    Ok(Json(Done {}))
}

/// `GET /api/{kind}s/{namespace}/{name}/auth-check/write`
async fn check_write(State(repos): State<Repos>, Caller(caller): Caller, at: At) -> Answer<Json<Done>> {
    at.open(&repos, &caller, Access::Write).await?;
    Ok(Json(Done {}))
}
