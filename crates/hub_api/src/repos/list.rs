//! `GET /api/models`, `/api/datasets`, `/api/spaces`, `/api/kernels`: lists with filters, sorted, in pages; and
//! `GET /api/models-facets` and its kin: how many there are of each task, licence, language among those.

use axum::Json;
use axum::extract::State;
use hub_account::Caller as Asking;
use hub_catalog::{Catalog, Facet};
use hub_core::{Access, RepoKind, Revision};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, Page, Paging, Query, get};
use hub_repo::{ListCursor, ListedRepo, RepoError, Repos};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ApiState;
use crate::address::per_kind;
use crate::failure::Answer;
use crate::repos::filters::{Filters, groups, parse_cursor};
use crate::repos::info::all_files;
use crate::repos::view::{ListDetail, Shown, Wanted, siblings};

/// Repositories of a page.
const PAGE: usize = 100;
/// The most repositories that a request can ask for.
const PAGE_MAX: usize = 1000;
/// A page that lists the files of each repository costs more, and is shorter.
const PAGE_WITH_FILES_MAX: usize = 100;

/// Values of a facet.
const FACET: usize = 100;
/// The most values of a facet.
const FACET_MAX: usize = 1000;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    per_kind(|kind| {
        let list = move |state: State<Catalog>,
                         caller: Caller,
                         filters: Query<Filters>,
                         query: Query<ReposQuery>,
                         paging: Paging| { list(kind, state, caller, filters, query, paging) };
        let facets =
            move |state: State<Catalog>, caller: Caller, filters: Query<Filters>, query: Query<FacetsQuery>| {
                facets(kind, state, caller, filters, query)
            };
        ApiRouter::new()
            .route(
                get(format!("/api/{}", kind.plural()))
                    .access(AccessClass::Read)
                    .tag("repositories")
                    .id(format!("list_{}", kind.plural()))
                    .summary(format!("Lists {}, filtered and sorted", kind.plural()))
                    .query::<ListParameters>()
                    .answer::<Vec<Value>>()
                    .to(list),
            )
            .route(
                get(format!("/api/{}-facets", kind.plural()))
                    .access(AccessClass::Read)
                    .tag("search")
                    .id(format!("{}_facets", kind.word()))
                    .summary(format!(
                        "Counts the {} of each task, licence, language among those that match",
                        kind.plural()
                    ))
                    .query::<FacetsParameters>()
                    .answer::<FacetsView>()
                    .to(facets),
            )
    })
}

/// How much of the list, with which properties.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(default)]
struct ReposQuery {
    limit: Option<usize>,
    cursor: Option<String>,
    /// Whether items show more, files included.
    full: bool,
    config: bool,
    #[serde(rename = "cardData")]
    card_data: bool,
    /// Only these properties.
    expand: Vec<String>,
}

/// `GET /api/{kind}s`
async fn list(
    kind: RepoKind,
    State(catalog): State<Catalog>,
    Caller(caller): Caller,
    Query(filters): Query<Filters>,
    Query(query): Query<ReposQuery>,
    paging: Paging,
) -> Answer<Page<Value>> {
    let detail = ListDetail { full: query.full, card_data: query.card_data, config: query.config };
    let wanted = Wanted::of_list(kind, &query.expand, detail)?;
    let Some(mut search) = filters.parse(kind)? else { return Ok(paging.page(Vec::new(), None)) };
    search.after = query.cursor.as_deref().map(parse_cursor).transpose()?;
    let most = if wanted.has_siblings() { PAGE_WITH_FILES_MAX } else { PAGE_MAX };
    search.limit = query.limit.unwrap_or(PAGE).clamp(1, most);
    let page = catalog.page(&caller, kind, search).await?;
    let mut views = Vec::with_capacity(page.repos.len());
    for listed in &page.repos {
        let files = if wanted.has_siblings() { files_of(catalog.repos(), &caller, listed).await? } else { None };
        let (state, trending) = (&listed.state, catalog.repos().trending_score(&listed.state));
        let shown = Shown { state, facts: &listed.facts, sha: listed.head, trending, siblings: files };
        views.push(shown.view(&wanted));
    }
    let answer = paging.page(views, page.next.map(ListCursor::to_text));
    Ok(match page.total {
        Some(total) => answer.with_total(total),
        None => answer,
    })
}

/// Which facets.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(default)]
struct FacetsQuery {
    /// `task`, `library`, `license`, `language` and so on.
    facet: Vec<String>,
    /// The most values of each, 1 to 1000.
    limit: Option<usize>,
}

/// All parameters of a list, for the description of the API; handlers read each part by itself.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct ListParameters {
    #[serde(flatten)]
    filters: Filters,
    #[serde(flatten)]
    query: ReposQuery,
}

/// The same of facets.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct FacetsParameters {
    #[serde(flatten)]
    filters: Filters,
    #[serde(flatten)]
    query: FacetsQuery,
}

/// How many repositories match, and how many of them have each value.
#[derive(Serialize, JsonSchema)]
struct FacetsView {
    total: u64,
    facets: Map<String, Value>,
}

/// `GET /api/{kind}s-facets`
async fn facets(
    kind: RepoKind,
    State(catalog): State<Catalog>,
    Caller(caller): Caller,
    Query(filters): Query<Filters>,
    Query(query): Query<FacetsQuery>,
) -> Answer<Json<FacetsView>> {
    let wanted = groups(&query.facet)?;
    let most = query.limit.unwrap_or(FACET);
    if !(1..=FACET_MAX).contains(&most) {
        return Err(ApiError::bad_request(format!("`limit` goes from 1 to {FACET_MAX}")).into());
    }
    let Some(mut search) = filters.parse(kind)? else {
        return Ok(Json(FacetsView { total: 0, facets: Map::new() }));
    };
    search.facets = wanted;
    search.facet_terms = most;
    search.limit = 1;
    let found = catalog.find(&caller, kind, search).await?.found;
    let values = |facet: &Facet| {
        let counts = facet.counts.iter().map(|(value, count)| serde_json::json!({ "id": value, "count": count }));
        Value::Array(counts.collect())
    };
    let facets = query.facet.iter().zip(&found.facets).map(|(name, facet)| (name.clone(), values(facet))).collect();
    Ok(Json(FacetsView { total: found.total, facets }))
}

/// The files of a repository of a list. One that is gone or closed since the list was made shows none.
async fn files_of(repos: &Repos, caller: &Asking, listed: &ListedRepo) -> Answer<Option<Value>> {
    let repo = match repos.open(caller, &listed.state.addr, Access::Metadata).await {
        Ok(repo) => repo,
        Err(RepoError::RepoNotFound | RepoError::Moved { .. } | RepoError::Disabled) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    match repo.resolve(&Revision::main()).await {
        Ok(commit) => Ok(Some(siblings(&all_files(&repo, commit).await?, false))),
        Err(RepoError::RevisionNotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
