//! Addresses of pages, written so that every name and path survives in them.

use hub_core::{CommitId, RepoAddr};

/// A path as a URL has it: everything but letters, digits and a few marks is escaped.
pub(crate) fn escape_path(path: &str) -> String {
    escape(path, |byte| matches!(byte, b'/' | b'.' | b'-' | b'_' | b'~'))
}

/// One segment of a path: a revision may hold slashes.
pub(crate) fn escape_segment(text: &str) -> String {
    escape(text, |byte| matches!(byte, b'.' | b'-' | b'_' | b'~'))
}

/// The value of a query parameter.
pub(crate) fn escape_value(text: &str) -> String {
    escape(text, |byte| matches!(byte, b'/' | b'.' | b'-' | b'_' | b'~'))
}

fn escape(text: &str, plain: impl Fn(u8) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || plain(byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// The addresses of one repository.
#[derive(Clone, Debug)]
pub(crate) struct RepoUrls {
    base: String,
}

impl RepoUrls {
    pub(crate) fn of(addr: &RepoAddr) -> Self {
        Self { base: format!("/{}", addr.url_path()) }
    }

    /// Of a text that belongs to no repository.
    pub(crate) fn nowhere() -> Self {
        Self { base: String::new() }
    }

    /// Its page; nothing for a text that belongs to no repository.
    pub(crate) fn page(&self) -> &str {
        &self.base
    }

    /// Something of it at a revision: `tree`, `blob`, `resolve`, `raw`, `commits`, `edit`, `new`, `upload`, `delete`.
    pub(crate) fn at(&self, view: &str, revision: &str, path: &str) -> String {
        let revision = escape_segment(revision);
        if path.is_empty() {
            return format!("{}/{view}/{revision}", self.base);
        }
        format!("{}/{view}/{revision}/{}", self.base, escape_path(path))
    }

    pub(crate) fn commit(&self, id: CommitId) -> String {
        format!("{}/commit/{id}", self.base)
    }

    pub(crate) fn settings(&self) -> String {
        format!("{}/settings", self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_in_addresses() {
        assert_eq!(escape_path("a b/ü?#%.txt"), "a%20b/%C3%BC%3F%23%25.txt");
        assert_eq!(escape_segment("refs/pr/1"), "refs%2Fpr%2F1");
        assert_eq!(escape_value("/a?b=c&d"), "/a%3Fb%3Dc%26d");
    }
}
