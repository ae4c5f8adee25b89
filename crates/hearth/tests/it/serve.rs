//! The life of a server: start, readiness, limits, stop.

use tempfile::tempdir;

use crate::admin::admin;
use crate::process::Server;

/// The head of a request whose body is still to come.
const POST_HEAD: &str = "POST /api/validate-yaml HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\
                         Content-Type: application/json\r\nContent-Length: 33\r\nExpect: 100-continue\r\n\r\n";
const POST_BODY: &str = r#"{"content":"","repoType":"model"}"#;

#[test]
fn a_first_start_greets_and_a_later_one_renews_the_link() {
    let data = tempdir().unwrap();
    let link = |server: &Server| {
        let line = server.greeting.lines().find(|line| line.contains("/setup?code=")).unwrap();
        line.trim().to_owned()
    };
    let server = Server::start(data.path(), &[]);
    assert!(server.greeting.contains(&format!("export HF_ENDPOINT=http://{}", server.address)));
    let first = link(&server);
    assert_eq!(server.get("/health/live", &[]).body(), "live\n");
    assert_eq!(server.get("/health/ready", &[]).body(), "ready\n");
    let figures = server.get("/metrics", &[]);
    assert!(figures.body().contains("http_requests_total{method=\"GET\",route=\"/health/ready\",status=\"200\"} 1"));
    server.terminate();
    assert!(server.wait().success());

    let server = Server::start(data.path(), &[]);
    let code = |link: &str| link.rsplit('=').next().unwrap().to_owned();
    assert_ne!(code(&first), code(&link(&server)));
}

#[test]
fn an_open_request_is_finished_before_the_end() {
    let data = tempdir().unwrap();
    let server = Server::start(data.path(), &[]);
    let mut connection = server.connect();
    connection.send(POST_HEAD);
    // The server asks for the body: the handler runs.
    connection.read_until("100 Continue\r\n\r\n");
    server.terminate();
    connection.send(POST_BODY);
    let answer = connection.answer();
    assert!(answer.0.starts_with("HTTP/1.1 200") || answer.0.starts_with("HTTP/1.1 400"), "{answer:?}");
    assert!(server.wait().success());
}

#[test]
fn a_request_that_never_ends_does_not_keep_the_server() {
    let data = tempdir().unwrap();
    let server = Server::start(data.path(), &[("HEARTH_SERVER__DRAIN_SECS", "0")]);
    let mut connection = server.connect();
    connection.send(POST_HEAD);
    connection.read_until("100 Continue\r\n\r\n");
    server.terminate();
    assert!(server.wait().success());
}

#[test]
fn heads_are_bounded_in_size_and_in_patience() {
    let data = tempdir().unwrap();
    let environment = [("HEARTH_SERVER__HEADER_TIMEOUT_SECS", "1"), ("HEARTH_SERVER__MAX_HEADER_BYTES", "8192")];
    let server = Server::start(data.path(), &environment);
    assert_eq!(server.get("/health/live", &[("x-long", &"x".repeat(20_000))]).status(), 431);

    let mut connection = server.connect();
    connection.send("GET / HTTP/1.1\r\n");
    // The server gives up, or this test never ends.
    connection.answer();
}

#[test]
fn bodies_may_not_stall() {
    let data = tempdir().unwrap();
    let server = Server::start(data.path(), &[("HEARTH_SERVER__BODY_IDLE_SECS", "1")]);
    let mut connection = server.connect();
    connection.send(POST_HEAD);
    connection.read_until("100 Continue\r\n\r\n");
    let answer = connection.answer();
    assert_eq!(answer.status(), 400, "{answer:?}");
    assert!(answer.body().contains("nothing came for 1 seconds"), "{answer:?}");
}

#[test]
fn a_refusal_reaches_a_client_that_sends_everything_first() {
    let data = tempdir().unwrap();
    let server = Server::start(data.path(), &[]);
    // Far more than the buffers between the two can hold.
    let body = vec![b'x'; 64 << 20];
    let refused = server.send("PUT /api/lfs/whole?ticket=forged", "", &body);
    assert_eq!(refused.status(), 403, "{refused:?}");
    let refused = server.send("POST /api/models/a/b/commit/main", "hf_unknown", &body);
    assert_eq!(refused.status(), 401, "{refused:?}");
}

#[test]
fn only_named_proxies_say_where_the_server_is() {
    let data = tempdir().unwrap();
    admin(data.path(), &["user", "add", "ann"], "").unwrap();
    let forwarded = [("X-Forwarded-Host", "hub.example.org"), ("X-Forwarded-Proto", "https")];
    let cases = [("[]", "http://test/avatars"), ("[\"127.0.0.0/8\"]", "https://hub.example.org/avatars")];
    for (proxies, picture) in cases {
        let server = Server::start(data.path(), &[("HEARTH_SERVER__TRUSTED_PROXIES", proxies)]);
        let person = server.get("/api/users/ann/overview", &forwarded);
        assert!(person.body().contains(&format!("\"avatarUrl\":\"{picture}/")), "{proxies}: {person:?}");
    }
}

#[test]
fn connections_beyond_the_limit_wait_for_their_turn() {
    let data = tempdir().unwrap();
    let server = Server::start(data.path(), &[("HEARTH_SERVER__MAX_CONNECTIONS", "1")]);
    let mut first = server.connect();
    first.send("GET /health/live HTTP/1.1\r\nHost: test\r\n\r\n");
    first.read_until("live\n");
    let mut second = server.connect();
    second.send("GET /health/live HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    drop(first);
    assert_eq!(second.answer().body(), "live\n");
}
