//! Changing files in the browser: a new one, an edit, a rename, a deletion. Each is a commit like any other, made on the
//! state that its author saw: if the branch moved meanwhile, what they typed is kept and they are told.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use bytes::Bytes;
use hub_community::{Community, CommunityError};
use hub_core::{Access, Oid, RepoPath, Revision, UserError};
use hub_http::{AccessClass, Addr, ApiRouter, JsonOrForm, Path, Query};
use hub_repo::{CommitHeader, Operation, Repo, RepoError, Repos};
use serde::Deserialize;

use super::{At, Opened, RepoHead, for_each_kind, get, post};
use crate::WebState;
use crate::error::{Answer, PageError, is_mendable, sentence};
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

/// A file above this size is not edited in a browser.
const EDIT_MAX: u64 = 1 << 20;
/// What a new card begins with.
const CARD: &str = "---\nlicense: apache-2.0\nlanguage:\n- en\ntags: []\n---\n\n# ";

pub(super) fn routes() -> ApiRouter<WebState> {
    let (write, propose) = (AccessClass::Write, AccessClass::Propose);
    let router = for_each_kind(ApiRouter::new(), "/new/{revision}", |path| get(propose, path).to(new_form));
    let router = for_each_kind(router, "/new/{revision}/{*path}", |path| get(propose, path).to(new_form));
    let router = for_each_kind(router, "/new/{revision}", |path| post(propose, path).to(create));
    let router = for_each_kind(router, "/edit/{revision}/{*path}", |path| get(propose, path).to(edit_form));
    let router = for_each_kind(router, "/edit/{revision}/{*path}", |path| post(propose, path).to(save));
    let router = for_each_kind(router, "/delete/{revision}/{*path}", |path| get(write, path).to(delete_form));
    for_each_kind(router, "/delete/{revision}/{*path}", |path| post(write, path).to(delete))
}

/// The name that a new file shall have.
#[derive(Deserialize)]
struct NewQuery {
    #[serde(default)]
    name: String,
}

#[derive(Template)]
#[template(path = "repo/edit/page.html")]
struct EditPage<'a> {
    shell: Shell,
    head: RepoHead,
    revision: &'a str,
    action: String,
    cancel: String,
    can_commit: bool,
    can_propose: bool,
    is_new: bool,
    body: &'a EditBody,
    problem: Option<String>,
}

/// The filled form.
#[derive(Deserialize, Default)]
#[serde(default)]
struct EditBody {
    form_token: String,
    path: String,
    content: String,
    title: String,
    description: String,
    /// The commit that its author saw.
    parent: String,
    /// Whether the change shall become a pull request.
    propose: bool,
}

impl EditBody {
    fn header(&self, fallback: String) -> CommitHeader {
        let title = self.title.trim();
        CommitHeader {
            title: if title.is_empty() { fallback } else { title.to_owned() },
            description: self.description.trim().to_owned(),
            parent: self.parent.parse::<Oid>().ok(),
        }
    }

    /// The text with the line ends of a file; browsers send their own.
    fn text(&self, has_carriage_returns: bool) -> Bytes {
        let text = self.content.replace("\r\n", "\n");
        Bytes::from(if has_carriage_returns { text.replace('\n', "\r\n") } else { text })
    }
}

/// `GET …/new/{revision}/{folder}`
async fn new_form(
    visit: Visit,
    State(repos): State<Repos>,
    Addr(addr): Addr,
    Path(at): Path<At>,
    Query(query): Query<NewQuery>,
) -> Answer {
    let opened = Opened::open(&repos, &visit, &addr, Access::Propose).await?;
    let folder = at.path.trim_matches('/');
    let path = if folder.is_empty() { query.name.clone() } else { format!("{folder}/{}", query.name) };
    let content = if path == "README.md" { format!("{CARD}{}\n", addr.name) } else { String::new() };
    let parent = opened.repo.resolve(&at.revision()).await?.to_string();
    let body = EditBody { path, content, parent, ..EditBody::default() };
    Ok(new_page(&visit, &opened, &at, StatusCode::OK, &body, None))
}

fn new_page(
    visit: &Visit,
    opened: &Opened,
    at: &At,
    status: StatusCode,
    body: &EditBody,
    problem: Option<String>,
) -> axum::response::Response {
    let head = opened.head("files");
    let view = EditPage {
        shell: visit.shell(opened.repo.addr().kind.plural()),
        action: head.urls.at("new", &at.revision, ""),
        cancel: head.urls.at("tree", &at.revision, ""),
        revision: &at.revision,
        can_commit: at.is_pull() || opened.can(Access::Write),
        can_propose: !at.is_pull(),
        is_new: true,
        head,
        body,
        problem,
    };
    visit.page(status, &view)
}

/// `POST …/new/{revision}`
async fn create(
    visit: Visit,
    State(repos): State<Repos>,
    State(community): State<Community>,
    Addr(addr): Addr,
    Path(at): Path<At>,
    JsonOrForm(body): JsonOrForm<EditBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    let opened = Opened::open(&repos, &visit, &addr, at.access_to_change(body.propose)).await?;
    match create_file(&visit, &community, &opened, &at, &body).await {
        Ok(to) => Ok(go_to(&to)),
        Err(error) if is_mendable(&error) => {
            let problem = Some(sentence(error.message()));
            Ok(new_page(&visit, &opened, &at, StatusCode::UNPROCESSABLE_ENTITY, &body, problem))
        }
        Err(error) => Err(error.into()),
    }
}

async fn create_file(
    visit: &Visit,
    community: &Community,
    opened: &Opened,
    at: &At,
    body: &EditBody,
) -> Result<String, CommunityError> {
    let repo = &opened.repo;
    let path = parse_path(&body.path)?;
    let head = repo.resolve(&at.revision()).await?;
    if repo.entry(head, &path).await.is_ok() {
        return Err(RepoError::Conflict(visit.words.fill("edit.exists", &[&path.as_str()])).into());
    }
    let operation = Operation::Put { path: path.clone(), content: body.text(false), old_path: None };
    let header = CommitHeader { parent: None, ..body.header(format!("Create {path}")) };
    bring(community, opened, at, body, (path, operation), header).await
}

/// Commits a change, or proposes it; answers where to go on.
async fn bring(
    community: &Community,
    opened: &Opened,
    at: &At,
    body: &EditBody,
    (path, operation): (RepoPath, Operation),
    header: CommitHeader,
) -> Result<String, CommunityError> {
    let (repo, head) = (&opened.repo, opened.head("files"));
    if !body.propose {
        commit(repo, &at.revision(), vec![operation], header).await?;
        return Ok(head.urls.at("blob", &at.revision, path.as_str()));
    }
    let (mut draft, base) = community.begin_proposal(repo, &at.revision()).await?;
    draft.push(operation).await?;
    let proposed = community.propose(repo, draft, base, &header).await?;
    Ok(format!("{}/{}", head.discussions(), proposed.number))
}

pub(super) fn parse_path(text: &str) -> Result<RepoPath, RepoError> {
    let text = text.trim().trim_start_matches('/');
    text.parse().map_err(|reason| RepoError::Path { path: text.to_owned(), reason })
}

/// Makes a commit.
pub(super) async fn commit(
    repo: &Repo,
    revision: &Revision,
    operations: Vec<Operation>,
    header: CommitHeader,
) -> Result<(), RepoError> {
    let mut draft = repo.begin_commit(revision).await?;
    for operation in operations {
        draft.push(operation).await?;
    }
    draft.finish(header).await?;
    Ok(())
}

/// `GET …/edit/{revision}/{path}`
async fn edit_form(visit: Visit, State(repos): State<Repos>, Addr(addr): Addr, Path(at): Path<At>) -> Answer {
    let opened = Opened::open(&repos, &visit, &addr, Access::Propose).await?;
    let path = at.path(&visit)?;
    let commit = opened.repo.resolve(&at.revision()).await?;
    let file = opened.repo.file(commit, &path).await?;
    let bytes = opened.repo.read_small(&file, EDIT_MAX).await?;
    let Ok(text) = std::str::from_utf8(&bytes) else {
        return Err(PageError::told(hub_core::Code::Unprocessable, visit.words.get("edit.binary")));
    };
    let body = EditBody {
        path: path.to_string(),
        content: text.to_owned(),
        parent: commit.to_string(),
        ..EditBody::default()
    };
    Ok(edit_page(&visit, &opened, &at, StatusCode::OK, &body, None))
}

fn edit_page(
    visit: &Visit,
    opened: &Opened,
    at: &At,
    status: StatusCode,
    body: &EditBody,
    problem: Option<String>,
) -> axum::response::Response {
    let head = opened.head("files");
    let view = EditPage {
        shell: visit.shell(opened.repo.addr().kind.plural()),
        action: head.urls.at("edit", &at.revision, &at.path),
        cancel: head.urls.at("blob", &at.revision, &at.path),
        revision: &at.revision,
        can_commit: at.is_pull() || opened.can(Access::Write),
        can_propose: !at.is_pull(),
        is_new: false,
        head,
        body,
        problem,
    };
    visit.page(status, &view)
}

/// `POST …/edit/{revision}/{path}`
async fn save(
    visit: Visit,
    State(repos): State<Repos>,
    State(community): State<Community>,
    Addr(addr): Addr,
    Path(at): Path<At>,
    JsonOrForm(body): JsonOrForm<EditBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    let opened = Opened::open(&repos, &visit, &addr, at.access_to_change(body.propose)).await?;
    let old = at.path(&visit)?;
    match save_file(&community, &opened, &at, &old, &body).await {
        Ok(to) => Ok(go_to(&to)),
        Err(error) if is_mendable(&error) => {
            let problem = match error {
                CommunityError::Repo(RepoError::StaleParent) => visit.words.get("edit.stale").to_owned(),
                error => sentence(error.message()),
            };
            Ok(edit_page(&visit, &opened, &at, StatusCode::UNPROCESSABLE_ENTITY, &body, Some(problem)))
        }
        Err(error) => Err(error.into()),
    }
}

async fn save_file(
    community: &Community,
    opened: &Opened,
    at: &At,
    old: &RepoPath,
    body: &EditBody,
) -> Result<String, CommunityError> {
    let repo = &opened.repo;
    let path = parse_path(&body.path)?;
    let head = repo.resolve(&at.revision()).await?;
    let file = repo.file(head, old).await?;
    let before = repo.read_small(&file, EDIT_MAX).await?;
    let content = body.text(before.windows(2).any(|pair| pair == b"\r\n"));
    let old_path = (path != *old).then(|| old.clone());
    let header = body.header(format!("Update {path}"));
    let operation = Operation::Put { path: path.clone(), content, old_path };
    bring(community, opened, at, body, (path, operation), header).await
}

#[derive(Template)]
#[template(path = "repo/edit/delete.html")]
struct DeletePage<'a> {
    shell: Shell,
    head: RepoHead,
    action: String,
    cancel: String,
    path: &'a str,
    problem: Option<String>,
}

/// `GET …/delete/{revision}/{path}`
async fn delete_form(visit: Visit, State(repos): State<Repos>, Addr(addr): Addr, Path(at): Path<At>) -> Answer {
    let opened = Opened::open(&repos, &visit, &addr, Access::Write).await?;
    let path = at.path(&visit)?;
    let commit = opened.repo.resolve(&at.revision()).await?;
    opened.repo.entry(commit, &path).await?;
    Ok(delete_page(&visit, &opened, &at, StatusCode::OK, None))
}

fn delete_page(
    visit: &Visit,
    opened: &Opened,
    at: &At,
    status: StatusCode,
    problem: Option<String>,
) -> axum::response::Response {
    let head = opened.head("files");
    let view = DeletePage {
        shell: visit.shell(opened.repo.addr().kind.plural()),
        action: head.urls.at("delete", &at.revision, &at.path),
        cancel: head.urls.at("blob", &at.revision, &at.path),
        path: &at.path,
        head,
        problem,
    };
    visit.page(status, &view)
}

/// `POST …/delete/{revision}/{path}`
async fn delete(
    visit: Visit,
    State(repos): State<Repos>,
    Addr(addr): Addr,
    Path(at): Path<At>,
    JsonOrForm(body): JsonOrForm<EditBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    let opened = Opened::open(&repos, &visit, &addr, Access::Write).await?;
    let path = at.path(&visit)?;
    let header = CommitHeader { parent: None, ..body.header(format!("Delete {path}")) };
    let parent = path.parent().map(|parent| parent.to_string()).unwrap_or_default();
    match commit(&opened.repo, &at.revision(), vec![Operation::DeleteEntry(path)], header).await {
        Ok(()) => {
            // The folder goes with its last file.
            let head = opened.repo.resolve(&at.revision()).await?;
            let folder = parent.parse::<RepoPath>().ok();
            let is_left = opened.repo.list_tree(head, folder.as_ref(), false, None, 1).await.is_ok();
            let parent = if is_left { parent.as_str() } else { "" };
            Ok(go_to(&format!("{}?done=file-deleted", opened.head("files").urls.at("tree", &at.revision, parent))))
        }
        Err(error) if is_mendable(&error) => {
            let problem = Some(sentence(error.message()));
            Ok(delete_page(&visit, &opened, &at, StatusCode::UNPROCESSABLE_ENTITY, problem))
        }
        Err(error) => Err(error.into()),
    }
}
