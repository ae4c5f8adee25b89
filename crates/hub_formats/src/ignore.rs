//! `.gitignore`: which files of a folder being uploaded are left out.
//!
//! A line is a pattern (see `pattern.rs`). `!` in front takes a file back in, `/` at the end means folders only, `#` in
//! front is a comment, spaces at the end do not count unless escaped. The last line that fits decides, but nothing below
//! a folder that is left out can be taken back in.

use crate::pattern::Pattern;

const FILE_MAX_BYTES: usize = 1 << 20;
/// Further lines are passed over: each path is held against all of them.
const RULES_MAX: usize = 4096;

#[derive(Clone, Debug)]
struct Rule {
    pattern: Pattern,
    ignores: bool,
    folders_only: bool,
}

/// The rules of one `.gitignore` at the root of a repository.
#[derive(Clone, Debug, Default)]
pub struct Ignore(Vec<Rule>);

impl Ignore {
    /// Reads a file. No content is refused.
    pub fn parse(content: &[u8]) -> Self {
        let content = &content[..content.len().min(FILE_MAX_BYTES)];
        Self(content.split(|byte| *byte == b'\n').filter_map(parse_line).take(RULES_MAX).collect())
    }

    /// Whether the file at `path`, or a folder that holds it, is left out.
    pub fn is_ignored(&self, path: &str) -> bool {
        let folders = path.match_indices('/').map(|(end, _)| &path[..end]);
        folders.into_iter().any(|folder| self.verdict(folder, true)) || self.verdict(path, false)
    }

    fn verdict(&self, path: &str, is_folder: bool) -> bool {
        let fits = |rule: &&Rule| (is_folder || !rule.folders_only) && rule.pattern.fits(path);
        self.0.iter().rev().find(fits).is_some_and(|rule| rule.ignores)
    }
}

fn parse_line(line: &[u8]) -> Option<Rule> {
    let line = trim_end(line.strip_suffix(b"\r").unwrap_or(line));
    if line.starts_with(b"#") {
        return None;
    }
    let (ignores, line) = match line.strip_prefix(b"!") {
        Some(line) => (false, line),
        None => (true, line),
    };
    let (folders_only, line) = match line.strip_suffix(b"/") {
        Some(line) => (true, line),
        None => (false, line),
    };
    if line.is_empty() {
        return None;
    }
    Some(Rule { pattern: Pattern::new(line), ignores, folders_only })
}

/// Drops spaces at the end, but for one that a backslash protects.
fn trim_end(mut line: &[u8]) -> &[u8] {
    while let Some(shorter) = line.strip_suffix(b" ") {
        let backslashes = shorter.iter().rev().take_while(|byte| **byte == b'\\').count();
        if backslashes % 2 == 1 {
            break;
        }
        line = shorter;
    }
    line
}

#[cfg(test)]
mod tests;
