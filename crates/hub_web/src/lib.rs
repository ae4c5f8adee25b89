//! Server-rendered pages: they work without JavaScript, under a policy that lets none run.
//!
//! One directory per page holds its handler, its view and its template. A view has values as they are shown; templates
//! only loop, choose and include. Forms carry a token that other sites cannot know (`csrf.rs`).

mod assets;
mod csrf;
mod error;
mod home;
mod join;
mod page;
mod repo;
mod setup;
mod state;

use hub_http::ApiRouter;

pub use state::WebState;

/// Every page.
pub fn routes() -> ApiRouter<WebState> {
    home::routes().merge(setup::routes()).merge(join::routes()).merge(assets::routes()).merge(repo::routes())
}
