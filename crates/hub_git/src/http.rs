//! Git's "smart" HTTP: what would be said over one connection is cut into requests.
//!
//! ```text
//! GET  /{namespace}/{name}[.git]/info/refs?service=git-upload-pack|git-receive-pack    how each conversation begins
//! POST /{namespace}/{name}[.git]/git-upload-pack                                       clone and fetch
//! POST /{namespace}/{name}[.git]/git-receive-pack                                      push
//! ```

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use futures::{StreamExt, stream};
use hub_core::{Code, RepoKind};
use hub_formats::git::pkt_line::{push_flush, push_line};
use hub_http::{AccessClass, Addr, ApiError, ApiRouter, Caller, Query, get};
use hub_repo::Repos;
use serde::Deserialize;

use crate::GitState;
use crate::protocol::{Service, Version, open, respond, whole};
use crate::upload_pack::Transport;
use crate::{receive_pack, upload_pack};

/// Every route of this face.
pub fn routes() -> ApiRouter<GitState> {
    RepoKind::WITH_GIT.into_iter().fold(ApiRouter::new(), |router, kind| {
        let base = format!("/{}{{namespace}}/{{name}}", kind.url_prefix());
        let begin = get(format!("{base}/info/refs"))
            .access(AccessClass::Read)
            .summary("Begins a conversation with git")
            .undocumented()
            .to(info_refs);
        router.route(begin).merge(upload_pack::routes(&base)).merge(receive_pack::routes(&base))
    })
}

/// Which service is wanted.
#[derive(Deserialize)]
struct ServiceQuery {
    service: Option<String>,
}

/// `GET /{namespace}/{name}/info/refs`
async fn info_refs(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    Addr(addr): Addr,
    Query(query): Query<ServiceQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let service = query.service.as_deref().and_then(Service::from_word).ok_or_else(no_service)?;
    let repo = open(&repos, &caller, &addr, service.access()).await?;
    let version = Version::of_headers(&headers);
    let reply = match service {
        Service::UploadPack => upload_pack::advertise(&repo, version, Transport::Http).await,
        Service::ReceivePack => receive_pack::advertise(&repo).await.map(whole),
    };
    // A client that is told why by a packet shows it to its user; a status it would only quote.
    let reply = reply.unwrap_or_else(|error| whole(error.packet()));
    if version == Version::V2 && service == Service::UploadPack {
        return respond(service, "advertisement", reply);
    }
    let mut head = Vec::new();
    push_line(&mut head, &format!("# service={}", service.word()));
    push_flush(&mut head);
    let head = stream::once(async move { Ok(head.into()) });
    respond(service, "advertisement", head.chain(reply).boxed())
}

/// git before 1.6.6 fetches files by their names, which do not exist here.
fn no_service() -> ApiError {
    let message = "this server speaks git's smart protocol only: ask with ?service=git-upload-pack";
    ApiError::new(Code::Forbidden, message)
}
