//! Posts below `/api/posts` and articles below `/api/blog`: the same handlers serve both, for both are pieces.

mod read;
mod remarks;
mod view;
mod write;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use hub_account::{Caller, Namespace};
use hub_community::{Community, Piece, PieceKind, RemarkId};
use hub_core::Code;
use hub_http::{ApiError, ApiRouter};

pub(super) use view::{Viewer, article_view, post_view};

use crate::ApiState;
use crate::failure::Answer;

pub(super) fn routes() -> ApiRouter<ApiState> {
    let of_kind = |kind| read::routes(kind).merge(write::routes(kind)).merge(remarks::routes(kind));
    of_kind(PieceKind::Post).merge(of_kind(PieceKind::Article))
}

/// The path of all pieces of a kind.
fn all_of(kind: PieceKind) -> String {
    format!("/api/{}", kind.root())
}

/// The path of one of them.
fn one_of(kind: PieceKind) -> String {
    format!("{}/{{namespace}}/{{slug}}", all_of(kind))
}

/// Which kind a request is about.
struct Kind(PieceKind);

impl<S: Send + Sync> FromRequestParts<S> for Kind {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let root = parts.uri.path().split('/').nth(2).unwrap_or_default();
        let found = PieceKind::ALL.iter().find(|kind| kind.root() == root);
        found.copied().map(Self).ok_or_else(|| ApiError::new(Code::NotFound, "there is nothing here"))
    }
}

/// The piece, and perhaps the comment on it, that the path of a request names.
struct At {
    kind: PieceKind,
    owner: String,
    slug: String,
    remark: String,
}

impl<S: Send + Sync> FromRequestParts<S> for At {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Kind(kind) = Kind::from_request_parts(parts, state).await?;
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|error| ApiError::bad_request(error.to_string()))?;
        let part = |wanted: &str| {
            let found = params.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| value.to_owned()).unwrap_or_default()
        };
        Ok(Self { kind, owner: part("namespace"), slug: part("slug"), remark: part("comment") })
    }
}

impl At {
    /// The piece, if the caller may read it, with whose it is.
    async fn find(&self, community: &Community, caller: &Caller) -> Answer<(Piece, Namespace)> {
        let missing = || ApiError::new(Code::NotFound, format!("there is no such {}", self.kind.word()));
        let owner = self.owner.parse().map_err(|_| missing())?;
        Ok(community.piece_at(caller, self.kind, &owner, &self.slug).await?)
    }

    fn remark(&self) -> Answer<RemarkId> {
        let missing = || ApiError::new(Code::NotFound, "there is no such comment");
        Ok(RemarkId::of_wire(&self.remark).ok_or_else(missing)?)
    }
}
