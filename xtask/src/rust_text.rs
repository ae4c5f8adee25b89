//! Splits Rust source into code, string literals and comments.
//!
//! Tidy looks for SQL in literals and for forbidden words in code and comments; a search over raw
//! text would mistake one for the other. This is a splitter, not a lexer: it knows only where
//! literals and comments begin and end, which is stable across editions.

/// One stretch of source of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    pub(crate) kind: PieceKind,
    /// Line of its first character, counted from 1.
    pub(crate) line: usize,
    /// For a string the text between the quotes, escapes untouched; for a comment everything.
    pub(crate) text: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PieceKind {
    Code,
    Text,
    Comment,
}

/// Splits `source`; the pieces come in order. An unterminated literal or comment ends with the file.
pub(crate) fn split(source: &str) -> Vec<Piece<'_>> {
    let bytes = source.as_bytes();
    let mut pieces = Vec::new();
    let mut line = 1;
    let mut code_start = 0;
    let mut at = 0;
    while at < bytes.len() {
        let Some(special) = special_at(source, at) else {
            at += 1;
            continue;
        };
        push(&mut pieces, &mut line, PieceKind::Code, &source[code_start..at], 0);
        let whole = &source[at..special.end];
        let inner_start = special.open;
        let inner_end = whole.len() - special.close;
        let before = newlines(&whole[..inner_start]);
        push(&mut pieces, &mut line, special.kind, &whole[inner_start..inner_end], before);
        line += newlines(&whole[inner_end..]);
        at = special.end;
        code_start = at;
    }
    push(&mut pieces, &mut line, PieceKind::Code, &source[code_start..], 0);
    pieces
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

fn push<'a>(pieces: &mut Vec<Piece<'a>>, line: &mut usize, kind: PieceKind, text: &'a str, skipped: usize) {
    *line += skipped;
    if !text.is_empty() {
        pieces.push(Piece { kind, line: *line, text });
        *line += newlines(text);
    }
}

/// A literal or comment that starts at some place: where it ends, and the width of its delimiters.
struct Special {
    kind: PieceKind,
    end: usize,
    open: usize,
    close: usize,
}

fn special_at(source: &str, at: usize) -> Option<Special> {
    let rest = source.get(at..)?;
    if rest.starts_with("//") {
        let length = rest.find('\n').unwrap_or(rest.len());
        return Some(Special { kind: PieceKind::Comment, end: at + length, open: 0, close: 0 });
    }
    if rest.starts_with("/*") {
        let end = at + block_comment_length(rest);
        return Some(Special { kind: PieceKind::Comment, end, open: 0, close: 0 });
    }
    if rest.starts_with('"') {
        return Some(quoted(rest, at, '"'));
    }
    if let Some(hashes) = raw_string_hashes(source, at) {
        return Some(raw_string(rest, at, hashes));
    }
    if rest.starts_with('\'') && is_char_literal(rest) {
        let mut special = quoted(rest, at, '\'');
        special.kind = PieceKind::Code;
        special.open = 0;
        special.close = 0;
        return Some(special);
    }
    None
}

fn block_comment_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut depth = 0;
    let mut at = 0;
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => {
                depth += 1;
                at += 2;
            }
            b"*/" => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    rest.len()
}

fn quoted(rest: &str, at: usize, quote: char) -> Special {
    let mut escaped = false;
    for (offset, character) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if character == quote {
            return Special { kind: PieceKind::Text, end: at + offset + 1, open: 1, close: 1 };
        }
    }
    Special { kind: PieceKind::Text, end: at + rest.len(), open: 1, close: 0 }
}

/// The number of `#` if a raw string (`r"`, `br#"`, …) starts here and not inside an identifier.
fn raw_string_hashes(source: &str, at: usize) -> Option<usize> {
    let bytes = source.as_bytes();
    let after_r = source[at..].strip_prefix('r')?;
    let before = if at > 0 && bytes[at - 1] == b'b' { at.checked_sub(2) } else { at.checked_sub(1) };
    let inside_word = before.is_some_and(|index| bytes[index].is_ascii_alphanumeric() || bytes[index] == b'_');
    let hashes = after_r.bytes().take_while(|byte| *byte == b'#').count();
    (!inside_word && after_r[hashes..].starts_with('"')).then_some(hashes)
}

fn raw_string(rest: &str, at: usize, hashes: usize) -> Special {
    let open = 1 + hashes + 1;
    let closing = format!("\"{}", "#".repeat(hashes));
    match rest[open..].find(&closing) {
        Some(length) => {
            Special { kind: PieceKind::Text, end: at + open + length + closing.len(), open, close: closing.len() }
        }
        None => Special { kind: PieceKind::Text, end: at + rest.len(), open, close: 0 },
    }
}

/// `'a'` and `'\n'` are literals, `'a` in `&'a str` is a lifetime.
fn is_char_literal(rest: &str) -> bool {
    let mut characters = rest.chars().skip(1);
    match characters.next() {
        Some('\\') => true,
        Some(_) => characters.next() == Some('\''),
        None => false,
    }
}

#[cfg(test)]
mod tests;
