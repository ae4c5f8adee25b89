//! `GET /api/changes`: a feed of everything public, to be resumed at any place. `GET /api/export/{kind}.parquet`:
//! everything public of a kind at once.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use hub_core::{Code, RepoKind};
use hub_http::{AccessClass, ApiError, ApiRouter, Path, Query, get};
use hub_insights::{ChangePlace, Insights, PublicChange};
use hub_repo::Repos;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::ApiState;
use crate::failure::Answer;
use crate::repos::view::{ListDetail, Shown, Wanted};

/// Changes of a page, unless asked otherwise.
const PAGE: usize = 100;
const PAGE_MAX: usize = 500;
/// Exports that one process makes at once: each takes a core while it lasts.
const AT_ONCE: usize = 2;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    ApiRouter::new()
        .route(
            get("/api/changes")
                .access(AccessClass::Public)
                .tag("insights")
                .summary("Lists public repositories by when they changed, those that are gone included")
                .query::<ChangesQuery>()
                .answer::<ChangesView>()
                .to(changes),
        )
        .route(
            get("/api/export/{table}")
                .access(AccessClass::Public)
                .tag("insights")
                .summary("All public repositories of a kind as a Parquet table: models.parquet, datasets.parquet, …")
                .answer_bytes("application/vnd.apache.parquet")
                .to(export),
        )
}

/// The exports of a process: how many there may be at once.
#[derive(Clone, Debug)]
pub struct Exports(Arc<Semaphore>);

impl Default for Exports {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

/// From where, and of what.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(default)]
struct ChangesQuery {
    /// What an earlier answer gave, or the metadata of an export; without it from the beginning.
    cursor: Option<String>,
    /// Only `model`, `dataset`, `space`, `kernel` or `bucket`.
    r#type: Option<String>,
    /// 1 to 500.
    limit: Option<usize>,
}

/// Changes in order: each repository once, at its latest.
#[derive(Serialize, JsonSchema)]
struct ChangesView {
    changes: Vec<ChangeView>,
    /// Where to go on, also when there are no more yet.
    cursor: String,
    /// Whether there are more now.
    more: bool,
}

/// A repository that changed.
#[derive(Serialize, JsonSchema)]
struct ChangeView {
    r#type: &'static str,
    id: String,
    at: String,
    /// Whether it is no longer public.
    removed: bool,
    /// The repository as it is now, as lists show it with `full=true`, without its files.
    #[serde(skip_serializing_if = "Option::is_none")]
    repo: Option<Value>,
}

/// `GET /api/changes`
async fn changes(
    State(insights): State<Insights>,
    State(repos): State<Repos>,
    Query(query): Query<ChangesQuery>,
) -> Answer<Json<ChangesView>> {
    let wrong_cursor = || ApiError::bad_request("the `cursor` is none of this feed: use what an earlier answer gave");
    let after = match &query.cursor {
        Some(text) => ChangePlace::of_cursor(text).ok_or_else(wrong_cursor)?,
        None => ChangePlace::default(),
    };
    let kind = |word: &String| {
        let reason =
            || ApiError::bad_request(format!("`type` {word:?} is none of model, dataset, space, kernel, bucket"));
        RepoKind::from_word(word).ok_or_else(reason)
    };
    let kind = query.r#type.as_ref().map(kind).transpose()?;
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(ApiError::bad_request(format!("`limit` goes from 1 to {PAGE_MAX}")).into());
    }
    let page = insights.changes(after, kind, limit).await?;
    let changes = page.changes.into_iter().map(|change| ChangeView::of(&repos, change)).collect::<Result<_, _>>()?;
    Ok(Json(ChangesView { changes, cursor: page.next.cursor(), more: page.more }))
}

impl ChangeView {
    fn of(repos: &Repos, change: PublicChange) -> Result<Self, ApiError> {
        let PublicChange { kind, name, at, repo } = change;
        let detail = ListDetail { card_data: true, ..ListDetail::default() };
        let wanted = Wanted::of_list(kind, &[], detail)?;
        let view = repo.as_ref().map(|repo| {
            let (state, trending) = (&repo.state, repos.trending_score(&repo.state));
            Shown { state, facts: &repo.facts, sha: repo.head, trending, siblings: None }.view(&wanted)
        });
        Ok(Self { r#type: kind.word(), id: name, at: at.to_string(), removed: view.is_none(), repo: view })
    }
}

/// Which table.
#[derive(Deserialize)]
struct TablePath {
    table: String,
}

/// `GET /api/export/{table}`
async fn export(
    State(insights): State<Insights>,
    State(Exports(places)): State<Exports>,
    Path(TablePath { table }): Path<TablePath>,
) -> Answer<Response> {
    let kind = RepoKind::ALL.into_iter().find(|kind| table == format!("{}.parquet", kind.plural()));
    let tables =
        "there is no such table: models.parquet, datasets.parquet, spaces.parquet, kernels.parquet, buckets.parquet";
    let kind = kind.ok_or_else(|| ApiError::new(Code::NotFound, tables))?;
    let busy = "too many exports are under way: try again in a few minutes";
    let place = places.try_acquire_owned().map_err(|_| ApiError::new(Code::Unavailable, busy))?;
    let stream = held(place, insights.export(kind).await?.into_stream());
    let headers = [
        (header::CONTENT_TYPE, "application/vnd.apache.parquet".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{table}\"")),
    ];
    Ok((headers, Body::from_stream(stream)).into_response())
}

/// A stream that holds its place among the exports until it has ended.
fn held<T, E: std::fmt::Display>(
    place: OwnedSemaphorePermit,
    stream: impl futures::Stream<Item = Result<T, E>>,
) -> impl futures::Stream<Item = Result<T, E>> {
    stream.map(move |item| {
        let _held = &place;
        item.inspect_err(|error| tracing::error!(%error, "an export broke off"))
    })
}
