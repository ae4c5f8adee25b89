//! Access to gated repositories: asking for it, deciding, letting people in, and the report about all that.

mod ask;
mod decide;
mod report;

use hub_http::ApiRouter;

use crate::ApiState;

pub(super) fn routes() -> ApiRouter<ApiState> {
    ask::routes().merge(decide::routes()).merge(report::routes())
}
