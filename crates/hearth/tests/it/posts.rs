//! Posts over HTTP: who writes, answers, feels, hides and deletes; what they refer to; who is told; and what is no longer
//! there for strangers.

use hub_account::{By, ScopeEntity};
use serde_json::{Value, json};

use crate::matrix::fine_grained;
use crate::pages::{look, newcomer, submit};
use crate::site::Site;
use crate::webhooks::community;

const POSTS: &str = "/api/posts";

impl Site {
    /// Writes a post; answers its path below `/api`.
    pub(crate) async fn posted(&self, who: &str, text: &str) -> String {
        let made = self.post(who, POSTS, json!({ "content": text })).await.ok().json();
        format!("{POSTS}/{who}/{}", made["slug"].as_str().unwrap())
    }

    async fn said(&self, who: &str, path: &str, text: &str) -> String {
        let made = self.post(who, path, json!({ "comment": text })).await.ok().json();
        made["newMessage"]["id"].as_str().unwrap().to_owned()
    }

    async fn names_of_posts(&self, who: &str, query: &str) -> Vec<String> {
        let list = self.get(who, &format!("{POSTS}{query}")).await.ok().json();
        let texts = list["socialPosts"].as_array().unwrap().iter();
        texts.map(|one| one["rawContent"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn people_post_and_everyone_reads() {
    let site = Site::furnished().await;
    let new =
        json!({ "content": "See alice/m and `alice/m`, not datasets/alice/d; http://hub.test/alice/m/tree/main" });
    site.post("", POSTS, new.clone()).await.fails(401, None, "");
    site.post("alice_read", POSTS, new.clone()).await.fails(403, None, "post.write");
    let made = site.post("carol", POSTS, new).await.ok();
    assert_eq!(made.status.as_u16(), 201);
    let made = made.json();
    let path = format!("{POSTS}/carol/{}", made["slug"].as_str().unwrap());
    assert_eq!(made["url"], format!("http://hub.test/posts/carol/{}", made["slug"].as_str().unwrap()));
    let shown = site.get("", &path).await.ok().json();
    assert_eq!(shown["author"]["name"], "carol");
    assert_eq!(shown["references"], json!([{ "name": "alice/m", "type": "model" }]));

    // What its author may know is referred to, and shown to those who may know it.
    let own = site.posted("alice", "Soon: datasets/alice/d").await;
    assert_eq!(site.get("alice", &own).await.ok().json()["references"][0]["name"], "alice/d");
    assert_eq!(site.get("bob", &own).await.ok().json()["references"], json!([]));

    for (content, words) in
        [(json!("  \n"), "empty"), (json!("x".repeat(5_001)), "5000 characters"), (json!("a\u{0}b"), "NUL")]
    {
        site.post("carol", POSTS, json!({ "content": content })).await.fails(400, None, words);
    }
    site.post("carol", POSTS, json!({ "content": "x", "title": "x" })).await.fails(400, None, "no title");
    site.post("carol", POSTS, json!({ "content": "x", "coauthors": ["bob"] })).await.fails(400, None, "one author");
    site.post("carol", POSTS, json!({ "content": "x", "namespace": "bob" })).await.fails(403, None, "role 'write'");
    site.post("bob", POSTS, json!({ "content": "x", "namespace": "acme" })).await.fails(403, None, "role 'write'");
    site.post("carol", POSTS, json!({ "content": "x", "namespace": "nobody" })).await.fails(404, None, "nobody");
    let of_acme = site.post("alice", POSTS, json!({ "content": "We", "namespace": "acme" })).await.ok().json();
    let of_acme = format!("{POSTS}/acme/{}", of_acme["slug"].as_str().unwrap());
    let shown = site.get("", &of_acme).await.ok().json();
    assert_eq!((&shown["author"]["name"], &shown["writer"]["name"]), (&json!("acme"), &json!("alice")));
    for wrong in ["carol/nothing", "nobody/1", "car%20ol/1"] {
        site.get("", &format!("{POSTS}/{wrong}")).await.fails(404, None, "no such post");
    }

    // Lists: newest first, by pages, of somebody.
    assert_eq!(site.names_of_posts("", "").await.len(), 3);
    assert_eq!(site.names_of_posts("", "?author=alice").await, ["We", "Soon: datasets/alice/d"]);
    let first = site.get("", &format!("{POSTS}?limit=2")).await.ok().json();
    let next = first["next"].as_str().unwrap().strip_prefix("http://hub.test").unwrap().to_owned();
    let second = site.get("", &next).await.ok().json();
    assert_eq!((second["socialPosts"].as_array().unwrap().len(), &second["next"]), (1, &Value::Null));
    for wrong in ["?limit=0", "?limit=101", "?cursor=x"] {
        site.get("", &format!("{POSTS}{wrong}")).await.fails(400, None, "");
    }
    site.get("", &format!("{POSTS}?author=nobody")).await.fails(404, None, "nobody");
}

#[tokio::test]
async fn a_post_is_changed_and_deleted_by_its_author_alone() {
    let site = Site::furnished().await;
    let path = site.posted("carol", "First").await;
    let change = json!({ "content": "Second, of alice/m" });
    site.patch("", &path, change.clone()).await.fails(401, None, "");
    site.patch("alice", &path, change.clone()).await.fails(403, None, "only its authors");
    site.patch("carol", &path, json!({ "content": " " })).await.fails(400, None, "empty");
    site.patch("carol", &path, json!({ "draft": true })).await.fails(400, None, "no draft");
    site.patch("carol", &path, change).await.ok();
    let shown = site.get("", &path).await.ok().json();
    assert_eq!(
        (&shown["rawContent"], &shown["references"][0]["name"]),
        (&json!("Second, of alice/m"), &json!("alice/m"))
    );

    let comments = format!("{path}/comment");
    site.said("alice", &comments, "Well").await;
    site.delete("", &path).await.fails(401, None, "");
    site.delete("alice", &path).await.fails(403, None, "only its owner");
    site.delete("carol", &path).await.ok();
    site.get("carol", &path).await.fails(404, None, "no such post");
    site.delete("carol", &path).await.fails(404, None, "no such post");
}

#[tokio::test]
async fn people_answer_and_feel() {
    let site = Site::furnished().await;
    let path = site.posted("carol", "Hello").await;
    let comments = format!("{path}/comment");
    site.post("", &comments, json!({ "comment": "x" })).await.fails(401, None, "");
    site.post("alice_read", &comments, json!({ "comment": "x" })).await.fails(403, None, "post.write");
    site.post("alice", &comments, json!({ "comment": " " })).await.fails(400, None, "empty");
    site.post("alice", &comments, json!({ "comment": "x".repeat(65_537) })).await.fails(400, None, "65536");
    let made = site.post("alice", &comments, json!({ "comment": "<b>Hi</b>" })).await.ok();
    assert_eq!(made.status.as_u16(), 201);
    let made = made.json()["newMessage"].clone();
    assert_eq!((&made["type"], &made["author"]["name"]), (&json!("comment"), &json!("alice")));
    assert_eq!(made["data"]["latest"]["html"], "<p>&lt;b&gt;Hi&lt;/b&gt;</p>");
    let first = made["id"].as_str().unwrap().to_owned();
    let answer = site.said("bob", &format!("{comments}/{first}/reply"), "And?").await;
    let second = site.said("carol", &comments, "Later").await;
    // An answer to an answer stands below the same comment.
    let deeper = site.said("alice", &format!("{comments}/{answer}/reply"), "So").await;
    let shown = site.get("", &path).await.ok().json();
    let order: Vec<&str> =
        shown["comments"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(order, [&first, &answer, &deeper, &second]);
    assert_eq!(shown["comments"][2]["data"]["parentCommentId"], first);
    assert_eq!(shown["numComments"], 4);
    let nowhere = format!("{comments}/{:024x}/reply", 99);
    site.post("bob", &nowhere, json!({ "comment": "x" })).await.fails(404, None, "no such comment");

    let edit = format!("{comments}/{first}/edit");
    site.post("bob", &edit, json!({ "content": "x" })).await.fails(403, None, "only its author");
    let edited = site.post("alice", &edit, json!({ "content": "Hi" })).await.ok().json();
    assert_eq!(edited["updatedComment"]["data"]["edited"], true);

    for path in [format!("{path}/reaction"), format!("{comments}/{first}/reaction")] {
        site.post("", &path, json!({ "reaction": "heart" })).await.fails(401, None, "");
        site.post("bob", &path, json!({ "reaction": "love" })).await.fails(400, None, "heart");
        site.post("bob", &path, json!({ "reaction": "heart" })).await.ok();
        site.post("bob", &path, json!({ "reaction": "heart" })).await.ok();
        site.post("alice", &path, json!({ "reaction": "heart" })).await.ok();
        site.post("alice", &path, json!({ "reaction": "heart", "remove": true })).await.ok();
    }
    let shown = site.get("", &path).await.ok().json();
    let heart = json!([{ "reaction": "heart", "users": ["bob"], "count": 1 }]);
    assert_eq!((&shown["reactions"], &shown["comments"][0]["data"]["reactions"]), (&heart, &heart));
    let listed = site.get("", POSTS).await.ok().json();
    assert_eq!(listed["socialPosts"][0]["reactions"], json!([{ "reaction": "heart", "count": 1 }]));

    // Hidden by its author, or by whom the post is; nobody answers to it any more.
    let hide = format!("{comments}/{first}/hide");
    site.post("bob", &hide, json!({})).await.fails(403, None, "only its author");
    site.post("carol", &hide, json!({ "reason": "dislike" })).await.fails(400, None, "reason");
    site.post("carol", &hide, json!({ "reason": "Spam" })).await.ok();
    let hidden = site.get("", &path).await.ok().json()["comments"][0].clone();
    assert_eq!((&hidden["data"]["hidden"], &hidden["data"]["hiddenBy"]), (&json!(true), &json!("carol")));
    assert!(!hidden.to_string().contains("Hi\"") && hidden["data"]["reactions"] == json!([]), "{hidden}");
    site.post("bob", &format!("{comments}/{first}/reply"), json!({ "comment": "x" })).await.fails(403, None, "hidden");
    site.post("alice", &edit, json!({ "content": "x" })).await.fails(403, None, "hidden");
}

#[tokio::test]
async fn blocks_and_permissions_of_tokens_count() {
    let site = Site::furnished().await;
    let path = site.posted("alice", "Hello").await;
    site.posted("carol", "Buy").await;
    let comment = site.said("alice", &format!("{path}/comment"), "More").await;
    site.post("alice", "/api/settings/blocked", json!({ "name": "carol" })).await.ok();
    for (tail, body) in [
        ("comment".to_owned(), json!({ "comment": "x" })),
        (format!("comment/{comment}/reply"), json!({ "comment": "x" })),
        ("reaction".to_owned(), json!({ "reaction": "fire" })),
        ("upvote".to_owned(), json!({})),
    ] {
        site.post("carol", &format!("{path}/{tail}"), body).await.fails(403, None, "has blocked you");
    }
    assert_eq!(site.names_of_posts("alice", "").await, ["Hello"]);
    assert_eq!(site.names_of_posts("bob", "").await, ["Buy", "Hello"]);

    let carol = site.engine.accounts.namespace(&"carol".parse().unwrap()).await.unwrap().unwrap();
    let right = fine_grained(&site, carol.id, ScopeEntity::from(&carol), "post.write").await;
    let wrong = fine_grained(&site, carol.id, ScopeEntity::from(&carol), "discussion.write").await;
    site.post(&wrong, POSTS, json!({ "content": "x" })).await.fails(403, None, "post.write");
    site.post(&right, POSTS, json!({ "content": "By a program" })).await.ok();
    let elsewhere = site.posted("bob", "Mine").await;
    site.post(&right, &format!("{elsewhere}/comment"), json!({ "comment": "x" })).await.fails(403, None, "post.write");
}

#[tokio::test]
async fn whoever_is_suspended_writes_nothing_and_what_is_hidden_is_gone() {
    let site = Site::furnished().await;
    site.engine.accounts.set_admin(By::Operator, &"bob".parse().unwrap(), true).await.unwrap();
    let path = site.posted("carol", "Buy @alice").await;
    let comment = site.said("carol", &format!("{path}/comment"), "Really").await;
    for who in ["", "carol", "alice"] {
        let status = if who.is_empty() { 401 } else { 403 };
        site.post(who, &format!("{path}/hide"), json!({ "hidden": true })).await.fails(status, None, "");
    }
    site.post("bob", &format!("{path}/hide"), json!({ "hidden": true })).await.ok();
    for who in ["", "alice"] {
        site.get(who, &path).await.fails(404, None, "no such post");
        assert!(site.names_of_posts(who, "").await.is_empty());
    }
    site.post("alice", &format!("{path}/comment"), json!({ "comment": "x" })).await.fails(404, None, "no such post");
    assert_eq!(site.get("carol", &path).await.ok().json()["hidden"], true);
    site.post("bob", &format!("{path}/hide"), json!({ "hidden": false })).await.ok();

    // Reported, hidden by the decision, shown again after an appeal; and the comment by another.
    let post = path.strip_prefix("/api/").unwrap();
    let report = |body: Value| site.post("alice", "/api/reports", body);
    report(json!({ "subject": "post", "reason": "spam" })).await.fails(400, None, "`post`");
    report(json!({ "subject": "post", "post": "posts/x", "reason": "spam" })).await.fails(404, None, "no such post");
    let made = report(json!({ "subject": "post", "post": post, "reason": "spam" })).await.ok().json();
    site.post("carol", "/api/reports", json!({ "subject": "post", "post": post, "reason": "spam" }))
        .await
        .fails(400, None, "your own");
    let decide =
        |decision: &str| json!({ "action": "decide", "decision": decision, "note": "It is an advertisement." });
    let one = format!("/api/admin/reports/{}", made["id"].as_str().unwrap());
    let place = format!("/{post}");
    assert_eq!(site.get("bob", &one).await.ok().json()["place"], place);
    site.post("bob", &one, decide("disable_repository")).await.fails(400, None, "cannot be decided");
    site.post("bob", &one, decide("hide_post")).await.ok();
    site.get("", &path).await.fails(404, None, "no such post");
    let appeal = format!("/api/settings/reports/{}/appeal", made["id"].as_str().unwrap());
    site.post("carol", &appeal, json!({ "text": "It is art." })).await.ok();
    site.post("bob", &one, json!({ "action": "answer", "outcome": "reversed", "note": "So it is." })).await.ok();
    site.get("", &path).await.ok();
    let body = json!({ "subject": "post_comment", "post": post, "commentId": comment, "reason": "abuse" });
    let made = report(body).await.ok().json();
    site.post("bob", &format!("/api/admin/reports/{}", made["id"].as_str().unwrap()), decide("hide_comment"))
        .await
        .ok();
    assert_eq!(site.get("", &path).await.ok().json()["comments"][0]["data"]["hiddenReason"], "Abuse");

    site.engine.accounts.set_disabled(By::Operator, &"carol".parse().unwrap(), true).await.unwrap();
    site.post("carol", POSTS, json!({ "content": "x" })).await.fails(401, None, "");
}

#[tokio::test]
async fn people_are_told_of_mentions_and_answers() {
    let site = Site::furnished().await;
    community(&site).dispatch_notifications().await.unwrap();
    let (cookie, token) = newcomer(&site, "dora").await;
    let path = site.posted("carol", "Look, @dora and @bob").await;
    let unread = async |cookie: &str| look(&site, cookie, "/notifications").await.ok().text();
    assert!(!unread(&cookie).await.contains("Look, "));
    community(&site).dispatch_notifications().await.unwrap();
    let page = unread(&cookie).await;
    assert!(page.contains("Look, ") && page.contains("1 unread notification"), "{page}");
    // Whoever looks has read it.
    let place = path.strip_prefix("/api").unwrap();
    let form = |more: &str| format!("form_token={token}&{more}");
    let page = look(&site, &cookie, place).await.ok().text();
    assert!(page.contains("<a href=\"/dora\">@dora</a>"), "{page}");
    assert!(!unread(&cookie).await.contains("Look, "));
    // She comments, and is told when somebody answers her; the author is told of the comment.
    let done = submit(&site, place, &cookie, form("act=comment&text=Seen")).await;
    let anchor = done.header("location").unwrap().split_once('#').unwrap().1.to_owned();
    site.said("bob", &format!("{path}/comment/{anchor}/reply"), "Me too").await;
    community(&site).dispatch_notifications().await.unwrap();
    assert!(unread(&cookie).await.contains("Look, "));
    let page = site.get("carol", "/notifications").await.ok().text();
    assert!(page.contains(&format!("{place}#")), "{page}");
    submit(&site, "/notifications", &cookie, form("act=read-all&until=2030-01-01T00%3A00%3A00.000Z")).await;
    assert!(!unread(&cookie).await.contains("Look, "));
}

#[tokio::test]
async fn posts_are_written_by_the_pages_alone() {
    let site = Site::furnished().await;
    let (cookie, token) = newcomer(&site, "dora").await;
    let send = async |path: &str, form: &str| submit(&site, path, &cookie, format!("form_token={token}&{form}")).await;
    assert!(site.get("", "/posts").await.ok().text().contains("/login?next="));
    assert_eq!(submit(&site, "/posts", &cookie, "form_token=0&text=x".to_owned()).await.status.as_u16(), 403);
    let refused = send("/posts", &format!("text={}", "x".repeat(5_001))).await;
    assert!(refused.status.as_u16() == 422 && refused.text().contains("role=\"alert\""));
    let made =
        send("/posts", "text=%23+One%0A%0A%5Bit%5D%28alice%2Fm%29+%3Cscript%3Ealert%281%29%3C%2Fscript%3E").await;
    let place = made.header("location").unwrap().to_owned();
    assert!(place.starts_with("/posts/dora/"), "{place}");
    let page = look(&site, &cookie, &place).await.ok().text();
    assert!(page.contains("<a href=\"/alice/m\"") && !page.contains("<script>alert"), "{page}");
    for form in ["act=comment&text=Well", "act=react&reaction=heart", "act=edit&text=Two", "act=react&reaction=-heart"]
    {
        assert_eq!(send(&place, form).await.status.as_u16(), 303, "{form}");
    }
    assert_eq!(send(&place, "act=dance").await.status.as_u16(), 422);
    assert!(site.get("", "/posts").await.ok().text().contains("Two"));
    assert!(site.get("", "/dora").await.ok().text().contains(&place));
    let page = look(&site, "", &place).await.ok().text();
    assert!(page.contains("Well") && !page.contains("name=\"text\""), "{page}");
    // A stranger's form leads to the sign-in, and the pages of others have no buttons that would not work.
    let page = site.get("carol", &place).await.ok().text();
    assert!(!page.contains("value=\"delete\"") && page.contains("value=\"reply\""), "{page}");
    let gone = send(&place, "act=delete").await;
    assert_eq!(gone.header("location"), Some("/posts?done=deleted"));
    assert_eq!(look(&site, &cookie, &place).await.status.as_u16(), 404);
}
