//! `GET` and `HEAD /buckets/{namespace}/{name}/resolve/{path}`: the files themselves.

use axum::extract::State;
use axum::response::Response;
use hub_core::{Access, BucketPath};
use hub_http::{AccessClass, ApiRouter, Caller, Query, get};
use hub_repo::{RepoError, Repos};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::ApiState;
use crate::address::At;
use crate::buckets::{TAG, open};
use crate::download::file::{FileRequest, SentFile};
use crate::failure::Answer;
use crate::xet::CasUrl;

pub(super) fn routes() -> ApiRouter<ApiState> {
    ApiRouter::new().route(
        get("/buckets/{namespace}/{name}/resolve/{*path}")
            .access(AccessClass::Read)
            .tag(TAG)
            .id("resolve_bucket_file")
            .summary("Downloads a file of a bucket, whole or in ranges")
            .query::<ResolveQuery>()
            .answer_bytes("application/octet-stream")
            .to(resolve),
    )
}

/// How a browser treats the file.
#[derive(Deserialize, JsonSchema)]
struct ResolveQuery {
    /// Whether a browser saves the file rather than show it.
    #[serde(default)]
    download: bool,
}

/// `GET /buckets/{namespace}/{name}/resolve/{path}`
async fn resolve(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    Query(query): Query<ResolveQuery>,
    cas_url: CasUrl,
    request: FileRequest,
) -> Answer<Response> {
    let bucket = open(&repos, &caller, &at, Access::Read).await?;
    // A path that cannot exist names no file.
    let missing = || RepoError::EntryNotFound { path: at.tail.clone(), commit: None };
    let path: BucketPath = at.tail.parse().map_err(|_| missing())?;
    let file = bucket.file(&path).await?;
    SentFile::of_bucket(&bucket, &file, query.download, &cas_url).answer(&request).await
}
