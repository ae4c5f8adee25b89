//! The repository that a URL names, whatever the face: `/api/datasets/{namespace}/{name}/…`, `/{namespace}/{name}.git/…`.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use hub_core::{Code, RepoAddr, RepoKind};

use crate::error::ApiError;

/// The address in the path parameters `namespace` and `name`.
///
/// The kind is the parameter `kind` if the route has one, else the first segment of the path (after `api`); a path
/// without such a word names a model. An address that cannot exist is a repository that does not.
#[derive(Clone, Debug)]
pub struct Addr(pub RepoAddr);

impl<S: Send + Sync> FromRequestParts<S> for Addr {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let missing = || ApiError::new(Code::RepoNotFound, "Repository not found");
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| missing())?;
        let param = |wanted: &str| params.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value);
        let kind = match param("kind") {
            Some(word) => RepoKind::from_word(word).filter(|kind| kind.plural() == word).ok_or_else(missing)?,
            None => kind_of_path(parts.uri.path()),
        };
        let name = param("name").ok_or_else(missing)?;
        let addr = RepoAddr {
            kind,
            namespace: param("namespace").ok_or_else(missing)?.parse().map_err(|_| missing())?,
            name: name.strip_suffix(".git").unwrap_or(name).parse().map_err(|_| missing())?,
        };
        Ok(Self(addr))
    }
}

fn kind_of_path(path: &str) -> RepoKind {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let first = parts.next().unwrap_or_default();
    let word = if first == "api" { parts.next().unwrap_or_default() } else { first };
    RepoKind::ALL.into_iter().find(|kind| kind.plural() == word).unwrap_or(RepoKind::Model)
}
