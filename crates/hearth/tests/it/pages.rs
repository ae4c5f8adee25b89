//! The pages, as a browser without JavaScript uses them.

use axum::http::Method;

use crate::site::{Answer, Site, file};

fn cookie_of(page: &Answer) -> String {
    page.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}

async fn submit(site: &Site, path: &str, cookie: &str, form: String) -> Answer {
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

#[tokio::test]
async fn the_first_page_and_the_page_of_a_repository_escape_what_users_wrote() {
    let site = Site::furnished().await;
    let card = "---\ntags: ['<b>']\n---\n# <script>alert(1)</script>";
    site.commit("alice", "models/alice/m", &[file("README.md", card), file("a b.txt", "x")]).await.ok();
    let home = site.get("", "/").await.ok().text();
    assert!(home.contains("href=\"/alice/m\"") && !home.contains("alice/d"));
    let page = site.get("", "/alice/m").await.ok();
    let html = page.text();
    assert!(!html.contains("<script") && !html.contains("<b>"), "{html}");
    assert!(html.contains("href=\"/alice/m/resolve/main/a%20b.txt\""), "{html}");
    assert_eq!(html.matches("<h1>").count(), 1);
    let hidden = site.get("", "/datasets/alice/d").await;
    assert_eq!(hidden.status.as_u16(), 404);
    assert_eq!(hidden.body, site.get("", "/datasets/alice/x").await.body);
    site.get("alice", "/datasets/alice/d").await.ok();
    site.get("", "/static/hearth.css").await.ok();
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
