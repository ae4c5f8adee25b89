//! What a repository holds: files, references, history.

mod commits;
mod refs;
mod tree;

use hub_http::ApiRouter;

use crate::ApiState;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    tree::routes().merge(refs::routes()).merge(commits::routes())
}
