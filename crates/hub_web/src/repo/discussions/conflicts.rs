//! `…/discussions/{num}/conflicts`: both versions of the files on which the sides disagree, and the text that shall be.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_community::{Community, CommunityError};
use hub_core::{Access, ThreadNumber, UserError};
use hub_http::{AccessClass, Addr, ApiRouter, JsonOrForm, Path};
use hub_repo::{Conflict, RepoError, Repos, Resolution};

use super::thread::Num;
use crate::WebState;
use crate::error::{Answer, PageError, is_mendable, sentence};
use crate::page::go_to;
use crate::repo::edit::parse_path;
use crate::repo::{Opened, RepoHead, for_each_kind, get, post};
use crate::shell::Shell;
use crate::visit::Visit;

/// The most files that a form can hold.
const FILES_MAX: usize = 10;

pub(super) fn routes() -> ApiRouter<WebState> {
    let propose = AccessClass::Propose;
    let router = for_each_kind(ApiRouter::new(), "/discussions/{num}/conflicts", |path| get(propose, path).to(show));
    for_each_kind(router, "/discussions/{num}/conflicts", |path| post(propose, path).to(resolve))
}

#[derive(Template)]
#[template(path = "repo/discussions/conflicts.html")]
struct ConflictsPage {
    shell: Shell,
    head: RepoHead,
    number: i64,
    here: String,
    base: String,
    head_commit: String,
    files: Vec<FileView>,
    is_solvable: bool,
    problem: Option<String>,
}

/// A file on which both sides disagree.
struct FileView {
    path: String,
    base: Option<String>,
    pull: Option<String>,
    text: String,
}

/// `GET …/discussions/{num}/conflicts`
async fn show(
    visit: Visit,
    State(repos): State<Repos>,
    State(community): State<Community>,
    Addr(addr): Addr,
    Path(num): Path<Num>,
) -> Answer {
    let number = num.parse(&visit)?;
    visit.person()?;
    let opened = Opened::open(&repos, &visit, &addr, Access::Propose).await?;
    conflicts_page(&visit, (&community, &opened), number, &HashMap::new(), None).await
}

async fn conflicts_page(
    visit: &Visit,
    (community, opened): (&Community, &Opened),
    number: ThreadNumber,
    typed: &HashMap<String, String>,
    problem: Option<String>,
) -> Answer {
    let found = community.conflicts(&opened.repo, number).await?;
    let head = opened.head("discussions");
    let file = |(at, conflict): (usize, Conflict)| {
        // What somebody typed is kept, as long as it is for this file.
        let kept = typed.get(&format!("text{at}")).filter(|_| typed.get(&format!("path{at}")) == Some(&conflict.path));
        FileView {
            text: kept.cloned().or(conflict.marked).unwrap_or_default(),
            path: conflict.path,
            base: conflict.base,
            pull: conflict.pull,
        }
    };
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let view = ConflictsPage {
        shell: visit.shell(opened.repo.addr().kind.plural()),
        number: number.get(),
        here: format!("{}/{number}", head.discussions()),
        base: found.base.to_string(),
        head_commit: found.head.to_string(),
        files: found.files.into_iter().enumerate().map(file).collect(),
        is_solvable: found.is_solvable,
        head,
        problem,
    };
    Ok(visit.page(status, &view))
}

/// `POST …/discussions/{num}/conflicts`
async fn resolve(
    visit: Visit,
    State(repos): State<Repos>,
    State(community): State<Community>,
    Addr(addr): Addr,
    Path(num): Path<Num>,
    JsonOrForm(body): JsonOrForm<HashMap<String, String>>,
) -> Answer {
    let number = num.parse(&visit)?;
    visit.check(body.get("form_token").map(String::as_str).unwrap_or_default())?;
    visit.person()?;
    let opened = Opened::open(&repos, &visit, &addr, Access::Propose).await?;
    match solved(&community, &opened, number, &body).await {
        Ok(()) => Ok(go_to(&format!("{}/{number}", opened.head("discussions").discussions()))),
        Err(error) if is_mendable(&error) => {
            let problem = Some(sentence(error.message()));
            conflicts_page(&visit, (&community, &opened), number, &body, problem).await
        }
        Err(error) => Err(PageError::from(error)),
    }
}

async fn solved(
    community: &Community,
    opened: &Opened,
    number: ThreadNumber,
    body: &HashMap<String, String>,
) -> Result<(), CommunityError> {
    let field = |name: &str| body.get(name).map(String::as_str).unwrap_or_default();
    let commit = |name: &str| {
        field(name).parse().map_err(|_| CommunityError::BadRequest("the form is not whole: open it again".to_owned()))
    };
    let found = community.conflicts(&opened.repo, number).await?;
    let mut files = Vec::new();
    for at in 0..FILES_MAX {
        let Some(path) = body.get(&format!("path{at}")) else { break };
        // Browsers end lines in their own way; the file keeps the one that it has.
        let text = field(&format!("text{at}")).replace("\r\n", "\n");
        let known = found.files.iter().find(|conflict| conflict.path == *path);
        let has_returns =
            known.is_some_and(|file| [&file.base, &file.pull].into_iter().flatten().any(|side| side.contains("\r\n")));
        let text = if has_returns { text.replace('\n', "\r\n") } else { text };
        let is_gone = body.contains_key(&format!("gone{at}"));
        files.push((parse_path(path).map_err(CommunityError::from)?, (!is_gone).then_some(text)));
    }
    let resolution = Resolution { base: commit("base")?, head: commit("head")?, files };
    match community.resolve_conflicts(&opened.repo, number, resolution).await {
        Ok(_) => Ok(()),
        Err(CommunityError::Repo(RepoError::StaleParent)) => {
            Err(CommunityError::Conflict("one of the branches moved: look at the conflicts again".to_owned()))
        }
        Err(error) => Err(error),
    }
}
