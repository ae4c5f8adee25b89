//! Files as they are downloaded.

use axum::body::Body;
use axum::http::Method;
use serde_json::json;

use crate::site::{Site, file};

const PATH: &str = "/alice/m/resolve/main/a.txt";

async fn with_file() -> Site {
    let site = Site::furnished().await;
    site.commit("alice", "models/alice/m", &[file("a.txt", "0123456789"), file("page.html", "<script>")]).await.ok();
    site
}

#[tokio::test]
async fn a_small_file_comes_with_what_clients_cache_by() {
    let site = with_file().await;
    let info = site.get("", "/api/models/alice/m?blobs=true").await.ok().json();
    let blob = info["siblings"][1]["blobId"].as_str().unwrap().to_owned();
    for answer in [site.get("", PATH).await.ok(), site.head("", PATH).await.ok()] {
        assert_eq!(answer.header("x-repo-commit"), info["sha"].as_str());
        assert_eq!(answer.header("etag"), Some(format!("\"{blob}\"").as_str()));
        assert_eq!(answer.header("content-length"), Some("10"));
        assert_eq!(answer.header("accept-ranges"), Some("bytes"));
        assert_eq!(answer.header("x-linked-size"), None);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert!(answer.header("access-control-expose-headers").unwrap().to_lowercase().contains("x-repo-commit"));
        assert!(answer.header("content-disposition").unwrap().contains("filename=\"a.txt\""));
        assert!(answer.header("x-request-id").is_some());
    }
    assert_eq!(site.get("", PATH).await.text(), "0123456789");
    let attached = site.get("", &format!("{PATH}?download=true")).await.ok();
    assert!(attached.header("content-disposition").unwrap().starts_with("attachment;"));
}

#[tokio::test]
async fn ranges_and_conditions_are_honoured() {
    let site = with_file().await;
    let get = async |headers: &[(&str, &str)]| site.send("", Method::GET, PATH, headers, Body::empty()).await;
    let part = get(&[("range", "bytes=2-4")]).await;
    assert_eq!(
        (part.status.as_u16(), part.text().as_str(), part.header("content-range")),
        (206, "234", Some("bytes 2-4/10"))
    );
    let tail = get(&[("range", "bytes=8-")]).await;
    assert_eq!((tail.status.as_u16(), tail.text().as_str()), (206, "89"));
    let parts = get(&[("range", "bytes=0-0,9-9")]).await;
    assert_eq!(parts.status.as_u16(), 206);
    assert!(parts.header("content-type").unwrap().starts_with("multipart/byteranges"));
    let beyond = get(&[("range", "bytes=10-")]).await.fails(416, None, "10 bytes");
    assert_eq!(beyond.header("content-range"), Some("bytes */10"));
    let etag = get(&[]).await.header("etag").unwrap().to_owned();
    let same = get(&[("if-none-match", &etag)]).await;
    assert_eq!((same.status.as_u16(), same.body.len()), (304, 0));
    let identity = get(&[("accept-encoding", "identity")]).await.ok();
    assert_eq!(identity.header("content-encoding"), None);
}

#[tokio::test]
async fn an_empty_file_tells_its_size_to_who_asks_for_its_first_byte() {
    let site = Site::furnished().await;
    site.commit("alice", "models/alice/m", &[file("empty", "")]).await.ok();
    let headers = [("range", "bytes=0-0")];
    let empty = site.send("", Method::GET, "/alice/m/resolve/main/empty", &headers, Body::empty()).await.ok();
    assert_eq!((empty.status.as_u16(), empty.header("content-range")), (200, Some("bytes */0")));
}

#[tokio::test]
async fn nothing_that_users_upload_runs_as_hearth() {
    let site = with_file().await;
    let page = site.get("", "/alice/m/resolve/main/page.html").await.ok();
    assert!(page.header("content-type").unwrap().starts_with("text/plain"));
    assert!(page.header("content-security-policy").unwrap().contains("sandbox"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
}

#[tokio::test]
async fn a_large_file_is_named_by_its_content_and_raw_shows_its_pointer() {
    let site = Site::furnished().await;
    let oid = site.upload_large("alice", "alice/m", b"large content").await;
    let line = json!({ "key": "lfsFile", "value": { "path": "w.bin", "algo": "sha256", "oid": oid, "size": 13 } });
    site.commit("alice", "models/alice/m", &[line]).await.ok();
    for answer in [
        site.get("", "/alice/m/resolve/main/w.bin").await.ok(),
        site.head("", "/alice/m/resolve/main/w.bin").await.ok(),
    ] {
        assert_eq!(answer.header("etag"), Some(format!("\"{oid}\"").as_str()));
        assert_eq!(answer.header("x-linked-etag"), Some(format!("\"{oid}\"").as_str()));
        assert_eq!(answer.header("x-linked-size"), Some("13"));
    }
    assert_eq!(site.get("", "/alice/m/resolve/main/w.bin").await.text(), "large content");
    let raw = site.get("", "/alice/m/raw/main/w.bin").await.ok().text();
    assert_eq!(raw, format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 13\n"));
    let tree = site.get("", "/api/models/alice/m/tree/main").await.ok().json();
    assert_eq!(tree[1]["lfs"], json!({ "oid": oid, "size": 13, "pointerSize": raw.len() }));
    assert_eq!(tree[1]["size"], 13);
}

#[tokio::test]
async fn downloads_of_query_files_are_counted_once_per_client() {
    let site = Site::furnished().await;
    site.commit("alice", "models/alice/m", &[file("config.json", "{}"), file("a.txt", "a")]).await.ok();
    for path in ["config.json", "config.json", "a.txt"] {
        site.get("carol", &format!("/alice/m/resolve/main/{path}")).await.ok();
    }
    site.get("bob", "/alice/m/resolve/main/config.json").await.ok();
    site.engine.repos.write_downloads().await.unwrap();
    site.engine.repos.roll_downloads().await.unwrap();
    assert_eq!(site.get("", "/api/models/alice/m").await.ok().json()["downloads"], 2);
}

#[tokio::test]
async fn browsers_may_ask_before_they_call() {
    let site = Site::new().await;
    let asked = site
        .send(
            "",
            Method::OPTIONS,
            "/api/models/a/b",
            &[("origin", "https://x.org"), ("access-control-request-method", "GET")],
            Body::empty(),
        )
        .await
        .ok();
    assert!(asked.header("access-control-allow-headers").unwrap().to_lowercase().contains("authorization"));
}
