//! `GET /`: search, what draws attention, what is new here, and how to point tools at this address.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::{Accounts, SignUpPolicy};
use hub_catalog::Catalog;
use hub_core::RepoKind;
use hub_http::{AccessClass, ApiRouter, get};
use hub_repo::{ListQuery, SortKey};

use crate::WebState;
use crate::error::{Answer, PageError};
use crate::repo_list::{RepoLine, list_href};
use crate::shell::Shell;
use crate::visit::Visit;

/// Repositories of each kind that draw attention.
const TRENDING: usize = 6;
/// Repositories of all kinds that are new.
const NEW: usize = 8;

const KINDS: [(RepoKind, &str); 3] =
    [(RepoKind::Model, "nav.models"), (RepoKind::Dataset, "nav.datasets"), (RepoKind::Space, "nav.spaces")];

pub(crate) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new().route(get("/").access(AccessClass::Read).undocumented().to(home))
}

#[derive(Template)]
#[template(path = "home/page.html")]
struct HomePage {
    shell: Shell,
    sections: Vec<Section>,
    fresh: Vec<RepoLine>,
    can_join: bool,
}

/// The repositories of a kind that draw most attention.
struct Section {
    title: &'static str,
    icon: &'static str,
    href: String,
    repos: Vec<RepoLine>,
}

/// `GET /`
async fn home(visit: Visit, State(catalog): State<Catalog>, State(accounts): State<Accounts>) -> Answer {
    let mut sections = Vec::new();
    for (kind, title) in KINDS {
        let query = ListQuery { sort: SortKey::Trending, limit: TRENDING, ..ListQuery::of(kind) };
        let found = catalog.list(&visit.caller, &query).await?;
        sections.push(Section {
            title: visit.words.get(title),
            icon: kind.word(),
            href: list_href(kind),
            repos: found.repos.iter().map(|repo| RepoLine::of(visit.words, repo)).collect(),
        });
    }
    let fresh = newest(&visit, &catalog).await?;
    let can_join = visit.caller.user().is_none() && accounts.sign_up_policy() != SignUpPolicy::Closed;
    Ok(visit.page(StatusCode::OK, &HomePage { shell: visit.shell("home"), sections, fresh, can_join }))
}

/// What was published last, of any kind.
async fn newest(visit: &Visit, catalog: &Catalog) -> Result<Vec<RepoLine>, PageError> {
    let mut found = Vec::new();
    for (kind, _) in KINDS {
        let query = ListQuery { sort: SortKey::Created, limit: NEW, ..ListQuery::of(kind) };
        found.extend(catalog.list(&visit.caller, &query).await?.repos);
    }
    found.sort_by_key(|repo| std::cmp::Reverse(repo.state.created));
    Ok(found.iter().take(NEW).map(|repo| RepoLine::of(visit.words, repo)).collect())
}
