//! Every page, rendered with the same things in it, against a snapshot of its outline: title, headings, landmarks, forms
//! with their fields, heads of tables. What is only beautiful is left to the eye.

use serde_json::json;

use crate::site::{Site, file};

/// Set this variable to write the snapshot anew after a change that is meant.
const UPDATE: &str = "UPDATE_SNAPSHOTS";

/// The pages; a name before the path asks as that person.
const PAGES: &str = "
 /
alice /
 /models
 /models?tag=license:mit&memory=8
 /datasets
 /spaces
 /kernels
 /search?q=alice
 /organizations
 /users
 /alice
 /acme
 /alice/m
alice /alice/m
 /datasets/alice/t
 /spaces/alice/s
 /alice/m/tree/main
alice /alice/m/tree/main
 /alice/m/tree/main/src
 /alice/m/blob/main/src/a.py
alice /alice/m/blob/main/src/a.py
 /alice/m/blame/main/src/a.py
 /alice/m/blob/main/README.md
 /alice/m/blob/main/doc.pdf
 /datasets/alice/t/blob/main/t.csv
 /alice/m/commits/main
 /alice/m/commit/main
alice /alice/m/new/main
alice /alice/m/edit/main/src/a.py
alice /alice/m/rename/main/src/a.py
alice /alice/m/delete/main/src/a.py
alice /alice/m/upload/main
alice /alice/m/settings
alice /new
alice /posts
bob /feed
 /posts/carol/POST
carol /posts/carol/POST
 /blog
alice /blog
alice /blog/new
bob /blog/alice/how-it-was-made
alice /blog/alice/how-it-was-made/edit
alice /settings/reports
carol /settings/reports/new?post=blog/alice/how-it-was-made
alice /settings/blocked
carol /bob
carol /settings/reports/new?kind=model&repo=alice/m
bob /admin/reports
bob /admin/reports/REPORT
 /login
 /join
";

#[tokio::test]
async fn every_page_has_the_outline_that_it_should() {
    let site = Site::furnished().await;
    let card = "---\nlicense: mit\npipeline_tag: text-generation\nlibrary_name: transformers\ntags: [gguf]\n---\n# One\n\n## Two\n\n### Three\n";
    let files = [
        file("README.md", card),
        file("src/a.py", "x = 1\n"),
        file("doc.pdf", "%PDF-1.4\n"),
        file("src/README.md", "# S"),
    ];
    site.commit("alice", "models/alice/m", &files).await.ok();
    for (kind, name, files) in [
        ("dataset", "t", vec![file("t.csv", "a,b\n1,2\n"), file("README.md", "---\nlicense: mit\n---\n# T")]),
        (
            "space",
            "s",
            vec![file("README.md", "---\nsdk: static\nmodels: [alice/m]\n---\n# S"), file("index.html", "x")],
        ),
    ] {
        let body = json!({ "name": name, "type": kind, "sdk": if kind == "space" { Some("static") } else { None } });
        site.post("alice", "/api/repos/create", body).await.ok();
        site.commit("alice", &format!("{kind}s/alice/{name}"), &files).await.ok();
    }
    let bob = "bob".parse().unwrap();
    site.engine.accounts.set_admin(hub_account::By::Operator, &bob, true).await.unwrap();
    let report = json!({ "subject": "repo", "repoName": "alice/m", "reason": "spam", "text": "ads" });
    let report = site.post("carol", "/api/reports", report).await.ok().json();
    site.post("bob", "/api/users/carol/follow", json!({})).await.ok();
    let post = site.post("carol", "/api/posts", json!({ "content": "See alice/m, @bob." })).await.ok().json();
    let post = post["slug"].as_str().unwrap().to_owned();
    let comment = json!({ "comment": "I see." });
    site.post("bob", &format!("/api/posts/carol/{post}/comment"), comment).await.ok();
    let article = json!({ "title": "How it was made", "content": "## A\n\n## B\n\n## C\n", "coauthors": ["carol"] });
    site.post("alice", "/api/blog", article).await.ok();
    site.post("alice", "/api/blog", json!({ "title": "Not yet", "content": "x", "draft": true })).await.ok();
    let mut found = String::new();
    for line in PAGES.lines().filter(|line| !line.is_empty()) {
        let (who, path) = line.split_once(' ').unwrap();
        let path = path.replace("REPORT", report["id"].as_str().unwrap()).replace("POST", &post);
        let page = site.get(who, &path).await.ok().text();
        found.push_str(&format!("# {line}\n{}\n", outline(&page)));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/outlines.snap");
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(path, &found).unwrap();
    }
    let expect = std::fs::read_to_string(path).unwrap();
    let first = found.lines().zip(expect.lines()).position(|(found, expect)| found != expect);
    assert!(
        found == expect,
        "pages changed from line {first:?} on: if that is meant, run with {UPDATE}=1 and read the difference"
    );
}

/// A line for each thing of a page that has meaning without its style.
fn outline(page: &str) -> String {
    let mut lines = Vec::new();
    let mut rest = page;
    while let Some((_, behind)) = rest.split_once('<') {
        rest = behind;
        let Some((tag, inner)) = behind.split_once('>') else { break };
        let name = tag.split([' ', '\n']).next().unwrap_or_default();
        let attribute = |wanted: &str| {
            let value = tag.split_once(&format!(" {wanted}=\"")).and_then(|(_, value)| value.split_once('"'));
            value.map(|(value, _)| value).unwrap_or_default()
        };
        let close = format!("</{name}>");
        let text = || plain(inner.split(&close).next().unwrap_or_default());
        match name {
            "title" | "h1" | "h2" | "h3" | "th" | "summary" => lines.push(format!("{name} {}", text())),
            "nav" | "aside" | "section" | "iframe" if !tag.contains("aria-label=\"\"") => {
                let label = [attribute("aria-label"), attribute("title")].concat();
                lines.extend((!label.is_empty()).then(|| format!("{name} {label}")));
            }
            "form" => lines.push(format!("form {} {}", attribute("method"), attribute("action"))),
            "input" | "select" | "textarea" if attribute("type") != "hidden" => {
                lines.push(format!("  {name} {} {}", attribute("name"), attribute("type")));
            }
            "math" | "svg" if name == "math" || attribute("role") == "img" => {
                lines.push(format!("{name} {}", attribute("aria-label")))
            }
            _ => {}
        }
    }
    // The frame of all pages is named once.
    lines.retain(|line| {
        !line.contains("/settings/appearance") && !line.contains("theme") && !line.contains("select language")
    });
    lines.join("\n")
}

/// The text of a piece of HTML.
fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for character in html.chars() {
        match character {
            '<' => inside = true,
            '>' => inside = false,
            character if !inside => text.push(character),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
