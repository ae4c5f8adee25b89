//! Sends a file of a repository: whole, in ranges, or "not modified".
//!
//! The handler says what the file is and how to open a range of it; this module speaks `If-None-Match`, `If-Range`,
//! `Range` (one or several), `HEAD`, and marks the answer as user content. The length is always announced, so a
//! connection that ends early is noticed by the client.

use std::ops::Range;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, Stream, StreamExt, TryStreamExt};
use hub_core::Code;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::context::RequestContext;
use crate::error::{ApiError, header_text};
use crate::range::Wanted;
use crate::security::user_content;

/// What a request says about how it wants a file.
#[derive(Clone, Debug)]
pub struct DownloadRequest {
    head: bool,
    headers: HeaderMap,
    context: RequestContext,
}

impl<S: Send + Sync> FromRequestParts<S> for DownloadRequest {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let head = parts.method == Method::HEAD;
        Ok(Self { head, headers: parts.headers.clone(), context: RequestContext::of(parts) })
    }
}

impl DownloadRequest {
    fn header(&self, name: header::HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether only the headers are wanted.
    pub fn is_head(&self) -> bool {
        self.head
    }

    /// Whether the client has the file with this tag already.
    pub fn has(&self, etag: &str) -> bool {
        let same = |tag: &str| tag == "*" || bare(tag) == bare(etag);
        self.header(header::IF_NONE_MATCH).is_some_and(|list| list.split(',').any(|tag| same(tag.trim())))
    }

    /// The bytes that are wanted of a file with this tag and size.
    pub fn wanted(&self, etag: &str, size: u64) -> Wanted {
        // A weak tag says that content is alike, not that its bytes are the same: it never joins two halves of a file.
        let same = |tag: &str| !tag.trim_start().starts_with("W/") && bare(tag) == bare(etag);
        let stale = self.header(header::IF_RANGE).is_some_and(|tag| !same(tag));
        if stale { Wanted::Whole } else { Wanted::parse(self.header(header::RANGE), size) }
    }
}

/// A tag without quotes and without the mark of weakness.
fn bare(tag: &str) -> &str {
    let tag = tag.trim();
    tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"')
}

/// The content of a range as it comes.
pub type ByteStream<E> = BoxStream<'static, Result<Bytes, E>>;

/// A file about to be sent.
#[derive(Clone, Debug)]
pub struct Download {
    /// Its size.
    pub size: u64,
    /// The hash that names its content; quotes are added here.
    pub etag: String,
    /// Its media type: see [`media_type_of`](crate::media_type_of).
    pub content_type: &'static str,
    /// The name under which a browser saves it.
    pub file_name: String,
    /// Whether a browser saves it rather than show it.
    pub attachment: bool,
    /// What else the answer says (`X-Repo-Commit`, `X-Linked-Size`), with and without content.
    pub headers: HeaderMap,
}

impl Download {
    /// Answers the request; `open` gives the bytes of a range and is asked only for what is sent.
    pub async fn answer<F, St, E>(self, request: &DownloadRequest, open: F) -> Result<Response, ApiError>
    where
        F: Fn(Range<u64>) -> BoxFuture<'static, Result<St, E>> + Send + Sync + 'static,
        St: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
        ApiError: From<E>,
    {
        let etag = header_text(&format!("\"{}\"", bare(&self.etag)));
        let mut headers = self.headers.clone();
        headers.insert(header::ETAG, etag);
        if request.has(&self.etag) {
            return Ok(response(StatusCode::NOT_MODIFIED, headers, Body::empty()));
        }
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        let wanted = request.wanted(&self.etag, self.size);
        if wanted == Wanted::Nothing {
            return Err(self.no_such_range(headers));
        }
        headers.insert(header::CONTENT_DISPOSITION, disposition(&self.file_name, self.attachment));
        user_content(&mut headers);
        match wanted {
            Wanted::Parts(parts) => {
                let multipart = Multipart::new(parts, &self);
                headers.insert(header::CONTENT_TYPE, header_text(&multipart.content_type()));
                headers.insert(header::CONTENT_LENGTH, multipart.length().into());
                let body =
                    if request.head { Body::empty() } else { multipart.into_body(open, request.context.clone()) };
                Ok(response(StatusCode::PARTIAL_CONTENT, headers, body))
            }
            Wanted::Part(range) => {
                let text = format!("bytes {}-{}/{}", range.start, range.end - 1, self.size);
                headers.insert(header::CONTENT_RANGE, header_text(&text));
                self.one(StatusCode::PARTIAL_CONTENT, range, headers, request, open).await
            }
            Wanted::Whole | Wanted::Nothing => self.one(StatusCode::OK, 0..self.size, headers, request, open).await,
        }
    }

    async fn one<F, St, E>(
        &self,
        status: StatusCode,
        range: Range<u64>,
        mut headers: HeaderMap,
        request: &DownloadRequest,
        open: F,
    ) -> Result<Response, ApiError>
    where
        F: Fn(Range<u64>) -> BoxFuture<'static, Result<St, E>>,
        St: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
        ApiError: From<E>,
    {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(header::CONTENT_LENGTH, (range.end - range.start).into());
        let body = match request.head || range.is_empty() {
            true => Body::empty(),
            false => body(open(range).await?, request.context.clone()),
        };
        Ok(response(status, headers, body))
    }

    fn no_such_range(&self, headers: HeaderMap) -> ApiError {
        let message = format!("the file has {} bytes; none of them is in the range that was asked for", self.size);
        let all = header_text(&format!("bytes */{}", self.size));
        let error = ApiError::new(Code::RangeNotSatisfiable, message).with_header(header::CONTENT_RANGE, all);
        headers.into_iter().fold(error, |error, (name, value)| match name {
            Some(name) => error.with_header(name, value),
            None => error,
        })
    }
}

fn response(status: StatusCode, headers: HeaderMap, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// The status is sent when a stream fails, so the failure can only go to the log; the client sees a short body.
fn body<S, E>(stream: S, context: RequestContext) -> Body
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: std::error::Error + Send + Sync + 'static,
{
    Body::from_stream(stream.inspect_err(move |error| {
        tracing::error!(request_id = context.id(), error = %crate::error::chain(error), "a download broke off");
    }))
}

/// Several ranges as `multipart/byteranges`.
struct Multipart {
    boundary: String,
    parts: Vec<(Bytes, Range<u64>)>,
}

impl Multipart {
    fn new(ranges: Vec<Range<u64>>, file: &Download) -> Self {
        // A file cannot well contain its own hash, so the boundary does not occur in it.
        let boundary: String = bare(&file.etag).chars().filter(char::is_ascii_alphanumeric).take(60).collect();
        let head = |range: Range<u64>| {
            let text = format!(
                "\r\n--{boundary}\r\nContent-Type: {}\r\nContent-Range: bytes {}-{}/{}\r\n\r\n",
                file.content_type,
                range.start,
                range.end - 1,
                file.size
            );
            (Bytes::from(text), range)
        };
        Self { parts: ranges.into_iter().map(head).collect(), boundary }
    }

    fn content_type(&self) -> String {
        format!("multipart/byteranges; boundary={}", self.boundary)
    }

    fn tail(&self) -> Bytes {
        Bytes::from(format!("\r\n--{}--\r\n", self.boundary))
    }

    fn length(&self) -> u64 {
        let part = |(head, range): &(Bytes, Range<u64>)| head.len() as u64 + (range.end - range.start);
        self.parts.iter().map(part).sum::<u64>() + self.tail().len() as u64
    }

    fn into_body<F, St, E>(self, open: F, context: RequestContext) -> Body
    where
        F: Fn(Range<u64>) -> BoxFuture<'static, Result<St, E>> + Send + Sync + 'static,
        St: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        let tail = stream::iter([Ok(self.tail())]);
        let content = stream::iter(self.parts).flat_map(move |(head, range)| -> ByteStream<E> {
            let bytes = stream::once(open(range)).try_flatten();
            stream::iter([Ok(head)]).chain(bytes).boxed()
        });
        body(content.chain(tail), context)
    }
}

/// Everything but what RFC 8187 lets stand unescaped.
const ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `Content-Disposition` with the name twice: plain ASCII for old readers, UTF-8 for the others.
fn disposition(file_name: &str, attachment: bool) -> HeaderValue {
    let kind = if attachment { "attachment" } else { "inline" };
    let plain: String =
        file_name.chars().map(|c| if (' '..='~').contains(&c) && !matches!(c, '"' | '\\') { c } else { '_' }).collect();
    let whole = utf8_percent_encode(file_name, ATTR_CHAR);
    header_text(&format!("{kind}; filename*=UTF-8''{whole}; filename=\"{plain}\";"))
}

#[cfg(test)]
mod tests;
