//! `/settings`: what a person decides about their own account.

mod about;
mod apps;
mod blocked;
mod factor;
mod keys;
mod leave;
mod naming;
mod notifications;
pub(crate) mod passkeys;
mod password;
mod profile;
mod publishers;
pub(crate) mod reports;
mod sessions;
mod tokens;

pub(crate) use about::kind_shown;
use hub_http::{AccessClass, ApiRouter, RouteDraft};

use crate::WebState;

pub(crate) fn routes() -> ApiRouter<WebState> {
    profile::routes()
        .merge(about::routes())
        .merge(leave::routes())
        .merge(naming::routes())
        .merge(password::routes())
        .merge(factor::routes())
        .merge(sessions::routes())
        .merge(tokens::routes())
        .merge(keys::routes())
        .merge(apps::routes())
        .merge(passkeys::routes())
        .merge(notifications::routes())
        .merge(publishers::routes())
        .merge(reports::routes())
        .merge(blocked::routes())
}

fn get(path: &str) -> RouteDraft {
    hub_http::get(path).access(AccessClass::Login).undocumented()
}

fn post(path: &str) -> RouteDraft {
    hub_http::post(path).access(AccessClass::Login).undocumented()
}
