//! Large files: planned, sent, verified, listed, purged.

use axum::body::Body;
use axum::http::Method;
use hub_account::{By, Transfer};
use hub_core::{Access, Limits, OrgRole, RepoAddr, RepoKind};
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
    site.post("", &verify, object).await.fails(401, None, "");
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
    // Who may read may propose, and so bring what a proposal needs; a branch takes a writer.
    site.batch("carol", "alice/m", "upload", &oid, 7).await.ok();
    site.batch("", "alice/m", "upload", &oid, 7).await.fails(401, None, "");
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
    assert_eq!(answer, json!({ "success": true, "processed": 1, "succeeded": 1, "failed": [] }));
    let body = json!({ "deletions": { "sha": [oid], "rewriteHistory": true } });
    site.post("bob", "/api/models/alice/m/lfs-files/batch", body.clone()).await.fails(403, None, "");
    site.post("alice", "/api/models/alice/m/lfs-files/batch", body).await.ok();
    assert_eq!(site.get("alice", "/api/models/alice/m/lfs-files").await.ok().json(), json!([]));
    site.get("", "/alice/m/resolve/main/w.bin").await.fails(404, Some("EntryNotFound"), "");
    assert_eq!(site.get("alice", "/api/datasets/alice/d/lfs-files").await.ok().json()[0]["fileOid"], json!(oid));
}

#[tokio::test]
async fn files_are_locked_by_one_person_for_a_branch_or_for_all() {
    let site = Site::new().await;
    let (acme, bob) = ("acme".parse().unwrap(), "bob".parse().unwrap());
    site.engine.accounts.put_member(By::Operator, &acme, &bob, OrgRole::Write).await.unwrap();
    site.post("alice", "/api/repos/create", json!({ "name": "m", "organization": "acme" })).await.ok();
    let base = "/acme/m.git/info/lfs/locks";
    assert_eq!(site.get("", base).await.ok().json(), json!({ "locks": [] }));
    let on = |path: &str, branch: &str| json!({ "path": path, "ref": { "name": branch } });
    let main = "refs/heads/main";
    let taken = site.post("alice", base, on("a.bin", main)).await;
    assert_eq!(taken.status, 201, "{}", taken.text());
    assert_eq!(taken.header("content-type"), Some("application/vnd.git-lfs+json"));
    let lock = taken.json()["lock"].clone();
    assert_eq!((&lock["path"], &lock["owner"]["name"]), (&json!("a.bin"), &json!("alice")));
    assert!(lock["locked_at"].as_str().unwrap().ends_with('Z'));
    let id = lock["id"].as_str().unwrap();

    // The same file for the same branch, or for all of them, is locked; for another branch it is free.
    let again = site.post("alice", base, on("a.bin", main)).await.fails(409, None, "already locked by alice").json();
    assert_eq!(again["lock"], lock);
    assert!(again["message"].as_str().unwrap().contains("already locked by alice"));
    site.post("bob", base, json!({ "path": "a.bin" })).await.fails(409, None, "already locked by alice");
    assert_eq!(site.post("bob", base, on("a.bin", "refs/heads/other")).await.status, 201);
    assert_eq!(site.post("bob", base, json!({ "path": "b/c.bin" })).await.status, 201);
    site.post("alice", base, on("b/c.bin", main)).await.fails(409, None, "already locked by bob");
    for wrong in [json!({ "path": "../x" }), json!({ "path": "" }), on("x", "main"), on("x", "refs/heads/a..b")] {
        site.post("alice", base, wrong).await.fails(422, None, "");
    }
    site.post("alice", base, json!({})).await.fails(400, None, "path");
    site.send("carol", Method::POST, base, &[], Body::from(r#"{"path":"x"}"#)).await.fails(403, None, "");

    // They are found by path, by id and by branch, and come in pages.
    let listed = async |query: &str| {
        let found = site.get("", &format!("{base}?{query}")).await.ok().json();
        let paths = found["locks"].as_array().unwrap().iter().map(|lock| lock["path"].as_str().unwrap().to_owned());
        let mut paths: Vec<String> = paths.collect();
        paths.sort();
        (paths, found["next_cursor"].as_str().map(str::to_owned))
    };
    assert_eq!(listed("").await.0, ["a.bin", "a.bin", "b/c.bin"]);
    assert_eq!(listed("path=a.bin&refspec=refs/heads/main").await.0, ["a.bin"]);
    assert_eq!(listed("refspec=refs/heads/third").await.0, ["b/c.bin"]);
    assert_eq!(listed(&format!("id={id}")).await.0, ["a.bin"]);
    assert_eq!(listed("id=nonsense").await.0, [""; 0]);
    let (first, cursor) = listed("limit=2").await;
    let (second, end) = listed(&format!("limit=2&cursor={}", cursor.unwrap())).await;
    assert_eq!((first.len() + second.len(), end), (3, None));
    site.get("", &format!("{base}?cursor=x")).await.fails(400, None, "cursor");

    // Before a push one's own are told apart.
    let verified = site.post("bob", &format!("{base}/verify"), json!({ "ref": { "name": main } })).await.ok().json();
    assert_eq!((&verified["ours"][0]["path"], &verified["ours"][1]), (&json!("b/c.bin"), &json!(null)));
    assert_eq!((&verified["theirs"][0]["path"], &verified["theirs"][1]), (&json!("a.bin"), &json!(null)));
    let page = site.post("bob", &format!("{base}/verify"), json!({ "limit": 1 })).await.ok().json();
    assert!(page["next_cursor"].is_string());

    // Who locked a file releases it; others need force, and the right to administer.
    let bobs = site.get("", &format!("{base}?path=b/c.bin")).await.ok().json()["locks"][0]["id"].clone();
    let unlock = |id: &str| format!("{base}/{id}/unlock");
    let forced = json!({ "force": true });
    site.post("bob", &unlock(id), forced.clone()).await.fails(403, None, "or an administrator");
    let bobs = unlock(bobs.as_str().unwrap());
    site.post("alice", &bobs, json!({})).await.fails(403, None, "--force");
    assert_eq!(site.post("alice", &bobs, forced).await.ok().json()["lock"]["owner"]["name"], json!("bob"));
    site.post("alice", &unlock(id), json!({})).await.ok();
    site.post("alice", &unlock(id), json!({})).await.fails(404, None, "released already");
    site.post("alice", &unlock("x"), json!({})).await.fails(404, None, "no such lock");
}

#[tokio::test]
async fn a_pass_opens_the_doors_of_large_files_in_its_direction_and_no_other() {
    let site = Site::furnished().await;
    site.post("alice", "/api/repos/create", json!({ "name": "p", "private": true })).await.ok();
    let (d, content) = ("datasets/alice/d", b"large content");
    let oid = site.upload_large("alice", d, content).await;
    let alice = site.engine.caller("alice").await;
    let addr = RepoAddr::parse(RepoKind::Dataset, "alice/d").unwrap();
    let key = site.engine.repos.open(&alice, &addr, Access::Read).await.unwrap().id().key();
    let pass = async |transfer| {
        let pass = site.engine.accounts.large_file_pass(&alice, key, transfer).await.unwrap();
        pass.value.reveal().strip_prefix("hf_").unwrap().to_owned()
    };
    let (down, up) = (pass(Transfer::Download).await, pass(Transfer::Upload).await);
    let lfs = format!("/{d}.git/info/lfs");
    let object = json!({ "oid": oid, "size": content.len() });

    let plan = site.batch(&down, d, "download", &oid, content.len()).await.ok().json();
    let action = &plan["objects"][0]["actions"]["download"];
    assert_eq!(action["header"]["Authorization"], json!(format!("Bearer hf_{down}")));
    let link = action["href"].as_str().unwrap().strip_prefix(URL).unwrap();
    assert_eq!(site.get(&down, link).await.ok().body, content);
    site.get(&down, &format!("{lfs}/locks")).await.ok();
    site.batch(&down, d, "upload", &oid, content.len()).await.fails(403, None, "may not open discussions");
    site.post(&down, &format!("{lfs}/objects/verify"), object.clone()).await.fails(403, None, "");
    site.post(&down, &format!("{lfs}/locks"), json!({ "path": "x" })).await.fails(403, None, "");
    site.post(&down, &format!("{lfs}/locks/verify"), json!({})).await.fails(403, None, "");

    site.batch(&up, d, "upload", &oid, content.len()).await.ok();
    site.post(&up, &format!("{lfs}/objects/verify"), object).await.ok();
    site.post(&up, &format!("{lfs}/locks"), json!({ "path": "x" })).await.ok();
    site.post(&up, &format!("{lfs}/locks/verify"), json!({})).await.ok();
    site.get(&up, &format!("{lfs}/locks")).await.ok();
    site.batch(&up, d, "download", &oid, content.len()).await.fails(403, None, "for uploads only");
    site.get(&up, link).await.fails(403, None, "for uploads only");

    for pass in [&down, &up] {
        // Another repository: one that everybody may read, and one that nobody else may know of.
        site.batch(pass, "alice/m", "download", &oid, 1).await.fails(403, None, "for another repository");
        site.get(pass, "/alice/m.git/info/lfs/locks").await.fails(403, None, "for another repository");
        site.batch(pass, "alice/p", "download", &oid, 1).await.fails(404, Some("RepoNotFound"), "");
        for path in ["/api/whoami-v2", "/api/datasets/alice/d", "/api/datasets/alice/d/xet-read-token/main"] {
            site.get(pass, path).await.fails(401, None, "Invalid credentials");
        }
        for service in ["git-upload-pack", "git-receive-pack"] {
            let answer = site.get(pass, &format!("/{d}.git/info/refs?service={service}")).await;
            assert_eq!(answer.status, 401, "{}", answer.text());
        }
        site.commit(pass, d, &[]).await.fails(401, None, "Invalid credentials");
        site.get(pass, &format!("/{d}/resolve/main/.gitattributes")).await.fails(401, None, "Invalid credentials");
    }
}

/// Makes a large object of the store grow to `size` bytes, the new ones being a hole that takes no space.
async fn stretch(site: &Site, oid: &str, size: u64) {
    let folder = site.engine.bytes_folder().join("large").join(&oid[..2]).join(&oid[2..4]);
    let copies: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [copy] = &copies[..] else { panic!("one copy: {copies:?}") };
    std::fs::OpenOptions::new().write(true).open(copy).unwrap().set_len(size).unwrap();
    hub_repo::testing::stretch_large_object(&site.engine.db, oid.parse().unwrap(), size).await.unwrap();
}

/// A header of safetensors with one tensor that fills the rest of a file of `size` bytes.
fn safetensors_header(size: u64) -> Vec<u8> {
    const LENGTH: u64 = 512;
    let bytes = size - 8 - LENGTH;
    let header = json!({
        "__metadata__": { "format": "pt" },
        "vast": { "dtype": "F16", "shape": [bytes / 2 / 1024, 1024], "data_offsets": [0, bytes / 2048 * 2048] },
        "rest": { "dtype": "U8", "shape": [bytes % 2048], "data_offsets": [bytes / 2048 * 2048, bytes] },
    });
    let mut text = LENGTH.to_le_bytes().to_vec();
    text.extend(format!("{header:<512}", header = header.to_string()).into_bytes());
    text
}

/// The same of GGUF.
fn gguf_header(size: u64) -> Vec<u8> {
    const DATA: u64 = 256;
    let text = |into: &mut Vec<u8>, text: &str| {
        into.extend((text.len() as u64).to_le_bytes());
        into.extend(text.as_bytes());
    };
    let mut header = b"GGUF".to_vec();
    header.extend(3_u32.to_le_bytes());
    header.extend(1_u64.to_le_bytes());
    header.extend(1_u64.to_le_bytes());
    text(&mut header, "general.architecture");
    header.extend(8_u32.to_le_bytes());
    text(&mut header, "llama");
    text(&mut header, "vast");
    header.extend(2_u32.to_le_bytes());
    for extent in [1024, (size - DATA) / 2048] {
        header.extend(u64::to_le_bytes(extent));
    }
    // Half precision, from the first byte of the data on.
    header.extend(1_u32.to_le_bytes());
    header.extend(0_u64.to_le_bytes());
    header.resize(DATA as usize, 0);
    header
}

#[tokio::test]
async fn headers_of_files_of_a_hundred_gibibytes_are_read_and_nothing_else() {
    const SIZE: u64 = 100 << 30;
    let site = Site::furnished().await;
    for (name, header) in [("model.safetensors", safetensors_header(SIZE)), ("model.gguf", gguf_header(SIZE))] {
        let oid = site.upload_large("alice", "alice/m", &header).await;
        stretch(&site, &oid, SIZE).await;
        let value = json!({ "path": name, "algo": "sha256", "oid": oid, "size": SIZE });
        site.commit("alice", "models/alice/m", &[json!({ "key": "lfsFile", "value": value })]).await.ok();
        let page = site.get("", &format!("/alice/m/blob/main/{name}")).await.ok().text();
        assert!(page.contains("<code>vast</code>") && page.contains("1024]") && page.contains("107 GB"), "{page}");
    }
    let told = site.get("", "/api/models/alice/m/safetensors-metadata/model.safetensors").await.ok().json();
    assert_eq!(told["headers"]["model.safetensors"]["vast"]["dtype"], "F16", "{told}");
    let facts = site.get("", "/api/models/alice/m?expand=safetensors&expand=gguf").await.ok().json();
    assert!(facts["safetensors"]["total"].as_u64() > Some(53_000_000_000), "{facts}");
    assert_eq!(facts["gguf"]["architecture"], "llama", "{facts}");
    // The end of the file is as near as its beginning.
    let range = [("range", "bytes=107374182390-107374182399")];
    let end = site.send("", Method::GET, "/alice/m/resolve/main/model.gguf", &range, Body::empty()).await;
    assert_eq!((end.status.as_u16(), end.body.len()), (206, 10));
}
