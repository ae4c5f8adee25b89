//! `GET /api/models`, `/api/datasets`, `/api/spaces`, `/api/kernels`: lists with filters, sorted, in pages.

use axum::extract::State;
use hub_account::Caller as Asking;
use hub_catalog::Catalog;
use hub_core::{Access, RepoKind, Revision};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, Page, Paging, Query, get};
use hub_repo::{ListCursor, ListQuery, ListedRepo, RepoError, Repos, SortKey};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::ApiState;
use crate::address::per_kind;
use crate::failure::Answer;
use crate::repos::info::all_files;
use crate::repos::view::{ListDetail, Shown, Wanted, siblings};

/// Repositories of a page.
const PAGE: usize = 100;
/// The most repositories that a request can ask for.
const PAGE_MAX: usize = 1000;
/// A page that lists the files of each repository costs more, and is shorter.
const PAGE_WITH_FILES_MAX: usize = 100;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    per_kind(|kind| {
        let list = move |state: State<Catalog>, caller: Caller, query: Query<ReposQuery>, paging: Paging| {
            list(kind, state, caller, query, paging)
        };
        ApiRouter::new().route(
            get(format!("/api/{}", kind.plural()))
                .access(AccessClass::Read)
                .tag("repositories")
                .id(format!("list_{}", kind.plural()))
                .summary(format!("Lists {}, filtered and sorted", kind.plural()))
                .query::<ReposQuery>()
                .answer::<Vec<Value>>()
                .to(list),
        )
    })
}

/// Which repositories, in which order, with which properties.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(default)]
struct ReposQuery {
    /// Tags that each repository must have.
    filter: Vec<String>,
    /// Whose repositories.
    author: Option<String>,
    /// The same, as older JavaScript clients say it.
    owner: Option<String>,
    /// Texts that each `namespace/name` must hold.
    search: Vec<String>,
    /// `createdAt`, `lastModified`, `downloads`, `likes` or `trendingScore`.
    sort: Option<String>,
    /// 1 for smallest first; otherwise largest first.
    direction: Option<i32>,
    limit: Option<usize>,
    cursor: Option<String>,
    /// Whether items show more, files included.
    full: bool,
    config: bool,
    #[serde(rename = "cardData")]
    card_data: bool,
    /// Only these properties.
    expand: Vec<String>,
    gated: Option<bool>,
    /// The task.
    pipeline_tag: Option<String>,
    /// Parameters in all: `min:6B,max:128B`.
    num_parameters: Option<String>,
    /// `warm`: models that a provider serves.
    inference: Option<String>,
    /// Providers that serve the model.
    inference_provider: Vec<String>,
    /// Apps that can run the model.
    apps: Vec<String>,
    /// Spaces that use these models.
    models: Vec<String>,
    /// Spaces that use these datasets.
    datasets: Vec<String>,
}

/// `GET /api/{kind}s`
async fn list(
    kind: RepoKind,
    State(catalog): State<Catalog>,
    Caller(caller): Caller,
    Query(query): Query<ReposQuery>,
    paging: Paging,
) -> Answer<Page<Value>> {
    let detail = ListDetail { full: query.full, card_data: query.card_data, config: query.config };
    let wanted = Wanted::of_list(kind, &query.expand, detail)?;
    let Some(list_query) = query.parse(kind, &wanted)? else { return Ok(paging.page(Vec::new(), None)) };
    let page = catalog.list(&caller, &list_query).await?;
    let mut views = Vec::with_capacity(page.repos.len());
    for listed in &page.repos {
        let files = if wanted.has_siblings() { files_of(catalog.repos(), &caller, listed).await? } else { None };
        let shown = Shown { state: &listed.state, facts: &listed.facts, sha: listed.head, siblings: files };
        views.push(shown.view(&wanted));
    }
    Ok(paging.page(views, page.next.map(ListCursor::to_text)))
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

impl ReposQuery {
    /// The question to the engine; `None` if nothing can match, because nothing is served by a provider here.
    fn parse(self, kind: RepoKind, wanted: &Wanted) -> Result<Option<ListQuery>, ApiError> {
        if self.inference.is_some() || !self.inference_provider.is_empty() {
            return Ok(None);
        }
        let most = if wanted.has_siblings() { PAGE_WITH_FILES_MAX } else { PAGE_MAX };
        let (parameters_min, parameters_max) = parse_parameters(self.num_parameters.as_deref())?;
        let mut tags: Vec<String> = self.filter.iter().flat_map(|tags| tags.split(',')).map(str::to_owned).collect();
        tags.extend(self.pipeline_tag);
        // Every app that runs models locally reads GGUF files.
        tags.extend((!self.apps.is_empty()).then(|| "gguf".to_owned()));
        tags.extend(self.models.iter().map(|model| format!("model:{model}")));
        tags.extend(self.datasets.iter().map(|dataset| format!("dataset:{dataset}")));
        tags.retain(|tag| !tag.is_empty());
        if kind != RepoKind::Dataset {
            // Datasets carry `language:fr`, models and Spaces only `fr`; clients ask for either form.
            tags =
                tags.into_iter().map(|tag| tag.strip_prefix("language:").map_or(tag.clone(), str::to_owned)).collect();
        }
        Ok(Some(ListQuery {
            author: self.author.or(self.owner),
            search: self.search.into_iter().filter(|text| !text.is_empty()).collect(),
            tags,
            gated: self.gated,
            parameters_min,
            parameters_max,
            sort: self.sort.as_deref().map_or(Ok(SortKey::default()), parse_sort)?,
            ascending: self.direction == Some(1),
            after: self.cursor.as_deref().map(parse_cursor).transpose()?,
            limit: self.limit.unwrap_or(PAGE).clamp(1, most),
            ..ListQuery::of(kind)
        }))
    }
}

fn parse_cursor(text: &str) -> Result<ListCursor, ApiError> {
    ListCursor::from_text(text).ok_or_else(|| ApiError::bad_request("`cursor` is not one that this list has given"))
}

fn parse_sort(word: &str) -> Result<SortKey, ApiError> {
    match word {
        "createdAt" | "created_at" | "created" => Ok(SortKey::Created),
        "lastModified" | "last_modified" | "modified" | "updated" => Ok(SortKey::Modified),
        "downloads" => Ok(SortKey::Downloads),
        "likes" => Ok(SortKey::Likes),
        "trendingScore" | "trending_score" | "trending" => Ok(SortKey::Trending),
        _ => Err(ApiError::bad_request(format!(
            "✖ Invalid option: expected one of \"createdAt\"|\"downloads\"|\"lastModified\"|\"likes\"|\"trendingScore\", \
             got {word:?}\n  → at sort"
        ))),
    }
}

/// `min:6B,max:128B` as two numbers.
fn parse_parameters(text: Option<&str>) -> Result<(Option<u64>, Option<u64>), ApiError> {
    let wrong = || ApiError::bad_request("`num_parameters` is written min:6B,max:128B, with K, M, B or T");
    let (mut min, mut max) = (None, None);
    for bound in text.into_iter().flat_map(|text| text.split(',')) {
        let (which, amount) = bound.trim().split_once(':').ok_or_else(wrong)?;
        let amount = parse_amount(amount).ok_or_else(wrong)?;
        match which {
            "min" => min = Some(amount),
            "max" => max = Some(amount),
            _ => return Err(wrong()),
        }
    }
    Ok((min, max))
}

fn parse_amount(text: &str) -> Option<u64> {
    let (digits, factor) = match text.trim().to_ascii_uppercase() {
        text if text.ends_with('K') => (text, 1e3),
        text if text.ends_with('M') => (text, 1e6),
        text if text.ends_with('B') => (text, 1e9),
        text if text.ends_with('T') => (text, 1e12),
        text => (text, 1.0),
    };
    let number: f64 = digits.trim_end_matches(['K', 'M', 'B', 'T']).parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some((number * factor) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_parameters_are_read_as_people_write_them() {
        let check = |text, expect| assert_eq!(parse_parameters(Some(text)).ok(), expect, "{text}");
        check("min:6B,max:128B", Some((Some(6_000_000_000), Some(128_000_000_000))));
        check("min:1.5m", Some((Some(1_500_000), None)));
        check("max:900", Some((None, Some(900))));
        for wrong in ["", "6B", "min:x", "min:-1", "some:3B", "min:inf"] {
            check(wrong, None);
        }
    }
}
