//! People and organisations: who the caller is, what everyone may know of a name.

mod overview;
mod profile;
mod publishers;
mod whoami;

use hub_http::ApiRouter;

use crate::ApiState;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    whoami::routes().merge(overview::routes()).merge(profile::routes()).merge(publishers::routes())
}
