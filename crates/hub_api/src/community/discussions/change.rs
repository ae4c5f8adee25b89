//! What changes of a discussion as a whole: title, state, place, lock, merge, end.

use axum::Json;
use axum::extract::State;
use hub_community::{Community, Status};
use hub_core::Access;
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, JsonBody, PublicUrl, WholeBody, delete, post};
use hub_repo::Repos;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::read::done;
use super::speak::optional;
use super::view::Viewer;
use super::{Num, base_of};
use crate::ApiState;
use crate::address::{At, per_kind};
use crate::failure::Answer;

pub(super) fn routes() -> ApiRouter<ApiState> {
    per_kind(|kind| {
        let (word, base) = (kind.word(), base_of(kind));
        let act = |path: &str, class: AccessClass, id: String, summary: &'static str| {
            post(format!("{base}/{path}")).access(class).tag("discussions").id(id).summary(summary).answer::<Value>()
        };
        ApiRouter::new()
            .route(
                act(
                    "title",
                    AccessClass::Propose,
                    format!("rename_{word}_discussion"),
                    "Gives a discussion another title",
                )
                .body::<TitleBody>()
                .to(rename),
            )
            .route(
                act(
                    "status",
                    AccessClass::Propose,
                    format!("set_{word}_discussion_status"),
                    "Opens or closes a discussion",
                )
                .body::<StatusBody>()
                .to(set_status),
            )
            .route(
                act("merge", AccessClass::Write, format!("merge_{word}_pull_request"), "Merges a pull request")
                    .body::<MergeBody>()
                    .to(merge),
            )
            .route(
                act("pin", AccessClass::Write, format!("pin_{word}_discussion"), "Puts a discussion above the others")
                    .body::<PinBody>()
                    .to(pin),
            )
            .route(
                act(
                    "lock",
                    AccessClass::Write,
                    format!("lock_{word}_discussion"),
                    "Closes a discussion to all but writers",
                )
                .body::<LockBody>()
                .to(lock),
            )
            .route(
                delete(base.clone())
                    .access(AccessClass::Admin)
                    .tag("discussions")
                    .id(format!("delete_{word}_discussion"))
                    .summary("Deletes a discussion with all that was said in it")
                    .answer::<Value>()
                    .to(remove),
            )
            .route(
                delete(format!("{base}/ref"))
                    .access(AccessClass::Propose)
                    .tag("discussions")
                    .id(format!("delete_{word}_pull_request_ref"))
                    .summary("Deletes the branch of a pull request, so that its storage can be given back")
                    .answer::<Value>()
                    .to(remove_ref),
            )
    })
}

/// The new title.
#[derive(Deserialize, JsonSchema)]
struct TitleBody {
    title: String,
}

/// `POST /api/{kind}s/{namespace}/{name}/discussions/{num}/title`
async fn rename(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    Num(number): Num,
    public_url: PublicUrl,
    JsonBody(body): JsonBody<TitleBody>,
) -> Answer<Json<Value>> {
    let repo = at.open(&repos, &caller, Access::Metadata).await?;
    let (event, people) = community.rename_discussion(&repo, number, &body.title).await?;
    let viewer = Viewer { public_url: &public_url, repo: &repo, people: &people };
    Ok(Json(json!({ "newTitle": viewer.event(&event) })))
}

/// The new state.
#[derive(Deserialize, JsonSchema)]
struct StatusBody {
    /// `open` or `closed`.
    status: String,
    /// Why.
    comment: Option<String>,
}

/// `POST /api/{kind}s/{namespace}/{name}/discussions/{num}/status`
async fn set_status(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    Num(number): Num,
    public_url: PublicUrl,
    JsonBody(body): JsonBody<StatusBody>,
) -> Answer<Json<Value>> {
    let repo = at.open(&repos, &caller, Access::Metadata).await?;
    let status = match body.status.as_str() {
        "open" => Status::Open,
        "closed" => Status::Closed,
        _ => return Err(ApiError::bad_request("`status` is one of open, closed").into()),
    };
    let (event, people) = community.set_discussion_status(&repo, number, status, body.comment.as_deref()).await?;
    let viewer = Viewer { public_url: &public_url, repo: &repo, people: &people };
    Ok(Json(json!({ "newStatus": viewer.event(&event) })))
}

/// How to merge.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(default)]
struct MergeBody {
    /// A comment that comes before.
    comment: Option<String>,
}

/// `POST /api/{kind}s/{namespace}/{name}/discussions/{num}/merge`
async fn merge(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    Num(number): Num,
    WholeBody(bytes): WholeBody,
) -> Answer<Json<Value>> {
    let repo = at.open(&repos, &caller, Access::Write).await?;
    let MergeBody { comment } = optional(&bytes)?;
    community.merge_pull(&repo, number, comment.as_deref()).await?;
    Ok(done())
}

/// Whether it stands above the others.
#[derive(Deserialize, JsonSchema)]
struct PinBody {
    pinned: bool,
}

/// `POST /api/{kind}s/{namespace}/{name}/discussions/{num}/pin`
async fn pin(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    Num(number): Num,
    JsonBody(body): JsonBody<PinBody>,
) -> Answer<Json<Value>> {
    let repo = at.open(&repos, &caller, Access::Write).await?;
    community.pin_discussion(&repo, number, body.pinned).await?;
    Ok(done())
}

/// Whether only those who may write take part.
#[derive(Deserialize, JsonSchema)]
struct LockBody {
    locked: bool,
}

/// `POST /api/{kind}s/{namespace}/{name}/discussions/{num}/lock`
async fn lock(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    Num(number): Num,
    JsonBody(body): JsonBody<LockBody>,
) -> Answer<Json<Value>> {
    let repo = at.open(&repos, &caller, Access::Write).await?;
    community.lock_discussion(&repo, number, body.locked).await?;
    Ok(done())
}

/// `DELETE /api/{kind}s/{namespace}/{name}/discussions/{num}`
async fn remove(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    Num(number): Num,
) -> Answer<Json<Value>> {
    let repo = at.open(&repos, &caller, Access::Admin).await?;
    community.delete_discussion(&repo, number).await?;
    Ok(done())
}

/// `DELETE /api/{kind}s/{namespace}/{name}/discussions/{num}/ref`
async fn remove_ref(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    Num(number): Num,
) -> Answer<Json<Value>> {
    let repo = at.open(&repos, &caller, Access::Metadata).await?;
    community.delete_pull_ref(&repo, number).await?;
    Ok(done())
}
