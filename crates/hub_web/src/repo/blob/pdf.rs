//! `GET …/pdf/{revision}/{path}`: a PDF document for a frame of its page. Browsers show such documents by a viewer that
//! lives in a process and an origin of its own; it refuses to work under the policy of other user content, so this
//! address gives nothing but what really is a PDF, which no browser takes for a page.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::IntoResponse as _;
use futures::StreamExt as _;
use hub_core::{Access, RepoPath};
use hub_http::{AccessClass, Addr, ApiRouter, Download, DownloadRequest, Path};
use hub_repo::{Repo, RepoError, Repos};

use super::{IMAGE_MAX, read_prefix};
use crate::WebState;
use crate::address::RepoUrls;
use crate::error::{Answer, PageError};
use crate::repo::{At, Opened, for_each_kind, get};
use crate::visit::Visit;

/// What each document begins with.
const MAGIC: &[u8] = b"%PDF-";
/// Only a page of this server may show it.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; object-src 'self'; plugin-types application/pdf; style-src 'unsafe-inline'; frame-ancestors 'self'",
);

pub(super) fn routes() -> ApiRouter<WebState> {
    for_each_kind(ApiRouter::new(), "/pdf/{revision}/{*path}", |path| get(AccessClass::Read, path).to(show))
}

/// The address of a document for a frame.
pub(super) fn address(repo: &Repo, revision: &str, path: &RepoPath) -> String {
    RepoUrls::of(repo.addr()).at("pdf", revision, path.as_str())
}

/// `GET …/pdf/{revision}/{path}`
async fn show(
    visit: Visit,
    State(repos): State<Repos>,
    Addr(addr): Addr,
    Path(at): Path<At>,
    request: DownloadRequest,
) -> Answer {
    let opened = Opened::open(&repos, &visit, &addr, Access::Read).await?;
    let path = at.path(&visit)?;
    let commit = opened.repo.resolve(&at.revision()).await?;
    let file = opened.repo.file(commit, &path).await?;
    if file.size > IMAGE_MAX || read_prefix(&opened.repo, &file, MAGIC.len() as u64).await? != MAGIC {
        let code = hub_core::Code::Unprocessable;
        return Err(PageError::told(code, visit.words.get("blob.damaged")));
    }
    let download = Download {
        size: file.size,
        etag: file.large.map_or_else(|| file.oid.to_string(), |large| large.sha256.to_string()),
        content_type: "application/pdf",
        file_name: path.as_str().rsplit('/').next().unwrap_or_default().to_owned(),
        attachment: false,
        headers: HeaderMap::new(),
    };
    let repo = opened.repo;
    let open = move |range: std::ops::Range<u64>| {
        let (repo, file) = (repo.clone(), file.clone());
        let read =
            async move { repo.read(&file, range).await.map(|bytes| bytes.map(|part| part.map_err(RepoError::from))) };
        Box::pin(read) as futures::future::BoxFuture<'static, _>
    };
    let mut response = match download.answer(&request, open).await {
        Ok(response) => response,
        Err(refusal) => return Ok(refusal.into_response()),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    Ok(response)
}
