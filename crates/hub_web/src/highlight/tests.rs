use super::*;

#[test]
fn source_is_cut_into_what_it_is() {
    let html = to_html("python", "def f(x):  # <b>\n    return \"a\\\"b\" + 1.5");
    assert_eq!(
        html,
        "<span class=\"k\">def</span> <span class=\"f\">f</span>(x):  <span class=\"c\"># &lt;b&gt;</span>\n    \
         <span class=\"k\">return</span> <span class=\"s\">&quot;a\\&quot;b&quot;</span> + <span class=\"n\">1.5</span>"
    );
    assert_eq!(to_html("klingon", "<x>"), "&lt;x&gt;");
}

#[test]
fn no_span_crosses_a_line() {
    let lines = to_lines("python", "x = '''a\nb''' # c\r\n");
    assert_eq!(lines.len(), 2);
    for line in &lines {
        assert_eq!(line.matches("<span").count(), line.matches("</span>").count(), "{line}");
    }
    assert_eq!(to_lines("python", ""), [""]);
}

#[test]
fn nothing_is_lost_whatever_the_source() {
    let sources = ["'unclosed\n\"x", "/* open", "é'ü\\", "`a\n${b}`", "\\", "\"\"\"", "0x1F_é", "a\u{0}b", "#"];
    for language in ["python", "rust", "javascript", "json", "yaml", "bash", "html", "c", "sql"] {
        for source in sources {
            let whole: String = tokens(language, source).into_iter().map(|(_, text)| text).collect();
            assert_eq!(whole, source, "{language}");
        }
    }
}
