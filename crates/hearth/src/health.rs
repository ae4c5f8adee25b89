//! Whether the process lives, whether it can serve, and its figures.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRef, State};
use hub_blob::BlobStore;
use hub_core::Code;
use hub_db::{Db, DbError, args};
use hub_http::{AccessClass, ApiError, ApiRouter, Metrics, get};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// How long an answer of the stores counts: probes of many balancers must not become load.
const FRESH_FOR: Duration = Duration::from_secs(2);
/// How long a store may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the health routes ask.
#[derive(Clone)]
pub(crate) struct Health {
    db: Db,
    blobs: Arc<dyn BlobStore>,
    metrics: Metrics,
    last: Arc<Mutex<Option<Asked>>>,
}

/// What the stores said, and when.
type Asked = (Instant, Result<(), String>);

impl Health {
    pub(crate) fn new(db: Db, blobs: Arc<dyn BlobStore>, metrics: Metrics) -> Self {
        Self { db, blobs, metrics, last: Arc::default() }
    }

    /// Asks both stores, or remembers what they said a moment ago. One asks at a time; the others share its answer.
    pub(crate) async fn check(&self) -> Result<(), String> {
        let mut last = self.last.lock().await;
        if let Some((at, answer)) = &*last
            && at.elapsed() < FRESH_FOR
        {
            return answer.clone();
        }
        let answer = match timeout(PATIENCE, self.ask()).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("a store did not answer within {} seconds", PATIENCE.as_secs())),
        };
        if let Err(problem) = &answer {
            tracing::warn!(problem, "not ready");
        }
        *last = Some((Instant::now(), answer.clone()));
        answer
    }

    async fn ask(&self) -> Result<(), String> {
        let one: Result<(i64,), DbError> = self.db.query_one("SELECT CAST(1 AS BIGINT)", args![]).await;
        one.map_err(|error| format!("the metadata database does not answer: {error}"))?;
        self.blobs.check().await.map_err(|error| format!("the blob store does not answer: {error}"))
    }
}

impl FromRef<Health> for Metrics {
    fn from_ref(health: &Health) -> Self {
        health.metrics.clone()
    }
}

pub(crate) fn routes() -> ApiRouter<Health> {
    ApiRouter::new()
        .route(
            get("/health/live")
                .access(AccessClass::Public)
                .tag("health")
                .summary("Answers as long as the process runs")
                .answer_bytes("text/plain")
                .to(live),
        )
        .route(
            get("/health/ready")
                .access(AccessClass::Public)
                .tag("health")
                .summary("Answers 200 when both stores answer, else 503")
                .answer_bytes("text/plain")
                .to(ready),
        )
        .route(
            get("/metrics")
                .access(AccessClass::Public)
                .tag("health")
                .summary("Figures in the text format of Prometheus")
                .answer_bytes("text/plain")
                .to(metrics),
        )
}

/// `GET /health/live`
async fn live() -> &'static str {
    "live\n"
}

/// `GET /health/ready`
async fn ready(State(health): State<Health>) -> Result<&'static str, ApiError> {
    match health.check().await {
        Ok(()) => Ok("ready\n"),
        Err(problem) => Err(ApiError::new(Code::Unavailable, problem)),
    }
}

/// `GET /metrics`
async fn metrics(State(metrics): State<Metrics>) -> ([(&'static str, &'static str); 1], String) {
    ([("content-type", "text/plain; version=0.0.4; charset=utf-8")], metrics.render())
}
