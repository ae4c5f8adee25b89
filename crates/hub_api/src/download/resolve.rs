//! `GET` and `HEAD …/resolve/{revision}/{path}` and `…/raw/{revision}/{path}`: the files themselves.
//!
//! `resolve` gives what a person means by the file; `raw` gives what git stores, which for a large file is its pointer.

use std::net::IpAddr;

use axum::extract::{FromRequestParts, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::Response;
use hub_core::{Access, RepoKind};
use hub_http::{AccessClass, ApiRouter, Caller, Query, RequestContext, get};
use hub_repo::{ClientClass, Download, FileContent, Repo, Repos};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::ApiState;
use crate::address::{At, per_kind, web_base};
use crate::download::file::{FileRequest, SentFile};
use crate::failure::Answer;
use crate::xet::CasUrl;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    per_kind(|kind: RepoKind| {
        let base = web_base(kind);
        let word = kind.word();
        ApiRouter::new()
            .route(
                get(format!("{base}/resolve/{{revision}}/{{*path}}"))
                    .access(AccessClass::Read)
                    .tag("downloads")
                    .id(format!("resolve_{word}_file"))
                    .summary("Downloads a file, whole or in ranges")
                    .query::<ResolveQuery>()
                    .answer_bytes("application/octet-stream")
                    .to(resolve),
            )
            .route(
                get(format!("{base}/raw/{{revision}}/{{*path}}"))
                    .access(AccessClass::Read)
                    .tag("downloads")
                    .id(format!("raw_{word}_file"))
                    .summary("Downloads a file as git stores it: of a large file, its pointer")
                    .answer_bytes("text/plain")
                    .to(raw),
            )
    })
}

/// How a browser treats the file.
#[derive(Deserialize, JsonSchema)]
struct ResolveQuery {
    /// Whether a browser saves the file rather than show it.
    #[serde(default)]
    download: bool,
}

/// `GET /{namespace}/{name}/resolve/{revision}/{path}`
async fn resolve(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    Query(query): Query<ResolveQuery>,
    cas_url: CasUrl,
    client: Client,
    request: FileRequest,
) -> Answer<Response> {
    let repo = at.open(&repos, &caller, Access::Read).await?;
    let commit = repo.resolve(&at.revision).await?;
    let file = repo.file(commit, &at.file(commit)?).await?;
    client.count(&repo, &file).await;
    SentFile::of_commit(&repo, file, query.download).with_chunks(&cas_url).answer(&request).await
}

/// `GET /{namespace}/{name}/raw/{revision}/{path}`
async fn raw(State(repos): State<Repos>, Caller(caller): Caller, at: At, request: FileRequest) -> Answer<Response> {
    let repo = at.open(&repos, &caller, Access::Read).await?;
    let commit = repo.resolve(&at.revision).await?;
    let mut file = repo.raw_file(commit, &at.file(commit)?).await?;
    // The pointer is what is sent, so its own hash names it.
    file.large = None;
    SentFile::of_commit(&repo, file, false).answer(&request).await
}

/// What tells one client from another, to count each once.
struct Client {
    address: Option<IpAddr>,
    class: ClientClass,
}

impl Client {
    async fn count(&self, repo: &Repo, file: &FileContent) {
        let download = Download { path: &file.path, address: self.address, class: self.class };
        // Whoever downloads must not suffer from a figure that could not be kept.
        if let Err(error) = repo.count_download(&download).await {
            tracing::warn!(repo.addr = %repo.addr(), error = %error, "a download was not counted");
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let address = RequestContext::of(parts).client();
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        Ok(Self { address, class: ClientClass::of_user_agent(agent) })
    }
}
