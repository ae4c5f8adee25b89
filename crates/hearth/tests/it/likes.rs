//! Likes and follows over HTTP: exact counts, also when many act at once, and nothing of hidden repositories.

use serde_json::{Value, json};

use crate::site::Site;

/// The repositories of an answer about likes.
fn names(likes: &Value) -> Vec<&str> {
    likes.as_array().unwrap().iter().map(|like| like["repo"]["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn likes_are_counted_once_each() {
    let site = Site::furnished().await;
    let like = "/api/models/alice/m/like";
    site.post("", like, json!({})).await.fails(401, None, "signed in");
    site.post("alice_read", like, json!({})).await.fails(403, None, "role 'write'");
    let acts = ["alice", "bob", "carol"].into_iter().cycle().take(30);
    let acts: Vec<_> = acts.map(|who| site.post(who, like, json!({}))).collect();
    for answer in futures::future::join_all(acts).await {
        answer.ok();
    }
    let count = async || site.get("", "/api/models/alice/m").await.ok().json()["likes"].as_u64().unwrap();
    assert_eq!(count().await, 3);
    let listed = site.get("", "/api/models?sort=likes&expand=likes").await.ok().json();
    assert_eq!(listed[0]["likes"], 3);
    site.delete("bob", like).await.ok();
    site.delete("bob", like).await.ok();
    assert_eq!(count().await, 2);
    let likers = site.get("", "/api/models/alice/m/likers").await.ok().json();
    let mut users: Vec<&str> = likers.as_array().unwrap().iter().map(|one| one["user"].as_str().unwrap()).collect();
    users.sort_unstable();
    assert_eq!(users, ["alice", "carol"]);
    let first = site.get("", "/api/models/alice/m/likers?limit=1").await.ok();
    assert!(first.header("link").unwrap().contains("cursor="), "{first:?}");

    // What is hidden is in no list and no count of others.
    site.post("alice", "/api/datasets/alice/d/like", json!({})).await.ok();
    site.post("carol", "/api/datasets/alice/d/like", json!({})).await.fails(404, Some("RepoNotFound"), "");
    let of_alice = async |who: &str| site.get(who, "/api/users/alice/likes").await.ok().json();
    assert_eq!(names(&of_alice("alice").await), ["alice/d", "alice/m"]);
    assert_eq!(names(&of_alice("carol").await), ["alice/m"]);
    let overview = async |who: &str| site.get(who, "/api/users/alice/overview").await.ok().json();
    assert_eq!(overview("alice").await["numLikes"], 2);
    assert_eq!(overview("").await["numLikes"], 1);
    site.get("", "/api/users/nobody/likes").await.fails(404, None, "no user");
    site.get("", "/api/users/alice/likes?cursor=x").await.fails(400, None, "cursor");
}

#[tokio::test]
async fn people_follow_people_and_organisations() {
    let site = Site::furnished().await;
    site.post("", "/api/users/alice/follow", json!({})).await.fails(401, None, "signed in");
    site.post("alice", "/api/users/alice/follow", json!({})).await.fails(400, None, "themselves");
    site.post("carol", "/api/users/nobody/follow", json!({})).await.fails(404, None, "no user");
    for path in ["/api/users/alice/follow", "/api/users/alice/follow", "/api/organizations/acme/follow"] {
        site.post("carol", path, json!({})).await.ok();
    }
    site.post("bob", "/api/users/alice/follow", json!({})).await.ok();
    let alice = site.get("carol", "/api/users/alice/overview").await.ok().json();
    assert_eq!((&alice["numFollowers"], &alice["isFollowing"]), (&json!(2), &json!(true)));
    let carol = site.get("", "/api/users/carol/overview").await.ok().json();
    assert_eq!((&carol["numFollowing"], &carol["numFollowingOrgs"]), (&json!(1), &json!(1)));
    let acme = site.get("bob", "/api/organizations/acme/overview").await.ok().json();
    assert_eq!((&acme["numFollowers"], &acme["isFollowing"]), (&json!(1), &json!(false)));
    let list = site.get("", "/api/users/carol/following").await.ok().json();
    assert_eq!((list.as_array().unwrap().len(), &list[0]["user"]), (1, &json!("alice")));
    let list = site.get("", "/api/organizations/acme/followers").await.ok().json();
    assert_eq!(list[0]["user"], "carol");
    site.delete("carol", "/api/users/alice/follow").await.ok();
    let list = site.get("", "/api/users/alice/followers").await.ok().json();
    assert_eq!((list.as_array().unwrap().len(), &list[0]["user"]), (1, &json!("bob")));
}

#[tokio::test]
async fn attention_of_several_makes_a_repository_trend() {
    let site = Site::furnished().await;
    site.post("bob", "/api/repos/create", json!({ "name": "n" })).await.ok();
    let like = async |who: &str, repo: &str| site.post(who, &format!("/api/models/{repo}/like"), json!({})).await.ok();
    // Owners do not lift their own, and one person alone lifts little, however often.
    for _ in 0..5 {
        like("bob", "bob/n").await;
        like("carol", "alice/m").await;
        site.delete("carol", "/api/models/alice/m/like").await.ok();
    }
    like("alice", "bob/n").await;
    like("carol", "bob/n").await;
    site.engine.repos.write_attention().await.unwrap();
    let trending = async || {
        let list = site.get("", "/api/models?sort=trendingScore&expand=trendingScore").await.ok().json();
        let score =
            |place: usize| (list[place]["id"].as_str().unwrap().to_owned(), list[place]["trendingScore"].as_f64());
        [score(0), score(1)]
    };
    assert_eq!(trending().await, [("bob/n".to_owned(), Some(3.21)), ("alice/m".to_owned(), Some(0.41))]);
    let named = site.get("", "/api/trending?type=model&limit=1").await.ok().json();
    assert_eq!(named["recentlyTrending"][0]["repoData"]["id"], "bob/n");

    // What draws attention now overtakes what did a week ago, whose score has halved without a write.
    site.engine.clock.advance_millis(7 * 86_400_000);
    assert_eq!(trending().await[0].1, Some(1.61));
    let talk = json!({ "title": "How it was made", "description": "Well?" });
    site.post("carol", "/api/models/alice/m/discussions", talk.clone()).await.ok();
    site.post("bob", "/api/models/alice/m/discussions", talk).await.ok();
    site.engine.repos.write_attention().await.unwrap();
    assert_eq!(trending().await[0].0, "alice/m");
    site.engine.repos.roll_downloads().await.unwrap();
    assert_eq!(trending().await[0].0, "alice/m");
}
