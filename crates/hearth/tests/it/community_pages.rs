//! What people do together, by the forms of the pages alone: two of them, in two browsers.

use axum::http::Method;
use serde_json::json;

use crate::pages::{look, newcomer, submit};
use crate::site::{Answer, Site, file};

/// Someone in a browser.
struct Person<'a> {
    site: &'a Site,
    cookie: String,
    token: String,
}

impl<'a> Person<'a> {
    async fn new(site: &'a Site, name: &str) -> Self {
        let (cookie, token) = newcomer(site, name).await;
        Self { site, cookie, token }
    }

    async fn see(&self, path: &str) -> String {
        look(self.site, &self.cookie, path).await.ok().text()
    }

    async fn send(&self, path: &str, form: &str) -> Answer {
        submit(self.site, path, &self.cookie, format!("form_token={}&{form}", self.token)).await
    }

    /// Sends a form that leads on.
    async fn done(&self, path: &str, form: &str) -> String {
        let answer = self.send(path, form).await;
        assert_eq!(answer.status.as_u16(), 303, "{form}: {}", answer.text());
        answer.header("location").unwrap().to_owned()
    }
}

/// The id of the last comment of a page.
fn last_comment(page: &str) -> String {
    let at = page.rfind("<article class=\"box\" id=\"").unwrap() + "<article class=\"box\" id=\"".len();
    page[at..at + 24].to_owned()
}

#[tokio::test]
async fn two_people_talk_review_and_merge() {
    let site = Site::new().await;
    let (dora, emil) = (Person::new(&site, "dora").await, Person::new(&site, "emil").await);
    dora.done("/new", "kind=model&owner=dora&name=m&visibility=public&license=").await;
    let stranger = look(&site, "", "/dora/m/discussions").await.ok().text();
    assert!(stranger.contains("There is nothing here yet"), "{stranger}");
    assert_eq!(look(&site, "", "/dora/m/discussions/new").await.status.as_u16(), 303);

    // A discussion, with what people try to smuggle in.
    let short = emil.send("/dora/m/discussions", "title=x&description=kept+text").await;
    assert!(short.status.as_u16() == 422 && short.text().contains("kept text"), "{}", short.text());
    let form = "title=%3Cb%3EWhy%3C%2Fb%3E&description=**bold**+%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    assert_eq!(emil.done("/dora/m/discussions", form).await, "/dora/m/discussions/1");
    let talk = "/dora/m/discussions/1";
    let page = dora.see(talk).await;
    assert!(page.contains("<strong>bold</strong>") && page.contains("&#60;b&#62;Why"), "{page}");
    assert!(!page.contains("<script>alert") && !page.contains("<b>Why"), "{page}");
    dora.done(talk, "act=comment&text=Because").await;
    let id = last_comment(&emil.see(talk).await);
    emil.done(talk, &format!("act=react&reaction=heart&comment={id}")).await;
    assert!(emil.see(talk).await.contains("value=\"-heart\" aria-pressed=\"true\""));
    dora.done(talk, &format!("act=edit&text=For+a+reason&comment={id}")).await;
    assert!(emil.see(talk).await.contains("edited once"));
    let refused = emil.send(talk, &format!("act=edit&text=x&comment={id}")).await;
    assert!(refused.status.as_u16() == 422 && refused.text().contains("Only its author"), "{}", refused.text());
    dora.done(talk, &format!("act=hide&comment={id}")).await;
    assert!(!emil.see(talk).await.contains("For a reason"));
    for act in ["pin", "lock"] {
        dora.done(talk, &format!("act={act}")).await;
    }
    assert_eq!(emil.send(talk, "act=comment&text=more").await.status.as_u16(), 422);
    dora.done(talk, "act=rename&text=Answered").await;
    dora.done(talk, "act=close&text=").await;
    assert!(!emil.see("/dora/m/discussions").await.contains("Answered"));
    assert!(emil.see("/dora/m/discussions?state=closed").await.contains("Answered"));
    let forged = submit(&site, talk, &dora.cookie, "form_token=0&act=open".to_owned()).await;
    assert_eq!(forged.status.as_u16(), 403);

    // A pull request from the editor, by someone who may only read.
    dora.done("/dora/m/new/main", "path=b.md&content=one%0Atwo%0A&title=Begin").await;
    let form = emil.see("/dora/m/edit/main/b.md").await;
    assert!(form.contains("Propose it as a pull request") && !form.contains(">Commit to"), "{form}");
    assert_eq!(emil.send("/dora/m/edit/main/b.md", "path=b.md&content=x&title=x").await.status.as_u16(), 403);
    let change = "path=b.md&content=ONE%0Atwo%0A&title=Louder&propose=true";
    assert_eq!(emil.done("/dora/m/edit/main/b.md", change).await, "/dora/m/discussions/2");
    let again = "path=b.md&content=ONE%0ATWO%0A&title=Louder+still";
    emil.done("/dora/m/edit/refs%2Fpr%2F2/b.md", again).await;
    let page = dora.see("/dora/m/discussions/2").await;
    assert!(page.contains("+TWO") && page.contains("Louder still"), "{page}");

    // Another one by API, reviewed and merged.
    let header = json!({ "key": "header", "value": { "summary": "Add a file" } });
    let body = format!("{header}\n{}", file("a.txt", "new line\n"));
    let headers = [("content-type", "application/x-ndjson")];
    site.send("bob", Method::POST, "/api/models/dora/m/commit/main?create_pr=1", &headers, body).await.ok();
    let pull = "/dora/m/discussions/3";
    let page = emil.see(pull).await;
    assert!(page.contains("+new line") && page.contains("refs/pr/3"), "{page}");
    assert!(!page.contains("value=\"merge\""), "{page}");
    assert_eq!(emil.send(pull, "act=merge").await.status.as_u16(), 403);
    assert!(dora.see(pull).await.contains("value=\"merge\""));
    dora.done(pull, "act=merge").await;
    assert!(emil.see(pull).await.contains("merged as"));
    look(&site, "", "/dora/m/blob/main/a.txt").await.ok();
    dora.done(pull, "act=delete-ref").await;
    assert!(emil.see(pull).await.contains("its branch was deleted"));
}

#[tokio::test]
async fn likes_gates_follows_and_collections_have_their_forms() {
    let site = Site::new().await;
    let (dora, emil) = (Person::new(&site, "dora").await, Person::new(&site, "emil").await);
    dora.done("/new", "kind=model&owner=dora&name=m&visibility=public&license=").await;
    emil.done("/dora/m/like", "on=true").await;
    assert!(emil.see("/dora/m").await.contains("Unlike") && dora.see("/dora/m").await.contains("1 person likes this"));
    emil.done("/dora/m/like", "on=false").await;
    assert!(dora.see("/dora/m").await.contains("0 people like this"));
    emil.done("/settings/follow", "whom=dora&on=true").await;
    assert!(emil.see("/dora").await.contains("Unfollow") && dora.see("/dora").await.contains("1 follower"));

    let card = "---%0Aextra_gated_prompt: Be kind%0Aextra_gated_fields:%0A  Country: country%0A  I agree: checkbox%0A---%0Ahidden words";
    dora.done("/dora/m/new/main", &format!("path=README.md&content={}&title=Card", card.replace(' ', "+"))).await;
    dora.done("/dora/m/settings", "visibility=public&gating=manual&discussions=true&description=").await;
    let closed = emil.see("/dora/m").await;
    assert!(closed.contains("Be kind") && closed.contains("name=\"Country\"") && !closed.contains("hidden words"));
    emil.done("/dora/m/access", "Country=Utopia&I+agree=true").await;
    assert!(emil.see("/dora/m").await.contains("have not decided"));
    let list = dora.see("/dora/m/access").await;
    assert!(list.contains("Utopia") && list.contains("emil"), "{list}");
    assert_eq!(look(&site, &emil.cookie, "/dora/m/access").await.status.as_u16(), 403);
    let at = list.find("name=\"request\" value=\"").unwrap() + "name=\"request\" value=\"".len();
    dora.done("/dora/m/access/decide", &format!("status=accepted&request={}", &list[at..at + 24])).await;
    assert!(emil.see("/dora/m").await.contains("hidden words"));
    let unknown = dora.send("/dora/m/access/decide", "status=grant&user=nobody-here").await;
    assert!(unknown.status.as_u16() == 422 && unknown.text().contains("nobody-here"), "{}", unknown.text());

    let made = emil.done("/collections", "title=Good+things&description=all+of+them").await;
    assert!(made.starts_with("/collections/emil/good-things-"), "{made}");
    emil.done(&made, "act=add&kind=model&text=dora/m").await;
    emil.done(&made, "act=add&kind=paper&text=2301.00001").await;
    let page = emil.see(&made).await;
    let place = |page: &str, what: &str| page.find(&format!(">{what}<")).or_else(|| page.find(what)).unwrap();
    assert!(place(&page, "dora/m") < place(&page, "2301.00001"), "{page}");
    let items: Vec<&str> = page.split("name=\"item\" value=\"").skip(1).map(|rest| &rest[..24]).collect();
    let second = items.iter().find(|item| **item != items[0]).unwrap();
    emil.done(&made, &format!("act=up&item={second}&place=1")).await;
    let page = dora.see(&made).await;
    assert!(place(&page, "2301.00001") < place(&page, "dora/m") && !page.contains("value=\"remove\""), "{page}");
    assert_eq!(dora.send(&made, "act=delete").await.status.as_u16(), 422);
    dora.done(&made, "act=vote").await;
    assert!(look(&site, "", "/collections").await.ok().text().contains("1 vote"));
    emil.done(&made, "act=save&text=Good+things&description=&private=true").await;
    assert_eq!(look(&site, "", &made).await.status.as_u16(), 404);
    emil.done(&made, "act=delete").await;
}
