//! Server-rendered pages: they work without JavaScript, under a policy that lets no script of a page run.
//!
//! One directory per page holds its template beside the handler and the view. A view has values as they are shown;
//! templates only loop, choose and include, and take their words from message files (`words.rs`). Every request for a
//! page is a [`visit::Visit`]: who asks, in which language, and the token that their forms must carry.

mod address;
mod admin;
mod apps;
mod assets;
mod bucket;
mod catalog;
mod collections;
mod error;
mod feed;
mod form;
mod highlight;
mod home;
mod house;
mod icon;
mod join;
mod login;
mod markdown;
mod notifications;
mod oauth;
mod organizations;
mod page;
mod papers;
mod pieces;
mod profile;
mod reactions;
mod repo;
mod repo_list;
mod search;
mod settings;
mod setup;
mod shell;
mod sso;
mod state;
mod tasks;
mod visit;
mod words;

use hub_http::ApiRouter;

pub use apps::{AppOrigin, apps, shared_apps};
pub use error::pages;
pub use house::{HealthCheck, House};
pub use oauth::Issuers;
pub use sso::Sso;
pub use state::WebState;

/// Every page.
pub fn routes() -> ApiRouter<WebState> {
    home::routes()
        .merge(setup::routes())
        .merge(join::routes())
        .merge(login::routes())
        .merge(oauth::routes())
        .merge(sso::routes())
        .merge(settings::routes())
        .merge(notifications::routes())
        .merge(admin::routes())
        .merge(organizations::routes())
        .merge(catalog::routes())
        .merge(search::routes())
        .merge(tasks::routes())
        .merge(papers::routes())
        .merge(pieces::routes())
        .merge(feed::routes())
        .merge(collections::routes())
        .merge(assets::routes())
        .merge(repo::routes())
        .merge(bucket::routes())
        .merge(profile::routes())
}
