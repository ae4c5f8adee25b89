//! Headers that keep what users upload from acting as Hearth in a browser.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

const FRAME_OPTIONS: HeaderName = HeaderName::from_static("x-frame-options");

/// For files of repositories: shown at most, in an origin of their own, never run.
const USER_CONTENT: HeaderValue = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");
/// For answers of the API: nothing in them is a page.
const NO_PAGE: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Marks a response as a file that a user uploaded.
pub fn user_content(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_SECURITY_POLICY, USER_CONTENT);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// What every response has; a page that set its own policy keeps it.
pub(crate) fn harden(headers: &mut HeaderMap) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(NO_PAGE);
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("strict-origin-when-cross-origin"));
    headers.entry(FRAME_OPTIONS).or_insert(HeaderValue::from_static("DENY"));
}
