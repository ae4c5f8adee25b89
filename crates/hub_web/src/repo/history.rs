//! `GET …/commits/{revision}`: the history of a revision, newest first.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_core::{Access, Timestamp};
use hub_http::{AccessClass, Addr, ApiRouter, Path, Query};
use hub_repo::{RepoError, Repos};
use serde::Deserialize;

use super::tree::{RefSwitch, ref_switch};
use super::{At, Opened, RepoHead, for_each_kind, get, resolve};
use crate::WebState;
use crate::error::Answer;
use crate::shell::Shell;
use crate::visit::Visit;

/// Commits of a page.
const PAGE: usize = 50;

pub(super) fn routes() -> ApiRouter<WebState> {
    for_each_kind(ApiRouter::new(), "/commits/{revision}", |path| get(AccessClass::Read, path).to(show))
}

/// Which page, from 0.
#[derive(Deserialize)]
struct HistoryQuery {
    #[serde(default)]
    p: usize,
}

#[derive(Template)]
#[template(path = "repo/history/page.html")]
struct HistoryPage {
    shell: Shell,
    head: RepoHead,
    revision: String,
    refs: RefSwitch,
    total: u64,
    commits: Vec<CommitLine>,
    newer: Option<String>,
    older: Option<String>,
}

/// A commit in the list.
struct CommitLine {
    title: String,
    message: String,
    author: String,
    href: String,
    tree: String,
    short: String,
    date: Timestamp,
}

/// `GET …/commits/{revision}`
async fn show(
    visit: Visit,
    State(repos): State<Repos>,
    Addr(addr): Addr,
    Path(at): Path<At>,
    Query(query): Query<HistoryQuery>,
) -> Answer {
    let opened = Opened::open(&repos, &visit, &addr, Access::Metadata).await?;
    let repo = &opened.repo;
    let Some(commit) = resolve(repo, &at.revision()).await? else {
        return Err(RepoError::RevisionNotFound(at.revision.clone()).into());
    };
    let skip = query.p.min(1_000_000).saturating_mul(PAGE);
    let page = repo.list_commits(commit, skip, PAGE).await?;
    let head = opened.head("history");
    let href = head.urls.at("commits", &at.revision, "");
    let has_older = page.total > (skip + page.commits.len()) as u64;
    let line = |info: hub_repo::CommitInfo| {
        let id = info.id.to_string();
        CommitLine {
            href: head.urls.commit(info.id),
            tree: head.urls.at("tree", &id, ""),
            short: id.chars().take(7).collect(),
            title: info.title,
            message: info.message,
            author: info.author,
            date: info.date,
        }
    };
    let view = HistoryPage {
        shell: visit.shell(repo.addr().kind.plural()),
        refs: ref_switch(repo, &at.revision, "commits", "").await?,
        total: page.total,
        commits: page.commits.into_iter().map(line).collect(),
        newer: (query.p > 0).then(|| format!("{href}?p={}", query.p - 1)),
        older: has_older.then(|| format!("{href}?p={}", query.p + 1)),
        revision: at.revision,
        head,
    };
    Ok(visit.page(StatusCode::OK, &view))
}
