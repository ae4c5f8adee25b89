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

/// Changes a file in the browser: on the branch itself, or as a pull request.
async fn write(person: &Person<'_>, file: &str, text: &str, how: &str) {
    let to = if how == "new" { "/dora/m/new/main".to_owned() } else { format!("/dora/m/edit/main/{file}") };
    let propose = if how == "propose" { "&propose=true" } else { "" };
    person.done(&to, &format!("path={file}&content={text}&title=Change&description=&parent={propose}")).await;
}

#[tokio::test]
async fn two_people_review_lines_and_a_suggestion() {
    let site = Site::new().await;
    let (dora, emil) = (Person::new(&site, "dora").await, Person::new(&site, "emil").await);
    dora.done("/new", "kind=model&owner=dora&name=m&visibility=public&license=").await;
    write(&dora, "a.md", "one%0Atwo%0Athree%0A", "new").await;
    dora.done("/dora/m/settings/reviews", "approvals=1&fresh=true").await;
    assert_eq!(dora.send("/dora/m/settings/reviews", "approvals=11").await.status.as_u16(), 422);
    assert_eq!(emil.send("/dora/m/settings/reviews", "approvals=0").await.status.as_u16(), 403);
    write(&emil, "a.md", "one%0ATWO%0Athree%0A", "propose").await;
    let pull = "/dora/m/discussions/1";
    let page = dora.see(pull).await;
    assert!(page.contains("0 of 1 approvals") && !page.contains("value=\"merge\""), "{page}");
    assert!(!emil.see(pull).await.contains("value=\"approve\""));

    // A comment on a line, with a suggestion, from the page of the changed files.
    let files = dora.see(&format!("{pull}/files")).await;
    let link = "/dora/m/discussions/1/line?side=new&#38;line=2&#38;path=a.md";
    assert!(files.contains(link), "{files}");
    let form = dora.see(&link.replace("&#38;", "&")).await;
    assert!(form.contains("TWO") && form.contains("```suggestion"), "{form}");
    let bad = dora.send(&format!("{pull}/line"), "path=a.md&side=new&first=1&last=500&text=kept&commit=").await;
    assert!(bad.status.as_u16() != 303, "{}", bad.text());
    let text = "No%0A%60%60%60suggestion%0ATwo%0A%60%60%60&commit=";
    dora.done(&format!("{pull}/line"), &format!("path=a.md&side=new&first=2&last=2&text={text}")).await;
    let files = emil.see(&format!("{pull}/files")).await;
    assert!(files.contains("a.md:2") && files.contains("value=\"apply\""), "{files}");
    let id = last_comment(&emil.see(pull).await);
    dora.done(pull, "act=review&verdict=approve&text=&commit=").await;
    assert!(dora.see(pull).await.contains("value=\"merge\""));
    emil.done(pull, &format!("act=apply&comment={id}")).await;
    let page = dora.see(pull).await;
    assert!(page.contains("applied as") && page.contains("before the latest commit"), "{page}");
    assert!(!page.contains("value=\"merge\""), "{page}");
    dora.done(pull, "act=review&verdict=approve&text=Yes&commit=").await;
    dora.done(pull, "act=merge&text=").await;
    assert!(dora.see("/dora/m/blob/main/a.md").await.contains("Two"));
}

#[tokio::test]
async fn a_conflict_is_solved_by_a_form() {
    let site = Site::new().await;
    let (dora, emil) = (Person::new(&site, "dora").await, Person::new(&site, "emil").await);
    dora.done("/new", "kind=model&owner=dora&name=m&visibility=public&license=").await;
    write(&dora, "a.md", "one%0Atwo%0A", "new").await;
    write(&emil, "a.md", "one%0Atheirs%0A", "propose").await;
    write(&dora, "a.md", "one%0Aours%0A", "").await;
    let pull = "/dora/m/discussions/1";
    let page = emil.see(pull).await;
    assert!(page.contains("git merge origin/main") && page.contains("/discussions/1/conflicts"), "{page}");
    let form = emil.see(&format!("{pull}/conflicts")).await;
    assert!(form.contains("&#60;&#60;&#60;&#60;&#60;&#60;&#60; refs/pr/1"), "{form}");
    let hidden = |name: &str| {
        let at = form.find(&format!("name=\"{name}\" value=\"")).unwrap() + name.len() + 15;
        form[at..at + 40].to_owned()
    };
    let ends = format!("base={}&head={}&path0=a.md", hidden("base"), hidden("head"));
    let kept = emil.send(&format!("{pull}/conflicts"), &format!("{ends}&text0=%3C%3C%3C%3C%3C%3C%3C%20kept")).await;
    assert!(kept.status.as_u16() == 422 && kept.text().contains("kept"), "{}", kept.text());
    emil.done(&format!("{pull}/conflicts"), &format!("{ends}&text0=one%0D%0Aboth%0D%0A")).await;
    dora.done(pull, "act=merge&text=").await;
    let raw = site.get("", "/dora/m/raw/main/a.md").await.ok().text();
    assert_eq!(raw, "one\nboth\n");
}
