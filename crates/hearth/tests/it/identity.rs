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
    let keys = keys["keys"].as_array().unwrap();
    for (alg, kty) in [("ES256", "EC"), ("RS256", "RSA")] {
        let key = keys.iter().find(|key| key["alg"] == alg).unwrap();
        assert!(key["kty"] == kty && key.get("d").is_none(), "{key}");
    }
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
async fn apps_register_themselves_and_people_are_told_that_nobody_vouches_for_them() {
    let site = Site::new().await;
    let about = site.get("", "/.well-known/oauth-authorization-server").await.ok().json();
    assert_eq!(about["registration_endpoint"], format!("{URL}/oauth/register"));
    let back = "http://localhost:7860/cb";
    let body = json!({ "client_name": "<b>Gallery</b>", "redirect_uris": [back], "token_endpoint_auth_method": "none",
        "client_uri": "https://gallery.example", "software_id": "x", "scope": "openid contribute-repos made-up" });
    let answer = site.post("", "/oauth/register", body).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (201, Some("no-store")));
    let app = answer.json();
    assert_eq!((&app["scope"], &app["redirect_uris"]), (&json!("openid contribute-repos"), &json!([back])));
    assert!(app.get("client_secret").is_none() && app["client_secret_expires_at"] == 0);
    let id = app["client_id"].as_str().unwrap();
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let ask = format!(
        "/oauth/authorize?client_id={id}&response_type=code&scope=openid+contribute-repos\
        &code_challenge={challenge}&code_challenge_method=S256&redirect_uri={back}"
    );
    let (status, text) = page(&site, "alice", &ask).await;
    assert!(status == 200 && text.contains("Nobody here vouches for this app"), "{text}");
    assert!(!text.contains("<b>Gallery") && !text.contains("comes with the house") && text.contains(back));

    let device = site.post("", "/oauth/device", json!({ "client_id": id })).await.ok().json();
    let path = format!("/oauth/device?user_code={}", device["user_code"].as_str().unwrap());
    assert!(page(&site, "alice", &path).await.1.contains("Nobody here vouches for this app"));
    let hf = json!({ "client_id": "26be6b09-91c5-47da-9861-d2d2bb7a7e36" });
    let device = site.post("", "/oauth/device", hf).await.ok().json();
    let path = format!("/oauth/device?user_code={}", device["user_code"].as_str().unwrap());
    assert!(!page(&site, "alice", &path).await.1.contains("Nobody here vouches"));

    let refused = [
        (json!({ "redirect_uris": ["http://app.example.org/cb"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": [back], "scope": "made-up" }), "invalid_client_metadata"),
        (
            json!({ "redirect_uris": [back], "token_endpoint_auth_method": "private_key_jwt" }),
            "invalid_client_metadata",
        ),
        (json!({}), "invalid_client_metadata"),
    ];
    for (body, word) in refused {
        let answer = site.post("", "/oauth/register", body).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (400, &json!(word)));
    }
    for _ in 0..19 {
        let body = json!({ "redirect_uris": [back], "id_token_signed_response_alg": "ES256" });
        let app = site.post("", "/oauth/register", body).await.json();
        assert!(app["client_secret"].is_string() && app["id_token_signed_response_alg"] == "ES256", "{app}");
    }
    let many = site.post("", "/oauth/register", json!({ "redirect_uris": [back] })).await;
    assert_eq!((many.status.as_u16(), &many.json()["error"]), (429, &json!("temporarily_unavailable")));
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
