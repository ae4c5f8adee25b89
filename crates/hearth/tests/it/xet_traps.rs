//! Where clients of Xet and its written specification part: what a server must do that no specification says. The numbers
//! are those of the table in `docs/formats/xet.md`, which also names the traps that are tested elsewhere.

use axum::http::Method;
use serde_json::json;

use crate::site::Site;
use crate::xet::{Packed, noise};

const NOBODYS: &str = "0000000000000000000000000000000000000000000000000000000000000001";

/// Clients break an upload off at any other refusal: unknown routes and methods are 404 too, and not 405 or 501.
#[tokio::test]
async fn trap_2_only_404_says_that_something_is_not_offered() {
    let site = Site::furnished().await;
    let token = site.xet_token("alice", "models/alice/m", "write").await;
    let asked = json!({ "length": 10, "checksum": { "algo": "crc64nvme", "value": "1" } }).to_string();
    let grants = format!("/v1/xorb-grants/default/{NOBODYS}");
    site.cas_post(&token, &grants, asked.into_bytes()).await.fails(404, None, "send it");
    for (method, path) in
        [(Method::PUT, grants.as_str()), (Method::POST, "/v9/anything"), (Method::DELETE, "/v1/shards")]
    {
        assert_eq!(site.cas(&token, method, path, "", vec![]).await.status, 404, "{path}");
    }
}

/// A client that hears 200 sends nothing: only a xorb that is here and stays may be answered so.
#[tokio::test]
async fn trap_3_a_grant_is_answered_200_only_for_what_is_here() {
    let site = Site::furnished().await;
    let packed = Packed::new(&noise(1, 100_000));
    let token = site.xet_token("alice", "models/alice/m", "write").await;
    let hash = packed.xorb().table.hash();
    let (grants, xorbs) = (format!("/v1/xorb-grants/default/{hash}"), format!("/v1/xorbs/default/{hash}"));
    let asked = json!({ "length": packed.xorb().body.len() }).to_string().into_bytes();
    let mut damaged = packed.xorb().body.clone();
    damaged[100] ^= 1;
    site.cas_post(&token, &xorbs, damaged).await.fails(400, None, "refused");
    site.cas_post(&token, &grants, asked.clone()).await.fails(404, None, "");
    site.cas_post(&token, &xorbs, packed.xorb().body.clone()).await.ok();
    site.cas_post(&token, &grants, asked).await.ok();
    // Without being sent again, a month later.
    site.engine.clock.advance_millis(27 * 24 * 3600 * 1000);
    let token = site.xet_token("alice", "models/alice/m", "write").await;
    site.engine.cas.collect(&site.engine.repos).await.unwrap();
    assert_eq!(site.send_shard(&token, packed.shard()).await, json!({ "type": "result" }));
}

/// 404 and 501 send a client to the older route, anything else is the end: a refused shard is an answer of 200 whose last line
/// says so. That line is also the only text of a server that users get to see.
#[tokio::test]
async fn trap_4_and_24_a_shard_is_refused_in_the_last_line_of_an_answer() {
    let site = Site::furnished().await;
    let token = site.xet_token("alice", "models/alice/m", "write").await;
    let told = site.send_shard(&token, Packed::new(&noise(2, 50_000)).shard()).await;
    assert_eq!((&told["type"], &told["retryable"]), (&json!("error"), &json!(false)));
    let message = told["message"].as_str().unwrap();
    assert!(message.contains("not stored here") && message.contains("remove its cache"), "{message}");
}

/// Another answer than 404, above all 416, is taken for the end of the file, and the download for complete.
#[tokio::test]
async fn trap_5_and_10_a_missing_file_is_404_in_both_forms() {
    let site = Site::furnished().await;
    let token = site.xet_token("", "models/alice/m", "read").await;
    for form in ["v1", "v2"] {
        for range in ["", "bytes=0-255999999", "bytes=256000000-767999999"] {
            let path = format!("/{form}/reconstructions/{NOBODYS}");
            site.cas(&token, Method::GET, &path, range, vec![]).await.fails(404, None, "there is no file");
        }
    }
}

#[tokio::test]
async fn trap_6_chunks_are_asked_for_under_either_prefix() {
    let site = Site::furnished().await;
    let packed = site.upload_xet("alice", "models/alice/m", &noise(3, 200_000)).await;
    let token = site.xet_token("alice", "models/alice/m", "write").await;
    let first = packed.xorb().table.chunks()[0];
    for prefix in ["default", "default-merkledb"] {
        let answer = site.cas_get(&token, &format!("/v1/chunks/{prefix}/{first}")).await.ok();
        assert!(answer.body.starts_with(b"HFRepoMetaData\0"));
    }
    site.cas_get(&token, &format!("/v1/chunks/other/{first}")).await.fails(404, None, "");
}

/// The specification says POST, the client sends GET with a parameter for each file.
#[tokio::test]
async fn trap_9_several_files_are_asked_for_by_query_or_by_body() {
    let site = Site::furnished().await;
    let first = site.upload_xet("alice", "models/alice/m", &noise(4, 300_000)).await;
    let second = site.upload_xet("alice", "models/alice/m", &noise(5, 200_000)).await;
    let secret = site.upload_xet("alice", "datasets/alice/d", &noise(6, 100_000)).await;
    let token = site.xet_token("", "models/alice/m", "read").await;
    let (one, other) = (first.hash(), second.hash());
    let path = format!("/v1/reconstructions?file_id={one}&file_id={other}&file_id={one}");
    let queried = site.cas_get(&token, &path).await.ok().json();
    let body = json!([one, other]).to_string().into_bytes();
    let listed = site.cas_post(&token, "/v1/reconstructions", body).await.ok().json();
    for told in [&queried, &listed] {
        assert_eq!(told["files"].as_object().unwrap().len(), 2);
        for packed in [&first, &second] {
            let term = &told["files"][packed.hash().to_string()][0];
            let alone = site.cas_get(&token, &format!("/v1/reconstructions/{}", packed.hash())).await.ok().json();
            assert_eq!(*term, alone["terms"][0]);
            let fetch = &told["fetch_info"][term["hash"].as_str().unwrap()][0];
            assert_eq!((&fetch["range"], &fetch["url_range"]["start"]), (&term["range"], &json!(0)));
        }
    }
    let empty = json!({ "files": {}, "fetch_info": {} });
    assert_eq!(site.cas_get(&token, "/v1/reconstructions").await.ok().json(), empty);
    let hidden = format!("/v1/reconstructions?file_id={one}&file_id={}", secret.hash());
    site.cas_get(&token, &hidden).await.fails(404, None, "there is no file");
    site.cas_get(&token, "/v1/reconstructions?file_id=nonsense").await.fails(400, None, "no hash of a file");
    let many: Vec<String> = (0..1001).map(|_| NOBODYS.to_owned()).collect();
    let many = json!(many).to_string().into_bytes();
    site.cas_post(&token, "/v1/reconstructions", many).await.fails(400, None, "at most 1000");
}

#[tokio::test]
async fn trap_21_and_22_reports_of_any_form_are_taken_and_answers_to_shards_say_little() {
    let site = Site::furnished().await;
    for body in ["{\"user_agent\":\"x\"}", "{\"userAgent\":\"x\"}", "no json", ""] {
        site.cas_post("", "/v1/telemetry", body.as_bytes().to_vec()).await.ok();
    }
    let packed = site.upload_xet("alice", "models/alice/m", b"weights").await;
    let token = site.xet_token("alice", "models/alice/m", "write").await;
    let again = site.cas_post(&token, "/v1/shards", packed.shard()).await.ok().json();
    assert_eq!(again, json!({ "result": 0 }));
}

#[tokio::test]
async fn trap_23_old_clients_send_shards_without_a_version() {
    let site = Site::furnished().await;
    let packed = Packed::new(&noise(7, 100_000));
    let token = site.xet_token("alice", "models/alice/m", "write").await;
    let at = format!("/v1/xorbs/default/{}", packed.xorb().table.hash());
    site.cas_post(&token, &at, packed.xorb().body.clone()).await.ok();
    let told = site.cas_post(&token, "/shards", packed.shard()).await.ok().json();
    assert_eq!(told, json!({ "result": 1 }));
}

/// What a client remembers it remembers by address: after the word in it was changed, transfers by the old one go on.
#[tokio::test]
async fn trap_25_every_epoch_is_served() {
    let site = Site::furnished().await;
    let packed = site.upload_xet("alice", "models/alice/m", &noise(8, 100_000)).await;
    let token = site.xet_token("", "models/alice/m", "read").await;
    let bearer = format!("Bearer {token}");
    for epoch in ["e1", "e2", "after20260101"] {
        let path = format!("/xet/{epoch}/v2/reconstructions/{}", packed.hash());
        site.send("", Method::GET, &path, &[("authorization", &bearer)], vec![]).await.ok();
    }
}

/// Changes of a part of a file: for whom, and which parts.
#[tokio::test]
async fn a_part_of_a_file_is_changed_by_whoever_may_read_it() {
    let site = Site::furnished().await;
    let packed = site.upload_xet("alice", "datasets/alice/d", &noise(9, 900_000)).await;
    let path = format!("/xet/e1/v2/file-chunk-hashes/{}", packed.hash());
    let ask = async |token: &str, ranges: &str| {
        let bearer = format!("Bearer {token}");
        site.send("", Method::GET, &path, &[("authorization", &bearer), ("x-range-dirty", ranges)], vec![]).await
    };
    let mine = site.xet_token("alice", "datasets/alice/d", "write").await;
    let told = ask(&mine, "bytes=0-10, 899999-899999").await.ok().json();
    assert_eq!((&told["fileSize"], &told["hashRanges"][0]), (&json!(900_000), &json!(null)));
    for wrong in ["", "bytes=", "bytes=5-4", "bytes=-5", "0-1", "bytes=900000-900001"] {
        ask(&mine, wrong).await.fails(400, None, "");
    }
    let other = site.xet_token("alice", "models/alice/m", "write").await;
    ask(&other, "bytes=0-10").await.fails(404, None, "there is no file");
    ask("", "bytes=0-10").await.fails(401, None, "");
}
