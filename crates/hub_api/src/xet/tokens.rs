//! `GET …/xet-read-token/{revision}` and `GET …/xet-write-token/{revision}`: tokens of the chunk store for one repository.
//! Those of a bucket name no revision.
//!
//! Some clients read the body and others the headers, so the answer has everything twice.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use hub_core::{Access, RepoKind};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, Query, get};
use hub_repo::{Bucket, Repo, Repos, XetScope, XetToken};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ApiState;
use crate::address::{At, api_base, per_kind};
use crate::buckets;
use crate::failure::Answer;
use crate::xet::CasUrl;

const X_XET_ACCESS_TOKEN: HeaderName = HeaderName::from_static("x-xet-access-token");
const X_XET_TOKEN_EXPIRATION: HeaderName = HeaderName::from_static("x-xet-token-expiration");
const X_XET_CAS_URL: HeaderName = HeaderName::from_static("x-xet-cas-url");

pub(super) fn routes() -> ApiRouter<ApiState> {
    let read = |kind: RepoKind, path: String| {
        get(path)
            .access(AccessClass::Read)
            .tag("xet")
            .id(format!("get_{}_xet_read_token", kind.word()))
            .summary("Gives a token by which the files of the repository can be read from the chunk store")
            .answer::<TokenView>()
    };
    let write = |kind: RepoKind, path: String| {
        get(path)
            .access(AccessClass::Write)
            .tag("xet")
            .id(format!("get_{}_xet_write_token", kind.word()))
            .summary("Gives a token by which files can be brought to the repository through the chunk store")
            .answer::<TokenView>()
    };
    let (bucket, base) = (RepoKind::Bucket, api_base(RepoKind::Bucket));
    let of_buckets = ApiRouter::new()
        .route(read(bucket, format!("{base}/xet-read-token")).to(bucket_read_token))
        .route(write(bucket, format!("{base}/xet-write-token")).to(bucket_write_token));
    of_buckets.merge(per_kind(|kind| {
        let base = api_base(kind);
        ApiRouter::new()
            .route(read(kind, format!("{base}/xet-read-token/{{revision}}")).to(read_token))
            .route(write(kind, format!("{base}/xet-write-token/{{revision}}")).query::<WriteQuery>().to(write_token))
    }))
}

/// A token of the chunk store.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TokenView {
    access_token: String,
    /// When it ends, in seconds since 1970.
    exp: i64,
    /// The address of the chunk store.
    cas_url: String,
}

/// What follows the upload.
#[derive(Deserialize, JsonSchema)]
struct WriteQuery {
    /// Whether the commit will open a pull request.
    #[serde(default)]
    create_pr: bool,
}

/// `GET /api/{kind}s/{namespace}/{name}/xet-read-token/{revision}`
async fn read_token(State(repos): State<Repos>, Caller(caller): Caller, at: At, cas_url: CasUrl) -> Answer<Response> {
    let repo = at.open(&repos, &caller, Access::Read).await?;
    repo.resolve(&at.revision).await?;
    answer(&repo, XetScope::Read, &cas_url).await
}

/// `GET /api/{kind}s/{namespace}/{name}/xet-write-token/{revision}`
///
/// The revision is where the commit will go. It need not exist: clients also name none, or a branch to be made. Whether a
/// commit may go there is decided when it comes.
async fn write_token(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    Query(query): Query<WriteQuery>,
    cas_url: CasUrl,
) -> Answer<Response> {
    let repo = at.open(&repos, &caller, at.access_to_bring(query.create_pr)).await?;
    answer(&repo, XetScope::Write, &cas_url).await
}

async fn answer(repo: &Repo, scope: XetScope, cas_url: &CasUrl) -> Answer<Response> {
    let XetToken { text, expires } = repo.xet_token(scope).await?;
    let mut headers = HeaderMap::new();
    headers.insert(X_XET_ACCESS_TOKEN, HeaderValue::from_str(&text).map_err(ApiError::internal)?);
    headers.insert(X_XET_TOKEN_EXPIRATION, expires.into());
    headers.insert(X_XET_CAS_URL, HeaderValue::from_str(cas_url.as_str()).map_err(ApiError::internal)?);
    let view = TokenView { access_token: text, exp: expires, cas_url: cas_url.as_str().to_owned() };
    Ok((headers, Json(view)).into_response())
}

/// `GET /api/buckets/{namespace}/{name}/xet-read-token`
async fn bucket_read_token(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    cas_url: CasUrl,
) -> Answer<Response> {
    let bucket = buckets::open(&repos, &caller, &at, Access::Read).await?;
    answer(bucket.repo(), XetScope::Read, &cas_url).await
}

/// `GET /api/buckets/{namespace}/{name}/xet-write-token`
async fn bucket_write_token(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    cas_url: CasUrl,
) -> Answer<Response> {
    let bucket = buckets::open(&repos, &caller, &at, Access::Write).await?;
    answer(bucket.repo(), XetScope::Write, &cas_url).await
}

/// Where a client of this bucket gets another token.
pub(super) fn bucket_token_url(bucket: &Bucket, cas_url: &CasUrl, what: &str) -> String {
    let addr = bucket.repo().addr();
    cas_url.hub().join(&format!("/api/{}/{}/xet-{what}-token", addr.kind.plural(), addr.repo_id()))
}

/// Where a client of this repository gets another token for reading at a commit, or for writing.
pub(super) fn token_url(repo: &Repo, cas_url: &CasUrl, what: &str, revision: &str) -> String {
    let addr = repo.addr();
    cas_url.hub().join(&format!("/api/{}/{}/xet-{what}-token/{revision}", addr.kind.plural(), addr.repo_id()))
}

/// What an upload action of a LFS plan says to clients that bring the file through the chunk store: where they get tokens,
/// and the first one.
pub(crate) async fn upload_header(repo: &Repo, cas_url: &CasUrl) -> Answer<(String, Value)> {
    let XetToken { text, expires } = repo.xet_token(XetScope::Write).await?;
    let header = json!({
        "X-Xet-Cas-Url": cas_url.as_str(),
        "X-Xet-Access-Token": text,
        "X-Xet-Token-Expiration": expires.to_string(),
    });
    // Who may not write brings files for a pull request.
    let revision = if repo.permits(Access::Write) { "main" } else { "main?create_pr=1" };
    Ok((token_url(repo, cas_url, "write", revision), header))
}
