//! Lists in pages: a JSON array and a `Link` to the next page.
//!
//! The link is absolute, because clients parse it as a URL by itself, and repeats the request's own parameters with a
//! new `cursor`.

use std::fmt::Write as _;

use axum::Json;
use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::context::{PublicUrl, RequestContext};

/// What it takes to link to the next page of the list that a request asks for.
#[derive(Clone, Debug)]
pub struct Paging {
    public_url: PublicUrl,
    uri: Uri,
}

impl Paging {
    /// Answers a page; `cursor` is where the next one starts, `None` on the last.
    pub fn page<T: Serialize>(&self, items: Vec<T>, cursor: Option<String>) -> Page<T> {
        Page { items, next: cursor.map(|cursor| self.next_url(&cursor)), total: None }
    }

    /// The absolute URL of the page that starts at `cursor`.
    pub fn next_url(&self, cursor: &str) -> String {
        self.url_with("cursor", cursor)
    }

    /// The absolute URL of this request with one parameter set, for lists that count pages (`p=2`).
    pub fn url_with(&self, name: &str, value: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let kept = form_urlencoded::parse(self.uri.query().unwrap_or_default().as_bytes());
        query.extend_pairs(kept.filter(|(key, _)| key != name));
        query.append_pair(name, value);
        format!("{}?{}", self.public_url.join(self.uri.path()), query.finish())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Paging {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let OriginalUri(uri) = OriginalUri::from_request_parts(parts, state).await?;
        Ok(Self { public_url: RequestContext::of(parts).public_url().clone(), uri })
    }
}

/// A page of a list, as a response.
#[derive(Clone, Debug)]
pub struct Page<T> {
    items: Vec<T>,
    next: Option<String>,
    total: Option<u64>,
}

impl<T> Page<T> {
    /// Tells how many there are in all, as `X-Total-Count`.
    pub fn with_total(mut self, total: u64) -> Self {
        self.total = Some(total);
        self
    }
}

impl<T: Serialize> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.items).into_response();
        if let Some(link) = self.next.and_then(|url| link(&url)) {
            response.headers_mut().insert(header::LINK, link);
        }
        if let Some(total) = self.total {
            response.headers_mut().insert("x-total-count", total.into());
        }
        response
    }
}

fn link(url: &str) -> Option<HeaderValue> {
    let mut text = String::with_capacity(url.len() + 16);
    write!(text, "<{url}>; rel=\"next\"").ok()?;
    HeaderValue::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_repeats_the_question() {
        let check = |uri: &'static str, expect: &str| {
            let paging = Paging { public_url: PublicUrl::new("https://hub.org/"), uri: Uri::from_static(uri) };
            assert_eq!(paging.next_url("a b&c"), expect);
        };
        check("/api/models", "https://hub.org/api/models?cursor=a+b%26c");
        check(
            "/api/models?filter=x&filter=y&cursor=old&limit=5",
            "https://hub.org/api/models?filter=x&filter=y&limit=5&cursor=a+b%26c",
        );
        check("/api/models/a/b/tree/refs%2Fpr%2F1", "https://hub.org/api/models/a/b/tree/refs%2Fpr%2F1?cursor=a+b%26c");
    }
}
