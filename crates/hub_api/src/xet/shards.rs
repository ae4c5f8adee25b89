//! Shards on their way in: what a client says of the files that it has brought in chunks.
//!
//! Each file is proven before it counts, which takes as long as reading it. Newer clients are told meanwhile how far that
//! has come: the answer begins at once and is a line of JSON from time to time. Its last line is the only place where a
//! client shows its user a message of the server.

use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use hub_cas::{Progress, RegisteredFile};
use hub_core::{Code, UserError};
use hub_http::{AccessClass, ApiRouter, BodyStream, RequestContext, post};
use hub_repo::{BlobError, RepoError, XetGrant};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{Interval, interval};

use crate::ApiState;
use crate::failure::Answer;
use crate::xet::BASE;
use crate::xet::access::Writer;

/// How often a client hears that the server still works.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);

pub(super) fn routes() -> ApiRouter<ApiState> {
    let route = |path: String| {
        post(path)
            .access(AccessClass::Write)
            .tag("xet")
            .summary("Receives a shard: files made of chunks that were sent before")
            .body_bytes("application/octet-stream")
            .answer::<RegisteredView>()
    };
    ApiRouter::new()
        .route(route(format!("{BASE}/v1/shards")).to(register_shard))
        .route(route(format!("{BASE}/shards")).id("register_shard_of_old_client").undocumented().to(register_shard))
        .route(
            post(format!("{BASE}/v2/shards"))
                .access(AccessClass::Write)
                .tag("xet")
                .summary("Receives a shard and tells how far its verification has come")
                .body_bytes("application/octet-stream")
                .answer_as::<EventView>("application/x-ndjson")
                .to(register_shard_with_progress),
        )
}

/// What became of a shard.
#[derive(Serialize, JsonSchema)]
struct RegisteredView {
    /// 1 if it told something new, else 0.
    result: u8,
}

/// A line of the answer.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
enum EventView {
    /// So many bytes of the new files were read and hashed.
    Validating { verified: u64, total: u64 },
    /// Everything was proven and is being recorded.
    Committing { stage: &'static str },
    /// The end: it is recorded.
    Result {},
    /// The end: it is refused.
    Error { message: String, retryable: bool },
}

/// `POST /xet/{epoch}/v1/shards`
async fn register_shard(
    State(state): State<ApiState>,
    Writer(grant): Writer,
    body: BodyStream,
) -> Answer<Json<RegisteredView>> {
    let files = register(&state, &grant, body, |_| ()).await?;
    Ok(Json(RegisteredView { result: u8::from(files.iter().any(|file| file.is_new)) }))
}

/// Registers the files of a shard and gives them to the repository.
async fn register(
    ApiState { cas, repos, xet_figures, .. }: &ApiState,
    grant: &XetGrant,
    body: BodyStream,
    progress: impl Fn(Progress) + Send + Sync,
) -> Result<Vec<RegisteredFile>, RepoError> {
    let body = body.map_err(|error| BlobError::body(error.message().to_owned())).boxed();
    let files = cas.register(grant.holder(), body, progress).await?;
    repos.adopt_xet_files(grant, &files).await?;
    xet_figures.files.add(files.len() as u64);
    Ok(files)
}

/// `POST /xet/{epoch}/v2/shards`
///
/// The answer begins when the shard was read and what can be judged at once was judged, so that no client has to read and
/// send at the same time.
async fn register_shard_with_progress(
    State(state): State<ApiState>,
    Writer(grant): Writer,
    context: RequestContext,
    body: BodyStream,
) -> Response {
    let (tell, mut reached) = watch::channel(None);
    let work = async move {
        let progress = move |progress| {
            tell.send_replace(Some(progress));
        };
        register(&state, &grant, body, progress).await.map(|_| ())
    };
    let mut work: Work = Box::pin(work);
    let first = tokio::select! {
        biased;
        done = &mut work => Some(last_event(done, &context)),
        _ = reached.changed() => None,
    };
    let body = match first {
        Some(event) => Body::from(line(&event)),
        None => Body::from_stream(lines(Telling { work, ticks: interval(SIGN_OF_LIFE), reached, context })),
    };
    ([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response()
}

/// A registration.
type Work = Pin<Box<dyn Future<Output = Result<(), RepoError>> + Send>>;

/// How far a registration has come, in words of the protocol.
fn progress_event(reached: Option<Progress>) -> EventView {
    match reached {
        Some(Progress { verified_bytes, total_bytes }) if verified_bytes < total_bytes => {
            EventView::Validating { verified: verified_bytes, total: total_bytes }
        }
        _ => EventView::Committing { stage: "syncing" },
    }
}

/// A registration under way. It goes on as its answer is read, and ends when the client goes away.
struct Telling {
    work: Work,
    ticks: Interval,
    reached: watch::Receiver<Option<Progress>>,
    context: RequestContext,
}

fn lines(telling: Telling) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
    stream::unfold(Some(telling), |telling| async move {
        let mut telling = telling?;
        let (event, rest) = tokio::select! {
            biased;
            done = &mut telling.work => (last_event(done, &telling.context), None),
            _ = telling.ticks.tick() => {
                let reached = *telling.reached.borrow();
                (progress_event(reached), Some(telling))
            }
        };
        Some((Ok(line(&event)), rest))
    })
}

fn last_event(done: Result<(), RepoError>, context: &RequestContext) -> EventView {
    let Err(error) = done else { return EventView::Result {} };
    let code = error.code();
    let retryable = matches!(code, Code::Conflict | Code::Unavailable | Code::Internal);
    if code != Code::Internal {
        return EventView::Error { message: error.message().into_owned(), retryable };
    }
    // Faults of ours are told by the log alone.
    tracing::error!(request_id = context.id(), error = %error, "a shard was not registered");
    let message = format!("the server failed; its log tells why under request id {}", context.id());
    EventView::Error { message, retryable }
}

fn line(event: &EventView) -> Bytes {
    let mut line = serde_json::to_vec(event).expect("an event has only text, numbers and flags");
    line.push(b'\n');
    line.into()
}
