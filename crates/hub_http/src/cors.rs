//! Cross-origin requests: everything that a browser client needs, for every origin.
//!
//! No cookie takes part in these answers (`Access-Control-Allow-Credentials` is never sent), so `*` gives a foreign
//! page nothing that its author could not fetch themselves.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;

const ALLOW_METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
const ALLOW_HEADERS: HeaderValue = HeaderValue::from_static(
    "Authorization, Content-Type, Range, Accept, If-None-Match, If-Range, X-Request-Id, X-Amzn-Trace-Id, \
     X-Xet-Session-Id, X-HF-Download-Counter",
);
const EXPOSE_HEADERS: HeaderValue = HeaderValue::from_static(
    "X-Repo-Commit, X-Request-Id, X-Error-Code, X-Error-Message, X-Total-Count, ETag, Link, Accept-Ranges, \
     Content-Length, Content-Range, Content-Disposition, X-Linked-Size, X-Linked-ETag, X-Xet-Hash, RateLimit, \
     RateLimit-Policy",
);
/// How long a browser may remember the answer to a preflight, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// The answer to any `OPTIONS`: no route has it, and a preflight carries no credentials.
pub(crate) fn preflight(method: &Method) -> Option<Response> {
    if method != Method::OPTIONS {
        return None;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, ALLOW_METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOW_HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    Some(response)
}

/// Opens a response to foreign pages.
pub(crate) fn open(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSE_HEADERS);
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));
}
