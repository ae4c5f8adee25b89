//! Reports over HTTP: who reports what, what administrators decide, what takes effect, and what nobody learns.

use hub_account::By;
use serde_json::{Value, json};

use crate::pages::{look, newcomer, submit};
use crate::site::{Answer, Site};

const REPORTS: &str = "/api/reports";
const OWN: &str = "/api/settings/reports";
const QUEUE: &str = "/api/admin/reports";

/// A site on which bob administers.
async fn moderated() -> Site {
    let site = Site::furnished().await;
    site.engine.accounts.set_admin(By::Operator, &"bob".parse().unwrap(), true).await.unwrap();
    site
}

fn of_model() -> Value {
    json!({ "subject": "repo", "repoName": "alice/m", "reason": "malware", "text": "it calls home" })
}

impl Site {
    async fn reported(&self, who: &str, body: Value) -> String {
        self.post(who, REPORTS, body).await.ok().json()["id"].as_str().unwrap().to_owned()
    }

    async fn moderate(&self, who: &str, id: &str, body: Value) -> Answer {
        self.post(who, &format!("{QUEUE}/{id}"), body).await
    }

    async fn decide(&self, id: &str, decision: &str) {
        let body = json!({ "action": "decide", "decision": decision, "note": "Because of the rules." });
        self.moderate("bob", id, body).await.ok();
    }

    async fn appeal(&self, who: &str, id: &str) -> Answer {
        self.post(who, &format!("{OWN}/{id}/appeal"), json!({ "text": "It does not." })).await
    }

    async fn answer_appeal(&self, id: &str, outcome: &str) -> Answer {
        self.moderate("bob", id, json!({ "action": "answer", "outcome": outcome, "note": "Looked again." })).await
    }
}

#[tokio::test]
async fn people_report_what_they_can_see_once_at_a_time() {
    let site = moderated().await;
    site.post("", REPORTS, of_model()).await.fails(401, None, "signed in");
    site.post("alice_read", REPORTS, of_model()).await.fails(403, None, "role 'write'");
    site.post("alice", REPORTS, of_model()).await.fails(400, None, "your own");
    let private = json!({ "subject": "repo", "repoType": "dataset", "repoName": "alice/d", "reason": "spam" });
    let never = json!({ "subject": "repo", "repoType": "dataset", "repoName": "alice/never", "reason": "spam" });
    let hidden = site.post("carol", REPORTS, private).await.fails(404, Some("RepoNotFound"), "");
    let missing = site.post("carol", REPORTS, never).await.fails(404, Some("RepoNotFound"), "");
    assert_eq!(hidden.text(), missing.text());

    let made = site.post("carol", REPORTS, of_model()).await.ok().json();
    assert_eq!((&made["state"], &made["actionTaken"]), (&json!("open"), &Value::Null));
    site.post("carol", REPORTS, of_model()).await.fails(409, None, "already");
    let odd = |change: Value| {
        let mut body = of_model();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        body
    };
    for (change, words) in [
        (json!({ "reason": "dislike" }), "spam, abuse"),
        (json!({ "subject": "planet" }), "repo, comment, user"),
        (json!({ "repoType": "moon" }), "repoType"),
        (json!({ "text": "x".repeat(4001) }), "4000"),
        (json!({ "text": "a\u{0}b" }), "NUL"),
        (json!({ "reason": "other", "text": " " }), "in a few words"),
        (json!({ "subject": "comment" }), "discussionNum"),
        (json!({ "subject": "user" }), "userName"),
    ] {
        site.post("carol", REPORTS, odd(change)).await.fails(400, None, words);
    }
    let person = |name: &str| json!({ "subject": "user", "userName": name, "reason": "abuse" });
    site.post("carol", REPORTS, person("nobody")).await.fails(404, None, "no user");
    site.post("carol", REPORTS, person("acme")).await.fails(404, None, "no user");
    site.reported("carol", person("alice")).await;

    // The queue is for administrators alone.
    let id = made["id"].as_str().unwrap();
    for (who, status) in [("", 401), ("carol", 403), ("alice", 403)] {
        site.get(who, QUEUE).await.fails(status, None, "");
        site.get(who, &format!("{QUEUE}/{id}")).await.fails(status, None, "");
        site.moderate(who, id, json!({ "action": "take" })).await.fails(status, None, "");
    }
    let queue = site.get("bob", &format!("{QUEUE}?state=open")).await.ok().json();
    assert_eq!(queue["reports"].as_array().unwrap().len(), 2);
    assert_eq!(queue["reports"][1]["reporter"], "carol");
    assert_eq!(queue["reports"][1]["place"], "/alice/m");
    site.get("bob", &format!("{QUEUE}?state=odd")).await.fails(400, None, "under_review");
    site.get("bob", &format!("{QUEUE}/{:024x}", 999)).await.fails(404, None, "no such report");
}

#[tokio::test]
async fn a_repository_is_disabled_and_comes_back_after_an_appeal() {
    let site = moderated().await;
    let id = site.reported("carol", of_model()).await;
    site.moderate("bob", &id, json!({ "action": "close" })).await.fails(409, None, "open already");
    site.moderate("bob", &id, json!({ "action": "take" })).await.ok();
    site.moderate("bob", &id, json!({ "action": "take" })).await.fails(409, None, "under review");
    let hide = json!({ "action": "decide", "decision": "hide_comment", "note": "x" });
    site.moderate("bob", &id, hide).await.fails(400, None, "about a repo");
    let unexplained = json!({ "action": "decide", "decision": "disable_repository" });
    site.moderate("bob", &id, unexplained).await.fails(400, None, "say why");
    site.get("carol", "/api/models/alice/m").await.ok();
    assert_eq!(site.get("alice", OWN).await.ok().json()["decisions"], json!([]), "nothing was decided yet");
    site.appeal("alice", &id).await.fails(404, None, "no such report");

    site.decide(&id, "disable_repository").await;
    site.get("carol", "/alice/m/resolve/main/.gitattributes").await.fails(403, None, "disabled");
    site.get("alice", "/alice/m/resolve/main/.gitattributes").await.fails(403, None, "disabled");
    let about = site.get("alice", OWN).await.ok().json()["decisions"][0].clone();
    assert_eq!(about["decision"], "disable_repository");
    assert!(about["note"] == "Because of the rules." && about["canAppeal"] == true, "{about}");
    assert!(!about.to_string().contains("carol") && !about.to_string().contains("calls home"), "{about}");
    let made = site.get("carol", OWN).await.ok().json()["reports"][0].clone();
    assert!(made["state"] == "decided" && made["actionTaken"] == true, "{made}");
    assert!(!made.to_string().contains("rules") && made.get("decision").is_none(), "{made}");

    site.appeal("", &id).await.fails(401, None, "");
    site.appeal("carol", &id).await.fails(404, None, "no such report");
    site.appeal("alice", &id).await.ok();
    site.appeal("alice", &id).await.fails(409, None, "once");
    site.answer_appeal(&id, "reversed").await.ok();
    site.answer_appeal(&id, "upheld").await.fails(409, None, "closed");
    site.get("carol", "/alice/m/resolve/main/.gitattributes").await.ok();
    assert_eq!(site.get("carol", OWN).await.ok().json()["reports"][0]["actionTaken"], false);
    let shown = site.get("bob", &format!("{QUEUE}/{id}")).await.ok().json();
    let steps: Vec<&str> = shown["steps"].as_array().unwrap().iter().map(|one| one["what"].as_str().unwrap()).collect();
    assert_eq!(steps, ["filed", "taken", "decided", "appealed", "answered"]);
    // The log of the house has all of it.
    let (cookie, _) = newcomer(&site, "dora").await;
    site.engine.accounts.set_admin(By::Operator, &"dora".parse().unwrap(), true).await.unwrap();
    let log = look(&site, &cookie, "/admin/audit").await.ok().text();
    for action in ["report.create", "report.decide", "report.appeal", "report.answer", "repo.disable", "repo.enable"] {
        assert!(log.contains(action), "{action}: {log}");
    }
    // What was decided can be reported anew.
    site.reported("carol", of_model()).await;
}

#[tokio::test]
async fn a_mark_stays_whatever_the_card_says() {
    let site = moderated().await;
    let tags = async || site.get("carol", "/api/models/alice/m").await.ok().json()["tags"].to_string();
    let id = site.reported("carol", of_model()).await;
    site.decide(&id, "mark_not_for_all_audiences").await;
    assert!(tags().await.contains("not-for-all-audiences"));
    let card = crate::site::file("README.md", "---\nlicense: mit\n---\n# M");
    site.commit("alice", "models/alice/m", &[card]).await.ok();
    assert!(tags().await.contains("not-for-all-audiences") && tags().await.contains("license:mit"));
    let found = site.get("carol", "/api/models?filter=not-for-all-audiences").await.ok().json();
    assert_eq!(found.as_array().unwrap().len(), 1);
    site.appeal("alice", &id).await.ok();
    site.answer_appeal(&id, "reversed").await.ok();
    assert!(!tags().await.contains("not-for-all-audiences") && tags().await.contains("license:mit"));
}

#[tokio::test]
async fn a_comment_is_hidden_and_comes_back_and_a_person_is_suspended() {
    let site = moderated().await;
    let new = json!({ "title": "A question", "description": "You fools." });
    site.post("carol", "/api/models/alice/m/discussions", new).await.ok();
    let talk = "/api/models/alice/m/discussions/1";
    let thread = site.get("alice", talk).await.ok().json();
    let comment = thread["events"][0]["id"].as_str().unwrap();
    let body = |num: i64, comment: &str| json!({ "subject": "comment", "repoName": "alice/m", "discussionNum": num, "commentId": comment, "reason": "abuse" });
    site.post("alice", REPORTS, body(9, comment)).await.fails(404, None, "no such comment");
    site.post("alice", REPORTS, body(1, "odd")).await.fails(404, None, "no such comment");
    site.post("carol", REPORTS, body(1, comment)).await.fails(400, None, "your own");
    let id = site.reported("alice", body(1, comment)).await;
    let shown = site.get("bob", &format!("{QUEUE}/{id}")).await.ok().json();
    assert_eq!((&shown["evidence"], &shown["affected"]), (&json!("You fools."), &json!("carol")));
    site.decide(&id, "hide_comment").await;
    assert!(!site.get("alice", talk).await.ok().text().contains("fools"));
    site.appeal("carol", &id).await.ok();
    site.answer_appeal(&id, "reversed").await.ok();
    assert!(site.get("alice", talk).await.ok().text().contains("fools"));

    let id = site.reported("alice", body(1, comment)).await;
    site.decide(&id, "suspend_person").await;
    site.get("carol", "/api/whoami-v2").await.fails(401, None, "");
    site.moderate("bob", &id, json!({ "action": "close" })).await.ok();
    let own = json!({ "subject": "user", "userName": "bob", "reason": "spam" });
    let id = site.reported("alice", own).await;
    let last = json!({ "action": "decide", "decision": "suspend_person", "note": "x" });
    let refused = site.moderate("bob", &id, last).await;
    assert!(refused.status.is_client_error(), "the last administrator stays: {}", refused.text());
    assert_eq!(site.get("bob", &format!("{QUEUE}/{id}")).await.ok().json()["state"], "open", "both or neither");
    // What is gone can only be left alone.
    let id = site.reported("alice", json!({ "subject": "user", "userName": "carol", "reason": "spam" })).await;
    site.decide(&id, "no_action").await;
    assert_eq!(site.get("alice", OWN).await.ok().json()["reports"][0]["actionTaken"], false);
}

#[tokio::test]
async fn the_pages_report_decide_and_appeal() {
    let site = Site::furnished().await;
    let (admin, admin_token) = newcomer(&site, "dora").await;
    let (owner, owner_token) = newcomer(&site, "emil").await;
    let (reader, reader_token) = newcomer(&site, "fred").await;
    site.engine.accounts.set_admin(By::Operator, &"dora".parse().unwrap(), true).await.unwrap();
    let form = format!("form_token={owner_token}&kind=model&owner=emil&name=m&visibility=public&license=");
    submit(&site, "/new", &owner, form).await;
    let page = look(&site, &reader, "/emil/m").await.ok().text();
    let control = "/settings/reports/new?kind=model&amp;repo=emil/m";
    assert!(page.contains(control), "{page}");
    assert!(!look(&site, &owner, "/emil/m").await.ok().text().contains(control));
    assert!(look(&site, &reader, "/emil").await.ok().text().contains("/settings/reports/new?user=emil"));
    assert_eq!(look(&site, "", "/settings/reports/new?kind=model&repo=emil/m").await.status.as_u16(), 303);
    let page = look(&site, &reader, "/settings/reports/new?kind=model&repo=emil/m").await.ok().text();
    assert!(page.contains("emil/m") && page.contains("value=\"malware\""), "{page}");
    assert_eq!(look(&site, &reader, "/settings/reports/new?kind=dataset&repo=alice/d").await.status.as_u16(), 404);
    let form = |token: &str, rest: &str| format!("form_token={token}&kind=model&repo=emil%2Fm{rest}");
    let path = "/settings/reports/new";
    assert_eq!(submit(&site, path, &reader, form("0", "&reason=spam")).await.status.as_u16(), 403);
    assert_eq!(submit(&site, path, &reader, form(&reader_token, "&reason=other")).await.status.as_u16(), 422);
    let sent = submit(&site, path, &reader, form(&reader_token, "&reason=spam&text=%3Cb%3Eads")).await;
    assert_eq!(sent.header("location"), Some("/settings/reports?done=reported"));
    assert!(look(&site, &reader, "/settings/reports").await.ok().text().contains("waits for a decision"));

    assert_eq!(look(&site, &reader, "/admin/reports").await.status.as_u16(), 404);
    let queue = look(&site, &admin, "/admin/reports?state=open").await.ok().text();
    let id = queue.split("/admin/reports/").nth(1).unwrap()[..24].to_owned();
    let one = format!("/admin/reports/{id}");
    let page = look(&site, &admin, &one).await.ok().text();
    assert!(page.contains("&#60;b&#62;ads") && page.contains("disable_repository"), "{page}");
    assert_eq!(look(&site, &reader, &one).await.status.as_u16(), 404);
    let act = |token: &str, rest: &str| format!("form_token={token}&{rest}");
    assert_eq!(submit(&site, &one, &reader, act(&reader_token, "act=take")).await.status.as_u16(), 404);
    submit(&site, &one, &admin, act(&admin_token, "act=take")).await;
    let bare = submit(&site, &one, &admin, act(&admin_token, "act=decide&choice=disable_repository&note=")).await;
    assert!(bare.status.as_u16() == 422 && bare.text().contains("Say why"), "{}", bare.text());
    let done =
        submit(&site, &one, &admin, act(&admin_token, "act=decide&choice=disable_repository&note=Only+ads")).await;
    assert_eq!(done.status.as_u16(), 303, "{}", done.text());

    // Both have news, until they look.
    for (cookie, words) in [(&owner, "Only ads"), (&reader, "something was done")] {
        let news = "news of 1 report";
        assert!(look(&site, cookie, "/notifications").await.ok().text().contains(news));
        assert!(look(&site, cookie, "/settings/reports").await.ok().text().contains(words));
        assert!(!look(&site, cookie, "/notifications").await.ok().text().contains(news));
    }
    let appeal = act(&owner_token, &format!("report={id}&text=They+are+not"));
    let sent = submit(&site, "/settings/reports", &owner, appeal.clone()).await;
    assert_eq!(sent.header("location"), Some("/settings/reports?done=appealed"), "{}", sent.text());
    assert_eq!(submit(&site, "/settings/reports", &owner, appeal).await.status.as_u16(), 422);
    submit(&site, &one, &admin, act(&admin_token, "act=answer&choice=upheld&note=They+are")).await;
    assert!(look(&site, &owner, "/settings/reports").await.ok().text().contains("The decision stands"));
    let german = [("cookie", admin.as_str()), ("accept-language", "de")];
    let page = site.send("", axum::http::Method::GET, &one, &german, "").await.ok().text();
    assert!(page.contains("Einspruch beantwortet"), "{page}");
}
