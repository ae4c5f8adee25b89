//! `GET …/blame/{revision}/{path}`: for each line of a file the commit that it comes from.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_core::{Access, CommitId, Timestamp};
use hub_http::{AccessClass, Addr, ApiRouter, Path};
use hub_repo::{Blame, Repos};

use super::tree::{RefSwitch, ref_switch};
use super::{At, Crumb, Opened, RepoHead, crumbs, for_each_kind, get};
use crate::WebState;
use crate::address::RepoUrls;
use crate::error::{Answer, PageError};
use crate::highlight;
use crate::markdown::SafeHtml;
use crate::shell::Shell;
use crate::visit::Visit;

pub(super) fn routes() -> ApiRouter<WebState> {
    for_each_kind(ApiRouter::new(), "/blame/{revision}/{*path}", |path| get(AccessClass::Read, path).to(show))
}

#[derive(Template)]
#[template(path = "repo/blame/page.html")]
struct BlamePage {
    shell: Shell,
    head: RepoHead,
    revision: String,
    refs: RefSwitch,
    crumbs: Vec<Crumb>,
    path: String,
    blob: String,
    lines: Vec<Line>,
    is_cut: bool,
    is_text: bool,
}

/// A line, with its commit where it differs from that of the line before.
struct Line {
    html: SafeHtml,
    change: Option<Change>,
}

struct Change {
    title: String,
    href: String,
    date: Timestamp,
}

/// `GET …/blame/{revision}/{path}`
async fn show(visit: Visit, State(repos): State<Repos>, Addr(addr): Addr, Path(at): Path<At>) -> Answer {
    let opened = Opened::open(&repos, &visit, &addr, Access::Read).await?;
    let path = at.path(&visit)?;
    let commit = opened.repo.resolve(&at.revision()).await?;
    let blame = opened.repo.blame(commit, &path).await?;
    let head = opened.head("files");
    let refs = ref_switch(&opened.repo, &at.revision, "blame", path.as_str()).await?;
    let (is_text, is_cut) = (blame.is_some(), blame.as_ref().is_some_and(|blame| blame.is_cut));
    let lines = match blame {
        Some(blame) => lines_of(blame, head.urls.clone(), path.to_string()).await?,
        None => Vec::new(),
    };
    let view = BlamePage {
        shell: visit.shell(opened.repo.addr().kind.plural()),
        crumbs: crumbs(&head.urls, &at.revision, path.as_str()),
        blob: head.urls.at("blob", &at.revision, path.as_str()),
        path: path.to_string(),
        revision: at.revision,
        refs,
        head,
        lines,
        is_cut,
        is_text,
    };
    Ok(visit.page(StatusCode::OK, &view))
}

async fn lines_of(blame: Blame, urls: RepoUrls, path: String) -> Result<Vec<Line>, PageError> {
    let make = move || {
        let language = highlight::language_of_path(&path);
        let coloured = highlight::to_lines(language, &blame.text);
        let mut last = None;
        let line = |(html, place): (String, &usize)| {
            let is_new = last != Some(*place);
            last = Some(*place);
            let commit = &blame.commits[*place];
            let change = is_new.then(|| Change {
                title: commit.title.clone(),
                href: urls.commit(CommitId::new(commit.id)),
                date: commit.date,
            });
            Line { html: SafeHtml::of_code(html), change }
        };
        coloured.into_iter().zip(&blame.lines).map(line).collect()
    };
    let made = tokio::task::spawn_blocking(make).await;
    made.map_err(|error| PageError::from(hub_http::ApiError::internal(error)))
}
