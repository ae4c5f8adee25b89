//! Large files: planned, sent, verified, listed, purged.

use axum::body::Body;
use axum::http::Method;
use hub_core::Limits;
use serde_json::{Value, json};

use crate::site::{Answer, Site, URL, sha256};

async fn put(site: &Site, link: &Value, content: &[u8]) -> Answer {
    let path = link.as_str().unwrap().strip_prefix(URL).unwrap();
    site.send("", Method::PUT, path, &[], content.to_vec()).await
}

#[tokio::test]
async fn a_whole_upload_needs_no_token_and_is_verified() {
    let site = Site::furnished().await;
    let oid = sha256(b"weights");
    let plan = site.batch("alice", "alice/m", "upload", &oid, 7).await.ok();
    assert_eq!(plan.header("content-type"), Some("application/vnd.git-lfs+json"));
    let plan = plan.json();
    let actions = &plan["objects"][0]["actions"];
    assert_eq!((&plan["transfer"], &plan["objects"][0]["size"]), (&json!("basic"), &json!(7)));
    let verify = actions["verify"]["href"].as_str().unwrap().strip_prefix(URL).unwrap().to_owned();
    let object = json!({ "oid": oid, "size": 7 });
    site.post("alice", &verify, object.clone()).await.fails(404, None, "has not arrived");

    let link = &actions["upload"]["href"];
    put(&site, link, b"weightz").await.fails(422, None, "nothing was stored");
    put(&site, link, b"weigh").await.fails(422, None, "5 bytes");
    put(&site, link, b"weights and more").await.fails(422, None, "more than the announced 7");
    site.post("alice", &verify, object.clone()).await.fails(404, None, "has not arrived");
    put(&site, link, b"weights").await.ok();
    site.post("alice", &verify, object.clone()).await.ok();
    site.post("carol", &verify, object).await.fails(403, None, "");
    let again = site.batch("alice", "alice/m", "upload", &oid, 7).await.ok().json();
    assert!(again["objects"][0].get("actions").is_none());
    let forged = format!("{}x", link.as_str().unwrap());
    put(&site, &json!(forged), b"weights").await.fails(403, None, "not valid");
}

#[tokio::test]
async fn parts_are_put_together_and_verified() {
    let site = Site::with_limits(Limits { parts_from_bytes: 10, part_bytes: 8, ..Limits::default() }).await;
    site.post("alice", "/api/repos/create", json!({ "name": "m" })).await.ok();
    let content = b"the content of a file in three parts";
    let oid = sha256(content);
    let plan = site.batch("alice", "alice/m", "upload", &oid, content.len()).await.ok().json();
    assert_eq!(plan["transfer"], "multipart");
    let upload = &plan["objects"][0]["actions"]["upload"];
    let header = upload["header"].as_object().unwrap();
    let part_bytes: usize = header["chunk_size"].as_str().unwrap().parse().unwrap();
    let links: Vec<&Value> =
        header.iter().filter(|(name, _)| name.bytes().all(|b| b.is_ascii_digit())).map(|(_, link)| link).collect();
    assert_eq!(links.len(), content.len().div_ceil(part_bytes));
    put(&site, links[0], &content[..=part_bytes]).await.fails(400, None, "part 1 has");
    let mut parts = Vec::new();
    for (index, (link, part)) in links.iter().zip(content.chunks(part_bytes)).enumerate() {
        let etag = put(&site, link, part).await.ok().header("etag").unwrap().to_owned();
        parts.push(json!({ "partNumber": index + 1, "etag": etag }));
    }
    let complete = upload["href"].as_str().unwrap().strip_prefix(URL).unwrap();
    site.post("", complete, json!({ "oid": oid, "parts": parts })).await.ok();
    site.post("", complete, json!({ "oid": oid, "parts": parts })).await.ok();
    let down = site.get("", &format!("/alice/m.git/info/lfs/objects/{oid}")).await.ok();
    assert_eq!(down.body, content);
}

#[tokio::test]
async fn downloads_are_planned_for_what_is_there() {
    let site = Site::furnished().await;
    let oid = site.upload_large("alice", "alice/m", b"weights").await;
    let plan = site.batch("", "alice/m", "download", &oid, 7).await.ok().json();
    let link =
        plan["objects"][0]["actions"]["download"]["href"].as_str().unwrap().strip_prefix(URL).unwrap().to_owned();
    assert_eq!(site.get("", &link).await.ok().text(), "weights");
    let missing = site.batch("", "alice/m", "download", &"0".repeat(64), 7).await.ok().json();
    assert_eq!(missing["objects"][0]["error"]["code"], 404);
    let wrong = site.batch("alice", "alice/m", "upload", "xyz", 7).await.ok().json();
    assert_eq!(wrong["objects"][0]["error"]["code"], 422);
    site.batch("carol", "alice/m", "upload", &oid, 7).await.fails(403, None, "");
    let strange = json!({ "operation": "upload", "hash_algo": "md5", "objects": [] });
    site.post("alice", "/alice/m.git/info/lfs/objects/batch", strange).await.fails(422, None, "use sha256");
    // git-lfs asks its credential helper only after this header.
    let anonymous = site.batch("", "datasets/alice/d", "download", &oid, 7).await.fails(401, Some("RepoNotFound"), "");
    assert!(anonymous.header("lfs-authenticate").is_some());
}

#[tokio::test]
async fn to_know_a_hash_is_no_right_to_the_content() {
    let site = Site::furnished().await;
    let oid = site.upload_large("alice", "datasets/alice/d", b"secret").await;
    site.post("carol", "/api/repos/create", json!({ "name": "thief" })).await.ok();
    let plan = site.batch("carol", "carol/thief", "upload", &oid, 6).await.ok().json();
    assert!(plan["objects"][0]["actions"]["upload"].is_object(), "the bytes must be sent");
    let line = json!({ "key": "lfsFile", "value": { "path": "x", "algo": "sha256", "oid": oid, "size": 6 } });
    site.commit("carol", "models/carol/thief", &[line]).await.fails(
        400,
        None,
        "has not been uploaded to this repository",
    );
    site.get("carol", &format!("/carol/thief.git/info/lfs/objects/{oid}")).await.fails(404, None, "no such large file");
}

#[tokio::test]
async fn large_files_are_listed_purged_and_handed_over() {
    let site = Site::furnished().await;
    let oid = site.upload_large("alice", "alice/m", b"weights").await;
    let line = json!({ "key": "lfsFile", "value": { "path": "w.bin", "algo": "sha256", "oid": oid, "size": 7 } });
    site.commit("alice", "models/alice/m", &[line]).await.ok();
    let list = site.get("alice", "/api/models/alice/m/lfs-files").await.ok().json();
    assert_eq!(
        (&list[0]["fileOid"], &list[0]["filename"], &list[0]["size"]),
        (&json!(oid), &json!("w.bin"), &json!(7))
    );
    let handed = json!({ "target": { "type": "dataset", "name": "alice/d" }, "files": [{ "sha256": oid, "filename": "w.bin" }] });
    let answer = site.post("alice", "/api/models/alice/m/lfs-files/duplicate", handed).await.ok().json();
    assert_eq!(answer, json!({ "failed": [] }));
    let body = json!({ "deletions": { "sha": [oid], "rewriteHistory": true } });
    site.post("bob", "/api/models/alice/m/lfs-files/batch", body.clone()).await.fails(403, None, "");
    site.post("alice", "/api/models/alice/m/lfs-files/batch", body).await.ok();
    assert_eq!(site.get("alice", "/api/models/alice/m/lfs-files").await.ok().json(), json!([]));
    site.get("", "/alice/m/resolve/main/w.bin").await.fails(404, Some("EntryNotFound"), "");
    assert_eq!(site.get("alice", "/api/datasets/alice/d/lfs-files").await.ok().json()[0]["fileOid"], json!(oid));
}

#[tokio::test]
async fn locks_are_answered_and_not_given() {
    let site = Site::furnished().await;
    let base = "/alice/m.git/info/lfs/locks";
    assert_eq!(site.get("", base).await.ok().json(), json!({ "locks": [] }));
    assert_eq!(
        site.post("alice", &format!("{base}/verify"), json!({})).await.ok().json(),
        json!({ "ours": [], "theirs": [] })
    );
    site.post("alice", base, json!({ "path": "x" })).await.fails(501, None, "not locked here");
    site.send("carol", Method::POST, base, &[], Body::empty()).await.fails(403, None, "");
}
