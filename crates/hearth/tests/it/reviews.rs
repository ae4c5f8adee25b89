//! Reviews of pull requests over HTTP: whose word counts, what a repository asks for, and that nothing else merges.

use axum::http::Method;
use serde_json::{Value, json};

use crate::site::{Answer, Site, file};

const API: &str = "/api/models/alice/m";

impl Site {
    /// A pull request by `who` with one file; answers its number.
    async fn proposal(&self, who: &str, repo: &str, line: Value) -> i64 {
        let header = json!({ "key": "header", "value": { "summary": "Bring a file" } });
        let headers = [("content-type", "application/x-ndjson")];
        let path = format!("/api/models/{repo}/commit/main?create_pr=1");
        let done = self.send(who, Method::POST, &path, &headers, format!("{header}\n{line}")).await.ok().json();
        done["pullRequestNum"]
            .as_i64()
            .unwrap_or_else(|| done["pullRequestUrl"].as_str().unwrap().rsplit('/').next().unwrap().parse().unwrap())
    }

    async fn add_to(&self, who: &str, number: i64, line: Value) -> Answer {
        let header = json!({ "key": "header", "value": { "summary": "Go on" } });
        let headers = [("content-type", "application/x-ndjson")];
        let path = format!("{API}/commit/refs%2Fpr%2F{number}");
        self.send(who, Method::POST, &path, &headers, format!("{header}\n{line}")).await
    }

    async fn judge(&self, who: &str, number: i64, verdict: &str) -> Answer {
        let body = json!({ "verdict": verdict, "comment": "because" });
        self.post(who, &format!("{API}/discussions/{number}/reviews"), body).await
    }

    async fn asks(&self, approvals: u8, code_owners: bool, dismiss_stale: bool) -> Answer {
        let body = json!({ "approvals": approvals, "codeOwners": code_owners, "dismissStale": dismiss_stale });
        self.put("alice", &format!("{API}/settings/reviews"), body).await
    }

    async fn merge(&self, who: &str, number: i64) -> Answer {
        self.post(who, &format!("{API}/discussions/{number}/merge"), json!({})).await
    }

    async fn stands(&self, who: &str, number: i64) -> Value {
        self.get(who, &format!("{API}/discussions/{number}/reviews")).await.ok().json()
    }
}

#[tokio::test]
async fn what_a_repository_asks_for_holds_every_merge() {
    let site = Site::furnished().await;
    let policy = format!("{API}/settings/reviews");
    let nothing = json!({ "approvals": 0, "codeOwners": false, "dismissStale": false });
    assert_eq!(site.get("", &policy).await.ok().json(), nothing);
    site.put("", &policy, nothing.clone()).await.fails(401, None, "");
    site.put("carol", &policy, nothing).await.fails(403, None, "may not administer");
    site.asks(11, false, false).await.fails(400, None, "0 to 10");
    site.asks(1, false, true).await.ok();

    let number = site.proposal("carol", "alice/m", file("new.md", "one\n")).await;
    site.judge("", number, "approve").await.fails(401, None, "signed in");
    site.judge("alice_read", number, "approve").await.fails(403, None, "role 'write'");
    site.judge("carol", number, "approve").await.fails(403, None, "their own");
    site.judge("bob", number, "odd").await.fails(400, None, "approve, changes, comment");
    site.judge("bob", 99, "approve").await.fails(404, None, "no pull request");

    // An outsider has an opinion, which is shown and does not count.
    site.judge("bob", number, "approve").await;
    let refused = "0 of 1 approvals";
    site.merge("alice", number).await.fails(409, None, refused);
    let stands = site.stands("", number).await;
    assert_eq!(
        (&stands["reviews"][0]["author"]["name"], &stands["reviews"][0]["counts"]),
        (&json!("bob"), &json!(false))
    );
    assert_eq!(stands["missing"][0]["type"], "approvals");

    // Of each person the latest counts; a comment takes nothing back; new commits make approvals stale.
    site.judge("alice", number, "changes").await;
    site.judge("alice", number, "comment").await;
    site.merge("alice", number).await.fails(409, None, "changes are requested by alice");
    site.judge("alice", number, "approve").await;
    assert_eq!(site.stands("", number).await["missing"], json!([]));
    site.add_to("carol", number, file("more.md", "two\n")).await.ok();
    site.merge("alice", number).await.fails(409, None, refused);
    let old = site.stands("", number).await["reviews"][1]["commitId"].clone();
    let late = json!({ "verdict": "approve", "comment": "", "commitId": old });
    site.post("alice", &format!("{API}/discussions/{number}/reviews"), late).await.fails(409, None, "new commits");
    let approved = site.judge("alice", number, "approve").await;
    assert_eq!(approved.status, 201);
    assert_eq!(approved.json()["newReview"]["data"]["review"]["verdict"], "approve");

    // A branch to which nobody may push takes what has its reviews, and nothing else.
    let rules = json!({ "rules": [{ "pattern": "main", "pushers": "nobody" }] });
    site.put("alice", &format!("{API}/settings/branch-rules"), rules).await.ok();
    site.commit("alice", "models/alice/m", &[file("x", "x")]).await.fails(403, None, "nobody push");
    site.merge("alice", number).await.ok();
    site.judge("bob", number, "approve").await.fails(409, None, "merged already");
    site.asks(0, false, false).await.ok();
    let number = site.proposal("carol", "alice/m", file("third.md", "3\n")).await;
    site.merge("alice", number).await.fails(403, None, "nobody push");
}

#[tokio::test]
async fn code_owners_are_asked_as_the_target_branch_names_them() {
    let site = Site::furnished().await;
    site.commit("alice", "models/alice/m", &[file("CODEOWNERS", "*.py @bob\n/data/ @nobody-at-all\n")]).await.ok();
    site.asks(0, true, false).await.ok();
    // The pull request cannot name other owners for itself.
    let number = site.proposal("carol", "alice/m", file("a.py", "1\n")).await;
    site.add_to("carol", number, file(".github/CODEOWNERS", "* @carol\n")).await.ok();
    site.merge("alice", number).await.fails(409, None, "@bob");
    site.judge("alice", number, "approve").await;
    let missing = site.stands("", number).await["missing"].clone();
    assert_eq!((&missing[0]["owners"], &missing[0]["paths"]), (&json!(["bob"]), &json!(["a.py"])));
    site.judge("bob", number, "approve").await;
    assert_eq!(site.stands("", number).await["reviews"][1]["counts"], true);
    site.merge("bob", number).await.fails(403, None, "may not write");
    site.merge("alice", number).await.ok();
    // Now the file of the pull request counts. Its author owns everything, and does not approve what is their own; owners
    // that do not exist cannot approve, and nobody can for them.
    let number = site.proposal("carol", "alice/m", file("data/a", "1\n")).await;
    site.judge("alice", number, "approve").await;
    site.judge("bob", number, "approve").await;
    site.merge("alice", number).await.fails(409, None, "@carol");
    let unknown = file(".github/CODEOWNERS", "/data/ @nobody-at-all\n");
    site.commit("alice", "models/alice/m", &[unknown]).await.ok();
    site.merge("alice", number).await.fails(409, None, "@nobody-at-all");
}

#[tokio::test]
async fn reviews_of_hidden_and_locked_things_stay_closed() {
    let site = Site::furnished().await;
    let number = site.proposal("carol", "alice/m", file("new.md", "one\n")).await;
    site.post("alice", &format!("{API}/discussions/{number}/lock"), json!({ "locked": true })).await.ok();
    site.judge("bob", number, "approve").await.fails(403, None, "locked");
    site.post("alice", &format!("{API}/discussions/{number}/lock"), json!({ "locked": false })).await.ok();
    site.put("alice", &format!("{API}/settings"), json!({ "private": true })).await.ok();
    for path in [format!("{API}/discussions/{number}/reviews"), format!("{API}/settings/reviews")] {
        site.get("bob", &path).await.fails(404, Some("RepoNotFound"), "");
        site.get("", &path).await.fails(401, Some("RepoNotFound"), "");
    }
    site.judge("bob", number, "approve").await.fails(404, Some("RepoNotFound"), "");
}
