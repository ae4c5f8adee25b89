//! What the path of a request addresses: the repository, the revision, the file.
//!
//! Every route of a repository exists once per kind, and one set of handlers serves them all: [`per_kind`] spells the
//! paths, [`At`] reads them back.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use hub_account::Caller;
use hub_core::{Access, CommitId, RefName, RepoAddr, RepoKind, RepoPath, Revision};
use hub_http::{Addr, ApiError, ApiRouter};
use hub_repo::{Repo, RepoError, Repos};

use crate::ApiState;
use crate::failure::{Answer, Failed};

/// The base of the API paths of one repository: `/api/models/{namespace}/{name}`.
pub(crate) fn api_base(kind: RepoKind) -> String {
    format!("/api/{}/{{namespace}}/{{name}}", kind.plural())
}

/// The base of the paths that pages, downloads and git use: `/datasets/{namespace}/{name}`.
pub(crate) fn web_base(kind: RepoKind) -> String {
    format!("/{}{{namespace}}/{{name}}", kind.url_prefix())
}

/// Collects the routes that `make` gives for each kind of git repository.
pub(crate) fn per_kind(make: impl Fn(RepoKind) -> ApiRouter<ApiState>) -> ApiRouter<ApiState> {
    RepoKind::WITH_GIT.into_iter().fold(ApiRouter::new(), |router, kind| router.merge(make(kind)))
}

/// What a path addresses. A name that no repository can have is "not found" like any other.
#[derive(Clone, Debug)]
pub(crate) struct At {
    /// The repository.
    pub(crate) addr: RepoAddr,
    /// The revision; the default branch where the path names none.
    pub(crate) revision: Revision,
    /// The rest of the path, decoded; empty where there is none.
    pub(crate) tail: String,
}

impl At {
    /// Opens the repository for a caller.
    pub(crate) async fn open(&self, repos: &Repos, caller: &Caller, access: Access) -> Answer<Repo> {
        repos.open(caller, &self.addr, access).await.map_err(|error| Failed::at(&self.addr, error))
    }

    /// What a caller needs who brings content for this revision: pull requests want less than branches.
    pub(crate) fn access_to_bring(&self, opens_pull: bool) -> Access {
        let is_pull = self.revision.candidates().first().is_some_and(RefName::is_pull_request);
        if opens_pull || is_pull { Access::Propose } else { Access::Write }
    }

    /// The folder that the tail names; `None` for the root.
    pub(crate) fn folder(&self, commit: CommitId) -> Answer<Option<RepoPath>> {
        let trimmed = self.tail.trim_matches('/');
        if trimmed.is_empty() { Ok(None) } else { parse_path(trimmed, commit).map(Some) }
    }

    /// The file that the tail names.
    pub(crate) fn file(&self, commit: CommitId) -> Answer<RepoPath> {
        parse_path(&self.tail, commit)
    }
}

/// A path that cannot be written names no file: it is missing rather than wrong.
fn parse_path(text: &str, commit: CommitId) -> Answer<RepoPath> {
    text.parse().map_err(|_| RepoError::EntryNotFound { path: text.to_owned(), commit: Some(commit.oid()) }.into())
}

impl<S: Send + Sync> FromRequestParts<S> for At {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Addr(addr) = Addr::from_request_parts(parts, state).await?;
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|error| ApiError::bad_request(error.to_string()))?;
        let value = |wanted: &str| params.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value);
        let revision = value("revision").map_or_else(Revision::main, Revision::new);
        Ok(Self { addr, revision, tail: value("path").unwrap_or_default().to_owned() })
    }
}
