//! Gated repositories: asking, deciding, and every door by which bytes could leave.

use serde_json::{Value, json};

use crate::site::{Answer, Site, file};

const API: &str = "/api/models/alice/m";

async fn gated(how: &str) -> Site {
    let site = Site::furnished().await;
    let card = "---\nextra_gated_prompt: Be kind\nextra_gated_fields:\n  Company: text\n---\nx";
    site.commit("alice", "models/alice/m", &[file("README.md", card), file("a.txt", "bytes")]).await.ok();
    let large = site.upload_large("alice", "alice/m", b"large content").await;
    let line = json!({ "key": "lfsFile", "value": { "path": "a.bin", "algo": "sha256", "oid": large, "size": 13 } });
    site.commit("alice", "models/alice/m", &[line]).await.ok();
    site.put("alice", &format!("{API}/settings"), json!({ "gated": how })).await.ok();
    site
}

/// The doors, each asked by `who`.
async fn doors(site: &Site, who: &str) -> Vec<Answer> {
    let large = crate::site::sha256(b"large content");
    let mut answers = vec![site.batch(who, "alice/m", "download", &large, 13).await];
    let paths = [
        "/alice/m/resolve/main/a.txt".to_owned(),
        "/alice/m/raw/main/a.txt".to_owned(),
        format!("/alice/m.git/info/lfs/objects/{large}"),
        format!("{API}/xet-read-token/main"),
        format!("{API}/auth-check"),
        format!("{API}/compare/main..main"),
        "/alice/m/info/refs?service=git-upload-pack".to_owned(),
    ];
    for path in paths {
        answers.push(site.get(who, &path).await);
    }
    answers
}

async fn list(site: &Site, status: &str) -> Value {
    site.get("alice", &format!("{API}/user-access-request/{status}")).await.ok().json()
}

#[tokio::test]
async fn owners_decide_who_gets_in() {
    let site = gated("manual").await;
    for (who, status) in [("carol", 403), ("", 401)] {
        for answer in doors(&site, who).await {
            // git is told in plain text, everyone else in JSON.
            let words = "Access to model alice/m is restricted and you are not in the authorized list";
            let seen = (answer.status.as_u16(), answer.header("x-error-code"));
            assert_eq!(seen, (status, Some("GatedRepo")), "{answer:?}");
            assert!(answer.text().contains(words), "{}", answer.text());
        }
    }
    // What it is and which files it has stays visible.
    let info = site.get("carol", API).await.ok().json();
    assert_eq!((&info["gated"], &info["cardData"]["extra_gated_prompt"]), (&json!("manual"), &json!("Be kind")));
    site.get("carol", &format!("{API}/tree/main")).await.ok();
    site.post("carol", &format!("{API}/duplicate"), json!({ "repository": "carol/copy" })).await.fails(
        403,
        Some("GatedRepo"),
        "restricted",
    );

    let ask = format!("{API}/ask-access");
    site.post("", &ask, json!({})).await.fails(401, None, "signed in");
    site.post("carol", &ask, json!({ "Company": { "a": 1 } })).await.fails(400, None, "fields");
    let asked = site.post("carol", &ask, json!({ "Company": "Carol & Co" })).await.ok().json();
    assert_eq!(asked["status"], "pending");
    site.post("carol", &ask, json!({})).await.fails(409, None, "already");
    assert!(doors(&site, "carol").await.iter().all(|answer| answer.status == 403));
    let pending = list(&site, "pending").await;
    assert_eq!((&pending[0]["user"]["user"], &pending[0]["status"]), (&json!("carol"), &json!("pending")));
    assert_eq!(pending[0]["fields"], json!({ "Company": "Carol & Co" }));
    assert_eq!(pending[0]["termsHash"].as_str().unwrap().len(), 64);
    site.get("bob", &format!("{API}/user-access-request/pending")).await.fails(403, None, "may not write");

    let handle = async |body: Value| site.post("alice", &format!("{API}/user-access-request/handle"), body).await;
    handle(json!({ "user": "nobody", "status": "accepted" })).await.fails(404, None, "no user");
    handle(json!({ "user": "bob", "status": "accepted" })).await.fails(404, None, "no such access request");
    handle(json!({ "user": "carol", "status": "odd" })).await.fails(400, None, "accepted, rejected, pending");
    handle(json!({ "requestId": asked["requestId"], "status": "accepted" })).await.ok();
    handle(json!({ "user": "carol", "status": "accepted" })).await.fails(404, None, "accepted already");
    for answer in doors(&site, "carol").await {
        answer.ok();
    }
    // Who was let in alone cannot open a door for others.
    site.post("carol", &format!("{API}/duplicate"), json!({ "repository": "carol/copy" })).await.fails(
        403,
        None,
        "may not write",
    );
    assert!(doors(&site, "bob").await.iter().all(|answer| answer.status == 403));

    let why = json!({ "user": "carol", "status": "rejected", "rejectionReason": "changed my mind" });
    handle(why).await.ok();
    assert!(doors(&site, "carol").await.iter().all(|answer| answer.status == 403));
    assert_eq!(site.get("carol", &ask).await.ok().json()["rejectionReason"], "changed my mind");
    let grant = async |user: &str| {
        site.post("alice", &format!("{API}/user-access-request/grant"), json!({ "user": user })).await
    };
    grant("bob").await.ok();
    grant("bob").await.fails(400, None, "has access already");
    grant("nobody").await.fails(404, None, "no user");
    for answer in doors(&site, "bob").await {
        answer.ok();
    }
    assert_eq!(list(&site, "accepted").await[0]["grantedBy"]["user"], "alice");
    let batch =
        json!({ "status": "pending", "requests": [{ "user": "carol" }, { "user": "nobody" }, { "user": "alice" }] });
    let done = site.post("alice", &format!("{API}/user-access-request/batch"), batch).await.ok().json();
    let errors: Vec<&Value> = done.as_array().unwrap().iter().map(|one| &one["error"]).collect();
    assert_eq!(errors, [&Value::Null, &json!("user_not_found"), &json!("request_not_found")]);
    site.post("carol", &format!("{API}/user-access-request/cancel"), json!({})).await.ok();
    assert_eq!(list(&site, "pending").await, json!([]));
    let report = site.get("alice", "/alice/m/user-access-report").await.ok();
    assert!(report.text().lines().nth(1).unwrap().starts_with("\"bob\",\"Bob\",\"accepted\""), "{}", report.text());
}

#[tokio::test]
async fn an_automatic_gate_opens_by_itself() {
    let site = gated("auto").await;
    assert!(doors(&site, "carol").await.iter().all(|answer| answer.status == 403));
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let asked = site.send("carol", axum::http::Method::POST, "/alice/m/ask-access", &headers, "Company=C").await;
    assert_eq!((asked.status.as_u16(), asked.header("location")), (303, Some("/alice/m")));
    for answer in doors(&site, "carol").await {
        answer.ok();
    }
    site.put("alice", &format!("{API}/settings"), json!({ "gated": false })).await.ok();
    site.get("alice", &format!("{API}/user-access-request/pending")).await.fails(400, None, "is not gated");
    site.post("bob", &format!("{API}/ask-access"), json!({})).await.fails(400, None, "is not gated");
}
