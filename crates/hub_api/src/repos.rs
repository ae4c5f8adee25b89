//! Repositories as wholes: their life, their settings, what is known of them, lists.

mod apps;
mod branch_rules;
mod create;
mod filters;
mod info;
mod list;
mod settings;
mod spaces;
mod storage;
mod tags;
pub(crate) mod view;
mod weights;

use hub_http::ApiRouter;

use crate::ApiState;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    create::routes()
        .merge(settings::routes())
        .merge(spaces::routes())
        .merge(branch_rules::routes())
        .merge(info::routes())
        .merge(list::routes())
        .merge(storage::routes())
        .merge(tags::routes())
        .merge(weights::routes())
}
