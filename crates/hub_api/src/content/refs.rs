//! References: `GET …/refs`, branches, tags, super-squash.

use axum::Json;
use axum::extract::State;
use hub_core::{Access, Revision};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, JsonBody, Query, WholeBody, delete, get, post};
use hub_repo::{RefTarget, Repos};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::address::{At, api_base, per_kind};
use crate::failure::Answer;
use crate::wire::Done;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    per_kind(|kind| {
        let base = api_base(kind);
        let word = kind.word();
        ApiRouter::new()
            .route(
                get(format!("{base}/refs"))
                    .access(AccessClass::Read)
                    .tag("references")
                    .id(format!("list_{word}_refs"))
                    .summary("Lists branches and tags")
                    .query::<RefsQuery>()
                    .answer::<RefsView>()
                    .to(list_refs),
            )
            .route(
                post(format!("{base}/branch/{{revision}}"))
                    .access(AccessClass::Write)
                    .tag("references")
                    .id(format!("create_{word}_branch"))
                    .summary("Creates a branch")
                    .body::<BranchBody>()
                    .answer::<Done>()
                    .to(create_branch),
            )
            .route(
                delete(format!("{base}/branch/{{revision}}"))
                    .access(AccessClass::Write)
                    .tag("references")
                    .id(format!("delete_{word}_branch"))
                    .summary("Deletes a branch")
                    .answer::<Done>()
                    .to(delete_branch),
            )
            .route(
                post(format!("{base}/tag/{{revision}}"))
                    .access(AccessClass::Write)
                    .tag("references")
                    .id(format!("create_{word}_tag"))
                    .summary("Creates a tag at a revision")
                    .body::<TagBody>()
                    .answer::<Done>()
                    .to(create_tag),
            )
            .route(
                delete(format!("{base}/tag/{{revision}}"))
                    .access(AccessClass::Write)
                    .tag("references")
                    .id(format!("delete_{word}_tag"))
                    .summary("Deletes a tag")
                    .answer::<Done>()
                    .to(delete_tag),
            )
            .route(
                post(format!("{base}/super-squash/{{revision}}"))
                    .access(AccessClass::Admin)
                    .tag("references")
                    .id(format!("super_squash_{word}"))
                    .summary("Replaces the history of a branch by one commit with the same files")
                    .body::<SquashBody>()
                    .answer::<Done>()
                    .to(super_squash),
            )
    })
}

/// Whether branches of pull requests are listed too.
#[derive(Deserialize, JsonSchema)]
struct RefsQuery {
    #[serde(default)]
    include_prs: bool,
}

/// All references.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RefsView {
    branches: Vec<RefView>,
    converts: Vec<RefView>,
    tags: Vec<RefView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pull_requests: Option<Vec<RefView>>,
}

/// One reference.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RefView {
    name: String,
    r#ref: String,
    target_commit: String,
}

impl From<RefTarget> for RefView {
    fn from(target: RefTarget) -> Self {
        let short = target.name.short();
        Self {
            name: short.strip_prefix("refs/convert/").unwrap_or(short).to_owned(),
            r#ref: target.name.to_string(),
            target_commit: target.commit.to_string(),
        }
    }
}

/// `GET /api/{kind}s/{namespace}/{name}/refs`
async fn list_refs(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    Query(query): Query<RefsQuery>,
) -> Answer<Json<RefsView>> {
    let repo = at.open(&repos, &caller, Access::Metadata).await?;
    let refs = repo.list_refs().await?;
    let views = |targets: Vec<RefTarget>| targets.into_iter().map(RefView::from).collect();
    Ok(Json(RefsView {
        branches: views(refs.branches),
        converts: views(refs.converts),
        tags: views(refs.tags),
        pull_requests: query.include_prs.then(|| views(refs.pull_requests)),
    }))
}

/// Where a new branch begins.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(rename_all = "camelCase", default)]
struct BranchBody {
    /// A revision; without it, the default branch.
    starting_point: Option<String>,
    /// Whether it begins without files and history.
    empty_branch: bool,
    /// Whether a branch of that name is moved.
    overwrite: bool,
}

/// `POST /api/{kind}s/{namespace}/{name}/branch/{branch}`
async fn create_branch(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    WholeBody(bytes): WholeBody,
) -> Answer<Json<Done>> {
    let repo = at.open(&repos, &caller, Access::Write).await?;
    let body = optional_body(&bytes)?;
    let start = body.starting_point.map(Revision::new);
    repo.create_branch(at.revision.as_str(), start.as_ref(), body.empty_branch, body.overwrite).await?;
    Ok(Json(Done {}))
}

/// Clients may leave the body out when they want the defaults.
fn optional_body(bytes: &[u8]) -> Result<BranchBody, ApiError> {
    if bytes.is_empty() {
        return Ok(BranchBody::default());
    }
    serde_json::from_slice(bytes).map_err(|error| ApiError::bad_request(format!("the body is no JSON object: {error}")))
}

/// `DELETE /api/{kind}s/{namespace}/{name}/branch/{branch}`
async fn delete_branch(State(repos): State<Repos>, Caller(caller): Caller, at: At) -> Answer<Json<Done>> {
    let repo = at.open(&repos, &caller, Access::Write).await?;
    repo.delete_branch(at.revision.as_str()).await?;
    Ok(Json(Done {}))
}

/// The name of a new tag.
#[derive(Deserialize, JsonSchema)]
struct TagBody {
    tag: String,
    /// With a message, the tag is an annotated one.
    message: Option<String>,
}

/// `POST /api/{kind}s/{namespace}/{name}/tag/{revision}`
async fn create_tag(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    JsonBody(body): JsonBody<TagBody>,
) -> Answer<Json<Done>> {
    let repo = at.open(&repos, &caller, Access::Write).await?;
    repo.create_tag(&body.tag, &at.revision, body.message.as_deref()).await?;
    Ok(Json(Done {}))
}

/// `DELETE /api/{kind}s/{namespace}/{name}/tag/{tag}`
async fn delete_tag(State(repos): State<Repos>, Caller(caller): Caller, at: At) -> Answer<Json<Done>> {
    let repo = at.open(&repos, &caller, Access::Write).await?;
    repo.delete_tag(at.revision.as_str()).await?;
    Ok(Json(Done {}))
}

/// The message of the one commit that stays.
#[derive(Deserialize, JsonSchema)]
struct SquashBody {
    #[serde(default)]
    message: String,
}

/// `POST /api/{kind}s/{namespace}/{name}/super-squash/{branch}`
async fn super_squash(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    JsonBody(body): JsonBody<SquashBody>,
) -> Answer<Json<Done>> {
    let repo = at.open(&repos, &caller, Access::Admin).await?;
    repo.super_squash(&at.revision, &body.message).await?;
    Ok(Json(Done {}))
}
