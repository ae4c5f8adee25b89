//! Lists of repositories, tags, storage.

use serde_json::{Value, json};

use crate::site::{Site, URL, file};

async fn with_models() -> Site {
    let site = Site::furnished().await;
    for (who, name, card) in [
        ("alice", "bert-small", "---\nlicense: mit\npipeline_tag: fill-mask\n---\n"),
        ("bob", "bert-large", "---\nlicense: apache-2.0\npipeline_tag: fill-mask\n---\n"),
        ("bob", "llama", "---\nlicense: mit\npipeline_tag: text-generation\nlanguage: [en, fr]\n---\n"),
    ] {
        site.engine.clock.advance_millis(1000);
        site.post(who, "/api/repos/create", json!({ "name": name })).await.ok();
        site.commit(who, &format!("models/{who}/{name}"), &[file("README.md", card)]).await.ok();
    }
    site.post("bob", "/api/repos/create", json!({ "name": "hidden", "private": true })).await.ok();
    site
}

async fn ids(site: &Site, who: &str, query: &str) -> Vec<String> {
    let list = site.get(who, &format!("/api/models?{query}")).await.ok().json();
    list.as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn filters_narrow_and_hidden_things_are_in_no_list() {
    let site = with_models().await;
    let check = async |query: &str, expect: &[&str]| {
        let mut found = ids(&site, "", query).await;
        found.sort();
        assert_eq!(found, expect, "{query}");
    };
    check("", &["alice/bert-small", "alice/m", "bob/bert-large", "bob/llama"]).await;
    check("author=bob", &["bob/bert-large", "bob/llama"]).await;
    check("author=nobody", &[]).await;
    check("search=BERT", &["alice/bert-small", "bob/bert-large"]).await;
    check("search=bert&search=large", &["bob/bert-large"]).await;
    check("pipeline_tag=fill-mask", &["alice/bert-small", "bob/bert-large"]).await;
    check("filter=license:mit&filter=fill-mask", &["alice/bert-small"]).await;
    check("filter=license:mit,text-generation", &["bob/llama"]).await;
    check("filter=language:fr", &["bob/llama"]).await;
    check("filter=fr", &["bob/llama"]).await;
    check("inference=warm", &[]).await;
    assert!(ids(&site, "bob", "author=bob").await.contains(&"bob/hidden".to_owned()));
    assert!(!ids(&site, "carol", "author=bob").await.contains(&"bob/hidden".to_owned()));
}

#[tokio::test]
async fn lists_are_sorted_and_paged_by_absolute_links() {
    let site = with_models().await;
    let newest = ["bob/llama", "bob/bert-large", "alice/bert-small", "alice/m"];
    assert_eq!(ids(&site, "", "sort=createdAt").await, newest);
    assert_eq!(ids(&site, "", "sort=created_at&direction=-1").await, newest);
    let mut next = Some("/api/models?sort=lastModified&limit=3".to_owned());
    let mut met = Vec::new();
    while let Some(path) = next {
        let page = site.get("", &path).await.ok();
        met.extend(page.json().as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        let link =
            page.header("link").map(|link| link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap());
        next = link.map(|link| link.strip_prefix(URL).expect("the link is absolute").to_owned());
    }
    assert_eq!(met, newest);
    site.get("", "/api/models?sort=taste").await.fails(400, None, "Invalid option");
    site.get("", "/api/models?cursor=x").await.fails(400, None, "cursor");
    site.get("", "/api/models?num_parameters=many").await.fails(400, None, "num_parameters");
}

#[tokio::test]
async fn items_show_what_was_asked_for() {
    let site = with_models().await;
    let item = async |query: &str| -> Value {
        site.get("", &format!("/api/models?author=alice&search=bert&{query}")).await.ok().json()[0].clone()
    };
    let usual = item("").await;
    assert_eq!(usual["pipeline_tag"], "fill-mask");
    assert!(usual.get("cardData").is_none() && usual.get("siblings").is_none() && usual.get("sha").is_none());
    let full = item("full=True&cardData=True").await;
    assert_eq!(full["siblings"], json!([{ "rfilename": ".gitattributes" }, { "rfilename": "README.md" }]));
    assert_eq!(full["cardData"]["license"], "mit");
    assert!(full["sha"].is_string());
    let few = item("expand=downloads&expand=private").await;
    assert_eq!(few.as_object().unwrap().keys().collect::<Vec<_>>(), ["_id", "id", "modelId", "downloads", "private"]);
    site.get("", "/api/datasets?expand=safetensors").await.fails(400, None, "at expand[0]");
}

#[tokio::test]
async fn tags_in_use_are_listed_by_type() {
    let site = with_models().await;
    let tags = site.get("", "/api/models-tags-by-type").await.ok().json();
    let licenses: Vec<&Value> = tags["license"].as_array().unwrap().iter().map(|tag| &tag["id"]).collect();
    assert_eq!(licenses, ["license:apache-2.0", "license:mit"]);
    assert_eq!(tags["license"][1]["label"], "MIT");
    assert_eq!(tags["pipeline_tag"][0], json!({ "id": "fill-mask", "label": "Fill-mask", "type": "pipeline_tag" }));
    assert_eq!(site.get("", "/api/datasets-tags-by-type").await.ok().json().as_object().unwrap().len(), 0);
}

#[tokio::test]
async fn owners_see_what_their_repositories_take() {
    let site = Site::furnished().await;
    site.upload_large("alice", "datasets/alice/d", &[7; 5000]).await;
    let own = site.get("alice", "/api/settings/repositories").await.ok().json();
    assert_eq!(
        (&own[0]["id"], &own[0]["type"], &own[0]["visibility"]),
        (&json!("alice/d"), &json!("dataset"), &json!("private"))
    );
    assert!(own[0]["storage"].as_u64().unwrap() >= 5000);
    assert_eq!(own.as_array().unwrap().len(), 2);
    let page = site.get("alice", "/api/settings/repositories?limit=1").await.ok();
    assert!(page.header("link").unwrap().contains("cursor=1"));
    site.get("", "/api/settings/repositories").await.fails(401, None, "Sign in");
    site.get("bob", "/api/organizations/acme/settings/repositories").await.ok();
    site.get("carol", "/api/organizations/acme/settings/repositories").await.fails(403, None, "member");
    site.get("carol", "/api/organizations/alice/settings/repositories").await.fails(404, None, "no organization");
}

#[tokio::test]
async fn conditions_are_joined_turned_round_and_counted() {
    let site = with_models().await;
    let check = async |query: &str, expect: &[&str]| {
        let mut found = ids(&site, "", query).await;
        found.sort();
        assert_eq!(found, expect, "{query}");
    };
    check("any=license:mit,license:apache-2.0", &["alice/bert-small", "bob/bert-large", "bob/llama"]).await;
    check("any=license:mit,license:gpl-3.0&any=fr,fill-mask&not=text-generation", &["alice/bert-small"]).await;
    check("not=fill-mask", &["alice/m", "bob/llama"]).await;
    check("license=mit,apache-2.0&pipeline_tag=fill-mask", &["alice/bert-small", "bob/bert-large"]).await;
    check("language=fr", &["bob/llama"]).await;
    check("search=bert%20small", &["alice/bert-small"]).await;
    check("region=us&author=alice", &["alice/bert-small"]).await;
    check("created=max:1971-01-01", &[]).await;
    check("created=min:1971-01-01&license=mit", &["alice/bert-small", "bob/llama"]).await;
    check("used_storage=max:1TB&license=apache-2.0", &["bob/bert-large"]).await;
    check("runs_in=8GB", &[]).await;
    check("apps=ollama", &[]).await;
    check("linked=true", &[]).await;
    assert_eq!(ids(&site, "", "license=mit&sort=createdAt&direction=1").await, ["alice/bert-small", "bob/llama"]);
    assert_eq!(ids(&site, "", "license=mit&sort=createdAt&direction=-1").await, ["bob/llama", "alice/bert-small"]);
    for sort in ["numParameters", "usedStorage", "memory"] {
        assert_eq!(ids(&site, "", &format!("sort={sort}")).await.len(), 4, "{sort}");
    }

    let facets = site.get("", "/api/models-facets?facet=license&facet=task&not=fr&limit=5").await.ok().json();
    assert_eq!(facets["total"], 3);
    let licenses = json!([{ "id": "apache-2.0", "count": 1 }, { "id": "mit", "count": 1 }]);
    assert_eq!(facets["facets"]["license"], licenses);
    assert_eq!(facets["facets"]["task"], json!([{ "id": "fill-mask", "count": 2 }]));
    // What is hidden counts for its owner alone.
    let total = async |who: &str| {
        site.get(who, "/api/models-facets?facet=author&author=bob").await.ok().json()["total"].clone()
    };
    assert_eq!((total("bob").await, total("carol").await, total("").await), (json!(3), json!(2), json!(2)));
}

#[tokio::test]
async fn questions_that_make_no_sense_are_refused_with_what_was_expected() {
    let site = with_models().await;
    let long = "x".repeat(60_000);
    let many = "filter=a&".repeat(80);
    let refused = [
        ("sort=best", "createdAt"),
        ("direction=7", "1 or -1"),
        ("inference=cold", "warm"),
        ("apps=notepad", "llama.cpp"),
        ("num_parameters=6B", "min:6B"),
        ("num_parameters=min:7B,max:1B", "smallest"),
        ("created=min:yesterday", "2024-01-01"),
        ("runs_in=plenty", "8GB"),
        ("filter=%07", "control characters"),
        ("search=a%1Bb", "control characters"),
        ("cursor=forged", "cursor"),
        ("cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk6MQ", "cursor"),
        (&format!("search={long}"), "300"),
        (&format!("not={long}"), "300"),
        (&many, "64"),
    ];
    for (query, expect) in refused {
        site.get("", &format!("/api/models?{query}")).await.fails(400, None, expect);
    }
    for (path, expect) in [
        ("/api/models-facets", "facet"),
        ("/api/models-facets?facet=colour", "license"),
        ("/api/models-facets?facet=task&limit=0", "limit"),
        ("/api/quicksearch?q=%01", "control characters"),
    ] {
        site.get("", path).await.fails(400, None, expect);
    }
    // A place of another list is a place all the same.
    let cursor = "OTk5OTk5OTk5OTk5OTk5OjE";
    assert_eq!(ids(&site, "", &format!("cursor={cursor}")).await.len(), 4);
}
