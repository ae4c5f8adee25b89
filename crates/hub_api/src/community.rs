//! What people do about repositories together.

mod discussions;
mod people;

use hub_http::ApiRouter;

use crate::ApiState;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    discussions::routes()
}
