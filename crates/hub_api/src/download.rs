//! What brings content out: files by path, large files by hash.

pub(crate) mod file;
mod resolve;

use hub_http::ApiRouter;

use crate::ApiState;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    resolve::routes()
}
