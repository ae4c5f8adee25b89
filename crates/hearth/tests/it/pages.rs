//! The pages, as a browser without JavaScript uses them.

use axum::http::Method;

use crate::site::{Answer, Site, file};

fn cookie_of(page: &Answer) -> String {
    page.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}

pub(crate) async fn submit(site: &Site, path: &str, cookie: &str, form: String) -> Answer {
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("cookie", cookie)];
    site.send("", Method::POST, path, &headers, form).await
}

#[tokio::test]
async fn the_setup_link_makes_one_administrator_with_a_token() {
    let site = Site::new().await;
    let code = site.engine.accounts.issue_setup_code().await.unwrap().unwrap();
    let page = site.get("", &format!("/setup?code={}", code.reveal())).await.ok();
    assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
    let cookie = cookie_of(&page);
    let token = cookie.split_once('=').unwrap().1.to_owned();
    let form = |name: &str, password: &str, token: &str| {
        format!("code={}&form_token={token}&name={name}&email=&password={password}", code.reveal())
    };
    let good = "correct+horse+battery";
    let from_elsewhere = submit(&site, "/setup", &cookie, form("root-admin", good, "0")).await;
    assert_eq!(from_elsewhere.status.as_u16(), 403);
    let short = submit(&site, "/setup", &cookie, form("root-admin", "x", &token)).await;
    assert_eq!(short.status.as_u16(), 422);
    assert!(
        short.text().contains("role=\"alert\"") && short.text().contains("value=\"root-admin\""),
        "{}",
        short.text()
    );
    let done = submit(&site, "/setup", &cookie, form("root-admin", good, &token)).await.ok().text();
    let secret = done.split("--token hf_").nth(1).unwrap().split_whitespace().next().unwrap();
    let me = site.get(secret, "/api/whoami-v2").await.ok().json();
    assert_eq!(me["name"], "root-admin");
    let again = submit(&site, "/setup", &cookie, form("other-admin", good, &token)).await;
    assert!(again.status.is_client_error() && again.text().contains("setup link"), "{}", again.text());
    let closed = site.get("", &format!("/setup?code={}", code.reveal())).await;
    assert!(closed.status.is_client_error());
}

/// A page without what differs from one request to the next: its path and its id.
fn without(page: &Answer, path: &str) -> String {
    let id = page.header("x-request-id").unwrap();
    page.text().replace(id, "").replace(path, "").replace(&path.replace('/', "%2F"), "")
}

#[tokio::test]
async fn the_first_page_and_the_page_of_a_repository_escape_what_users_wrote() {
    let site = Site::furnished().await;
    let card = "---\ntags: ['<b>']\n---\n# Hello <script>alert(1)</script>\n\n<img src=x onerror=alert(1)>";
    site.commit("alice", "models/alice/m", &[file("README.md", card), file("a b.txt", "<i>")]).await.ok();
    let home = site.get("", "/").await.ok().text();
    assert!(home.contains("href=\"/alice/m\"") && !home.contains("alice/d"));
    let html = site.get("", "/alice/m").await.ok().text();
    assert!(!html.contains("alert(1)</script>") && !html.contains("onerror") && !html.contains("<b>"), "{html}");
    assert_eq!((html.matches("<h1").count(), html.matches("<script").count()), (1, 1), "{html}");
    let tree = site.get("", "/alice/m/tree/main").await.ok().text();
    assert!(tree.contains("href=\"/alice/m/blob/main/a%20b.txt\""), "{tree}");
    let blob = site.get("", "/alice/m/blob/main/a%20b.txt").await.ok().text();
    assert!(blob.contains("&lt;i&gt;") && !blob.contains("<i>"), "{blob}");
    let hidden = site.get("", "/datasets/alice/d").await;
    assert_eq!(hidden.status.as_u16(), 404);
    let missing = site.get("", "/datasets/alice/x").await;
    assert_eq!(without(&hidden, "/datasets/alice/d"), without(&missing, "/datasets/alice/x"));
    site.get("alice", "/datasets/alice/d").await.ok();
    site.get("", "/static/hearth.css").await.ok();
}

/// The token of the forms of a page.
fn form_token(page: &Answer) -> String {
    let text = page.text();
    let value = text.split("name=\"form_token\" value=\"").nth(1).unwrap();
    value.split('"').next().unwrap().to_owned()
}

/// A person who signs up and stays signed in: the cookie of their session and the token of their forms.
pub(crate) async fn newcomer(site: &Site, name: &str) -> (String, String) {
    let invitation = site.engine.accounts.invite(hub_account::By::Operator, None, None).await.unwrap();
    let page = site.get("", "/join").await.ok();
    let form = format!(
        "form_token={}&invitation={}&name={name}&email=&password=correct+horse+battery",
        form_token(&page),
        invitation.code.reveal(),
    );
    let done = submit(site, "/join", &cookie_of(&page), form).await.ok();
    (cookie_of(&done), form_token(&done))
}

pub(crate) async fn look(site: &Site, cookie: &str, path: &str) -> Answer {
    site.send("", Method::GET, path, &[("cookie", cookie)], axum::body::Body::empty()).await
}

#[tokio::test]
async fn a_newcomer_publishes_edits_and_deletes_by_forms_alone() {
    let site = Site::new().await;
    let (cookie, token) = newcomer(&site, "dora").await;
    let post =
        async |path: &str, form: String| submit(&site, path, &cookie, format!("form_token={token}&{form}")).await;
    let made = post("/new", "kind=model&owner=dora&name=first&visibility=private&license=mit".to_owned()).await;
    assert_eq!((made.status.as_u16(), made.header("location")), (303, Some("/dora/first")));
    assert_eq!(look(&site, "", "/dora/first").await.status.as_u16(), 404);
    look(&site, &cookie, "/dora/first").await.ok();
    let file = post("/dora/first/new/main", "path=src/a.py&content=x+%3D+1%0D%0A&title=Begin".to_owned()).await;
    assert_eq!(file.header("location"), Some("/dora/first/blob/main/src/a.py"));
    let raw = look(&site, &cookie, "/dora/first/raw/main/src/a.py").await.ok();
    assert_eq!(raw.text(), "x = 1\n");
    let page = look(&site, &cookie, "/dora/first/edit/main/src/a.py").await.ok().text();
    let parent = page.split("name=\"parent\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let edit = format!("path=src/b.py&content=x+%3D+2&parent={parent}");
    let edited = post("/dora/first/edit/main/src/a.py", edit.clone()).await;
    assert_eq!(edited.header("location"), Some("/dora/first/blob/main/src/b.py"), "{}", edited.text());
    // The same form again: the branch is elsewhere now, and what was typed is kept.
    let stale = post("/dora/first/edit/main/src/b.py", edit.replace("x+%3D+2", "kept+text")).await;
    assert_eq!(stale.status.as_u16(), 422);
    assert!(stale.text().contains("kept text") && stale.text().contains("role=\"alert\""));
    let commits = look(&site, &cookie, "/dora/first/commits/main").await.ok().text();
    assert!(commits.contains("Begin") && commits.contains("Update src/b.py"), "{commits}");
    let gone = post("/dora/first/delete/main/src/b.py", "title=".to_owned()).await;
    assert_eq!(gone.header("location"), Some("/dora/first/tree/main?done=file-deleted"), "{}", gone.text());
    let kept = post("/dora/first/settings/delete", "confirm=dora/other".to_owned()).await;
    assert_eq!(kept.status.as_u16(), 422);
    let deleted = post("/dora/first/settings/delete", "confirm=dora%2Ffirst".to_owned()).await;
    assert_eq!(deleted.status.as_u16(), 303);
    assert_eq!(look(&site, &cookie, "/dora/first").await.status.as_u16(), 404);
}

#[tokio::test]
async fn files_are_uploaded_by_a_form() {
    let site = Site::new().await;
    let (cookie, token) = newcomer(&site, "dora").await;
    submit(&site, "/new", &cookie, format!("form_token={token}&kind=dataset&owner=dora&name=d")).await;
    let part = |name: &str, file: &str, content: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n")
    };
    let send = async |token: &str, name: &str| {
        let body = format!(
            "{}{}{}--b--\r\n",
            part("form_token", "", token),
            part("files", &format!("; filename=\"{name}\""), "a,b\n1,2\n"),
            part("files", "; filename=\"w.bin\"", "large by its name"),
        );
        let headers = [("content-type", "multipart/form-data; boundary=b"), ("cookie", cookie.as_str())];
        site.send("", Method::POST, "/datasets/dora/d/upload/main/in", &headers, body).await
    };
    assert_eq!(send("0", "t.csv").await.status.as_u16(), 403);
    assert_eq!(send(&token, "../t.csv").await.status.as_u16(), 422);
    let sent = send(&token, "t.csv").await;
    assert_eq!(sent.header("location"), Some("/datasets/dora/d/tree/main/in?done=uploaded"), "{}", sent.text());
    let table = look(&site, &cookie, "/datasets/dora/d/blob/main/in/t.csv").await.ok().text();
    assert!(table.contains(">a<span class=\"kind\">int") && table.contains("<td class=\"right\">2</td>"), "{table}");
    let pointer = look(&site, &cookie, "/datasets/dora/d/raw/main/in/w.bin").await.ok().text();
    assert!(pointer.starts_with("version https://git-lfs"), "{pointer}");
    let content = look(&site, &cookie, "/datasets/dora/d/resolve/main/in/w.bin").await.ok().text();
    assert_eq!(content, "large by its name");
}

#[tokio::test]
async fn a_session_counts_for_reading_only_and_forms_want_their_token() {
    let site = Site::new().await;
    let (cookie, token) = newcomer(&site, "dora").await;
    assert_eq!(look(&site, &cookie, "/api/whoami-v2").await.ok().json()["name"], "dora");
    let create = [("cookie", cookie.as_str()), ("content-type", "application/json")];
    let refused = site.send("", Method::POST, "/api/repos/create", &create, r#"{"name": "x"}"#).await;
    assert_eq!(refused.status.as_u16(), 401);
    for path in ["/new", "/settings/tokens", "/settings/password", "/logout", "/organizations/new"] {
        let forged = submit(&site, path, &cookie, "form_token=0&name=x&role=write&password=x".to_owned()).await;
        assert_eq!(forged.status.as_u16(), 403, "{path}");
    }
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("cookie", cookie.as_str()),
        ("sec-fetch-site", "same-site"),
    ];
    let sibling = site.send("", Method::POST, "/logout", &headers, format!("form_token={token}")).await;
    assert_eq!(sibling.status.as_u16(), 403);
    let out = submit(&site, "/logout", &cookie, format!("form_token={token}")).await;
    assert_eq!(out.status.as_u16(), 303);
    assert_eq!(
        look(&site, &cookie, "/settings/profile").await.header("location"),
        Some("/login?next=/settings/profile")
    );
}

#[tokio::test]
async fn every_kind_of_token_is_made_by_a_form_and_shown_once() {
    let site = Site::new().await;
    let (cookie, token) = newcomer(&site, "dora").await;
    submit(&site, "/new", &cookie, format!("form_token={token}&kind=model&owner=dora&name=m&visibility=private")).await;
    let make =
        async |form: &str| submit(&site, "/settings/tokens", &cookie, format!("form_token={token}&{form}")).await;
    let value = |page: &Answer| {
        let text = page.text();
        let rest =
            text.split("<code>hf_").nth(1).unwrap_or_else(|| panic!("{text}")).split('<').next().unwrap().to_owned();
        rest.trim().to_owned()
    };
    let read = make("name=laptop&role=read&days=30").await.ok();
    let who = site.get(&value(&read), "/api/whoami-v2").await.ok().json();
    assert_eq!(who["auth"]["accessToken"]["role"], "read");
    assert!(!look(&site, &cookie, "/settings/tokens").await.ok().text().contains(&value(&read)));
    let fine = make("name=ci&role=fineGrained&days=never&repos=dora%2Fm&repo_permission=repo.content.read").await.ok();
    site.get(&value(&fine), "/api/models/dora/m").await.ok();
    assert_eq!(make("name=ci&role=fineGrained").await.status.as_u16(), 422);
    assert_eq!(make("name=&role=read").await.status.as_u16(), 422);
    let unknown = make("name=ci&role=fineGrained&repos=alice%2Fx&repo_permission=repo.content.read").await;
    assert!(unknown.status.as_u16() == 422 && unknown.text().contains("alice/x"));
}

#[tokio::test]
async fn an_invitation_lets_one_person_join() {
    let site = Site::new().await;
    let page = site.get("", "/join").await.ok();
    let cookie = cookie_of(&page);
    let token = cookie.split_once('=').unwrap().1.to_owned();
    let invitation = site.engine.accounts.invite(hub_account::By::Operator, None, None).await.unwrap();
    let form = |code: &str, name: &str| {
        format!("form_token={token}&invitation={code}&name={name}&email=&password=correct+horse+battery")
    };
    let without = submit(&site, "/join", &cookie, form("", "dora")).await;
    assert!(without.status.is_client_error());
    let done = submit(&site, "/join", &cookie, form(invitation.code.reveal(), "dora")).await.ok();
    assert!(done.text().contains("Welcome, dora"));
    let second = submit(&site, "/join", &cookie, form(invitation.code.reveal(), "dirk")).await;
    assert!(second.status.is_client_error());
}
