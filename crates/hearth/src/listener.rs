//! Takes connections and lets them end: limits on their number, their headers and their patience, HTTP/1.1 and HTTP/2.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use hub_http::Metrics;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::ServerConfig;

/// How long to wait after the system refused a connection, most likely for want of file descriptors.
const AFTER_REFUSAL: Duration = Duration::from_millis(100);
/// The most streams that one HTTP/2 connection may have open.
const MAX_STREAMS: u32 = 256;
/// How often an HTTP/2 connection is asked whether it lives, and how long it may take to answer.
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_WITHIN: Duration = Duration::from_secs(20);

/// Serves until `stop`, then waits for open requests, no longer than the configuration says.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    config: &ServerConfig,
    metrics: &Metrics,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(config.max_connections.min(Semaphore::MAX_PERMITS)));
    let http = Arc::new(http(config));
    let graceful = GracefulShutdown::new();
    let tasks = TaskTracker::new();
    loop {
        let place = tokio::select! {
            () = stop.cancelled() => break,
            place = places.clone().acquire_owned() => place,
        };
        let Ok(place) = place else { break };
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok((stream, peer)) => (stream, peer),
            Err(error) => {
                rest_after(&error).await;
                continue;
            }
        };
        prepare(&stream, Duration::from_secs(config.send_stall_secs));
        let (router, http, metrics) = (router.clone(), http.clone(), metrics.clone());
        let watcher = graceful.watcher();
        tasks.spawn(async move {
            let _counted = metrics.connection();
            converse(stream, router, peer, &http, watcher).await;
            drop(place);
        });
    }
    // New connections are refused from here on.
    drop(listener);
    tasks.close();
    let drain = Duration::from_secs(config.drain_secs);
    tokio::select! {
        () = graceful.shutdown() => tracing::info!("all requests have ended"),
        () = tokio::time::sleep(drain) => {
            tracing::warn!(connections = tasks.len(), drain_secs = config.drain_secs, "requests were cut off");
        }
    }
}

/// Small answers go out at once, and a client that reads nothing for too long loses its place. hyper has no such limit,
/// so the system keeps it.
fn prepare(stream: &TcpStream, send_stall: Duration) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    #[cfg(target_os = "linux")]
    if let Err(error) = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(send_stall)) {
        tracing::debug!(%error, "cannot set TCP_USER_TIMEOUT");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = send_stall;
}

async fn converse(
    stream: TcpStream,
    router: Router,
    peer: SocketAddr,
    http: &Builder<TokioExecutor>,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        answer(router.clone(), request)
    });
    let connection = http.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
    // A client that goes away is everyday life; the access log has what became of its request.
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(error = %error, "a connection ended early");
    }
}

async fn answer(router: Router, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    use tower::ServiceExt as _;
    router.oneshot(request.map(Body::new)).await
}

fn http(config: &ServerConfig) -> Builder<TokioExecutor> {
    let mut http = Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(config.header_timeout_secs))
        // hyper refuses less than 8 KiB.
        .max_buf_size(config.max_header_bytes.max(8 << 10));
    http.http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(config.max_header_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(MAX_STREAMS)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_WITHIN)
        .adaptive_window(true);
    http
}

/// A connection that broke before it was accepted is forgotten; want of descriptors is told, and given time to pass.
async fn rest_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    if matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted) {
        return;
    }
    tracing::error!(%error, "cannot accept a connection");
    tokio::time::sleep(AFTER_REFUSAL).await;
}
