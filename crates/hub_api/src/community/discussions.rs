//! Discussions and pull requests.

mod change;
mod conflicts;
mod lines;
mod read;
mod reviews;
mod speak;
mod view;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use hub_core::{Code, RepoKind, ThreadNumber};
use hub_http::{ApiError, ApiRouter};

pub(super) use read::done;
pub(super) use view::{html_of, inline_html_of, repo_view};

use crate::ApiState;
use crate::address::api_base;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    read::routes()
        .merge(speak::routes())
        .merge(change::routes())
        .merge(reviews::routes())
        .merge(lines::routes())
        .merge(conflicts::routes())
}

/// The path of one discussion: `/api/models/{namespace}/{name}/discussions/{num}`.
fn base_of(kind: RepoKind) -> String {
    format!("{}/discussions/{{num}}", api_base(kind))
}

/// The number in the path. What is no number names nothing.
struct Num(ThreadNumber);

impl<S: Send + Sync> FromRequestParts<S> for Num {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|error| ApiError::bad_request(error.to_string()))?;
        let text = params.iter().find(|(name, _)| *name == "num").map(|(_, value)| value).unwrap_or_default();
        text.parse().map(Self).map_err(|_| {
            ApiError::new(Code::NotFound, format!("there is no discussion {text:?}: they are numbered from 1"))
        })
    }
}
