//! What all conversations share: services, versions, the name of this program, opening a repository.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use hub_account::Caller;
use hub_core::{Access, RepoAddr};
use hub_http::ApiError;
use hub_repo::{Repo, RepoError, Repos};

use crate::error::GitError;

/// How this program calls itself to others.
pub(crate) const AGENT: &str = concat!("agent=hearth/", env!("CARGO_PKG_VERSION"));

/// What a client reads, piece by piece. An error cuts the connection off; what can be told is told in the pieces.
pub(crate) type Reply = BoxStream<'static, Result<Bytes, GitError>>;

/// A reply that is there as a whole.
pub(crate) fn whole(bytes: Vec<u8>) -> Reply {
    stream::once(async move { Ok(Bytes::from(bytes)) }).boxed()
}

/// What a client asks a server to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Service {
    /// Clone and fetch.
    UploadPack,
    /// Push.
    ReceivePack,
}

impl Service {
    /// The word of the protocol.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Service::UploadPack => "git-upload-pack",
            Service::ReceivePack => "git-receive-pack",
        }
    }

    /// Reads the word of the protocol.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Service::UploadPack, Service::ReceivePack].into_iter().find(|service| service.word() == word)
    }

    /// What a caller must be allowed.
    pub(crate) const fn access(self) -> Access {
        match self {
            Service::UploadPack => Access::Read,
            Service::ReceivePack => Access::Write,
        }
    }
}

/// Which of git's protocols is spoken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Version {
    /// That of the beginning: all references first, then wants and haves.
    V0,
    /// The same, announced by a line.
    V1,
    /// Commands.
    V2,
}

impl Version {
    /// Reads what a client asks for: the header `Git-Protocol`, or the variable `GIT_PROTOCOL` over SSH. Keys are
    /// separated by colons, and the highest version that we know counts.
    pub(crate) fn of_request(text: &str) -> Self {
        let versions = text.split(':').filter_map(|key| match key.trim() {
            "version=2" => Some(Version::V2),
            "version=1" => Some(Version::V1),
            _ => None,
        });
        versions.max().unwrap_or(Version::V0)
    }

    pub(crate) fn of_headers(headers: &HeaderMap) -> Self {
        let text = headers.get("git-protocol").and_then(|value| value.to_str().ok());
        Self::of_request(text.unwrap_or_default())
    }
}

/// Opens a repository; one that moved becomes a redirect, which git follows.
pub(crate) async fn open(repos: &Repos, caller: &Caller, addr: &RepoAddr, access: Access) -> Result<Repo, ApiError> {
    let opened = match access {
        Access::Write => repos.open_for_push(caller, addr).await,
        access => repos.open(caller, addr, access).await,
    };
    opened.map_err(|error| match error {
        RepoError::Moved { to } => ApiError::moved(addr.clone(), *to),
        error => error.into(),
    })
}

/// The response that carries a reply.
pub(crate) fn respond(service: Service, part: &str, reply: Reply) -> Result<Response, ApiError> {
    let media_type = format!("application/x-{}-{part}", service.word());
    let media_type = HeaderValue::from_str(&media_type).map_err(ApiError::internal)?;
    let mut response = Response::new(Body::from_stream(reply));
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_version_that_is_known_counts() {
        let check = |text, expect| assert_eq!(Version::of_request(text), expect, "{text:?}");
        check("version=2", Version::V2);
        check("version=1", Version::V1);
        check("version=1:version=2:other", Version::V2);
        for text in ["", "version=0", "version=3", "version", "x=2"] {
            check(text, Version::V0);
        }
    }
}
