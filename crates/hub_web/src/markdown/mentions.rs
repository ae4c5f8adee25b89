//! Links to the people whom a text mentions, put into HTML that is safe already.
//!
//! Only names that somebody bears become links, and only in text: never in tags, links, code or formulas. A tag ends at the
//! first `>` outside quotes, because values of attributes may hold one.

use std::collections::HashSet;
use std::fmt::Write;

use hub_community::mentions_in_prose;

/// Elements whose text stays as it is.
const LEFT_ALONE: [&str; 4] = ["a", "code", "pre", "math"];

/// Makes links of the mentions of these names, which are in lower case.
pub(super) fn link(html: &str, known: &HashSet<String>) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    let mut depth = 0_usize;
    while let Some(start) = rest.find('<') {
        let (text, from_tag) = rest.split_at(start);
        push_text(&mut out, text, known, depth == 0);
        let (tag, after) = from_tag.split_at(end_of_tag(from_tag));
        let name = tag.trim_start_matches(['<', '/']).split(|c: char| !c.is_ascii_alphanumeric()).next();
        if name.is_some_and(|name| LEFT_ALONE.contains(&name)) {
            depth = if tag.starts_with("</") { depth.saturating_sub(1) } else { depth + 1 };
        }
        out.push_str(tag);
        rest = after;
    }
    push_text(&mut out, rest, known, depth == 0);
    out
}

/// How many bytes a tag has that begins here.
fn end_of_tag(html: &str) -> usize {
    let mut quote = None;
    for (at, byte) in html.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    html.len()
}

fn push_text(out: &mut String, text: &str, known: &HashSet<String>, is_prose: bool) {
    let mut done = 0;
    for (at, name) in mentions_in_prose(text).filter(|_| is_prose) {
        if known.contains(&name.to_ascii_lowercase()) {
            out.push_str(&text[done..at]);
            // A name has letters, digits and `-_.` alone.
            let _ = write!(out, "<a href=\"/{name}\">@{name}</a>");
            done = at + 1 + name.len();
        }
    }
    out.push_str(&text[done..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linked(html: &str) -> String {
        link(html, &["ada".to_owned(), "bob-2".to_owned()].into())
    }

    #[test]
    fn names_of_people_become_links_in_prose_alone() {
        assert_eq!(
            linked("<p>Hi @ada, @Bob-2.</p>"),
            "<p>Hi <a href=\"/ada\">@ada</a>, <a href=\"/Bob-2\">@Bob-2</a>.</p>"
        );
        for html in [
            "<p>@nobody x@ada.example @ada/x @@ada</p>",
            "<pre><code>@ada</code></pre>",
            "<a href=\"/x\">@ada</a>",
            "<p title=\"a > @ada\">x</p>",
            "<p title='\"> @ada'>x</p>",
            "<math><mi>@ada</mi></math>",
            "<p @ada",
            "@",
        ] {
            assert_eq!(linked(html), html);
        }
        assert_eq!(linked("<code>x</code> @ada"), "<code>x</code> <a href=\"/ada\">@ada</a>");
    }
}
