//! Commits by JSON lines, and the question before them.

use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hub_core::Limits;
use serde_json::{Value, json};

use crate::site::{Answer, Site, URL, file};

const URL_OF_COMMIT: &str = "/api/models/alice/m/commit/main";

async fn send(site: &Site, body: &str) -> Answer {
    site.send("alice", Method::POST, URL_OF_COMMIT, &[("content-type", "application/x-ndjson")], body.to_owned()).await
}

fn header(value: Value) -> String {
    json!({ "key": "header", "value": value }).to_string()
}

#[tokio::test]
async fn a_commit_is_answered_with_its_id_and_url() {
    let site = Site::furnished().await;
    let encoded = json!({ "key": "file", "value": { "path": "a/b.bin", "content": STANDARD.encode([0, 1, 2]), "encoding": "base64" } });
    // The last line has no newline, as JavaScript sends it; blank lines are nothing.
    let body = format!("{}\r\n\n{encoded}", header(json!({ "summary": "one", "description": "more\nlines" })));
    let done = send(&site, &body).await.ok().json();
    let oid = done["commitOid"].as_str().unwrap();
    assert_eq!(done["commitUrl"], format!("{URL}/alice/m/commit/{oid}"));
    let commit = &site.get("", "/api/models/alice/m/commits/main").await.json()[0];
    assert_eq!(
        (&commit["id"], &commit["title"], &commit["message"]),
        (&json!(oid), &json!("one"), &json!("more\nlines"))
    );
    assert_eq!(site.get("", "/alice/m/resolve/main/a/b.bin").await.ok().body, [0, 1, 2]);
}

#[tokio::test]
async fn every_operation_does_what_it_says() {
    let site = Site::furnished().await;
    let commit = async |lines: &[Value]| site.commit("alice", "models/alice/m", lines).await;
    let op = |key: &str, value: Value| json!({ "key": key, "value": value });
    commit(&[file("a.txt", "a"), file("d/x", "x"), file("d/y", "y"), file("e/z", "z"), file("old.txt", "same")])
        .await
        .ok();
    commit(&[
        op("deletedFile", json!({ "path": "a.txt" })),
        op("deletedFolder", json!({ "path": "d/" })),
        op("deletedEntry", json!({ "path": "e" })),
        op("lfsFile", json!({ "path": "new.txt", "oldPath": "old.txt" })),
    ])
    .await
    .ok();
    let tree = site.get("", "/api/models/alice/m/tree/main?recursive=true").await.ok().json();
    let paths: Vec<&Value> = tree.as_array().unwrap().iter().map(|entry| &entry["path"]).collect();
    assert_eq!(paths, [".gitattributes", "new.txt"]);
    assert_eq!(site.get("", "/alice/m/resolve/main/new.txt").await.ok().text(), "same");
    commit(&[op("deletedFile", json!({ "path": "gone" }))]).await.fails(404, Some("EntryNotFound"), "gone");
    let renamed = json!({ "path": "newer.txt", "content": "other", "encoding": "utf-8", "oldPath": "new.txt" });
    commit(&[op("file", renamed)]).await.ok();
    site.get("", "/alice/m/resolve/main/new.txt").await.fails(404, Some("EntryNotFound"), "");
}

#[tokio::test]
async fn faulty_bodies_are_refused_and_leave_nothing() {
    let site = Site::furnished().await;
    let good = header(json!({ "summary": "s" }));
    for (body, status, words) in [
        (String::new(), 400, "no header"),
        (file("a", "a").to_string(), 400, "no header"),
        (format!("{good}\n{good}"), 400, "line 2: a second header"),
        (format!("{good}\n{{\"key\": \"file\", \"value\": {{\"pa"), 400, "line 2 of the body"),
        (format!("{good}\n{{\"key\": \"nothing\", \"value\": {{}}}}"), 400, "line 2 of the body"),
        (format!("{good}\n[1]"), 400, "line 2 of the body"),
        (header(json!({ "summary": " " })), 400, "summary"),
        (header(json!({ "summary": "s", "parentCommit": "x" })), 400, "parentCommit"),
        (
            format!(
                "{good}\n{}",
                json!({ "key": "file", "value": { "path": "a", "content": "!", "encoding": "base64" } })
            ),
            400,
            "not base64",
        ),
        (
            format!(
                "{good}\n{}",
                json!({ "key": "file", "value": { "path": "a", "content": "", "encoding": "rot13" } })
            ),
            400,
            "encoding",
        ),
        (format!("{good}\n{}", json!({ "key": "lfsFile", "value": { "path": "a", "oid": "12" } })), 400, "SHA-256"),
        (
            format!(
                "{good}\n{}",
                json!({ "key": "lfsFile", "value": { "path": "a", "oid": "0".repeat(64), "algo": "sha256", "size": 1 } })
            ),
            400,
            "has not been uploaded",
        ),
        (format!("{good}\n{}\n{}", file("a", "1"), file("a", "2")), 400, "more than once"),
        (format!("{good}\n{}\n{}", file("a", "1"), file("A", "2")), 422, "differ only in case"),
        (format!("{good}\n{}\n{}", file("a", "1"), file("a/b", "2")), 422, "both as a file and as a folder"),
    ] {
        send(&site, &body).await.fails(status, None, words);
    }
    for path in ["../x", "/x", "a//b", ".git/config", "a/.GIT/x", "a\u{1}b", "", &"x".repeat(300)] {
        send(&site, &format!("{good}\n{}", file(path, "x"))).await.fails(422, None, "invalid path");
    }
    let commits = site.get("", "/api/models/alice/m/commits/main").await.ok();
    assert_eq!(commits.header("x-total-count"), Some("1"));
}

#[tokio::test]
async fn a_stale_parent_and_a_missing_branch_are_told() {
    let site = Site::furnished().await;
    let sha = site.get("", "/api/models/alice/m").await.json()["sha"].as_str().unwrap().to_owned();
    let on_parent = format!("{}\n{}", header(json!({ "summary": "s", "parentCommit": sha })), file("a", "1"));
    send(&site, &on_parent).await.ok();
    let stale = "The branch was updated since you opened this page. Please refresh and try again.";
    send(&site, &on_parent).await.fails(412, None, stale);
    let elsewhere =
        site.send("alice", Method::POST, "/api/models/alice/m/commit/nothing", &[], on_parent.clone()).await;
    elsewhere.fails(404, Some("RevisionNotFound"), "nothing");
    let at_commit =
        site.send("alice", Method::POST, &format!("/api/models/alice/m/commit/{sha}"), &[], on_parent.clone()).await;
    at_commit.fails(404, Some("RevisionNotFound"), "");
    let pull_request = format!("{URL_OF_COMMIT}?create_pr=1");
    // A pull request may begin where the branch was.
    site.send("alice", Method::POST, &pull_request, &[], on_parent).await.ok();
}

#[tokio::test]
async fn large_bodies_and_lines_have_bounds() {
    let limits =
        Limits { plain_blob_bytes: 2000, commit_body_bytes: 300_000, commit_operations: 3, ..Limits::default() };
    let site = Site::with_limits(limits).await;
    site.post("alice", "/api/repos/create", json!({ "name": "m" })).await.ok();
    let big = "x".repeat(2001);
    site.commit("alice", "models/alice/m", &[file("a", &big)]).await.fails(413, None, "upload it as a large file");
    let huge = "x".repeat(100_000);
    site.commit("alice", "models/alice/m", &[file("a", &huge)]).await.fails(413, None, "line of the body");
    let many: Vec<Value> = (0..4).map(|number| file(&format!("f{number}"), "x")).collect();
    site.commit("alice", "models/alice/m", &many).await.fails(413, None, "at most 3 operations");
    let lines = vec![file("a", &"x".repeat(900)); 400];
    site.commit("alice", "models/alice/m", &lines).await.fails(413, None, "");
}

#[tokio::test]
async fn twelve_writers_make_one_line_of_commits() {
    let site = Site::furnished().await;
    let lines: Vec<[Value; 1]> = (0..12).map(|number| [file(&format!("{number}.txt"), "x")]).collect();
    let writers = lines.iter().map(|lines| site.commit("alice", "models/alice/m", lines));
    for answer in futures::future::join_all(writers).await {
        answer.ok();
    }
    let commits = site.get("", "/api/models/alice/m/commits/main").await.ok();
    assert_eq!(commits.header("x-total-count"), Some("13"));
    let tree = site.get("", "/api/models/alice/m/tree/main").await.ok().json();
    assert_eq!(tree.as_array().unwrap().len(), 13);
}

#[tokio::test]
async fn before_an_upload_each_file_learns_how_it_shall_come() {
    let site = Site::furnished().await;
    let large = site.upload_large("alice", "alice/m", b"weights").await;
    let pointer =
        json!({ "key": "lfsFile", "value": { "path": "model.bin", "algo": "sha256", "oid": large, "size": 7 } });
    let ignored = file(".gitignore", "*.tmp\n");
    site.commit("alice", "models/alice/m", &[pointer, file("a.txt", "a"), ignored]).await.ok();
    let entry = site.post("", "/api/models/alice/m/paths-info/main", json!({ "paths": ["a.txt"] })).await.ok().json();
    let ask = json!({ "files": [
        { "path": "a.txt", "sample": STANDARD.encode("a"), "size": 1 },
        { "path": "model.bin", "sample": "", "size": 7 },
        { "path": "picture.xyz", "sample": STANDARD.encode([0, 1]), "size": 2 },
        { "path": "big.txt", "sample": STANDARD.encode("a"), "size": 11 << 20 },
        { "path": "empty.bin", "sample": "", "size": 0 },
        { "path": "x.tmp", "sample": "", "size": 1 },
    ] });
    let plan = site.post("alice", "/api/models/alice/m/preupload/main", ask.clone()).await.ok().json();
    let told = |index: usize| {
        let file = &plan["files"][index];
        (
            file["uploadMode"].as_str().unwrap().to_owned(),
            file["shouldIgnore"].as_bool().unwrap(),
            file["oid"].as_str().map(str::to_owned),
        )
    };
    assert_eq!(told(0), ("regular".to_owned(), false, entry[0]["oid"].as_str().map(str::to_owned)));
    assert_eq!(told(1), ("lfs".to_owned(), false, Some(large)));
    assert_eq!(told(2), ("lfs".to_owned(), false, None));
    assert_eq!(told(3), ("lfs".to_owned(), false, None));
    assert_eq!(told(4), ("regular".to_owned(), false, None));
    assert_eq!(told(5), ("regular".to_owned(), true, None));
    let bad = json!({ "files": [{ "path": "../x", "sample": "", "size": 1 }] });
    site.post("alice", "/api/models/alice/m/preupload/main", bad).await.fails(422, None, "invalid path");
    site.post("alice", "/api/models/alice/m/preupload/nothing", ask).await.fails(404, Some("RevisionNotFound"), "");
}
