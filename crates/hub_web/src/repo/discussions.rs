//! The community tab: discussions and pull requests of a repository, listed, opened, read and answered.

mod act;
mod conflicts;
mod files;
mod list;
mod notes;
mod thread;

use hub_http::ApiRouter;

use crate::WebState;

pub(super) fn routes() -> ApiRouter<WebState> {
    list::routes().merge(thread::routes()).merge(act::routes()).merge(files::routes()).merge(conflicts::routes())
}
