//! Where the chunk store is, and the token by which a request may use it.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::header;
use axum::http::request::Parts;
use hub_http::{ApiError, PublicUrl};
use hub_repo::{RepoError, Repos, XetGrant, XetScope};
use serde::Deserialize;

use crate::ApiState;
use crate::failure::Failed;

/// The word in the address of the chunk store whose change makes clients forget what they know of it.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct XetEpoch(Arc<str>);

/// Text that cannot be an epoch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("an epoch is 1 to 32 letters and digits, such as \"e1\"")]
pub struct EpochError;

impl XetEpoch {
    /// Takes the word.
    ///
    /// # Errors
    /// [`EpochError`] unless it can stand in an address as it is.
    pub fn new(word: &str) -> Result<Self, EpochError> {
        let fits = (1..=32).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if fits { Ok(Self(word.into())) } else { Err(EpochError) }
    }
}

impl TryFrom<String> for XetEpoch {
    type Error = EpochError;

    fn try_from(word: String) -> Result<Self, EpochError> {
        Self::new(&word)
    }
}

/// The first one.
impl Default for XetEpoch {
    fn default() -> Self {
        Self("e1".into())
    }
}

/// The address of the chunk store as this caller reaches it; routes are appended to it.
#[derive(Clone, Debug)]
pub(crate) struct CasUrl {
    base: String,
    public_url: PublicUrl,
}

impl CasUrl {
    /// The address, without a slash at its end.
    pub(crate) fn as_str(&self) -> &str {
        &self.base
    }

    /// The address of a route of the chunk store.
    pub(crate) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Where the hub side is.
    pub(crate) fn hub(&self) -> &PublicUrl {
        &self.public_url
    }
}

impl<S> FromRequestParts<S> for CasUrl
where
    S: Send + Sync,
    XetEpoch: FromRef<S>,
{
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let public_url = PublicUrl::from_request_parts(parts, state).await?;
        let XetEpoch(epoch) = XetEpoch::from_ref(state);
        Ok(Self { base: public_url.join(&format!("/xet/{epoch}")), public_url })
    }
}

/// A token that permits reading.
pub(super) struct Reader(pub(super) XetGrant);

/// A token that permits writing.
pub(super) struct Writer(pub(super) XetGrant);

impl FromRequestParts<ApiState> for Reader {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Failed> {
        grant(parts, state, XetScope::Read).await.map(Self)
    }
}

impl FromRequestParts<ApiState> for Writer {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Failed> {
        grant(parts, state, XetScope::Write).await.map(Self)
    }
}

async fn grant(parts: &Parts, state: &ApiState, wanted: XetScope) -> Result<XetGrant, Failed> {
    let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| value.split_once(' '));
    let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    let token = token.ok_or(RepoError::BadToken).map_err(ApiError::from)?;
    Ok(Repos::from_ref(state).xet_grant(token, wanted).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_is_a_plain_word() {
        assert!(XetEpoch::new("e1").is_ok());
        for word in ["", "a/b", "e 1", "é", "..", &"e".repeat(33)] {
            assert_eq!(XetEpoch::new(word), Err(EpochError), "{word:?}");
        }
    }
}
