//! The HTTP API that the clients of the Hugging Face Hub speak.
//!
//! A handler reads what is asked, opens the repository (which decides whether the caller may), calls one use case and
//! shows its result. Routes stand beside their handlers; [`routes`] gathers them, and the description of the API, the
//! snapshot of routes and the router are made from that one value. Nothing here decides, nothing here names a table.

mod account;
mod address;
mod buckets;
mod community;
mod content;
mod download;
mod failure;
mod fallback;
mod insights;
mod misc;
mod repos;
mod search;
mod state;
mod tasks;
mod upload;
mod wire;
mod xet;

use hub_http::ApiRouter;

pub use buckets::Streams;
pub use failure::Failed;
pub use fallback::no_such_route;
pub use insights::Exports;
pub use state::ApiState;
pub use xet::{EpochError, XetEpoch, XetFigures, is_chunk_store};

/// Every route of this face.
pub fn routes() -> ApiRouter<ApiState> {
    repos::routes()
        .merge(content::routes())
        .merge(upload::routes())
        .merge(download::routes())
        .merge(account::routes())
        .merge(community::routes())
        .merge(search::routes())
        .merge(insights::routes())
        .merge(tasks::routes())
        .merge(xet::routes())
        .merge(buckets::routes())
        .merge(misc::routes())
}
