//! What the answer to a download says of the chunks of its file: headers, and a body that has only that.

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use hub_core::{CommitId, XetHash};
use hub_http::ApiError;
use hub_repo::{Bucket, Repo};
use serde_json::json;

use crate::xet::CasUrl;
use crate::xet::tokens::{bucket_token_url, token_url};

const X_XET_HASH: HeaderName = HeaderName::from_static("x-xet-hash");

/// The type of the answer that has no bytes of the file.
pub(crate) const FILE_INFO_TYPE: &str = "application/vnd.xet-fileinfo+json";

/// Where the chunks of a file are asked for.
#[derive(Clone, Debug)]
pub(crate) struct XetHeaders {
    file: XetHash,
    token_url: String,
    reconstruction_url: String,
}

impl XetHeaders {
    /// For a file of a commit.
    pub(crate) fn new(repo: &Repo, cas_url: &CasUrl, commit: CommitId, file: XetHash) -> Self {
        Self::with_token_url(token_url(repo, cas_url, "read", &commit.to_string()), cas_url, file)
    }

    /// For a file of a bucket.
    pub(crate) fn of_bucket(bucket: &Bucket, cas_url: &CasUrl, file: XetHash) -> Self {
        Self::with_token_url(bucket_token_url(bucket, cas_url, "read"), cas_url, file)
    }

    fn with_token_url(token_url: String, cas_url: &CasUrl, file: XetHash) -> Self {
        Self { file, token_url, reconstruction_url: cas_url.join(&format!("/v1/reconstructions/{file}")) }
    }

    /// Adds the headers that both forms of the answer have.
    pub(crate) fn add_to(&self, headers: &mut HeaderMap) -> Result<(), ApiError> {
        let link = format!(
            "<{}>; rel=\"xet-auth\", <{}>; rel=\"xet-reconstruction-info\"",
            self.token_url, self.reconstruction_url
        );
        headers.insert(X_XET_HASH, value(&self.file.to_string())?);
        headers.insert(header::LINK, value(&link)?);
        Ok(())
    }

    /// The answer without bytes, for clients that ask for it; `headers` are those of the other form.
    pub(crate) fn file_info(&self, mut headers: HeaderMap, etag: &str, size: u64) -> Result<Response, ApiError> {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(FILE_INFO_TYPE));
        headers.insert(header::ETAG, value(&format!("\"{etag}\""))?);
        let body = json!({
            "hash": self.file,
            "etag": etag,
            "size": size,
            "refreshUrl": self.token_url,
            "reconstructionUrl": self.reconstruction_url,
        });
        Ok((headers, Json(body)).into_response())
    }
}

fn value(text: &str) -> Result<HeaderValue, ApiError> {
    HeaderValue::from_str(text).map_err(ApiError::internal)
}
