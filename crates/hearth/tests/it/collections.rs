//! Collections over HTTP: made, filled, ordered, shared, and silent about what a caller may not know of.

use axum::http::Method;
use serde_json::{Value, json};

use crate::site::{Answer, Site};

impl Site {
    pub(crate) async fn patch(&self, who: &str, path: &str, body: Value) -> Answer {
        self.send(who, Method::PATCH, path, &[("content-type", "application/json")], body.to_string()).await
    }
}

#[tokio::test]
async fn collections_keep_their_order_and_their_address() {
    let site = Site::furnished().await;
    let new = json!({ "title": "My cool stuff!", "namespace": "alice", "private": false, "description": "all of it" });
    site.post("", "/api/collections", new.clone()).await.fails(401, None, "sign in");
    site.post("carol", "/api/collections", new.clone()).await.fails(403, None, "owner");
    let long = json!({ "title": "x".repeat(61), "namespace": "alice" });
    site.post("alice", "/api/collections", long).await.fails(400, None, "60 characters");
    let made = site.post("alice", "/api/collections", new.clone()).await.ok().json();
    let slug = made["slug"].as_str().unwrap().to_owned();
    assert!(slug.starts_with("alice/my-cool-stuff-"), "{slug}");
    let taken = site.post("alice", "/api/collections", new).await.fails(409, None, "already");
    assert_eq!(taken.json()["slug"], slug.as_str());

    let one = format!("/api/collections/{slug}");
    let add = async |who: &str, id: &str, kind: &str, note: Option<&str>| {
        site.post(who, &format!("{one}/items"), json!({ "item": { "id": id, "type": kind }, "note": note })).await
    };
    add("carol", "alice/m", "model", None).await.fails(403, None, "owner");
    add("alice", "alice/m", "model", Some("a note")).await.ok();
    add("alice", "alice/m", "model", None).await.fails(409, None, "already");
    add("alice", "alice/m", "dataset", None).await.fails(404, Some("RepoNotFound"), "");
    add("alice", "alice/m", "odd", None).await.fails(400, None, "model, dataset");
    add("alice", "alice/d", "dataset", None).await.ok();
    let full = add("alice", "2301.00001", "paper", None).await.ok().json();
    let items = full["items"].as_array().unwrap().clone();
    let ids: Vec<&str> = items.iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["alice/m", "alice/d", "2301.00001"]);
    assert_eq!((&items[0]["note"]["text"], items[1].get("note")), (&json!("a note"), None));

    // Others see what they may know of.
    let seen = site.get("carol", &one).await.ok().json();
    let ids: Vec<&str> = seen["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["alice/m", "2301.00001"]);

    let item = |at: usize| format!("{one}/items/{}", items[at]["_id"].as_str().unwrap());
    site.patch("alice", &item(0), json!({ "note": "New note", "position": 1 })).await.ok();
    site.patch("carol", &item(0), json!({ "position": 0 })).await.fails(403, None, "owner");
    site.delete("alice", &item(2)).await.ok();
    site.delete("alice", &item(2)).await.fails(404, None, "no such item");
    let now = site.get("alice", &one).await.ok().json();
    let order: Vec<(&str, i64)> = now["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["id"].as_str().unwrap(), item["position"].as_i64().unwrap()))
        .collect();
    assert_eq!(order, [("alice/d", 0), ("alice/m", 1)]);
    assert_eq!(now["items"][1]["note"]["text"], "New note");

    // It may link to itself, by the number at the end of its address; the JavaScript client's own tests do that.
    let id = &slug[slug.len() - 24..];
    let linked = add("alice", id, "collection", Some("see also")).await.ok().json();
    let itself = linked["items"].as_array().unwrap().last().unwrap();
    assert_eq!((&itself["type"], &itself["id"]), (&json!("collection"), &json!(id)));
    assert_eq!(itself["note"], json!({ "html": "see also", "text": "see also" }));
    site.delete("alice", &format!("{one}/items/{}", itself["_id"].as_str().unwrap())).await.ok();

    // Another title gives another address, and the old one still leads there.
    let change = json!({ "title": "New title", "theme": "pink", "private": true });
    let changed = site.patch("alice", &one, change).await.ok().json();
    let data = &changed["data"];
    assert_eq!((&data["title"], &data["theme"], &data["private"]), (&json!("New title"), &json!("pink"), &json!(true)));
    let other = data["slug"].as_str().unwrap();
    assert!(other.starts_with("alice/new-title-") && other[other.len() - 24..] == slug[slug.len() - 24..]);
    assert_eq!(site.get("alice", &one).await.ok().json()["slug"], other);
    for (who, path) in [("carol", one.clone()), ("", one.clone()), ("", "/api/collections/a/b".to_owned())] {
        site.get(who, &path).await.fails(404, None, "no such collection");
    }
    site.patch("alice", &one, json!({ "theme": "black" })).await.fails(400, None, "orange, blue");

    // Lists: none of them has what is private, and their items have no place of their own.
    let list = async |who: &str, query: &str| site.get(who, &format!("/api/collections{query}")).await.ok().json();
    assert_eq!(list("carol", "").await, json!([]));
    assert_eq!(list("alice", "?owner=alice").await[0]["slug"], other);
    site.patch("alice", &one, json!({ "private": false })).await.ok();
    for query in ["?owner=alice", "?item=models/alice/m", "?q=title", "?sort=upvotes"] {
        let found = list("carol", query).await;
        assert_eq!((&found[0]["slug"], found[0].get("position")), (&json!(other), None), "{query}");
    }
    for query in ["?owner=bob", "?item=models/alice/none", "?item=datasets/alice/d", "?q=100%25"] {
        assert_eq!(list("carol", query).await, json!([]), "{query}");
    }
    for _ in 0..2 {
        site.post("carol", &format!("{one}/upvote"), json!({})).await.ok();
    }
    let voted = site.get("carol", &one).await.ok().json();
    assert_eq!((&voted["upvotes"], &voted["isUpvotedByUser"]), (&json!(1), &json!(true)));
    site.delete("carol", &format!("{one}/upvote")).await.ok();
    assert_eq!(site.get("carol", &one).await.ok().json()["upvotes"], 0);

    // What is gone is in no collection.
    site.delete("carol", &one).await.fails(403, None, "owner");
    let gone = json!({ "name": "m", "type": "model" });
    let headers = [("content-type", "application/json")];
    site.send("alice", Method::DELETE, "/api/repos/delete", &headers, gone.to_string()).await.ok();
    assert_eq!(site.get("carol", &one).await.ok().json()["items"], json!([]));
    site.delete("alice", &one).await.ok();
    site.delete("alice", &one).await.fails(404, None, "no such collection");
}
