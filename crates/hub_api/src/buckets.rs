//! Buckets: repositories without git, whose files change in place.
//!
//! Their addresses name no revision, and their owner may be written `me`. Bytes come and go through the chunk store, for
//! which `xet/tokens.rs` gives the tokens; what is here names files by their hashes.

mod batch;
mod events;
mod files;
mod groups;
mod manage;
mod resolve;

use hub_account::Caller;
use hub_core::{Access, RepoAddr, RepoKind};
use hub_http::ApiRouter;
use hub_repo::{Bucket, Repos};

use crate::ApiState;
use crate::address::At;
use crate::failure::{Answer, Failed};

pub use events::Streams;

/// The base of the API paths of one bucket.
const API: &str = "/api/buckets/{namespace}/{name}";
/// The chapter of the API description.
const TAG: &str = "buckets";
/// The owner that stands for whoever asks.
const ME: &str = "me";

pub(crate) fn routes() -> ApiRouter<ApiState> {
    manage::routes()
        .merge(files::routes())
        .merge(batch::routes())
        .merge(resolve::routes())
        .merge(events::routes())
        .merge(groups::routes())
}

/// The bucket that a path addresses, whose owner may be the caller.
fn addressed(caller: &Caller, at: &At) -> RepoAddr {
    let own = caller.user().filter(|_| at.addr.namespace.key() == ME);
    match own {
        Some(user) => RepoAddr { namespace: user.name.clone(), ..at.addr.clone() },
        None => at.addr.clone(),
    }
}

/// Opens the bucket that a path addresses.
pub(crate) async fn open(repos: &Repos, caller: &Caller, at: &At, access: Access) -> Answer<Bucket> {
    let addr = addressed(caller, at);
    debug_assert_eq!(addr.kind, RepoKind::Bucket);
    repos.open_bucket(caller, &addr, access).await.map_err(|error| Failed::at(&at.addr, error))
}
