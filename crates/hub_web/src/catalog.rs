//! `/models`, `/datasets`, `/spaces`, `/kernels`: the lists, with facets, sort and search in the address, by pages.
//!
//! What is asked for is one [`CatalogQuery`]: links to facets are made from it by changing one thing, so that the rest
//! of the state stays in the address. The index behind the API answers; while it is being built the database does,
//! without counts.

mod bands;
mod facets;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_catalog::{Catalog, CatalogError, Clause, FoundRepos, Group, Place, Query as Search, Sort, Span};
use hub_core::RepoKind;
use hub_http::{AccessClass, ApiRouter, Query, get};
use hub_repo::{ListCursor, ListQuery, ListedRepo, SortKey};
use serde::Deserialize;

use crate::WebState;
use crate::address::escape_value;
use crate::error::Answer;
use crate::repo_list::{RepoLine, list_href};
use crate::shell::Shell;
use crate::visit::Visit;

use bands::{Band, MEMORY, PARAMETERS};
pub(crate) use facets::modality_title;
use facets::{Facet, FacetGroup};

/// Repositories on a page.
const PAGE: usize = 30;
/// The most tags and words that one list filters by.
const CONDITIONS_MAX: usize = 12;
/// Above so many hits the values of groups that have millions of them are not counted.
const FEW: u64 = 50_000;

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
    /// Whose repositories.
    author: String,
    /// Tags that all must be carried.
    tag: Vec<String>,
    /// A band of parameter counts, such as `1B-7B`.
    params: String,
    /// The memory of the reader's device in gigabytes.
    memory: String,
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
        add("author", &self.author);
        self.tag.iter().for_each(|tag| add("tag", tag));
        add("params", &self.params);
        add("memory", &self.memory);
        add("sort", &self.sort);
        add("after", &self.after);
        let path = list_href(kind);
        if pairs.is_empty() { path } else { format!("{path}?{}", pairs.join("&")) }
    }

    /// The first page of the same list.
    fn first(&self) -> Self {
        Self { after: String::new(), ..self.clone() }
    }

    /// The list with a tag more, or without it if it has it.
    fn toggled(&self, tag: &str) -> Self {
        let mut query = self.first();
        if let Some(place) = query.tag.iter().position(|has| has == tag) {
            query.tag.remove(place);
        } else {
            query.tag.push(tag.to_owned());
        }
        query
    }

    fn tags(&self) -> impl Iterator<Item = &String> {
        self.tag.iter().filter(|tag| !tag.is_empty()).take(CONDITIONS_MAX)
    }

    fn words(&self) -> Vec<String> {
        self.q.split_whitespace().take(CONDITIONS_MAX).map(str::to_owned).collect()
    }

    /// What the list is sorted by, and whether the smallest comes first.
    fn order(&self) -> (Sort, bool) {
        match self.sort.as_str() {
            "downloads" => (Sort::Downloads, false),
            "likes" => (Sort::Likes, false),
            "created" => (Sort::Created, false),
            "modified" => (Sort::Modified, false),
            "largest" => (Sort::Parameters, false),
            "smallest" => (Sort::Parameters, true),
            "bytes" => (Sort::Bytes, false),
            _ => (Sort::Trending, false),
        }
    }

    fn bands(&self) -> impl Iterator<Item = Span> {
        let params = PARAMETERS.iter().find(|band| band.name == self.params).map(|band| span(Sort::Parameters, band));
        let memory = MEMORY.iter().find(|band| band.name == self.memory).map(|band| span(Sort::Memory, band));
        let (sort, ascending) = self.order();
        // Those of unknown size would come first.
        let known = ascending.then_some(Span { number: sort, min: Some(1), max: None });
        params.into_iter().chain(memory).chain(known)
    }

    /// The question to the index.
    fn search(&self, kind: RepoKind) -> Search {
        let (sort, ascending) = self.order();
        let mut clauses: Vec<Clause> = self.tags().map(|tag| Clause::has(Group::Tag, tag.as_str())).collect();
        if !self.author.is_empty() {
            clauses.push(Clause::has(Group::Author, self.author.to_lowercase()));
        }
        Search {
            best: false,
            forgiving: false,
            clauses,
            texts: self.words(),
            spans: self.bands().collect(),
            sort,
            ascending,
            after: ListCursor::from_text(&self.after).map(|cursor| {
                let (number, id) = cursor.parts();
                Place { number, id }
            }),
            limit: PAGE,
            facets: facets::groups_of(kind).to_vec(),
            facet_terms: facets::TERMS,
            bands: match kind {
                RepoKind::Model => facets::model_bands(),
                _ => Vec::new(),
            },
        }
    }

    /// The question to the database, which knows fewer orders and no memory.
    fn list_query(&self, kind: RepoKind) -> ListQuery {
        let band = PARAMETERS.iter().find(|band| band.name == self.params);
        let bound = |bound: Option<i64>| bound.and_then(|bound| u64::try_from(bound).ok());
        ListQuery {
            search: self.words(),
            author: Some(self.author.clone()).filter(|author| !author.is_empty()),
            tags: self.tags().cloned().collect(),
            parameters_min: bound(band.and_then(|band| band.min)),
            parameters_max: bound(band.and_then(|band| band.max)),
            sort: match self.order().0 {
                Sort::Downloads => SortKey::Downloads,
                Sort::Likes => SortKey::Likes,
                Sort::Created => SortKey::Created,
                Sort::Modified => SortKey::Modified,
                _ => SortKey::Trending,
            },
            after: ListCursor::from_text(&self.after),
            limit: PAGE,
            ..ListQuery::of(kind)
        }
    }
}

fn span(number: Sort, band: &Band) -> Span {
    Span { number, min: band.min, max: band.max }
}

/// A page of a list.
struct Listed {
    repos: Vec<ListedRepo>,
    next: Option<String>,
    /// How many there are in all, and what the facets count; nothing while the index is being built.
    found: Option<hub_catalog::Found>,
}

#[derive(Template)]
#[template(path = "catalog/page.html")]
struct CatalogPage {
    shell: Shell,
    title: &'static str,
    path: String,
    query: CatalogQuery,
    total: Option<u64>,
    groups: Vec<FacetGroup>,
    chosen: Vec<Facet>,
    repos: Vec<RepoLine>,
    sorts: Vec<(&'static str, &'static str, bool)>,
    next: Option<String>,
    first: Option<String>,
    clear: String,
}

/// `GET /models`
async fn models(visit: Visit, state: State<Catalog>, query: Query<CatalogQuery>) -> Answer {
    catalog(RepoKind::Model, visit, state, query).await
}

/// `GET /datasets`
async fn datasets(visit: Visit, state: State<Catalog>, query: Query<CatalogQuery>) -> Answer {
    catalog(RepoKind::Dataset, visit, state, query).await
}

/// `GET /spaces`
async fn spaces(visit: Visit, state: State<Catalog>, query: Query<CatalogQuery>) -> Answer {
    catalog(RepoKind::Space, visit, state, query).await
}

/// `GET /kernels`
async fn kernels(visit: Visit, state: State<Catalog>, query: Query<CatalogQuery>) -> Answer {
    catalog(RepoKind::Kernel, visit, state, query).await
}

async fn catalog(
    kind: RepoKind,
    visit: Visit,
    State(catalog): State<Catalog>,
    Query(query): Query<CatalogQuery>,
) -> Answer {
    let listed = look(&catalog, &visit, kind, &query).await?;
    let next = listed.next.map(|after| CatalogQuery { after, ..query.clone() }.address(kind));
    let first = query.first().address(kind);
    let view = CatalogPage {
        shell: visit.shell(kind.plural()),
        title: visit.words.get(title_of(kind)),
        path: list_href(kind),
        total: listed.found.as_ref().map(|found| found.total),
        groups: listed.found.map(|found| facets::groups(&visit, kind, &query, &found)).unwrap_or_default(),
        chosen: facets::chosen(&visit, kind, &query),
        repos: listed.repos.iter().map(|repo| RepoLine::of(visit.words, repo)).collect(),
        sorts: sorts(&visit, kind, &query),
        next,
        first: (!query.after.is_empty()).then_some(first),
        clear: CatalogQuery { q: query.q.clone(), sort: query.sort.clone(), ..CatalogQuery::default() }.address(kind),
        query,
    };
    Ok(visit.page(StatusCode::OK, &view))
}

async fn look(catalog: &Catalog, visit: &Visit, kind: RepoKind, query: &CatalogQuery) -> Result<Listed, CatalogError> {
    let search = query.search(kind);
    let FoundRepos { repos, mut found } = match catalog.find(&visit.caller, kind, search.clone()).await {
        Ok(found) => found,
        Err(CatalogError::NotBuilt) => {
            let page = catalog.list(&visit.caller, &query.list_query(kind)).await?;
            return Ok(Listed { repos: page.repos, next: page.next.map(ListCursor::to_text), found: None });
        }
        Err(error) => return Err(error),
    };
    let next = found.page.last().filter(|_| found.more).map(|place| ListCursor::of_parts(place.number, place.id));
    if kind == RepoKind::Model && found.total <= FEW {
        let counted = Search { facets: facets::LONG_GROUPS.to_vec(), bands: Vec::new(), limit: 1, ..search };
        found.facets.extend(catalog.find(&visit.caller, kind, counted).await?.found.facets);
    }
    Ok(Listed { repos, next: next.map(ListCursor::to_text), found: Some(found) })
}

/// The orders of a list, with the word in the address, and whether it is the present one.
fn sorts(visit: &Visit, kind: RepoKind, query: &CatalogQuery) -> Vec<(&'static str, &'static str, bool)> {
    let mut sorts = vec![
        ("trending", "list.sort.trending"),
        ("modified", "list.sort.modified"),
        ("downloads", "list.sort.downloads"),
        ("likes", "list.sort.likes"),
        ("created", "list.sort.created"),
    ];
    if kind == RepoKind::Model {
        sorts.extend([("largest", "list.sort.largest"), ("smallest", "list.sort.smallest")]);
    }
    if kind == RepoKind::Dataset {
        sorts.push(("bytes", "list.sort.bytes"));
    }
    let chosen = if query.sort.is_empty() { "trending" } else { query.sort.as_str() };
    sorts.into_iter().map(|(word, key)| (word, visit.words.get(key), word == chosen)).collect()
}

pub(crate) fn title_of(kind: RepoKind) -> &'static str {
    match kind {
        RepoKind::Model => "nav.models",
        RepoKind::Dataset => "nav.datasets",
        RepoKind::Space => "nav.spaces",
        RepoKind::Kernel => "nav.kernels",
        RepoKind::Bucket => "nav.buckets",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_facet_keeps_the_rest_of_the_state_in_the_address() {
        let query = CatalogQuery {
            q: "small llm".to_owned(),
            tag: vec!["license:mit".to_owned()],
            memory: "8".to_owned(),
            after: "x".to_owned(),
            ..CatalogQuery::default()
        };
        let more = query.toggled("gguf").address(RepoKind::Model);
        assert_eq!(more, "/models?q=small%20llm&tag=license%3Amit&tag=gguf&memory=8");
        let less = query.toggled("license:mit").address(RepoKind::Model);
        assert_eq!(less, "/models?q=small%20llm&memory=8");
        assert_eq!(CatalogQuery::default().address(RepoKind::Dataset), "/datasets");
    }
}
