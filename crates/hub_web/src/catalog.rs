//! `/models`, `/datasets`, `/spaces`, `/kernels`: the lists, with facets, sort and search in the address, by pages.
//!
//! What is asked for is one [`CatalogQuery`]: links to facets are made from it by changing one thing, so that the rest
//! of the state stays in the address.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_core::RepoKind;
use hub_formats::card::lists::{SDKS, SIZES, TASKS};
use hub_http::{AccessClass, ApiRouter, Query, get};
use hub_repo::{ListCursor, ListQuery, Repos, SortKey};
use serde::Deserialize;

use crate::WebState;
use crate::address::escape_value;
use crate::error::Answer;
use crate::repo_list::{RepoLine, list_href, task_words};
use crate::shell::Shell;
use crate::visit::Visit;

mod facets;

use facets::{LANGUAGES, LIBRARIES, LICENSES, MODALITIES, PARAMETERS};

/// Repositories on a page.
const PAGE: usize = 30;
/// The most tags and words that one list filters by.
const CONDITIONS_MAX: usize = 12;

pub(crate) fn routes() -> ApiRouter<WebState> {
    let get = |path: &str| get(path).access(AccessClass::Read).undocumented();
    ApiRouter::new()
        .route(get("/models").to(models))
        .route(get("/datasets").to(datasets))
        .route(get("/spaces").to(spaces))
        .route(get("/kernels").to(kernels))
}

/// What a list is asked for: everything in its address.
#[derive(Deserialize, Clone, Default, PartialEq, Debug)]
#[serde(default)]
struct CatalogQuery {
    /// Words in the name.
    q: String,
    /// Tags that all must be carried.
    tag: Vec<String>,
    /// A band of parameter counts, such as `1B-7B`.
    params: String,
    sort: String,
    after: String,
}

impl CatalogQuery {
    fn address(&self, kind: RepoKind) -> String {
        let mut pairs: Vec<String> = Vec::new();
        let mut add = |name: &str, value: &str| {
            if !value.is_empty() {
                pairs.push(format!("{name}={}", escape_value(value)));
            }
        };
        add("q", &self.q);
        self.tag.iter().for_each(|tag| add("tag", tag));
        add("params", &self.params);
        add("sort", &self.sort);
        add("after", &self.after);
        let path = list_href(kind);
        if pairs.is_empty() { path } else { format!("{path}?{}", pairs.join("&")) }
    }

    /// The list with a tag more, or without it if it has it.
    fn toggled(&self, tag: &str) -> Self {
        let mut query = Self { after: String::new(), ..self.clone() };
        if let Some(place) = query.tag.iter().position(|has| has == tag) {
            query.tag.remove(place);
        } else {
            query.tag.push(tag.to_owned());
        }
        query
    }

    fn sort_key(&self) -> SortKey {
        match self.sort.as_str() {
            "downloads" => SortKey::Downloads,
            "likes" => SortKey::Likes,
            "created" => SortKey::Created,
            _ => SortKey::Modified,
        }
    }

    /// The question to the engine.
    fn list_query(&self, kind: RepoKind) -> ListQuery {
        let band = PARAMETERS.iter().find(|band| band.name == self.params);
        ListQuery {
            search: self.q.split_whitespace().take(CONDITIONS_MAX).map(str::to_owned).collect(),
            tags: self.tag.iter().filter(|tag| !tag.is_empty()).take(CONDITIONS_MAX).cloned().collect(),
            parameters_min: band.and_then(|band| band.min),
            parameters_max: band.and_then(|band| band.max),
            sort: self.sort_key(),
            after: ListCursor::from_text(&self.after),
            limit: PAGE,
            ..ListQuery::of(kind)
        }
    }
}

#[derive(Template)]
#[template(path = "catalog/page.html")]
struct CatalogPage {
    shell: Shell,
    title: &'static str,
    path: String,
    query: CatalogQuery,
    groups: Vec<FacetGroup>,
    chosen: Vec<Facet>,
    repos: Vec<RepoLine>,
    sorts: Vec<(&'static str, &'static str, bool)>,
    next: Option<String>,
    first: Option<String>,
    clear: String,
}

/// A heading with the facets below it.
struct FacetGroup {
    title: &'static str,
    is_open: bool,
    facets: Vec<Facet>,
}

/// One thing to filter by.
struct Facet {
    text: String,
    href: String,
    is_chosen: bool,
}

/// `GET /models`
async fn models(visit: Visit, state: State<Repos>, query: Query<CatalogQuery>) -> Answer {
    catalog(RepoKind::Model, visit, state, query).await
}

/// `GET /datasets`
async fn datasets(visit: Visit, state: State<Repos>, query: Query<CatalogQuery>) -> Answer {
    catalog(RepoKind::Dataset, visit, state, query).await
}

/// `GET /spaces`
async fn spaces(visit: Visit, state: State<Repos>, query: Query<CatalogQuery>) -> Answer {
    catalog(RepoKind::Space, visit, state, query).await
}

/// `GET /kernels`
async fn kernels(visit: Visit, state: State<Repos>, query: Query<CatalogQuery>) -> Answer {
    catalog(RepoKind::Kernel, visit, state, query).await
}

async fn catalog(
    kind: RepoKind,
    visit: Visit,
    State(repos): State<Repos>,
    Query(query): Query<CatalogQuery>,
) -> Answer {
    let found = repos.list(&visit.caller, &query.list_query(kind)).await?;
    let next = found.next.map(|after| CatalogQuery { after: after.to_text(), ..query.clone() }.address(kind));
    let first = CatalogQuery { after: String::new(), ..query.clone() }.address(kind);
    let sorts = [
        ("modified", "list.sort.modified"),
        ("downloads", "list.sort.downloads"),
        ("likes", "list.sort.likes"),
        ("created", "list.sort.created"),
    ];
    let chosen_sort = if query.sort.is_empty() { "modified" } else { query.sort.as_str() };
    let view = CatalogPage {
        shell: visit.shell(kind.plural()),
        title: visit.words.get(title_of(kind)),
        path: list_href(kind),
        groups: groups(&visit, kind, &query),
        chosen: chosen(&visit, kind, &query),
        repos: found.repos.iter().map(|repo| RepoLine::of(visit.words, repo)).collect(),
        sorts: sorts.map(|(word, key)| (word, visit.words.get(key), word == chosen_sort)).to_vec(),
        next,
        first: (!query.after.is_empty()).then_some(first),
        clear: CatalogQuery { q: query.q.clone(), sort: query.sort.clone(), ..CatalogQuery::default() }.address(kind),
        query,
    };
    Ok(visit.page(StatusCode::OK, &view))
}

pub(crate) fn title_of(kind: RepoKind) -> &'static str {
    match kind {
        RepoKind::Model => "nav.models",
        RepoKind::Dataset => "nav.datasets",
        RepoKind::Space => "nav.spaces",
        RepoKind::Kernel => "nav.kernels",
    }
}

/// What the list is filtered by, each with the way to take it away.
fn chosen(visit: &Visit, kind: RepoKind, query: &CatalogQuery) -> Vec<Facet> {
    let tag =
        |tag: &String| Facet { text: tag_words(visit, tag), href: query.toggled(tag).address(kind), is_chosen: true };
    let without_band = CatalogQuery { params: String::new(), after: String::new(), ..query.clone() };
    let band = PARAMETERS.iter().find(|band| band.name == query.params).map(|band| Facet {
        text: band.shown.to_owned(),
        href: without_band.address(kind),
        is_chosen: true,
    });
    query.tag.iter().filter(|tag| !tag.is_empty()).map(tag).chain(band).collect()
}

/// A tag as people read it.
fn tag_words(visit: &Visit, tag: &str) -> String {
    let plain = tag.split_once(':').map_or(tag, |(_, value)| value);
    if TASKS.contains(&plain) {
        return task_words(visit.words, plain);
    }
    let named = LANGUAGES.iter().find(|(code, _)| *code == plain).map(|(_, name)| (*name).to_owned());
    named.unwrap_or_else(|| plain.to_owned())
}

fn groups(visit: &Visit, kind: RepoKind, query: &CatalogQuery) -> Vec<FacetGroup> {
    let facet = |tag: String| Facet {
        text: tag_words(visit, &tag),
        href: query.toggled(&tag).address(kind),
        is_chosen: query.tag.contains(&tag),
    };
    let group = |title: &'static str, is_open: bool, tags: Vec<String>| {
        let facets: Vec<Facet> = tags.into_iter().map(facet).collect();
        FacetGroup { title: visit.words.get(title), is_open: is_open || facets.iter().any(|f| f.is_chosen), facets }
    };
    let prefixed = |prefix: &str, values: &[&str]| values.iter().map(|value| format!("{prefix}{value}")).collect();
    let mut groups = Vec::new();
    if matches!(kind, RepoKind::Model | RepoKind::Dataset) {
        let prefix = if kind == RepoKind::Dataset { "task_categories:" } else { "" };
        for (place, (title, tasks)) in MODALITIES.iter().enumerate() {
            groups.push(group(title, place == 0, prefixed(prefix, tasks)));
        }
    }
    match kind {
        RepoKind::Model => {
            let bands = PARAMETERS.iter().map(|band| {
                let is_chosen = query.params == band.name;
                let params = if is_chosen { "" } else { band.name };
                let to = CatalogQuery { params: params.to_owned(), after: String::new(), ..query.clone() };
                Facet { text: band.shown.to_owned(), href: to.address(kind), is_chosen }
            });
            let title = visit.words.get("facet.params");
            groups.push(FacetGroup { title, is_open: true, facets: bands.collect() });
            groups.push(group("facet.library", true, prefixed("", LIBRARIES)));
        }
        RepoKind::Dataset => groups.push(group("facet.size", true, prefixed("size_categories:", SIZES))),
        RepoKind::Space => groups.push(group("facet.sdk", true, prefixed("", SDKS))),
        RepoKind::Kernel => {}
    }
    let codes: Vec<&str> = LANGUAGES.iter().map(|(code, _)| *code).collect();
    let language_prefix = if kind == RepoKind::Dataset { "language:" } else { "" };
    groups.push(group("facet.license", kind != RepoKind::Model, prefixed("license:", LICENSES)));
    groups.push(group("facet.language", false, prefixed(language_prefix, &codes)));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_facet_keeps_the_rest_of_the_state_in_the_address() {
        let query = CatalogQuery {
            q: "small llm".to_owned(),
            tag: vec!["license:mit".to_owned()],
            after: "x".to_owned(),
            ..CatalogQuery::default()
        };
        let more = query.toggled("gguf").address(RepoKind::Model);
        assert_eq!(more, "/models?q=small%20llm&tag=license%3Amit&tag=gguf");
        let less = query.toggled("license:mit").address(RepoKind::Model);
        assert_eq!(less, "/models?q=small%20llm");
        assert_eq!(CatalogQuery::default().address(RepoKind::Dataset), "/datasets");
    }

    #[test]
    fn every_task_stands_under_a_modality() {
        let known: Vec<&str> = MODALITIES.iter().flat_map(|(_, tasks)| tasks.iter().copied()).collect();
        for task in &known {
            assert!(TASKS.contains(task), "{task} is no task");
        }
        let missing: Vec<_> = TASKS.iter().filter(|task| !known.contains(task) && **task != "other").collect();
        assert!(missing.is_empty(), "{missing:?} stand nowhere");
    }
}
