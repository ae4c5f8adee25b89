//! Webhooks over HTTP: whose they are, what they are told, and what becomes of those that fail. Sending is tested by the
//! clients, which receive.

use std::sync::Arc;

use axum::http::Method;
use hub_account::By;
use hub_community::{Community, CommunityParts, Outcome};
use hub_test::CountingIds;
use serde_json::{Value, json};

use crate::site::{Site, file};

const HOOKS: &str = "/api/settings/webhooks";

pub(crate) fn community(site: &Site) -> Community {
    Community::new(CommunityParts {
        db: (*site.engine.db).clone(),
        repos: site.engine.repos.clone(),
        clock: site.engine.clock.clone(),
        ids: Arc::new(CountingIds::starting_at(1 << 40)),
    })
}

async fn make(site: &Site, who: &str, kind: &str, name: &str) -> String {
    let body = json!({ "watched": [{ "type": kind, "name": name }], "url": "https://example.org/x", "secret": "s" });
    let made = site.post(who, HOOKS, body).await.ok().json();
    made["webhook"]["id"].as_str().unwrap().to_owned()
}

/// What a webhook was told, oldest first: `action scope`.
async fn told(site: &Site, who: &str, id: &str) -> Vec<String> {
    let log = site.get(who, &format!("{HOOKS}/{id}/logs")).await.ok().json();
    let line = |entry: &Value| {
        let event = &entry["payload"]["event"];
        format!("{} {}", event["action"].as_str().unwrap(), event["scope"].as_str().unwrap())
    };
    let mut lines: Vec<String> = log.as_array().unwrap().iter().map(line).collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn webhooks_belong_to_their_owner() {
    let site = Site::furnished().await;
    let watched = json!([{ "type": "model", "name": "alice/m" }]);
    let body = |url: &str| json!({ "watched": watched, "url": url, "domains": ["repo"] });
    site.get("", HOOKS).await.fails(401, None, "signed in");
    site.post("", HOOKS, body("https://example.org")).await.fails(401, None, "sign in");
    site.post("alice_read", HOOKS, body("https://example.org")).await.fails(403, None, "role 'write'");
    for url in ["", "nonsense", "ftp://example.org", "https://user@example.org"] {
        site.post("alice", HOOKS, body(url)).await.fails(400, None, "https://");
    }
    let odd = [
        (json!({ "url": "https://e.org" }), 400, "watches"),
        (json!({ "url": "https://e.org", "watched": [{ "type": "paper", "name": "x" }] }), 400, "model, dataset"),
        (json!({ "url": "https://e.org", "watched": watched, "domains": ["odd"] }), 400, "repo, discussion"),
        (json!({ "url": "https://e.org", "watched": watched, "secret": "a b" }), 400, "secret"),
        (json!({ "watched": watched, "jobSourceId": "x" }), 501, "runs no jobs"),
        (json!({ "url": "https://e.org", "watched": [{ "type": "user", "name": "acme" }] }), 404, "no user"),
    ];
    for (body, status, words) in odd {
        site.post("alice", HOOKS, body).await.fails(status, None, words);
    }
    // Nobody watches what they may not know of.
    let hidden = json!({ "url": "https://e.org", "watched": [{ "type": "dataset", "name": "alice/d" }] });
    site.post("carol", HOOKS, hidden).await.fails(404, Some("RepoNotFound"), "");

    let id = make(&site, "alice", "model", "alice/m").await;
    let one = format!("{HOOKS}/{id}");
    let seen = site.get("alice", &one).await.ok().json()["webhook"].clone();
    assert_eq!((&seen["secret"], &seen["disabled"]), (&json!("s"), &json!(false)));
    assert_eq!(seen["watched"], watched);
    assert_eq!(site.get("bob", HOOKS).await.ok().json(), json!([]));
    for path in [one.clone(), format!("{one}/logs")] {
        site.get("bob", &path).await.fails(404, None, "no such webhook");
    }
    for path in [one.clone(), format!("{one}/disable"), format!("{one}/replay/{:024}", 1)] {
        site.post("bob", &path, json!({})).await.fails(404, None, "no such webhook");
    }
    let changed = site.post("alice", &one, json!({ "watched": [], "domains": ["discussion"] })).await.ok().json();
    assert_eq!(changed["webhook"]["domains"], json!(["discussion"]));
    assert_eq!(changed["webhook"]["watched"], watched);
    assert_eq!(site.post("alice", &format!("{one}/disable"), json!({})).await.ok().json()["webhook"]["disabled"], true);
    site.post("alice", &format!("{one}/odd"), json!({})).await.fails(404, None, "enabled and disabled");
    site.delete("bob", &one).await.fails(404, None, "no such webhook");
    site.delete("alice", &one).await.ok();
    site.send("alice", Method::GET, &one, &[], axum::body::Body::empty()).await.fails(404, None, "no such webhook");
}

#[tokio::test]
async fn a_name_can_be_watched_before_anyone_has_it() {
    let site = Site::furnished().await;
    let community = community(&site);
    community.dispatch_webhooks("http://hub.test").await.unwrap();
    let body = json!({ "url": "https://e.org", "watched": [
        { "type": "user", "name": "later" }, { "type": "org", "name": "never" }, { "type": "user", "name": "later" }] });
    let made = site.post("bob", HOOKS, body).await.ok().json();
    let watched = json!([{ "type": "org", "name": "never" }, { "type": "user", "name": "later" }]);
    let id = made["webhook"]["id"].as_str().unwrap();
    assert_eq!(site.get("bob", &format!("{HOOKS}/{id}")).await.ok().json()["webhook"]["watched"], watched);
    let person = r#"{ "users": [{ "name": "Later", "full_name": "L", "email": "l@example.org",
        "tokens": [{ "value": "hf_later", "role": "write", "display_name": "all" }] }] }"#;
    site.engine.accounts.import_accounts(By::Operator, person).await.unwrap();
    for (name, private) in [("open", false), ("closed", true)] {
        site.post("later", "/api/repos/create", json!({ "name": name, "private": private })).await.ok();
        site.commit("later", &format!("models/Later/{name}"), &[file("a", "1")]).await.ok();
    }
    community.dispatch_webhooks("http://hub.test").await.unwrap();
    let log = site.get("bob", &format!("{HOOKS}/{id}/logs")).await.ok();
    assert!(log.text().contains("Later/open") && !log.text().contains("closed"), "{}", log.text());
}

#[tokio::test]
async fn each_event_is_told_once_to_whoever_may_know_of_it() {
    let site = Site::furnished().await;
    let (one, other) = (community(&site), community(&site));
    one.dispatch_webhooks("http://hub.test").await.unwrap();
    let of_alice = make(&site, "alice", "user", "alice").await;
    let of_carol = make(&site, "carol", "user", "alice").await;
    site.commit("alice", "models/alice/m", &[file("a", "1")]).await.ok();
    site.post("bob", "/api/models/alice/m/discussions", json!({ "title": "Hello", "description": "x" })).await.ok();
    site.post("bob", "/api/models/alice/m/discussions/1/comment", json!({ "comment": "more" })).await.ok();
    site.put("alice", "/api/models/alice/m/settings", json!({ "description": "d" })).await.ok();
    site.post("alice", "/api/datasets/alice/d/discussions", json!({ "title": "Secret", "description": "" })).await.ok();
    let (a, b) = tokio::join!(one.dispatch_webhooks("http://hub.test"), other.dispatch_webhooks("http://hub.test"));
    assert_eq!(a.unwrap() + b.unwrap(), 9);
    let public = ["create discussion", "create discussion.comment", "update repo.config", "update repo.content"];
    assert_eq!(told(&site, "carol", &of_carol).await, public);
    assert_eq!(told(&site, "alice", &of_alice).await.len(), 5);
    assert_eq!(one.dispatch_webhooks("http://hub.test").await.unwrap(), 0);
    let log = site.get("carol", &format!("{HOOKS}/{of_carol}/logs")).await.ok();
    assert!(!log.text().contains("Secret"), "{}", log.text());

    // What fails for good again and again is suspended, until its owner switches it on.
    let entries = log.json();
    let key = |entry: &Value| hub_account::key_of_wire_id(entry["id"].as_str().unwrap()).unwrap();
    let first = key(&entries[0]);
    assert!(one.delivery(first).await.unwrap().is_some());
    for _ in 0..20 {
        one.note_delivery(first, &Outcome::Unreached("nobody there".to_owned()), true).await.unwrap();
    }
    let hook = format!("{HOOKS}/{of_carol}");
    assert_eq!(site.get("carol", &hook).await.ok().json()["webhook"]["disabled"], "suspended-after-failure");
    assert!(one.delivery(key(&entries[1])).await.unwrap().is_none());
    site.post("carol", &format!("{hook}/enable"), json!({})).await.ok();
    site.post("carol", &format!("{hook}/replay/{}", entries[0]["id"].as_str().unwrap()), json!({})).await.ok();
    let delivery = one.delivery(first).await.unwrap().unwrap();
    assert_eq!((delivery.url.as_str(), delivery.secret.as_deref()), ("https://example.org/x", Some("s")));
    one.note_delivery(first, &Outcome::Answered(204), false).await.unwrap();
    assert!(one.delivery(first).await.unwrap().is_none());
}
