//! Blocking over HTTP: who blocks whom, what whoever is blocked can no longer do, and who may still.

use axum::http::Method;
use serde_json::{Value, json};

use crate::pages::{look, newcomer, submit};
use crate::site::Site;
use crate::webhooks::community;

const BLOCKED: &str = "/api/settings/blocked";

impl Site {
    async fn block(&self, who: &str, whom: &str) {
        self.post(who, BLOCKED, json!({ "name": whom })).await.ok();
    }

    async fn blocked_by(&self, who: &str, query: &str) -> Vec<String> {
        let found = self.get(who, &format!("{BLOCKED}{query}")).await.ok().json();
        found.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    }
}

fn talk() -> Value {
    json!({ "title": "A question", "description": "Well?" })
}

#[tokio::test]
async fn whoever_is_blocked_is_kept_away() {
    let site = Site::furnished().await;
    let talks = "/api/models/alice/m/discussions";
    site.post("carol", talks, talk()).await.ok();
    let thread = site.get("carol", &format!("{talks}/1")).await.ok().json();
    let comment = thread["events"][0]["id"].as_str().unwrap().to_owned();
    site.post("carol", "/api/users/alice/follow", json!({})).await.ok();
    site.block("alice", "carol").await;
    site.block("alice", "carol").await;
    assert_eq!(site.blocked_by("alice", "").await, ["carol"]);

    let follows = site.get("", "/api/users/alice/followers").await.ok().json();
    assert_eq!(follows, json!([]), "the follow ended");
    site.post("carol", "/api/users/alice/follow", json!({})).await.fails(403, None, "blocked you");
    site.post("carol", talks, talk()).await.fails(403, None, "blocked you");
    let one = format!("{talks}/1");
    site.post("carol", &format!("{one}/comment"), json!({ "comment": "x" })).await.fails(403, None, "blocked you");
    let react = format!("{one}/comment/{comment}/reaction");
    site.post("carol", &react, json!({ "reaction": "heart" })).await.fails(403, None, "blocked you");
    let edit = format!("{one}/comment/{comment}/edit");
    site.post("carol", &edit, json!({ "content": "x" })).await.fails(403, None, "blocked you");
    site.post("carol", &format!("{one}/status"), json!({ "status": "closed" })).await.fails(403, None, "blocked you");
    site.post("carol", &format!("{one}/title"), json!({ "title": "Buy it" })).await.fails(403, None, "blocked you");
    let header = json!({ "key": "header", "value": { "summary": "Add a file" } });
    let body = format!("{header}\n{}", crate::site::file("a.txt", "x"));
    let ndjson = [("content-type", "application/x-ndjson")];
    let pull = "/api/models/alice/m/commit/main?create_pr=1";
    site.send("carol", Method::POST, pull, &ndjson, body).await.fails(403, None, "blocked you");
    site.get("carol", &one).await.ok();
    site.post("carol", &format!("{one}/comment/{comment}/hide"), json!({})).await.ok();
    site.post("bob", &format!("{one}/comment"), json!({ "comment": "others still may" })).await.ok();

    site.delete("alice", &format!("{BLOCKED}/carol")).await.ok();
    assert!(site.blocked_by("alice", "").await.is_empty());
    site.post("carol", &format!("{one}/comment"), json!({ "comment": "back" })).await.ok();
    site.post("carol", "/api/users/alice/follow", json!({})).await.ok();
}

#[tokio::test]
async fn a_block_counts_where_the_blocker_speaks_and_is_mentioned() {
    let site = Site::furnished().await;
    community(&site).dispatch_notifications().await.unwrap();
    site.post("carol", "/api/repos/create", json!({ "name": "own" })).await.ok();
    site.block("bob", "carol").await;
    // Bob hears nothing of what carol says, wherever she mentions him.
    let talks = "/api/models/carol/own/discussions";
    let mention = json!({ "title": "A question", "description": "What, @bob and @alice?" });
    site.post("carol", talks, mention).await.ok();
    community(&site).dispatch_notifications().await.unwrap();
    let count = async |who: &str| site.get(who, "/api/notifications").await.ok().json()["count"]["all"].clone();
    assert_eq!((count("bob").await, count("alice").await), (json!(0), json!(1)));
    // In a discussion of bob's in somebody else's repository she is silent; in her own she may answer him.
    site.post("bob", "/api/models/alice/m/discussions", talk()).await.ok();
    let answer = json!({ "comment": "x" });
    let path = "/api/models/alice/m/discussions/1/comment";
    site.post("carol", path, answer.clone()).await.fails(403, None, "blocked you");
    site.post("bob", talks, talk()).await.ok();
    site.post("carol", &format!("{talks}/2/comment"), answer).await.ok();
}

#[tokio::test]
async fn organisations_block_by_their_administrators() {
    let site = Site::furnished().await;
    site.post("", BLOCKED, json!({ "name": "carol" })).await.fails(401, None, "signed in");
    site.get("", BLOCKED).await.fails(401, None, "signed in");
    site.post("alice_read", BLOCKED, json!({ "name": "carol" })).await.fails(403, None, "role 'write'");
    site.post("alice", BLOCKED, json!({ "name": "alice" })).await.fails(400, None, "themselves");
    site.post("alice", BLOCKED, json!({ "name": "acme" })).await.fails(400, None, "organisations");
    site.post("alice", BLOCKED, json!({ "name": "nobody" })).await.fails(404, None, "no user");
    site.post("alice", BLOCKED, json!({ "name": "../x" })).await.fails(404, None, "no user");
    let of_acme = |whom: &str| json!({ "name": whom, "owner": "acme" });
    for who in ["bob", "carol"] {
        site.post(who, BLOCKED, of_acme("alice")).await.fails(403, None, "administrators of acme");
        site.get(who, &format!("{BLOCKED}?owner=acme")).await.fails(403, None, "administrators of acme");
    }
    site.post("alice", BLOCKED, of_acme("bob")).await.fails(409, None, "member");
    site.post("alice", "/api/repos/create", json!({ "name": "a", "organization": "acme", "private": false }))
        .await
        .ok();
    site.post("alice", BLOCKED, of_acme("carol")).await.ok();
    assert_eq!(site.blocked_by("alice", "?owner=acme").await, ["carol"]);
    assert!(site.blocked_by("alice", "").await.is_empty());
    site.post("carol", "/api/models/acme/a/discussions", talk()).await.fails(403, None, "blocked you");
    site.post("carol", "/api/organizations/acme/follow", json!({})).await.fails(403, None, "blocked you");
    site.post("carol", "/api/models/alice/m/discussions", talk()).await.ok();
    site.delete("alice", &format!("{BLOCKED}/carol?owner=acme")).await.ok();
    site.post("carol", "/api/models/acme/a/discussions", talk()).await.ok();
}

#[tokio::test]
async fn people_are_blocked_by_the_pages() {
    let site = Site::new().await;
    let (cookie, token) = newcomer(&site, "dora").await;
    assert!(look(&site, &cookie, "/carol").await.ok().text().contains("action=\"/settings/blocked\""));
    assert_eq!(look(&site, "", "/settings/blocked").await.status.as_u16(), 303);
    let send = async |token: &str, form: &str| {
        submit(&site, "/settings/blocked", &cookie, format!("form_token={token}&{form}")).await
    };
    assert_eq!(send("0", "whom=carol&on=true").await.status.as_u16(), 403);
    assert_eq!(send(&token, "whom=nobody&on=true").await.status.as_u16(), 422);
    assert_eq!(send(&token, "whom=carol&on=true").await.status.as_u16(), 303);
    let page = look(&site, &cookie, "/settings/blocked").await.ok().text();
    assert!(page.contains("href=\"/carol\""), "{page}");
    assert_eq!(send(&token, "owner=dora&whom=carol&on=false").await.status.as_u16(), 303);
    assert!(!look(&site, &cookie, "/settings/blocked").await.ok().text().contains("href=\"/carol\""));
}
