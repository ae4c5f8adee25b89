//! Clone and fetch.
//!
//! [`advertise`] begins a conversation. Under version 2 each request is a command, answered by [`answer`]; under versions
//! 0 and 1 a [`Conversation`] takes packets until the client is done. Neither knows over what it is spoken.

mod advertise;
mod arguments;
mod command;
mod fetch;
mod filter;
mod legacy;
mod ls_refs;
mod send;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use futures::StreamExt;
use hub_core::Access;
use hub_formats::git::pkt_line::packets;
use hub_http::{AccessClass, Addr, ApiError, ApiRouter, Caller, post};
use hub_repo::{Repo, Repos};

use crate::GitState;
use crate::body::PacketBody;
use crate::error::GitError;
use crate::protocol::{Reply, Service, Version, open, respond, whole};

pub(crate) use advertise::advertise;
pub(crate) use command::answer;
pub(crate) use legacy::{Conversation, Turn};

/// Over what a conversation is held: over HTTP each request stands alone and repeats what was said before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Transport {
    /// Requests and responses.
    Http,
    /// One connection for the whole conversation.
    Ssh,
}

pub(crate) fn routes(base: &str) -> ApiRouter<GitState> {
    ApiRouter::new().route(
        post(format!("{base}/git-upload-pack"))
            .access(AccessClass::Read)
            .summary("Answers a fetch of git")
            .undocumented()
            .to(upload_pack),
    )
}

/// `POST /{namespace}/{name}/git-upload-pack`
async fn upload_pack(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    Addr(addr): Addr,
    headers: HeaderMap,
    PacketBody(body): PacketBody,
) -> Result<Response, ApiError> {
    let repo = open(&repos, &caller, &addr, Access::Read).await?;
    let reply = match Version::of_headers(&headers) {
        Version::V2 => answer(&repo, &body).await,
        Version::V0 | Version::V1 => converse(&repo, &body).await,
    };
    // A client that is told why by a packet shows it to its user; a status it would only quote.
    respond(Service::UploadPack, "result", reply.unwrap_or_else(|error| whole(error.packet())))
}

/// One request of versions 0 and 1: all that the client has said so far.
async fn converse(repo: &Repo, body: &[u8]) -> Result<Reply, GitError> {
    let mut conversation = Conversation::new(repo, Transport::Http)?;
    let mut said = Vec::new();
    for packet in packets(body) {
        match conversation.take(packet?).await? {
            Turn::Listen => {}
            Turn::Say(bytes) => said.extend(bytes),
            Turn::Pack(reply) => {
                return Ok(whole(said).chain(reply).boxed());
            }
            Turn::End => break,
        }
    }
    Ok(whole(said))
}
