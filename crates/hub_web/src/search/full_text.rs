//! `/search/full-text`: repositories by what their cards and programs say.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_core::{RepoKind, UserError as _};
use hub_http::{AccessClass, ApiRouter, Query, get};
use hub_search::{Hit, Piece, Search, SearchError, Wanted};
use serde::Deserialize;

use crate::WebState;
use crate::address::escape_value;
use crate::catalog::title_of;
use crate::error::{Answer, is_mendable, sentence};
use crate::repo_list::RepoLine;
use crate::shell::Shell;
use crate::visit::Visit;

/// Hits of a page.
const PAGE: usize = 20;

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new().route(get("/search/full-text").access(AccessClass::Read).undocumented().to(find))
}

/// What is looked for.
#[derive(Deserialize, Clone, Default)]
#[serde(default)]
struct TextQuery {
    q: String,
    r#type: Vec<String>,
    author: String,
    skip: usize,
}

#[derive(Template)]
#[template(path = "search/full_text.html")]
struct TextPage {
    shell: Shell,
    query: TextQuery,
    kinds: Vec<(&'static str, &'static str, bool)>,
    problem: Option<String>,
    total: u64,
    is_forgiving: bool,
    is_complete: bool,
    hits: Vec<HitLine>,
    newer: Option<String>,
    next: Option<String>,
}

/// A hit as it is shown.
struct HitLine {
    repo: RepoLine,
    /// The file and its address.
    file: Option<(String, String)>,
    excerpt: Vec<Piece>,
}

impl TextQuery {
    fn kinds(&self) -> Vec<RepoKind> {
        self.r#type
            .iter()
            .filter_map(|word| RepoKind::from_word(word))
            .filter(|kind| *kind != RepoKind::Bucket)
            .collect()
    }

    fn address(&self, skip: usize) -> String {
        let mut address = format!("/search/full-text?q={}", escape_value(&self.q));
        for kind in self.kinds() {
            address.push_str(&format!("&type={}", kind.word()));
        }
        if !self.author.is_empty() {
            address.push_str(&format!("&author={}", escape_value(&self.author)));
        }
        if skip > 0 {
            address.push_str(&format!("&skip={skip}"));
        }
        address
    }
}

/// `GET /search/full-text`
async fn find(visit: Visit, State(search): State<Search>, Query(query): Query<TextQuery>) -> Answer {
    let kinds = query.kinds();
    let wanted = Wanted {
        text: query.q.trim().to_owned(),
        kinds: kinds.clone(),
        author: query.author.parse().ok(),
        offset: query.skip,
        limit: PAGE,
        explain: false,
    };
    let kind_choice = |kind: &RepoKind| (kind.word(), visit.words.get(title_of(*kind)), kinds.contains(kind));
    let mut view = TextPage {
        shell: visit.shell("search"),
        kinds: RepoKind::WITH_GIT.iter().map(kind_choice).collect(),
        problem: None,
        total: 0,
        is_forgiving: false,
        is_complete: true,
        hits: Vec::new(),
        newer: (query.skip > 0).then(|| query.address(query.skip.saturating_sub(PAGE))),
        next: None,
        query,
    };
    if wanted.text.is_empty() {
        return Ok(visit.page(StatusCode::OK, &view));
    }
    let found = match search.find(&visit.caller, &wanted).await {
        Ok(found) => found,
        Err(SearchError::NotOpen) => {
            view.is_complete = false;
            return Ok(visit.page(StatusCode::OK, &view));
        }
        Err(error) if is_mendable(&error) => {
            view.problem = Some(sentence(error.message()));
            return Ok(visit.page(StatusCode::BAD_REQUEST, &view));
        }
        Err(error) => return Err(error.into()),
    };
    let after = view.query.skip + PAGE;
    view.next = (found.total > after && after + PAGE <= 1000).then(|| view.query.address(after));
    view.total = found.total as u64;
    view.is_forgiving = found.is_forgiving;
    view.is_complete = found.is_complete;
    view.hits = found.hits.into_iter().map(|hit| HitLine::of(&visit, hit)).collect();
    Ok(visit.page(StatusCode::OK, &view))
}

impl HitLine {
    fn of(visit: &Visit, hit: Hit) -> Self {
        let page = hit.repo.state.addr.url_path();
        let file = hit.file.map(|path| {
            let name = path.to_string();
            let href =
                if name == "README.md" { format!("/{page}") } else { format!("/{page}/blob/main/{}", path.as_str()) };
            (name, href)
        });
        Self { repo: RepoLine::of(visit.words, &hit.repo), file, excerpt: hit.excerpt }
    }
}
