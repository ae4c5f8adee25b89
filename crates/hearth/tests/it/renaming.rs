//! A person or an organisation takes another name: what leads on, what stays, and what follows.

use axum::body::Body;
use axum::http::Method;
use serde_json::json;

use crate::pages::{look, newcomer, submit};
use crate::site::{Site, file};

const PASSWORD: &str = "password=correct+horse+battery";

#[tokio::test]
async fn old_addresses_lead_on_for_every_client() {
    let site = Site::furnished().await;
    let (cookie, token) = newcomer(&site, "dora").await;
    let form = async |path: &str, form: &str| submit(&site, path, &cookie, format!("form_token={token}&{form}")).await;
    form("/new", "kind=model&owner=dora&name=m&visibility=public").await;
    form("/new", "kind=dataset&owner=dora&name=hidden&visibility=private").await;
    let edited = "content=By+dora&path=notes.txt&title=Notes";
    form("/dora/m/new/main", edited).await;
    let post = form("/posts", "text=Hello+from+here").await.header("location").unwrap().to_owned();
    assert!(post.starts_with("/posts/dora/"), "{post}");
    let before = site.get("", "/api/models/dora/m").await.ok().json();

    let renamed = form("/settings/name/dora", &format!("name=Dorothea&{PASSWORD}")).await;
    assert_eq!(renamed.header("location"), Some("/Dorothea?done=renamed"), "{}", renamed.text());
    // The session stays.
    assert!(look(&site, &cookie, "/settings/profile").await.ok().text().contains("Dorothea"));
    let led = async |path: &str| {
        let answer = site.get("", path).await;
        (answer.status.as_u16(), answer.header("location").unwrap_or_default().to_owned())
    };
    let check = async |path: &str, status: u16, location: &str| {
        assert_eq!(led(path).await, (status, location.to_owned()), "{path}");
    };
    check("/api/models/dora/m?full=1", 307, "/api/models/Dorothea/m?full=1").await;
    check("/DORA/m/resolve/main/README.md", 307, "/Dorothea/m/resolve/main/README.md").await;
    check("/dora/m.git/info/refs?service=git-upload-pack", 307, "/Dorothea/m.git/info/refs?service=git-upload-pack")
        .await;
    check("/api/users/dora/overview", 307, "/api/users/Dorothea/overview").await;
    check("/api/users/dora/socials", 307, "/api/users/Dorothea/socials").await;
    let batch = json!({ "operation": "download", "objects": [] });
    let lfs = site.post("", "/dora/m.git/info/lfs/objects/batch", batch).await;
    assert_eq!(lfs.header("location"), Some("/Dorothea/m.git/info/lfs/objects/batch"));
    let page = |path: &'static str| site.send("", Method::GET, path, &[("accept", "text/html")], Body::empty());
    assert_eq!(page("/dora").await.header("location"), Some("/Dorothea"));
    assert_eq!(page("/dora/m").await.header("location"), Some("/Dorothea/m"));
    assert_eq!(
        page("/api/organizations/dora/overview").await.header("location"),
        Some("/api/organizations/Dorothea/overview")
    );
    // What they wrote is found by the old address, under the new name.
    let shown = look(&site, "", &post).await.ok().text();
    assert!(shown.contains("Hello from here") && shown.contains("/Dorothea"), "{shown}");
    // What is hidden does not tell that it exists, under neither name.
    site.get("", "/api/datasets/dora/hidden").await.fails(401, Some("RepoNotFound"), "");
    site.get("bob", "/api/datasets/dora/hidden").await.fails(404, Some("RepoNotFound"), "");

    let after = site.get("", "/api/models/Dorothea/m").await.ok().json();
    assert_eq!((&after["_id"], &after["id"], &after["sha"]), (&before["_id"], &json!("Dorothea/m"), &before["sha"]));
    let listed = site.get("", "/api/models?author=dorothea").await.ok().json();
    assert_eq!(listed[0]["id"], "Dorothea/m");
    assert_eq!(site.get("", "/api/models?author=dora").await.ok().json(), json!([]));

    // Nobody moves in behind them.
    assert!(look(&site, "", "/users?q=doroth").await.ok().text().contains("/Dorothea"));
    let taken = site.post("alice", "/api/repos/create", json!({ "name": "m", "organization": "dora" })).await;
    assert_eq!(taken.status.as_u16(), 403);
}

#[tokio::test]
async fn indexes_follow_and_the_house_writes_it_down() {
    let site = Site::furnished().await;
    let (cookie, token) = newcomer(&site, "dora").await;
    let form = async |path: &str, form: &str| submit(&site, path, &cookie, format!("form_token={token}&{form}")).await;
    form("/new", "kind=model&owner=dora&name=quicksilver&visibility=public").await;
    let found = async |query: &str| site.get("", query).await.ok().json();
    assert_eq!(found("/api/models?search=quicksilver").await[0]["id"], "dora/quicksilver");
    form("/settings/name/dora", &format!("name=dorothea&{PASSWORD}")).await;
    assert_eq!(found("/api/models?search=quicksilver").await[0]["id"], "dorothea/quicksilver");
    assert_eq!(found("/api/models?search=dorothea").await[0]["id"], "dorothea/quicksilver");
    assert_eq!(found("/api/quicksearch?q=quicksilver").await["models"][0]["id"], "dorothea/quicksilver");
    site.engine.accounts.set_admin(hub_account::By::Operator, &"carol".parse().unwrap(), true).await.unwrap();
    let audit = site.send("carol", Method::GET, "/admin/audit", &[("accept", "text/html")], Body::empty()).await.text();
    assert!(audit.contains("user.rename") && audit.contains("dorothea"), "{audit}");
}

#[tokio::test]
async fn a_form_that_cannot_be_taken_says_why_and_strangers_see_none() {
    let site = Site::furnished().await;
    let (cookie, token) = newcomer(&site, "dora").await;
    let rename = async |owner: &str, form: &str| {
        submit(&site, &format!("/settings/name/{owner}"), &cookie, format!("form_token={token}&{form}")).await
    };
    for (name, words) in
        [("alice", "taken"), ("acme", "taken"), ("settings", "reserved"), ("a", "2 to 42"), ("a b", "letters")]
    {
        let answer = rename("dora", &format!("name={}&{PASSWORD}", name.replace(' ', "+"))).await;
        let text = answer.text();
        assert!(
            answer.status.as_u16() == 422 && text.contains(words) && text.contains(&format!("value=\"{name}\"")),
            "{text}"
        );
    }
    assert_eq!(rename("dora", "name=dorothea&password=wrong+horse+battery").await.status.as_u16(), 422);
    assert_eq!(rename("dora", "name=dorothea").await.status.as_u16(), 403);
    for other in ["alice", "acme", "nobody"] {
        assert_eq!(rename(other, &format!("name=dorothea&{PASSWORD}")).await.status.as_u16(), 404, "{other}");
        assert_eq!(look(&site, &cookie, &format!("/settings/name/{other}")).await.status.as_u16(), 404, "{other}");
    }
    assert_eq!(look(&site, "", "/settings/name/dora").await.status.as_u16(), 303);
    assert_eq!(rename("dora", &format!("name=dorothea&{PASSWORD}")).await.status.as_u16(), 303);
    let again = rename("dorothea", &format!("name=dora&{PASSWORD}")).await;
    assert!(again.status.as_u16() == 422 && again.text().contains("within a day"), "{}", again.text());
    assert_eq!(
        submit(&site, "/settings/name/dorothea", &cookie, "form_token=x&name=eve".to_owned()).await.status.as_u16(),
        403
    );
}

#[tokio::test]
async fn a_name_that_was_taken_over_leads_to_the_new_bearer() {
    let site = Site::furnished().await;
    let (cookie, token) = newcomer(&site, "dora").await;
    let form = async |path: &str, form: &str| submit(&site, path, &cookie, format!("form_token={token}&{form}")).await;
    for name in ["m", "n"] {
        form("/new", &format!("kind=model&owner=dora&name={name}&visibility=public")).await;
    }
    form("/settings/name/dora", &format!("name=dorothea&{PASSWORD}")).await;
    site.engine.clock.advance_millis(181 * 86_400_000);
    let (cookie, token) = newcomer(&site, "dora").await;
    let form = async |path: &str, form: &str| submit(&site, path, &cookie, format!("form_token={token}&{form}")).await;
    form("/new", "kind=model&owner=dora&name=m&visibility=public").await;
    assert_eq!(site.get("", "/api/models/dora/m").await.ok().json()["id"], "dora/m");
    // What the new bearer has not made still leads to where it went.
    assert_eq!(site.get("", "/api/models/dora/n").await.header("location"), Some("/api/models/dorothea/n"));
    let lines = [file("a.txt", "x")];
    assert_eq!(site.commit("alice", "models/dora/m", &lines).await.status.as_u16(), 403);
}
