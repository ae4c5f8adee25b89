//! Histories: `GET …/commits/{revision}` and `GET …/compare/{a..b}`.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use hub_core::{Access, CommitId, Oid, Revision};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, Page, Paging, Query, get};
use hub_repo::{Change, ChangeStatus, CommitInfo, DiffSide, Repo, Repos};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::address::{At, api_base, per_kind};
use crate::failure::Answer;

/// Commits of a page.
const PAGE: usize = 50;
/// The most commits that a request can ask for.
const PAGE_MAX: usize = 1000;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    per_kind(|kind| {
        let base = api_base(kind);
        let word = kind.word();
        ApiRouter::new()
            .route(
                get(format!("{base}/commits/{{revision}}"))
                    .access(AccessClass::Read)
                    .tag("history")
                    .id(format!("list_{word}_commits"))
                    .summary("Lists the commits of a revision, newest first")
                    .query::<CommitsQuery>()
                    .answer::<Vec<CommitView>>()
                    .to(list_commits),
            )
            .route(
                get(format!("{base}/compare/{{*path}}"))
                    .access(AccessClass::Read)
                    .tag("history")
                    .id(format!("compare_{word}"))
                    .summary("Lists the files that differ between two revisions, written `a..b`")
                    .query::<CompareQuery>()
                    .answer_bytes("text/plain")
                    .to(compare),
            )
    })
}

/// Which page of the history.
#[derive(Deserialize, JsonSchema)]
struct CommitsQuery {
    /// The number of the page, from 0.
    p: Option<usize>,
    /// The most commits of a page.
    limit: Option<usize>,
    /// Where the page begins, from the link of the page before.
    cursor: Option<usize>,
    /// `formatted` asks for the messages as HTML too.
    #[serde(default)]
    expand: Vec<String>,
}

/// One commit.
#[derive(Serialize, JsonSchema)]
struct CommitView {
    id: String,
    title: String,
    message: String,
    authors: Vec<AuthorView>,
    date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    formatted: Option<FormattedView>,
    parents: Vec<String>,
}

/// Who made a commit.
#[derive(Serialize, JsonSchema)]
struct AuthorView {
    user: String,
}

/// The message as HTML.
#[derive(Serialize, JsonSchema)]
struct FormattedView {
    title: String,
    message: String,
}

impl CommitView {
    fn of(info: CommitInfo, formatted: bool) -> Self {
        Self {
            id: info.id.to_string(),
            formatted: formatted.then(|| FormattedView { title: escape(&info.title), message: escape(&info.message) }),
            title: info.title,
            message: info.message,
            authors: vec![AuthorView { user: info.author }],
            date: info.date.to_string(),
            parents: info.parents.iter().map(Oid::to_string).collect(),
        }
    }
}

/// Plain text as HTML; links and emphasis come with the web issue.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// `GET /api/{kind}s/{namespace}/{name}/commits/{revision}`
async fn list_commits(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    Query(query): Query<CommitsQuery>,
    paging: Paging,
) -> Answer<Page<CommitView>> {
    let repo = at.open(&repos, &caller, Access::Metadata).await?;
    let commit = repo.resolve(&at.revision).await?;
    let limit = query.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let skip = query.cursor.unwrap_or_else(|| query.p.unwrap_or(0).saturating_mul(limit));
    let page = repo.list_commits(commit, skip, limit).await?;
    let end = skip.saturating_add(page.commits.len());
    let next = (page.total > end as u64 && !page.commits.is_empty()).then(|| end.to_string());
    let formatted = query.expand.iter().any(|word| word == "formatted");
    let views = page.commits.into_iter().map(|info| CommitView::of(info, formatted)).collect();
    Ok(paging.page(views, next).with_total(page.total))
}

/// How the differences are written.
#[derive(Deserialize, JsonSchema)]
struct CompareQuery {
    /// Whether to answer one machine-readable line per file instead of the lines that differ.
    #[serde(default)]
    raw: bool,
}

/// `GET /api/{kind}s/{namespace}/{name}/compare/{a..b}`
async fn compare(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    Query(query): Query<CompareQuery>,
) -> Answer<Response> {
    let repo = at.open(&repos, &caller, Access::Read).await?;
    let (from, to) = sides(&at.tail)?;
    let changes = repo.compare(side(&repo, from).await?, side(&repo, to).await?).await?;
    let text = if query.raw { changes.iter().map(raw_line).collect() } else { repo.unified_diff(&changes).await? };
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

fn sides(spec: &str) -> Result<(&str, &str), ApiError> {
    let pair = spec.split_once("...").or_else(|| spec.split_once(".."));
    pair.ok_or_else(|| ApiError::bad_request("write the two revisions as a..b"))
}

/// The empty tree stands for "nothing", as in git.
async fn side(repo: &Repo, revision: &str) -> Answer<Option<CommitId>> {
    let text = if revision.is_empty() { "HEAD" } else { revision };
    if text.parse() == Ok(Oid::EMPTY_TREE) {
        return Ok(None);
    }
    Ok(Some(repo.resolve(&Revision::new(text)).await?))
}

/// `T 12\t:100644 100644 <oid>... <oid>... M\tpath`, and a second path for renames.
fn raw_line(change: &Change) -> String {
    let mode = |side: Option<DiffSide>| side.map_or("000000", |side| side.mode.octal());
    let oid = |side: Option<DiffSide>| side.map_or(Oid::ZERO, |side| side.oid);
    let status = match change.status {
        ChangeStatus::Added => "A",
        ChangeStatus::Modified => "M",
        ChangeStatus::Deleted => "D",
        ChangeStatus::Renamed => "R100",
        ChangeStatus::TypeChanged => "T",
    };
    let nature = if change.is_text { 'T' } else { 'B' };
    let new_path = change.new_path.as_ref().map(|path| format!("\t{path}")).unwrap_or_default();
    format!(
        "{nature} {}\t:{} {} {}... {}... {status}\t{}{new_path}\n",
        change.size,
        mode(change.old),
        mode(change.new),
        oid(change.old),
        oid(change.new),
        change.path,
    )
}
