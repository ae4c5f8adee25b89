//! The community tab: discussions and pull requests of a repository, listed, opened, read and answered.

mod act;
mod list;
mod thread;

use hub_http::ApiRouter;

use crate::WebState;

pub(super) fn routes() -> ApiRouter<WebState> {
    list::routes().merge(thread::routes()).merge(act::routes())
}
