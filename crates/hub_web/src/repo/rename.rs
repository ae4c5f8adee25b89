//! `GET` and `POST …/rename/{revision}/{path}`: another path for a file of any size, by a commit that moves no bytes.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_core::{Access, RepoPath, UserError};
use hub_http::{AccessClass, Addr, ApiRouter, JsonOrForm, Path};
use hub_repo::{CommitHeader, Operation, Repo, RepoError, Repos};
use serde::Deserialize;

use super::edit::{commit, parse_path};
use super::{At, Opened, RepoHead, for_each_kind, get, post};
use crate::WebState;
use crate::error::{Answer, is_mendable, sentence};
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

pub(super) fn routes() -> ApiRouter<WebState> {
    let write = AccessClass::Write;
    let router = for_each_kind(ApiRouter::new(), "/rename/{revision}/{*path}", |path| get(write, path).to(form));
    for_each_kind(router, "/rename/{revision}/{*path}", |path| post(write, path).to(rename))
}

/// The filled form.
#[derive(Deserialize, Default)]
#[serde(default)]
struct RenameBody {
    form_token: String,
    path: String,
    title: String,
}

#[derive(Template)]
#[template(path = "repo/rename/page.html")]
struct RenamePage<'a> {
    shell: Shell,
    head: RepoHead,
    revision: &'a str,
    old: &'a str,
    action: String,
    cancel: String,
    body: &'a RenameBody,
    problem: Option<String>,
}

fn rename_page(
    visit: &Visit,
    opened: &Opened,
    at: &At,
    status: StatusCode,
    body: &RenameBody,
    problem: Option<String>,
) -> axum::response::Response {
    let head = opened.head("files");
    let view = RenamePage {
        shell: visit.shell(opened.repo.addr().kind.plural()),
        action: head.urls.at("rename", &at.revision, &at.path),
        cancel: head.urls.at("blob", &at.revision, &at.path),
        revision: &at.revision,
        old: &at.path,
        head,
        body,
        problem,
    };
    visit.page(status, &view)
}

/// `GET …/rename/{revision}/{path}`
async fn form(visit: Visit, State(repos): State<Repos>, Addr(addr): Addr, Path(at): Path<At>) -> Answer {
    let opened = Opened::open(&repos, &visit, &addr, Access::Write).await?;
    let path = at.path(&visit)?;
    let head = opened.repo.resolve(&at.revision()).await?;
    opened.repo.entry(head, &path).await?;
    let body = RenameBody { path: at.path.clone(), ..RenameBody::default() };
    Ok(rename_page(&visit, &opened, &at, StatusCode::OK, &body, None))
}

/// `POST …/rename/{revision}/{path}`
async fn rename(
    visit: Visit,
    State(repos): State<Repos>,
    Addr(addr): Addr,
    Path(at): Path<At>,
    JsonOrForm(body): JsonOrForm<RenameBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    let opened = Opened::open(&repos, &visit, &addr, Access::Write).await?;
    let from = at.path(&visit)?;
    match move_file(&visit, &opened.repo, &at, from, &body).await {
        Ok(to) => Ok(go_to(&opened.head("files").urls.at("blob", &at.revision, to.as_str()))),
        Err(error) if is_mendable(&error) => {
            let problem = Some(sentence(error.message()));
            Ok(rename_page(&visit, &opened, &at, StatusCode::UNPROCESSABLE_ENTITY, &body, problem))
        }
        Err(error) => Err(error.into()),
    }
}

async fn move_file(
    visit: &Visit,
    repo: &Repo,
    at: &At,
    from: RepoPath,
    body: &RenameBody,
) -> Result<RepoPath, RepoError> {
    let to = parse_path(&body.path)?;
    let head = repo.resolve(&at.revision()).await?;
    match repo.entry(head, &to).await {
        Ok(_) => return Err(RepoError::Unprocessable(visit.words.fill("rename.taken", &[&to]))),
        Err(RepoError::EntryNotFound { .. }) => {}
        Err(error) => return Err(error),
    }
    let title = match body.title.trim() {
        "" => format!("Rename {from} to {to}"),
        title => title.to_owned(),
    };
    // Made on the state that was just looked at, so that nothing is written over.
    let header = CommitHeader { title, description: String::new(), parent: Some(head.oid()) };
    commit(repo, &at.revision(), vec![Operation::Move { from, to: to.clone() }], header).await?;
    Ok(to)
}
