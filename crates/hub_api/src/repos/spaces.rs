//! What only Spaces have: secrets, variables, and what is known of the app. Hearth runs no apps but static ones, so there is
//! no hardware to choose from.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use hub_core::{Access, Code, RepoKind, SecretString};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, JsonBody, delete, get, post};
use hub_repo::{EnvironmentEntry, EnvironmentKind, EnvironmentValue, NewEntry, Repo, Repos};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::view::{Shown, Wanted};
use crate::ApiState;
use crate::address::{At, api_base};
use crate::failure::Answer;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    let base = api_base(RepoKind::Space);
    let (secrets, variables) = (format!("{base}/secrets"), format!("{base}/variables"));
    ApiRouter::new()
        .route(
            get("/api/spaces/hardware")
                .access(AccessClass::Public)
                .tag("spaces")
                .summary("Lists the hardware that Spaces can ask for: none")
                .answer::<Vec<Value>>()
                .to(hardware),
        )
        .route(
            get("/api/spaces/templates")
                .access(AccessClass::Public)
                .tag("spaces")
                .summary("Lists the Spaces that new ones can begin as: none")
                .answer::<Value>()
                .to(templates),
        )
        .route(
            get(format!("{base}/runtime"))
                .access(AccessClass::Read)
                .tag("spaces")
                .summary("Says what is known of the app")
                .answer::<Value>()
                .to(runtime),
        )
        .route(
            get(secrets.clone())
                .access(AccessClass::Write)
                .tag("spaces")
                .summary("Lists the secrets, without their values")
                .answer::<EnvironmentView>()
                .to(list_secrets),
        )
        .route(
            post(secrets.clone())
                .access(AccessClass::Write)
                .tag("spaces")
                .summary("Sets a secret")
                .body::<EntryBody>()
                .answer::<EnvironmentView>()
                .to(set_secret),
        )
        .route(
            delete(secrets)
                .access(AccessClass::Write)
                .tag("spaces")
                .summary("Deletes a secret")
                .body::<NameBody>()
                .answer::<EnvironmentView>()
                .to(delete_secret),
        )
        .route(
            get(variables.clone())
                .access(AccessClass::Read)
                .tag("spaces")
                .summary("Lists the variables")
                .answer::<EnvironmentView>()
                .to(list_variables),
        )
        .route(
            post(variables.clone())
                .access(AccessClass::Write)
                .tag("spaces")
                .summary("Sets a variable")
                .body::<EntryBody>()
                .answer::<EnvironmentView>()
                .to(set_variable),
        )
        .route(
            delete(variables)
                .access(AccessClass::Write)
                .tag("spaces")
                .summary("Deletes a variable")
                .body::<NameBody>()
                .answer::<EnvironmentView>()
                .to(delete_variable),
        )
}

/// An entry to set.
#[derive(Deserialize, JsonSchema)]
pub(super) struct EntryBody {
    /// Letters, digits and `_`, a letter first.
    key: String,
    #[serde(default = "nothing")]
    #[schemars(with = "String")]
    value: SecretString,
    /// What it is for.
    description: Option<String>,
}

fn nothing() -> SecretString {
    SecretString::new("")
}

impl EntryBody {
    pub(super) fn parse(self) -> Answer<NewEntry> {
        let refused = |reason| ApiError::new(Code::Unprocessable, format!("{:?}: {reason}", self.key));
        let name = self.key.parse().map_err(refused)?;
        Ok(NewEntry { name, value: EnvironmentValue::new(self.value)?, description: self.description })
    }
}

/// Which entry.
#[derive(Deserialize, JsonSchema)]
struct NameBody {
    key: String,
}

/// All entries by their names.
type EnvironmentView = BTreeMap<String, EntryView>;

/// An entry. A secret has no value here.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct EntryView {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    updated_at: String,
}

impl From<EnvironmentEntry> for EntryView {
    fn from(entry: EnvironmentEntry) -> Self {
        let EnvironmentEntry { name, value, description, updated } = entry;
        Self { key: name.as_str().to_owned(), value, description, updated_at: updated.to_string() }
    }
}

async fn listed(repo: &Repo, kind: EnvironmentKind) -> Answer<Json<EnvironmentView>> {
    let entries = repo.environment(kind).await?;
    Ok(Json(entries.into_iter().map(|entry| (entry.name.as_str().to_owned(), EntryView::from(entry))).collect()))
}

/// `GET /api/spaces/hardware`
async fn hardware() -> Json<Vec<Value>> {
    Json(Vec::new())
}

/// `GET /api/spaces/templates`
async fn templates() -> Json<Value> {
    Json(json!({ "templates": [] }))
}

/// `GET /api/spaces/{namespace}/{name}/runtime`
async fn runtime(State(repos): State<Repos>, Caller(caller): Caller, at: At) -> Answer<Json<Value>> {
    let repo = at.open(&repos, &caller, Access::Metadata).await?;
    let wanted = Wanted::of_info(RepoKind::Space, &["runtime".to_owned()])?;
    let facts = repo.facts(repo.resolve(&at.revision).await?).await?;
    let shown = Shown { state: repo.state(), facts: &facts, sha: None, trending: 0.0, siblings: None };
    Ok(Json(shown.view(&wanted)["runtime"].take()))
}

/// `GET /api/spaces/{namespace}/{name}/secrets`
async fn list_secrets(State(repos): State<Repos>, Caller(caller): Caller, at: At) -> Answer<Json<EnvironmentView>> {
    listed(&at.open(&repos, &caller, Access::Write).await?, EnvironmentKind::Secret).await
}

/// `POST /api/spaces/{namespace}/{name}/secrets`
async fn set_secret(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    JsonBody(body): JsonBody<EntryBody>,
) -> Answer<Json<EnvironmentView>> {
    let repo = at.open(&repos, &caller, Access::Write).await?;
    repo.set_environment(EnvironmentKind::Secret, &[body.parse()?]).await?;
    listed(&repo, EnvironmentKind::Secret).await
}

/// `DELETE /api/spaces/{namespace}/{name}/secrets`
async fn delete_secret(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    JsonBody(body): JsonBody<NameBody>,
) -> Answer<Json<EnvironmentView>> {
    let repo = at.open(&repos, &caller, Access::Write).await?;
    repo.remove_from_environment(EnvironmentKind::Secret, &body.key).await?;
    listed(&repo, EnvironmentKind::Secret).await
}

/// `GET /api/spaces/{namespace}/{name}/variables`
async fn list_variables(State(repos): State<Repos>, Caller(caller): Caller, at: At) -> Answer<Json<EnvironmentView>> {
    listed(&at.open(&repos, &caller, Access::Read).await?, EnvironmentKind::Variable).await
}

/// `POST /api/spaces/{namespace}/{name}/variables`
async fn set_variable(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    JsonBody(body): JsonBody<EntryBody>,
) -> Answer<Json<EnvironmentView>> {
    let repo = at.open(&repos, &caller, Access::Write).await?;
    repo.set_environment(EnvironmentKind::Variable, &[body.parse()?]).await?;
    listed(&repo, EnvironmentKind::Variable).await
}

/// `DELETE /api/spaces/{namespace}/{name}/variables`
async fn delete_variable(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    JsonBody(body): JsonBody<NameBody>,
) -> Answer<Json<EnvironmentView>> {
    let repo = at.open(&repos, &caller, Access::Write).await?;
    repo.remove_from_environment(EnvironmentKind::Variable, &body.key).await?;
    listed(&repo, EnvironmentKind::Variable).await
}
