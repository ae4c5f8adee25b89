//! Why a conversation ends early, and how its client is told: as an `ERR` packet, or as the last words of a side band.

use std::borrow::Cow;

use hub_core::{Code, UserError};
use hub_formats::git::pkt_line::{PktLineError, push_line};
use hub_repo::RepoError;

/// A conversation that cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    /// The client broke the protocol, or asks for what is not offered.
    #[error("{0}")]
    Protocol(Cow<'static, str>),
    /// The client sent something that is no packet.
    #[error("the request is malformed: {0}")]
    Packet(#[from] PktLineError),
    /// The engine refused or failed.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

impl GitError {
    pub(crate) fn protocol(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Protocol(message.into())
    }

    /// What the person at the terminal reads. A fault of ours is told to the log instead.
    pub(crate) fn last_words(&self) -> String {
        match self {
            Self::Protocol(_) | Self::Packet(_) => self.to_string(),
            Self::Repo(error) => match error.code() {
                Code::Internal | Code::StorageFull | Code::Unavailable => {
                    tracing::error!(error = %chain(error), "a conversation with git failed");
                    "the server failed; its log tells why".to_owned()
                }
                _ => error.message().into_owned(),
            },
        }
    }

    /// The packet that tells a client why there is no more.
    pub(crate) fn packet(&self) -> Vec<u8> {
        let mut out = Vec::new();
        push_line(&mut out, &format!("ERR {}", self.last_words()));
        out
    }
}

/// An error and what caused it, joined by colons.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
