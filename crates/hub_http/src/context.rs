//! What is known of a request from its first byte: id, address, who asks. Middleware makes it, everyone may read it.
//!
//! One value is shared between the request (as an extension, where extractors find it) and the middleware that waits
//! for the response; the [`Caller`](crate::Caller) extractor notes in it who was recognised, so that the error table
//! and the access log know.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};

/// The facts of one request.
#[derive(Clone, Debug)]
pub struct RequestContext(Arc<Facts>);

#[derive(Debug)]
struct Facts {
    id: String,
    uri: Uri,
    public_url: PublicUrl,
    client: Option<IpAddr>,
    body_limit: u64,
    body_idle: Duration,
    signed_in: OnceLock<String>,
}

/// What [`RequestContext::new`] needs besides the request itself.
#[derive(Clone, Debug)]
pub(crate) struct ContextInput {
    pub(crate) id: String,
    pub(crate) uri: Uri,
    pub(crate) public_url: PublicUrl,
    pub(crate) client: Option<IpAddr>,
    pub(crate) body_limit: u64,
    pub(crate) body_idle: Duration,
}

impl RequestContext {
    pub(crate) fn new(input: ContextInput) -> Self {
        let ContextInput { id, uri, public_url, client, body_limit, body_idle } = input;
        Self(Arc::new(Facts { id, uri, public_url, client, body_limit, body_idle, signed_in: OnceLock::new() }))
    }

    /// Those of a request that is taken apart.
    pub fn of(parts: &Parts) -> Self {
        parts.extensions.get::<Self>().cloned().unwrap_or_default()
    }

    /// The id under which the log tells of this request.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Where the caller reaches this server, without a trailing slash.
    pub fn public_url(&self) -> &PublicUrl {
        &self.0.public_url
    }

    /// The address of the client, as far as it can be known: see `proxies.rs`.
    pub fn client(&self) -> Option<IpAddr> {
        self.0.client
    }

    /// The network of the client, as far as it tells people apart: of an IPv6 address only the first half counts, for
    /// whoever has one address there has them all. Empty if it cannot be known.
    pub fn network(&self) -> String {
        match self.0.client {
            Some(IpAddr::V6(address)) if address.to_ipv4_mapped().is_none() => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
            Some(address) => address.to_string(),
            None => String::new(),
        }
    }

    /// The most bytes of a body that is read into memory.
    pub fn body_limit(&self) -> u64 {
        self.0.body_limit
    }

    /// How long a body may pause.
    pub(crate) fn body_idle(&self) -> Duration {
        self.0.body_idle
    }

    /// Notes that the request came with good credentials.
    pub(crate) fn recognise(&self, name: &str) {
        self.0.signed_in.get_or_init(|| name.to_owned());
    }

    /// Who asks, if somebody was recognised.
    pub fn user(&self) -> Option<&str> {
        self.0.signed_in.get().map(String::as_str)
    }

    pub(crate) fn is_anonymous(&self) -> bool {
        self.0.signed_in.get().is_none()
    }

    /// Whether git or git-lfs asks, by the addresses that only they use.
    pub(crate) fn speaks_git(&self) -> bool {
        self.0.uri.path().contains(".git/") || self.speaks_git_packets() || self.speaks_lfs()
    }

    /// Whether git itself asks, in its own protocol.
    pub(crate) fn speaks_git_packets(&self) -> bool {
        let path = self.0.uri.path();
        ["/info/refs", "/git-upload-pack", "/git-receive-pack"].iter().any(|end| path.ends_with(end))
    }

    pub(crate) fn speaks_lfs(&self) -> bool {
        self.0.uri.path().contains("/info/lfs/")
    }

    /// The request's own path and query with another repository in it, `namespace/name`, or another name alone; relative
    /// to this server.
    pub(crate) fn uri_with_name(&self, from: &str, to: &str) -> String {
        let query = self.0.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let path = self.0.uri.path();
        let path = if from.contains('/') { replace_addr(path, from, to) } else { replace_name(path, from, to) };
        format!("{path}{query}")
    }
}

/// Swaps the path segment that is somebody's name, in any case.
fn replace_name(path: &str, from: &str, to: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    let found = parts.iter_mut().find(|part| part.eq_ignore_ascii_case(from));
    if let Some(part) = found {
        *part = to;
    }
    parts.join("/")
}

/// Swaps the two path segments that are the repository's id, in any case, with or without `.git`.
fn replace_addr(path: &str, from: &str, to: &str) -> String {
    let (namespace, name) = from.split_once('/').unwrap_or((from, ""));
    let parts: Vec<&str> = path.split('/').collect();
    let is_name = |part: &str| {
        part.eq_ignore_ascii_case(name) || part.strip_suffix(".git").is_some_and(|part| part.eq_ignore_ascii_case(name))
    };
    let found = parts.windows(2).position(|pair| pair[0].eq_ignore_ascii_case(namespace) && is_name(pair[1]));
    let Some(at) = found else { return format!("/{to}") };
    let ending = if parts[at + 1].ends_with(".git") { ".git" } else { "" };
    let renamed = format!("{to}{ending}");
    let mut whole: Vec<&str> = parts[..at].to_vec();
    whole.push(&renamed);
    whole.extend(&parts[at + 2..]);
    whole.join("/")
}

/// For routers without the middleware of `service.rs`: nothing known, modest limits.
impl Default for RequestContext {
    fn default() -> Self {
        Self::new(ContextInput {
            id: "-".to_owned(),
            uri: Uri::default(),
            public_url: PublicUrl::new("http://localhost"),
            client: None,
            body_limit: 16 << 20,
            body_idle: Duration::from_secs(30),
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequestContext {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts))
    }
}

/// Where clients reach the server: scheme and authority, perhaps a path, never a trailing slash.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicUrl(Arc<str>);

impl PublicUrl {
    /// Takes `https://hub.example.org`, with or without a trailing slash.
    pub fn new(url: &str) -> Self {
        Self(url.trim_end_matches('/').into())
    }

    /// As the request shows it: the host that its client named, and what a trusted proxy says of both. A client that
    /// names a strange host gets strange links, but nobody else does: no answer is kept by shared caches.
    pub(crate) fn from_request(headers: &HeaderMap, uri: &Uri, by_proxy: bool) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let told = |name: &str| text(name).filter(|_| by_proxy);
        let first = |name: &str| told(name).and_then(|list| list.split(',').next()).map(str::trim);
        let authority = uri.authority().map(|authority| authority.as_str());
        let host = first("x-forwarded-host").or_else(|| text(header::HOST.as_str())).or(authority);
        let host = host.filter(|host| is_host(host)).unwrap_or("localhost");
        let scheme = match first("x-forwarded-proto") {
            Some("https") => "https",
            _ => "http",
        };
        Self(format!("{scheme}://{host}").into())
    }

    /// The URL without a trailing slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The absolute URL of a path that starts with a slash.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

impl std::fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PublicUrl {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(RequestContext::of(parts).public_url().clone())
    }
}

/// Whether a text can stand as `host:port` in the URLs that we answer.
fn is_host(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'[' | b']');
    !text.is_empty() && text.len() <= 260 && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renamed_repository_is_swapped_in_the_path() {
        let check = |path, expect: &str| assert_eq!(replace_addr(path, "Ann/Old", "bob/new"), expect);
        check("/api/models/ann/old/tree/main", "/api/models/bob/new/tree/main");
        check("/datasets/Ann/Old/resolve/main/Ann/Old/x%20y", "/datasets/bob/new/resolve/main/Ann/Old/x%20y");
        check("/ann/old.git/info/refs", "/bob/new.git/info/refs");
        check("/elsewhere", "/bob/new");
    }

    #[test]
    fn the_public_url_follows_a_trusted_proxy_and_refuses_strange_hosts() {
        let check = |pairs: &[(&'static str, &str)], by_proxy, expect: &str| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, value.parse().unwrap());
            }
            assert_eq!(PublicUrl::from_request(&headers, &Uri::default(), by_proxy).as_str(), expect);
        };
        check(&[("host", "127.0.0.1:8080")], false, "http://127.0.0.1:8080");
        let forwarded = [("host", "inner"), ("x-forwarded-host", "hub.org, inner"), ("x-forwarded-proto", "https")];
        check(&forwarded, true, "https://hub.org");
        check(&forwarded, false, "http://inner");
        check(&[("host", "inner"), ("x-forwarded-proto", "https")], true, "https://inner");
        check(&[("host", "a/b\"><x")], false, "http://localhost");
    }
}
