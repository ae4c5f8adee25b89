//! Reference names, and what a person types where a revision is wanted.

use std::fmt;
use std::str::FromStr;

use crate::Oid;

/// A text that git would not take as the name of a reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid name for a reference")]
pub struct RefNameError;

/// The full name of a reference: `refs/heads/main`, `refs/tags/v1`, `refs/pr/3`, `refs/convert/parquet`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RefName(String);

impl RefName {
    /// The most bytes of a full name.
    pub const MAX: usize = 255;

    /// The branch that each repository starts with.
    pub fn main() -> Self {
        Self("refs/heads/main".to_owned())
    }

    /// The branch of that short name.
    pub fn branch(short: &str) -> Result<Self, RefNameError> {
        format!("refs/heads/{short}").parse()
    }

    /// The tag of that short name.
    pub fn tag(short: &str) -> Result<Self, RefNameError> {
        format!("refs/tags/{short}").parse()
    }

    /// The full name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as a person says it: `main`, `v1`; the whole name outside branches and tags.
    pub fn short(&self) -> &str {
        self.0.strip_prefix("refs/heads/").or_else(|| self.0.strip_prefix("refs/tags/")).unwrap_or(&self.0)
    }

    /// Whether it is a branch.
    pub fn is_branch(&self) -> bool {
        self.0.starts_with("refs/heads/")
    }

    /// Whether it is a tag.
    pub fn is_tag(&self) -> bool {
        self.0.starts_with("refs/tags/")
    }

    /// Whether it is the branch of a pull request.
    pub fn is_pull_request(&self) -> bool {
        self.0.starts_with("refs/pr/")
    }

    /// Whether it holds what Hearth made from the repository's content.
    pub fn is_convert(&self) -> bool {
        self.0.starts_with("refs/convert/")
    }
}

/// Follows the rules of git's check-ref-format.
impl FromStr for RefName {
    type Err = RefNameError;

    fn from_str(text: &str) -> Result<Self, RefNameError> {
        let bad_char = |c: char| c.is_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\');
        let bad_part = |part: &str| part.is_empty() || part.starts_with('.') || part.ends_with(".lock");
        if text.len() > Self::MAX
            || !text.starts_with("refs/")
            || text.split('/').count() < 3
            || text.chars().any(bad_char)
            || text.split('/').any(bad_part)
            || text.contains("..")
            || text.contains("@{")
            || text.ends_with('.')
            || text.rsplit('/').next().is_some_and(|last| last.starts_with('-') || last == "@")
        {
            return Err(RefNameError);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the user typed for a revision: a branch, a tag, a full reference, a commit in full or abbreviated, `HEAD`.
///
/// Any text is a `Revision`; whether it names something is for the repository to say.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Revision(String);

impl Revision {
    /// The default branch.
    pub fn main() -> Self {
        Self("main".to_owned())
    }

    /// Takes what was typed.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// What was typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The references that the text can mean, in the order in which they are tried.
    pub fn candidates(&self) -> Vec<RefName> {
        if self.0 == "HEAD" {
            return vec![RefName::main()];
        }
        let full = self.0.parse();
        let short = [RefName::branch(&self.0), RefName::tag(&self.0)];
        std::iter::once(full).chain(short).flatten().collect()
    }

    /// The object id, if the text is one in full.
    pub fn as_oid(&self) -> Option<Oid> {
        self.0.parse().ok()
    }

    /// The text in lower case, if it can be the beginning of an object id: 7 to 39 hexadecimal digits.
    pub fn as_oid_prefix(&self) -> Option<String> {
        let fits = (7..40).contains(&self.0.len()) && self.0.bytes().all(|b| b.is_ascii_hexdigit());
        fits.then(|| self.0.to_ascii_lowercase())
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&RefName> for Revision {
    fn from(name: &RefName) -> Self {
        Self(name.as_str().to_owned())
    }
}

#[cfg(test)]
mod tests;
