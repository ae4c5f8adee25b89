//! A repository as a line of a list, the same on every page that lists some.

use hub_core::{RepoKind, Timestamp, Visibility};
use hub_repo::{Gating, ListedRepo};

use crate::words::Words;

/// A repository in a list, with values as they are shown.
pub(crate) struct RepoLine {
    pub(crate) href: String,
    pub(crate) icon: &'static str,
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// The task, in words.
    pub(crate) task: Option<String>,
    /// The number of parameters.
    pub(crate) parameters: Option<u64>,
    pub(crate) modified: Timestamp,
    pub(crate) downloads: u64,
    pub(crate) likes: u64,
    pub(crate) is_private: bool,
    pub(crate) is_gated: bool,
}

impl RepoLine {
    pub(crate) fn of(words: &Words, listed: &ListedRepo) -> Self {
        let state = &listed.state;
        Self {
            href: format!("/{}", state.addr.url_path()),
            icon: state.addr.kind.word(),
            namespace: state.addr.namespace.to_string(),
            name: state.addr.name.to_string(),
            task: listed.facts.pipeline_tag.as_deref().map(|task| task_words(words, task)),
            parameters: listed.facts.parameters.filter(|count| *count > 0),
            modified: state.modified,
            downloads: state.downloads,
            likes: state.likes,
            is_private: state.visibility != Visibility::Public,
            is_gated: state.gating != Gating::Open,
        }
    }
}

/// A task in the reader's language; one that nobody has named yet is shown by its id with spaces.
pub(crate) fn task_words(words: &Words, task: &str) -> String {
    words.find(&format!("task.{task}")).map_or_else(|| task.replace('-', " "), str::to_owned)
}

/// The page that lists a kind.
pub(crate) fn list_href(kind: RepoKind) -> String {
    format!("/{}", kind.plural())
}
