//! The repositories that a text names: `owner/name` for a model, `datasets/owner/name` and the like for the other kinds,
//! each alone or as a link of this server. Code names nothing, and neither do links to elsewhere.

use hub_account::Caller;
use hub_core::{Access, Code, RepoAddr, RepoKind, UserError};
use hub_repo::{RepoError, RepoId};

use crate::{Community, CommunityError};

/// The most repositories that one text refers to.
const REFERENCES_MAX: usize = 20;
/// The most names that are looked up to find them.
const CANDIDATES_MAX: usize = 60;

impl Community {
    /// The repositories that a text names and that its author may know of, each once, in their order. `host` is the
    /// address of this server.
    pub(super) async fn references(
        &self,
        caller: &Caller,
        host: &str,
        text: &str,
    ) -> Result<Vec<RepoId>, CommunityError> {
        let mut found = Vec::new();
        for addr in named(text, host) {
            let opened = match self.repos().open(caller, &addr, Access::Metadata).await {
                Err(RepoError::Moved { to }) => self.repos().open(caller, &to, Access::Metadata).await,
                opened => opened,
            };
            match opened {
                Ok(repo) if !found.contains(&repo.id()) => found.push(repo.id()),
                Ok(_) => {}
                Err(error) if error.code() == Code::Internal => return Err(error.into()),
                // Most words with a slash are no repository, or none that the author knows.
                Err(_) => {}
            }
            if found.len() == REFERENCES_MAX {
                break;
            }
        }
        Ok(found)
    }
}

/// The addresses that a text may mean, each once, in their order.
fn named(text: &str, host: &str) -> Vec<RepoAddr> {
    let mut found: Vec<RepoAddr> = Vec::new();
    let mut is_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~") {
            is_code = !is_code;
            continue;
        }
        if is_code {
            continue;
        }
        // Every second stretch between backquotes is code.
        for prose in line.split('`').step_by(2) {
            for word in prose.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']' | '<' | '>' | '"'))
            {
                let Some(addr) = address(word, host) else { continue };
                if found.len() < CANDIDATES_MAX && !found.contains(&addr) {
                    found.push(addr);
                }
            }
        }
    }
    found
}

/// The address that one word means.
fn address(word: &str, host: &str) -> Option<RepoAddr> {
    let word = word.trim_matches(|c: char| matches!(c, ',' | ';' | ':' | '!' | '?' | '.' | '*' | '\'' | '’'));
    let path = match word.strip_prefix(host.trim_end_matches('/')).filter(|_| !host.is_empty()) {
        Some(path) => path.strip_prefix('/')?,
        None if word.contains("://") || word.starts_with(['/', '@']) => return None,
        None => word,
    };
    let path = &path[..path.find(['?', '#']).unwrap_or(path.len())];
    let mut parts = path.trim_end_matches('/').split('/');
    let first = parts.next()?;
    let (kind, namespace) = match RepoKind::ALL.into_iter().find(|kind| kind.plural() == first) {
        Some(kind) => (kind, parts.next()?),
        None => (RepoKind::Model, first),
    };
    let name = parts.next()?;
    let is_whole = parts.next().is_none();
    let is_link = word.starts_with("http");
    let addr = RepoAddr { kind, namespace: namespace.parse().ok()?, name: name.parse().ok()? };
    // A link may lead to a file of the repository; a path of more parts in prose is something else.
    (is_whole || is_link).then_some(addr)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        named(text, "https://hub.test").iter().map(RepoAddr::url_path).collect()
    }

    #[test]
    fn names_and_links_of_this_server_are_references() {
        assert_eq!(names("Try ada/bert, and datasets/ada/cats."), ["ada/bert", "datasets/ada/cats"]);
        assert_eq!(names("[it](https://hub.test/ada/bert/blob/main/x.py?y#z)"), ["ada/bert"]);
        assert_eq!(names("**ada/bert** ada/bert"), ["ada/bert"]);
        assert_eq!(names("https://hub.test/spaces/ada/demo/"), ["spaces/ada/demo"]);
    }

    #[test]
    fn code_and_foreign_links_name_nothing() {
        for text in
            ["`ada/bert`", "```\nada/bert\n```", "https://example.org/ada/bert", "/ada/bert", "a/b/c/d", "@ada/x"]
        {
            assert_eq!(names(text), [""; 0], "{text:?}");
        }
    }

    #[test]
    fn one_text_names_few() {
        let many: String = (0..3000).map(|number| format!("owner{number}/name ")).collect();
        assert_eq!(names(&many).len(), CANDIDATES_MAX);
    }
}
