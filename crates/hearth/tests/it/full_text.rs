//! Full text over HTTP: what is found and shown, as whom, and what is refused.

use serde_json::json;

use crate::site::Site;

#[tokio::test(flavor = "multi_thread")]
async fn cards_are_found_by_those_who_may_see_them() {
    let site = Site::furnished().await;
    let card = |text: &str| {
        let content = format!("---\nlicense: mit\n---\n# {text}\n<b>The</b> quick & brown fox.\n");
        json!({ "key": "file", "value": { "path": "README.md", "content": content } })
    };
    site.commit("alice", "models/alice/m", &[card("Okapi")]).await.ok();
    site.commit("alice", "datasets/alice/d", &[card("Okapi secrets")]).await.ok();
    site.search.catch_up().await.unwrap();

    let find = async |who: &str, query: &str| site.get(who, &format!("/api/search/full-text?{query}")).await;
    for (who, expect) in [("", 1), ("carol", 1), ("bob", 1), ("alice", 2), ("alice_read", 2)] {
        let answer = find(who, "q=okapi").await.ok().json();
        assert_eq!(answer["estimatedTotalHits"], expect, "{who:?}");
        assert_eq!(answer["hits"].as_array().unwrap().len(), expect, "{who:?}");
    }
    let answer = find("", "q=okapi&explain").await.ok().json();
    let hit = &answer["hits"][0];
    assert_eq!(
        (&hit["repoId"], &hit["fileName"], &hit["type"]),
        (&json!("alice/m"), &json!("README.md"), &json!("model"))
    );
    let highlight = json!({ "text": "Okapi", "type": "highlight" });
    assert!(hit["formatted"]["fileContent"].as_array().unwrap().contains(&highlight), "{hit}");
    assert!(hit["explanation"]["popularityFactor"].as_f64().unwrap() >= 1.0);
    assert_eq!(find("alice", "q=okapi&type=dataset").await.ok().json()["hits"][0]["isPrivate"], true);
    assert_eq!(find("", "q=okapi&author=bob").await.ok().json()["estimatedTotalHits"], 0);
    assert_eq!(find("", "q=okapy").await.ok().json()["isApproximate"], true);
    assert_eq!(find("", "").await.ok().json()["estimatedTotalHits"], 0);

    for wrong in
        ["q=a&type=bucket", "q=a&limit=0", "q=a&limit=51", "q=a&skip=1000", "q=a%00b", "q=a&author=a/b", "q=a&skip=x"]
    {
        find("", wrong).await.fails(400, None, "");
    }
    find("", &format!("q={}", "x".repeat(501))).await.fails(400, None, "500 bytes");

    let page = site.get("", "/search/full-text?q=okapi").await.ok().text();
    assert!(page.contains("<mark>Okapi</mark>") && page.contains("/alice/m") && !page.contains("alice/d"), "{page}");
    assert!(page.contains("&#60;b&#62;") && !page.contains("<b>The"), "what a card says is text: {page}");
    let page = site.get("", &format!("/search/full-text?q={}", "x".repeat(501))).await;
    assert_eq!(page.status, 400);
    assert!(page.text().contains("500 bytes"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_show_what_there_is_for_them() {
    let site = Site::furnished().await;
    let card = json!({ "key": "file", "value": { "path": "README.md",
        "content": "---\npipeline_tag: text-to-speech\nlibrary_name: transformers\n---\n# Voice\n" } });
    site.commit("alice", "models/alice/m", std::slice::from_ref(&card)).await.ok();
    site.post("alice", "/api/repos/create", json!({ "name": "hidden", "private": true })).await.ok();
    site.commit("alice", "models/alice/hidden", &[card]).await.ok();

    let tasks = site.get("", "/api/tasks").await.ok().json();
    let task = &tasks["text-to-speech"];
    assert_eq!((&task["label"], &task["modality"]), (&json!("Text-to-speech"), &json!("audio")));
    assert_eq!((&task["widgetModels"], &task["libraries"]), (&json!(["alice/m"]), &json!(["transformers"])));
    assert_eq!(task["models"].as_array().unwrap().len(), 1);
    assert_eq!(tasks["translation"]["models"], json!([]));
    let tags = site.get("", "/api/models-tags-by-type").await.ok().json();
    assert_eq!(tags["pipeline_tag"][0]["label"], "Text-to-speech");
    assert_eq!(tags["library"][0]["label"], "Transformers");

    let list = site.get("", "/tasks").await.ok().text();
    assert!(list.contains("/tasks/text-to-speech") && list.contains("Speaks a text aloud."));
    let page = site.get("", "/tasks/text-to-speech").await.ok().text();
    assert!(page.contains("/alice/m") && !page.contains("alice/hidden"));
    assert!(site.get("alice", "/tasks/text-to-speech").await.ok().text().contains("alice/hidden"));
    assert_eq!(site.get("", "/tasks/chess").await.status, 404);
}
