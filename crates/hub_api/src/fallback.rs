//! The answer to paths that no route has.
//!
//! Clients also ask for repositories without a namespace (`gpt2`), as the original hub once had. Here no repository has
//! such an id, and clients must learn that the repository is missing rather than the server broken.

use axum::http::{Method, Uri};
use hub_core::{Code, RepoKind};
use hub_http::{ApiError, RequestContext};

use crate::failure::Failed;

/// To be set as the fallback of the outermost router.
pub async fn no_such_route(_context: RequestContext, method: Method, uri: Uri) -> Failed {
    if asks_for_repo(uri.path()) {
        return Failed::no_repo();
    }
    ApiError::new(Code::NotFound, format!("Hearth has nothing at {method} {}", uri.path())).into()
}

/// Whether a path has the shape of a call for `{name}` where `{namespace}/{name}` is wanted.
fn asks_for_repo(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let is_kind = |word: &str| RepoKind::ALL.into_iter().any(|kind| kind.plural() == word);
    let after_name = |parts: &[&str]| {
        let word = parts.first().copied().unwrap_or_default();
        matches!(word, "resolve" | "raw" | "info" | "git-upload-pack" | "git-receive-pack")
    };
    match parts.as_slice() {
        ["api", kind, _name] => is_kind(kind),
        ["api", kind, _name, operation, ..] => is_kind(kind) && OPERATIONS.contains(operation),
        [kind, _name, rest @ ..] if is_kind(kind) => after_name(rest),
        [_name, rest @ ..] => after_name(rest),
        [] => false,
    }
}

/// What can follow a repository's id under `/api`.
const OPERATIONS: [&str; 24] = [
    "ask-access",
    "auth-check",
    "branch",
    "commit",
    "commits",
    "compare",
    "discussions",
    "duplicate",
    "lfs-files",
    "like",
    "likers",
    "paths-info",
    "preupload",
    "refs",
    "revision",
    "safetensors-metadata",
    "settings",
    "super-squash",
    "tag",
    "tree",
    "treesize",
    "user-access-request",
    "xet-read-token",
    "xet-write-token",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_without_a_namespace_are_missing_repositories() {
        for path in [
            "/api/models/gpt2",
            "/api/models/gpt2/revision/main",
            "/api/models/gpt2/like",
            "/gpt2/resolve/main/config.json",
            "/datasets/squad/raw/main/x",
        ] {
            assert!(asks_for_repo(path), "{path}");
        }
        for path in ["/", "/api", "/api/nothing/gpt2", "/nothing", "/api/models/a/nothing", "/a/b/c"] {
            assert!(!asks_for_repo(path), "{path}");
        }
    }
}
