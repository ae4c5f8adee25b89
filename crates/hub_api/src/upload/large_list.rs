//! The large files of a repository: list them, delete them for good, hand them to another repository.

use axum::Json;
use axum::extract::State;
use hub_core::{Access, RepoAddr, RepoKind, Sha256};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, JsonBody, Page, Paging, Query, get, post};
use hub_repo::{LargeFile, Repos};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::address::{At, api_base, per_kind};
use crate::failure::{Answer, Failed};
use crate::wire::{Done, KindWord};

/// Files of a page.
const PAGE: usize = 1000;
/// The most files that one request can delete or hand over.
const BATCH_MAX: usize = 10_000;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    let duplicate_route = |kind: RepoKind| {
        post(format!("{}/lfs-files/duplicate", api_base(kind)))
            .access(AccessClass::Read)
            .tag("large files")
            .id(format!("duplicate_{}_large_files", kind.word()))
            .summary("Hands large files to another repository")
            .body::<DuplicateBody>()
            .answer::<DuplicatedView>()
            .to(duplicate)
    };
    ApiRouter::new().route(duplicate_route(RepoKind::Bucket)).merge(per_kind(|kind| {
        let base = format!("{}/lfs-files", api_base(kind));
        let word = kind.word();
        ApiRouter::new()
            .route(
                get(base.clone())
                    .access(AccessClass::Read)
                    .tag("large files")
                    .id(format!("list_{word}_large_files"))
                    .summary("Lists the large files that the repository holds")
                    .query::<LargeListQuery>()
                    .answer::<Vec<LargeFileView>>()
                    .to(list),
            )
            .route(
                post(format!("{base}/batch"))
                    .access(AccessClass::Admin)
                    .tag("large files")
                    .id(format!("delete_{word}_large_files"))
                    .summary("Deletes large files for good, from the history too if wanted")
                    .body::<DeleteBody>()
                    .answer::<Done>()
                    .to(purge),
            )
            .route(duplicate_route(kind))
    }))
}

/// Which page.
#[derive(Deserialize, JsonSchema)]
struct LargeListQuery {
    limit: Option<usize>,
    cursor: Option<String>,
}

/// A large file.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct LargeFileView {
    /// The SHA-256 of its content, by which it is deleted.
    file_oid: String,
    /// The id of the git blob that points to it; the SHA-256 if none does.
    oid: String,
    /// Where `ref` has it; its SHA-256 if no branch or other reference does now.
    filename: String,
    size: u64,
    pushed_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#ref: Option<String>,
}

impl From<LargeFile> for LargeFileView {
    fn from(file: LargeFile) -> Self {
        let sha256 = file.sha256.to_string();
        Self {
            oid: file.pointer.map_or_else(|| sha256.clone(), |pointer| pointer.to_string()),
            r#ref: file.place.as_ref().map(|place| place.name.short().to_owned()),
            filename: file.place.map_or_else(|| sha256.clone(), |place| place.path),
            file_oid: sha256,
            size: file.size,
            pushed_at: file.pushed.to_string(),
        }
    }
}

/// `GET /api/{kind}s/{namespace}/{name}/lfs-files`
async fn list(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    Query(query): Query<LargeListQuery>,
    paging: Paging,
) -> Answer<Page<LargeFileView>> {
    let repo = at.open(&repos, &caller, Access::Read).await?;
    let after = query.cursor.as_deref().map(parse_sha256).transpose()?;
    let page = repo.list_large_files(after, query.limit.unwrap_or(PAGE).clamp(1, PAGE)).await?;
    let views = page.files.into_iter().map(LargeFileView::from).collect();
    Ok(paging.page(views, page.next.map(|next| next.to_string())))
}

/// What to delete.
#[derive(Deserialize, JsonSchema)]
struct DeleteBody {
    deletions: Deletions,
}

/// Which files, and whether history is rewritten without them.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Deletions {
    sha: Vec<String>,
    #[serde(default)]
    rewrite_history: bool,
}

/// `POST /api/{kind}s/{namespace}/{name}/lfs-files/batch`
async fn purge(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    JsonBody(body): JsonBody<DeleteBody>,
) -> Answer<Json<Done>> {
    let repo = at.open(&repos, &caller, Access::Admin).await?;
    bounded(body.deletions.sha.len())?;
    let contents = body.deletions.sha.iter().map(|text| parse_sha256(text)).collect::<Result<Vec<_>, _>>()?;
    repo.purge_large_files(&contents, body.deletions.rewrite_history).await?;
    Ok(Json(Done {}))
}

/// Which files go where.
#[derive(Deserialize, JsonSchema)]
struct DuplicateBody {
    target: TargetBody,
    files: Vec<DuplicatedFileBody>,
}

/// The repository that gets the files.
#[derive(Deserialize, JsonSchema)]
struct TargetBody {
    r#type: KindWord,
    /// `namespace/name`
    name: String,
}

/// A file of this repository.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct DuplicatedFileBody {
    sha256: String,
    /// The same content as the chunk store calls it.
    xet_hash: Option<String>,
}

/// Which files could not be handed over.
#[derive(Serialize, JsonSchema)]
struct DuplicatedView {
    success: bool,
    processed: usize,
    succeeded: usize,
    failed: Vec<FailedView>,
}

/// A file that could not be handed over, and why.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FailedView {
    #[serde(skip_serializing_if = "Option::is_none")]
    xet_hash: Option<String>,
    sha256: String,
    error: &'static str,
}

/// `POST /api/{kind}s/{namespace}/{name}/lfs-files/duplicate`
async fn duplicate(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    JsonBody(body): JsonBody<DuplicateBody>,
) -> Answer<Json<DuplicatedView>> {
    let from = at.open(&repos, &caller, Access::Read).await?;
    bounded(body.files.len())?;
    let target =
        RepoAddr::parse(RepoKind::from(body.target.r#type), &body.target.name).map_err(|_| Failed::no_repo())?;
    if target.kind == RepoKind::Bucket {
        let message = "files are copied into a bucket by its own batch route, with operations of the type `copyFile`";
        return Err(ApiError::bad_request(message).into());
    }
    let to = repos.open(&caller, &target, Access::Write).await?;
    let mut contents = body.files.iter().map(|file| parse_sha256(&file.sha256)).collect::<Result<Vec<_>, _>>()?;
    contents.sort_unstable();
    contents.dedup();
    let missing = to.take_large_files(&from, &contents).await?;
    let xet_hash = |sha256: &Sha256| {
        let named = body.files.iter().find(|file| file.sha256.parse() == Ok(*sha256));
        named.and_then(|file| file.xet_hash.clone())
    };
    let failed: Vec<FailedView> = missing
        .iter()
        .map(|sha256| FailedView {
            xet_hash: xet_hash(sha256),
            sha256: sha256.to_string(),
            error: "the source repository does not hold this file",
        })
        .collect();
    let (processed, count) = (contents.len(), failed.len());
    Ok(Json(DuplicatedView { success: count == 0, processed, succeeded: processed - count, failed }))
}

fn bounded(count: usize) -> Result<(), ApiError> {
    if count <= BATCH_MAX {
        return Ok(());
    }
    Err(ApiError::bad_request(format!("name at most {BATCH_MAX} files at once")))
}

fn parse_sha256(text: &str) -> Result<Sha256, ApiError> {
    text.parse().map_err(|reason| ApiError::bad_request(format!("{text:?} is no SHA-256: {reason}")))
}
