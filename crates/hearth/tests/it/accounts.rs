//! Who the caller is, and what everyone may know of a name.

use axum::http::Method;
use serde_json::json;

use crate::site::{Site, URL};

#[tokio::test]
async fn whoami_has_what_clients_read() {
    let site = Site::new().await;
    let me = site.get("alice", "/api/whoami-v2").await.ok().json();
    assert_eq!((&me["type"], &me["name"], &me["fullname"]), (&json!("user"), &json!("alice"), &json!("Alice")));
    assert_eq!(me["avatarUrl"], format!("{URL}/avatars/alice"));
    assert_eq!((&me["orgs"][0]["name"], &me["orgs"][0]["roleInOrg"]), (&json!("acme"), &json!("admin")));
    assert_eq!((&me["auth"]["type"], &me["auth"]["accessToken"]["role"]), (&json!("access_token"), &json!("write")));
    assert_eq!(me["auth"]["accessToken"]["displayName"], "all");
    site.get("", "/api/whoami-v2").await.fails(401, None, "sign in");
    let basic = [("authorization", "Basic eDpoZl9hbGljZQ==")];
    let by_git = site.send("", Method::GET, "/api/whoami-v2", &basic, axum::body::Body::empty()).await.ok().json();
    assert_eq!(by_git["name"], "alice");
}

#[tokio::test]
async fn overviews_count_what_the_caller_may_see() {
    let site = Site::furnished().await;
    let seen = |who: &'static str| site.get(who, "/api/users/Alice/overview");
    let by_stranger = seen("carol").await.ok().json();
    assert_eq!(
        (&by_stranger["user"], &by_stranger["numModels"], &by_stranger["numDatasets"]),
        (&json!("alice"), &json!(1), &json!(0))
    );
    assert_eq!(seen("alice").await.ok().json()["numDatasets"], 1);
    assert_eq!(site.get("", "/api/organizations/acme/overview").await.ok().json()["fullname"], "Acme");
    site.get("", "/api/users/acme/overview").await.fails(404, None, "no user called acme");
    site.get("", "/api/organizations/alice/overview").await.fails(404, None, "no organization called alice");
    site.get("", "/api/users/a%20b/overview").await.fails(404, None, "");
}

#[tokio::test]
async fn members_are_listed_for_members() {
    let site = Site::new().await;
    let members = site.get("bob", "/api/organizations/acme/members").await.ok().json();
    let names: Vec<_> = members.as_array().unwrap().iter().map(|member| (&member["user"], &member["role"])).collect();
    assert_eq!(names, [(&json!("alice"), &json!("admin")), (&json!("bob"), &json!("contributor"))]);
    site.get("carol", "/api/organizations/acme/members").await.fails(403, None, "member");
    site.get("", "/api/organizations/acme/members").await.fails(401, None, "");
}

#[tokio::test]
async fn cards_are_checked_without_an_account() {
    let site = Site::new().await;
    let check =
        |content: &'static str| site.post("", "/api/validate-yaml", json!({ "content": content, "repoType": "model" }));
    let good = check("---\nlicense: mit\nlanguage: en\n---\n# x").await.ok().json();
    assert_eq!(good["errors"], json!([]));
    let wrong = check("---\nlicense: my-own\n---\n").await.fails(400, None, "").json();
    assert!(wrong["errors"][0]["message"].as_str().unwrap().contains("\"license\" must be one of"));
    let body = json!({ "content": "---\nlicense: my-own\n---\n", "repoType": "model" }).to_string();
    let headers = [("content-type", "application/json"), ("accept", "text/plain")];
    let text = site.send("", Method::POST, "/api/validate-yaml", &headers, body).await;
    assert_eq!(text.status.as_u16(), 400);
    assert!(text.text().starts_with("- Error: \"license\" must be one of"), "{}", text.text());
    let empty = check("# no metadata").await.ok().json();
    assert_ne!(empty["warnings"], json!([]));
}

#[tokio::test]
async fn what_clients_ask_at_their_start_is_answered() {
    let site = Site::new().await;
    site.get("", "/api/agent-harnesses").await.ok();
    site.head("", "/api/telemetry/some/topic").await.ok();
    let traced = site
        .send("", Method::GET, "/api/agent-harnesses", &[("x-amzn-trace-id", "my-id")], axum::body::Body::empty())
        .await;
    assert_eq!(traced.header("x-request-id"), Some("my-id"));
}
