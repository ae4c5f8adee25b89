//! `/search`: repositories of every kind, people and organisations whose names hold the words; and suggestions while
//! someone types. `/search/full-text` beside it.

mod full_text;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use hub_account::{Accounts, NamespaceKind};
use hub_catalog::Catalog;
use hub_core::RepoKind;
use hub_http::{AccessClass, ApiRouter, Json, Query, get};
use hub_repo::{ListQuery, SortKey};
use serde::{Deserialize, Serialize};

use crate::WebState;
use crate::address::escape_value;
use crate::catalog::title_of;
use crate::error::Answer;
use crate::repo_list::{RepoLine, list_href};
use crate::shell::Shell;
use crate::visit::Visit;

/// Hits of each kind on the page, and among the suggestions.
const SHOWN: usize = 12;
const SUGGESTED: usize = 4;
/// The most words that count.
const WORDS_MAX: usize = 8;

pub(crate) fn routes() -> ApiRouter<WebState> {
    let get = |path: &str| get(path).access(AccessClass::Read).undocumented();
    full_text::routes().route(get("/search").to(search)).route(get("/search/suggest").to(suggest))
}

/// What is looked for.
#[derive(Deserialize)]
struct SearchQuery {
    #[serde(default)]
    q: String,
}

impl SearchQuery {
    fn list_query(&self, kind: RepoKind, limit: usize) -> ListQuery {
        let words = self.q.split_whitespace().take(WORDS_MAX).map(str::to_owned).collect();
        ListQuery { search: words, sort: SortKey::Downloads, limit, ..ListQuery::of(kind) }
    }
}

#[derive(Template)]
#[template(path = "search/page.html")]
struct SearchPage {
    shell: Shell,
    query: String,
    sections: Vec<Section>,
    names: Vec<(String, String)>,
}

/// The hits of one kind.
struct Section {
    title: &'static str,
    icon: &'static str,
    more: Option<String>,
    repos: Vec<RepoLine>,
}

/// `GET /search`
async fn search(
    visit: Visit,
    State(catalog): State<Catalog>,
    State(accounts): State<Accounts>,
    Query(query): Query<SearchQuery>,
) -> Answer {
    let text = query.q.trim().to_owned();
    let mut sections = Vec::new();
    let mut names = Vec::new();
    if !text.is_empty() {
        for kind in RepoKind::WITH_GIT {
            let found = catalog.list(&visit.caller, &query.list_query(kind, SHOWN)).await?;
            if found.repos.is_empty() {
                continue;
            }
            sections.push(Section {
                title: visit.words.get(title_of(kind)),
                icon: kind.word(),
                more: found.next.map(|_| format!("{}?q={}", list_href(kind), escape_value(&text))),
                repos: found.repos.iter().map(|repo| RepoLine::of(visit.words, repo)).collect(),
            });
        }
        for kind in [NamespaceKind::Organization, NamespaceKind::User] {
            let found = accounts.suggest(kind, &text, SHOWN).await?;
            names.extend(found.into_iter().map(|space| (space.name.to_string(), space.full_name.to_string())));
        }
    }
    Ok(visit.page(StatusCode::OK, &SearchPage { shell: visit.shell("search"), query: text, sections, names }))
}

/// A suggestion.
#[derive(Serialize)]
struct SuggestionView {
    href: String,
    name: String,
    kind: &'static str,
}

/// `GET /search/suggest`
async fn suggest(visit: Visit, State(catalog): State<Catalog>, Query(query): Query<SearchQuery>) -> Answer {
    let mut suggestions = Vec::new();
    if query.q.trim().chars().count() >= 2 {
        for kind in RepoKind::ALL {
            let found = catalog.list(&visit.caller, &query.list_query(kind, SUGGESTED)).await?;
            suggestions.extend(found.repos.iter().map(|repo| SuggestionView {
                href: format!("/{}", repo.state.addr.url_path()),
                name: repo.state.addr.repo_id(),
                kind: visit.words.get(title_of(kind)),
            }));
        }
    }
    Ok(Json(suggestions).into_response())
}
