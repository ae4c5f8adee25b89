//! What people do about repositories together.

mod access;
mod blocks;
mod collections;
mod discussions;
mod feed;
mod follows;
mod likes;
mod notifications;
mod papers;
pub(crate) mod people;
mod pieces;
mod reports;
mod webhooks;

use hub_http::ApiRouter;

use crate::ApiState;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    discussions::routes()
        .merge(likes::routes())
        .merge(follows::routes())
        .merge(access::routes())
        .merge(collections::routes())
        .merge(webhooks::routes())
        .merge(notifications::routes())
        .merge(papers::routes())
        .merge(pieces::routes())
        .merge(feed::routes())
        .merge(reports::routes())
        .merge(blocks::routes())
}
