//! The commands that git and git-lfs run on the other side.

use hub_account::Transfer;
use hub_core::{RepoAddr, RepoKind};

/// What a client wants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Command {
    /// `git-upload-pack`: clone and fetch.
    Fetch(RepoAddr),
    /// `git-receive-pack`: push.
    Push(RepoAddr),
    /// `git-lfs-authenticate`: where large files go, and a pass for them.
    LargeFiles { addr: RepoAddr, transfer: Transfer },
    /// `git-lfs-transfer`: large files over this very connection, which is not offered.
    LargeFilesHere,
}

/// Why a text is no such command.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum CommandError {
    /// Something else, such as `ls`.
    #[error("there is no shell here, only git: clone, fetch, push and Git LFS")]
    Unknown,
    /// An address that no repository has; it is answered like one that does not exist.
    #[error("Repository not found")]
    NoAddress,
}

impl Command {
    /// Reads the command line that an SSH client sends.
    pub(super) fn parse(line: &[u8]) -> Result<Self, CommandError> {
        let line = std::str::from_utf8(line).map_err(|_| CommandError::Unknown)?;
        let mut words = words(line).into_iter();
        let mut name = words.next().ok_or(CommandError::Unknown)?;
        if name == "git" {
            // Old clients, and people, write `git upload-pack`.
            name = format!("git-{}", words.next().ok_or(CommandError::Unknown)?);
        }
        let addr = words.next().as_deref().and_then(parse_addr);
        match name.as_str() {
            "git-upload-pack" => Ok(Self::Fetch(addr.ok_or(CommandError::NoAddress)?)),
            "git-receive-pack" => Ok(Self::Push(addr.ok_or(CommandError::NoAddress)?)),
            "git-lfs-authenticate" => {
                let addr = addr.ok_or(CommandError::NoAddress)?;
                match words.next().as_deref() {
                    Some("upload") => Ok(Self::LargeFiles { addr, transfer: Transfer::Upload }),
                    Some("download") => Ok(Self::LargeFiles { addr, transfer: Transfer::Download }),
                    _ => Err(CommandError::Unknown),
                }
            }
            "git-lfs-transfer" => Ok(Self::LargeFilesHere),
            _ => Err(CommandError::Unknown),
        }
    }
}

/// Splits as a shell does that knows single and double quotes and the backslash; nothing is expanded.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(chars.next()),
            (None, c) if c.is_ascii_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// `[/][datasets/|spaces/]namespace/name[.git][/]`
fn parse_addr(path: &str) -> Option<RepoAddr> {
    let path = path.trim_start_matches('/').trim_end_matches('/');
    let (kind, id) = match path.split_once('/') {
        Some((first, rest)) if rest.contains('/') => {
            (RepoKind::WITH_GIT.into_iter().find(|kind| kind.plural() == first)?, rest)
        }
        _ => (RepoKind::Model, path),
    };
    let (namespace, name) = id.split_once('/')?;
    let name = name.strip_suffix(".git").unwrap_or(name);
    Some(RepoAddr { kind, namespace: namespace.parse().ok()?, name: name.parse().ok()? })
}

#[cfg(test)]
mod tests;
