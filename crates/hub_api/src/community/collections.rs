//! Collections.

mod change;
mod read;

use hub_http::ApiRouter;

pub(super) use read::repo_addr;

use crate::ApiState;

pub(super) fn routes() -> ApiRouter<ApiState> {
    read::routes().merge(change::routes())
}

/// The path of one collection. What its second part begins with is only for people.
const ONE: &str = "/api/collections/{namespace}/{slug}";

/// The parts of the path.
#[derive(serde::Deserialize)]
struct SlugPath {
    slug: String,
    #[serde(default)]
    item: String,
}

impl SlugPath {
    fn id(&self) -> Result<hub_community::CollectionId, hub_http::ApiError> {
        hub_community::CollectionId::of_slug(&self.slug).ok_or_else(missing)
    }

    fn item(&self) -> Result<hub_community::ItemId, hub_http::ApiError> {
        hub_community::ItemId::of_wire(&self.item).ok_or_else(missing)
    }
}

fn missing() -> hub_http::ApiError {
    hub_http::ApiError::new(hub_core::Code::NotFound, "there is no such collection")
}
