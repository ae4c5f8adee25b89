//! A push over HTTP: one request that carries all of it.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use flate2::write::GzDecoder;
use futures::{StreamExt, stream};
use hub_core::Access;
use hub_http::{AccessClass, Addr, ApiError, ApiRouter, BodyStream, Caller, post};
use tokio::sync::mpsc;

use super::Incoming;
use crate::GitState;
use crate::body::Encoding;
use crate::protocol::{Service, open, respond, whole};

/// How many pieces of an answer wait for the client.
const PIECES_WAITING: usize = 16;

pub(crate) fn routes(base: &str) -> ApiRouter<GitState> {
    ApiRouter::new().route(
        post(format!("{base}/git-receive-pack"))
            .access(AccessClass::Write)
            .summary("Takes a push of git")
            .undocumented()
            .to(receive_pack),
    )
}

/// `POST /{namespace}/{name}/git-receive-pack`
async fn receive_pack(
    State(state): State<GitState>,
    Caller(caller): Caller,
    Addr(addr): Addr,
    headers: HeaderMap,
    body: BodyStream,
) -> Result<Response, ApiError> {
    let repo = open(&state.repos, &caller, &addr, Access::Write).await?;
    let incoming = Incoming { folder: &state.incoming, max_bytes: state.repos.limits().push_bytes };
    let received = match Encoding::of(&headers)? {
        Encoding::Plain => super::read(&repo, incoming, body).await,
        Encoding::Gzip => super::read(&repo, incoming, unpacked(body).boxed()).await,
    };
    let received = match received {
        Ok(received) => received,
        Err(error) => return respond(Service::ReceivePack, "result", whole(error.packet())),
    };
    let (out, pieces) = mpsc::channel::<Bytes>(PIECES_WAITING);
    // A client that goes away now has sent everything: its push is carried out all the same.
    tokio::spawn(received.answer(out));
    let reply =
        stream::unfold(pieces, |mut pieces| async move { pieces.recv().await.map(|piece| (Ok(piece), pieces)) });
    respond(Service::ReceivePack, "result", reply.boxed())
}

/// A body that came as gzip, as some clients send small pushes; piece by piece, so that memory stays flat.
fn unpacked(body: BodyStream) -> impl futures::Stream<Item = Result<Bytes, ApiError>> {
    let state = (body, Some(GzDecoder::new(Vec::new())));
    stream::try_unfold(state, |(mut body, decoder)| async move {
        let Some(mut decoder) = decoder else { return Ok(None) };
        let broken = |_| ApiError::bad_request("the body is no whole gzip stream");
        match body.next().await.transpose()? {
            Some(piece) => {
                std::io::Write::write_all(&mut decoder, &piece).map_err(broken)?;
                let plain = std::mem::take(decoder.get_mut());
                Ok(Some((Bytes::from(plain), (body, Some(decoder)))))
            }
            None => {
                let plain = decoder.finish().map_err(broken)?;
                Ok(Some((Bytes::from(plain), (body, None))))
            }
        }
    })
}
