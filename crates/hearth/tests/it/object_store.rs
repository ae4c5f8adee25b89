//! Bytes on an S3-compatible store: clients are sent there with links that carry their own permission.
//!
//! The tests need the server that `TEST_S3_ENDPOINT` names, as those of hub_blob do; `bin/test` starts one.

use axum::body::Body;
use axum::http::Method;
use hub_core::Limits;
use serde_json::{Value, json};

use crate::process::follow;
use crate::site::{Site, URL, sha256};
use crate::xet::Packed;

/// A site on S3 with the public model `alice/m`.
async fn furnished(limits: Limits) -> Option<Site> {
    let site = Site::on_s3(limits).await?;
    site.post("alice", "/api/repos/create", json!({ "name": "m" })).await.ok();
    Some(site)
}

/// Sends the content where the plan says, states that it has arrived, and commits it as `w.bin`.
async fn publish(site: &Site, content: &[u8]) {
    let oid = sha256(content);
    let plan = site.batch("alice", "alice/m", "upload", &oid, content.len()).await.ok().json();
    let actions = &plan["objects"][0]["actions"];
    let link = actions["upload"]["href"].as_str().unwrap();
    assert!(!link.starts_with(URL), "the bytes go straight to the store: {link}");
    let sent = follow("PUT", link, &[], content);
    assert_eq!(sent.status(), 200, "{sent:?}");
    verify(site, actions, &oid, content.len()).await;
    let value = json!({ "path": "w.bin", "algo": "sha256", "oid": oid, "size": content.len() });
    site.commit("alice", "models/alice/m", &[json!({ "key": "lfsFile", "value": value })]).await.ok();
}

async fn verify(site: &Site, actions: &Value, oid: &str, size: usize) {
    let verify = actions["verify"]["href"].as_str().unwrap().strip_prefix(URL).unwrap();
    site.post("alice", verify, json!({ "oid": oid, "size": size })).await.ok();
}

const FILE: &str = "/alice/m/resolve/main/w.bin";

#[tokio::test(flavor = "multi_thread")]
async fn a_download_is_sent_to_the_store() {
    let Some(site) = furnished(Limits::default()).await else { return };
    publish(&site, b"0123456789").await;
    let oid = sha256(b"0123456789");
    let answer = site.get("", FILE).await;
    assert_eq!(answer.status.as_u16(), 302, "{answer:?}");
    assert_eq!(answer.header("etag"), Some(format!("\"{oid}\"").as_str()));
    assert_eq!(answer.header("x-linked-size"), Some("10"));
    assert!(answer.header("x-repo-commit").is_some());
    let link = answer.header("location").unwrap().to_owned();
    assert!(!link.starts_with(URL) && !link.contains("hf_"), "{link}");

    let whole = follow("GET", &link, &[], b"");
    assert_eq!((whole.status(), whole.body()), (200, "0123456789"), "{whole:?}");
    assert!(whole.header("content-disposition").unwrap().contains("filename=\"w.bin\""), "{whole:?}");
    let part = follow("GET", &link, &[("Range", "bytes=2-4")], b"");
    assert_eq!((part.status(), part.body(), part.header("content-range")), (206, "234", Some("bytes 2-4/10")));
    assert_eq!(follow("GET", &link, &[("Range", "bytes=10-")], b"").status(), 416);
    let forged = link.replacen("Signature=", "Signature=0", 1);
    let refused = follow("GET", &forged, &[], b"");
    assert!(forged != link && refused.status() >= 400 && !refused.body().contains("0123"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_no_bytes_is_answered_here() {
    let Some(site) = furnished(Limits::default()).await else { return };
    publish(&site, b"0123456789").await;
    let oid = sha256(b"0123456789");
    // A link is good for GET only, so the head comes from here, with the real length.
    let head = site.head("", FILE).await.ok();
    assert_eq!((head.status.as_u16(), head.header("content-length")), (200, Some("10")));
    let tag = format!("\"{oid}\"");
    let same = site.send("", Method::GET, FILE, &[("if-none-match", &tag)], Body::empty()).await;
    assert_eq!(same.status.as_u16(), 304);
    let raw = site.get("", "/alice/m/raw/main/w.bin").await.ok();
    assert!(raw.text().contains(&oid), "the pointer is a small file: {}", raw.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_store_received_wrong_is_refused_when_it_is_verified() {
    let Some(site) = furnished(Limits::default()).await else { return };
    let oid = sha256(b"weights");
    let plan = site.batch("alice", "alice/m", "upload", &oid, 7).await.ok().json();
    let actions = &plan["objects"][0]["actions"];
    let link = actions["upload"]["href"].as_str().unwrap();
    assert_eq!(follow("PUT", link, &[], b"weightz").status(), 200);
    let verify = actions["verify"]["href"].as_str().unwrap().strip_prefix(URL).unwrap();
    site.post("alice", verify, json!({ "oid": oid, "size": 7 })).await.fails(422, None, "nothing was stored");
    let value = json!({ "path": "w.bin", "algo": "sha256", "oid": oid, "size": 7 });
    let refused = site.commit("alice", "models/alice/m", &[json!({ "key": "lfsFile", "value": value })]).await;
    refused.fails(400, None, "has not been uploaded to this repository");
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_go_straight_to_the_store() {
    const PART: u64 = 5 << 20;
    let limits = Limits { parts_from_bytes: PART, part_bytes: PART, ..Limits::default() };
    let Some(site) = furnished(limits).await else { return };
    // Text, so that the smallest of clients can hold it.
    let content: Vec<u8> = (0..(2 * PART + 1000)).map(|place| b'a' + (place % 23) as u8).collect();
    let oid = sha256(&content);
    let plan = site.batch("alice", "alice/m", "upload", &oid, content.len()).await.ok().json();
    assert_eq!(plan["transfer"], "multipart");
    let actions = &plan["objects"][0]["actions"];
    let header = actions["upload"]["header"].as_object().unwrap();
    let part_bytes: usize = header["chunk_size"].as_str().unwrap().parse().unwrap();
    let links = header.iter().filter(|(name, _)| name.bytes().all(|byte| byte.is_ascii_digit()));
    let mut parts = Vec::new();
    for ((number, link), part) in links.zip(content.chunks(part_bytes)) {
        let link = link.as_str().unwrap();
        assert!(!link.starts_with(URL), "{link}");
        let sent = follow("PUT", link, &[], part);
        assert_eq!(sent.status(), 200, "{sent:?}");
        let number: u32 = number.parse().unwrap();
        parts.push(json!({ "partNumber": number, "etag": sent.header("etag").unwrap() }));
    }
    let complete = actions["upload"]["href"].as_str().unwrap().strip_prefix(URL).unwrap();
    site.post("", complete, json!({ "oid": oid, "parts": parts })).await.ok();
    verify(&site, actions, &oid, content.len()).await;
    let value = json!({ "path": "w.bin", "algo": "sha256", "oid": oid, "size": content.len() });
    site.commit("alice", "models/alice/m", &[json!({ "key": "lfsFile", "value": value })]).await.ok();
    let answer = site.get("", FILE).await;
    let link = answer.header("location").unwrap();
    assert!(follow("GET", link, &[], b"").body().as_bytes() == content);
}

/// Xorbs go to the store and come from it by links; what was sent counts after it was checked.
#[tokio::test(flavor = "multi_thread")]
async fn trap_1_xorbs_go_straight_to_the_store_and_come_from_it() {
    let Some(site) = furnished(Limits::default()).await else { return };
    // Text in one chunk, so that the smallest of clients can hold it: it is stored as it is.
    let content = b"0123456789abcdef";
    let packed = Packed::new(content);
    let token = site.xet_token("alice", "models/alice/m", "write").await;
    let (hash, body) = (packed.xorb().table.hash(), &packed.xorb().body);
    let asked = json!({ "length": body.len(), "checksum": { "algo": "crc64nvme", "value": "1" } });
    let grants = format!("/v1/xorb-grants/default/{hash}");
    let answer = site.cas_post(&token, &grants, asked.to_string().into_bytes()).await;
    assert_eq!(answer.status.as_u16(), 201, "{answer:?}");
    let grant = answer.json();
    assert_eq!((&grant["method"], &grant["headers"]), (&json!("PUT"), &json!({})));
    let link = grant["url"].as_str().unwrap();
    assert!(!link.starts_with(URL), "{link}");
    let commit = format!("/v1/xorb-commits/default/{hash}/grant/{}", grant["id"].as_str().unwrap());
    site.cas_post(&token, &commit, vec![]).await.fails(404, None, "there is no xorb");
    assert_eq!(follow("PUT", link, &[], body).status(), 200);
    let told = site.send_shard(&token, packed.shard()).await;
    assert_eq!(told["type"], "error", "nothing counts before it was checked: {told}");
    let reader = site.xet_token("alice", "models/alice/m", "read").await;
    site.cas_post(&reader, &commit, vec![]).await.fails(403, None, "");
    assert_eq!(site.cas_post(&token, &commit, vec![]).await.ok().json(), json!({ "was_inserted": true }));
    assert_eq!(site.cas_post(&token, &commit, vec![]).await.ok().json(), json!({ "was_inserted": false }));
    site.cas_post(&token, &grants, asked.to_string().into_bytes()).await.ok();
    assert_eq!(site.send_shard(&token, packed.shard()).await, json!({ "type": "result" }));

    let plan = site.cas_get(&reader, &format!("/v2/reconstructions/{}", packed.hash())).await.ok().json();
    let entry = &plan["xorbs"][hash.to_string()][0];
    let (link, bytes) = (entry["url"].as_str().unwrap(), &entry["ranges"][0]["bytes"]);
    assert!(!link.starts_with(URL), "{link}");
    let range = format!("bytes={}-{}", bytes["start"], bytes["end"]);
    let part = follow("GET", link, &[("Range", &range)], b"");
    assert!(part.status() == 206 && part.body().as_bytes().ends_with(content), "{part:?}");

    let mut damaged = body.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let other = Packed::new(b"fedcba9876543210");
    let hash = other.xorb().table.hash();
    let asked = json!({ "length": damaged.len() }).to_string().into_bytes();
    let grant = site.cas_post(&token, &format!("/v1/xorb-grants/default/{hash}"), asked).await.json();
    assert_eq!(follow("PUT", grant["url"].as_str().unwrap(), &[], &damaged).status(), 200);
    let commit = format!("/v1/xorb-commits/default/{hash}/grant/{}", grant["id"].as_str().unwrap());
    site.cas_post(&token, &commit, vec![]).await.fails(400, None, "refused");
    assert_eq!(site.engine.blobs.list(None, 10).await.unwrap().len(), 1, "what is refused is not kept");
}
