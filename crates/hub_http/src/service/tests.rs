use axum::body::to_bytes;
use axum::http::StatusCode;
use bytes::Bytes;
use futures::StreamExt;
use tower::ServiceExt;

use hub_core::{FixedClock, Timestamp};

use super::*;
use crate::RateConfig;
use crate::{AccessClass, ApiRouter, Page, Paging, WholeBody, get, post};

#[derive(Debug)]
struct Zeros;

impl Ids for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

fn app(metrics: &Metrics) -> Router {
    let router = ApiRouter::new()
        .route(get("/list").access(AccessClass::Public).to(list))
        .route(
            get("/missing")
                .access(AccessClass::Read)
                .to(|| async { ApiError::new(Code::RepoNotFound, "Repository not found") }),
        )
        .route(get("/panic").access(AccessClass::Public).to(panics))
        .route(post("/echo").access(AccessClass::Public).to(|WholeBody(bytes): WholeBody| async move { bytes }));
    let settings = ServiceSettings {
        public_url: None,
        trusted_proxies: TrustedProxies::default(),
        body_limit: 10,
        body_idle: Duration::from_millis(20),
        rate: RateLimits::new(&RateConfig::default(), Arc::new(FixedClock::new(Timestamp::from_millis(0)))),
    };
    dress(router.into_router(), settings, Arc::new(Zeros), metrics.clone())
}

async fn list(paging: Paging) -> Page<i32> {
    paging.page(vec![1, 2], Some("next".to_owned())).with_total(5)
}

async fn panics() -> &'static str {
    panic!("on purpose")
}

async fn ask(request: axum::http::request::Builder, body: Body) -> Response {
    app(&Metrics::new("test")).oneshot(request.body(body).unwrap()).await.unwrap()
}

async fn text(response: Response) -> String {
    String::from_utf8(to_bytes(response.into_body(), 10_000).await.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn every_response_has_an_id_and_the_headers_that_hold_for_all() {
    let response = ask(Request::builder().uri("/list").header("host", "hub:1"), Body::empty()).await;
    assert_eq!(response.headers()["x-request-id"], "000000000000000000000000");
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    assert_eq!(response.headers()["link"], "<http://hub:1/list?cursor=next>; rel=\"next\"");
    assert_eq!(response.headers()["x-total-count"], "5");
    assert_eq!(text(response).await, "[1,2]");
}

#[tokio::test]
async fn a_sane_id_is_echoed_and_a_strange_one_replaced() {
    let check = async |name, sent: &str, expect: &str| {
        let response = ask(Request::builder().uri("/nothing").header(name, sent), Body::empty()).await;
        assert_eq!(response.headers()["x-request-id"], expect);
    };
    check("x-request-id", "abc-1", "abc-1").await;
    check("x-amzn-trace-id", "Root=1-5f;Self=2", "Root=1-5f;Self=2").await;
    check("x-request-id", "a b\"", "000000000000000000000000").await;
    check("x-request-id", &"x".repeat(129), "000000000000000000000000").await;
}

#[tokio::test]
async fn preflights_need_no_route_and_no_credentials() {
    let request = Request::builder().method("OPTIONS").uri("/anything").header("authorization", "Bearer wrong");
    let response = ask(request, Body::empty()).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    let allowed = response.headers()["access-control-allow-headers"].to_str().unwrap();
    assert!(allowed.contains("Authorization") && allowed.contains("Range"), "{allowed}");
}

#[tokio::test]
async fn errors_and_panics_are_rendered_with_the_facts_of_the_request() {
    let response = ask(Request::builder().uri("/missing"), Body::empty()).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(response.headers()["x-error-code"], "RepoNotFound");

    let response = ask(Request::builder().uri("/panic").header("x-request-id", "p1"), Body::empty()).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let body = text(response).await;
    assert!(body.contains("p1") && !body.contains("on purpose"), "{body}");
}

#[tokio::test]
async fn bodies_are_bounded_in_size_and_in_patience() {
    let echo = || Request::builder().method("POST").uri("/echo");
    assert_eq!(text(ask(echo(), Body::from("short")).await).await, "short");
    assert_eq!(ask(echo(), Body::from("longer than ten")).await.status(), StatusCode::PAYLOAD_TOO_LARGE);

    let first = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from("a"))]);
    let stalled = Body::from_stream(first.chain(futures::stream::pending()));
    let response = ask(echo(), stalled).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let body = text(response).await;
    assert!(body.contains("nothing came for"), "{body}");
}

#[tokio::test]
async fn requests_are_counted_when_their_answer_has_been_sent() {
    let metrics = Metrics::new("test");
    let request = Request::builder().method("POST").uri("/echo").body(Body::from("12345")).unwrap();
    let response = app(&metrics).oneshot(request).await.unwrap();
    assert!(metrics.render().contains("hearth_http_requests_in_flight 1"));
    text(response).await;
    let figures = metrics.render();
    assert!(figures.contains("hearth_http_requests_in_flight 0"), "{figures}");
    assert!(figures.contains("hearth_http_received_bytes_total 5\n"), "{figures}");
    assert!(figures.contains("hearth_http_sent_bytes_total 5\n"), "{figures}");
    assert!(figures.contains("http_requests_total{method=\"POST\",route=\"/echo\",status=\"200\"} 1"), "{figures}");
}
