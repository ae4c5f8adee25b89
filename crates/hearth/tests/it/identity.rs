//! Signing in by other ways than a password, apps, and what administrators see of it.

use axum::body::Body;
use axum::http::Method;
use hub_account::By;
use serde_json::json;

use crate::site::{Site, URL};

async fn page(site: &Site, who: &str, path: &str) -> (u16, String) {
    let answer = site.send(who, Method::GET, path, &[("accept", "text/html")], Body::empty()).await;
    (answer.status.as_u16(), answer.text())
}

#[tokio::test]
async fn the_provider_describes_itself_and_refuses_strangers() {
    let site = Site::new().await;
    let about = site.get("", "/.well-known/openid-configuration").await.ok().json();
    assert_eq!((&about["issuer"], &about["jwks_uri"]), (&json!(URL), &json!(format!("{URL}/oauth/jwks"))));
    let keys = site.get("", "/oauth/jwks").await.ok().json();
    assert_eq!((&keys["keys"][0]["alg"], &keys["keys"][0]["kty"]), (&json!("ES256"), &json!("EC")));
    assert!(keys["keys"][0].get("d").is_none());
    site.get("", "/oauth/userinfo").await.fails(401, None, "");
    let me = site.get("alice", "/oauth/userinfo").await.ok().json();
    assert_eq!((&me["preferred_username"], &me["email"]), (&json!("alice"), &json!("alice@example.org")));
    assert_eq!(me["orgs"][0]["roleInOrg"], "admin");
    let refused = site.post("", "/oauth/token", json!({ "grant_type": "authorization_code", "code": "x" })).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (400, &json!("invalid_grant")));
    let strange = site.get("", "/oauth/authorize?client_id=x&redirect_uri=https://evil.example/").await;
    assert!(strange.status.as_u16() == 422 && strange.header("location").is_none());
    // There is no other house and no mail server in the configuration.
    assert_eq!(page(&site, "", "/login/sso").await.0, 404);
    assert_eq!(page(&site, "", "/login/sso/callback?code=x&state=x").await.0, 404);
    assert_eq!(page(&site, "", "/login/forgot").await.0, 404);
}

#[tokio::test]
async fn administration_is_for_administrators() {
    let site = Site::new().await;
    let pages = ["organizations", "storage", "jobs", "audit", "house", "audit/export"];
    for name in pages {
        let path = format!("/admin/{name}");
        assert_eq!(page(&site, "alice", &path).await.0, 404, "{path}");
        assert_eq!(page(&site, "", &path).await.0, 303, "{path}");
    }
    site.engine.accounts.set_admin(By::Operator, &"carol".parse().unwrap(), true).await.unwrap();
    for name in pages {
        assert_eq!(page(&site, "carol", &format!("/admin/{name}")).await.0, 200, "{name}");
    }
    let (_, house) = page(&site, "carol", "/admin/house").await;
    assert!(house.contains("both stores answer") && house.contains("public_url"), "{house}");
}

#[tokio::test]
async fn acts_are_written_down_and_read_by_those_who_may() {
    let site = Site::furnished().await;
    site.put("alice", "/api/models/alice/m/settings", json!({ "private": true })).await.ok();
    site.post("alice", "/api/repos/create", json!({ "name": "lab", "organization": "acme" })).await.ok();
    site.put("alice", "/api/models/acme/lab/settings", json!({ "private": true })).await.ok();
    site.engine.accounts.set_admin(By::Operator, &"carol".parse().unwrap(), true).await.unwrap();
    let file = site.get("carol", "/admin/audit/export?format=ndjson").await.ok().text();
    let entries: Vec<serde_json::Value> = file.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let acts: Vec<(&str, &str, &str)> = entries
        .iter()
        .map(|entry| {
            let text = |name: &str| entry[name].as_str().unwrap();
            (text("actor"), text("action"), text("subject"))
        })
        .collect();
    let expect = [
        ("operator", "user.promote", "carol"),
        ("alice", "repo.settings", "models/acme/lab"),
        ("alice", "repo.settings", "models/alice/m"),
    ];
    for act in expect {
        assert!(
            acts.iter().any(|seen| seen.0 == act.0
                && seen.1 == act.1
                && seen.2.ends_with(act.2.trim_start_matches("models/"))),
            "{acts:?}"
        );
    }
    assert!(!file.contains("hf_alice"));
    let csv = site.get("carol", "/admin/audit/export?format=csv").await.ok();
    assert!(csv.header("content-type").unwrap().starts_with("text/csv"));
    assert_eq!(csv.text().lines().count(), entries.len() + 1);

    // Administrators of an organisation see what happened there, and nothing else.
    let (status, log) = page(&site, "alice", "/organizations/acme/audit").await;
    assert!(status == 200 && log.contains("acme/lab") && !log.contains("alice/m"), "{log}");
    assert_eq!(page(&site, "bob", "/organizations/acme/audit").await.0, 403);
    assert_eq!(page(&site, "alice", "/organizations/nobody/audit").await.0, 404);
    let (_, found) = page(&site, "carol", "/admin/audit?q=PROMOTE").await;
    assert!(found.contains("user.promote") && !found.contains("repo.settings"), "{found}");
}
