//! `GET …/discussions`, `GET …/discussions/{num}` and what deleting a branch would give back.

use axum::Json;
use axum::extract::State;
use hub_community::{Community, DiscussionFilter, DiscussionQuery, DiscussionSort, Thread};
use hub_core::Access;
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, PublicUrl, Query, get};
use hub_repo::{Repo, RepoError, Repos};
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
        let word = kind.word();
        ApiRouter::new()
            .route(
                get(format!("{}/discussions", api_base(kind)))
                    .access(AccessClass::Read)
                    .tag("discussions")
                    .id(format!("list_{word}_discussions"))
                    .summary("Lists discussions and pull requests")
                    .query::<ListQuery>()
                    .answer::<ListView>()
                    .to(list),
            )
            .route(
                get(base_of(kind))
                    .access(AccessClass::Read)
                    .tag("discussions")
                    .id(format!("get_{word}_discussion"))
                    .summary("Shows a discussion or pull request with everything that happened in it")
                    .query::<DetailQuery>()
                    .answer::<Value>()
                    .to(detail),
            )
            .route(
                get(format!("{}/storage", base_of(kind)))
                    .access(AccessClass::Read)
                    .tag("discussions")
                    .id(format!("get_{word}_pull_request_storage"))
                    .summary("Tells how much deleting the branch of a pull request may give back")
                    .answer::<StorageView>()
                    .to(storage),
            )
    })
}

/// Which discussions.
#[derive(Deserialize, JsonSchema)]
struct ListQuery {
    /// Which page; the first is 0.
    #[serde(default)]
    p: i64,
    /// `all`, `discussion` or `pull_request`.
    r#type: Option<String>,
    /// `all`, `open` or `closed`.
    status: Option<String>,
    /// Who opened it.
    author: Option<String>,
    /// A text in the title.
    search: Option<String>,
    /// `recently-created`, `trending` or `reactions`.
    sort: Option<String>,
}

impl ListQuery {
    fn parse(self) -> Result<DiscussionQuery, ApiError> {
        let unknown = |what: &str, options: &str| ApiError::bad_request(format!("`{what}` is one of {options}"));
        Ok(DiscussionQuery {
            is_pull: match self.r#type.as_deref() {
                None | Some("all" | "") => None,
                Some("discussion") => Some(false),
                Some("pull_request") => Some(true),
                Some(_) => return Err(unknown("type", "all, discussion, pull_request")),
            },
            filter: match self.status.as_deref() {
                None | Some("all" | "") => DiscussionFilter::All,
                Some("open") => DiscussionFilter::Open,
                Some("closed") => DiscussionFilter::Closed,
                Some(_) => return Err(unknown("status", "all, open, closed")),
            },
            author: match self.author.filter(|name| !name.is_empty()) {
                Some(name) => Some(name.parse().map_err(|_| ApiError::bad_request("`author` is no name of a user"))?),
                None => None,
            },
            search: self.search.filter(|text| !text.is_empty()),
            sort: match self.sort.as_deref() {
                None | Some("recently-created" | "") => DiscussionSort::Created,
                Some("trending") => DiscussionSort::Trending,
                Some("reactions") => DiscussionSort::Reactions,
                Some(_) => return Err(unknown("sort", "recently-created, trending, reactions")),
            },
            page: self.p,
        })
    }
}

/// A page of discussions.
#[derive(Serialize, JsonSchema)]
struct ListView {
    discussions: Vec<Value>,
    /// How many match in all.
    count: i64,
    /// How many stand before this page.
    start: i64,
}

/// `GET /api/{kind}s/{namespace}/{name}/discussions`
async fn list(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    Query(query): Query<ListQuery>,
    public_url: PublicUrl,
) -> Answer<Json<ListView>> {
    let repo = at.open(&repos, &caller, Access::Metadata).await?;
    let page = community.discussions(&repo, &query.parse()?).await?;
    let viewer = Viewer { public_url: &public_url, repo: &repo, people: &page.people };
    let item = |found| viewer.item(found, page.reactions.get(&found.id).map_or(&[], Vec::as_slice));
    let discussions = page.discussions.iter().map(item).collect();
    Ok(Json(ListView { discussions, count: page.count, start: page.start }))
}

/// What the answer has.
#[derive(Deserialize, JsonSchema)]
struct DetailQuery {
    /// Whether the differences of a pull request come along.
    #[serde(default)]
    diff: bool,
}

/// `GET /api/{kind}s/{namespace}/{name}/discussions/{num}`
async fn detail(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    Num(number): Num,
    Query(query): Query<DetailQuery>,
    public_url: PublicUrl,
) -> Answer<Json<Value>> {
    let repo = at.open(&repos, &caller, Access::Metadata).await?;
    let thread = community.thread(&repo, number).await?;
    let mut view = Viewer { public_url: &public_url, repo: &repo, people: &thread.people }.thread(&thread);
    if query.diff
        && let Some(diff) = diff_of(&repo, &thread).await?
    {
        view["diff"] = diff.into();
    }
    Ok(Json(view))
}

/// The differences of a pull request, for those who may read the files; nothing if they are too long to be shown.
async fn diff_of(repo: &Repo, thread: &Thread) -> Answer<Option<String>> {
    let Some(found) = thread.pull.as_ref().filter(|_| repo.permits(Access::Read)) else { return Ok(None) };
    let changes = match repo.pull_changes(&found.pull).await {
        Err(RepoError::TooLarge(_)) => return Ok(None),
        changes => changes?,
    };
    match repo.unified_diff(&changes).await {
        Err(RepoError::TooLarge(_)) => Ok(None),
        diff => Ok(Some(diff?)),
    }
}

/// What deleting the branch may give back.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct StorageView {
    /// In bytes.
    estimated_storage: u64,
    /// Whether the branch is deleted already.
    ref_deleted: bool,
}

/// `GET /api/{kind}s/{namespace}/{name}/discussions/{num}/storage`
async fn storage(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    Num(number): Num,
) -> Answer<Json<StorageView>> {
    let repo = at.open(&repos, &caller, Access::Read).await?;
    let bytes = community.pull_storage(&repo, number).await?;
    Ok(Json(StorageView { estimated_storage: bytes.unwrap_or(0), ref_deleted: bytes.is_none() }))
}

/// A success that some clients read and others ignore.
pub(in crate::community) fn done() -> Json<Value> {
    Json(json!({ "ok": true }))
}
