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

/// How many bytes are unpacked at a time: they become a thousand times as many at most, which is what memory holds.
const STEP_BYTES: usize = 1 << 10;

/// A body that is unpacked step by step.
struct Packed {
    body: BodyStream,
    /// Gone when the body is complete.
    decoder: Option<GzDecoder<Vec<u8>>>,
    /// What came and is not unpacked yet.
    waiting: Bytes,
}

/// A body that came as gzip, as some clients send small pushes. It has no end of its own here: what reads it has a bound.
fn unpacked(body: BodyStream) -> impl futures::Stream<Item = Result<Bytes, ApiError>> {
    let packed = Packed { body, decoder: Some(GzDecoder::new(Vec::new())), waiting: Bytes::new() };
    stream::try_unfold(packed, |mut packed| async move {
        let broken = |_| ApiError::bad_request("the body is no whole gzip stream");
        let Some(mut decoder) = packed.decoder.take() else { return Ok(None) };
        if packed.waiting.is_empty() {
            match packed.body.next().await.transpose()? {
                Some(piece) => packed.waiting = piece,
                None => return Ok(Some((Bytes::from(decoder.finish().map_err(broken)?), packed))),
            }
        }
        let step = packed.waiting.split_to(packed.waiting.len().min(STEP_BYTES));
        std::io::Write::write_all(&mut decoder, &step).map_err(broken)?;
        let plain = std::mem::take(decoder.get_mut());
        packed.decoder = Some(decoder);
        // A body that is here as a whole would keep the thread from all others.
        tokio::task::yield_now().await;
        Ok(Some((Bytes::from(plain), packed)))
    })
}
