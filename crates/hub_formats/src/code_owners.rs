//! `CODEOWNERS`: whose word a change of a file needs.
//!
//! ```text
//! *.py            @ada          a pattern as in .gitignore, then people and organisations
//! /weights/       @lab @ada     what ends with a slash is a folder with all below it
//! docs/*          @ada          what ends with /* is only what lies in the folder itself
//! /weights/test/                nobody in particular
//! ```
//! The last line that fits a path decides. `#` begins a comment. Patterns have neither `!` nor classes; such lines are
//! passed over, as are words that are no `@name`: teams and addresses of mail mean nobody here.

use crate::pattern::Pattern;

/// A file above this size is not read.
pub const CODE_OWNERS_MAX_BYTES: usize = 256 << 10;
/// Each path is held against all lines.
const RULES_MAX: usize = 1000;
const OWNERS_MAX: usize = 50;

#[derive(Clone, Debug)]
struct Rule {
    pattern: Pattern,
    /// Whether it names a folder, and what lies in it.
    folders_only: bool,
    /// Whether it names only what it fits itself, and nothing below that.
    files_only: bool,
    owners: Vec<String>,
}

/// The lines of one `CODEOWNERS`.
#[derive(Clone, Debug, Default)]
pub struct CodeOwners(Vec<Rule>);

/// A file with more lines than are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("CODEOWNERS has more than {CODE_OWNERS_MAX_BYTES} bytes or {RULES_MAX} lines")]
pub struct TooManyOwners;

impl CodeOwners {
    /// Reads a file.
    ///
    /// # Errors
    /// [`TooManyOwners`], since to read only its beginning would leave files to nobody.
    pub fn parse(content: &[u8]) -> Result<Self, TooManyOwners> {
        if content.len() > CODE_OWNERS_MAX_BYTES {
            return Err(TooManyOwners);
        }
        let rules: Vec<Rule> = String::from_utf8_lossy(content).lines().filter_map(parse_line).collect();
        if rules.len() > RULES_MAX { Err(TooManyOwners) } else { Ok(Self(rules)) }
    }

    /// The names of those who own the file at `path`, without the `@`; empty where nobody does.
    pub fn of(&self, path: &str) -> &[String] {
        self.0.iter().rev().find(|rule| rule.covers(path)).map_or(&[], |rule| &rule.owners)
    }
}

impl Rule {
    fn covers(&self, path: &str) -> bool {
        let mut folders = path.match_indices('/').map(|(end, _)| &path[..end]);
        !self.folders_only && self.pattern.fits(path)
            || !self.files_only && folders.any(|folder| self.pattern.fits(folder))
    }
}

fn parse_line(line: &str) -> Option<Rule> {
    let line = line.split_once('#').map_or(line, |(before, _)| before);
    let mut words = line.split_whitespace();
    let word = words.next()?;
    if word.starts_with('!') || word.contains(['[', ']']) {
        return None;
    }
    let (folders_only, pattern) = match word.strip_suffix('/') {
        Some(pattern) => (true, pattern),
        None => (false, word),
    };
    if pattern.is_empty() {
        return None;
    }
    let owners = words.filter_map(|word| word.strip_prefix('@')).filter(|name| !name.is_empty() && !name.contains('/'));
    Some(Rule {
        pattern: Pattern::new(pattern.as_bytes()),
        folders_only,
        files_only: word.ends_with("/*"),
        owners: owners.take(OWNERS_MAX).map(str::to_owned).collect(),
    })
}

#[cfg(test)]
mod tests;
