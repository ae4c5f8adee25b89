//! "Do you have this chunk": what a client asks to find content that need not be sent.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use hub_cas::Cas;
use hub_core::Code;
use hub_http::{AccessClass, ApiError, ApiRouter, Path, get};

use crate::ApiState;
use crate::failure::Answer;
use crate::xet::access::Writer;
use crate::xet::xorbs::HashPath;
use crate::xet::{BASE, XetFigures};

pub(super) fn routes() -> ApiRouter<ApiState> {
    ApiRouter::new().route(
        get(format!("{BASE}/v1/chunks/{{prefix}}/{{hash}}"))
            .access(AccessClass::Write)
            .tag("xet")
            .summary(
                "Answers where a chunk is stored, as a shard whose hashes are hidden from all who lack the content",
            )
            .answer_bytes("application/octet-stream")
            .to(find_chunk),
    )
}

/// `GET /xet/{epoch}/v1/chunks/{prefix}/{hash}`
async fn find_chunk(
    State(cas): State<Cas>,
    State(figures): State<XetFigures>,
    Writer(_): Writer,
    Path(path): Path<HashPath>,
) -> Answer<Response> {
    let shard = cas.dedup(&path.hash).await?;
    let shard = shard.ok_or_else(|| ApiError::new(Code::NotFound, "this chunk is not known"))?;
    figures.chunks_found.add(1);
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], shard).into_response())
}
