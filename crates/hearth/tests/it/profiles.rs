//! What people and organisations say about themselves, their pictures, and leaving for good.

use axum::body::Body;
use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hub_account::By;
use serde_json::json;

use crate::pages::{look, newcomer, submit};
use crate::site::{Answer, Site, URL};

/// A GIF of one pixel.
fn picture() -> Vec<u8> {
    STANDARD.decode("R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=").unwrap()
}

async fn send_picture(site: &Site, who: &str, name: &str, bytes: Vec<u8>) -> Answer {
    site.send(who, Method::PUT, &format!("/api/avatars/{name}"), &[], bytes).await
}

#[tokio::test]
async fn those_who_look_after_a_name_say_what_it_is() {
    let site = Site::new().await;
    let said = json!({
        "bio": "Speech models <b>for all</b>", "website": "https://acme.example",
        "socialHandles": { "github": "https://github.com/acme", "linkedin": "acme" },
        "kind": "non-profit", "country": "de", "source": "https://acme.example/imprint",
    });
    for (who, status) in [("", 401), ("carol", 403), ("bob", 403)] {
        site.put(who, "/api/profiles/acme", said.clone()).await.fails(status, None, "");
    }
    site.put("alice", "/api/profiles/nobody", said.clone()).await.fails(404, None, "");
    let kept = site.put("alice", "/api/profiles/acme", said.clone()).await.ok().json();
    assert_eq!(
        (&kept["kind"], &kept["country"], &kept["declaredBy"]),
        (&json!("non-profit"), &json!("DE"), &json!("self"))
    );
    assert_eq!(site.get("", "/api/profiles/acme").await.ok().json(), kept);
    let overview = site.get("", "/api/organizations/acme/overview").await.ok().json();
    assert_eq!((&overview["details"], &overview["country"]), (&said["bio"], &json!("DE")));
    let socials = site.get("", "/api/organizations/acme/socials").await.ok().json();
    assert_eq!(
        (&socials["org"], &socials["socialHandles"]),
        (&json!("acme"), &json!({ "github": "acme", "linkedin": "acme" }))
    );
    let page = site.get("", "/acme").await.ok().text();
    assert!(
        page.contains("&#60;b&#62;for all") && page.contains("Germany") && page.contains("https://github.com/acme"),
        "{page}"
    );
    for wrong in [
        json!({ "website": "javascript:alert(1)" }),
        json!({ "kind": "cartel" }),
        json!({ "country": "XX" }),
        json!({ "bio": "x".repeat(1001) }),
        json!({ "socialHandles": { "github": "a/b" } }),
    ] {
        let refused = site.put("alice", "/api/profiles/acme", wrong.clone()).await;
        assert_eq!(refused.status.as_u16(), 422, "{wrong}: {}", refused.text());
    }
    assert_eq!(site.get("", "/api/profiles/acme").await.ok().json(), kept);
}

#[tokio::test]
async fn what_an_administrator_entered_is_marked_until_somebody_else_changes_it() {
    let site = Site::new().await;
    site.engine.accounts.set_admin(By::Operator, &"carol".parse().unwrap(), true).await.unwrap();
    let declared =
        async |who: &str, body| site.put(who, "/api/profiles/alice", body).await.ok().json()["declaredBy"].clone();
    assert_eq!(declared("carol", json!({ "country": "FR" })).await, "administrator");
    assert_eq!(declared("alice", json!({ "country": "FR", "bio": "Hello" })).await, "administrator");
    assert_eq!(declared("alice", json!({ "country": "GB" })).await, "self");
    assert_eq!(declared("carol", json!({})).await, "self");
}

#[tokio::test]
async fn pictures_are_sent_shown_and_taken_away() {
    let site = Site::new().await;
    let letter = site.get("", "/avatars/alice").await.ok();
    assert_eq!(letter.header("content-type"), Some("image/svg+xml"));
    site.get("", "/avatars/nobody-yet.svg").await.ok();
    for (who, status) in [("", 401), ("bob", 403)] {
        send_picture(&site, who, "alice", picture()).await.fails(status, None, "");
    }
    send_picture(&site, "alice", "alice", b"<svg/>".to_vec()).await.fails(422, None, "PNG");
    send_picture(&site, "alice", "alice", picture()).await.ok();
    let shown = site.get("", "/avatars/alice").await.ok();
    assert_eq!(shown.header("content-type"), Some("image/jpeg"));
    let etag = shown.header("etag").unwrap();
    let again = site.send("", Method::GET, "/avatars/alice", &[("if-none-match", etag)], Body::empty()).await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    let told = site.get("", "/api/users/alice/avatar").await.ok().json();
    assert_eq!(told, json!({ "avatarUrl": format!("{URL}/avatars/alice") }));
    let image = [("sec-fetch-dest", "image")];
    let led = site.send("", Method::GET, "/api/users/alice/avatar", &image, Body::empty()).await;
    assert_eq!((led.status.as_u16(), led.header("location")), (302, told["avatarUrl"].as_str()));
    assert_eq!(site.get("", "/api/avatars/acme").await.header("location"), Some(&*format!("{URL}/avatars/acme")));
    site.get("", "/api/organizations/alice/avatar").await.fails(404, None, "");
    site.delete("bob", "/api/avatars/alice").await.fails(403, None, "");
    site.delete("alice", "/api/avatars/alice").await.ok();
    assert_eq!(site.get("", "/avatars/alice").await.ok().header("content-type"), Some("image/svg+xml"));
}

#[tokio::test]
async fn forms_do_the_same_and_keep_what_was_typed() {
    let site = Site::new().await;
    let (cookie, token) = newcomer(&site, "dora").await;
    let post =
        async |form: &str| submit(&site, "/settings/about/dora", &cookie, format!("form_token={token}&{form}")).await;
    let wrong = post("bio=About+me&website=nowhere&country=FR").await;
    let text = wrong.text();
    assert!(
        wrong.status.as_u16() == 422 && text.contains("About me") && text.contains("value=\"FR\" selected"),
        "{text}"
    );
    assert_eq!(post("bio=About+me&country=FR").await.header("location"), Some("/settings/about/dora?done=saved"));
    assert!(look(&site, "", "/dora").await.ok().text().contains("About me"));
    assert_eq!(look(&site, &cookie, "/settings/about/alice").await.status.as_u16(), 404);
    assert_eq!(look(&site, "", "/settings/about/dora").await.status.as_u16(), 303);
    let mut form =
        format!("--b\r\nContent-Disposition: form-data; name=\"form_token\"\r\n\r\n{token}\r\n--b\r\n").into_bytes();
    form.extend(b"Content-Disposition: form-data; name=\"picture\"; filename=\"a.gif\"\r\n\r\n");
    form.extend(picture());
    form.extend(b"\r\n--b--\r\n");
    let headers = [("content-type", "multipart/form-data; boundary=b"), ("cookie", cookie.as_str())];
    let sent = site.send("", Method::POST, "/settings/about/dora/picture", &headers, form).await;
    assert_eq!(sent.header("location"), Some("/settings/about/dora?done=saved"), "{}", sent.text());
    assert_eq!(site.get("", "/avatars/dora").await.ok().header("content-type"), Some("image/jpeg"));
}

#[tokio::test]
async fn a_person_who_owns_nothing_can_leave() {
    let site = Site::furnished().await;
    let (cookie, token) = newcomer(&site, "dora").await;
    submit(&site, "/new", &cookie, format!("form_token={token}&kind=model&owner=dora&name=m&visibility=public")).await;
    let comment = json!({ "title": "Thanks", "description": "From dora" });
    let opened = site.post("alice", "/api/models/dora/m/discussions", comment).await.ok().json();
    assert_eq!(opened["num"], 1);
    let said = "kind=model&title=Kind+words&text=Well+done";
    submit(&site, "/alice/m/discussions/new", &cookie, format!("form_token={token}&{said}")).await;
    let leave =
        async |form: &str| submit(&site, "/settings/leave", &cookie, format!("form_token={token}&{form}")).await;
    let good = "confirm=dora&password=correct+horse+battery";
    assert!(leave(good).await.text().contains("still owns"));
    submit(&site, "/dora/m/settings/delete", &cookie, format!("form_token={token}&confirm=dora/m")).await;
    for wrong in ["confirm=bob&password=correct+horse+battery", "confirm=dora&password=wrong+horse+battery"] {
        assert_eq!(leave(wrong).await.status.as_u16(), 422, "{wrong}");
    }
    assert_eq!(leave("confirm=dora").await.status.as_u16(), 403);
    assert_eq!(leave(good).await.header("location"), Some("/?done=left"));
    assert_eq!(look(&site, "", "/dora").await.status.as_u16(), 404);
    assert_eq!(look(&site, &cookie, "/settings/profile").await.status.as_u16(), 303);
    site.get("", "/alice/m/discussions").await.ok();
}
