//! `GET /`: search, what is new here, and how to point tools at this address.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::{Accounts, SignUpPolicy};
use hub_core::RepoKind;
use hub_http::{AccessClass, ApiRouter, get};
use hub_repo::{ListQuery, Repos, SortKey};

use crate::WebState;
use crate::error::Answer;
use crate::repo_list::{RepoLine, list_href};
use crate::shell::Shell;
use crate::visit::Visit;

/// Repositories of each kind on the page.
const SHOWN: usize = 8;

pub(crate) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new().route(get("/").access(AccessClass::Read).undocumented().to(home))
}

#[derive(Template)]
#[template(path = "home/page.html")]
struct HomePage {
    shell: Shell,
    sections: Vec<Section>,
    can_join: bool,
}

/// The repositories of a kind that changed last.
struct Section {
    title: &'static str,
    icon: &'static str,
    href: String,
    repos: Vec<RepoLine>,
}

/// `GET /`
async fn home(visit: Visit, State(repos): State<Repos>, State(accounts): State<Accounts>) -> Answer {
    let mut sections = Vec::new();
    let kinds = [(RepoKind::Model, "nav.models"), (RepoKind::Dataset, "nav.datasets"), (RepoKind::Space, "nav.spaces")];
    for (kind, title) in kinds {
        let query = ListQuery { sort: SortKey::Modified, limit: SHOWN, ..ListQuery::of(kind) };
        let found = repos.list(&visit.caller, &query).await?;
        sections.push(Section {
            title: visit.words.get(title),
            icon: kind.word(),
            href: list_href(kind),
            repos: found.repos.iter().map(|repo| RepoLine::of(visit.words, repo)).collect(),
        });
    }
    let can_join = visit.caller.user().is_none() && accounts.sign_up_policy() != SignUpPolicy::Closed;
    Ok(visit.page(StatusCode::OK, &HomePage { shell: visit.shell("home"), sections, can_join }))
}
