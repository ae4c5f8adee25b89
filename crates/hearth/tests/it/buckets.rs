//! Buckets over HTTP: what is refused, what is hidden, and the parts that no client shows.

use axum::body::Body;
use axum::http::{Method, Request};
use futures::StreamExt as _;
use hub_core::Limits;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::site::{Answer, Site};
use crate::xet::Packed;

impl Site {
    async fn bring_to(&self, who: &str, bucket: &str, content: &[u8]) -> Packed {
        let token = self.get(who, &format!("/api/buckets/{bucket}/xet-write-token")).await.ok().json();
        self.bring_xet(token["accessToken"].as_str().unwrap(), content).await
    }

    async fn change_bucket(&self, who: &str, bucket: &str, lines: &[Value]) -> Answer {
        let body = lines.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
        let headers = [("content-type", "application/x-ndjson")];
        self.send(who, Method::POST, &format!("/api/buckets/{bucket}/batch"), &headers, body).await
    }
}

fn add(path: &str, file: &Packed) -> Value {
    json!({ "type": "addFile", "path": path, "xetHash": file.hash(), "mtime": 1_700_000_000_123.5, "contentType": "a/b" })
}

async fn a_bucket_works_on(site: Site) {
    let made = site.post("alice", "/api/buckets/me/b", json!({ "private": null })).await.ok().json();
    assert_eq!((&made["url"], &made["name"]), (&json!("http://hub.test/buckets/alice/b"), &json!("alice/b")));
    let again = site.post("alice", "/api/buckets/alice/b", json!({})).await;
    assert_eq!(again.fails(409, None, "already").json()["url"], made["url"]);
    let file = site.bring_to("alice", "alice/b", b"some content").await;
    let done = site.change_bucket("alice", "alice/b", &[add("d/f.txt", &file)]).await.ok().json();
    assert_eq!(done, json!({ "success": true, "processed": 1, "succeeded": 1, "failed": [] }));
    let tree = site.get("", "/api/buckets/alice/b/tree?recursive=True").await.ok().json();
    assert_eq!(tree[0]["mtime"], "2023-11-14T22:13:20.123Z");
    assert_eq!((&tree[0]["mtimeNanos"], &tree[0]["contentType"]), (&json!(500_000), &json!("a/b")));
    let answer = site.get("", "/buckets/alice/b/resolve/d/f.txt").await.ok();
    assert_eq!(answer.body, b"some content");
    let head = site.head("", "/buckets/alice/b/resolve/d%2Ff.txt").await.ok();
    assert_eq!(head.header("x-linked-size"), Some("12"));
    assert!(head.header("link").unwrap().contains("/api/buckets/alice/b/xet-read-token>; rel=\"xet-auth\""));
    site.get("", "/buckets/alice/b/resolve/d").await.fails(404, Some("EntryNotFound"), "not found");
    let info = site.get("", "/api/buckets/alice/b").await.ok().json();
    assert_eq!((&info["size"], &info["totalFiles"], &info["cdnRegions"]), (&json!(12), &json!(1), &json!([])));
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let asked = site.send("", Method::POST, "/api/buckets/alice/b/paths-info", &form, "paths=d/f.txt&paths=x").await;
    assert_eq!(asked.ok().json().as_array().unwrap().len(), 1);
    let overview = site.get("", "/api/quicksearch?q=b&type=bucket").await.ok().json();
    assert_eq!(overview["buckets"], json!([{ "id": "alice/b" }]));

    // Pages.
    let page = site.get("", "/buckets/alice/b").await.ok().text();
    assert!(page.contains("/buckets/alice/b/tree/d") && page.contains("hf sync"), "{page}");
    assert!(site.get("", "/buckets/alice/b/tree/d").await.ok().text().contains("/buckets/alice/b/resolve/d/f.txt"));
    assert_eq!(site.get("", "/buckets/alice/b/tree/nothing").await.status, 404);
    assert!(site.get("", "/alice").await.ok().text().contains("/buckets/alice/b"));

    // A model made of what the bucket holds, without sending it.
    site.post("alice", "/api/repos/create", json!({ "name": "m" })).await.ok();
    let sha256 = answer.header("etag").unwrap().trim_matches('"').to_owned();
    let target = json!({ "type": "model", "name": "alice/m" });
    let unknown = "0".repeat(64);
    let files = json!([{ "xetHash": file.hash(), "sha256": sha256 }, { "xetHash": unknown, "sha256": unknown }]);
    let path = "/api/buckets/alice/b/lfs-files/duplicate";
    let handed = site.post("alice", path, json!({ "target": target, "files": files })).await.ok().json();
    assert_eq!((&handed["succeeded"], &handed["failed"][0]["sha256"]), (&json!(1), &json!(unknown)));

    // Everything is as before under another name, and hidden things look like missing ones.
    let moved = json!({ "fromRepo": "alice/b", "toRepo": "alice/c", "type": "bucket" });
    site.post("alice", "/api/repos/move", moved).await.ok();
    let led = site.get("", "/api/buckets/alice/b/tree/d").await;
    assert_eq!((led.status.as_u16(), led.header("location")), (307, Some("/api/buckets/alice/c/tree/d")));
    let hidden = site.put("alice", "/api/buckets/alice/c/settings", json!({ "private": true })).await.ok().json();
    assert_eq!(hidden, json!({ "private": true, "cdnRegions": [] }));
    for (who, status) in [("", 401), ("carol", 404)] {
        for path in ["", "/tree", "/tree/d", "/xet-read-token", "/xet-write-token", "/events", "/resource-group"] {
            for name in ["c", "b", "nothing"] {
                let answer = site.get(who, &format!("/api/buckets/alice/{name}{path}")).await;
                answer.fails(status, Some("RepoNotFound"), "Repository not found");
            }
        }
        site.get(who, "/buckets/alice/c/resolve/d/f.txt").await.fails(
            status,
            Some("RepoNotFound"),
            "Repository not found",
        );
    }
    assert_eq!(site.get("carol", "/api/buckets/alice").await.ok().json(), json!([]));
    site.get("", "/api/buckets/me").await.fails(401, None, "signed in");
    site.get("", "/api/buckets/no-one").await.fails(404, None, "no user or organization");
    site.delete("alice", "/api/buckets/me/c").await.ok();
    site.get("alice", "/api/buckets/me/c").await.fails(404, Some("RepoNotFound"), "Repository not found");
}

#[tokio::test]
async fn a_bucket_works() {
    a_bucket_works_on(Site::new().await).await;
    if let Some(site) = Site::on_s3(Limits::default()).await {
        a_bucket_works_on(site).await;
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let site = Site::new().await;
    site.post("alice", "/api/buckets/alice/b", json!({})).await.ok();
    let file = site.bring_to("alice", "alice/b", b"content").await;
    let gone = json!({ "type": "deleteFile", "path": "x" });
    let refused = [
        vec![gone.clone(), add("y", &file)],
        vec![add("y", &file), json!({ "type": "moveFile", "path": "y" })],
        vec![add("y", &file), json!([])],
        vec![add("y", &file), json!({ "type": "addFile", "path": 5, "xetHash": file.hash() })],
        vec![add("y", &file), json!({ "type": "deleteFile", "path": "y".repeat(20 << 10) })],
    ];
    for lines in refused {
        let answer = site.change_bucket("alice", "alice/b", &lines).await;
        assert!(matches!(answer.status.as_u16(), 400 | 413), "{answer:?}");
    }
    assert_eq!(site.get("", "/api/buckets/alice/b/tree").await.ok().json(), json!([]));
    // What is wrong with one operation is told of that one.
    let odd = [
        json!({ "type": "addFile", "path": "/y", "xetHash": file.hash() }),
        json!({ "type": "addFile", "path": "y", "xetHash": "beef" }),
        json!({ "type": "addFile", "path": "y", "xetHash": file.hash(), "mtime": 1e300 }),
        json!({ "type": "addFile", "path": "y", "xetHash": file.hash(), "contentType": "a\nb" }),
        json!({ "type": "copyFile", "path": "y", "xetHash": file.hash(), "sourceRepoType": "pie", "sourceRepoId": "a/b" }),
        json!({ "type": "deleteFile", "path": "\u{0}" }),
    ];
    let answer = site.change_bucket("alice", "alice/b", &odd).await;
    assert_eq!((answer.status.as_u16(), answer.json()["failed"].as_array().unwrap().len()), (422, odd.len()));
    for path in ["?limit=x", "?sort=size", "?cursor=%00", "?direction=up"] {
        site.get("", &format!("/api/buckets/alice/b/tree{path}")).await.fails(400, None, "");
    }
    for body in [json!({}), json!({ "paths": 1 }), json!({ "paths": vec!["x"; 10_001] })] {
        site.post("", "/api/buckets/alice/b/paths-info", body).await.fails(400, None, "");
    }
    site.post("alice", "/api/buckets/alice/bad..name", json!({})).await.fails(422, None, "invalid repository name");
    let protected = json!({ "visibility": "protected" });
    site.post("alice", "/api/buckets/alice/p", protected.clone()).await.fails(422, None, "only a Space");
    site.put("alice", "/api/buckets/alice/b/settings", protected).await.fails(422, None, "only a Space");
    site.post("bob", "/api/buckets/alice/x", json!({})).await.fails(403, None, "rights to create");
    site.post("", "/api/buckets/alice/x", json!({})).await.fails(401, None, "signed in");
    let new = json!({ "name": "r", "type": "bucket", "license": "mit" });
    site.post("alice", "/api/repos/create", new).await.fails(422, None, "begins empty");
    // No door of git leads to a bucket.
    for path in ["/buckets/alice/b.git/info/refs?service=git-upload-pack", "/buckets/alice/b/commits/main"] {
        assert_eq!(site.get("alice", path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_quota_holds_for_copies_too() {
    let site = Site::with_limits(Limits { namespace_bytes: 1000, ..Limits::default() }).await;
    site.post("alice", "/api/buckets/alice/a", json!({})).await.ok();
    let file = site.bring_to("alice", "alice/a", &[1; 600]).await;
    site.change_bucket("alice", "alice/a", &[add("x", &file), add("y", &file)]).await.ok();
    site.post("alice", "/api/buckets/alice/b", json!({})).await.ok();
    let copy = json!({
        "type": "copyFile", "path": "x", "xetHash": file.hash(), "sourceRepoType": "bucket", "sourceRepoId": "alice/a",
    });
    site.change_bucket("alice", "alice/b", std::slice::from_ref(&copy)).await.fails(403, None, "bytes");
    site.change_bucket("alice", "alice/a", &[json!({ "type": "deleteFile", "path": "x" })]).await.ok();
    site.change_bucket("alice", "alice/b", &[copy]).await.fails(403, None, "bytes");
}

#[tokio::test]
async fn followers_hear_of_changes() {
    let site = Site::new().await;
    site.post("alice", "/api/buckets/alice/b", json!({})).await.ok();
    let since = site.get("", "/api/buckets/alice/b").await.ok().json()["updatedAt"].as_str().unwrap().to_owned();
    let file = site.bring_to("alice", "alice/b", b"content").await;
    site.change_bucket("alice", "alice/b", &[add("f", &file)]).await.ok();
    let request =
        Request::builder().uri(format!("/api/buckets/alice/b/events?since={since}")).header("host", "hub.test");
    let response = site.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut events = response.into_body().into_data_stream();
    let mut next = async || String::from_utf8(events.next().await.unwrap().unwrap().to_vec()).unwrap();
    let told = next().await;
    assert!(told.starts_with("event: changes\ndata: {") && told.ends_with("}\n\n"), "{told}");
    assert!(told.contains("\"op\":\"add\"") && told.contains(&file.hash().to_string()), "{told}");
    assert!(next().await.starts_with("event: ready\n"));
    site.change_bucket("alice", "alice/b", &[json!({ "type": "deleteFile", "path": "f" })]).await.ok();
    assert!(next().await.contains("\"op\":\"delete\""));
    // Whoever may not know of it any longer hears nothing more.
    site.put("alice", "/api/buckets/alice/b/settings", json!({ "private": true })).await.ok();
    assert!(next().await.starts_with("event: reconnect\n"));
    for wrong in ["cursor=x", "cursor=1", "since=now"] {
        site.get("alice", &format!("/api/buckets/alice/b/events?{wrong}")).await.fails(400, None, "");
    }
}
