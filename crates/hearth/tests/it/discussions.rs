//! Discussions and pull requests over HTTP: who may say and do what, merging, and that hidden repositories stay hidden.

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};

use crate::site::{Answer, Site, file};

const API: &str = "/api/models/alice/m";

impl Site {
    async fn say(&self, who: &str, path: &str, body: Value) -> Answer {
        self.post(who, &format!("{API}/discussions{path}"), body).await
    }

    async fn thread(&self, who: &str, number: u32) -> Value {
        self.get(who, &format!("{API}/discussions/{number}?diff=1")).await.ok().json()
    }

    /// Commits one file to a revision, as a pull request of its own if that is wanted.
    async fn bring(&self, who: &str, revision: &str, line: Value, query: &str) -> Answer {
        let header = json!({ "key": "header", "value": { "summary": "Bring a file", "description": "why" } });
        let headers = [("content-type", "application/x-ndjson")];
        let path = format!("{API}/commit/{}{query}", revision.replace('/', "%2F"));
        self.send(who, Method::POST, &path, &headers, format!("{header}\n{line}")).await
    }

    async fn read(&self, revision: &str, path: &str) -> Answer {
        self.get("alice", &format!("/alice/m/raw/{}/{path}", revision.replace('/', "%2F"))).await
    }
}

#[tokio::test]
async fn people_talk_about_a_repository() {
    let site = Site::furnished().await;
    let new = json!({ "title": "  A  question ", "description": "How <b>does</b> it work?" });
    site.say("", "", new.clone()).await.fails(401, None, "signed in");
    site.say("alice_read", "", new.clone()).await.fails(403, None, "role 'write'");
    site.say("carol", "", json!({ "title": "x", "description": "" })).await.fails(400, None, "3 to 200 characters");
    let created = site.say("carol", "", new).await.ok().json();
    assert_eq!((&created["num"], &created["pullRequest"]), (&json!(1), &json!(false)));
    assert_eq!(created["url"], "http://hub.test/alice/m/discussions/1");

    // Comments keep what they said before, and only their author changes them.
    site.say("bob", "/1/comment", json!({ "comment": " " })).await.fails(400, None, "empty");
    let long = json!({ "comment": "x".repeat(65_537) });
    site.say("bob", "/1/comment", long).await.fails(400, None, "65536");
    let answer = site.say("bob", "/1/comment", json!({ "comment": "like *this*" })).await;
    assert_eq!(answer.status, 201);
    let comment = answer.json()["newMessage"].clone();
    let place = format!("/1/comment/{}", comment["id"].as_str().unwrap());
    site.say("alice", &format!("{place}/edit"), json!({ "content": "no" })).await.fails(403, None, "only its author");
    let edited = site.say("bob", &format!("{place}/edit"), json!({ "content": "like that" })).await.ok().json();
    let data = &edited["updatedComment"]["data"];
    assert_eq!((&data["edited"], &data["numEdits"]), (&json!(true), &json!(1)));
    assert_eq!((&data["latest"]["raw"], &data["history"][0]["raw"]), (&json!("like that"), &json!("like *this*")));
    let react = |reaction: &str, on: bool| json!({ "reaction": reaction, "enabled": on });
    site.say("carol", &format!("{place}/reaction"), react("nothing", true)).await.fails(400, None, "fire");
    for who in ["carol", "carol", "alice"] {
        site.say(who, &format!("{place}/reaction"), react("heart", true)).await.ok();
    }
    let list = site.get("", &format!("{API}/discussions")).await.ok().json();
    assert_eq!(list["discussions"][0]["topReactions"], json!([{ "reaction": "heart", "count": 2 }]));
    assert_eq!(list["discussions"][0]["numReactionUsers"], 2);

    // Hidden is hidden for good, for everyone, history included.
    site.say("carol", &format!("{place}/hide"), json!(null)).await.fails(403, None, "only its author");
    site.say("alice", &format!("{place}/hide"), json!({ "reason": "Off-Topic" })).await.ok();
    let text = site.thread("alice", 1).await.to_string();
    assert!(!text.contains("like that") && !text.contains("like *this*"), "{text}");
    assert!(
        text.contains("\"hiddenReason\":\"Off-Topic\",") || text.contains("\"hiddenReason\":\"Off-Topic\"}"),
        "{text}"
    );
    site.say("bob", &format!("{place}/edit"), json!({ "content": "x" })).await.fails(403, None, "hidden");

    // Title, state, lock and place.
    site.say("bob", "/1/title", json!({ "title": "Mine" })).await.fails(403, None, "only its author");
    let renamed = site.say("alice", "/1/title", json!({ "title": "An answer" })).await.ok().json();
    assert_eq!(renamed["newTitle"]["data"], json!({ "from": "A question", "to": "An answer" }));
    site.say("bob", "/1/status", json!({ "status": "closed" })).await.fails(403, None, "only its author");
    let closed = site.say("carol", "/1/status", json!({ "status": "closed", "comment": "thanks" })).await.ok().json();
    assert_eq!(closed["newStatus"]["data"]["status"], "closed");
    site.say("carol", "/1/status", json!({ "status": "closed" })).await.fails(409, None, "closed already");
    site.say("carol", "/1/lock", json!({ "locked": true })).await.fails(403, None, "may not write");
    site.say("alice", "/1/lock", json!({ "locked": true })).await.ok();
    site.say("carol", "/1/comment", json!({ "comment": "more" })).await.fails(403, None, "locked");
    site.say("alice", "/1/comment", json!({ "comment": "more" })).await.ok();
    site.say("alice", "/1/pin", json!({ "pinned": true })).await.ok();
    let thread = site.thread("", 1).await;
    let kinds: Vec<&str> = thread["events"].as_array().unwrap().iter().map(|e| e["type"].as_str().unwrap()).collect();
    let expect = ["comment", "comment", "title-change", "comment", "status-change", "locking-change", "comment"];
    assert_eq!(kinds[..7], expect);
    assert_eq!(kinds[7..], ["pinning-change"]);
    assert_eq!(thread["events"][0]["author"]["name"], "carol");

    // Lists by kind, state, author and text.
    site.say("bob", "", json!({ "title": "Another 100% thing", "description": "" })).await.ok();
    let numbers = async |query: &str| -> Vec<i64> {
        let list = site.get("", &format!("{API}/discussions?{query}")).await.ok().json();
        list["discussions"].as_array().unwrap().iter().map(|item| item["num"].as_i64().unwrap()).collect()
    };
    assert_eq!(numbers("").await, [2, 1]);
    assert_eq!(numbers("status=open").await, [2]);
    assert_eq!(numbers("status=closed&type=discussion&author=carol").await, [1]);
    assert_eq!(numbers("author=nobody-at-all").await, [0; 0]);
    assert_eq!(numbers("type=pull_request").await, [0; 0]);
    assert_eq!(numbers("search=100%25").await, [2]);
    assert_eq!(numbers("sort=reactions").await, [2, 1]);
    assert_eq!(numbers("p=1").await, [0; 0]);
    site.get("", &format!("{API}/discussions?status=odd")).await.fails(400, None, "all, open, closed");

    // Switched off, deleted, missing.
    for number in ["3", "0", "x", "01"] {
        site.get("alice", &format!("{API}/discussions/{number}")).await.fails(404, None, "there is no discussion");
    }
    site.delete("carol", &format!("{API}/discussions/1")).await.fails(403, None, "administer");
    site.delete("alice", &format!("{API}/discussions/1")).await.ok();
    site.get("alice", &format!("{API}/discussions/1")).await.fails(404, None, "there is no discussion");
    site.put("alice", &format!("{API}/settings"), json!({ "discussionsDisabled": true })).await.ok();
    site.get("carol", &format!("{API}/discussions")).await.fails(403, None, "disabled");
    site.say("carol", "", json!({ "title": "Still here", "description": "" })).await.fails(403, None, "disabled");
}

#[tokio::test]
async fn a_pull_request_is_brought_reviewed_and_merged() {
    let site = Site::furnished().await;
    let lines = "one\ntwo\nthree\nfour\nfive\n";
    site.commit("alice", "models/alice/m", &[file("text.md", lines)]).await.ok();

    // Whoever may read can propose, and nothing of it is on the branch.
    let changed = lines.replace("one", "ONE");
    site.bring("", "main", file("text.md", &changed), "?create_pr=1").await.fails(401, None, "signed in");
    site.bring("alice_read", "main", file("x", "x"), "?create_pr=1").await.fails(403, None, "role 'write'");
    site.bring("carol", "nowhere", file("x", "x"), "?create_pr=1").await.fails(404, Some("RevisionNotFound"), "");
    let done = site.bring("carol", "main", file("text.md", &changed), "?create_pr=1").await.ok().json();
    assert_eq!(done["pullRequestUrl"], "http://hub.test/alice/m/discussions/1");
    assert_eq!(site.read("main", "text.md").await.ok().text(), lines);
    assert_eq!(site.read("refs/pr/1", "text.md").await.ok().text(), changed);
    let refs = site.get("", &format!("{API}/refs?include_prs=1")).await.ok().json();
    assert_eq!(refs["pullRequests"][0]["ref"], "refs/pr/1");
    assert_eq!(refs["pullRequests"][0]["targetCommit"], done["commitOid"]);

    // Its author goes on, others do not; branches stay closed to them.
    site.bring("carol", "refs/pr/1", file("new.md", "new\n"), "").await.ok();
    site.bring("bob", "refs/pr/1", file("x", "x"), "").await.fails(403, None, "may not write");
    site.bring("carol", "main", file("x", "x"), "").await.fails(403, None, "may not write");
    let preupload = json!({ "files": [{ "path": "a", "sample": "", "size": 1 }] });
    site.post("carol", &format!("{API}/preupload/main"), preupload.clone()).await.fails(403, None, "may not write");
    site.post("carol", &format!("{API}/preupload/main?create_pr=1"), preupload).await.ok();
    let token = async |who: &str, query: &str| site.get(who, &format!("{API}/xet-write-token/main{query}")).await;
    token("carol", "").await.fails(403, None, "may not write");
    token("carol", "?create_pr=1").await.ok();

    let thread = site.thread("bob", 1).await;
    assert_eq!((&thread["status"], &thread["isPullRequest"]), (&json!("open"), &json!(true)));
    assert_eq!((&thread["title"], &thread["changes"]["base"]), (&json!("Bring a file"), &json!("refs/heads/main")));
    let commits: Vec<&Value> =
        thread["events"].as_array().unwrap().iter().filter(|event| event["type"] == "commit").collect();
    assert_eq!(commits.len(), 2);
    assert_eq!(commits[0]["author"]["name"], "carol");
    let diff = thread["diff"].as_str().unwrap();
    assert!(diff.contains("-one\n+ONE\n") && diff.contains("+++ b/new.md"), "{diff}");

    // Changes apart are joined into one commit on the branch.
    let ours = lines.replace("five", "FIVE");
    site.commit("alice", "models/alice/m", &[file("text.md", &ours)]).await.ok();
    site.say("carol", "/1/merge", json!({})).await.fails(403, None, "may not write");
    site.send("alice", Method::POST, &format!("{API}/discussions/1/merge"), &[], Body::empty()).await.ok();
    assert_eq!(site.read("main", "text.md").await.ok().text(), ours.replace("one", "ONE"));
    assert_eq!(site.read("main", "new.md").await.ok().text(), "new\n");
    let merged = site.thread("", 1).await;
    assert_eq!((&merged["status"], &merged["filesWithConflicts"]), (&json!("merged"), &json!([])));
    assert!(merged["diff"].as_str().unwrap().contains("-one\n+ONE\n"), "{merged}");
    let commits = site.get("", &format!("{API}/commits/main")).await.ok().json();
    assert_eq!(commits[0]["id"], merged["changes"]["mergeCommitId"]);
    assert_eq!(commits[0]["title"], "Bring a file (#1)");
    assert!(commits[0]["message"].as_str().unwrap().contains("Co-authored-by: carol"), "{commits}");
    site.say("alice", "/1/merge", json!({})).await.fails(409, None, "merged already");
    site.say("alice", "/1/status", json!({ "status": "open" })).await.fails(409, None, "stays merged");
    site.bring("carol", "refs/pr/1", file("late", "x"), "").await.fails(403, None, "is merged");

    // Its branch can go.
    site.delete("bob", &format!("{API}/discussions/1/ref")).await.fails(403, None, "may not write");
    site.delete("carol", &format!("{API}/discussions/1/ref")).await.ok();
    assert_eq!(site.thread("", 1).await["changes"]["refDeleted"], true);
    let storage = site.get("", &format!("{API}/discussions/1/storage")).await.ok().json();
    assert_eq!(storage, json!({ "estimatedStorage": 0, "refDeleted": true }));
}

#[tokio::test]
async fn what_both_sides_changed_is_not_merged() {
    let site = Site::furnished().await;
    site.commit("alice", "models/alice/m", &[file("same.md", "a\nb\n"), file("gone.md", "x")]).await.ok();
    let new = json!({ "title": "Rework", "description": "", "pullRequest": true });
    assert_eq!(site.say("bob", "", new).await.ok().json()["num"], 1);
    assert_eq!(site.thread("", 1).await["status"], "draft");
    site.bring("bob", "refs/pr/1", file("same.md", "a\nB\n"), "").await.ok();
    site.bring("bob", "refs/pr/1", file("gone.md", "y"), "").await.ok();
    site.bring("bob", "refs/pr/1", file("folder/file", "y"), "").await.ok();
    site.say("alice", "/1/merge", json!({})).await.fails(409, None, "draft");
    site.say("bob", "/1/status", json!({ "status": "open" })).await.ok();
    let delete = json!({ "key": "deletedFile", "value": { "path": "gone.md" } });
    let ours = [file("same.md", "a\nc\n"), delete, file("folder", "a file")];
    site.commit("alice", "models/alice/m", &ours).await.ok();
    let conflicts = json!(["folder/file", "gone.md", "same.md"]);
    assert_eq!(site.thread("", 1).await["filesWithConflicts"], conflicts);
    let refused = site.say("alice", "/1/merge", json!({})).await.fails(409, None, "same.md");
    assert_eq!(refused.json()["filesWithConflicts"], conflicts);
    // Once both sides agree it can be merged.
    site.bring("bob", "refs/pr/1", file("same.md", "a\nc\n"), "").await.ok();
    let remove = |path: &str| json!({ "key": "deletedEntry", "value": { "path": path } });
    site.bring("bob", "refs/pr/1", remove("gone.md"), "").await.ok();
    site.bring("bob", "refs/pr/1", remove("folder"), "").await.ok();
    site.bring("bob", "refs/pr/1", file("fine.md", "fine"), "").await.ok();
    assert_eq!(site.thread("", 1).await["filesWithConflicts"], json!([]));
    site.delete("bob", &format!("{API}/discussions/1/ref")).await.fails(409, None, "close or merge");
    site.say("alice", "/1/merge", json!({ "comment": "well done" })).await.ok();
    assert_eq!(site.read("main", "fine.md").await.ok().text(), "fine");
    assert_eq!(site.read("main", "folder").await.ok().text(), "a file");
}

#[tokio::test]
async fn discussions_of_hidden_repositories_are_hidden() {
    let site = Site::furnished().await;
    let path = "/api/datasets/alice/d/discussions";
    let new = json!({ "title": "Secret plan", "description": "very secret", "pullRequest": true });
    site.post("alice", path, new.clone()).await.ok();
    for (who, status) in [("", 401), ("carol", 404)] {
        for path in [path.to_owned(), format!("{path}/1"), format!("{path}/1/storage")] {
            site.get(who, &path).await.fails(status, Some("RepoNotFound"), "");
        }
        site.post(who, path, new.clone()).await.fails(status, Some("RepoNotFound"), "");
        let say = json!({ "comment": "x" });
        site.post(who, &format!("{path}/1/comment"), say).await.fails(status, Some("RepoNotFound"), "");
    }
    // A gated repository shows what is said, not what is in its files.
    site.put("alice", "/api/datasets/alice/d/settings", json!({ "visibility": "public", "gated": "manual" }))
        .await
        .ok();
    let thread = site.get("carol", &format!("{path}/1?diff=1")).await.ok().json();
    assert_eq!(thread.get("diff"), None);
    site.post("carol", path, new).await.fails(403, Some("GatedRepo"), "restricted");
    site.post("carol", path, json!({ "title": "May I?", "description": "" })).await.ok();
}
