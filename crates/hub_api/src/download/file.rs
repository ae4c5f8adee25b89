//! One file as a response: what its headers say, and whether its bytes come from here or from the blob store.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::{FutureExt, TryStreamExt};
use hub_core::{CommitId, Sha256};
use hub_http::{ApiError, Download, DownloadRequest, media_type_of};
use hub_repo::{Bucket, BucketFile, FileContent, FileSource, LargeTarget, LinkOptions, Repo, RepoError};

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
    /// Under which name a browser saves it; its ending tells the media type.
    name: String,
    /// The commit that it is of; a large file asked for by its hash is of none.
    commit: Option<CommitId>,
    /// The hash by which clients cache: of the content for large files, of the git blob for others.
    etag: String,
    size: u64,
    large: Option<LargeTarget>,
    source: FileSource,
    attachment: bool,
    /// Where its chunks are asked for, if it lies in chunks.
    xet: Option<XetHeaders>,
}

impl<'a> SentFile<'a> {
    /// A file of a commit.
    pub(crate) fn of_commit(repo: &'a Repo, file: FileContent, attachment: bool) -> Self {
        Self {
            repo,
            name: file.path.file_name().to_owned(),
            commit: Some(file.commit),
            etag: file.large.map_or_else(|| file.oid.to_string(), |large| large.sha256.to_string()),
            size: file.size,
            large: file.large,
            source: file.source,
            attachment,
            xet: None,
        }
    }

    /// Says where the chunks are, if the file lies in chunks.
    pub(crate) fn with_chunks(mut self, cas_url: &CasUrl) -> Self {
        let file = self.large.and_then(|large| large.xet);
        let place = self.commit.zip(file);
        self.xet = place.map(|(commit, file)| XetHeaders::new(self.repo, cas_url, commit, file));
        self
    }

    /// A file of a bucket, which lies in chunks like all of them.
    pub(crate) fn of_bucket(bucket: &'a Bucket, file: &BucketFile, attachment: bool, cas_url: &CasUrl) -> Self {
        Self {
            repo: bucket.repo(),
            name: file.path.rsplit('/').next().unwrap_or(&file.path).to_owned(),
            commit: None,
            etag: file.sha256.to_string(),
            size: file.size,
            large: Some(LargeTarget { sha256: file.sha256, size: file.size, xet: Some(file.xet) }),
            source: file.source(),
            attachment,
            xet: Some(XetHeaders::of_bucket(bucket, cas_url, file.xet)),
        }
    }

    /// A large file that the repository holds, asked for by its hash.
    pub(crate) fn large(repo: &'a Repo, sha256: Sha256, size: u64) -> Self {
        Self {
            repo,
            name: sha256.to_string(),
            commit: None,
            etag: sha256.to_string(),
            size,
            large: Some(LargeTarget { sha256, size, xet: None }),
            source: FileSource::Content(sha256),
            attachment: true,
            xet: None,
        }
    }

    /// Answers the request. Large files are fetched from the blob store itself where it gives links; the headers of a
    /// HEAD request always come from here, because such links are good for GET only.
    pub(crate) async fn answer(self, request: &FileRequest) -> Answer<Response> {
        let mut headers = self.headers()?;
        if self.size == 0 {
            headers.insert(header::CONTENT_RANGE, HeaderValue::from_static("bytes */0"));
        }
        if let Some(xet) = self.xet.as_ref().filter(|_| request.wants_file_info) {
            return Ok(xet.file_info(headers, &self.etag, self.size)?);
        }
        let request = request.of_size(self.size);
        let may_redirect = self.large.is_some() && !request.is_head() && !request.has(&self.etag);
        if may_redirect && let Some(link) = self.repo.download_link(&self.source, &self.link_options()).await? {
            return self.redirect(&link);
        }
        let (repo, source) = (self.repo.clone(), self.source);
        let download = Download {
            size: self.size,
            content_type: media_type_of(&self.name),
            file_name: self.name,
            attachment: self.attachment,
            headers,
            etag: self.etag,
        };
        let open = move |range| {
            let (repo, source) = (repo.clone(), source.clone());
            async move { Ok(repo.read_source(&source, range).await?.map_err(RepoError::from)) }.boxed()
        };
        Ok(download.answer(request, open).await?)
    }

    fn headers(&self) -> Answer<HeaderMap> {
        let mut headers = HeaderMap::new();
        if let Some(commit) = self.commit {
            headers.insert(X_REPO_COMMIT, value(&commit.to_string())?);
        }
        if let Some(large) = self.large {
            headers.insert(X_LINKED_SIZE, large.size.into());
            headers.insert(X_LINKED_ETAG, self.quoted_etag()?);
        }
        if let Some(xet) = &self.xet {
            xet.add_to(&mut headers)?;
        }
        Ok(headers)
    }

    fn quoted_etag(&self) -> Result<HeaderValue, ApiError> {
        value(&format!("\"{}\"", self.etag))
    }

    fn redirect(&self, link: &str) -> Answer<Response> {
        let mut response = StatusCode::FOUND.into_response();
        let headers = response.headers_mut();
        headers.extend(self.headers()?);
        headers.insert(header::LOCATION, value(link)?);
        headers.insert(header::ETAG, self.quoted_etag()?);
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        Ok(response)
    }

    fn link_options(&self) -> LinkOptions {
        let plain = |c: char| if (' '..='~').contains(&c) && !matches!(c, '"' | '\\') { c } else { '_' };
        let name: String = self.name.chars().map(plain).collect();
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
