//! Xet: large files as chunks. The hub side gives tokens and tells where a file's chunks are asked for; the chunk store
//! (the "CAS") takes and gives the chunks.
//!
//! The hub side is addressed by repository and judges the caller like any other route. The chunk store is addressed by
//! hashes under `/xet/{epoch}`, and judges the token that the hub side gave. Clients keep for three weeks what they know of
//! a chunk store, under its address: another epoch in the address makes them forget it, which an operator does after a
//! restore from a backup. Any epoch is served, so that transfers that are under way go on.
//!
//! Clients take some refusals for a broken server: whatever is not offered under `/xet` is 404, never 401 or 405.

mod access;
mod chunks;
mod fetch;
mod figures;
mod headers;
mod reconstructions;
mod shards;
mod tokens;
mod xorbs;

use hub_http::ApiRouter;

use crate::ApiState;

pub(crate) use access::CasUrl;
pub use access::{EpochError, XetEpoch};
pub use figures::XetFigures;
pub(crate) use headers::{FILE_INFO_TYPE, XetHeaders};
pub(crate) use tokens::upload_header;

/// What all addresses of the chunk store begin with.
const BASE: &str = "/xet/{epoch}";

/// Whether a path belongs to the chunk store, where clients send tokens of its own and not those of a person.
pub fn is_chunk_store(path: &str) -> bool {
    path.starts_with("/xet/")
}

pub(crate) fn routes() -> ApiRouter<ApiState> {
    tokens::routes()
        .merge(xorbs::routes())
        .merge(shards::routes())
        .merge(reconstructions::routes())
        .merge(chunks::routes())
        .merge(fetch::routes())
}
