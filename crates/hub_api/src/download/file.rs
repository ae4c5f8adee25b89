//! One file as a response: what its headers say, and whether its bytes come from here or from the blob store.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::{FutureExt, TryStreamExt};
use hub_core::{CommitId, Oid, RepoPath, Sha256};
use hub_http::{ApiError, Download, DownloadRequest, media_type_of};
use hub_repo::{FileContent, FileSource, LargeTarget, LinkOptions, Repo, RepoError};

use crate::failure::{Answer, X_REPO_COMMIT};
use crate::xet::{CasUrl, FILE_INFO_TYPE, XetHeaders};

const X_LINKED_SIZE: HeaderName = HeaderName::from_static("x-linked-size");
const X_LINKED_ETAG: HeaderName = HeaderName::from_static("x-linked-etag");

/// How long a link to the blob store is good for: long enough to begin, as stores check it only then.
const LINK_TTL: Duration = Duration::from_secs(3600);

/// What a request says about how it wants a file.
///
/// An empty file has no range: a request for one gets the whole, which is nothing, and learns the size from
/// `Content-Range`. Clients that learn sizes by asking for the first byte depend on it.
#[derive(Clone, Debug)]
pub(crate) struct FileRequest {
    as_sent: DownloadRequest,
    without_range: DownloadRequest,
    /// Whether it would rather be told where the chunks of the file are.
    wants_file_info: bool,
}

impl FileRequest {
    fn of_size(&self, size: u64) -> &DownloadRequest {
        if size == 0 { &self.without_range } else { &self.as_sent }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for FileRequest {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let as_sent = DownloadRequest::from_request_parts(parts, state).await?;
        let range = parts.headers.remove(header::RANGE);
        let without_range = DownloadRequest::from_request_parts(parts, state).await?;
        if let Some(range) = range {
            parts.headers.insert(header::RANGE, range);
        }
        let accepts = parts.headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let wants_file_info = accepts.flat_map(|list| list.split(',')).any(is_file_info);
        Ok(Self { as_sent, without_range, wants_file_info })
    }
}

/// A file that a request gets.
pub(crate) struct SentFile<'a> {
    repo: &'a Repo,
    file: FileContent,
    /// Whether the answer names the commit; a large file asked for by its hash belongs to none.
    of_commit: bool,
    attachment: bool,
    /// Where its chunks are asked for, if it lies in chunks.
    xet: Option<XetHeaders>,
}

impl<'a> SentFile<'a> {
    /// A file of a commit.
    pub(crate) fn of_commit(repo: &'a Repo, file: FileContent, attachment: bool) -> Self {
        Self { repo, file, of_commit: true, attachment, xet: None }
    }

    /// Says where the chunks are, if the file lies in chunks.
    pub(crate) fn with_chunks(mut self, cas_url: &CasUrl) -> Self {
        let file = self.file.large.and_then(|large| large.xet);
        self.xet = file.map(|file| XetHeaders::new(self.repo, cas_url, self.file.commit, file));
        self
    }

    /// A large file that the repository holds, asked for by its hash.
    pub(crate) fn large(repo: &'a Repo, sha256: Sha256, size: u64) -> Answer<Self> {
        let path: RepoPath = sha256.to_string().parse().map_err(ApiError::internal)?;
        let file = FileContent {
            path,
            // No commit is involved, and `of_commit` keeps this one from being shown.
            commit: CommitId::new(Oid::ZERO),
            oid: Oid::ZERO,
            size,
            large: Some(LargeTarget { sha256, size, xet: None }),
            source: FileSource::Content(sha256),
        };
        Ok(Self { repo, file, of_commit: false, attachment: true, xet: None })
    }

    /// Answers the request. Large files are fetched from the blob store itself where it gives links; the headers of a
    /// HEAD request always come from here, because such links are good for GET only.
    pub(crate) async fn answer(self, request: &FileRequest) -> Answer<Response> {
        let etag = self.etag();
        let mut headers = self.headers(&etag)?;
        if self.file.size == 0 {
            headers.insert(header::CONTENT_RANGE, HeaderValue::from_static("bytes */0"));
        }
        if let Some(xet) = self.xet.as_ref().filter(|_| request.wants_file_info) {
            return Ok(xet.file_info(headers, &etag, self.file.size)?);
        }
        let request = request.of_size(self.file.size);
        let may_redirect = self.file.large.is_some() && !request.is_head() && !request.has(&etag);
        if may_redirect && let Some(link) = self.repo.download_link(&self.file, &self.link_options()).await? {
            return self.redirect(&link, &etag);
        }
        let download = Download {
            size: self.file.size,
            content_type: media_type_of(self.file.path.file_name()),
            file_name: self.file.path.file_name().to_owned(),
            attachment: self.attachment,
            headers,
            etag,
        };
        let (repo, file) = (self.repo.clone(), self.file);
        let open = move |range| {
            let (repo, file) = (repo.clone(), file.clone());
            async move { Ok(repo.read(&file, range).await?.map_err(RepoError::from)) }.boxed()
        };
        Ok(download.answer(request, open).await?)
    }

    /// The hash by which clients cache: of the content for large files, of the git blob for others.
    fn etag(&self) -> String {
        self.file.large.map_or_else(|| self.file.oid.to_string(), |large| large.sha256.to_string())
    }

    fn headers(&self, etag: &str) -> Answer<HeaderMap> {
        let mut headers = HeaderMap::new();
        if self.of_commit {
            headers.insert(X_REPO_COMMIT, value(&self.file.commit.to_string())?);
        }
        if let Some(large) = self.file.large {
            headers.insert(X_LINKED_SIZE, large.size.into());
            headers.insert(X_LINKED_ETAG, value(&format!("\"{etag}\""))?);
        }
        if let Some(xet) = &self.xet {
            xet.add_to(&mut headers)?;
        }
        Ok(headers)
    }

    fn redirect(&self, link: &str, etag: &str) -> Answer<Response> {
        let mut response = StatusCode::FOUND.into_response();
        let headers = response.headers_mut();
        headers.extend(self.headers(etag)?);
        headers.insert(header::LOCATION, value(link)?);
        headers.insert(header::ETAG, value(&format!("\"{etag}\""))?);
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        Ok(response)
    }

    fn link_options(&self) -> LinkOptions {
        let name = self.file.path.file_name();
        let plain = |c: char| if (' '..='~').contains(&c) && !matches!(c, '"' | '\\') { c } else { '_' };
        let name: String = name.chars().map(plain).collect();
        LinkOptions {
            ttl: LINK_TTL,
            content_type: Some(media_type_of(&name).to_owned()),
            content_disposition: Some(format!("attachment; filename=\"{name}\"")),
        }
    }
}

/// Whether an accepted media type, perhaps with parameters, is that of file infos.
fn is_file_info(accepted: &str) -> bool {
    accepted.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case(FILE_INFO_TYPE))
}

fn value(text: &str) -> Result<HeaderValue, ApiError> {
    HeaderValue::from_str(text).map_err(ApiError::internal)
}
