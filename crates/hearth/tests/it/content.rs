//! Files, references and history as they are listed.

use axum::http::Method;
use serde_json::json;

use crate::site::{Site, URL, file};

async fn with_files() -> Site {
    let site = Site::furnished().await;
    let files = [file("README.md", "# hi"), file("data/a.csv", "1,2"), file("data/b/c d.txt", "x")];
    site.commit("alice", "models/alice/m", &files).await.ok();
    site
}

fn paths(list: &serde_json::Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|entry| entry["path"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn folders_are_listed_one_by_one_or_all_at_once() {
    let site = with_files().await;
    let root = site.get("", "/api/models/alice/m/tree/main").await.ok().json();
    assert_eq!(paths(&root), [".gitattributes", "README.md", "data"]);
    assert_eq!(
        (&root[2]["type"], &root[1]["type"], &root[1]["size"]),
        (&json!("directory"), &json!("file"), &json!(4))
    );
    let all = site.get("", "/api/models/alice/m/tree/main?recursive=True&expand=False").await.ok().json();
    assert_eq!(paths(&all), [".gitattributes", "README.md", "data", "data/a.csv", "data/b", "data/b/c d.txt"]);
    for folder in ["data/b", "data%2Fb", "data/b/"] {
        let inner = site.get("", &format!("/api/models/alice/m/tree/main/{folder}")).await.ok().json();
        assert_eq!(paths(&inner), ["data/b/c d.txt"], "{folder}");
    }
    let expanded = site.get("", "/api/models/alice/m/tree/main?expand=true").await.ok().json();
    assert_eq!(expanded[0]["lastCommit"]["title"], "initial commit");
    assert_eq!(expanded[1]["lastCommit"]["title"], "change");
}

#[tokio::test]
async fn pages_of_a_listing_follow_absolute_links() {
    let site = with_files().await;
    let mut next = Some("/api/models/alice/m/tree/main?recursive=true&limit=2".to_owned());
    let mut met = Vec::new();
    while let Some(path) = next {
        let page = site.get("", &path).await.ok();
        met.extend(paths(&page.json()).into_iter().map(str::to_owned));
        let link =
            page.header("link").map(|link| link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap());
        next = link.map(|link| link.strip_prefix(URL).expect("the link is absolute").to_owned());
    }
    assert_eq!(met, [".gitattributes", "README.md", "data", "data/a.csv", "data/b", "data/b/c d.txt"]);
}

#[tokio::test]
async fn what_is_missing_is_named_with_the_commit_that_lacks_it() {
    let site = with_files().await;
    let sha = site.get("", "/api/models/alice/m").await.ok().json()["sha"].as_str().unwrap().to_owned();
    for path in [
        "/api/models/alice/m/tree/main/nothing",
        "/alice/m/resolve/main/no.txt",
        "/alice/m/resolve/main/a%00b",
        "/alice/m/raw/main/data",
    ] {
        let answer = site.get("", path).await.fails(404, Some("EntryNotFound"), "Entry not found");
        assert_eq!(answer.header("x-repo-commit"), Some(sha.as_str()), "{path}");
    }
    site.get("", "/api/models/alice/m/tree/nothing").await.fails(404, Some("RevisionNotFound"), "nothing");
    site.get("", "/alice/m/resolve/nothing/README.md").await.fails(404, Some("RevisionNotFound"), "nothing");
}

#[tokio::test]
async fn paths_are_asked_about_by_form_and_by_json() {
    let site = with_files().await;
    let url = "/api/models/alice/m/paths-info/main";
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = "paths=README.md&paths=data&paths=nothing&expand=True";
    let by_form = site.send("", Method::POST, url, &form, body).await.ok().json();
    assert_eq!(paths(&by_form), ["README.md", "data"]);
    assert_eq!(by_form[1]["type"], "directory");
    assert_eq!(by_form[0]["lastCommit"]["title"], "change");
    let by_json = site.post("", url, json!({ "paths": ["data/b/c d.txt", "../x"], "expand": false })).await.ok().json();
    assert_eq!(paths(&by_json), ["data/b/c d.txt"]);
    assert!(by_json[0].get("lastCommit").is_none());
    let one = site.send("", Method::POST, url, &form, "paths=README.md").await.ok().json();
    assert_eq!(paths(&one), ["README.md"]);
    let size = site.get("", "/api/models/alice/m/treesize/main/data").await.ok().json();
    assert_eq!(size, json!({ "path": "/data", "size": 4 }));
}

#[tokio::test]
async fn branches_and_tags_come_and_go() {
    let site = with_files().await;
    let repo = "/api/models/alice/m";
    let post = async |path: &str, body| site.post("alice", &format!("{repo}{path}"), body).await;
    post("/branch/dev", json!({})).await.ok();
    post("/branch/dev", json!({ "startingPoint": "main" })).await.fails(
        409,
        None,
        "Reference refs/heads/dev already exists",
    );
    post("/branch/dev", json!({ "overwrite": true })).await.ok();
    post("/branch/empty", json!({ "emptyBranch": true })).await.ok();
    assert_eq!(site.get("", &format!("{repo}/tree/empty")).await.ok().json(), json!([]));
    post("/branch/x", json!({ "startingPoint": "nothing" })).await.fails(
        404,
        Some("RevisionNotFound"),
        "Invalid rev id",
    );
    post("/branch/a..b", json!({})).await.fails(400, None, "Invalid reference for a branch");
    post("/branch/refs%2Fpr%2F1", json!({})).await.fails(400, None, "Invalid reference for a branch");
    site.delete("alice", &format!("{repo}/branch/main")).await.fails(403, None, "Cannot delete refs/heads/main");
    site.delete("alice", &format!("{repo}/branch/gone")).await.fails(404, Some("RevisionNotFound"), "gone");
    post("/tag/main", json!({ "tag": "v1" })).await.ok();
    post("/tag/main", json!({ "tag": "v2", "message": "second" })).await.ok();
    post("/tag/main", json!({ "tag": "v1" })).await.fails(409, None, "Reference refs/tags/v1 already exists");
    post("/tag/nothing", json!({ "tag": "v3" })).await.fails(404, Some("RevisionNotFound"), "nothing");

    let refs = site.get("", &format!("{repo}/refs")).await.ok().json();
    let names = |list: &str| -> Vec<String> {
        refs[list].as_array().unwrap().iter().map(|entry| entry["ref"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("branches"), ["refs/heads/dev", "refs/heads/empty", "refs/heads/main"]);
    assert_eq!(names("tags"), ["refs/tags/v1", "refs/tags/v2"]);
    assert_eq!(refs["tags"][0]["targetCommit"], refs["tags"][1]["targetCommit"]);
    assert_eq!(refs["branches"][2]["name"], "main");
    assert!(refs.get("pullRequests").is_none());
    let with_prs = site.get("", &format!("{repo}/refs?include_prs=1")).await.ok().json();
    assert_eq!(with_prs["pullRequests"], json!([]));
    site.delete("alice", &format!("{repo}/tag/v1")).await.ok();
    site.delete("alice", &format!("{repo}/tag/v1")).await.fails(404, Some("RevisionNotFound"), "v1");
    site.delete("alice", &format!("{repo}/branch/dev")).await.ok();
}

#[tokio::test]
async fn history_is_counted_paged_and_squashed() {
    let site = with_files().await;
    for number in 0..4 {
        site.commit("alice", "models/alice/m", &[file("n.txt", &number.to_string())]).await.ok();
    }
    let repo = "/api/models/alice/m";
    let page = site.get("", &format!("{repo}/commits/main?limit=4&expand[]=formatted")).await.ok();
    assert_eq!(page.header("x-total-count"), Some("6"));
    let link = page.header("link").unwrap().to_owned();
    assert!(link.starts_with(&format!("<{URL}{repo}/commits/main?")), "{link}");
    let commits = page.json();
    assert_eq!(commits[0]["authors"][0]["user"], "alice");
    assert_eq!(commits[0]["formatted"]["title"], "change");
    assert_eq!(commits[0]["parents"][0], commits[1]["id"]);
    let rest = site.get("", &format!("{repo}/commits/main?limit=4&p=1")).await.ok();
    assert_eq!(rest.json().as_array().unwrap().len(), 2);
    assert_eq!(rest.header("link"), None);

    site.post("alice", &format!("{repo}/super-squash/main"), json!({ "message": "all" })).await.ok();
    let squashed = site.get("", &format!("{repo}/commits/main")).await.ok();
    assert_eq!(squashed.header("x-total-count"), Some("1"));
    assert_eq!(squashed.json()[0]["title"], "all");
    let oid = squashed.json()[0]["id"].as_str().unwrap().to_owned();
    let wrong = site.post("alice", &format!("{repo}/super-squash/{oid}"), json!({ "message": "x" })).await;
    wrong.fails(404, Some("RevisionNotFound"), "");
}

#[tokio::test]
async fn differences_are_lines_that_machines_read() {
    let site = with_files().await;
    site.post("alice", "/api/models/alice/m/tag/main", json!({ "tag": "before" })).await.ok();
    let gone = json!({ "key": "deletedFile", "value": { "path": "data/a.csv" } });
    site.commit("alice", "models/alice/m", &[file("README.md", "# new"), gone]).await.ok();
    let lines = site.get("", "/api/models/alice/m/compare/before..main?raw=true").await.ok().text();
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("T 5\t:100644 100644 ") && lines[0].ends_with("... M\tREADME.md"), "{lines:?}");
    assert!(lines[1].contains("\t:100644 000000 ") && lines[1].ends_with("... D\tdata/a.csv"), "{lines:?}");
    let patch = site.get("", "/api/models/alice/m/compare/before..main").await.ok().text();
    assert!(patch.starts_with("diff --git a/README.md b/README.md\n"), "{patch}");
    assert!(patch.contains("--- a/README.md\n+++ b/README.md\n@@ -1 +1 @@\n-# hi\n"), "{patch}");
    assert!(patch.contains("\n+# new\n") && patch.contains("deleted file mode 100644\n"), "{patch}");
    assert!(patch.contains("--- a/data/a.csv\n+++ /dev/null\n"), "{patch}");
    let empty = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    let all = site.get("", &format!("/api/models/alice/m/compare/{empty}..main?raw=true")).await.ok().text();
    assert_eq!(all.lines().count(), 3);
    site.get("", "/api/models/alice/m/compare/main?raw=true").await.fails(400, None, "a..b");
}

#[tokio::test]
async fn a_cursor_that_no_listing_gave_is_refused() {
    let site = Site::furnished().await;
    let files: Vec<_> = ["a", "b/c", "d"].map(|path| file(path, "x")).into();
    site.commit("alice", "models/alice/m", &files).await.ok();
    let page = site.get("", "/api/models/alice/m/tree/main?recursive=true&limit=2").await.ok();
    let link = page.header("link").unwrap();
    let next = link.strip_prefix('<').and_then(|link| link.split_once('>')).unwrap().0.strip_prefix(URL).unwrap();
    let paths = |answer: &crate::site::Answer| -> Vec<String> {
        answer.json().as_array().unwrap().iter().map(|entry| entry["path"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!([paths(&page), paths(&site.get("", next).await.ok())].concat(), [".gitattributes", "a", "b", "b/c"]);
    for cursor in ["a", "zzz", "%00", "Li4v", "YWZ0ZXI", "../..", "-1"] {
        let path = format!("/api/models/alice/m/tree/main?cursor={cursor}");
        site.get("", &path).await.fails(400, None, "cursor");
    }
}

/// PostgreSQL takes no text with NUL in it, and nothing here has such a name.
#[tokio::test]
async fn nul_is_in_no_name() {
    let site = Site::furnished().await;
    for path in ["?search=%00", "?author=a%00", "?filter=%00", "?sort=%00", "?cursor=%00"] {
        site.get("", &format!("/api/models{path}")).await.fails(400, None, "NUL");
    }
    for (path, code) in [
        ("/api/models/a%00/m", "RepoNotFound"),
        ("/api/models/alice/m%00", "RepoNotFound"),
        ("/api/models/alice/m/tree/a%00", "RevisionNotFound"),
        ("/api/models/alice/m/tree/main/a%00", "EntryNotFound"),
        ("/alice/m/resolve/main/a%00", "EntryNotFound"),
    ] {
        site.get("alice", path).await.fails(404, Some(code), "");
    }
    let bodies = [
        ("tag/main", json!({ "tag": "a\0" }), 400..=422),
        ("tag/main", json!({ "tag": "a", "message": "a\0" }), 400..=422),
        ("branch/b", json!({ "startingPoint": "a\0" }), 400..=422),
        ("branch/a%00", json!({}), 400..=422),
        ("super-squash/main", json!({ "message": "a\0" }), 400..=422),
        ("paths-info/main", json!({ "paths": ["a\0"] }), 200..=200),
    ];
    for (path, body, expect) in bodies {
        let answer = site.post("alice", &format!("/api/models/alice/m/{path}"), body).await;
        assert!(expect.contains(&answer.status.as_u16()), "{path}: {} {}", answer.status, answer.text());
    }
}
