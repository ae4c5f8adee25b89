//! What brings content in: the question before an upload, the commit, large files.

mod commit;
mod large_list;
mod lfs;
pub(crate) mod lines;
mod locks;
mod preupload;

use hub_http::ApiRouter;

use crate::ApiState;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    preupload::routes().merge(commit::routes()).merge(lfs::routes()).merge(locks::routes()).merge(large_list::routes())
}
