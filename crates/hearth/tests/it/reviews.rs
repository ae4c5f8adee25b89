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
    // Where owners cannot be told, nothing is merged, and the page says why.
    let long = file(".github/CODEOWNERS", &"* @bob\n".repeat(1001));
    site.commit("alice", "models/alice/m", &[long]).await.ok();
    site.merge("alice", number).await.fails(409, None, "1000 lines");
    let page = site.get("", &format!("/alice/m/discussions/{number}")).await.ok().text();
    assert!(page.contains("1000 lines"), "{page}");
    // What is deleted takes its reviews along.
    site.delete("alice", &format!("{API}/discussions/{number}")).await.ok();
    site.get("", &format!("{API}/discussions/{number}/reviews")).await.fails(404, None, "no discussion");
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

/// The last comment on lines of a pull request.
async fn last_line(site: &Site, who: &str, number: i64) -> Value {
    let found = site.get(who, &format!("{API}/discussions/{number}/line-comments")).await.ok().json();
    found["lineComments"].as_array().unwrap().last().unwrap().clone()
}

#[tokio::test]
async fn comments_follow_their_lines_and_suggestions_replace_them() {
    let site = Site::furnished().await;
    let lines = "one\ntwo\nthree\nfour\nfive\n";
    site.commit("alice", "models/alice/m", &[file("text.md", lines)]).await.ok();
    let number = site.proposal("carol", "alice/m", file("text.md", &lines.replace("two", "TWO"))).await;
    let place = format!("{API}/discussions/{number}/line-comments");
    let said = |line: u32, text: &str| json!({ "path": "text.md", "line": line, "comment": text });
    site.post("", &place, said(2, "x")).await.fails(401, None, "signed in");
    site.post("alice_read", &place, said(2, "x")).await.fails(403, None, "role 'write'");
    site.post("bob", &place, said(6, "x")).await.fails(400, None, "has no line 6");
    site.post("bob", &place, said(0, "x")).await.fails(400, None, "counted from 1");
    site.post("bob", &place, said(2, " ")).await.fails(400, None, "empty");
    let other = json!({ "path": "README.md", "line": 1, "comment": "x" });
    site.post("bob", &place, other).await.fails(400, None, "does not change");
    let wrong = json!({ "path": "text.md", "line": 2, "comment": "x", "commitId": "0".repeat(40) });
    site.post("bob", &place, wrong).await.fails(409, None, "new commits");
    let old = json!({ "path": "text.md", "side": "old", "line": 2, "comment": "it was fine" });
    assert_eq!(site.post("bob", &place, old).await.status, 201);
    assert_eq!(last_line(&site, "", number).await["excerpt"], "two");

    let suggestion = "Rather\n```suggestion\nTwo\nand a half\n```";
    let told = site.post("bob", &place, said(2, suggestion)).await.json();
    let id = told["newMessage"]["id"].as_str().unwrap().to_owned();
    let apply = format!("{API}/discussions/{number}/comment/{id}/apply");
    assert_eq!(last_line(&site, "", number).await["currentLine"], 2);

    // The lines move on with the file.
    site.add_to("carol", number, file("text.md", &format!("zero\n{}", lines.replace("two", "TWO")))).await.ok();
    assert_eq!(last_line(&site, "", number).await["currentLine"], 3);
    site.post("", &apply, json!({})).await.fails(401, None, "signed in");
    site.post("bob", &apply, json!({})).await.fails(403, None, "may not write");
    site.post("alice", &apply, json!({})).await.ok();
    let text = site.get("alice", &format!("/alice/m/raw/refs%2Fpr%2F{number}/text.md")).await.ok().text();
    assert_eq!(text, "zero\none\nTwo\nand a half\nthree\nfour\nfive\n");
    let applied = last_line(&site, "", number).await;
    assert!(applied["outdated"] == true && applied["appliedCommitId"].is_string(), "{applied}");
    site.post("carol", &apply, json!({})).await.fails(409, None, "applied already");

    // Lines that changed meanwhile are not replaced.
    let late = "```suggestion\nFive!\n```";
    let told = site.post("bob", &place, said(7, late)).await.json();
    let id = told["newMessage"]["id"].as_str().unwrap().to_owned();
    site.add_to("carol", number, file("text.md", "zero\nfive?\n")).await.ok();
    assert_eq!(last_line(&site, "", number).await["outdated"], true);
    let apply = format!("{API}/discussions/{number}/comment/{id}/apply");
    site.post("carol", &apply, json!({})).await.fails(409, None, "changed since");
    let plain = site.post("bob", &place, said(1, "no suggestion")).await.json();
    let id = plain["newMessage"]["id"].as_str().unwrap().to_owned();
    let apply = format!("{API}/discussions/{number}/comment/{id}/apply");
    site.post("carol", &apply, json!({})).await.fails(404, None, "no suggestion");
    site.post("carol", &format!("{API}/discussions/{number}/status"), json!({ "status": "closed" })).await.ok();
    site.post("bob", &place, said(1, "too late")).await.fails(409, None, "closed");
}

#[tokio::test]
async fn conflicts_are_shown_and_solved_on_the_pull_request() {
    let site = Site::furnished().await;
    let lines = "one\ntwo\nthree\n";
    site.commit("alice", "models/alice/m", &[file("text.md", lines), file("far.md", "far\n")]).await.ok();
    let number = site.proposal("carol", "alice/m", file("text.md", &lines.replace("two", "theirs"))).await;
    let place = format!("{API}/discussions/{number}/conflicts");
    assert_eq!(site.get("bob", &place).await.ok().json()["files"], json!([]));
    let ours = lines.replace("two", "ours");
    site.commit("alice", "models/alice/m", &[file("text.md", &ours), file("far.md", "farther\n")]).await.ok();
    site.merge("alice", number).await.fails(409, None, "text.md");
    let found = site.get("", &place).await.ok().json();
    let conflict = &found["files"][0];
    assert_eq!((&conflict["path"], &conflict["base"]), (&json!("text.md"), &json!(ours)));
    let marked = format!("one\n<<<<<<< refs/pr/{number}\ntheirs\n=======\nours\n>>>>>>> main\nthree\n");
    assert_eq!((&conflict["marked"], &found["solvable"]), (&json!(marked), &json!(true)));

    let solve = |files: Value| json!({ "baseCommitId": found["baseCommitId"], "headCommitId": found["headCommitId"], "files": files });
    let whole = solve(json!([{ "path": "text.md", "content": "one\nboth\nthree\n" }]));
    site.post("", &place, whole.clone()).await.fails(401, None, "signed in");
    site.post("bob", &place, whole.clone()).await.fails(403, None, "may not write");
    site.post("carol", &place, json!({})).await.fails(400, None, "baseCommitId");
    site.post("carol", &place, solve(json!([]))).await.fails(409, None, "not solved yet");
    let still = solve(json!([{ "path": "text.md", "content": marked }]));
    site.post("carol", &place, still).await.fails(422, None, "marks of conflicts");
    let done = site.post("carol", &place, whole.clone()).await.ok().json();
    site.post("carol", &place, whole).await.fails(409, None, "moved since");
    let read = async |path: &str| site.get("", &format!("/alice/m/raw/refs%2Fpr%2F{number}/{path}")).await.ok().text();
    assert_eq!(
        (read("text.md").await, read("far.md").await),
        ("one\nboth\nthree\n".to_owned(), "farther\n".to_owned())
    );

    // What the pull request changes is now compared with the branch as it is, and nothing stands against a merge.
    let thread = site.get("", &format!("{API}/discussions/{number}?diff=1")).await.ok().json();
    let diff = thread["diff"].as_str().unwrap();
    assert!(diff.contains("-ours\n+both\n") && !diff.contains("far.md"), "{diff}");
    assert_eq!(thread["changes"]["headCommitId"], done["commitId"]);
    let commits = site.get("", &format!("{API}/commits/refs%2Fpr%2F{number}")).await.ok().json();
    assert!(commits.as_array().unwrap().len() >= 4, "{commits}");
    site.merge("alice", number).await.ok();
    assert_eq!(site.get("", "/alice/m/raw/main/text.md").await.ok().text(), "one\nboth\nthree\n");
    site.get("", &place).await.fails(409, None, "merged already");
}

#[tokio::test]
async fn a_file_that_one_side_deleted_can_go_or_stay() {
    let site = Site::furnished().await;
    site.commit("alice", "models/alice/m", &[file("a.md", "1\n"), file("b.md", "1\n")]).await.ok();
    let number = site.proposal("carol", "alice/m", file("a.md", "2\n")).await;
    site.add_to("carol", number, file("b.md", "2\n")).await.ok();
    let gone = |path: &str| json!({ "key": "deletedEntry", "value": { "path": path } });
    site.commit("alice", "models/alice/m", &[gone("a.md"), gone("b.md")]).await.ok();
    let place = format!("{API}/discussions/{number}/conflicts");
    let found = site.get("", &place).await.ok().json();
    assert_eq!((&found["files"][0]["base"], &found["files"][0]["pull"]), (&Value::Null, &json!("2\n")));
    let body = json!({
        "baseCommitId": found["baseCommitId"], "headCommitId": found["headCommitId"],
        "files": [{ "path": "a.md", "content": null }, { "path": "b.md", "content": "3\n" }],
    });
    site.post("alice", &place, body).await.ok();
    site.merge("alice", number).await.ok();
    site.get("", "/alice/m/raw/main/a.md").await.fails(404, Some("EntryNotFound"), "");
    assert_eq!(site.get("", "/alice/m/raw/main/b.md").await.ok().text(), "3\n");
}

#[tokio::test]
async fn lines_of_gated_files_and_words_of_the_blocked_stay_out() {
    let site = Site::furnished().await;
    let number = site.proposal("carol", "alice/m", file("new.md", "a secret line\n")).await;
    let place = format!("{API}/discussions/{number}/line-comments");
    let said = json!({ "path": "new.md", "line": 1, "comment": "why?" });
    assert_eq!(site.post("alice", &place, said.clone()).await.status, 201);
    site.put("alice", &format!("{API}/settings"), json!({ "gated": "manual" })).await.ok();
    for path in [place.clone(), format!("{API}/discussions/{number}/conflicts")] {
        site.get("bob", &path).await.fails(403, Some("GatedRepo"), "");
        site.get("", &path).await.fails(401, Some("GatedRepo"), "");
    }
    site.post("bob", &place, said.clone()).await.fails(403, Some("GatedRepo"), "");
    site.judge("bob", number, "approve").await.fails(403, Some("GatedRepo"), "");
    for path in ["", "/files"] {
        let page = site.get("bob", &format!("/alice/m/discussions/{number}{path}")).await.ok().text();
        assert!(!page.contains("a secret line"), "{page}");
    }
    site.put("alice", &format!("{API}/settings"), json!({ "gated": false })).await.ok();
    site.post("alice", "/api/settings/blocked", json!({ "name": "bob" })).await.ok();
    site.judge("bob", number, "comment").await.fails(403, None, "blocked you");
    site.post("bob", &place, said).await.fails(403, None, "blocked you");
}
