//! A whole Hearth without a socket: requests go straight into the router.
//!
//! The people are those of `hub_test`: `alice` and `bob` own things, `carol` is a stranger, `acme` is an organisation
//! with `alice` as administrator and `bob` as contributor.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use hearth::app::App;
use hearth::config::Config;
use hearth::hub::Hub;
use hub_catalog::Catalog;
use hub_community::{Community, CommunityParts};
use hub_core::Limits;
use hub_http::Metrics;
use hub_insights::Insights;
use hub_search::Search;
use hub_test::{CountingIds, TestEngine};
use serde_json::{Value, json};
use std::sync::Arc;
use tower::ServiceExt as _;

/// Where the requests say that they reach it.
pub(crate) const URL: &str = "http://hub.test";

/// A Hearth of one test.
pub(crate) struct Site {
    pub(crate) router: Router,
    pub(crate) engine: TestEngine,
    pub(crate) search: Search,
    pub(crate) insights: Insights,
    pub(crate) community: Community,
}

/// What a request was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// The application over an engine.
pub(crate) fn application(engine: &TestEngine) -> (App, Hub, Metrics) {
    let hub = Hub {
        db: (*engine.db).clone(),
        blobs: engine.blobs.clone(),
        cas: engine.cas.clone(),
        accounts: engine.accounts.clone(),
        repos: engine.repos.clone(),
        catalog: Catalog::new(engine.repos.clone(), (*engine.db).clone()),
        search: Search::new(engine.repos.clone(), (*engine.db).clone(), engine.texts_folder()),
        insights: Insights::new(engine.repos.clone(), (*engine.db).clone(), engine.clock.clone()),
        community: Community::new(CommunityParts {
            db: (*engine.db).clone(),
            repos: engine.repos.clone(),
            clock: engine.clock.clone(),
            ids: Arc::new(CountingIds::default()),
        }),
        clock: engine.clock.clone(),
        ids: Arc::new(CountingIds::default()),
    };
    let metrics = Metrics::new("test");
    (App::new(&hub, &Config::default(), &metrics), hub, metrics)
}

impl Site {
    pub(crate) async fn new() -> Self {
        Self::with_limits(Limits::default()).await
    }

    pub(crate) async fn with_limits(limits: Limits) -> Self {
        Self::over(TestEngine::with_limits(limits).await).await
    }

    /// A site whose bytes are in an S3-compatible store; `None` if the tests have none.
    pub(crate) async fn on_s3(limits: Limits) -> Option<Self> {
        match TestEngine::on_s3(limits).await {
            Some(engine) => Some(Self::over(engine).await),
            None => None,
        }
    }

    async fn over(engine: TestEngine) -> Self {
        let (app, hub, metrics) = application(&engine);
        hub.catalog.build().await.expect("the index is built");
        let (search, insights, community) = (hub.search.clone(), hub.insights.clone(), hub.community.clone());
        Self { router: app.into_router(&hub, &metrics), engine, search, insights, community }
    }

    /// A site with the public model `alice/m` and the private dataset `alice/d`.
    pub(crate) async fn furnished() -> Self {
        let site = Self::new().await;
        site.post("alice", "/api/repos/create", json!({ "name": "m" })).await.ok();
        let private = json!({ "name": "d", "type": "dataset", "private": true });
        site.post("alice", "/api/repos/create", private).await.ok();
        site
    }

    /// Sends a request of `who`; the empty name is nobody.
    pub(crate) async fn send(
        &self,
        who: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", "hub.test");
        if !who.is_empty() {
            request = request.header("authorization", format!("Bearer hf_{who}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 1 << 30).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, who: &str, path: &str) -> Answer {
        self.send(who, Method::GET, path, &[], Body::empty()).await
    }

    pub(crate) async fn head(&self, who: &str, path: &str) -> Answer {
        self.send(who, Method::HEAD, path, &[], Body::empty()).await
    }

    pub(crate) async fn delete(&self, who: &str, path: &str) -> Answer {
        self.send(who, Method::DELETE, path, &[], Body::empty()).await
    }

    pub(crate) async fn post(&self, who: &str, path: &str, body: Value) -> Answer {
        self.send(who, Method::POST, path, &[("content-type", "application/json")], body.to_string()).await
    }

    pub(crate) async fn put(&self, who: &str, path: &str, body: Value) -> Answer {
        self.send(who, Method::PUT, path, &[("content-type", "application/json")], body.to_string()).await
    }

    /// Commits lines to a branch of a repository, whose API path is given: `models/alice/m`.
    pub(crate) async fn commit(&self, who: &str, repo: &str, lines: &[Value]) -> Answer {
        let mut body = json!({ "key": "header", "value": { "summary": "change", "description": "" } }).to_string();
        for line in lines {
            body.push('\n');
            body.push_str(&line.to_string());
        }
        let headers = [("content-type", "application/x-ndjson")];
        self.send(who, Method::POST, &format!("/api/{repo}/commit/main"), &headers, body).await
    }

    /// Uploads a large file to a repository (its page path: `alice/m`) by LFS and answers its SHA-256.
    pub(crate) async fn upload_large(&self, who: &str, repo: &str, content: &[u8]) -> String {
        let oid = sha256(content);
        let plan = self.batch(who, repo, "upload", &oid, content.len()).await.ok().json();
        let link = plan["objects"][0]["actions"]["upload"]["href"].as_str().unwrap().to_owned();
        self.send("", Method::PUT, link.strip_prefix(URL).unwrap(), &[], content.to_vec()).await.ok();
        oid
    }

    pub(crate) async fn batch(&self, who: &str, repo: &str, operation: &str, oid: &str, size: usize) -> Answer {
        let body = json!({
            "operation": operation, "transfers": ["basic", "multipart"], "hash_algo": "sha256",
            "objects": [{ "oid": oid, "size": size }],
        });
        self.post(who, &format!("/{repo}.git/info/lfs/objects/batch"), body).await
    }
}

/// A line that writes a small file.
pub(crate) fn file(path: &str, content: &str) -> Value {
    json!({ "key": "file", "value": { "path": path, "content": content, "encoding": "utf-8" } })
}

pub(crate) fn sha256(content: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Answer {
    /// States that the request succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert!(self.status.is_success(), "{self:?} {}", self.text());
        self
    }

    /// States how the request failed: the status, the code that clients tell apart, and words of the message.
    #[track_caller]
    pub(crate) fn fails(self, status: u16, code: Option<&str>, words: &str) -> Self {
        let text = self.text();
        assert_eq!(self.status.as_u16(), status, "{text}");
        assert_eq!(self.header("x-error-code"), code, "{text}");
        assert!(self.header("x-error-message").is_some(), "no X-Error-Message: {text}");
        assert!(self.json()["error"].as_str().unwrap().contains(words), "{text}");
        self
    }

    /// States that a HEAD request failed; such answers have no body.
    #[track_caller]
    pub(crate) fn fails_silently(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        self
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}
