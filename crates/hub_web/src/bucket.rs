//! `GET /buckets/{namespace}/{name}` and `…/tree/{path}`: what lies in a folder of a bucket, each file to be downloaded.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_core::{Access, BucketPath, Code, Timestamp, Visibility};
use hub_http::{AccessClass, Addr, ApiRouter, Path, PublicUrl, Query, get};
use hub_repo::{BucketEntry, BucketListing, BucketOrder, BucketPlace, Repos};
use serde::Deserialize;

use crate::WebState;
use crate::address::{escape_path, escape_value};
use crate::error::{Answer, PageError};
use crate::shell::Shell;
use crate::visit::Visit;

/// Entries of a page.
const PAGE: usize = 200;

pub(crate) fn routes() -> ApiRouter<WebState> {
    let route =
        |tail: &str| get(format!("/buckets/{{namespace}}/{{name}}{tail}")).access(AccessClass::Read).undocumented();
    ApiRouter::new().route(route("").to(root)).route(route("/tree").to(root)).route(route("/tree/{*path}").to(folder))
}

/// Where a page of a long folder begins.
#[derive(Deserialize)]
struct TreeQuery {
    after: Option<String>,
}

/// The folder in the address.
#[derive(Deserialize)]
struct At {
    path: String,
}

#[derive(Template)]
#[template(path = "bucket/page.html")]
struct BucketPage {
    shell: Shell,
    namespace: String,
    name: String,
    /// The address of the bucket's own page.
    page: String,
    is_private: bool,
    files: u64,
    size_bytes: u64,
    changed: Timestamp,
    path: String,
    crumbs: Vec<(String, Option<String>)>,
    up: Option<String>,
    entries: Vec<EntryLine>,
    next: Option<String>,
    /// A command that brings the folder to the reader's machine.
    command: String,
}

/// A file or folder in the list.
struct EntryLine {
    name: String,
    is_folder: bool,
    href: String,
    size: u64,
    uploaded: Timestamp,
}

/// `GET /buckets/{namespace}/{name}`
async fn root(visit: Visit, State(repos): State<Repos>, Addr(addr): Addr, Query(query): Query<TreeQuery>) -> Answer {
    show(&visit, &repos, addr, "", query).await
}

/// `GET /buckets/{namespace}/{name}/tree/{path}`
async fn folder(
    visit: Visit,
    State(repos): State<Repos>,
    Addr(addr): Addr,
    Path(at): Path<At>,
    Query(query): Query<TreeQuery>,
) -> Answer {
    let missing = || PageError::told(Code::EntryNotFound, visit.words.get("error.nothing"));
    let path: BucketPath = at.path.trim_matches('/').parse().map_err(|_| missing())?;
    show(&visit, &repos, addr, path.as_str(), query).await
}

async fn show(visit: &Visit, repos: &Repos, addr: hub_core::RepoAddr, path: &str, query: TreeQuery) -> Answer {
    let bucket = repos.open_bucket(&visit.caller, &addr, Access::Read).await?;
    let inside = if path.is_empty() { String::new() } else { format!("{path}/") };
    let listing = BucketListing {
        prefix: &inside,
        recursive: false,
        order: BucketOrder::Path,
        ascending: true,
        after: query.after.map(|path| BucketPlace { path, uploaded: visit.now }),
        limit: PAGE,
    };
    let is_first = listing.after.is_none();
    let found = bucket.list(&listing).await?;
    let state = bucket.repo().state();
    let page = format!("/{}", state.addr.url_path());
    if found.entries.is_empty() && !path.is_empty() && is_first {
        return Err(PageError::told(Code::EntryNotFound, visit.words.get("error.nothing")));
    }
    let totals = bucket.totals().await?;
    let href = tree_at(&page, path);
    let view = BucketPage {
        shell: visit.shell("buckets"),
        namespace: state.addr.namespace.to_string(),
        name: state.addr.name.to_string(),
        is_private: state.visibility != Visibility::Public,
        files: totals.files,
        size_bytes: totals.size_bytes,
        changed: state.modified,
        crumbs: crumbs(&page, path),
        up: (!path.is_empty()).then(|| tree_at(&page, path.rsplit_once('/').map_or("", |(parent, _)| parent))),
        entries: found.entries.iter().map(|entry| line(&page, entry)).collect(),
        next: found.next.map(|place| format!("{href}?after={}", escape_value(&place.path))),
        command: command(&visit.url, &state.addr.repo_id(), path),
        path: path.to_owned(),
        page,
    };
    Ok(visit.page(StatusCode::OK, &view))
}

fn tree_at(page: &str, path: &str) -> String {
    if path.is_empty() { page.to_owned() } else { format!("{page}/tree/{}", escape_path(path)) }
}

/// The way from the root to a folder; the last step is where the reader is.
fn crumbs(page: &str, path: &str) -> Vec<(String, Option<String>)> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let crumb = |place: usize| {
        let href = (place + 1 < parts.len()).then(|| tree_at(page, &parts[..=place].join("/")));
        (parts[place].to_owned(), href)
    };
    (0..parts.len()).map(crumb).collect()
}

fn line(page: &str, entry: &BucketEntry) -> EntryLine {
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    match entry {
        BucketEntry::File(file) => EntryLine {
            name: name(&file.path),
            is_folder: false,
            href: format!("{page}/resolve/{}", escape_path(&file.path)),
            size: file.size,
            uploaded: file.uploaded,
        },
        BucketEntry::Folder { path, uploaded } => {
            EntryLine { name: name(path), is_folder: true, href: tree_at(page, path), size: 0, uploaded: *uploaded }
        }
    }
}

fn command(url: &PublicUrl, id: &str, path: &str) -> String {
    let folder = if path.is_empty() { String::new() } else { format!("/{path}") };
    // A folder may be called whatever its owner likes; a shell takes what stands in single quotes as it is.
    let source = format!("hf://buckets/{id}{folder}").replace('\'', "'\\''");
    format!("export HF_ENDPOINT={url}\nhf sync '{source}' ./{}", id.rsplit('/').next().unwrap_or("bucket"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_back_step_by_step_and_never_into_a_shell() {
        let steps = crumbs("/buckets/a/b", "x y/z");
        assert_eq!(steps, [("x y".to_owned(), Some("/buckets/a/b/tree/x%20y".to_owned())), ("z".to_owned(), None)]);
        let text = command(&PublicUrl::new("http://hub.test"), "a/b", "it's; rm");
        assert!(text.ends_with("hf sync 'hf://buckets/a/b/it'\\''s; rm' ./b"), "{text}");
    }
}
