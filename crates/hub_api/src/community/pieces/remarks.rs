//! Comments on posts and articles: written, answered, edited, hidden; and reactions.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use hub_community::{Community, HiddenReason, Piece, PieceKind, Reaction, Remark, RemarkId};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, JsonBody, PublicUrl, RouteDraft, post};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::view::Viewer;
use super::{At, one_of};
use crate::ApiState;
use crate::community::discussions::done;
use crate::failure::Answer;

pub(super) fn routes(kind: PieceKind) -> ApiRouter<ApiState> {
    let (word, one) = (kind.word(), one_of(kind));
    let comment = format!("{one}/comment/{{comment}}");
    let route = |draft: RouteDraft, id: String, summary: &'static str| {
        draft.access(AccessClass::Login).tag("posts").id(id).summary(summary).answer::<Value>()
    };
    ApiRouter::new()
        .route(
            route(post(format!("{one}/comment")), format!("comment_{word}"), "Adds a comment")
                .body::<CommentBody>()
                .to(add),
        )
        .route(
            route(post(format!("{comment}/reply")), format!("reply_{word}_comment"), "Answers to a comment")
                .body::<CommentBody>()
                .to(reply),
        )
        .route(
            route(post(format!("{comment}/edit")), format!("edit_{word}_remark"), "Gives a comment another text")
                .body::<EditBody>()
                .to(edit),
        )
        .route(
            route(post(format!("{comment}/hide")), format!("hide_{word}_remark"), "Hides a comment for good")
                .body::<HideBody>()
                .to(hide),
        )
        .route(
            route(post(format!("{one}/reaction")), format!("react_to_{word}"), "Adds or takes back a reaction")
                .body::<ReactionBody>()
                .to(react),
        )
        .route(
            route(
                post(format!("{comment}/reaction")),
                format!("react_to_{word}_remark"),
                "Adds or takes back a reaction to a comment",
            )
            .body::<ReactionBody>()
            .to(react_to_comment),
        )
}

/// A comment.
#[derive(Deserialize, JsonSchema)]
struct CommentBody {
    comment: String,
}

/// A comment under the name that clients look for.
async fn shown(
    community: &Community,
    public_url: &PublicUrl,
    (name, piece, remark): (&str, &Piece, &Remark),
) -> Answer<Json<Value>> {
    let people = community.people_of_remark(remark).await?;
    let view = Viewer { public_url, people: &people }.remark(piece, remark);
    Ok(Json(json!({ name: view })))
}

/// `POST /api/posts/{namespace}/{slug}/comment` and the like of articles
async fn add(
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    public_url: PublicUrl,
    JsonBody(body): JsonBody<CommentBody>,
) -> Answer<impl IntoResponse> {
    let (piece, _) = at.find(&community, &caller).await?;
    let remark = community.remark(&caller, &piece, None, &body.comment).await?;
    Ok((StatusCode::CREATED, shown(&community, &public_url, ("newMessage", &piece, &remark)).await?))
}

/// `POST /api/posts/{namespace}/{slug}/comment/{comment}/reply` and the like of articles
async fn reply(
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    public_url: PublicUrl,
    JsonBody(body): JsonBody<CommentBody>,
) -> Answer<impl IntoResponse> {
    let (piece, _) = at.find(&community, &caller).await?;
    let remark = community.remark(&caller, &piece, Some(at.remark()?), &body.comment).await?;
    Ok((StatusCode::CREATED, shown(&community, &public_url, ("newMessage", &piece, &remark)).await?))
}

/// Another text.
#[derive(Deserialize, JsonSchema)]
struct EditBody {
    content: String,
}

/// `POST /api/posts/{namespace}/{slug}/comment/{comment}/edit` and the like of articles
async fn edit(
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    public_url: PublicUrl,
    JsonBody(body): JsonBody<EditBody>,
) -> Answer<Json<Value>> {
    let (piece, _) = at.find(&community, &caller).await?;
    let remark = community.edit_remark(&caller, &piece, at.remark()?, &body.content).await?;
    shown(&community, &public_url, ("updatedComment", &piece, &remark)).await
}

/// Why a comment is hidden.
#[derive(Deserialize, JsonSchema)]
struct HideBody {
    reason: Option<String>,
}

/// `POST /api/posts/{namespace}/{slug}/comment/{comment}/hide` and the like of articles
async fn hide(
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    public_url: PublicUrl,
    JsonBody(body): JsonBody<HideBody>,
) -> Answer<Json<Value>> {
    let unknown = || ApiError::bad_request("there is no such `reason`");
    let reason = body.reason.map(|word| HiddenReason::from_word(&word).ok_or_else(unknown)).transpose()?;
    let (piece, _) = at.find(&community, &caller).await?;
    let remark = community.hide_remark(&caller, &piece, at.remark()?, reason).await?;
    shown(&community, &public_url, ("updatedComment", &piece, &remark)).await
}

/// How somebody feels.
#[derive(Deserialize, JsonSchema)]
struct ReactionBody {
    /// `heart`, `fire`, `rocket` …
    reaction: String,
    /// Whether the reaction is taken back.
    #[serde(default)]
    remove: bool,
}

/// `POST /api/posts/{namespace}/{slug}/reaction` and the like of articles
async fn react(
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    JsonBody(body): JsonBody<ReactionBody>,
) -> Answer<Json<Value>> {
    feel(&community, &caller, &at, None, &body).await
}

/// `POST /api/posts/{namespace}/{slug}/comment/{comment}/reaction` and the like of articles
async fn react_to_comment(
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    JsonBody(body): JsonBody<ReactionBody>,
) -> Answer<Json<Value>> {
    feel(&community, &caller, &at, Some(at.remark()?), &body).await
}

async fn feel(
    community: &Community,
    caller: &hub_account::Caller,
    at: &At,
    remark: Option<RemarkId>,
    body: &ReactionBody,
) -> Answer<Json<Value>> {
    let words = || Reaction::ALL.iter().map(|one| one.word()).collect::<Vec<_>>().join(", ");
    let unknown = || ApiError::bad_request(format!("`reaction` is one of {}", words()));
    let reaction = Reaction::from_word(&body.reaction).ok_or_else(unknown)?;
    let (piece, _) = at.find(community, caller).await?;
    community.react_to_piece(caller, &piece, remark, reaction, !body.remove).await?;
    Ok(done())
}
