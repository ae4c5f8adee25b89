//! `…/discussions/{num}/line-comments` and suggestions: what people say of single lines of a pull request. The original hub
//! has no such calls; its clients never ask, and show such comments as ordinary ones.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use hub_community::{Community, LineComment, NewLineComment, Side};
use hub_core::Access;
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, JsonBody, Path, RequestContext, get, post};
use hub_repo::{Attention, LineRange, Repos};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::reviews::commit_of;
use super::speak::CommentPath;
use super::view::Viewer;
use super::{Num, base_of};
use crate::ApiState;
use crate::address::{At, per_kind};
use crate::failure::Answer;

pub(super) fn routes() -> ApiRouter<ApiState> {
    per_kind(|kind| {
        let (word, base) = (kind.word(), base_of(kind));
        let lines = format!("{base}/line-comments");
        ApiRouter::new()
            .route(
                get(lines.clone())
                    .access(AccessClass::Read)
                    .tag("discussions")
                    .id(format!("list_{word}_line_comments"))
                    .summary("Lists comments on lines of a pull request, and where those lines are now")
                    .answer::<LinesView>()
                    .to(list),
            )
            .route(
                post(lines)
                    .access(AccessClass::Propose)
                    .tag("discussions")
                    .id(format!("comment_{word}_line"))
                    .summary("Comments on lines of a pull request")
                    .body::<LineBody>()
                    .answer::<Value>()
                    .to(add),
            )
            .route(
                post(format!("{base}/comment/{{comment}}/apply"))
                    .access(AccessClass::Propose)
                    .tag("discussions")
                    .id(format!("apply_{word}_suggestion"))
                    .summary("Applies the suggestion of a comment as a commit of the pull request")
                    .answer::<AppliedView>()
                    .to(apply),
            )
    })
}

/// Comments on lines, oldest first.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct LinesView {
    line_comments: Vec<LineView>,
}

/// A comment on lines; what it says is the event of the discussion with that id.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct LineView {
    id: String,
    path: String,
    /// `old` or `new`.
    side: &'static str,
    /// The lines as they were counted when it was written.
    first_line: u32,
    line: u32,
    commit_id: String,
    excerpt: String,
    /// Whether the lines were changed since.
    outdated: bool,
    /// Where the lines are now.
    #[serde(skip_serializing_if = "Option::is_none")]
    current_line: Option<u32>,
    /// The commit that applied its suggestion.
    #[serde(skip_serializing_if = "Option::is_none")]
    applied_commit_id: Option<String>,
}

impl From<LineComment> for LineView {
    fn from(comment: LineComment) -> Self {
        Self {
            id: comment.event.wire(),
            path: comment.path,
            side: comment.side.word(),
            first_line: comment.lines.first,
            line: comment.lines.last,
            commit_id: comment.commit.to_string(),
            excerpt: comment.excerpt,
            outdated: comment.place.is_none(),
            current_line: comment.place.map(|place| place.last),
            applied_commit_id: comment.applied.map(|commit| commit.to_string()),
        }
    }
}

/// `GET /api/{kind}s/{namespace}/{name}/discussions/{num}/line-comments`
async fn list(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    Num(number): Num,
) -> Answer<Json<LinesView>> {
    let repo = at.open(&repos, &caller, Access::Read).await?;
    let comments = community.line_comments(&repo, number).await?;
    Ok(Json(LinesView { line_comments: comments.into_iter().map(LineView::from).collect() }))
}

/// What somebody says of some lines.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(rename_all = "camelCase", default)]
struct LineBody {
    /// The path of the file on that side.
    path: String,
    /// `old`, or `new` if it is left out.
    side: Option<String>,
    /// The last line, counted from 1.
    line: u32,
    /// The first line, if it is another.
    first_line: Option<u32>,
    comment: String,
    /// The commit that was looked at; if the pull request is elsewhere the comment is refused.
    commit_id: Option<String>,
}

/// `POST /api/{kind}s/{namespace}/{name}/discussions/{num}/line-comments`
async fn add(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    Num(number): Num,
    context: RequestContext,
    JsonBody(body): JsonBody<LineBody>,
) -> Answer<impl IntoResponse> {
    let repo = at.open(&repos, &caller, Access::Metadata).await?;
    let side = body.side.as_deref().map_or(Some(Side::New), Side::from_word);
    let new = NewLineComment {
        side: side.ok_or_else(|| ApiError::bad_request("`side` is one of old, new"))?,
        lines: LineRange { first: body.first_line.unwrap_or(body.line), last: body.line },
        path: body.path,
        text: body.comment,
        commit: commit_of(body.commit_id.as_deref())?,
    };
    let (event, people) = community.comment_line(&repo, number, &new).await?;
    repo.notice(Attention::Word, context.client()).await;
    let viewer = Viewer { public_url: context.public_url(), repo: &repo, people: &people };
    Ok((StatusCode::CREATED, Json(json!({ "newMessage": viewer.event(&event) }))))
}

/// The commit that applied a suggestion.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AppliedView {
    commit_id: String,
}

/// `POST /api/{kind}s/{namespace}/{name}/discussions/{num}/comment/{comment}/apply`
async fn apply(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    Num(number): Num,
    Path(path): Path<CommentPath>,
) -> Answer<Json<AppliedView>> {
    let repo = at.open(&repos, &caller, Access::Propose).await?;
    let done = community.apply_suggestion(&repo, number, path.id()?).await?;
    Ok(Json(AppliedView { commit_id: done.id.to_string() }))
}
