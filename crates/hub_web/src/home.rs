//! `GET /`: what is new here, and how to point tools at it.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::{Accounts, SignUpPolicy};
use hub_core::RepoKind;
use hub_http::{AccessClass, ApiRouter, Caller, PublicUrl, get};
use hub_repo::{ListQuery, ListedRepo, Repos, SortKey};

use crate::WebState;
use crate::error::Answer;
use crate::page::page;

/// Repositories of each kind on the page.
const SHOWN: usize = 10;

pub(crate) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new().route(get("/").access(AccessClass::Read).undocumented().to(home))
}

#[derive(Template)]
#[template(path = "home/page.html")]
struct HomePage {
    url: String,
    sections: Vec<Section>,
    can_sign_up: bool,
}

/// The newest repositories of a kind.
struct Section {
    title: &'static str,
    repos: Vec<RepoLine>,
}

/// A repository in a list.
struct RepoLine {
    href: String,
    name: String,
    about: String,
}

/// `GET /`
async fn home(
    State(repos): State<Repos>,
    State(accounts): State<Accounts>,
    Caller(caller): Caller,
    public_url: PublicUrl,
) -> Answer {
    let mut sections = Vec::new();
    for (kind, title) in [(RepoKind::Model, "Models"), (RepoKind::Dataset, "Datasets"), (RepoKind::Space, "Spaces")] {
        let query = ListQuery { sort: SortKey::Modified, limit: SHOWN, ..ListQuery::of(kind) };
        let found = repos.list(&caller, &query).await?;
        sections.push(Section { title, repos: found.repos.iter().map(line).collect() });
    }
    let can_sign_up = accounts.sign_up_policy() == SignUpPolicy::Open;
    Ok(page(StatusCode::OK, &HomePage { url: public_url.to_string(), sections, can_sign_up }))
}

fn line(listed: &ListedRepo) -> RepoLine {
    let state = &listed.state;
    let task = listed.facts.pipeline_tag.as_ref().map(|task| format!("{task} · ")).unwrap_or_default();
    let hidden = if state.visibility.is_hidden() { " · private" } else { "" };
    RepoLine {
        href: format!("/{}", state.addr.url_path()),
        name: state.addr.repo_id(),
        about: format!("{task}updated {}{hidden}", day(&state.modified.to_string())),
    }
}

/// The day of a moment in ISO form.
pub(crate) fn day(moment: &str) -> &str {
    moment.get(..10).unwrap_or(moment)
}
