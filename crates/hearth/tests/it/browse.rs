//! Lists with their counts, cards with formulas, tables, blame, and the apps of Spaces, by the router itself.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;
use tower::ServiceExt as _;

use crate::site::{Answer, Site, file};

/// Requests a page of an app: its host instead of Hearth's.
async fn of_host(site: &Site, host: &str, path: &str) -> Answer {
    ask(site, "", host, path).await
}

async fn ask(site: &Site, who: &str, host: &str, path: &str) -> Answer {
    let mut request = Request::builder().method(Method::GET).uri(path).header("host", host);
    if !who.is_empty() {
        request = request.header("authorization", format!("Bearer hf_{who}"));
    }
    let response = site.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

async fn create(site: &Site, who: &str, body: serde_json::Value) {
    site.post(who, "/api/repos/create", body).await.ok();
}

#[tokio::test]
async fn lists_count_what_can_be_chosen_and_nothing_hidden() {
    let site = Site::new().await;
    for (name, card, private) in [
        ("a", "---\nlicense: mit\npipeline_tag: text-generation\ntags: [gguf]\n---\n", false),
        ("b", "---\nlicense: mit\npipeline_tag: fill-mask\nbase_model: alice/a\n---\n", false),
        ("c", "---\nlicense: apache-2.0\npipeline_tag: fill-mask\n---\n", true),
    ] {
        create(&site, "alice", json!({ "name": name, "private": private })).await;
        site.commit("alice", &format!("models/alice/{name}"), &[file("README.md", card)]).await.ok();
    }
    let list = async |who: &str, query: &str| {
        let text = site.get(who, &format!("/models{query}")).await.ok().text();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let facet = |text: &str, name: &str| {
        let rest = text.split(&format!("<span>{name}</span> <span class=\"count\">")).nth(1)?;
        rest.split('<').next().map(str::to_owned)
    };
    let all = list("", "").await;
    assert_eq!(facet(&all, "mit").as_deref(), Some("2"), "{all}");
    assert_eq!(facet(&all, "Fill-mask").as_deref(), Some("1"));
    assert_eq!(facet(&all, "apache-2.0"), None);
    assert!(all.contains("Models <span class=\"count\">2</span>") && !all.contains("alice/c"), "{all}");
    assert_eq!(facet(&list("alice", "").await, "apache-2.0").as_deref(), Some("1"));
    let narrow = list("", "?tag=gguf").await;
    assert!(narrow.contains("href=\"/alice/a\"") && !narrow.contains("href=\"/alice/b\""), "{narrow}");
    assert!(narrow.contains("aria-current=\"true\""), "{narrow}");
    assert!(list("", "?tag=nothing&memory=8&params=1B-7B&sort=smallest").await.contains("Nothing fits"));
    // What was made from a model is on its page, with the way to the list.
    let page = site.get("", "/alice/a").await.ok().text();
    assert!(page.contains("/models?tag=base_model%3Afinetune%3Aalice/a"), "{page}");
    let child = site.get("", "/alice/b").await.ok().text();
    assert!(child.contains("<a href=\"/alice/a\">alice/a</a>"), "{child}");
    let home = site.get("", "/").await.ok().text();
    assert!(home.contains("href=\"/alice/a\"") && !home.contains("alice/c"));
}

#[tokio::test]
async fn cards_set_formulas_and_tables_show_their_rows() {
    let site = Site::furnished().await;
    let card = "# F\n\n$x_1 < 2$ and \\\\(y^2\\\\)\n\n$$\\frac{a}{b}$$\n\n`$n$` $\\text{<script>alert(1)</script>}$\n";
    site.commit("alice", "models/alice/m", &[file("README.md", card)]).await.ok();
    let page = site.get("", "/alice/m").await.ok().text();
    assert!(page.matches("<math").count() >= 3 && page.contains("<mfrac>"), "{page}");
    assert!(page.contains("<code>$n$</code>") && !page.contains("<script>alert"), "{page}");
    let again = site.get("", "/alice/m").await.ok().text();
    let card =
        |page: &str| page.split("<article").nth(1).and_then(|rest| rest.split("</article>").next()).map(str::to_owned);
    assert!(card(&page).is_some() && card(&again) == card(&page), "the same from memory: {again}");

    create(&site, "alice", json!({ "name": "t", "type": "dataset" })).await;
    let files = [
        file("data/train.csv", "name,score\nada,1\nbob,<b>\n"),
        file("more.jsonl", "{\"q\": \"why?\", \"n\": 3}\n"),
        file("README.md", "---\nlicense: mit\n---\n# T"),
    ];
    site.commit("alice", "datasets/alice/t", &files).await.ok();
    let page = site.get("", "/datasets/alice/t").await.ok().text();
    assert!(page.contains("<td>ada</td>") && page.contains("&#60;b&#62;") && page.contains("data/train.csv"), "{page}");
    let other = site.get("", "/datasets/alice/t?file=more.jsonl").await.ok().text();
    assert!(other.contains("<td>why?</td>") && other.contains("<td class=\"right\">3</td>"), "{other}");
    site.get("", "/datasets/alice/t?file=nothing.csv").await.ok();
    let bad = site.commit("alice", "datasets/alice/t", &[file("bad.parquet", "PAR1 no PAR1")]).await;
    assert!(bad.status.is_success() || bad.status.as_u16() == 400, "{}", bad.text());
    let blob = site.get("", "/datasets/alice/t/blob/main/more.jsonl").await.ok().text();
    assert!(blob.contains("1 row") || blob.contains("1 column") || blob.contains("2 columns"), "{blob}");
}

/// Follows the links to the next page of a table, and gives the cells of the first column.
async fn first_cells(site: &Site, path: &str) -> Vec<Vec<String>> {
    let (mut pages, mut next) = (Vec::new(), Some(path.to_owned()));
    while let Some(here) = next {
        let page = site.get("", &here).await.ok().text();
        let body = page.split("<tbody>").nth(1).and_then(|rest| rest.split("</tbody>").next()).unwrap_or_default();
        let cell = |row: &str| row.split_once('>').and_then(|(_, rest)| rest.split_once('<')).unwrap().0.to_owned();
        pages.push(body.split("<tr><td").skip(1).map(cell).collect());
        let link = page.split("rel=\"next\" href=\"").nth(1).and_then(|rest| rest.split('"').next());
        next = link.map(|link| link.replace("&#38;", "&"));
        assert!(pages.len() < 20, "{page}");
    }
    pages
}

#[tokio::test]
async fn tables_are_shown_page_by_page() {
    let site = Site::furnished().await;
    create(&site, "alice", json!({ "name": "t", "type": "dataset" })).await;
    let rows: Vec<String> = (0..250).map(|number| format!("{number},\"two\nlines\"\n")).collect();
    let lines: Vec<String> = (0..250).map(|number| format!("{{\"id\": {number}}}\n")).collect();
    let files = [
        file("rows.csv", &format!("id,text\n{}", rows.concat())),
        file("rows.jsonl", &lines.concat()),
        file("long.csv", &format!("id,text\n1,\"{}\"\n2,x\n", "y".repeat(2 << 20))),
    ];
    site.commit("alice", "datasets/alice/t", &files).await.ok();
    for name in ["rows.csv", "rows.jsonl"] {
        let pages = first_cells(&site, &format!("/datasets/alice/t/blob/main/{name}")).await;
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [100, 100, 50], "{name}");
        let expect: Vec<String> = (0..250).map(|number| number.to_string()).collect();
        assert_eq!(pages.concat(), expect, "{name}");
    }
    let page = site.get("", "/datasets/alice/t/blob/main/rows.csv?row=100&byte=1500").await.ok().text();
    assert!(page.contains("rows 101–") && page.contains("First page"), "{page}");
    // Beyond the end, amid a row, and at a row that is longer than a page there is an answer too.
    for odd in
        ["rows.csv?row=9&byte=99999999", "rows.csv?row=18446744073709551615&byte=11", "rows.csv?byte=3", "long.csv"]
    {
        site.get("", &format!("/datasets/alice/t/blob/main/{odd}")).await.ok();
    }
    let end = site.get("", "/datasets/alice/t/blob/main/rows.csv?row=250&byte=99999999").await.ok().text();
    assert!(end.contains("no rows from here on") && end.contains("First page"), "{end}");
    assert_eq!(site.get("", "/datasets/alice/t/blob/main/rows.csv?row=x").await.status.as_u16(), 400);
}

#[tokio::test]
async fn each_line_is_blamed_on_its_commit_and_files_are_renamed() {
    let site = Site::furnished().await;
    let commit = async |text: &str| {
        site.engine.clock.advance_millis(1000);
        site.commit("alice", "models/alice/m", &[file("a.py", text)]).await.ok();
    };
    commit("one\ntwo\n").await;
    commit("zero\none\ntwo\n").await;
    let page = site.get("", "/alice/m/blame/main/a.py").await.ok().text();
    assert_eq!(page.matches("class=\"first\"").count(), 2, "{page}");
    assert_eq!(site.get("", "/alice/m/blame/main/nothing.py").await.status.as_u16(), 404);
    site.upload_large("alice", "alice/m", b"%PDF-1.4 large").await;
    let pdf = site.get("", "/alice/m/pdf/main/a.py").await;
    assert_eq!(pdf.status.as_u16(), 422, "what is no document is not shown as one");
    let hidden = site.get("", "/datasets/alice/d/blame/main/x").await;
    assert_eq!(hidden.status.as_u16(), 404);
}

#[tokio::test]
async fn apps_of_spaces_are_served_by_their_own_hosts_alone() {
    let site = Site::furnished().await;
    let card = "---\ntitle: T\nsdk: static\napp_file: app/start.html\ncustom_headers:\n  cross-origin-embedder-policy: require-corp\n  set-cookie: a=b\n---\n";
    for (name, visibility) in [("open", "public"), ("closed", "private")] {
        let body = json!({ "name": name, "type": "space", "sdk": "static", "visibility": visibility });
        create(&site, "alice", body).await;
        let files = [
            file("README.md", card),
            file("app/start.html", "<script src=\"a.js\"></script>"),
            file("app/a.js", "1"),
            file("index.html", "root"),
        ];
        site.commit("alice", &format!("spaces/alice/{name}"), &files).await.ok();
    }
    let host_of = async |who: &str, name: &str| {
        let page = ask(&site, who, "localhost:8080", &format!("/spaces/alice/{name}")).await.ok();
        let src =
            page.text().split("<iframe src=\"http://").nth(1).map(|rest| rest.split('/').next().unwrap().to_owned());
        let policy = page.header("content-security-policy").unwrap().to_owned();
        (src.unwrap_or_else(|| panic!("{}", page.text())), policy)
    };
    let (open, policy) = host_of("", "open").await;
    assert!(
        open.ends_with(".localhost:8080") && policy.contains(&format!("frame-src 'self' http://{open}")),
        "{policy}"
    );
    let root = of_host(&site, &open, "/").await.ok();
    assert_eq!(root.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(root.header("content-security-policy"), Some("frame-ancestors *"));
    assert_eq!(root.header("cross-origin-embedder-policy"), Some("require-corp"));
    assert!(root.header("set-cookie").is_none() && root.header("content-disposition").is_none());
    let script = of_host(&site, &open, "/app/a.js").await.ok();
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
    // No page, no call and no file of Hearth is there.
    for path in ["/api/whoami-v2", "/models", "/login", "/alice/m", "/spaces/alice/open", "/static/hearth.js"] {
        assert_eq!(of_host(&site, &open, path).await.status.as_u16(), 404, "{path}");
    }
    assert_eq!(of_host(&site, "localhost:8080", "/models").await.status.as_u16(), 200);
    // What is private opens for an hour or two, to whom the label was given.
    let (closed, _) = host_of("alice", "closed").await;
    of_host(&site, &closed, "/index.html").await.ok();
    let label = closed.split('.').next().unwrap();
    assert!(label.len() <= 63, "{label}");
    let (unsigned, signature) = label.rsplit_once('-').unwrap();
    let id = unsigned.rsplit_once('-').unwrap().0;
    let forged: String = signature.chars().rev().collect();
    for wrong in [id.to_owned(), format!("{unsigned}-{forged}"), "x-1".to_owned(), "x-zz".to_owned(), "-".to_owned()] {
        let answer = of_host(&site, &format!("{wrong}.localhost:8080"), "/index.html").await;
        assert_eq!(answer.status.as_u16(), 404, "{wrong}");
    }
    site.engine.clock.advance_millis(2 * 3600 * 1000);
    assert_eq!(of_host(&site, &closed, "/index.html").await.status.as_u16(), 404);
    // Where Hearth is reached by another name and nothing is configured, the page says so.
    let page = site.get("", "/spaces/alice/open").await.ok().text();
    assert!(!page.contains("<iframe") && page.contains("no separate address"), "{page}");
}
