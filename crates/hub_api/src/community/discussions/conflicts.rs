//! `…/discussions/{num}/conflicts`: the files on which both sides of a pull request disagree, and how they are joined. The
//! original hub has no such calls; its clients never ask.

use axum::Json;
use axum::extract::State;
use hub_community::Community;
use hub_core::{Access, Oid, RepoPath};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, JsonBody, get, post};
use hub_repo::{Repos, Resolution};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Num, base_of};
use crate::ApiState;
use crate::address::{At, per_kind};
use crate::failure::Answer;

pub(super) fn routes() -> ApiRouter<ApiState> {
    per_kind(|kind| {
        let word = kind.word();
        let path = format!("{}/conflicts", base_of(kind));
        ApiRouter::new()
            .route(
                get(path.clone())
                    .access(AccessClass::Read)
                    .tag("discussions")
                    .id(format!("list_{word}_pull_request_conflicts"))
                    .summary("Shows the files on which both sides of a pull request disagree")
                    .answer::<ConflictsView>()
                    .to(show),
            )
            .route(
                post(path)
                    .access(AccessClass::Propose)
                    .tag("discussions")
                    .id(format!("resolve_{word}_pull_request_conflicts"))
                    .summary("Joins both sides of a pull request by a commit on its branch")
                    .body::<ResolveBody>()
                    .answer::<ResolvedView>()
                    .to(resolve),
            )
    })
}

/// The files on which both sides disagree.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ConflictsView {
    /// Where the branch is.
    base_commit_id: String,
    /// Where the pull request is.
    head_commit_id: String,
    files: Vec<ConflictView>,
    /// Whether they are few and small enough to be solved here.
    solvable: bool,
}

/// One of them.
#[derive(Serialize, JsonSchema)]
struct ConflictView {
    path: String,
    /// What it is on the branch.
    base: Option<String>,
    /// What the pull request makes of it.
    pull: Option<String>,
    /// Both, with marks around what differs.
    marked: Option<String>,
}

/// `GET /api/{kind}s/{namespace}/{name}/discussions/{num}/conflicts`
async fn show(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    Num(number): Num,
) -> Answer<Json<ConflictsView>> {
    let repo = at.open(&repos, &caller, Access::Read).await?;
    let found = community.conflicts(&repo, number).await?;
    let files = found.files.into_iter().map(|file| ConflictView {
        path: file.path,
        base: file.base,
        pull: file.pull,
        marked: file.marked,
    });
    Ok(Json(ConflictsView {
        base_commit_id: found.base.to_string(),
        head_commit_id: found.head.to_string(),
        files: files.collect(),
        solvable: found.is_solvable,
    }))
}

/// How both sides are joined.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(rename_all = "camelCase", default)]
struct ResolveBody {
    base_commit_id: String,
    head_commit_id: String,
    files: Vec<SolvedBody>,
}

/// A file as it shall be.
#[derive(Deserialize, JsonSchema)]
struct SolvedBody {
    path: String,
    /// The text; `null` removes the file.
    content: Option<String>,
}

impl ResolveBody {
    fn parse(self) -> Result<Resolution, ApiError> {
        let commit = |text: &str| -> Result<Oid, ApiError> {
            text.parse().map_err(|_| {
                ApiError::bad_request("`baseCommitId` and `headCommitId` are the ids that the conflicts came with")
            })
        };
        let file = |file: SolvedBody| -> Result<(RepoPath, Option<String>), ApiError> {
            let path = file.path.parse();
            Ok((path.map_err(|_| ApiError::bad_request(format!("{:?} is no path", file.path)))?, file.content))
        };
        Ok(Resolution {
            base: commit(&self.base_commit_id)?,
            head: commit(&self.head_commit_id)?,
            files: self.files.into_iter().map(file).collect::<Result<_, _>>()?,
        })
    }
}

/// The commit that joins both sides.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ResolvedView {
    commit_id: String,
}

/// `POST /api/{kind}s/{namespace}/{name}/discussions/{num}/conflicts`
async fn resolve(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    Num(number): Num,
    JsonBody(body): JsonBody<ResolveBody>,
) -> Answer<Json<ResolvedView>> {
    let repo = at.open(&repos, &caller, Access::Propose).await?;
    let commit = community.resolve_conflicts(&repo, number, body.parse()?).await?;
    Ok(Json(ResolvedView { commit_id: commit.to_string() }))
}
