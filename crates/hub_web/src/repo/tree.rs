//! `GET …/tree/{revision}/{path}`: the files of a folder, each with its size and the commit that last changed it.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_core::{Access, CommitId, RepoPath, Timestamp};
use hub_http::{AccessClass, Addr, ApiRouter, Path, Query};
use hub_repo::{EntryKind, Repo, RepoError, Repos, TreeEntryInfo};
use serde::Deserialize;

use super::card::render_card;
use super::{At, Crumb, Opened, RepoHead, crumbs, for_each_kind, get, resolve};
use crate::WebState;
use crate::address::{RepoUrls, escape_value};
use crate::error::{Answer, PageError};
use crate::markdown::Rendered;
use crate::shell::Shell;
use crate::visit::Visit;

/// Entries of a page.
const PAGE: usize = 200;
/// The most branches and tags that the switch offers.
const REFS_MAX: usize = 100;

pub(super) fn routes() -> ApiRouter<WebState> {
    let router = for_each_kind(ApiRouter::new(), "/tree/{revision}", |path| get(AccessClass::Read, path).to(root));
    for_each_kind(router, "/tree/{revision}/{*path}", |path| get(AccessClass::Read, path).to(folder))
}

/// Where a page of a long folder begins.
#[derive(Deserialize)]
struct TreeQuery {
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "repo/tree/page.html")]
struct TreePage {
    shell: Shell,
    head: RepoHead,
    revision: String,
    refs: RefSwitch,
    crumbs: Vec<Crumb>,
    path: String,
    latest: Option<Latest>,
    entries: Vec<EntryLine>,
    up: Option<String>,
    next: Option<String>,
    readme: Option<Arc<Rendered>>,
    can_edit: bool,
}

/// The branches and tags that a reader can switch to.
pub(super) struct RefSwitch {
    pub(super) branches: Vec<(String, String)>,
    pub(super) tags: Vec<(String, String)>,
    /// Whether the page shows a branch, which can be written to.
    pub(super) is_branch: bool,
}

/// The last commit of the revision.
struct Latest {
    title: String,
    author: String,
    href: String,
    short: String,
    date: Timestamp,
    total: u64,
}

/// A file or folder in the list.
struct EntryLine {
    name: String,
    is_folder: bool,
    href: String,
    download: String,
    size: u64,
    is_large: bool,
    change: Option<(String, String, Timestamp)>,
}

/// `GET …/tree/{revision}`
async fn root(
    visit: Visit,
    State(repos): State<Repos>,
    Addr(addr): Addr,
    Path(at): Path<At>,
    Query(query): Query<TreeQuery>,
) -> Answer {
    let opened = Opened::open(&repos, &visit, &addr, Access::Metadata).await?;
    show(&visit, &opened, &at, None, query).await
}

/// `GET …/tree/{revision}/{path}`
async fn folder(
    visit: Visit,
    State(repos): State<Repos>,
    Addr(addr): Addr,
    Path(at): Path<At>,
    Query(query): Query<TreeQuery>,
) -> Answer {
    let opened = Opened::open(&repos, &visit, &addr, Access::Metadata).await?;
    let path = at.path(&visit)?;
    show(&visit, &opened, &at, Some(path), query).await
}

async fn show(visit: &Visit, opened: &Opened, at: &At, path: Option<RepoPath>, query: TreeQuery) -> Answer {
    let repo = &opened.repo;
    let head = opened.head("files");
    let urls = head.urls.clone();
    let shown_path = path.as_ref().map(ToString::to_string).unwrap_or_default();
    let refs = ref_switch(repo, &at.revision, "tree", &shown_path).await?;
    let Some(commit) = resolve(repo, &at.revision()).await? else {
        return Err(RepoError::RevisionNotFound(at.revision.clone()).into());
    };
    let mut page = repo.list_tree(commit, path.as_ref(), false, query.after.as_deref(), PAGE).await?;
    repo.add_last_commits(commit, &mut page.entries).await?;
    // Folders first, as people look for them; the pages themselves keep git's order.
    page.entries.sort_by_key(|entry| entry.kind == EntryKind::File);
    let href = urls.at("tree", &at.revision, &shown_path);
    let next = page.next.map(|after| format!("{href}?after={}", escape_value(&after)));
    let readme = match opened.can(Access::Read) && path.is_some() {
        true => read_folder_readme(repo, commit, &at.revision, &shown_path).await?,
        false => None,
    };
    let view = TreePage {
        shell: visit.shell(repo.addr().kind.plural()),
        crumbs: crumbs(&urls, &at.revision, &shown_path),
        up: path.as_ref().map(|path| {
            let parent = path.parent().map(|parent| parent.to_string()).unwrap_or_default();
            urls.at("tree", &at.revision, &parent)
        }),
        latest: Some(latest(repo, commit, &urls).await?),
        entries: page.entries.iter().map(|entry| line(&urls, &at.revision, entry)).collect(),
        can_edit: head.can_write && refs.is_branch,
        revision: at.revision.clone(),
        path: shown_path,
        refs,
        next,
        readme,
        head,
    };
    Ok(visit.page(StatusCode::OK, &view))
}

/// The branches and tags, each with the address of the same thing there.
pub(super) async fn ref_switch(repo: &Repo, revision: &str, view: &str, path: &str) -> Result<RefSwitch, PageError> {
    let urls = RepoUrls::of(repo.addr());
    let list = repo.list_refs().await?;
    let entry = |target: &hub_repo::RefTarget| {
        let name = target.name.short().to_owned();
        let href = urls.at(view, &name, path);
        (name, href)
    };
    let branches: Vec<_> = list.branches.iter().take(REFS_MAX).map(entry).collect();
    let tags = list.tags.iter().take(REFS_MAX).map(entry).collect();
    let is_branch = list.branches.iter().any(|target| target.name.short() == revision);
    Ok(RefSwitch { branches, tags, is_branch })
}

async fn latest(repo: &Repo, commit: CommitId, urls: &RepoUrls) -> Result<Latest, PageError> {
    let page = repo.list_commits(commit, 0, 1).await?;
    let info = match page.commits.into_iter().next() {
        Some(info) => info,
        None => repo.commit_info(commit).await?,
    };
    Ok(Latest {
        href: urls.commit(commit),
        short: commit.to_string().chars().take(7).collect(),
        title: info.title,
        author: info.author,
        date: info.date,
        total: page.total,
    })
}

fn line(urls: &RepoUrls, revision: &str, entry: &TreeEntryInfo) -> EntryLine {
    let is_folder = entry.kind == EntryKind::Directory;
    EntryLine {
        name: entry.path.rsplit('/').next().unwrap_or(&entry.path).to_owned(),
        is_folder,
        href: urls.at(if is_folder { "tree" } else { "blob" }, revision, &entry.path),
        download: format!("{}?download=true", urls.at("resolve", revision, &entry.path)),
        size: entry.size,
        is_large: entry.large.is_some(),
        change: entry
            .last_commit
            .as_ref()
            .map(|commit| (commit.title.clone(), urls.commit(CommitId::new(commit.id)), commit.date)),
    }
}

async fn read_folder_readme(
    repo: &Repo,
    commit: CommitId,
    revision: &str,
    folder: &str,
) -> Result<Option<Arc<Rendered>>, PageError> {
    let Ok(path) = format!("{folder}/README.md").parse::<RepoPath>() else { return Ok(None) };
    match repo.file(commit, &path).await {
        Ok(file) => render_card(repo, &file, revision).await,
        Err(RepoError::EntryNotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
