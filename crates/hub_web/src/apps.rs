//! The door of static Spaces' apps: an origin that is never Hearth's own, where scripts of users may run because nobody
//! is signed in there and no page of Hearth is served.
//!
//! Each app has a host of its own, `LABEL.DOMAIN`, where the operator gave a domain with wildcard DNS, or Hearth is
//! reached as `localhost`, whose subdomains browsers resolve by themselves. Without either, a shared origin can be
//! named: a second port or a second name, where apps lie below `/LABEL/` and are sandboxed, so that each has an origin
//! that nothing else has. Label and permission are one: see `Repo::app_label`.

mod media;

use axum::body::Body;
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use hub_core::{Code, RepoPath, Revision, UserError};
use hub_http::{Download, DownloadRequest, PublicUrl};
use hub_repo::{Facts, FileContent, Repo, RepoError, Repos};

use crate::WebState;

/// The header that the card of a Space may set, each with the values that are taken.
const CUSTOM_HEADERS: [&str; 3] =
    ["cross-origin-embedder-policy", "cross-origin-opener-policy", "cross-origin-resource-policy"];
/// An app may be shown in a frame, and may do what any page of the web does.
const ALONE_POLICY: &str = "frame-ancestors *";
/// What keeps apps apart that share a host.
const SHARED_POLICY: &str = "sandbox allow-scripts allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox allow-downloads; \
     frame-ancestors *";

/// Where apps are served.
#[derive(Clone, Debug, Default)]
pub struct AppOrigin {
    /// The domain whose subdomains are apps, with a port where it is not the usual one.
    pub domain: Option<String>,
    /// The origin that all apps share if there is no domain.
    pub shared: Option<String>,
    /// The port that all apps share if neither is given; the host is Hearth's.
    pub port: Option<u16>,
}

/// The address of one app.
pub(crate) struct AppPlace {
    pub(crate) src: String,
    pub(crate) origin: String,
    /// Whether it has its host to itself.
    pub(crate) is_alone: bool,
}

impl AppOrigin {
    /// Where the app of that label is for someone who reached Hearth at that address; nothing if it is nowhere.
    pub(crate) fn place(&self, hearth: &PublicUrl, label: &str) -> Option<AppPlace> {
        let (scheme, authority) = hearth.as_str().split_once("://")?;
        let authority = authority.split('/').next()?;
        let alone = |domain: &str| {
            let origin = format!("{scheme}://{label}.{domain}");
            AppPlace { src: format!("{origin}/"), origin, is_alone: true }
        };
        let together = |origin: &str| {
            let origin = origin.trim_end_matches('/').to_owned();
            AppPlace { src: format!("{origin}/{label}/"), origin, is_alone: false }
        };
        let (host, port) = split_port(authority);
        if let Some(domain) = &self.domain {
            return Some(alone(domain));
        }
        if let Some(shared) = &self.shared {
            return Some(together(shared));
        }
        if host == "localhost" || host.ends_with(".localhost") {
            return Some(alone(&authority.replacen(host, "localhost", 1)));
        }
        // The loopback address is the same machine, which has the name as well.
        if host == "127.0.0.1" && port.is_some() && self.port.is_none() {
            return Some(alone(&authority.replacen(host, "localhost", 1)));
        }
        self.port.map(|port| together(&format!("{scheme}://{host}:{port}")))
    }

    /// The label of the app whose host this is; nothing if the host is Hearth's.
    fn label_of<'h>(&self, host: &'h str) -> Option<&'h str> {
        let bare = |text: &'h str| split_port(text).0;
        let host = bare(host);
        let of = |domain: &str| host.strip_suffix(split_port(domain).0)?.strip_suffix('.');
        let label = self.domain.as_deref().and_then(of).or_else(|| match self.domain {
            None => of("localhost"),
            Some(_) => None,
        })?;
        // A label has the key of its Space behind a hyphen, so that Hearth itself can be called `hub.localhost`.
        (label.contains('-') && !label.contains('.')).then_some(label)
    }
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, Some(port)),
        _ => (authority, None),
    }
}

/// Answers requests to hosts of apps, and lets the others through. To be put around everything else: no page of Hearth
/// may be served where scripts of users run.
pub async fn apps(State(state): State<WebState>, request: Request, next: Next) -> Response {
    let host = host_of(request.uri(), request.headers());
    let Some(label) = state.apps.label_of(&host).map(str::to_ascii_lowercase) else { return next.run(request).await };
    let path = request.uri().path().trim_start_matches('/').to_owned();
    serve(&state.repos, &label, &path, request, true).await
}

/// Answers requests to the origin that apps share: `/LABEL/PATH`.
pub async fn shared_apps(State(state): State<WebState>, request: Request) -> Response {
    let whole = request.uri().path().trim_start_matches('/').to_owned();
    let Some((label, path)) = whole.split_once('/') else { return plain(StatusCode::NOT_FOUND) };
    serve(&state.repos, &label.to_ascii_lowercase(), path, request, false).await
}

fn host_of(uri: &Uri, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    uri.authority().map(|authority| authority.as_str()).or(host).unwrap_or_default().to_ascii_lowercase()
}

async fn serve(repos: &Repos, label: &str, path: &str, request: Request, is_alone: bool) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return plain(StatusCode::METHOD_NOT_ALLOWED);
    }
    let (mut parts, _) = request.into_parts();
    let Ok(download) = DownloadRequest::from_request_parts(&mut parts, repos).await;
    let mut response = match answer(repos, label, path, &download).await {
        Ok(response) => response,
        Err(error) if !matches!(error.code(), Code::Internal | Code::StorageFull | Code::Unavailable) => {
            plain(StatusCode::NOT_FOUND)
        }
        Err(error) => {
            tracing::error!(error = %error, label, path, "an app of a Space was not served");
            plain(StatusCode::INTERNAL_SERVER_ERROR)
        }
    };
    let headers = response.headers_mut();
    let policy = if is_alone { ALONE_POLICY } else { SHARED_POLICY };
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // The host of an app that is not for everyone is a secret.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}

async fn answer(repos: &Repos, label: &str, path: &str, request: &DownloadRequest) -> Result<Response, RepoError> {
    let repo = repos.open_app(label).await?;
    let commit = repo.resolve(&Revision::main()).await?;
    let facts = repo.facts(commit).await?;
    if facts.card_text("sdk") != Some("static") {
        return Err(RepoError::RepoNotFound);
    }
    let file = find(&repo, commit, path, &facts).await?;
    let headers = custom_headers(&facts);
    let download = Download {
        size: file.size,
        etag: file.large.map_or_else(|| file.oid.to_string(), |large| large.sha256.to_string()),
        content_type: media::type_of(file.path.as_str()),
        file_name: file.path.as_str().rsplit('/').next().unwrap_or_default().to_owned(),
        attachment: false,
        headers,
    };
    let open = move |range: std::ops::Range<u64>| {
        let (repo, file) = (repo.clone(), file.clone());
        let stream = async move {
            repo.read(&file, range).await.map(|stream| stream.map(|chunk| chunk.map_err(RepoError::from)))
        };
        Box::pin(stream) as futures::future::BoxFuture<'static, _>
    };
    match download.answer(request, open).await {
        Ok(mut response) => {
            response.headers_mut().remove(header::CONTENT_DISPOSITION);
            Ok(response)
        }
        Err(refusal) => Ok(refusal.into_response()),
    }
}

/// The file that a path of the app means: of a folder its index, of the root what the card names.
async fn find(repo: &Repo, commit: hub_core::CommitId, path: &str, facts: &Facts) -> Result<FileContent, RepoError> {
    let missing = || RepoError::EntryNotFound { path: path.to_owned(), commit: None };
    let path = decoded(path).ok_or_else(missing)?;
    let wanted = match path.as_str() {
        "" => facts.card_text("app_file").unwrap_or("index.html").to_owned(),
        folder if folder.ends_with('/') => format!("{folder}index.html"),
        path => path.to_owned(),
    };
    let parsed: RepoPath = wanted.parse().map_err(|_| missing())?;
    repo.file(commit, &parsed).await
}

fn decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        if *first == b'%' {
            let digits = std::str::from_utf8(behind.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &behind[2..];
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    String::from_utf8(bytes).ok()
}

fn custom_headers(facts: &Facts) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let wanted = facts.card_data.as_ref().and_then(|card| card.get("custom_headers")?.as_object());
    for (name, value) in wanted.into_iter().flatten() {
        let name = name.to_ascii_lowercase();
        let value = value.as_str().and_then(|value| HeaderValue::from_str(value).ok());
        let name = CUSTOM_HEADERS.iter().find(|known| **known == name).map(|known| HeaderName::from_static(known));
        if let (Some(name), Some(value)) = (name, value) {
            headers.insert(name, value);
        }
    }
    headers
}

fn plain(status: StatusCode) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], Body::from(format!("{status}\n"))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_never_shares_a_host_with_hearth() {
        let check = |origin: &AppOrigin, hearth: &str, expect: Option<(&str, bool)>| {
            let place = origin.place(&PublicUrl::new(hearth), "x-1");
            assert_eq!(place.as_ref().map(|place| (place.src.as_str(), place.is_alone)), expect, "{hearth}");
        };
        let none = AppOrigin::default();
        check(&none, "http://localhost:8080", Some(("http://x-1.localhost:8080/", true)));
        check(&none, "http://127.0.0.1:8080", Some(("http://x-1.localhost:8080/", true)));
        check(&none, "https://hub.example.org", None);
        let domain = AppOrigin { domain: Some("apps.example.org".to_owned()), ..AppOrigin::default() };
        check(&domain, "https://hub.example.org", Some(("https://x-1.apps.example.org/", true)));
        let shared = AppOrigin { shared: Some("https://apps.example.org/".to_owned()), ..AppOrigin::default() };
        check(&shared, "https://hub.example.org", Some(("https://apps.example.org/x-1/", false)));
        let port = AppOrigin { port: Some(8081), ..AppOrigin::default() };
        check(&port, "http://10.0.0.5:8080", Some(("http://10.0.0.5:8081/x-1/", false)));
    }

    #[test]
    fn hosts_of_apps_are_known_and_no_others() {
        let domain = AppOrigin { domain: Some("apps.example.org".to_owned()), ..AppOrigin::default() };
        assert_eq!(domain.label_of("x-1.apps.example.org:443"), Some("x-1"));
        for other in
            ["apps.example.org", "hub.example.org", "a.b.apps.example.org", "xapps.example.org", "x-1.localhost"]
        {
            assert_eq!(domain.label_of(other), None, "{other}");
        }
        let none = AppOrigin::default();
        assert_eq!(none.label_of("x-1.localhost:8080"), Some("x-1"));
        assert_eq!((none.label_of("localhost:8080"), none.label_of("127.0.0.1:8080")), (None, None));
    }
}
