//! Every route of a repository, by every kind of caller, on a public and a private one.
//!
//! The routes and what they need are read from the snapshot, so a route that is added is tested with the rest. A caller
//! without the right is refused in the one way that fits what they may know; a caller with it is not refused, whatever
//! else is wrong with what they send.

use axum::http::Method;
use hub_account::{By, NamespaceId, NewToken, ScopeEntity, TokenScopes};
use hub_core::TokenRole;
use serde_json::json;

use crate::site::Site;

/// The people, and an organisation with a member of each role. A token is `hf_` and the name.
const PEOPLE: &str = r#"{
  "users": [
    {"name": "idle", "full_name": "I", "email": "i@example.org",
     "tokens": [{"value": "hf_idle", "role": "write", "display_name": "all"}]},
    {"name": "reader", "full_name": "R", "email": "r@example.org",
     "tokens": [{"value": "hf_reader", "role": "write", "display_name": "all"}]},
    {"name": "maker", "full_name": "M", "email": "m@example.org",
     "tokens": [{"value": "hf_maker", "role": "write", "display_name": "all"}]},
    {"name": "writer", "full_name": "W", "email": "w@example.org",
     "tokens": [{"value": "hf_writer", "role": "write", "display_name": "all"}]},
    {"name": "boss", "full_name": "B", "email": "b@example.org",
     "tokens": [{"value": "hf_boss", "role": "write", "display_name": "all"},
                {"value": "hf_boss_read", "role": "read", "display_name": "read"}]}
  ],
  "organizations": [
    {"name": "lab", "full_name": "Lab", "members": [
      {"user": "idle", "role": "no_access"}, {"user": "reader", "role": "read"},
      {"user": "maker", "role": "contributor"}, {"user": "writer", "role": "write"}, {"user": "boss", "role": "admin"}]}
  ]
}"#;

/// What can follow the id of a repository, of what this suite covers. Each must occur in the snapshot.
const OPERATIONS: [&str; 32] = [
    "ask-access",
    "auth-check",
    "batch",
    "branch",
    "commit",
    "commits",
    "compare",
    "discussions",
    "duplicate",
    "info/lfs",
    "lfs-files",
    "like",
    "likers",
    "paths-info",
    "preupload",
    "raw",
    "refs",
    "resolve",
    "resource-group",
    "revision",
    "runtime",
    "secrets",
    "settings",
    "super-squash",
    "tag",
    "tree",
    "treesize",
    "user-access-report",
    "user-access-request",
    "variables",
    "xet-read-token",
    "xet-write-token",
];

/// What a caller can do with a repository, and what a route needs.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug)]
enum Right {
    None,
    Read,
    /// Take part in discussions, bring changes for pull requests.
    Propose,
    Write,
    Admin,
}

/// A caller, and what they can do with the private and with the public repository.
struct Who {
    token: String,
    private: Right,
    public: Right,
}

/// A route of a repository.
struct Route {
    method: Method,
    path: String,
    needs: Right,
    /// Whether it also needs something beyond the repository, so that the right to that alone is not enough.
    needs_more: bool,
}

fn routes() -> Vec<Route> {
    let snapshot = hub_api::routes().snapshot();
    let mut met = Vec::new();
    let mut routes = Vec::new();
    for line in snapshot.lines() {
        let [method, path, class] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let Some((_, rest)) = path.split_once("/{namespace}/{name}") else { continue };
        let rest = rest.trim_start_matches('/');
        let found = OPERATIONS.into_iter().find(|known| rest == *known || rest.starts_with(&format!("{known}/")));
        let Some(operation) = found else { continue };
        met.push(operation);
        let needs = match class {
            "read" => Right::Read,
            "propose" => Right::Propose,
            "write" => Right::Write,
            "admin" => Right::Admin,
            other => panic!("{line}: {other} is no class of a route of a repository"),
        };
        let needs_more = rest.ends_with("duplicate");
        routes.push(Route { method: method.parse().unwrap(), path: path.to_owned(), needs, needs_more });
    }
    assert!(OPERATIONS.iter().all(|known| met.contains(known)), "some are in no route: {met:?}");
    routes
}

impl Route {
    fn path_for(&self, name: &str) -> String {
        let tail = if self.path.contains("/compare/") { "main..main" } else { "README.md" };
        let oid = "0".repeat(64);
        // The main branch cannot be deleted by anyone, which must not be taken for a want of rights.
        let revision = if self.method == Method::DELETE { "nothing" } else { "main" };
        let filled = self.path.replace("{namespace}", "lab").replace("{name}", name).replace("{revision}", revision);
        filled
            .replace("{*path}", tail)
            .replace("{oid}", &oid)
            .replace("{lock}", "1")
            .replace("{num}", "99")
            .replace("{status}", "pending")
            .replace("{comment}", &format!("{:024}", 1))
    }

    /// A body that every route takes for its own, so that no refusal is about the body.
    fn body(&self) -> String {
        if self.path.contains("/commit/") {
            return json!({ "key": "header", "value": { "summary": "nothing" } }).to_string();
        }
        if self.path.ends_with("/branch-rules") {
            return json!({ "rules": [] }).to_string();
        }
        if self.path.ends_with("/secrets") || self.path.ends_with("/variables") {
            return json!({ "key": "NAME", "value": "x" }).to_string();
        }
        let target = json!({ "type": "model", "name": "lab/nothing" });
        let body = json!({
            "paths": [], "files": [], "tag": "t", "deletions": { "sha": [] }, "operation": "download", "objects": [],
            "oid": "0".repeat(64), "size": 1, "path": "x", "target": target, "repository": "lab/copy", "message": "m",
            "title": "title", "comment": "c", "content": "c", "status": "open", "reaction": "heart", "pinned": true,
            "locked": true, "requests": [], "resourceGroupId": null,
        });
        body.to_string()
    }
}

async fn people(site: &Site) -> Vec<Who> {
    let lab = site.engine.accounts.namespace(&"lab".parse().unwrap()).await.unwrap().unwrap();
    let boss = site.engine.accounts.namespace(&"boss".parse().unwrap()).await.unwrap().unwrap();
    let who = |token: &str, private, public| Who { token: token.to_owned(), private, public };
    let fine = async |entity: ScopeEntity, permission: &str| fine_grained(site, boss.id, entity, permission).await;
    let in_lab = || ScopeEntity::from(&lab);
    vec![
        who("", Right::None, Right::Read),
        who("carol", Right::None, Right::Propose),
        who("idle", Right::None, Right::Propose),
        who("reader", Right::Propose, Right::Propose),
        who("maker", Right::Propose, Right::Propose),
        who("writer", Right::Write, Right::Write),
        who("boss", Right::Admin, Right::Admin),
        who("boss_read", Right::Read, Right::Read),
        who(&fine(in_lab(), "repo.content.read").await, Right::Read, Right::Read),
        who(&fine(in_lab(), "repo.write").await, Right::Admin, Right::Admin),
        who(&fine(ScopeEntity::from(&boss), "repo.write").await, Right::None, Right::Read),
    ]
}

/// A fine-grained token of a person; its value without the beginning that all have.
pub(crate) async fn fine_grained(site: &Site, owner: NamespaceId, entity: ScopeEntity, permission: &str) -> String {
    let scoped = json!({ "scoped": [{ "entity": entity, "permissions": [permission] }], "global": [] });
    let scopes: TokenScopes = serde_json::from_value(scoped).unwrap();
    let new =
        NewToken { display_name: "fine".parse().unwrap(), role: TokenRole::FineGrained, scopes, expires_at: None };
    let fresh = site.engine.accounts.create_token(By::Operator, owner, new).await.unwrap();
    fresh.value.reveal().strip_prefix("hf_").unwrap().to_owned()
}

#[tokio::test]
async fn who_may_do_what_on_which_route() {
    let site = Site::new().await;
    site.engine.accounts.import_accounts(By::Operator, PEOPLE).await.unwrap();
    for kind in ["model", "dataset", "space", "kernel", "bucket"] {
        for (name, private) in [("open", false), ("secret", true)] {
            let new = json!({ "name": name, "organization": "lab", "type": kind, "private": private, "sdk": "static" });
            site.post("boss", "/api/repos/create", new).await.ok();
        }
    }
    let people = people(&site).await;
    for route in routes() {
        for who in &people {
            for (name, has, hidden) in [("open", who.public, false), ("secret", who.private, true)] {
                check(&site, &route, who, name, has, hidden).await;
            }
        }
    }
}

async fn check(site: &Site, route: &Route, who: &Who, name: &str, has: Right, hidden: bool) {
    let path = route.path_for(name);
    let headers = [("content-type", "application/json")];
    let answer = site.send(&who.token, route.method.clone(), &path, &headers, route.body()).await;
    let seen = format!("{:?} {} {path}: {} {}", who.token, route.method, answer.status, answer.text());
    let (status, code) = (answer.status.as_u16(), answer.header("x-error-code"));
    assert!(status < 500 || status == 501, "{seen}");
    let is_anonymous = who.token.is_empty();
    if has >= route.needs {
        let refused = matches!(status, 401 | 403) || code == Some("RepoNotFound");
        assert!(!refused || route.needs_more, "{seen}");
    } else if hidden && has == Right::None {
        let expect = if is_anonymous { 401 } else { 404 };
        assert_eq!((status, code), (expect, Some("RepoNotFound")), "{seen}");
    } else {
        let expect = if is_anonymous { 401 } else { 403 };
        assert_eq!((status, code), (expect, None), "{seen}");
    }
}
