//! `GET /api/{kind}s/{namespace}/{name}[/revision/{revision}]`: all that is known of a repository at a revision.

use axum::Json;
use axum::extract::State;
use hub_core::{Access, Code, CommitId};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, Query, get};
use hub_repo::{Repo, Repos, TreeEntryInfo};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ApiState;
use crate::address::{At, api_base, per_kind};
use crate::failure::Answer;
use crate::repos::view::{Shown, Wanted, siblings};

/// The most files that one answer lists; larger repositories are listed by their trees.
const SIBLINGS_MAX: usize = 200_000;
/// Files that are listed at a time.
const CHUNK: usize = 5_000;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    per_kind(|kind| {
        let word = kind.word();
        let route = |path: String| {
            get(path)
                .access(AccessClass::Read)
                .tag("repositories")
                .id(format!("get_{word}_info"))
                .summary("Tells what is known of a repository")
                .query::<InfoQuery>()
                .answer::<Value>()
        };
        ApiRouter::new()
            .route(route(api_base(kind)).to(info))
            .route(route(format!("{}/revision/{{revision}}", api_base(kind))).to(info))
    })
}

/// What the answer has.
#[derive(Deserialize, JsonSchema)]
struct InfoQuery {
    /// Only these properties.
    #[serde(default)]
    expand: Vec<String>,
    /// Whether files come with sizes and ids.
    #[serde(default)]
    blobs: bool,
    /// Whether the state of the security scan is told.
    #[serde(default, rename = "securityStatus")]
    security_status: bool,
}

/// `GET /api/{kind}s/{namespace}/{name}/revision/{revision}`
async fn info(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    Query(query): Query<InfoQuery>,
) -> Answer<Json<Value>> {
    let repo = at.open(&repos, &caller, Access::Metadata).await?;
    let wanted = Wanted::of_info(at.addr.kind, &query.expand)?;
    let commit = repo.resolve(&at.revision).await?;
    let facts = repo.facts(commit).await?;
    let files =
        if wanted.has_siblings() { Some(siblings(&all_files(&repo, commit).await?, query.blobs)) } else { None };
    let trending = repos.trending_score(repo.state());
    let shown = Shown { state: repo.state(), facts: &facts, sha: Some(commit.oid()), trending, siblings: files };
    let mut view = shown.view(&wanted);
    if query.security_status {
        view["securityRepoStatus"] = json!({ "scansDone": false, "filesWithIssues": [] });
    }
    Ok(Json(view))
}

/// Every file of a commit.
pub(crate) async fn all_files(repo: &Repo, commit: CommitId) -> Answer<Vec<TreeEntryInfo>> {
    let mut files = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = repo.list_tree(commit, None, true, after.as_deref(), CHUNK).await?;
        files.extend(page.entries);
        after = page.next;
        if after.is_none() {
            return Ok(files);
        }
        if files.len() > SIBLINGS_MAX {
            let message = format!("the repository has more than {SIBLINGS_MAX} files: list them by the tree endpoint");
            return Err(ApiError::new(Code::TooLarge, message).into());
        }
    }
}
