//! Paths of files inside a repository, and inside a bucket.
//!
//! A [`RepoPath`] is what may be *written*: git would check it out on any system without harm. Reading uses the same
//! type: a path that cannot be written names nothing, except in histories pushed by git, which are listed by their trees.
//!
//! A backslash is a character like any other, as in git. Where it parts folders, git and the clients of the hub refuse to
//! write such a file, which they must do for any server; so no path begins with one or with `..\`, and what is reserved is
//! looked for behind backslashes as well.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// Why a text is no path of a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Nothing there.
    #[error("the path is empty")]
    Empty,
    /// Longer than [`PATH_MAX`] bytes, or a part longer than [`PART_MAX`].
    #[error("the path is longer than {PATH_MAX} bytes, or one of its parts longer than {PART_MAX}")]
    TooLong,
    /// Starts with '/', or with a backslash.
    #[error("the path is absolute; write it relative to the repository's root")]
    Absolute,
    /// Has an empty part, `.` or `..`.
    #[error("the path has an empty part, '.' or '..'")]
    Traversal,
    /// Has a part that git reserves (`.git` in any case or disguise).
    #[error("the path has a part called '.git', which git reserves")]
    DotGit,
    /// Has a control character.
    #[error("the path has a control character")]
    BadCharacter,
    /// More than [`DEPTH_MAX`] folders.
    #[error("the path has more than {DEPTH_MAX} parts")]
    TooDeep,
}

/// The most bytes of a whole path.
pub(crate) const PATH_MAX: usize = 1024;
/// The most bytes of one part of a path, the limit of common file systems.
pub(crate) const PART_MAX: usize = 255;
/// The most parts of a path.
pub(crate) const DEPTH_MAX: usize = 64;

/// A path of a file or folder in a repository: relative, `/` between its parts, UTF-8, safe on any file system.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoPath(String);

impl RepoPath {
    /// The most bytes of a whole path.
    pub const MAX: usize = PATH_MAX;

    /// The whole path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The parts, from the root.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// The last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The folder that holds it; `None` at the root.
    pub fn parent(&self) -> Option<RepoPath> {
        self.0.rsplit_once('/').map(|(parent, _)| RepoPath(parent.to_owned()))
    }

    /// Whether `self` is `folder` or lies below it.
    pub fn is_within(&self, folder: &RepoPath) -> bool {
        self.0.strip_prefix(folder.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Whether git reserves this part of a path. Git refuses parts that some file system would read as `.git`: other case,
/// trailing dots or spaces, NTFS short names, and code points that HFS+ ignores.
///
/// Some systems part folders by backslashes: git looks behind each of them, and so do we.
pub fn is_reserved_part(part: &str) -> bool {
    part.split('\\').any(is_reserved_name)
}

fn is_reserved_name(part: &str) -> bool {
    // Nearly all parts are told by their first byte, and a push asks for each entry of each folder.
    if part.bytes().next().is_none_or(|first| first.is_ascii() && !matches!(first, b'.' | b'g' | b'G')) {
        return false;
    }
    let folded: String = part
        .chars()
        .filter(
            |c| !matches!(*c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}'),
        )
        .collect::<String>()
        .to_lowercase();
    let base = folded.split(':').next().unwrap_or_default().trim_end_matches([' ', '.']);
    base == ".git" || base == "git~1"
}

impl FromStr for RepoPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        check(text)?;
        if text.split('/').any(is_reserved_part) {
            return Err(PathError::DotGit);
        }
        Ok(Self(text.to_owned()))
    }
}

/// What holds for every path: whoever downloads it writes below the folder of their choice and nowhere else.
fn check(text: &str) -> Result<(), PathError> {
    if text.is_empty() {
        return Err(PathError::Empty);
    }
    if text.len() > PATH_MAX {
        return Err(PathError::TooLong);
    }
    if text.starts_with(['/', '\\']) {
        return Err(PathError::Absolute);
    }
    if text.chars().any(char::is_control) {
        return Err(PathError::BadCharacter);
    }
    // Where backslashes part folders, this would lead out at its first step, which the original refuses as well.
    if matches!(text.split('\\').next(), Some("." | "..")) {
        return Err(PathError::Traversal);
    }
    for part in text.split('/') {
        if part.is_empty() || part == "." || part == ".." {
            return Err(PathError::Traversal);
        }
        if part.len() > PART_MAX {
            return Err(PathError::TooLong);
        }
    }
    if text.split('/').count() > DEPTH_MAX {
        return Err(PathError::TooDeep);
    }
    Ok(())
}

/// A path of a file in a bucket: as [`RepoPath`], but git has nothing to say about it, so its own names are as good as any.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketPath(String);

impl BucketPath {
    /// The whole path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The folder that holds it; empty at the root.
    pub fn folder(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// The folders on the way to it, the innermost first.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        self.0.rmatch_indices('/').map(|(at, _)| &self.0[..at])
    }
}

impl FromStr for BucketPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        check(text)?;
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for BucketPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for BucketPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl Serialize for RepoPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
