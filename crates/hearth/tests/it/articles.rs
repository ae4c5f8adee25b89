//! Articles over HTTP: drafts and who sees them, those who write together, votes, addresses, and where they are shown.

use serde_json::{Value, json};

use crate::pages::{look, newcomer, submit};
use crate::site::Site;

const BLOG: &str = "/api/blog";

impl Site {
    /// Writes an article; answers its path below `/api`.
    async fn wrote(&self, who: &str, body: Value) -> String {
        let made = self.post(who, BLOG, body).await.ok().json();
        format!("{BLOG}/{}/{}", made["namespace"].as_str().unwrap(), made["slug"].as_str().unwrap())
    }

    async fn titles(&self, who: &str, query: &str) -> Vec<String> {
        let list = self.get(who, &format!("{BLOG}{query}")).await.ok().json();
        list["allBlogs"].as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap().to_owned()).collect()
    }
}

fn text(title: &str) -> Value {
    json!({ "title": title, "content": "## One\n\nOf alice/m\n\n## Two\n\n## Three\n" })
}

#[tokio::test]
async fn a_draft_is_for_its_writers_until_it_is_published() {
    let site = Site::furnished().await;
    let mut draft = text("A new model");
    draft["draft"] = true.into();
    draft["coauthors"] = json!(["bob"]);
    let path = site.wrote("alice", draft).await;
    assert_eq!(path, "/api/blog/alice/a-new-model");
    for who in ["", "carol"] {
        site.get(who, &path).await.fails(404, None, "no such article");
        assert!(site.titles(who, "").await.is_empty() && site.titles(who, "?drafts=true").await.is_empty());
    }
    for who in ["alice", "bob"] {
        assert_eq!(site.get(who, &path).await.ok().json()["draft"], true);
        assert_eq!(site.titles(who, "?drafts=true").await, ["A new model"]);
        assert!(site.titles(who, "").await.is_empty());
    }
    site.post("carol", &format!("{path}/comment"), json!({ "comment": "x" })).await.fails(404, None, "no such article");
    // A co-author changes and publishes; only the owner deletes.
    site.patch("carol", &path, json!({ "draft": false })).await.fails(404, None, "no such article");
    site.patch("bob", &path, json!({ "title": "A better model", "draft": false })).await.ok();
    assert_eq!(site.titles("", "").await, ["A better model"]);
    let shown = site.get("", &path).await.ok().json();
    let names: Vec<&str> =
        shown["authors"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!((names, &shown["references"][0]["name"]), (vec!["alice", "bob"], &json!("alice/m")));
    site.delete("bob", &path).await.fails(403, None, "only its owner");
    site.patch("carol", &path, json!({ "title": "Mine now" })).await.fails(403, None, "only its authors");
    site.patch("alice", &path, json!({ "draft": true })).await.fails(400, None, "no draft");
    site.delete("alice", &path).await.ok();
    site.get("alice", &path).await.fails(404, None, "no such article");
}

#[tokio::test]
async fn articles_have_bounds_addresses_and_owners() {
    let site = Site::furnished().await;
    site.post("", BLOG, text("A title")).await.fails(401, None, "");
    site.post("alice_read", BLOG, text("A title")).await.fails(403, None, "post.write");
    for (body, words) in [
        (json!({ "content": "x" }), "a title"),
        (json!({ "title": "ab", "content": "x" }), "a title"),
        (json!({ "title": "A title", "content": " " }), "empty"),
        (json!({ "title": "A title", "content": "x".repeat(200_001) }), "200000"),
        (json!({ "title": "A title", "content": "x", "coauthors": vec!["bob"; 11] }), "co-authors"),
    ] {
        site.post("alice", BLOG, body).await.fails(400, None, words);
    }
    let with = |names: Value| json!({ "title": "A title", "content": "x", "coauthors": names });
    for names in [json!(["nobody"]), json!(["../x"]), json!(["acme"])] {
        site.post("alice", BLOG, with(names)).await.fails(404, None, "no user");
    }
    site.post("bob", "/api/settings/blocked", json!({ "name": "carol" })).await.ok();
    site.post("carol", BLOG, with(json!(["bob"]))).await.fails(403, None, "blocked you");
    let many: String = "a b/c ".repeat(20_000);
    let paths = [
        site.wrote("alice", text("A title!")).await,
        site.wrote("alice", text("A title?")).await,
        site.wrote("alice", json!({ "title": "模型模型", "content": many })).await,
        site.wrote("alice", json!({ "title": "A title", "content": "x", "namespace": "acme" })).await,
    ];
    assert_eq!(paths[..2], ["/api/blog/alice/a-title", "/api/blog/alice/a-title-2"]);
    assert_eq!(paths[3], "/api/blog/acme/a-title");
    for path in &paths {
        site.get("", path).await.ok();
    }
    // Contributors of an organisation write nothing in its name.
    let of_acme = json!({ "title": "A title", "content": "x", "namespace": "acme" });
    site.post("bob", BLOG, of_acme).await.fails(403, None, "role 'write'");
    assert_eq!(site.titles("", "?author=acme").await, ["A title"]);
    assert_eq!(site.titles("", "?author=alice").await.len(), 4);

    let votes = ["alice", "bob", "carol"].into_iter().cycle().take(9);
    let path = format!("{}/upvote", paths[0]);
    let votes: Vec<_> = votes.map(|who| site.post(who, &path, json!({}))).collect();
    for answer in futures::future::join_all(votes).await {
        answer.ok();
    }
    site.delete("bob", &path).await.ok();
    site.post("", &path, json!({})).await.fails(401, None, "");
    let shown = site.get("carol", &paths[0]).await.ok().json();
    assert_eq!((&shown["upvotes"], &shown["isUpvotedByUser"]), (&json!(2), &json!(true)));
}

#[tokio::test]
async fn articles_are_written_and_shown_by_the_pages() {
    let site = Site::furnished().await;
    let (cookie, token) = newcomer(&site, "dora").await;
    let send = async |path: &str, form: &str| submit(&site, path, &cookie, format!("form_token={token}&{form}")).await;
    assert_eq!(look(&site, "", "/blog/new").await.status.as_u16(), 303);
    look(&site, &cookie, "/blog/new").await.ok();
    let refused = send("/blog/new", "act=publish&title=ab&text=Kept").await;
    assert!(refused.status.as_u16() == 422 && refused.text().contains("Kept"), "{}", refused.text());
    let refused = send("/blog/new", "act=publish&title=Title&text=Kept&coauthors=nobody").await;
    assert!(refused.status.as_u16() == 422 && refused.text().contains("nobody"), "{}", refused.text());
    let body = "title=At+length&coauthors=%40carol&text=%23%23+One%0A%0Aalice%2Fm%0A%0A%23%23+Two%0A%0A%23%23+Three%0A%0A\
                ![x](http%3A%2F%2Fhub.test%2Falice%2Fm%2Fresolve%2Fmain%2Fx.png)%0A%0A![y](https%3A%2F%2Felsewhere.example%2Fy.png)";
    let made = send("/blog/new", &format!("act=draft&{body}")).await;
    let place = made.header("location").unwrap().to_owned();
    assert_eq!(place, "/blog/dora/at-length");
    assert_eq!(look(&site, "", &place).await.status.as_u16(), 404);
    assert!(look(&site, &cookie, "/blog").await.ok().text().contains(&place));
    assert!(!site.get("", "/blog").await.ok().text().contains(&place));
    assert_eq!(site.get("bob", &format!("{place}/edit")).await.status.as_u16(), 404);
    send(&format!("{place}/edit"), &format!("act=publish&{body}")).await;
    let page = look(&site, "", &place).await.ok().text();
    assert!(page.contains("class=\"toc card") && page.contains("href=\"/carol\""), "{page}");
    assert!(page.contains("src=\"/alice/m/resolve/main/x.png\"") && !page.contains("elsewhere.example"), "{page}");
    assert_eq!(site.get("bob", &format!("{place}/edit")).await.status.as_u16(), 403);
    for form in ["act=upvote", "act=unvote", "act=upvote", "act=comment&text=Well"] {
        assert_eq!(send(&place, form).await.status.as_u16(), 303, "{form}");
    }
    // The model that it names shows it, and so do the profiles of those who wrote it.
    for path in ["/alice/m", "/dora", "/carol", "/blog?author=carol"] {
        assert!(site.get("", path).await.ok().text().contains(&place), "{path}");
    }
    site.get("carol", &format!("{place}/edit")).await.ok();
    site.post("carol", "/api/settings/blocked", json!({ "name": "dora" })).await.ok();
    assert!(site.get("", "/carol").await.ok().text().contains(&place), "a block does not change what was written");
    assert_eq!(send(&place, "act=delete").await.header("location"), Some("/blog?done=deleted"));
    assert!(!site.get("", "/alice/m").await.ok().text().contains(&place));
}
