//! The life of repositories and what is told of them.

use axum::http::Method;
use serde_json::json;

use crate::site::{Site, URL, file};

#[tokio::test]
async fn a_new_repository_tells_where_it_is_and_has_one_commit() {
    let site = Site::new().await;
    let made = site.post("alice", "/api/repos/create", json!({ "name": "m", "organization": null })).await.ok().json();
    assert_eq!(made["url"], format!("{URL}/alice/m"));
    assert_eq!(made["name"], "alice/m");
    let commits = site.get("", "/api/models/alice/m/commits/main").await.ok();
    assert_eq!(commits.header("x-total-count"), Some("1"));
    assert_eq!(commits.json()[0]["title"], "initial commit");
    let tree = site.get("", "/api/models/alice/m/tree/main").await.ok().json();
    assert_eq!(tree.as_array().unwrap().len(), 1);
    assert_eq!(tree[0]["path"], ".gitattributes");
}

#[tokio::test]
async fn a_name_that_is_taken_is_told_with_its_url() {
    let site = Site::furnished().await;
    let again = site.post("alice", "/api/repos/create", json!({ "name": "M" })).await;
    let body = again.fails(409, None, "already created").json();
    assert_eq!(body["url"].as_str().unwrap().to_lowercase(), format!("{URL}/alice/m"));
    let taken = site.post("alice", "/api/models/alice/m/duplicate", json!({ "repository": "alice/m" })).await;
    assert_eq!(taken.fails(409, None, "already created").json()["url"], format!("{URL}/alice/m"));
}

#[tokio::test]
async fn repositories_are_made_only_where_the_caller_may() {
    let site = Site::new().await;
    let make = |body| site.post("carol", "/api/repos/create", body);
    make(json!({ "name": "x", "organization": "alice" })).await.fails(403, None, "rights to create");
    make(json!({ "name": "x", "organization": "nobody-at-all" })).await.fails(403, None, "rights to create");
    make(json!({ "name": "a..b" })).await.fails(422, None, "may not start or end");
    make(json!({ "name": "x", "license": "mit\nevil: yes" })).await.fails(400, None, "license");
    make(json!({ "name": "x", "visibility": "protected" })).await.fails(422, None, "only a Space");
    site.post("", "/api/repos/create", json!({ "name": "x" })).await.fails(401, None, "signed in");
    let read = site.post("alice_read", "/api/repos/create", json!({ "name": "x" })).await;
    read.fails(403, None, "use a token with the role 'write'");
}

#[tokio::test]
async fn old_names_redirect_with_a_relative_location() {
    let site = Site::furnished().await;
    let to = json!({ "fromRepo": "alice/m", "toRepo": "alice/new", "type": "model" });
    site.post("alice", "/api/repos/move", to).await.ok();
    for (path, expect) in [
        ("/api/models/alice/m", "/api/models/alice/new"),
        (
            "/api/models/Alice/M/tree/refs%2Fpr%2F1/a%20b?recursive=true",
            "/api/models/alice/new/tree/refs%2Fpr%2F1/a%20b?recursive=true",
        ),
        ("/alice/m/resolve/main/.gitattributes", "/alice/new/resolve/main/.gitattributes"),
    ] {
        let answer = site.get("", path).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (307, Some(expect)), "{path}");
    }
    let page = site.get("", "/alice/m").await;
    assert!(page.status.is_redirection() && page.header("location") == Some("/alice/new"), "{page:?}");
    let batch = site.batch("alice", "alice/m", "upload", &"0".repeat(64), 1).await;
    assert_eq!(batch.header("location"), Some("/alice/new.git/info/lfs/objects/batch"));
    let taken = json!({ "fromRepo": "alice/new", "toRepo": "alice/new2" });
    site.post("alice", "/api/repos/create", json!({ "name": "new2" })).await.ok();
    site.post("alice", "/api/repos/move", taken).await.fails(
        409,
        None,
        "A model repository called alice/new2 already exists",
    );
}

#[tokio::test]
async fn deletion_is_for_administrators_and_final() {
    let site = Site::furnished().await;
    let delete =
        |who, body: serde_json::Value| site.send(who, Method::DELETE, "/api/repos/delete", &[], body.to_string());
    let public = json!({ "name": "m", "organization": "alice", "type": "model" });
    let private = json!({ "name": "d", "organization": "alice", "type": "dataset" });
    delete("carol", public.clone()).await.fails(403, None, "ask an administrator");
    delete("carol", private.clone()).await.fails(404, Some("RepoNotFound"), "not found");
    delete("alice", public.clone()).await.ok();
    delete("alice", json!({ "name": "d", "type": "dataset" })).await.ok();
    delete("alice", public).await.fails(404, Some("RepoNotFound"), "not found");
}

#[tokio::test]
async fn settings_change_who_sees_and_reads() {
    let site = Site::furnished().await;
    let set = |body| site.put("alice", "/api/models/alice/m/settings", body);
    let after = set(json!({ "gated": "auto" })).await.ok().json();
    assert_eq!((&after["gated"], &after["private"]), (&json!("auto"), &json!(false)));
    let gated = "Access to model alice/m is restricted and you are not in the authorized list";
    site.get("carol", "/alice/m/resolve/main/.gitattributes").await.fails(403, Some("GatedRepo"), gated);
    site.get("", "/alice/m/resolve/main/.gitattributes").await.fails(401, Some("GatedRepo"), gated);
    site.get("carol", "/api/models/alice/m/auth-check").await.fails(403, Some("GatedRepo"), gated);
    assert_eq!(site.get("", "/api/models/alice/m").await.ok().json()["gated"], "auto");
    set(json!({ "gated": false, "visibility": "private" })).await.ok();
    site.get("carol", "/api/models/alice/m").await.fails(404, Some("RepoNotFound"), "not found");
    set(json!({ "gated": "sometimes" })).await.fails(400, None, "gated");
    set(json!({ "visibility": "protected" })).await.fails(422, None, "only a Space");
}

#[tokio::test]
async fn a_duplicate_has_the_files_and_hides_what_was_hidden() {
    let site = Site::furnished().await;
    site.commit("alice", "datasets/alice/d", &[file("a.txt", "text")]).await.ok();
    let copy = site.post("alice", "/api/datasets/alice/d/duplicate", json!({ "repository": "acme/copy" })).await.ok();
    assert_eq!(copy.json()["url"], format!("{URL}/datasets/acme/copy"));
    site.get("carol", "/api/datasets/acme/copy").await.fails(404, Some("RepoNotFound"), "");
    assert_eq!(site.get("bob", "/datasets/acme/copy/resolve/main/a.txt").await.ok().text(), "text");
}

#[tokio::test]
async fn info_has_what_clients_read_and_only_what_was_asked_for() {
    let site = Site::furnished().await;
    let card = "---\nlicense: mit\npipeline_tag: text-generation\ntags: [fun]\n---\n# Model";
    site.commit("alice", "models/alice/m", &[file("README.md", card)]).await.ok();
    let info = site.get("", "/api/models/alice/m").await.ok().json();
    for (name, expect) in [
        ("id", json!("alice/m")),
        ("modelId", json!("alice/m")),
        ("author", json!("alice")),
        ("private", json!(false)),
        ("gated", json!(false)),
        ("disabled", json!(false)),
        ("pipeline_tag", json!("text-generation")),
        ("downloads", json!(0)),
        ("siblings", json!([{ "rfilename": ".gitattributes" }, { "rfilename": "README.md" }])),
        ("cardData", json!({ "license": "mit", "pipeline_tag": "text-generation", "tags": ["fun"] })),
    ] {
        assert_eq!(info[name], expect, "{name}");
    }
    let tags: Vec<&str> = info["tags"].as_array().unwrap().iter().filter_map(|tag| tag.as_str()).collect();
    assert!(tags.contains(&"license:mit") && tags.contains(&"fun"), "{tags:?}");

    let sha = info["sha"].as_str().unwrap();
    for revision in [sha, &sha[..7], "HEAD", "main", "refs%2Fheads%2Fmain"] {
        let at = site.get("", &format!("/api/models/alice/m/revision/{revision}")).await.ok().json();
        assert_eq!(at["sha"], sha, "{revision}");
    }
    let few = site.get("", "/api/models/alice/m?expand[]=likes&expand=sha").await.ok().json();
    let names: Vec<&String> = few.as_object().unwrap().keys().collect();
    assert_eq!(names, ["_id", "id", "modelId", "likes", "sha"]);
    let blobs = site.get("", "/api/models/alice/m?blobs=True&securityStatus=True").await.ok().json();
    assert_eq!(blobs["siblings"][1]["size"], card.len());
    assert!(blobs["securityRepoStatus"].is_object());
    let wrong = site.get("", "/api/models/alice/m?expand=sha&expand=nothing").await;
    wrong.fails(400, None, "✖ Invalid option: expected one of \"author\"|\"baseModels\"|").fails(
        400,
        None,
        "→ at expand[1]",
    );
    site.get("", "/api/models/alice/m/revision/nothing").await.fails(404, Some("RevisionNotFound"), "nothing");
}

#[tokio::test]
async fn a_space_tells_its_sdk_before_it_has_a_card() {
    let site = Site::new().await;
    site.post("alice", "/api/repos/create", json!({ "name": "s", "type": "space", "sdk": "gradio" })).await.ok();
    let info = site.get("", "/api/spaces/alice/s").await.ok().json();
    assert_eq!((&info["sdk"], &info["subdomain"]), (&json!("gradio"), &json!("alice-s")));
    assert_eq!(info["runtime"]["stage"], "STOPPED");
}

#[tokio::test]
async fn ids_without_a_namespace_are_missing_repositories() {
    let site = Site::new().await;
    for path in [
        "/api/models/gpt2",
        "/api/models/gpt2/revision/main",
        "/gpt2/resolve/main/config.json",
        "/datasets/squad/resolve/main/x",
    ] {
        site.get("alice", path).await.fails(404, Some("RepoNotFound"), "");
        site.get("", path).await.fails(401, Some("RepoNotFound"), "");
    }
    site.get("alice", "/api/nothing").await.fails(404, None, "nothing at GET /api/nothing");
    site.post("alice", "/api/models/alice/m/nothing", json!({})).await.fails(404, None, "nothing at POST");
}
