//! `GET …/events`: what happens to the files of a bucket, as it happens, as server-sent events.
//!
//! A follower says from where: a cursor that an earlier event gave, or a moment. What has happened since is told first,
//! then `ready`, then what comes next. The changes are read from the database, where every replica writes them, so it does
//! not matter which of them a follower has reached. A stream ends after a while with `reconnect`, so that rights are
//! looked at again; and when a server stops.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{Stream, stream};
use hub_account::Caller as Asking;
use hub_core::{Access, Code, RepoAddr, Timestamp};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, Query, get};
use hub_repo::{Bucket, BucketChange, BucketChanges, FollowFrom, RepoError, Repos};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::ApiState;
use crate::address::At;
use crate::buckets::{API, TAG, open};
use crate::failure::Answer;

/// How often the database is asked for what is new.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often a follower hears that the stream lives; clients give up after 90 s of silence.
const PING_EVERY: Duration = Duration::from_secs(25);
/// How long a stream lasts.
const LASTS: Duration = Duration::from_secs(15 * 60);
/// Changes of one event.
const CHANGES: usize = 500;
/// Followers of one process.
const FOLLOWERS: usize = 1000;

pub(super) fn routes() -> ApiRouter<ApiState> {
    ApiRouter::new().route(
        get(format!("{API}/events"))
            .access(AccessClass::Read)
            .tag(TAG)
            .id("follow_bucket")
            .summary("Tells what happens to the files of a bucket, as it happens")
            .query::<EventsQuery>()
            .answer_bytes("text/event-stream")
            .to(follow),
    )
}

/// The streams of a process: how many there may be, and when they shall end.
#[derive(Clone, Debug)]
pub struct Streams {
    places: Arc<Semaphore>,
    stop: CancellationToken,
}

impl Streams {
    /// Streams that end with `stop`.
    pub fn new(stop: CancellationToken) -> Self {
        Self { places: Arc::new(Semaphore::new(FOLLOWERS)), stop }
    }
}

/// From where the bucket is followed; without either, from now on.
#[derive(Deserialize, JsonSchema)]
struct EventsQuery {
    /// What an event gave.
    cursor: Option<String>,
    /// A moment: `2024-01-31T12:00:00.000Z`.
    since: Option<String>,
}

/// `GET /api/buckets/{namespace}/{name}/events`
async fn follow(
    State(repos): State<Repos>,
    State(streams): State<Streams>,
    Caller(caller): Caller,
    at: At,
    Query(query): Query<EventsQuery>,
) -> Answer<Response> {
    let bucket = open(&repos, &caller, &at, Access::Read).await?;
    let key = bucket.repo().id().key();
    let from = match (&query.cursor, &query.since) {
        (Some(cursor), _) => match parse_cursor(cursor)? {
            (of, number) if of == key => FollowFrom::Number(number),
            // The name stood for another bucket when the cursor was given.
            _ => FollowFrom::Number(-1),
        },
        (None, Some(since)) => FollowFrom::Moment(parse_moment(since)?),
        (None, None) => FollowFrom::Now,
    };
    let place = streams
        .places
        .clone()
        .try_acquire_owned()
        .map_err(|_| ApiError::new(Code::Unavailable, "too many streams are open here: try again in a moment"))?;
    let position = bucket.follow(from).await?;
    let follower = Follower {
        repos,
        caller,
        addr: bucket.repo().addr().clone(),
        key,
        stop: streams.stop,
        ends: Instant::now() + LASTS,
        pinged: Instant::now(),
        state: position.map_or(Progress::Forgotten, |position| Progress::Telling { position, is_ready: false }),
        _place: place,
    };
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    // Proxies that collect answers before they pass them on are asked not to.
    Ok((headers, [("x-accel-buffering", "no")], Body::from_stream(events(follower))).into_response())
}

/// A stream under way.
struct Follower {
    repos: Repos,
    caller: Asking,
    addr: RepoAddr,
    key: i64,
    stop: CancellationToken,
    ends: Instant,
    pinged: Instant,
    state: Progress,
    _place: OwnedSemaphorePermit,
}

/// How far a stream has come.
enum Progress {
    /// What happened since is not remembered.
    Forgotten,
    /// Everything up to a number was told.
    Telling { position: i64, is_ready: bool },
    /// The last event was sent.
    Over,
}

fn events(follower: Follower) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
    stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((Ok(event), follower))
    })
}

impl Follower {
    async fn next(&mut self) -> Option<Bytes> {
        let (mut position, mut is_ready) = match self.state {
            Progress::Telling { position, is_ready } => (position, is_ready),
            Progress::Forgotten => return Some(self.last("reset", &json!({ "reason": "the place is too old" }))),
            Progress::Over => return None,
        };
        loop {
            match self.changes(position).await {
                Ok(BucketChanges::Known { changes, last }) if !changes.is_empty() => {
                    position = last;
                    self.state = Progress::Telling { position, is_ready };
                    let changes: Vec<Value> = changes.iter().map(change_view).collect();
                    return Some(event("changes", &json!({ "cursor": self.cursor(position), "changes": changes })));
                }
                Ok(BucketChanges::Known { .. }) => {}
                Ok(BucketChanges::Forgotten) => {
                    return Some(self.last("reset", &json!({ "reason": "changes were forgotten" })));
                }
                // It is gone or closed: whoever comes again learns it by the status.
                Err(RepoError::RepoNotFound | RepoError::Moved { .. } | RepoError::Disabled) => {
                    return Some(self.last("reconnect", &json!({})));
                }
                Err(error) => {
                    tracing::warn!(repo.addr = %self.addr, error = %error, "changes of a bucket cannot be read");
                    return Some(self.last("reconnect", &json!({ "cursor": self.cursor(position) })));
                }
            }
            if !is_ready {
                is_ready = true;
                self.state = Progress::Telling { position, is_ready };
                return Some(event("ready", &json!({ "cursor": self.cursor(position) })));
            }
            if Instant::now() >= self.ends {
                return Some(self.last("reconnect", &json!({ "cursor": self.cursor(position) })));
            }
            if self.pinged.elapsed() >= PING_EVERY {
                self.pinged = Instant::now();
                return Some(Bytes::from_static(b": ping\n\n"));
            }
            tokio::select! {
                () = self.stop.cancelled() => {
                    return Some(self.last("reconnect", &json!({ "cursor": self.cursor(position) })));
                }
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// What is new, if the caller may still know.
    async fn changes(&self, position: i64) -> Result<BucketChanges, RepoError> {
        let bucket: Bucket = self.repos.open_bucket(&self.caller, &self.addr, Access::Read).await?;
        if bucket.repo().id().key() != self.key {
            return Err(RepoError::RepoNotFound);
        }
        bucket.changes(position, CHANGES).await
    }

    fn cursor(&self, position: i64) -> String {
        format!("{:x}-{position}", self.key)
    }

    fn last(&mut self, name: &str, data: &Value) -> Bytes {
        self.state = Progress::Over;
        event(name, data)
    }
}

fn parse_cursor(text: &str) -> Result<(i64, i64), ApiError> {
    let parts = || {
        let (key, number) = text.split_once('-')?;
        let number: i64 = number.parse().ok()?;
        Some((i64::from_str_radix(key, 16).ok()?, number)).filter(|(_, number)| *number >= 0)
    };
    parts().ok_or_else(|| ApiError::bad_request("`cursor` is not one that an event of this bucket has given"))
}

fn parse_moment(text: &str) -> Result<Timestamp, ApiError> {
    Timestamp::parse(text).ok_or_else(|| ApiError::bad_request("`since` is a moment such as 2024-01-31T12:00:00.000Z"))
}

fn event(name: &str, data: &Value) -> Bytes {
    format!("event: {name}\ndata: {data}\n\n").into()
}

fn change_view(change: &BucketChange) -> Value {
    let mut view = Map::new();
    view.insert("path".to_owned(), Value::from(change.path.as_str()));
    view.insert("op".to_owned(), Value::from(change.what.word()));
    if let Some(size) = change.size {
        view.insert("size".to_owned(), Value::from(size));
        view.insert("uploadedAt".to_owned(), Value::from(change.at.to_string()));
    }
    if let Some(xet) = change.xet {
        view.insert("xetHash".to_owned(), Value::from(xet.to_string()));
    }
    if let Some(modified) = change.modified {
        view.insert("mtime".to_owned(), Value::from(modified.to_string()));
    }
    Value::Object(view)
}
