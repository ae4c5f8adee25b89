//! `GET …/commit/{revision}`: what one commit changed, file by file and line by line.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_core::{Access, CommitId, Timestamp};
use hub_http::{AccessClass, Addr, ApiRouter, Path};
use hub_repo::{Change, ChangeStatus, RepoError, Repos};

use super::{At, Opened, RepoHead, for_each_kind, get};
use crate::WebState;
use crate::error::{Answer, PageError};
use crate::shell::Shell;
use crate::visit::Visit;

/// The most files of which a page shows the differences.
pub(super) const FILES_MAX: usize = 100;
/// The most lines of differences that a page shows of one file.
const LINES_MAX: usize = 400;

pub(super) fn routes() -> ApiRouter<WebState> {
    for_each_kind(ApiRouter::new(), "/commit/{revision}", |path| get(AccessClass::Read, path).to(show))
}

#[derive(Template)]
#[template(path = "repo/commit/page.html")]
struct CommitPage {
    shell: Shell,
    head: RepoHead,
    id: String,
    title: String,
    message: String,
    author: String,
    date: Timestamp,
    tree: String,
    parents: Vec<(String, String)>,
    total: u64,
    files: Vec<FileDiff>,
    is_cut: bool,
}

/// A file that differs.
pub(super) struct FileDiff {
    pub(super) status: &'static str,
    pub(super) status_class: &'static str,
    pub(super) path: String,
    pub(super) old_path: Option<String>,
    pub(super) href: Option<String>,
    pub(super) lines: Vec<DiffLine>,
    pub(super) is_cut: bool,
    /// Why no lines are shown.
    pub(super) note: Option<&'static str>,
}

/// A line of a difference.
pub(super) struct DiffLine {
    pub(super) class: &'static str,
    pub(super) text: String,
}

/// `GET …/commit/{revision}`
async fn show(visit: Visit, State(repos): State<Repos>, Addr(addr): Addr, Path(at): Path<At>) -> Answer {
    let opened = Opened::open(&repos, &visit, &addr, Access::Metadata).await?;
    let repo = &opened.repo;
    let commit = repo.resolve(&at.revision()).await?;
    let info = repo.commit_info(commit).await?;
    let parent = info.parents.first().map(|parent| CommitId::new(*parent));
    let changes = repo.compare(parent, Some(commit)).await?;
    let head = opened.head("history");
    let id = commit.to_string();
    let files = file_diffs(&visit, &opened, &head, &changes, &id).await?;
    let view = CommitPage {
        shell: visit.shell(repo.addr().kind.plural()),
        tree: head.urls.at("tree", &id, ""),
        parents: info
            .parents
            .iter()
            .map(|parent| (parent.to_string().chars().take(7).collect(), head.urls.commit(CommitId::new(*parent))))
            .collect(),
        total: changes.len() as u64,
        is_cut: changes.len() > FILES_MAX,
        title: info.title,
        message: info.message,
        author: info.author,
        date: info.date,
        id,
        files,
        head,
    };
    Ok(visit.page(StatusCode::OK, &view))
}

/// The differences of the first files, each at a revision of the repository.
pub(super) async fn file_diffs(
    visit: &Visit,
    opened: &Opened,
    head: &RepoHead,
    changes: &[Change],
    revision: &str,
) -> Result<Vec<FileDiff>, PageError> {
    let mut files = Vec::new();
    for change in changes.iter().take(FILES_MAX) {
        let path = change.new_path.clone().unwrap_or_else(|| change.path.clone());
        let href = change.new.is_some().then(|| head.urls.at("blob", revision, &path));
        // The lines of a gated repository are its content.
        let (lines, note) = if !opened.can(Access::Read) {
            (Vec::new(), Some(visit.words.get("diff.closed")))
        } else if !change.is_text {
            (Vec::new(), Some(visit.words.get("diff.binary")))
        } else {
            match opened.repo.unified_diff(std::slice::from_ref(change)).await {
                Ok(text) => (diff_lines(&text), None),
                Err(RepoError::TooLarge(_)) => (Vec::new(), Some(visit.words.get("diff.large"))),
                Err(error) => return Err(error.into()),
            }
        };
        files.push(FileDiff {
            status: visit.words.get(status_words(change)),
            status_class: status_class(change),
            old_path: change.new_path.as_ref().map(|_| change.path.clone()),
            is_cut: lines.len() > LINES_MAX,
            lines: lines.into_iter().take(LINES_MAX).collect(),
            path,
            href,
            note,
        });
    }
    Ok(files)
}

fn status_words(change: &Change) -> &'static str {
    match change.status {
        ChangeStatus::Added => "diff.added",
        ChangeStatus::Modified => "diff.modified",
        ChangeStatus::Deleted => "diff.deleted",
        ChangeStatus::Renamed => "diff.renamed",
        ChangeStatus::TypeChanged => "diff.type",
    }
}

fn status_class(change: &Change) -> &'static str {
    match change.status {
        ChangeStatus::Added => "good",
        ChangeStatus::Deleted => "bad",
        ChangeStatus::Modified | ChangeStatus::Renamed | ChangeStatus::TypeChanged => "warm",
    }
}

/// The lines of a unified difference from its first hunk on.
fn diff_lines(text: &str) -> Vec<DiffLine> {
    let hunks = text.lines().skip_while(|line| !line.starts_with("@@"));
    let line = |line: &str| DiffLine {
        class: match line.as_bytes().first() {
            Some(b'+') => "added",
            Some(b'-') => "removed",
            Some(b'@') => "place",
            _ => "",
        },
        text: line.to_owned(),
    };
    hunks.map(line).collect()
}
