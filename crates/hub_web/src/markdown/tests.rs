use hub_core::{RepoAddr, RepoKind};

use super::*;

fn place(folder: &str) -> Place {
    let addr = RepoAddr { kind: RepoKind::Dataset, namespace: "alice".parse().unwrap(), name: "d".parse().unwrap() };
    Place { urls: RepoUrls::of(&addr), revision: "main".to_owned(), folder: folder.to_owned() }
}

fn html(text: &str) -> String {
    render(text, &place("")).html.to_string()
}

#[test]
fn links_and_pictures_lead_to_files_of_the_repository() {
    let check = |text: &str, part: &str| {
        let html = html(text);
        assert!(html.contains(part), "{text} became {html}");
    };
    check("![a](img/x.png)", "src=\"/datasets/alice/d/resolve/main/img/x.png\"");
    check("<img src=\"./a%20b.png?raw=true\">", "src=\"/datasets/alice/d/resolve/main/a%20b.png\"");
    check("[a](docs/x.md#part)", "href=\"/datasets/alice/d/blob/main/docs/x.md#part\"");
    check("[a](https://example.org/)", "href=\"https://example.org/\"");
    check("[a](/other/repo)", "href=\"/other/repo\"");
    check("[a](#part)", "href=\"#c-part\"");
    let inner = render("![a](../x.png)", &place("docs")).html.to_string();
    assert!(inner.contains("/resolve/main/x.png"), "{inner}");
}

#[test]
fn nothing_is_fetched_from_elsewhere() {
    for text in [
        "![a](https://evil.example/x.png)",
        "<img src=\"//evil.example/x.png\">",
        "<img srcset=\"https://evil.example/x.png 2x\">",
        "<video src=\"https://evil.example/x.mp4\" poster=\"http://evil.example/\"></video>",
        "<iframe src=\"https://evil.example\"></iframe>",
        "<link rel=stylesheet href=https://evil.example>",
        "<img src=\"data:image/svg+xml,<svg/>\">",
    ] {
        let html = html(text);
        assert!(!html.contains("evil.example") && !html.contains("data:"), "{text} became {html}");
    }
}

#[test]
fn nothing_that_authors_write_runs_or_plays_the_page() {
    for text in [
        "<script>alert(1)</script>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "[x](javascript:alert(1))",
        "<svg onload=alert(1)>",
        "<p onclick=alert(1) style=\"position:fixed\">x</p>",
        "<form action=/logout method=post><button>x</button></form>",
        "<input type=password>",
        "<meta http-equiv=refresh content=0>",
        "<base href=//evil>",
        "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    ] {
        let html = html(text).to_ascii_lowercase();
        for bad in [
            "<script",
            "javascript:",
            "onload",
            "onclick=",
            "onerror=alert(1)>",
            "style=",
            "<form",
            "<button",
            "password",
            "<meta",
            "<base",
        ] {
            assert!(!html.contains(bad), "{text} became {html}");
        }
    }
    assert!(html("<p id=main class=top>x</p>").contains("id=\"c-main\""));
    assert!(!html("<p class=top>x</p>").contains("top"));
}

#[test]
fn headings_make_the_table_of_contents() {
    let rendered = render("## One & <b>two</b>\n\ntext\n\n### Deeper\n\n## One & two\n", &place(""));
    let shown: Vec<(u8, &str)> =
        rendered.headings.iter().map(|heading| (heading.depth, heading.text.as_str())).collect();
    assert_eq!(shown.iter().map(|(depth, _)| *depth).collect::<Vec<_>>(), [1, 2, 1]);
    for heading in &rendered.headings {
        assert!(rendered.html.to_string().contains(&format!("id=\"{}\"", heading.anchor)), "{heading:?}");
    }
}

#[test]
fn what_authors_love_is_there() {
    let check = |text: &str, part: &str| assert!(html(text).contains(part), "{} lacks {part}", html(text));
    check("|a|\n|-|\n|b|", "<table>");
    check("- [x] done", "type=\"checkbox\"");
    check("~~x~~", "<del>x</del>");
    check("```python\nimport x\n```", "<span class=\"k\">import</span>");
    check("a $x^2$ b", "<math>");
    check("> [!WARNING]\n> hot", "<div class=\"markdown-alert markdown-alert-warning\">");
    check("<details><summary>more</summary>x</details>", "<summary>more</summary>");
    check("note[^1]\n\n[^1]: foot", "foot");
}

#[test]
fn formulas_become_mathml_and_nothing_else() {
    let check = |text: &str, expect: &[&str], never: &[&str]| {
        let html = html(text);
        for part in expect {
            assert!(html.contains(part), "{text}: {html}");
        }
        for part in never {
            assert!(!html.contains(part), "{text}: {html}");
        }
    };
    check("$a < b$", &["<math", "<mi>a</mi>", "&lt;"], &["data-math-style"]);
    check("$$\n\\sum_{i=0}^n x_i\n$$", &["display=\"block\"", "munderover"], &[]);
    check("so \\\\(y^2\\\\) and \\\\[z\\\\]", &["<msup>", "display=\"block\""], &["\\("]);
    check("`$n$` and `\\(n\\)`", &["<code>$n$</code>", "<code>\\(n\\)</code>"], &["<math"]);
    check("costs 5$ or 6$", &[], &["<math"]);
    check("$\\nosuchcommand{x}$", &["nosuchcommand"], &[]);
    check("<span data-math-style=\"inline\"><b>x</b></span>", &["<b>x</b>"], &["<math"]);
    for hostile in [
        "$\\text{</math><script>alert(1)</script>}$",
        "$\\href{javascript:alert(1)}{x}$",
        "$\\text{<img src=x onerror=alert(1)>}$",
        "<span data-math-style=\"inline\">&lt;/math&gt;&lt;script&gt;alert(1)&lt;/script&gt;</span>",
    ] {
        check(hostile, &[], &["<script", "<img", "href=\"javascript"]);
    }
}

#[test]
fn a_text_of_no_repository_links_from_the_root_and_shows_files_of_this_server() {
    let html = |text: &str| render(text, &Place::nowhere()).html.to_string();
    for link in ["alice/m", "./alice/m"] {
        assert!(html(&format!("[x]({link})")).contains("href=\"/alice/m\""), "{link}");
    }
    assert!(html("[x](https://a.example/b)").contains("href=\"https://a.example/b\""));
    for picture in ["/alice/m/resolve/main/x.png", "alice/m/resolve/main/x.png"] {
        assert!(html(&format!("![x]({picture})")).contains("src=\"/alice/m/resolve/main/x.png\""), "{picture}");
    }
    for picture in
        ["https://a.example/x.png", "//a.example/resolve/x.png", "/logout", "../resolve/x", "/a/../../resolve/"]
    {
        assert!(!html(&format!("![x]({picture})")).contains("src="), "{picture}");
    }
    let headings = html("# A\n\n## B\n\n### C");
    assert!(headings.contains("<h2 id=\"c-a\"") && headings.contains("<h2 id=\"c-b\"") && headings.contains("<h3"));
}
