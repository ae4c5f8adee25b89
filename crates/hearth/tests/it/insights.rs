//! The public feed and the export: everything public is in them once, nothing else is, and what goes is told.

use hub_jobs::Outbox;
use serde_json::{Value, json};

use crate::site::Site;

async fn page(site: &Site, query: &str) -> Value {
    site.get("", &format!("/api/changes?{query}")).await.ok().json()
}

fn told(page: &Value) -> Vec<String> {
    let line = |change: &Value| {
        let sign = if change["removed"] == true { "-" } else { "+" };
        format!("{sign}{} {}", change["type"].as_str().unwrap(), change["id"].as_str().unwrap())
    };
    page["changes"].as_array().unwrap().iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_tells_of_public_repositories_once_and_of_what_goes() {
    let site = Site::furnished().await;
    let first = page(&site, "").await;
    assert_eq!(told(&first), ["+model alice/m"]);
    assert_eq!((&first["more"], &first["changes"][0]["repo"]["id"]), (&json!(false), &json!("alice/m")));
    let cursor = first["cursor"].as_str().unwrap().to_owned();
    assert_eq!(told(&page(&site, &format!("cursor={cursor}")).await), Vec::<String>::new());

    site.post("bob", "/api/repos/create", json!({ "name": "data", "type": "dataset" })).await.ok();
    let card = json!({ "key": "file", "value": { "path": "README.md", "content": "---\nlicense: mit\n---\n" } });
    site.commit("alice", "models/alice/m", std::slice::from_ref(&card)).await.ok();
    site.commit("alice", "datasets/alice/d", &[card]).await.ok();
    let second = page(&site, &format!("cursor={cursor}")).await;
    assert_eq!(told(&second), ["+dataset bob/data", "+model alice/m"]);
    assert_eq!(second["changes"][1]["repo"]["cardData"]["license"], "mit");
    assert_eq!(told(&page(&site, "type=dataset").await), ["+dataset bob/data"]);
    let half = page(&site, "limit=1").await;
    assert_eq!((told(&half), &half["more"]), (vec!["+dataset bob/data".to_owned()], &json!(true)));

    // Likes are numbers, not changes; a repository that is hidden or removed is gone, and comes back.
    let cursor = second["cursor"].as_str().unwrap().to_owned();
    site.post("bob", "/api/models/alice/m/like", json!({})).await.ok();
    assert_eq!(told(&page(&site, &format!("cursor={cursor}")).await), Vec::<String>::new());
    site.put("alice", "/api/models/alice/m/settings", json!({ "private": true })).await.ok();
    let third = page(&site, &format!("cursor={cursor}")).await;
    assert_eq!(told(&third), ["-model alice/m"]);
    assert!(third["changes"][0].get("repo").is_none());
    site.put("alice", "/api/datasets/alice/d/settings", json!({ "private": false })).await.ok();
    let move_it = json!({ "fromRepo": "alice/m", "toRepo": "alice/secret-name", "type": "model" });
    site.post("alice", "/api/repos/move", move_it).await.ok();
    assert_eq!(told(&page(&site, "").await), ["+dataset bob/data", "-model alice/m", "+dataset alice/d"]);

    for wrong in ["cursor=x", "cursor=1.z", "type=paper", "limit=0", "limit=501"] {
        site.get("", &format!("/api/changes?{wrong}")).await.fails(400, None, "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_missed_events_looks_at_everything_again() {
    let site = Site::furnished().await;
    site.post("alice", "/api/repos/create", json!({ "name": "gone" })).await.ok();
    assert_eq!(told(&page(&site, "").await), ["+model alice/m", "+model alice/gone"]);
    let gone = json!({ "name": "gone", "type": "model" });
    site.send(
        "alice",
        axum::http::Method::DELETE,
        "/api/repos/delete",
        &[("content-type", "application/json")],
        gone.to_string(),
    )
    .await
    .ok();
    site.post("alice", "/api/repos/create", json!({ "name": "new" })).await.ok();
    let outbox = Outbox::new(site.engine.db.clone());
    site.engine.clock.advance_millis(1);
    outbox.prune(hub_core::Clock::now(&*site.engine.clock)).await.unwrap();
    site.insights.carry_feed_on().await.unwrap();
    let mut all = told(&page(&site, "").await);
    all.sort();
    assert_eq!(all, ["+model alice/m", "+model alice/new", "-model alice/gone"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_export_is_a_parquet_table_of_what_is_public() {
    let site = Site::furnished().await;
    let card = json!({ "key": "file", "value": { "path": "README.md",
        "content": "---\npipeline_tag: fill-mask\ntags: [a, b]\n---\n" } });
    site.commit("alice", "models/alice/m", &[card]).await.ok();
    let answer = site.get("", "/api/export/models.parquet").await.ok();
    assert_eq!(answer.header("content-type"), Some("application/vnd.apache.parquet"));
    assert_eq!((&answer.body[..4], &answer.body[answer.body.len() - 4..]), (&b"PAR1"[..], &b"PAR1"[..]));
    let text = String::from_utf8_lossy(&answer.body);
    assert!(text.contains("alice/m") && text.contains("fill-mask") && text.contains("hearth.changes.cursor"));
    // A private dataset is in no table; an empty table is one.
    let datasets = site.get("alice", "/api/export/datasets.parquet").await.ok();
    assert!(!String::from_utf8_lossy(&datasets.body).contains("alice/d"));
    site.get("", "/api/export/papers.parquet").await.fails(404, None, "models.parquet");
}
