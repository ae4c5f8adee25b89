//! Notifications over HTTP: who is told of what, what they make of it, and that nobody is told of what they may not know.

use axum::http::Method;
use serde_json::{Value, json};

use crate::site::{Answer, Site};
use crate::webhooks::community;

const ALL: &str = "/api/notifications";

impl Site {
    async fn change(&self, who: &str, path: &str, body: Value) -> Answer {
        self.send(who, Method::PATCH, path, &[("content-type", "application/json")], body.to_string()).await
    }

    async fn add_space(&self) {
        self.post("alice", "/api/repos/create", json!({ "name": "s", "type": "space", "sdk": "static" })).await.ok();
    }

    async fn discuss(&self, who: &str, repo: &str, text: &str) -> i64 {
        let body = json!({ "title": "A question", "description": text });
        self.post(who, &format!("/api/{repo}/discussions"), body).await.ok().json()["num"].as_i64().unwrap()
    }

    async fn answer_in(&self, who: &str, repo: &str, number: i64, text: &str) {
        let body = json!({ "comment": text });
        self.post(who, &format!("/api/{repo}/discussions/{number}/comment"), body).await.ok();
    }

    async fn tell(&self) {
        community(self).dispatch_notifications().await.unwrap();
    }

    /// What somebody was told: title, reason, and whether they have read it.
    async fn told(&self, who: &str, query: &str) -> Vec<(String, String, bool)> {
        let found = self.get(who, &format!("{ALL}{query}")).await.ok().json();
        let line = |one: &Value| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (text(&one["repo"]["name"]), text(&one["reason"]), one["read"].as_bool().unwrap())
        };
        found["notifications"].as_array().unwrap().iter().map(line).collect()
    }
}

/// A site whose dispatcher has begun to listen: what came before is told to nobody.
async fn listening() -> Site {
    let site = Site::furnished().await;
    site.tell().await;
    site
}

fn line(repo: &str, reason: &str, is_read: bool) -> (String, String, bool) {
    (repo.to_owned(), reason.to_owned(), is_read)
}

#[tokio::test]
async fn owners_participants_and_those_who_are_mentioned_are_told() {
    let site = listening().await;
    site.get("", ALL).await.fails(401, None, "sign");
    let number = site.discuss("carol", "models/alice/m", "How, @bob? `@alice_read` is code.").await;
    site.tell().await;
    assert_eq!(site.told("alice", "").await, [line("alice/m", "participating", false)]);
    assert_eq!(site.told("bob", "").await, [line("alice/m", "mention", false)]);
    assert_eq!(site.told("carol", "").await, [], "one knows what one did");

    // The answer renews what they were told; telling twice tells nothing new.
    site.answer_in("alice", "models/alice/m", number, "Like this.").await;
    site.tell().await;
    site.tell().await;
    assert_eq!(site.told("carol", "").await, [line("alice/m", "participating", false)]);
    assert_eq!(site.told("bob", "").await, [line("alice/m", "mention", false)], "a mention stays one until it is read");
    let seen = site.get("bob", ALL).await.ok().json();
    assert_eq!(seen["count"], json!({ "view": 1, "unread": 1, "all": 1 }));
    let one = &seen["notifications"][0];
    assert_eq!((&one["type"], &one["repo"]["type"]), (&json!("repo"), &json!("model")));
    assert_eq!((&one["discussion"]["num"], &one["discussion"]["title"]), (&json!(number), &json!("A question")));
    let faces: Vec<&str> = one["discussion"]["participating"]
        .as_array()
        .unwrap()
        .iter()
        .map(|face| face["user"].as_str().unwrap())
        .collect();
    assert_eq!(faces, ["carol", "alice"]);

    // Closing it is told as well.
    let closed = json!({ "status": "closed" });
    site.post("alice", &format!("/api/models/alice/m/discussions/{number}/status"), closed).await.ok();
    site.tell().await;
    let seen = site.get("carol", ALL).await.ok().json();
    assert_eq!(seen["notifications"][0]["discussion"]["status"], "closed");
}

#[tokio::test]
async fn notifications_are_read_filtered_and_removed() {
    let site = listening().await;
    site.add_space().await;
    for kind in ["models/alice/m", "spaces/alice/s"] {
        site.discuss("carol", kind, "Well, @bob?").await;
    }
    site.tell().await;
    let mut ids = Vec::new();
    for one in site.get("bob", ALL).await.ok().json()["notifications"].as_array().unwrap() {
        ids.push(one["discussion"]["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), 2);
    let marks = format!("{ALL}/mark-as-read");
    site.post("", &marks, json!({ "discussionIds": [ids[0]] })).await.fails(401, None, "sign");
    // Nobody reads for somebody else.
    site.post("carol", &marks, json!({ "discussionIds": ids })).await.ok();
    assert_eq!(site.told("bob", "?readStatus=unread").await.len(), 2);
    site.post("bob", &marks, json!({ "discussionIds": [ids[0]] })).await.ok();
    assert_eq!(site.told("bob", "?readStatus=unread").await.len(), 1);
    site.post("bob", &marks, json!({ "discussionIds": [ids[0]], "read": false })).await.ok();
    assert_eq!(site.told("bob", "?readStatus=unread").await.len(), 2);
    site.post("bob", &format!("{marks}?applyToAll=true&lastUpdate=2000-01-01T00:00:00.000Z"), json!({})).await.ok();
    assert_eq!(site.told("bob", "?readStatus=unread").await.len(), 2, "nothing is as old as that");
    site.post("bob", &format!("{marks}?applyToAll=true&repoType=space&repoName=alice/s"), json!({})).await.ok();
    assert_eq!(site.told("bob", "?readStatus=unread").await, [line("alice/m", "mention", false)]);
    assert_eq!(site.told("bob", "?repoType=space&repoName=alice/s").await, [line("alice/s", "mention", true)]);
    assert_eq!(site.told("bob", "?repoName=alice/never").await, []);
    assert_eq!(site.told("bob", "?mention=mentions").await.len(), 2);
    site.get("bob", &format!("{ALL}?readStatus=odd")).await.fails(400, None, "all, unread");
    site.get("bob", &format!("{ALL}?lastUpdate=x")).await.fails(400, None, "lastUpdate");

    let body = json!({ "discussionIds": [ids[0]] }).to_string();
    site.send("bob", Method::DELETE, ALL, &[("content-type", "application/json")], body).await.ok();
    assert_eq!(site.told("bob", "").await.len(), 1);
    site.delete("bob", &format!("{ALL}?applyToAll=true")).await.ok();
    assert_eq!(site.told("bob", "").await, []);
}

#[tokio::test]
async fn people_choose_what_they_are_told() {
    let site = listening().await;
    site.add_space().await;
    let settings = "/api/settings/notifications";
    site.get("", settings).await.fails(401, None, "sign");
    let off = json!({ "notifications": { "web_discussions_participating": false, "launch_spaces": true } });
    site.change("alice_read", settings, off.clone()).await.fails(403, None, "role 'write'");
    let now = site.change("alice", settings, off).await.ok().json();
    assert_eq!(now["notifications"]["web_discussions_participating"], false);
    assert_eq!(now["notifications"]["web_discussions_watched"], true);
    site.discuss("carol", "models/alice/m", "Anybody?").await;
    site.tell().await;
    assert_eq!(site.told("alice", "").await, []);

    // Whoever watches a person is told of all that is theirs.
    let watch = "/api/settings/watch";
    site.change("bob", watch, json!({ "add": [{ "id": "alice", "type": "user" }] })).await.ok();
    site.change("bob", watch, json!({ "add": [{ "id": "acme", "type": "user" }] })).await.fails(404, None, "watch");
    site.change("bob", watch, json!({ "add": [{ "id": "x", "type": "odd" }] })).await.fails(
        400,
        None,
        "repo, user, org",
    );
    let number = site.discuss("carol", "spaces/alice/s", "Somebody?").await;
    site.tell().await;
    assert_eq!(site.told("bob", "").await, [line("alice/s", "watching", false)]);
    assert_eq!(site.told("bob", "?mention=participating").await, []);
    let watched = site.get("bob", watch).await.ok().json();
    assert_eq!((watched.as_array().unwrap().len(), &watched[0]["type"]), (1, &json!("user")));
    site.change("bob", watch, json!({ "delete": [watched[0]] })).await.ok();
    site.answer_in("carol", "spaces/alice/s", number, "Nobody?").await;
    site.delete("bob", &format!("{ALL}?applyToAll=true")).await.ok();
    site.tell().await;
    assert_eq!(site.told("bob", "").await, []);
}

#[tokio::test]
async fn nobody_is_told_of_what_they_may_not_know() {
    let site = listening().await;
    site.change("carol", "/api/settings/watch", json!({ "add": [{ "id": "alice", "type": "user" }] })).await.ok();
    // Carol is mentioned in a private repository that she cannot see, and watches its owner.
    site.discuss("alice", "datasets/alice/d", "Not for you, @carol").await;
    site.tell().await;
    assert_eq!(site.told("carol", "").await, []);
    // A repository that becomes private takes what was told of it along.
    site.discuss("alice", "models/alice/m", "For you, @carol").await;
    site.tell().await;
    assert_eq!(site.told("carol", "").await, [line("alice/m", "mention", false)]);
    let private = json!({ "visibility": "private" });
    site.send(
        "alice",
        Method::PUT,
        "/api/models/alice/m/settings",
        &[("content-type", "application/json")],
        private.to_string(),
    )
    .await
    .ok();
    assert_eq!(site.told("carol", "").await, []);
    assert_eq!(site.get("carol", ALL).await.ok().json()["count"]["all"], 0);
    let unknown = json!({ "add": [{ "id": "000000000000000000000001", "type": "repo" }] });
    site.change("carol", "/api/settings/watch", unknown).await.fails(404, None, "watch");
}
