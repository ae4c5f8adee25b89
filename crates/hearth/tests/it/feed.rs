//! The feed over HTTP: who sees what of whom they follow, page by page, and never what they may not know.

use serde_json::{Value, json};

use crate::pages::{look, newcomer, submit};
use crate::site::Site;

const FEED: &str = "/api/feed";

impl Site {
    /// What the feed of somebody tells, in short.
    async fn feed_of(&self, who: &str) -> Vec<String> {
        self.get(who, FEED).await.ok().json().as_array().unwrap().iter().map(short).collect()
    }

    fn wait(&self) {
        self.engine.clock.advance_millis(1_000);
    }
}

fn short(item: &Value) -> String {
    let name = match item["type"].as_str().unwrap() {
        "repo" | "like" => &item["repo"]["name"],
        "post" => &item["post"]["rawContent"],
        "article" => &item["article"]["title"],
        "discussion" => &item["discussion"]["title"],
        _ => &item["paper"]["id"],
    };
    format!("{} {} {}", item["actor"]["name"].as_str().unwrap(), item["type"].as_str().unwrap(), name.as_str().unwrap())
}

#[tokio::test]
async fn a_feed_tells_of_those_whom_one_follows_and_watches() {
    let site = Site::furnished().await;
    site.get("", FEED).await.fails(401, None, "");
    assert!(site.feed_of("carol").await.is_empty());
    site.post("carol", "/api/users/alice/follow", json!({})).await.ok();
    site.wait();
    site.posted("alice", "Hello").await;
    site.posted("bob", "Nobody asked").await;
    site.wait();
    site.post("alice", "/api/blog", json!({ "title": "At length", "content": "x" })).await.ok();
    site.post("alice", "/api/blog", json!({ "title": "Not yet", "content": "x", "draft": true })).await.ok();
    site.wait();
    site.post("bob", "/api/repos/create", json!({ "name": "b" })).await.ok();
    site.post("alice", "/api/models/bob/b/like", json!({})).await.ok();
    site.wait();
    let talk = |title: &str| json!({ "title": title, "description": "Well?" });
    site.post("alice", "/api/models/bob/b/discussions", talk("A question")).await.ok();
    site.post("bob", "/api/models/alice/m/discussions", talk("Seen by watching")).await.ok();
    site.wait();
    site.put("alice", "/api/papers/2512.00001", json!({ "title": "A paper" })).await.ok();
    site.post("alice", "/api/papers/2512.00001/submit", json!({})).await.ok();
    let expect = [
        "alice paper 2512.00001",
        "alice discussion A question",
        "alice like bob/b",
        "alice article At length",
        "alice post Hello",
        "alice repo alice/m",
    ];
    // The private dataset of alice, her draft, and what bob did are not told.
    assert_eq!(site.feed_of("carol").await, expect);
    let watched = site.get("", "/api/models/alice/m").await.ok().json()["_id"].as_str().unwrap().to_owned();
    let watch = json!({ "add": [{ "id": watched, "type": "repo" }] });
    site.patch("carol", "/api/settings/watch", watch).await.ok();
    assert_eq!(site.feed_of("carol").await[1], "bob discussion Seen by watching");

    // Page by page it is the same.
    let mut pages = Vec::new();
    let mut next = Some(format!("{FEED}?limit=2"));
    while let Some(path) = next.take() {
        let answer = site.get("carol", &path).await.ok();
        pages.extend(answer.json().as_array().unwrap().iter().map(short));
        let link = answer.header("link").and_then(|link| link.split(['<', '>']).nth(1)).map(str::to_owned);
        next = link.map(|link| link.strip_prefix("http://hub.test").unwrap().to_owned());
    }
    assert_eq!(pages, site.feed_of("carol").await);
    for wrong in ["limit=0", "limit=101", "cursor=x", "cursor=1.9.1.1"] {
        site.get("carol", &format!("{FEED}?{wrong}")).await.fails(400, None, "");
    }
}

#[tokio::test]
async fn what_one_may_not_know_is_decided_when_one_reads() {
    let site = Site::furnished().await;
    for who in ["bob", "carol"] {
        site.post(who, "/api/users/alice/follow", json!({})).await.ok();
        site.post(who, "/api/organizations/acme/follow", json!({})).await.ok();
    }
    let private = json!({ "name": "p", "organization": "acme", "private": true });
    site.post("alice", "/api/repos/create", private).await.ok();
    let talk = json!({ "title": "A secret", "description": "x" });
    site.post("alice", "/api/models/acme/p/discussions", talk).await.ok();
    site.post("alice", "/api/models/acme/p/like", json!({})).await.ok();
    // A member is told what a stranger is not.
    assert_eq!(site.feed_of("carol").await, ["alice repo alice/m"]);
    assert!(site.feed_of("bob").await.contains(&"alice discussion A secret".to_owned()));
    assert!(site.feed_of("bob").await.contains(&"acme repo acme/p".to_owned()));
    // What is hidden later vanishes, and what is made public later is there.
    site.put("alice", "/api/models/alice/m/settings", json!({ "private": true })).await.ok();
    assert!(site.feed_of("carol").await.is_empty());
    site.put("alice", "/api/models/acme/p/settings", json!({ "private": false })).await.ok();
    assert_eq!(site.feed_of("carol").await.len(), 3);
    // Whom one has blocked, one hears nothing of; a page of what is left out still leads on.
    for number in 0..30 {
        site.post("alice", "/api/repos/create", json!({ "name": format!("x{number}"), "private": true })).await.ok();
        site.wait();
    }
    let page = site.get("carol", &format!("{FEED}?limit=2")).await.ok();
    assert!(page.header("link").is_some(), "{}", page.text());
    let all = site.feed_of("carol").await;
    assert_eq!(all.len(), 3, "{all:?}");
    site.post("carol", "/api/settings/blocked", json!({ "name": "alice" })).await.ok();
    assert_eq!(site.feed_of("carol").await, ["acme repo acme/p"]);
}

#[tokio::test]
async fn the_feed_has_a_page() {
    let site = Site::furnished().await;
    assert_eq!(look(&site, "", "/feed").await.header("location"), Some("/login?next=/feed"));
    let (cookie, token) = newcomer(&site, "dora").await;
    assert!(look(&site, &cookie, "/").await.ok().text().contains("href=\"/feed\""));
    assert!(look(&site, &cookie, "/feed").await.ok().text().contains("href=\"/users\""));
    submit(&site, "/settings/follow", &cookie, format!("form_token={token}&whom=alice&on=true")).await;
    site.posted("alice", "Hello **you**").await;
    let page = look(&site, &cookie, "/feed").await.ok().text();
    assert!(page.contains("<strong>you</strong>") && page.contains("href=\"/alice/m\""), "{page}");
    assert!(!page.contains("alice/d"), "{page}");
}
