//! The account of one request, from its first byte to the last byte of its answer, written when it closes.
//!
//! It travels with the response body, so that a download that takes an hour or breaks off is told as such. Whatever
//! drops it (an answer sent, a client gone, a server stopping) closes it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::Version;
use axum::http::header::{CONTENT_LENGTH, EXPECT};
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt as _;
use http_body::{Frame, SizeHint};
use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep};

use crate::context::RequestContext;
use crate::metrics::{Ended, Gauge, Metrics};
use crate::service::method_label;

/// How a request that got no answer is counted: the client went away.
const CLIENT_GONE: u16 = 499;

/// What is told of a request.
pub(crate) struct Ledger {
    metrics: Metrics,
    _in_flight: Gauge,
    context: RequestContext,
    method: &'static str,
    path: String,
    route: Option<String>,
    started: Instant,
    received: Arc<AtomicU64>,
    sent: u64,
    /// What the answer announced; hyper asks a body for no more once it has that.
    announced: Option<u64>,
    status: u16,
    complete: bool,
}

impl Ledger {
    pub(crate) fn open(metrics: &Metrics, request: &Request, route: Option<String>, context: RequestContext) -> Self {
        Self {
            metrics: metrics.clone(),
            _in_flight: metrics.request(),
            context,
            method: method_label(request.method()),
            path: request.uri().path().to_owned(),
            route,
            started: Instant::now(),
            received: Arc::default(),
            sent: 0,
            announced: None,
            status: CLIENT_GONE,
            complete: false,
        }
    }

    /// The count of bytes that come.
    pub(crate) fn received(&self) -> Arc<AtomicU64> {
        self.received.clone()
    }

    /// Leaves with the response; closes when its body ends.
    pub(crate) fn close_with(mut self, response: Response) -> Response {
        self.status = response.status().as_u16();
        self.complete = response.body().is_end_stream();
        self.announced = response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        response.map(|body| Body::new(ResponseBody { body, ledger: self }))
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        let duration = self.started.elapsed();
        let bytes_in = self.received.load(Ordering::Relaxed);
        let route = self.route.as_deref().unwrap_or("none");
        let (method, status, bytes_out) = (self.method, self.status, self.sent);
        self.metrics.count(Ended { method, route, status, duration, bytes_in, bytes_out });
        tracing::info!(
            target: "access",
            method,
            route,
            path = self.path,
            status,
            duration_ms = duration.as_secs_f64() * 1000.0,
            bytes_in,
            bytes_out,
            complete = self.complete,
            user = self.context.user(),
            request_id = self.context.id(),
            "request"
        );
    }
}

/// A response body that counts what is sent.
struct ResponseBody {
    body: Body,
    ledger: Ledger,
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                self.ledger.sent += frame.data_ref().map_or(0, |data| data.len() as u64);
                let all = self.ledger.announced == Some(self.ledger.sent);
                self.ledger.complete = all || self.body.is_end_stream();
            }
            Poll::Ready(None) => self.ledger.complete = true,
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// How long the rest of a body that nobody reads is taken, and how long a client may pause meanwhile.
const DRAIN_FOR: Duration = Duration::from_secs(30);
const DRAIN_PAUSE: Duration = Duration::from_secs(5);
/// The most bytes that are taken of it.
const DRAIN_BYTES: u64 = 1 << 30;

/// A request body that counts what comes and gives up on a client that pauses too long.
///
/// A refusal is often sent before the body was read, and many clients read no answer before they have sent all of it.
/// Closing the connection under their hands would take the answer away from them, so what is left of the body is taken
/// and forgotten, within bounds.
pub(crate) struct RequestBody {
    body: Body,
    rest: Rest,
    idle: Duration,
    pause: Option<Pin<Box<Sleep>>>,
    received: Arc<AtomicU64>,
}

impl RequestBody {
    pub(crate) fn new(body: Body, rest: Rest, idle: Duration, received: Arc<AtomicU64>) -> Self {
        Self { body, rest, idle, pause: None, received }
    }
}

/// What becomes of the rest of a body that nobody reads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// It is taken and forgotten.
    Taken,
    /// The client sends nothing before it is told to, and a refusal does not tell it to.
    NotSent,
    /// It has ended; or it is left alone, because in HTTP/2 it is in nobody's way.
    Left,
}

impl Rest {
    pub(crate) fn of(request: &Request) -> Self {
        match request.version() {
            Version::HTTP_2 | Version::HTTP_3 => Self::Left,
            _ if request.headers().contains_key(EXPECT) => Self::NotSent,
            _ => Self::Taken,
        }
    }

    fn after<T, E>(self, next: &Option<Result<T, E>>) -> Self {
        match (self, next) {
            (Self::Left, _) | (_, None | Some(Err(_))) => Self::Left,
            (Self::Taken | Self::NotSent, Some(Ok(_))) => Self::Taken,
        }
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if self.rest != Rest::Taken || self.body.is_end_stream() {
            return;
        }
        // Without a runtime the process is ending, and so are its connections.
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(tokio::time::timeout(DRAIN_FOR, drain(std::mem::take(&mut self.body))));
    }
}

/// Takes what comes, until it ends or a bound is met.
async fn drain(body: Body) {
    let (mut stream, mut taken) = (body.into_data_stream(), 0);
    while taken < DRAIN_BYTES
        && let Ok(Some(Ok(chunk))) = tokio::time::timeout(DRAIN_PAUSE, stream.next()).await
    {
        taken += chunk.len() as u64;
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(next) => {
                self.pause = None;
                self.rest = self.rest.after(&next);
                if let Some(Ok(frame)) = &next {
                    let length = frame.data_ref().map_or(0, |data| data.len() as u64);
                    self.received.fetch_add(length, Ordering::Relaxed);
                }
                Poll::Ready(next)
            }
            Poll::Pending => {
                let idle = self.idle;
                let pause = self.pause.get_or_insert_with(|| Box::pin(tokio::time::sleep(idle)));
                std::task::ready!(pause.as_mut().poll(context));
                self.rest = Rest::Left;
                let text = format!("nothing came for {} seconds", idle.as_secs());
                Poll::Ready(Some(Err(axum::Error::new(io::Error::new(io::ErrorKind::TimedOut, text)))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
