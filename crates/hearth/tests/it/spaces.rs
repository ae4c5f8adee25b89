//! What only Spaces have, over HTTP: the environment of the app, and what is known of it. Who may do what is in the matrix.

use serde_json::{Value, json};

use crate::site::Site;

const SPACE: &str = "/api/spaces/alice/s";

async fn site() -> Site {
    let site = Site::new().await;
    let new = json!({
        "name": "s", "type": "space", "sdk": "gradio",
        "secrets": [{ "key": "TOKEN", "value": "tell-nobody" }],
        "variables": [{ "key": "MODE", "value": "fast", "description": "how" }],
    });
    site.post("alice", "/api/repos/create", new).await.ok();
    site
}

#[tokio::test]
async fn secrets_are_listed_without_their_values() {
    let site = site().await;
    let secrets = format!("{SPACE}/secrets");
    let set =
        site.post("alice", &secrets, json!({ "key": "b", "value": "tell-nobody", "description": "B" })).await.ok();
    let listed = site.get("alice", &secrets).await.ok();
    assert_eq!(set.json(), listed.json());
    assert!(!listed.text().contains("tell-nobody") && !listed.text().contains("value"), "{}", listed.text());
    assert_eq!(listed.json()["b"]["description"], "B");
    assert_eq!(listed.json().as_object().unwrap().keys().collect::<Vec<_>>(), ["TOKEN", "b"]);
    site.get("bob", &secrets).await.fails(403, None, "");
    let delete = async |key: &str| {
        let headers = [("content-type", "application/json")];
        site.send("alice", axum::http::Method::DELETE, &secrets, &headers, json!({ "key": key }).to_string()).await.ok()
    };
    delete("b").await;
    assert_eq!(delete("never there").await.json().as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn variables_are_shown_and_go_along_with_a_copy() {
    let site = site().await;
    let variables = format!("{SPACE}/variables");
    let value = |seen: &Value, key: &str| (seen[key]["value"].clone(), seen[key]["description"].clone());
    let set = site.post("alice", &variables, json!({ "key": "MODE", "value": "slow" })).await.ok().json();
    assert_eq!(value(&set, "MODE"), (json!("slow"), json!("how")), "without a new description the old one stays");
    assert_eq!(site.get("", &variables).await.ok().json(), set);
    let copy = json!({ "repository": "bob/copy", "variables": [{ "key": "MORE", "value": "1" }] });
    site.post("bob", &format!("{SPACE}/duplicate"), copy).await.ok();
    let copied = site.get("bob", "/api/spaces/bob/copy/variables").await.ok().json();
    assert_eq!((&copied["MODE"]["value"], &copied["MORE"]["value"]), (&json!("slow"), &json!("1")));
    assert_eq!(site.get("bob", "/api/spaces/bob/copy/secrets").await.ok().json(), json!({}));
}

#[tokio::test]
async fn what_no_environment_can_hold_is_refused() {
    let site = site().await;
    let variables = format!("{SPACE}/variables");
    for key in ["", "9", "a-b", "a b", "ä"] {
        site.post("alice", &variables, json!({ "key": key, "value": "x" })).await.fails(
            422,
            None,
            "begins with a letter",
        );
    }
    let long = json!({ "key": "a", "value": "x".repeat(40_000) });
    site.post("alice", &variables, long).await.fails(422, None, "32768 bytes");
    let long = json!({ "key": "a", "value": "", "description": "x".repeat(1001) });
    site.post("alice", &variables, long).await.fails(422, None, "1000 bytes");
    for number in 1..100 {
        site.post("alice", &variables, json!({ "key": format!("v{number}"), "value": "" })).await.ok();
    }
    site.post("alice", &variables, json!({ "key": "one_more", "value": "" })).await.fails(422, None, "at most 100");
    site.post("alice", &variables, json!({ "key": "v1", "value": "again" })).await.ok();
    let wrong = json!({ "name": "w", "type": "space", "sdk": "static", "secrets": [{ "key": "a-b", "value": "" }] });
    site.post("alice", "/api/repos/create", wrong).await.fails(422, None, "begins with a letter");
    site.get("alice", "/api/spaces/alice/w").await.fails(404, Some("RepoNotFound"), "");
    let model = json!({ "name": "w", "secrets": [{ "key": "a", "value": "" }] });
    site.post("alice", "/api/repos/create", model).await.fails(400, None, "only a Space");
}

#[tokio::test]
async fn static_apps_are_up_and_nothing_else_runs() {
    let site = site().await;
    assert_eq!(site.get("", &format!("{SPACE}/runtime")).await.ok().json()["stage"], "STOPPED");
    site.post("alice", "/api/repos/create", json!({ "name": "t", "type": "space", "sdk": "static" })).await.ok();
    let runtime = site.get("", "/api/spaces/alice/t/runtime").await.ok().json();
    assert_eq!((&runtime["stage"], &runtime["hardware"]["current"]), (&json!("RUNNING"), &json!(null)));
    assert_eq!(site.get("", "/api/spaces/hardware").await.ok().json(), json!([]));
    assert_eq!(site.get("", "/api/spaces/templates").await.ok().json(), json!({ "templates": [] }));
}
