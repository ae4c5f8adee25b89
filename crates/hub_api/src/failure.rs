//! What a failed handler answers.
//!
//! [`ApiError`] turns every error into a response by the table of codes. Three errors of the engine carry a fact that the
//! table cannot show: a missing file names the commit in which it is missing (clients remember that), a name that is
//! taken comes with the URL of what has it, and a repository that moved redirects. [`Failed`] adds these.

use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use hub_account::AccountError;
use hub_cas::CasError;
use hub_catalog::CatalogError;
use hub_community::CommunityError;
use hub_core::{RepoAddr, UserError};
use hub_http::{ApiError, PublicUrl};
use hub_insights::InsightsError;
use hub_repo::RepoError;
use hub_search::SearchError;

/// The commit that a revision resolved to.
pub(crate) const X_REPO_COMMIT: HeaderName = HeaderName::from_static("x-repo-commit");

/// What handlers answer.
pub(crate) type Answer<T> = Result<T, Failed>;

/// A failed request of this face.
#[derive(Debug)]
pub struct Failed(ApiError);

impl Failed {
    /// Tells the caller of `asked` about an error of the engine: a repository that moved becomes a redirect.
    pub(crate) fn at(asked: &RepoAddr, error: RepoError) -> Self {
        match error {
            RepoError::Moved { to } => Self(ApiError::moved(asked.clone(), *to)),
            error => error.into(),
        }
    }

    /// Tells someone who creates a repository where the one is that has the name.
    pub(crate) fn creating(public_url: &PublicUrl, error: RepoError) -> Self {
        let url = match &error {
            RepoError::RepoExists { addr } => Some(public_url.join(&format!("/{}", addr.url_path()))),
            _ => None,
        };
        let Self(failed) = error.into();
        Self(match url {
            Some(url) => failed.with_field("url", url),
            None => failed,
        })
    }

    /// The answer to everything that is no repository for this caller.
    pub(crate) fn no_repo() -> Self {
        RepoError::RepoNotFound.into()
    }
}

impl From<RepoError> for Failed {
    fn from(error: RepoError) -> Self {
        let commit = match &error {
            RepoError::EntryNotFound { commit, .. } => *commit,
            _ => None,
        };
        let failed = ApiError::from(error);
        let header = commit.and_then(|commit| HeaderValue::from_str(&commit.to_string()).ok());
        Self(match header {
            Some(commit) => failed.with_header(X_REPO_COMMIT, commit),
            None => failed,
        })
    }
}

impl From<ApiError> for Failed {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<CasError> for Failed {
    fn from(error: CasError) -> Self {
        Self(error.into())
    }
}

impl From<InsightsError> for Failed {
    fn from(error: InsightsError) -> Self {
        Self(error.into())
    }
}

impl From<SearchError> for Failed {
    fn from(error: SearchError) -> Self {
        Self(error.into())
    }
}

impl From<CatalogError> for Failed {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError::Repo(error) => error.into(),
            error => Self(error.into()),
        }
    }
}

impl From<CommunityError> for Failed {
    fn from(error: CommunityError) -> Self {
        match error {
            CommunityError::Repo(error) => error.into(),
            CommunityError::Account(error) => error.into(),
            CommunityError::MergeConflict { ref files } => {
                let files = files.clone();
                Self(ApiError::from(error).with_field("filesWithConflicts", files))
            }
            CommunityError::CollectionExists { ref slug } => {
                let slug = slug.clone();
                Self(ApiError::from(error).with_field("slug", slug))
            }
            error => Self(error.into()),
        }
    }
}

impl From<AccountError> for Failed {
    fn from(error: AccountError) -> Self {
        Self(ApiError::new(error.code(), error.message().into_owned()))
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}
