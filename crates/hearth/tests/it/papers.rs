//! Papers over HTTP: found in cards, entered, voted for, claimed, submitted; and nothing of who cites them in secret.

use serde_json::{Value, json};

use crate::site::Site;

fn card(text: &str) -> Value {
    json!({ "key": "file", "value": { "path": "README.md", "content": format!("---\nlicense: mit\n---\n{text}\n") } })
}

#[tokio::test(flavor = "multi_thread")]
async fn papers_of_cards_are_known_with_what_cites_them() {
    let site = Site::furnished().await;
    site.community.collect_papers().await.unwrap();
    site.commit("alice", "models/alice/m", &[card("See https://arxiv.org/abs/1706.03762.")]).await.ok();
    site.commit("alice", "datasets/alice/d", &[card("arXiv:1706.03762 and arxiv:2401.00001")]).await.ok();
    assert_eq!(site.community.collect_papers().await.unwrap(), 1, "what only a private card cites is not told");
    let list = site.get("", "/api/papers").await.ok().json();
    assert_eq!((list.as_array().unwrap().len(), &list[0]["id"]), (1, &json!("1706.03762")));

    let of = async |who: &str| site.get(who, "/api/papers/1706.03762").await.ok().json();
    let shown = of("").await;
    assert_eq!(
        (&shown["title"], &shown["publishedAt"]),
        (&json!("arXiv:1706.03762"), &json!("2017-06-01T00:00:00.000Z"))
    );
    assert_eq!((&shown["linkedModels"][0]["id"], &shown["numTotalDatasets"]), (&json!("alice/m"), &json!(0)));
    assert_eq!(of("alice").await["numTotalDatasets"], 1);
    // A paper that only a hidden repository cites exists for those who may see that.
    site.get("", "/api/papers/2401.00001").await.fails(404, None, "not known");
    assert_eq!(site.get("alice", "/api/papers/2401.00001").await.ok().json()["linkedDatasets"][0]["id"], "alice/d");
    for wrong in ["nothing", "1706.037", "..%2F1706.03762"] {
        site.get("", &format!("/api/papers/{wrong}")).await.fails(404, None, "no such paper");
    }

    let page = site.get("", "/papers/1706.03762").await.ok().text();
    assert!(page.contains("alice/m") && !page.contains("alice/d") && !page.contains("<textarea"), "{page}");
    assert!(site.get("", "/papers").await.ok().text().contains("/papers/1706.03762"));
    let text = site.get("", "/papers/1706.03762v7.md").await.ok();
    assert_eq!(text.header("content-type"), Some("text/markdown; charset=utf-8"));
    assert!(text.text().starts_with("# arXiv:1706.03762\n") && text.text().contains("- alice/m"));
    assert_eq!(site.get("", "/papers/2401.00001").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_enter_what_is_known_and_vote() {
    let site = Site::furnished().await;
    let path = "/api/papers/1706.03762";
    site.post("", "/api/papers/index", json!({ "arxivId": "1706.03762" })).await.fails(401, None, "");
    site.post("alice_read", "/api/papers/index", json!({ "arxivId": "1706.03762" })).await.fails(403, None, "write");
    site.post("carol", "/api/papers/index", json!({ "arxivId": "x" })).await.fails(404, None, "arXiv");
    site.post("carol", "/api/papers/index", json!({ "arxivId": "1706.03762" })).await.ok();
    site.post("carol", &format!("{path}/submit"), json!({})).await.fails(409, None, "title");

    let known = json!({
        "title": "Attention Is\nAll You Need",
        "summary": "The dominant sequence transduction models …",
        "authors": ["Ashish Vaswani", "Noam Shazeer"],
        "publishedAt": "2017-06-12T00:00:00.000Z",
    });
    site.put("carol", path, known).await.ok();
    site.post("bob", &format!("{path}/links"), json!({ "githubRepo": "https://github.com/tensorflow/tensor2tensor" }))
        .await
        .ok();
    for wrong in [
        json!({ "title": " " }),
        json!({ "title": "x".repeat(501) }),
        json!({ "projectPage": "javascript:alert(1)" }),
        json!({ "githubRepo": "https://example.org/" }),
        json!({ "authors": [""] }),
        json!({ "publishedAt": "yesterday" }),
    ] {
        site.put("carol", path, wrong).await.fails(400, None, "");
    }
    let paper = site.get("", path).await.ok().json();
    assert_eq!(paper["title"], "Attention Is All You Need");
    assert_eq!(
        (&paper["authors"][1]["name"], &paper["publishedAt"]),
        (&json!("Noam Shazeer"), &json!("2017-06-12T00:00:00.000Z"))
    );
    assert_eq!(paper["githubRepo"], "https://github.com/tensorflow/tensor2tensor");

    let votes = ["alice", "bob", "carol"]
        .into_iter()
        .cycle()
        .take(12)
        .map(|who| site.post(who, "/api/papers/1706.03762/upvote", json!({})));
    for answer in futures::future::join_all(votes.collect::<Vec<_>>()).await {
        answer.ok();
    }
    site.delete("bob", &format!("{path}/upvote")).await.ok();
    assert_eq!(site.get("", path).await.ok().json()["upvotes"], 2);

    // An author is claimed by one person, confirmed by an administrator, and kept when the list of authors changes.
    let author = paper["authors"][1]["_id"].as_str().unwrap().to_owned();
    let claim = json!({ "paperId": "1706.03762", "claimAuthorId": author });
    site.post("bob", "/api/settings/papers/claim", claim.clone()).await.ok();
    site.post("bob", "/api/settings/papers/claim", claim.clone()).await.ok();
    site.post("carol", "/api/settings/papers/claim", claim).await.fails(409, None, "somebody else");
    let nobody = json!({ "paperId": "1706.03762", "claimAuthorId": "99" });
    site.post("carol", "/api/settings/papers/claim", nobody).await.fails(404, None, "no such author");
    site.post("bob", &format!("{path}/authors/{author}"), json!({ "confirmed": true })).await.fails(403, None, "");
    site.put("carol", path, json!({ "authors": ["Somebody Else", "Noam Shazeer"] })).await.ok();
    let paper = site.get("", path).await.ok().json();
    assert_eq!(
        (&paper["authors"][1]["status"], &paper["authors"][1]["user"]["user"]),
        (&json!("claimed"), &json!("bob"))
    );
    site.put("carol", path, json!({ "authors": ["Somebody Else"] })).await.ok();
    assert!(site.get("", path).await.ok().json()["authors"][0].get("user").is_none());
    site.put("carol", path, json!({ "locked": true })).await.fails(403, None, "administrator");
}

#[tokio::test(flavor = "multi_thread")]
async fn papers_of_a_day_are_listed_by_day_week_and_month() {
    // The clock of tests begins on 2026-01-01, a Thursday of the first week.
    let site = Site::furnished().await;
    for (id, title) in [("2512.00001", "First of all"), ("2512.00002", "Second of all")] {
        site.put("carol", &format!("/api/papers/{id}"), json!({ "title": title })).await.ok();
        site.post("carol", &format!("/api/papers/{id}/submit"), json!({})).await.ok();
        site.engine.clock.advance_millis(4 * 86_400_000);
    }
    site.post("bob", "/api/papers/2512.00001/submit", json!({})).await.fails(409, None, "2026-01-01");
    site.post("bob", "/api/papers/2512.00001/upvote", json!({})).await.ok();
    let ids = async |query: &str| {
        let list = site.get("", &format!("/api/daily_papers?{query}")).await.ok().json();
        let ids = list.as_array().unwrap().iter().map(|one| one["paper"]["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    let (first, second) = ("2512.00001", "2512.00002");
    assert_eq!(ids("").await, [second, first]);
    assert_eq!(ids("sort=trending").await, [first, second]);
    assert_eq!(ids("date=2026-01-01").await, [first]);
    assert!(ids("date=2026-01-02").await.is_empty());
    assert_eq!(ids("week=2026-W01").await, [first]);
    assert_eq!(ids("week=2026-W02").await, [second]);
    assert_eq!(ids("month=2026-01").await.len(), 2);
    assert_eq!(ids("month=2025-12").await.len(), 0);
    assert_eq!(ids("limit=1&p=1").await, [first]);
    assert_eq!(ids("submitter=carol").await.len(), 2);
    assert_eq!(ids("submitter=bob").await.len(), 0);
    for wrong in ["date=x", "week=2026-5", "week=2026-W99", "month=2026", "sort=size", "limit=0", "limit=101", "p=1000"]
    {
        site.get("", &format!("/api/daily_papers?{wrong}")).await.fails(400, None, "");
    }
    site.get("", "/api/daily_papers?submitter=nobody").await.fails(404, None, "");
    let found = site.get("", "/api/papers/search?q=OF%20second").await.ok().json();
    assert_eq!((found.as_array().unwrap().len(), &found[0]["paper"]["id"]), (1, &json!("2512.00002")));
    assert_eq!(site.get("", "/api/papers/search?q=100%25").await.ok().json(), json!([]));
    assert_eq!(site.get("", "/api/papers/search?q=2512.00001").await.ok().json()[0]["title"], "First of all");
    assert_eq!(site.get("", "/api/quicksearch?q=second&type=paper").await.ok().json()["papers"][0]["id"], "2512.00002");
}
