//! Opening discussions, and comments: written, edited, hidden, reacted to.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use hub_community::{Community, HiddenReason, NewDiscussion, Reaction, ThreadEventId};
use hub_core::{Access, Code};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, JsonBody, Path, PublicUrl, RequestContext, WholeBody, post};
use hub_repo::{Attention, Repos};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::view::Viewer;
use super::{Num, base_of};
use crate::ApiState;
use crate::address::{At, api_base, per_kind};
use crate::failure::Answer;

pub(super) fn routes() -> ApiRouter<ApiState> {
    per_kind(|kind| {
        let (word, base) = (kind.word(), base_of(kind));
        let act = |path: String, id: String, summary: &'static str| {
            post(path).access(AccessClass::Propose).tag("discussions").id(id).summary(summary)
        };
        let comment = format!("{base}/comment/{{comment}}");
        ApiRouter::new()
            .route(
                act(
                    format!("{}/discussions", api_base(kind)),
                    format!("create_{word}_discussion"),
                    "Opens a discussion or a pull request",
                )
                .body::<NewBody>()
                .answer::<CreatedView>()
                .to(create),
            )
            .route(
                act(format!("{base}/comment"), format!("comment_{word}_discussion"), "Adds a comment")
                    .body::<CommentBody>()
                    .answer::<Value>()
                    .to(add_comment),
            )
            .route(
                act(format!("{comment}/edit"), format!("edit_{word}_comment"), "Gives a comment another text")
                    .body::<EditBody>()
                    .answer::<Value>()
                    .to(edit),
            )
            .route(
                act(format!("{comment}/hide"), format!("hide_{word}_comment"), "Hides a comment for good")
                    .body::<HideBody>()
                    .answer::<Value>()
                    .to(hide),
            )
            .route(
                act(format!("{comment}/reaction"), format!("react_to_{word}_comment"), "Adds or takes back a reaction")
                    .body::<ReactionBody>()
                    .answer::<Value>()
                    .to(react),
            )
    })
}

/// A new discussion.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct NewBody {
    title: String,
    #[serde(default)]
    description: String,
    /// Whether it gets a branch, and begins as a draft.
    #[serde(default)]
    pull_request: bool,
}

/// What was opened.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CreatedView {
    url: String,
    num: i64,
    pull_request: bool,
    /// The branches of a pull request.
    #[serde(skip_serializing_if = "Option::is_none")]
    references: Option<Value>,
}

/// `POST /api/{kind}s/{namespace}/{name}/discussions`
async fn create(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    public_url: PublicUrl,
    context: RequestContext,
    JsonBody(body): JsonBody<NewBody>,
) -> Answer<Json<CreatedView>> {
    let access = if body.pull_request { Access::Propose } else { Access::Metadata };
    let repo = at.open(&repos, &caller, access).await?;
    let new = NewDiscussion { title: body.title, description: body.description, is_pull: body.pull_request };
    let number = community.open_discussion(&repo, &new).await?;
    repo.notice(Attention::Word, context.client()).await;
    Ok(Json(CreatedView {
        url: public_url.join(&format!("/{}/discussions/{number}", repo.addr().url_path())),
        num: number.get(),
        pull_request: body.pull_request,
        references: body.pull_request.then(|| json!({ "base": "refs/heads/main" })),
    }))
}

/// A comment.
#[derive(Deserialize, JsonSchema)]
struct CommentBody {
    comment: String,
}

/// `POST /api/{kind}s/{namespace}/{name}/discussions/{num}/comment`
async fn add_comment(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    Num(number): Num,
    context: RequestContext,
    JsonBody(body): JsonBody<CommentBody>,
) -> Answer<impl IntoResponse> {
    let repo = at.open(&repos, &caller, Access::Metadata).await?;
    let (event, people) = community.comment(&repo, number, &body.comment).await?;
    repo.notice(Attention::Word, context.client()).await;
    let viewer = Viewer { public_url: context.public_url(), repo: &repo, people: &people };
    Ok((StatusCode::CREATED, Json(json!({ "newMessage": viewer.event(&event) }))))
}

/// Which comment.
#[derive(Deserialize)]
pub(super) struct CommentPath {
    comment: String,
}

impl CommentPath {
    pub(super) fn id(&self) -> Result<ThreadEventId, ApiError> {
        ThreadEventId::of_wire(&self.comment)
            .ok_or_else(|| ApiError::new(Code::NotFound, "there is no such comment in this discussion"))
    }
}

/// The new text of a comment.
#[derive(Deserialize, JsonSchema)]
struct EditBody {
    content: String,
}

/// `POST /api/{kind}s/{namespace}/{name}/discussions/{num}/comment/{comment}/edit`
#[expect(clippy::too_many_arguments, reason = "extractors")]
async fn edit(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    Num(number): Num,
    Path(path): Path<CommentPath>,
    public_url: PublicUrl,
    JsonBody(body): JsonBody<EditBody>,
) -> Answer<Json<Value>> {
    let repo = at.open(&repos, &caller, Access::Metadata).await?;
    let (event, people) = community.edit_comment(&repo, number, path.id()?, &body.content).await?;
    let viewer = Viewer { public_url: &public_url, repo: &repo, people: &people };
    Ok(Json(json!({ "updatedComment": viewer.event(&event) })))
}

/// Why a comment is hidden.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(default)]
struct HideBody {
    /// `Spam`, `Abuse`, `Graphic Content`, `Resolved`, `Off-Topic` or `Low Quality`.
    reason: Option<String>,
}

/// `POST /api/{kind}s/{namespace}/{name}/discussions/{num}/comment/{comment}/hide`
#[expect(clippy::too_many_arguments, reason = "extractors")]
async fn hide(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    Num(number): Num,
    Path(path): Path<CommentPath>,
    public_url: PublicUrl,
    WholeBody(bytes): WholeBody,
) -> Answer<Json<Value>> {
    let repo = at.open(&repos, &caller, Access::Metadata).await?;
    let HideBody { reason } = optional(&bytes)?;
    let known = |word: String| {
        HiddenReason::from_word(&word).ok_or_else(|| {
            let words: Vec<&str> = HiddenReason::ALL.iter().map(|reason| reason.word()).collect();
            ApiError::bad_request(format!("`reason` is one of {}", words.join(", ")))
        })
    };
    let reason = reason.map(known).transpose()?;
    let (event, people) = community.hide_comment(&repo, number, path.id()?, reason).await?;
    let viewer = Viewer { public_url: &public_url, repo: &repo, people: &people };
    Ok(Json(json!({ "updatedComment": viewer.event(&event) })))
}

/// How somebody feels.
#[derive(Deserialize, JsonSchema)]
struct ReactionBody {
    /// `fire`, `rocket`, `eyes`, `heart`, `hugs`, `cool`, `plus`, `brain`, `thumbsup`, `handshake`, `sad`, `mindblown`.
    reaction: String,
    /// `false` takes it back.
    #[serde(default = "yes")]
    enabled: bool,
}

fn yes() -> bool {
    true
}

/// `POST /api/{kind}s/{namespace}/{name}/discussions/{num}/comment/{comment}/reaction`
#[expect(clippy::too_many_arguments, reason = "extractors")]
async fn react(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    Num(number): Num,
    Path(path): Path<CommentPath>,
    public_url: PublicUrl,
    JsonBody(body): JsonBody<ReactionBody>,
) -> Answer<Json<Value>> {
    let repo = at.open(&repos, &caller, Access::Metadata).await?;
    let reaction = Reaction::from_word(&body.reaction).ok_or_else(|| {
        let words: Vec<&str> = Reaction::ALL.iter().map(|reaction| reaction.word()).collect();
        ApiError::bad_request(format!("`reaction` is one of {}", words.join(", ")))
    })?;
    let (event, people) = community.react(&repo, number, path.id()?, reaction, body.enabled).await?;
    let viewer = Viewer { public_url: &public_url, repo: &repo, people: &people };
    Ok(Json(json!({ "updatedComment": viewer.event(&event) })))
}

/// A body that clients may leave out, or send as `null`.
pub(super) fn optional<T: Default + serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    if bytes.is_empty() {
        return Ok(T::default());
    }
    let body: Option<T> = serde_json::from_slice(bytes)
        .map_err(|error| ApiError::bad_request(format!("the body is no JSON object: {error}")))?;
    Ok(body.unwrap_or_default())
}
