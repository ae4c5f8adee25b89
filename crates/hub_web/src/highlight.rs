//! Colours for source code: comments, strings, numbers, keywords, names of what is called.
//!
//! One small reader serves all languages, told by a table what begins a comment or a string and which words count. It
//! is wrong in corners where a grammar would be right, and costs microseconds where a grammar costs milliseconds. Text
//! is never lost or changed: tokens put together are the source again.

mod languages;

use languages::Syntax;
pub(crate) use languages::language_of_path;

/// What a piece of source is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    Plain,
    Keyword,
    Text,
    Comment,
    Number,
    Call,
}

impl Class {
    /// The class of its `span`; nothing for plain text.
    fn name(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Keyword => Some("k"),
            Self::Text => Some("s"),
            Self::Comment => Some("c"),
            Self::Number => Some("n"),
            Self::Call => Some("f"),
        }
    }
}

/// Source code as HTML: escaped, with `span`s of a class. A language that is not known stays plain.
pub(crate) fn to_html(language: &str, code: &str) -> String {
    let mut html = String::with_capacity(code.len() + code.len() / 2);
    for (class, text) in tokens(language, code) {
        push(&mut html, class, text);
    }
    html
}

/// The same by lines, without their ends; no `span` crosses a line.
pub(crate) fn to_lines(language: &str, code: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for (class, text) in tokens(language, code) {
        for (place, part) in text.split('\n').enumerate() {
            if place > 0 {
                lines.push(String::new());
            }
            if let Some(line) = lines.last_mut() {
                push(line, class, part.strip_suffix('\r').unwrap_or(part));
            }
        }
    }
    if lines.len() > 1 && lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

fn push(html: &mut String, class: Class, text: &str) {
    if text.is_empty() {
        return;
    }
    match class.name() {
        Some(name) => {
            html.push_str("<span class=\"");
            html.push_str(name);
            html.push_str("\">");
            escape(html, text);
            html.push_str("</span>");
        }
        None => escape(html, text),
    }
}

/// Text as HTML shows it.
pub(crate) fn escape(html: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
}

/// Cuts source into pieces.
fn tokens<'a>(language: &str, code: &'a str) -> Vec<(Class, &'a str)> {
    let Some(syntax) = Syntax::named(language) else { return vec![(Class::Plain, code)] };
    let mut found = Vec::new();
    let mut place = 0;
    while place < code.len() {
        let (class, length) = next(syntax, code, place);
        // Every piece has a character at least, so this ends.
        let end = ceil(code, place + length.max(1));
        match found.last_mut() {
            Some((Class::Plain, start, last)) if class == Class::Plain => {
                let _: &mut usize = start;
                *last = end;
            }
            _ => found.push((class, place, end)),
        }
        place = end;
    }
    found.into_iter().map(|(class, start, end)| (class, &code[start..end])).collect()
}

/// The next boundary between characters.
fn ceil(code: &str, place: usize) -> usize {
    (place..=code.len()).find(|place| code.is_char_boundary(*place)).unwrap_or(code.len())
}

/// What begins at a place, and how long it is in bytes.
fn next(syntax: &Syntax, code: &str, place: usize) -> (Class, usize) {
    let rest = &code[place..];
    let line_end = || rest.find('\n').unwrap_or(rest.len());
    if let Some(mark) = syntax.line_comments.iter().find(|mark| rest.starts_with(**mark)) {
        let begins_word = *mark == "#" && place > 0 && !code.as_bytes()[place - 1].is_ascii_whitespace();
        if !begins_word {
            return (Class::Comment, line_end());
        }
    }
    for (open, close) in syntax.block_comments {
        if let Some(inner) = rest.strip_prefix(open) {
            return (Class::Comment, inner.find(close).map_or(rest.len(), |end| open.len() + end + close.len()));
        }
    }
    for triple in ["\"\"\"", "'''"] {
        if syntax.has_triple_strings
            && let Some(inner) = rest.strip_prefix(triple)
        {
            return (Class::Text, inner.find(triple).map_or(rest.len(), |end| end + 6));
        }
    }
    let first = rest.chars().next().unwrap_or('\0');
    if syntax.quotes.contains(first) {
        return (Class::Text, text_length(rest, first));
    }
    if first.is_ascii_digit() {
        let inside = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
        return (Class::Number, rest.find(|c| !inside(c)).unwrap_or(rest.len()));
    }
    if first.is_alphabetic() || first == '_' {
        let inside = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        let length = rest.find(|c| !inside(c)).unwrap_or(rest.len());
        let word = &rest[..length];
        if syntax.keywords.contains(&word) {
            return (Class::Keyword, length);
        }
        if rest[length..].starts_with('(') {
            return (Class::Call, length);
        }
        return (Class::Plain, length);
    }
    (Class::Plain, first.len_utf8())
}

/// A string up to its closing quote, or to the end of the line where none comes. A backtick may span lines.
fn text_length(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (place, character) in rest.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' if quote != '`' => return place,
            _ if character == quote => return place + character.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests;
