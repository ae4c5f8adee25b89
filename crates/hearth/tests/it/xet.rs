//! Xet: tokens, files that come and go in chunks, and what nobody gets that way.

use axum::http::Method;
use hub_core::{Limits, Sha256, XetHash};
use hub_formats::xet::shard::{ShardFile, ShardXorb, Term, write_upload};
use hub_formats::xet::xorb::{ChunkRange, Xorb, XorbBuilder};
use hub_formats::xet::{ChunkBuffer, HashTree, chunk_hash};
use serde_json::{Value, json};

use crate::site::{Answer, Site, URL, sha256};

/// What a client makes of one file: a xorb and a shard.
pub(crate) struct Packed {
    pub(crate) xorb: Option<Xorb>,
    pub(crate) file: ShardFile,
}

impl Packed {
    pub(crate) fn new(content: &[u8]) -> Self {
        let (mut builder, mut tree) = (XorbBuilder::new(), HashTree::new());
        let mut pack = |chunk: &[u8]| {
            let hash = chunk_hash(chunk);
            builder.push(hash, chunk);
            tree.push(hash, chunk.len() as u64);
        };
        let mut buffer = ChunkBuffer::new();
        let cut: Result<(), std::convert::Infallible> = buffer.push(content, |chunk| {
            pack(chunk);
            Ok(())
        });
        let Ok(()) = cut;
        if let Some(last) = buffer.finish() {
            pack(&last);
        }
        let hash = tree.file_hash();
        let Some(xorb) = builder.finish() else {
            let file = ShardFile { hash, terms: vec![], range_hashes: None, sha256: Some(Sha256::new([0; 32])) };
            return Self { xorb: None, file };
        };
        let chunks = ChunkRange::new(0, xorb.table.bounds().count()).unwrap();
        let term = Term { xorb: xorb.table.hash(), chunks, raw_bytes: content.len() as u32 };
        let proof = xorb.table.range_hash(chunks).unwrap();
        let sha256 = Some(sha256(content).parse().unwrap());
        let file = ShardFile { hash, terms: vec![term], range_hashes: Some(vec![proof]), sha256 };
        Self { xorb: Some(xorb), file }
    }

    pub(crate) fn hash(&self) -> XetHash {
        self.file.hash
    }

    pub(crate) fn xorb(&self) -> &Xorb {
        self.xorb.as_ref().unwrap()
    }

    pub(crate) fn shard(&self) -> Vec<u8> {
        let xorbs: Vec<ShardXorb> = self.xorb.iter().map(|xorb| ShardXorb::from(&xorb.table)).collect();
        write_upload(std::slice::from_ref(&self.file), &xorbs)
    }
}

/// Bytes that do not repeat.
pub(crate) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    (0..len).map(|_| next()).collect()
}

impl Site {
    pub(crate) async fn xet_token(&self, who: &str, repo: &str, scope: &str) -> String {
        let answer = self.get(who, &format!("/api/{repo}/xet-{scope}-token/main")).await.ok();
        let token = answer.json();
        assert_eq!(answer.header("x-xet-access-token"), token["accessToken"].as_str());
        assert_eq!(answer.header("x-xet-token-expiration"), Some(token["exp"].to_string().as_str()));
        assert_eq!(answer.header("x-xet-cas-url"), Some("http://hub.test/xet/e1"));
        assert_eq!(token["casUrl"], "http://hub.test/xet/e1");
        token["accessToken"].as_str().unwrap().to_owned()
    }

    /// Sends a request with a token of the chunk store.
    pub(crate) async fn cas(&self, token: &str, method: Method, path: &str, range: &str, body: Vec<u8>) -> Answer {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("authorization", bearer.as_str())];
        if !range.is_empty() {
            headers.push(("range", range));
        }
        self.send("", method, &format!("/xet/e1{path}"), &headers, body).await
    }

    pub(crate) async fn cas_get(&self, token: &str, path: &str) -> Answer {
        self.cas(token, Method::GET, path, "", vec![]).await
    }

    pub(crate) async fn cas_post(&self, token: &str, path: &str, body: Vec<u8>) -> Answer {
        self.cas(token, Method::POST, path, "", body).await
    }

    /// Sends a shard and gives the last line of the answer.
    pub(crate) async fn send_shard(&self, token: &str, shard: Vec<u8>) -> Value {
        let answer = self.cas_post(token, "/v2/shards", shard).await.ok();
        assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
        let text = answer.text();
        serde_json::from_str(text.lines().next_back().unwrap()).unwrap()
    }

    /// Brings a file to whatever the token is for.
    pub(crate) async fn bring_xet(&self, token: &str, content: &[u8]) -> Packed {
        let packed = Packed::new(content);
        if let Some(xorb) = &packed.xorb {
            let path = format!("/v1/xorbs/default/{}", xorb.table.hash());
            self.cas_post(token, &path, xorb.body.clone()).await.ok();
        }
        assert_eq!(self.send_shard(token, packed.shard()).await, json!({ "type": "result" }));
        packed
    }

    /// Brings a file to a repository by Xet and commits it at `w.bin`.
    pub(crate) async fn upload_xet(&self, who: &str, repo: &str, content: &[u8]) -> Packed {
        let token = self.xet_token(who, repo, "write").await;
        let packed = self.bring_xet(&token, content).await;
        let value = json!({ "path": "w.bin", "algo": "sha256", "oid": sha256(content), "size": content.len() });
        self.commit(who, repo, &[json!({ "key": "lfsFile", "value": value })]).await.ok();
        packed
    }
}

/// Puts a file together from an answer of the second form, as clients do.
async fn reassemble(site: &Site, plan: &Value) -> Vec<u8> {
    let mut content = Vec::new();
    for term in plan["terms"].as_array().unwrap() {
        let entries = plan["xorbs"][term["hash"].as_str().unwrap()].as_array().unwrap();
        let range = &entries[0]["ranges"][0];
        assert_eq!(range["chunks"], term["range"], "one term, one range");
        let path = entries[0]["url"].as_str().unwrap().strip_prefix(URL).unwrap();
        let bytes = format!("bytes={}-{}", range["bytes"]["start"], range["bytes"]["end"]);
        let answer = site.send("", Method::GET, path, &[("range", &bytes)], vec![]).await;
        assert_eq!(answer.status, 206);
        let mut rest = &answer.body[..];
        while let Some((header, after)) = rest.split_first_chunk::<8>() {
            let length = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], 0]) as usize;
            assert_eq!(header[4], 0, "noise does not compress");
            content.extend_from_slice(&after[..length(5)]);
            rest = &after[length(1)..];
        }
    }
    content
}

#[tokio::test]
async fn a_file_that_comes_by_xet_is_there_for_everyone() {
    let site = Site::furnished().await;
    let content = noise(1, 700_000);
    let packed = Packed::new(&content);
    let token = site.xet_token("alice", "models/alice/m", "write").await;
    let xorb = packed.xorb();
    let at = |what: &str| format!("/v1/{what}/default/{}", xorb.table.hash());
    site.cas_post(&token, &at("xorb-grants"), b"{}".to_vec()).await.fails(404, None, "send it");
    let sent = site.cas_post(&token, &at("xorbs"), xorb.body.clone()).await.ok().json();
    assert_eq!(sent, json!({ "was_inserted": true }));
    let sent = site.cas_post(&token, &at("xorbs"), xorb.body.clone()).await.ok().json();
    assert_eq!(sent, json!({ "was_inserted": false }));
    site.cas_post(&token, &at("xorb-grants"), b"{}".to_vec()).await.ok();
    let size = site.cas(&token, Method::HEAD, &at("xorbs"), "", vec![]).await.ok();
    assert_eq!(size.header("content-length"), Some(xorb.body.len().to_string().as_str()));
    assert_eq!(site.send_shard(&token, packed.shard()).await, json!({ "type": "result" }));
    let again = site.cas_post(&token, "/v1/shards", packed.shard()).await.ok().json();
    assert_eq!(again, json!({ "result": 0 }));

    let oid = sha256(&content);
    let batch = site.batch("alice", "alice/m", "upload", &oid, content.len()).await.ok().json();
    assert!(batch["objects"][0].get("actions").is_none(), "git-lfs need not send it");
    let value = json!({ "path": "w.bin", "algo": "sha256", "oid": oid, "size": content.len() });
    site.commit("alice", "models/alice/m", &[json!({ "key": "lfsFile", "value": value })]).await.ok();

    let whole = site.get("", "/alice/m/resolve/main/w.bin").await.ok();
    assert!(whole.body == content);
    assert_eq!(whole.header("etag"), Some(format!("\"{oid}\"").as_str()));
    assert_eq!(whole.header("x-xet-hash"), Some(packed.hash().to_string().as_str()));
    let part = [("range", "bytes=99990-300009")];
    let part = site.send("", Method::GET, "/alice/m/resolve/main/w.bin", &part, vec![]).await;
    assert_eq!((part.status.as_u16(), part.body == content[99_990..300_010]), (206, true));
    let lfs = site.get("", &format!("/alice/m.git/info/lfs/objects/{oid}")).await.ok();
    assert!(lfs.body == content);
    let tree = site.get("", "/api/models/alice/m/tree/main").await.ok().json();
    let entry = tree.as_array().unwrap().iter().find(|entry| entry["path"] == "w.bin").unwrap();
    assert_eq!((&entry["xetHash"], &entry["lfs"]["oid"]), (&json!(packed.hash()), &json!(oid)));
    let entry = site.post("", "/api/models/alice/m/paths-info/main", json!({ "paths": ["w.bin"] })).await.ok().json();
    assert_eq!(entry[0]["xetHash"], json!(packed.hash()));
    assert!(site.engine.repos.check(true).await.unwrap().damages.is_empty());
}

#[tokio::test]
async fn a_download_says_where_the_chunks_are() {
    let site = Site::furnished().await;
    let content = noise(2, 300_000);
    let packed = site.upload_xet("alice", "models/alice/m", &content).await;
    let head = site.head("", "/alice/m/resolve/main/w.bin").await.ok();
    let commit = head.header("x-repo-commit").unwrap();
    let link = format!(
        "<{URL}/api/models/alice/m/xet-read-token/{commit}>; rel=\"xet-auth\", \
         <{URL}/xet/e1/v1/reconstructions/{}>; rel=\"xet-reconstruction-info\"",
        packed.hash()
    );
    assert_eq!(head.header("link"), Some(link.as_str()));
    let accept = [("accept", "application/vnd.xet-fileinfo+json, */*"), ("range", "bytes=0-0")];
    let info = site.send("", Method::GET, "/alice/m/resolve/main/w.bin", &accept, vec![]).await.ok();
    assert_eq!((info.status.as_u16(), info.header("content-type")), (200, Some("application/vnd.xet-fileinfo+json")));
    assert_eq!((info.header("x-linked-size"), info.header("link")), (Some("300000"), Some(link.as_str())));
    assert_eq!(info.json()["hash"], json!(packed.hash()));
    let small = site.send("", Method::GET, "/alice/m/resolve/main/.gitattributes", &accept, vec![]).await;
    assert_eq!((small.status.as_u16(), small.header("x-xet-hash")), (206, None));

    let token = site.xet_token("", "models/alice/m", "read").await;
    let path = format!("/v2/reconstructions/{}", packed.hash());
    let plan = site.cas_get(&token, &path).await.ok().json();
    assert_eq!(plan["offset_into_first_range"], 0);
    assert!(reassemble(&site, &plan).await == content);
    let part = site.cas(&token, Method::GET, &path, "bytes=150000-150099", vec![]).await.ok().json();
    let offset = part["offset_into_first_range"].as_u64().unwrap() as usize;
    let bytes = reassemble(&site, &part).await;
    assert!(bytes.len() < content.len() && bytes[offset..offset + 100] == content[150_000..150_100]);
    let first = site.cas_get(&token, &format!("/v1/reconstructions/{}", packed.hash())).await.ok().json();
    let xorb = packed.xorb().table.hash().to_string();
    assert_eq!(first["fetch_info"][&xorb][0]["range"], first["terms"][0]["range"]);
    let size = site.cas(&token, Method::HEAD, &format!("/v1/files/{}", packed.hash()), "", vec![]).await.ok();
    assert_eq!(size.header("content-length"), Some("300000"));

    let read = async |range: &str| site.cas(&token, Method::GET, &path, range, vec![]).await;
    read("bytes=300000-").await.fails(416, None, "after the end");
    read("bytes=9-8").await.fails(400, None, "ends before it begins");
    read("bytes=0-5,9-12").await.fails(400, None, "FIRST-LAST");
}

#[tokio::test]
async fn a_link_is_good_for_its_range_and_its_time() {
    let site = Site::furnished().await;
    let packed = site.upload_xet("alice", "datasets/alice/d", &noise(3, 300_000)).await;
    let token = site.xet_token("alice", "datasets/alice/d", "read").await;
    let path = format!("/v2/reconstructions/{}", packed.hash());
    let plan = site.cas(&token, Method::GET, &path, "bytes=250000-250001", vec![]).await.ok().json();
    let entry = &plan["xorbs"][packed.xorb().table.hash().to_string()][0];
    let link = entry["url"].as_str().unwrap().strip_prefix(URL).unwrap().to_owned();
    let (start, end) = (&entry["ranges"][0]["bytes"]["start"], &entry["ranges"][0]["bytes"]["end"]);
    let fetch = async |link: &str, range: String| site.send("", Method::GET, link, &[("range", &range)], vec![]).await;
    assert_eq!(fetch(&link, format!("bytes={start}-{end}")).await.status, 206);
    assert_eq!(fetch(&link, format!("bytes={start}-{start}")).await.body.len(), 1);
    fetch(&link, format!("bytes=0-{end}")).await.fails(403, None, "not valid");
    fetch(&link, format!("bytes={start}-{}", end.as_u64().unwrap() + 1)).await.fails(403, None, "not valid");
    let forged = format!("{}{}", &link[..link.len() - 1], if link.ends_with('A') { 'B' } else { 'A' });
    for wrong in [forged.as_str(), "/xet/e1/fetch?ticket=", "/xet/e1/fetch?ticket=abc"] {
        fetch(wrong, format!("bytes={start}-{end}")).await.fails(403, None, "not valid");
    }
    site.engine.clock.advance_millis(7 * 3600 * 1000);
    fetch(&link, format!("bytes={start}-{end}")).await.fails(403, None, "expired");
}

#[tokio::test]
async fn tokens_are_for_one_repository_one_purpose_and_one_hour() {
    let site = Site::furnished().await;
    let packed = site.upload_xet("alice", "datasets/alice/d", b"private content").await;
    let api = "/api/datasets/alice/d/xet";
    site.get("", &format!("{api}-read-token/main")).await.fails(401, Some("RepoNotFound"), "");
    site.get("carol", &format!("{api}-read-token/main")).await.fails(404, Some("RepoNotFound"), "");
    site.get("alice_read", &format!("{api}-write-token/main")).await.fails(403, None, "may not write");
    site.get("carol", "/api/models/alice/m/xet-write-token/main").await.fails(403, None, "");
    site.get("alice", &format!("{api}-read-token/nothing")).await.fails(404, Some("RevisionNotFound"), "");
    site.get("alice", &format!("{api}-write-token/None")).await.ok();

    let read = site.xet_token("alice", "datasets/alice/d", "read").await;
    let xorb = format!("/v1/xorbs/default/{}", packed.xorb().table.hash());
    let body = packed.xorb().body.clone();
    site.cas_post(&read, &xorb, body.clone()).await.fails(403, None, "ask for a write token");
    site.cas_post(&read, "/v2/shards", packed.shard()).await.fails(403, None, "ask for a write token");
    site.cas_get(&read, &format!("/v1/chunks/default/{}", XetHash::ZERO)).await.fails(403, None, "");
    let file = format!("/v2/reconstructions/{}", packed.hash());
    site.cas_get(&read, &file).await.ok();

    let ticket = site.batch("alice", "alice/m", "upload", &sha256(b"x"), 1).await.ok().json();
    let ticket = ticket["objects"][0]["actions"]["upload"]["href"].as_str().unwrap().split_once('=').unwrap().1;
    let altered = read.replacen(&read[..1], if read.starts_with('A') { "B" } else { "A" }, 1);
    for wrong in ["", "hf_alice", "a.b", ticket, &altered, &read[..read.len() - 3]] {
        site.cas_get(wrong, &file).await.fails(401, None, "");
        site.cas_post(wrong, &xorb, body.clone()).await.fails(401, None, "");
    }
    site.send("", Method::GET, &format!("/xet/e1{file}"), &[], vec![]).await.fails(401, None, "");
    site.engine.clock.advance_millis((3600 + 80) * 1000);
    site.cas_get(&read, &file).await.ok();
    site.engine.clock.advance_millis(20 * 1000);
    site.cas_get(&read, &file).await.fails(401, None, "");
}

/// A token of the chunk store is asked at each request whether its owner may still do what it permits.
#[tokio::test]
async fn a_token_ends_when_its_owner_loses_the_access() {
    let site = Site::furnished().await;
    let packed = site.upload_xet("alice", "datasets/alice/d", &noise(9, 100_000)).await;
    let path = format!("/v2/reconstructions/{}", packed.hash());
    let at = format!("/v1/xorbs/default/{}", packed.xorb().table.hash());
    let hide = async |private: bool| {
        site.put("alice", "/api/models/alice/m/settings", json!({ "private": private })).await.ok();
    };
    let open = site.upload_xet("alice", "models/alice/m", &noise(10, 100_000)).await;
    let open_path = format!("/v2/reconstructions/{}", open.hash());
    let anyone = site.xet_token("", "models/alice/m", "read").await;
    let carol = site.xet_token("carol", "models/alice/m", "read").await;
    site.cas_get(&anyone, &open_path).await.ok();
    hide(true).await;
    site.cas_get(&anyone, &open_path).await.fails(401, None, "");
    site.cas_get(&carol, &open_path).await.fails(401, None, "");
    hide(false).await;
    site.cas_get(&carol, &open_path).await.ok();

    let reader = site.xet_token("alice_read", "datasets/alice/d", "read").await;
    let writer = site.xet_token("alice", "datasets/alice/d", "write").await;
    site.cas_get(&reader, &path).await.ok();
    let accounts = site.engine.repos.accounts();
    let alice = accounts.namespace(&"alice".parse().unwrap()).await.unwrap().unwrap().id;
    let by = hub_account::By::Operator;
    let tokens = accounts.tokens(by, alice).await.unwrap();
    let read = tokens.iter().find(|token| token.grant.role == hub_core::TokenRole::Read).unwrap();
    accounts.revoke_token(by, alice, read.grant.id).await.unwrap();
    site.cas_get(&reader, &path).await.fails(401, None, "");
    site.cas_get(&writer, &path).await.ok();
    accounts.set_disabled(by, &"alice".parse().unwrap(), true).await.unwrap();
    site.cas_get(&writer, &path).await.fails(401, None, "");
    site.cas_post(&writer, &at, packed.xorb().body.clone()).await.fails(401, None, "");
    accounts.set_disabled(by, &"alice".parse().unwrap(), false).await.unwrap();
    let gone = json!({ "name": "d", "type": "dataset" }).to_string();
    site.send("alice", Method::DELETE, "/api/repos/delete", &[], gone).await.ok();
    site.cas_get(&writer, &path).await.fails(401, None, "");
}

#[tokio::test]
async fn what_a_repository_does_not_hold_is_missing_for_its_tokens() {
    let site = Site::furnished().await;
    let content = noise(4, 200_000);
    let secret = site.upload_xet("alice", "datasets/alice/d", &content).await;
    site.post("carol", "/api/repos/create", json!({ "name": "own" })).await.ok();
    let carol = site.xet_token("carol", "models/carol/own", "write").await;
    let hash = secret.hash();
    let missing = XetHash::new([7; 32]);
    for path in ["/v1/reconstructions/", "/v2/reconstructions/"] {
        let hidden = site.cas_get(&carol, &format!("{path}{hash}")).await.fails(404, None, "there is no file");
        let absent = site.cas_get(&carol, &format!("{path}{missing}")).await.fails(404, None, "there is no file");
        assert_eq!(hidden.text().replace(&hash.to_string(), ""), absent.text().replace(&missing.to_string(), ""));
    }
    site.cas(&carol, Method::HEAD, &format!("/v1/files/{hash}"), "", vec![]).await.fails_silently(404);

    // Whoever knows hashes and no content cannot prove a term.
    let mut guessed = Packed { xorb: None, file: secret.file.clone() };
    guessed.file.range_hashes = Some(vec![XetHash::new([1; 32])]);
    let told = site.send_shard(&carol, guessed.shard()).await;
    assert_eq!((&told["type"], &told["retryable"]), (&json!("error"), &json!(false)));
    assert!(told["message"].as_str().unwrap().contains("verification hash"), "{told}");
    guessed.file.range_hashes = None;
    let told = site.send_shard(&carol, guessed.shard()).await;
    assert_eq!(told["type"], "error", "{told}");
    site.cas_post(&carol, "/v1/shards", guessed.shard()).await.fails(400, None, "");
    site.cas_get(&carol, &format!("/v2/reconstructions/{hash}")).await.fails(404, None, "");

    // Whoever has the content may bring it without sending it again.
    let told = site.send_shard(&carol, secret.shard()).await;
    assert_eq!(told, json!({ "type": "result" }));
    site.cas_get(&carol, &format!("/v2/reconstructions/{hash}")).await.ok();
}

#[tokio::test]
async fn what_is_wrong_is_refused_and_leaves_nothing() {
    let site = Site::furnished().await;
    let content = noise(5, 200_000);
    let packed = Packed::new(&content);
    let token = site.xet_token("alice", "models/alice/m", "write").await;
    let xorb = packed.xorb();
    let at = |hash: &XetHash| format!("/v1/xorbs/default/{hash}");
    let mut damaged = xorb.body.clone();
    damaged[5000] ^= 1;
    let hash = xorb.table.hash();
    site.cas_post(&token, &at(&hash), damaged).await.fails(400, None, "refused");
    site.cas_post(&token, &at(&XetHash::new([3; 32])), xorb.body.clone()).await.fails(400, None, "refused");
    site.cas_post(&token, &at(&hash), xorb.body[..xorb.body.len() - 1].to_vec()).await.fails(400, None, "refused");
    site.cas_post(&token, &at(&hash), vec![]).await.fails(400, None, "refused");
    let told = site.send_shard(&token, packed.shard()).await;
    assert!(told["message"].as_str().unwrap().contains("not stored here"), "{told}");
    assert!(site.engine.blobs.list(None, 10).await.unwrap().is_empty());

    site.cas_post(&token, &at(&hash), xorb.body.clone()).await.ok();
    let mut other = Packed { xorb: None, file: packed.file.clone() };
    other.file.sha256 = Some(sha256(b"another").parse().unwrap());
    let told = site.send_shard(&token, other.shard()).await;
    assert!(told["message"].as_str().unwrap().contains("SHA-256"), "{told}");
    other.file.hash = XetHash::new([9; 32]);
    let told = site.send_shard(&token, other.shard()).await;
    assert!(told["message"].as_str().unwrap().contains("make up file"), "{told}");
    let told = site.send_shard(&token, b"no shard at all".to_vec()).await;
    assert_eq!(told["type"], "error");
    let line = json!({ "key": "lfsFile", "value": { "path": "w", "algo": "sha256", "oid": sha256(&content) } });
    site.commit("alice", "models/alice/m", &[line]).await.fails(400, None, "has not been uploaded");
}

#[tokio::test]
async fn what_is_not_offered_is_404_whoever_asks() {
    let site = Site::furnished().await;
    let hash = XetHash::ZERO;
    for (method, path) in [
        ("GET", format!("/v1/xorbs/default/{hash}")),
        ("PUT", format!("/v1/xorbs/default/{hash}")),
        ("GET", format!("/v1/xorb-grants/default/{hash}")),
        ("PUT", format!("/v1/files/{hash}")),
        ("GET", format!("/v1/xorb-commits/default/{hash}/grant/1")),
        ("POST", "/v3/shards".to_owned()),
        ("POST", format!("/v1/xorbs/elsewhere/{hash}")),
        ("POST", "/v1/xorbs/default/nonsense".to_owned()),
    ] {
        for token in ["", "nonsense", site.xet_token("alice", "models/alice/m", "write").await.as_str()] {
            let answer = site.cas(token, method.parse().unwrap(), &path, "", vec![]).await;
            let known = method == "POST" && path.starts_with("/v1/xorbs/") && token.len() < 20;
            assert_eq!(answer.status, if known { 401 } else { 404 }, "{method} {path} {token:?}");
        }
    }
    site.cas_post("", "/v1/telemetry", b"{}".to_vec()).await.ok();
}

#[tokio::test]
async fn a_plan_for_clients_of_xet_has_a_token_and_where_to_get_more() {
    let site = Site::furnished().await;
    let oid = sha256(b"weights");
    let body = json!({
        "operation": "upload", "transfers": ["basic", "multipart", "xet"], "hash_algo": "sha_256",
        "objects": [{ "oid": oid, "size": 7 }],
    });
    let path = "/alice/m.git/info/lfs/objects/batch";
    let plan = site.post("alice", path, body.clone()).await.ok().json();
    assert_eq!(plan["transfer"], "xet");
    let upload = &plan["objects"][0]["actions"]["upload"];
    assert_eq!(upload["href"], format!("{URL}/api/models/alice/m/xet-write-token/main"));
    assert_eq!(upload["header"]["X-Xet-Cas-Url"], format!("{URL}/xet/e1"));
    assert!(upload["header"]["X-Xet-Token-Expiration"].as_str().unwrap().parse::<u64>().is_ok());
    let token = upload["header"]["X-Xet-Access-Token"].as_str().unwrap();
    let packed = Packed::new(b"weights");
    let xorb = packed.xorb();
    site.cas_post(token, &format!("/v1/xorbs/default/{}", xorb.table.hash()), xorb.body.clone()).await.ok();
    site.cas_post(token, "/v1/shards", packed.shard()).await.ok();
    let plan = site.post("alice", path, body).await.ok().json();
    assert!(plan["objects"][0].get("actions").is_none());
    let down = json!({ "operation": "download", "transfers": ["xet"], "objects": [{ "oid": oid, "size": 7 }] });
    assert_eq!(site.post("", path, down).await.ok().json()["transfer"], "basic");
}

#[tokio::test]
async fn an_empty_file_needs_no_xorb() {
    let site = Site::furnished().await;
    let packed = site.upload_xet("alice", "models/alice/m", b"").await;
    assert_eq!(packed.hash(), XetHash::ZERO);
    let token = site.xet_token("", "models/alice/m", "read").await;
    let plan = site.cas_get(&token, &format!("/v2/reconstructions/{}", XetHash::ZERO)).await.ok().json();
    assert_eq!(plan, json!({ "offset_into_first_range": 0, "terms": [], "xorbs": {} }));
    assert_eq!(site.get("", "/alice/m/resolve/main/w.bin").await.ok().body, b"");
}

#[tokio::test]
async fn whoever_has_no_room_is_told_so() {
    let limits = Limits { namespace_bytes: 250_000, ..Limits::default() };
    let site = Site::with_limits(limits).await;
    site.post("alice", "/api/repos/create", json!({ "name": "m" })).await.ok();
    let packed = Packed::new(&noise(6, 300_000));
    let token = site.xet_token("alice", "models/alice/m", "write").await;
    let xorb = packed.xorb();
    site.cas_post(&token, &format!("/v1/xorbs/default/{}", xorb.table.hash()), xorb.body.clone()).await.ok();
    let told = site.send_shard(&token, packed.shard()).await;
    assert_eq!((&told["type"], &told["retryable"]), (&json!("error"), &json!(false)));
    assert!(told["message"].as_str().unwrap().contains("ask an administrator for more"), "{told}");
    site.cas_get(&token, &format!("/v2/reconstructions/{}", packed.hash())).await.fails(404, None, "");
    site.upload_xet("alice", "models/alice/m", &noise(7, 200_000)).await;
}

#[tokio::test]
async fn copies_move_no_bytes_and_deleted_files_give_their_room_back() {
    let site = Site::furnished().await;
    let content = noise(8, 300_000);
    let packed = site.upload_xet("alice", "datasets/alice/d", &content).await;
    let alone = site.engine.repos.storage_by_repo(0, 1).await.unwrap().remove(0).chunks;
    assert!(alone.own_bytes > 300_000 && alone.own_bytes == alone.stored_bytes, "{alone:?}");
    let before = site.engine.blobs.list(None, 100).await.unwrap();
    let files = json!([{ "xetHash": packed.hash(), "sha256": sha256(&content), "filename": "w.bin" }]);
    let handed = json!({ "target": { "type": "model", "name": "alice/m" }, "files": files });
    let answer = site.post("alice", "/api/datasets/alice/d/lfs-files/duplicate", handed).await.ok().json();
    assert_eq!(answer, json!({ "success": true, "processed": 1, "succeeded": 1, "failed": [] }));
    let twin = json!({ "repository": "alice/twin" });
    site.post("alice", "/api/datasets/alice/d/duplicate", twin).await.ok();
    assert!(site.get("alice", "/datasets/alice/twin/resolve/main/w.bin").await.ok().body == content);
    for repo in ["models/alice/m", "datasets/alice/twin"] {
        let token = site.xet_token("alice", repo, "read").await;
        site.cas_get(&token, &format!("/v2/reconstructions/{}", packed.hash())).await.ok();
    }
    assert_eq!(site.engine.blobs.list(None, 100).await.unwrap(), before);

    let [object] = &before[..] else { panic!("one xorb is one object") };
    let reasons = site.engine.repos.object_reasons(&object.key).await.unwrap();
    assert_eq!((reasons.files, reasons.bytes, reasons.is_named), (1, Some(object.size), true));
    let holders: Vec<String> = reasons.holders.iter().map(|addr| addr.repo_id().to_string()).collect();
    assert_eq!(holders, ["alice/m", "alice/d", "alice/twin"]);

    let sums = site.engine.repos.storage_by_repo(0, 10).await.unwrap();
    for repo in ["dataset alice/d", "dataset alice/twin", "model alice/m"] {
        let (kind, name) = repo.split_once(' ').unwrap();
        let sum = sums.iter().find(|sum| (sum.addr.kind.word(), sum.addr.repo_id().as_str()) == (kind, name)).unwrap();
        assert_eq!((sum.chunks.files, sum.chunks.file_bytes, sum.chunks.own_bytes), (1, 300_000, 0), "{repo}");
    }
    let body = json!({ "deletions": { "sha": [sha256(&content)], "rewriteHistory": true } });
    for repo in ["datasets/alice/d", "datasets/alice/twin"] {
        site.post("alice", &format!("/api/{repo}/lfs-files/batch"), body.clone()).await.ok();
    }
    let day = 24 * 3600 * 1000;
    let collect = async |days: i64| {
        site.engine.clock.advance_millis(days * day);
        site.engine.repos.collect_garbage(3600).await.unwrap();
        site.engine.cas.collect(&site.engine.repos).await.unwrap()
    };
    collect(40).await;
    assert_eq!(site.engine.cas.figures().await.unwrap().files, 0, "the model never committed it");
    collect(40).await;
    collect(40).await;
    assert!(site.engine.blobs.list(None, 100).await.unwrap().is_empty());
}
