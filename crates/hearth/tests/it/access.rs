//! Who may do what: each kind of call by nobody, a stranger, a member and the owner; and that nobody can tell a hidden
//! repository from a missing one.

use axum::body::Body;
use axum::http::Method;
use serde_json::json;

use crate::site::{Site, file};

/// Calls on one repository with the least right that they need.
const CALLS: &[(&str, &str, Right)] = &[
    ("GET", "", Right::Read),
    ("GET", "/revision/main", Right::Read),
    ("GET", "/tree/main", Right::Read),
    ("GET", "/treesize/main", Right::Read),
    ("POST", "/paths-info/main", Right::Read),
    ("GET", "/refs", Right::Read),
    ("GET", "/commits/main", Right::Read),
    ("GET", "/compare/main..main?raw=true", Right::Read),
    ("GET", "/lfs-files", Right::Read),
    ("GET", "/auth-check", Right::Read),
    ("GET", "/auth-check/write", Right::Write),
    ("POST", "/preupload/main", Right::Write),
    ("POST", "/branch/b", Right::Write),
    ("DELETE", "/branch/nothing", Right::Write),
    ("POST", "/tag/main", Right::Write),
    ("DELETE", "/tag/nothing", Right::Write),
    ("PUT", "/settings", Right::Admin),
    ("POST", "/super-squash/main", Right::Admin),
    ("POST", "/lfs-files/batch", Right::Admin),
];

#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Right {
    None,
    Read,
    Write,
    Admin,
}

/// What a call without rights must look like: its status and whether it says `RepoNotFound`.
async fn check_all(site: &Site, repo: &str, who: &str, has: Right, may_know: bool) {
    for (method, call, needs) in CALLS {
        let method: Method = method.parse().unwrap();
        let path = format!("/api/{repo}{call}");
        let body = json!({ "paths": [], "files": [], "tag": "t", "deletions": { "sha": [] } }).to_string();
        let answer =
            site.send(who, method.clone(), &path, &[("content-type", "application/json")], Body::from(body)).await;
        let seen = format!("{who:?} {method} {path}: {} {}", answer.status, answer.text());
        let refused = match (has >= *needs, may_know, who.is_empty()) {
            (true, ..) => None,
            (false, false, true) => Some((401, Some("RepoNotFound"))),
            (false, false, false) => Some((404, Some("RepoNotFound"))),
            (false, true, true) => Some((401, None)),
            (false, true, false) => Some((403, None)),
        };
        match refused {
            None => assert!(
                answer.status.is_success() || answer.header("x-error-code") == Some("RevisionNotFound"),
                "{seen}"
            ),
            Some((status, code)) => {
                assert_eq!((answer.status.as_u16(), answer.header("x-error-code")), (status, code), "{seen}");
            }
        }
    }
}

#[tokio::test]
async fn a_public_repository_is_read_by_all_and_written_by_its_owner() {
    let site = Site::furnished().await;
    check_all(&site, "models/alice/m", "", Right::Read, true).await;
    check_all(&site, "models/alice/m", "carol", Right::Read, true).await;
    check_all(&site, "models/alice/m", "alice_read", Right::Read, true).await;
    check_all(&site, "models/alice/m", "alice", Right::Admin, true).await;
}

#[tokio::test]
async fn a_private_repository_does_not_exist_for_others() {
    let site = Site::furnished().await;
    check_all(&site, "datasets/alice/d", "", Right::None, false).await;
    check_all(&site, "datasets/alice/d", "carol", Right::None, false).await;
    check_all(&site, "datasets/alice/missing", "carol", Right::None, false).await;
    check_all(&site, "datasets/alice/missing", "", Right::None, false).await;
    check_all(&site, "datasets/alice/d", "alice_read", Right::Read, true).await;
    check_all(&site, "datasets/alice/d", "alice", Right::Admin, true).await;
}

#[tokio::test]
async fn members_act_by_their_role_in_the_organisation() {
    let site = Site::new().await;
    let private = json!({ "name": "x", "organization": "acme", "private": true });
    site.post("alice", "/api/repos/create", private).await.ok();
    check_all(&site, "models/acme/x", "bob", Right::Read, true).await;
    check_all(&site, "models/acme/x", "carol", Right::None, false).await;
    site.post("bob", "/api/repos/create", json!({ "name": "own", "organization": "acme" })).await.ok();
    site.commit("bob", "models/acme/own", &[file("a.txt", "a")]).await.ok();
    site.commit("bob", "models/acme/x", &[file("a.txt", "a")]).await.fails(403, None, "ask an administrator of acme");
}

#[tokio::test]
async fn a_hidden_and_a_missing_repository_are_the_same_answer() {
    let site = Site::furnished().await;
    for who in ["", "carol"] {
        for call in ["", "/tree/main", "/refs"] {
            let hidden = site.get(who, &format!("/api/datasets/alice/d{call}")).await;
            let missing = site.get(who, &format!("/api/datasets/alice/x{call}")).await;
            assert_eq!((hidden.status, hidden.body), (missing.status, missing.body));
        }
        let hidden = site.get(who, "/datasets/alice/d/resolve/main/README.md").await;
        let missing = site.get(who, "/datasets/alice/x/resolve/main/README.md").await;
        assert_eq!((hidden.status, hidden.body), (missing.status, missing.body));
    }
}

#[tokio::test]
async fn wrong_credentials_are_told_as_such_even_on_public_things() {
    let site = Site::furnished().await;
    for path in ["/api/whoami-v2", "/api/models/alice/m", "/alice/m/resolve/main/.gitattributes"] {
        let answer = site.get("nobody_knows_me", path).await;
        answer.fails(401, None, "Invalid credentials in Authorization header");
    }
}
