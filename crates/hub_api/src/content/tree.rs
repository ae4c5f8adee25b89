//! Listings of files: `GET …/tree/{revision}[/{path}]`, `POST …/paths-info/{revision}`, `GET …/treesize/{revision}[/{path}]`.

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hub_core::{Access, RepoPath};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, JsonOrForm, Page, Paging, Query, get, post};
use hub_repo::{EntryKind, LastCommit, Repos, TreeEntryInfo};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::address::{At, api_base, per_kind};
use crate::failure::Answer;

/// Entries of a page. llama.cpp reads only the first page, so it must hold what real models have.
const PAGE: usize = 1000;
/// The most entries that a request can ask for.
const PAGE_MAX: usize = 10_000;
/// With the last commit of each entry a page costs more, and is shorter.
const EXPANDED_PAGE_MAX: usize = 1000;
/// The most paths that one request can ask about.
const PATHS_MAX: usize = 10_000;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    per_kind(|kind| {
        let base = api_base(kind);
        let word = kind.word();
        let tree = |path: String| {
            get(path)
                .access(AccessClass::Read)
                .tag("files")
                .id(format!("list_{word}_tree"))
                .summary("Lists the files of a folder at a revision")
                .query::<TreeQuery>()
                .answer::<Vec<TreeEntryView>>()
        };
        let size = |path: String| {
            get(path)
                .access(AccessClass::Read)
                .tag("files")
                .id(format!("get_{word}_tree_size"))
                .summary("Adds up the bytes of the files of a folder")
                .answer::<TreeSizeView>()
        };
        ApiRouter::new()
            .route(tree(format!("{base}/tree/{{revision}}")).to(list_tree))
            .route(tree(format!("{base}/tree/{{revision}}/")).undocumented().to(list_tree))
            .route(tree(format!("{base}/tree/{{revision}}/{{*path}}")).to(list_tree))
            .route(size(format!("{base}/treesize/{{revision}}")).to(tree_size))
            .route(size(format!("{base}/treesize/{{revision}}/{{*path}}")).to(tree_size))
            .route(
                post(format!("{base}/paths-info/{{revision}}"))
                    .access(AccessClass::Read)
                    .tag("files")
                    .id(format!("get_{word}_paths_info"))
                    .summary("Tells of the given paths; those that do not exist are left out")
                    .body::<PathsBody>()
                    .body_as::<PathsBody>("application/x-www-form-urlencoded")
                    .answer::<Vec<TreeEntryView>>()
                    .to(paths_info),
            )
    })
}

/// Which part of the listing is wanted.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(default)]
struct TreeQuery {
    /// Whether folders are listed with all that is below them.
    recursive: bool,
    /// Whether each entry comes with the commit that last changed it.
    expand: bool,
    /// The most entries of a page.
    limit: Option<usize>,
    /// Where the page begins, from the link of the page before.
    cursor: Option<String>,
}

/// A file or folder.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TreeEntryView {
    /// `file` or `directory`.
    r#type: &'static str,
    oid: String,
    size: u64,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    lfs: Option<LargeView>,
    /// The file of the chunk store that has the bytes of the large file.
    #[serde(skip_serializing_if = "Option::is_none")]
    xet_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_commit: Option<LastCommitView>,
}

/// The large file behind an entry.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LargeView {
    /// Its SHA-256.
    oid: String,
    size: u64,
    pointer_size: u64,
}

/// The commit that last changed an entry.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LastCommitView {
    id: String,
    title: String,
    date: String,
}

impl From<LastCommit> for LastCommitView {
    fn from(commit: LastCommit) -> Self {
        Self { id: commit.id.to_string(), title: commit.title, date: commit.date.to_string() }
    }
}

impl From<TreeEntryInfo> for TreeEntryView {
    fn from(entry: TreeEntryInfo) -> Self {
        Self {
            r#type: match entry.kind {
                EntryKind::File => "file",
                EntryKind::Directory => "directory",
            },
            oid: entry.oid.to_string(),
            size: entry.size,
            xet_hash: entry.large.and_then(|large| large.xet).map(|file| file.to_string()),
            lfs: entry.large.map(|large| LargeView {
                oid: large.sha256.to_string(),
                size: large.size,
                pointer_size: entry.blob_size,
            }),
            last_commit: entry.last_commit.map(LastCommitView::from),
            path: entry.path,
        }
    }
}

/// `GET /api/{kind}s/{namespace}/{name}/tree/{revision}/{path}`
async fn list_tree(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    Query(query): Query<TreeQuery>,
    paging: Paging,
) -> Answer<Page<TreeEntryView>> {
    let repo = at.open(&repos, &caller, Access::Metadata).await?;
    let commit = repo.resolve(&at.revision).await?;
    let folder = at.folder(commit)?;
    let most = if query.expand { EXPANDED_PAGE_MAX } else { PAGE_MAX };
    let limit = query.limit.unwrap_or(PAGE).clamp(1, most);
    let after = query.cursor.as_deref().map(parse_cursor).transpose()?;
    let mut page = repo.list_tree(commit, folder.as_ref(), query.recursive, after.as_deref(), limit).await?;
    if query.expand {
        repo.add_last_commits(commit, &mut page.entries).await?;
    }
    Ok(paging
        .page(page.entries.into_iter().map(TreeEntryView::from).collect(), page.next.map(|path| cursor_after(&path))))
}

/// What stands before the path in a cursor, so that only what a listing has given is taken for one.
const CURSOR_MARK: &str = "after ";

/// The cursor of the page that begins after a path.
fn cursor_after(path: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{CURSOR_MARK}{path}"))
}

fn parse_cursor(text: &str) -> Result<String, ApiError> {
    let text = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let path = text.and_then(|text| text.strip_prefix(CURSOR_MARK).map(str::to_owned));
    path.ok_or_else(|| ApiError::bad_request("`cursor` is not one that this listing has given"))
}

/// The bytes below a folder.
#[derive(Serialize, JsonSchema)]
struct TreeSizeView {
    path: String,
    size: u64,
}

/// `GET /api/{kind}s/{namespace}/{name}/treesize/{revision}/{path}`
async fn tree_size(State(repos): State<Repos>, Caller(caller): Caller, at: At) -> Answer<Json<TreeSizeView>> {
    let repo = at.open(&repos, &caller, Access::Metadata).await?;
    let commit = repo.resolve(&at.revision).await?;
    let folder = at.folder(commit)?;
    let size = repo.tree_size(commit, folder.as_ref()).await?;
    Ok(Json(TreeSizeView { path: format!("/{}", at.tail.trim_matches('/')), size }))
}

/// Which paths are asked about.
#[derive(Deserialize, JsonSchema)]
struct PathsBody {
    #[serde(default)]
    paths: Vec<String>,
    /// Whether each entry comes with the commit that last changed it.
    #[serde(default)]
    expand: bool,
}

/// `POST /api/{kind}s/{namespace}/{name}/paths-info/{revision}`
async fn paths_info(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    JsonOrForm(body): JsonOrForm<PathsBody>,
) -> Answer<Json<Vec<TreeEntryView>>> {
    let repo = at.open(&repos, &caller, Access::Metadata).await?;
    let commit = repo.resolve(&at.revision).await?;
    if body.paths.len() > PATHS_MAX {
        return Err(ApiError::bad_request(format!("ask about at most {PATHS_MAX} paths at once")).into());
    }
    // A path that cannot exist is left out like one that does not.
    let paths: Vec<RepoPath> = body.paths.iter().filter_map(|path| path.trim_matches('/').parse().ok()).collect();
    let mut entries = repo.paths_info(commit, &paths).await?;
    if body.expand {
        repo.add_last_commits(commit, &mut entries).await?;
    }
    Ok(Json(entries.into_iter().map(TreeEntryView::from).collect()))
}
