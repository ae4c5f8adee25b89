//! What the pages need, taken apart by substate.

use std::sync::Arc;

use axum::extract::FromRef;
use hub_account::Accounts;
use hub_catalog::Catalog;
use hub_community::Community;
use hub_core::{Clock, Ids};
use hub_repo::Repos;
use hub_search::Search;

use crate::apps::AppOrigin;
use crate::house::House;
use crate::oauth::Issuers;
use crate::sso::Sso;

/// The state of the pages.
#[derive(Clone)]
pub struct WebState {
    /// All repositories, and through them who is who.
    pub repos: Repos,
    /// The index by which they are found.
    pub catalog: Catalog,
    /// The index of what they say.
    pub search: Search,
    /// Where the apps of Spaces are served.
    pub apps: AppOrigin,
    /// The origin of the blob store, where files are fetched from it: pages let pictures and sound come from there.
    pub content_origin: Option<Arc<str>>,
    /// What people do about repositories together.
    pub community: Community,
    /// Where the tokens of forms come from.
    pub ids: Arc<dyn Ids>,
    /// Those who vouch for programs, asked for their keys.
    pub issuers: Issuers,
    /// The house by which people sign in, if there is one.
    pub sso: Option<Sso>,
    /// The installation itself.
    pub house: House,
    /// By what pages say how long ago something was.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for WebState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebState").field("apps", &self.apps).finish_non_exhaustive()
    }
}

impl FromRef<WebState> for Issuers {
    fn from_ref(state: &WebState) -> Self {
        state.issuers.clone()
    }
}

impl FromRef<WebState> for Repos {
    fn from_ref(state: &WebState) -> Self {
        state.repos.clone()
    }
}

impl FromRef<WebState> for AppOrigin {
    fn from_ref(state: &WebState) -> Self {
        state.apps.clone()
    }
}

impl FromRef<WebState> for Search {
    fn from_ref(state: &WebState) -> Self {
        state.search.clone()
    }
}

impl FromRef<WebState> for Catalog {
    fn from_ref(state: &WebState) -> Self {
        state.catalog.clone()
    }
}

impl FromRef<WebState> for Community {
    fn from_ref(state: &WebState) -> Self {
        state.community.clone()
    }
}

impl FromRef<WebState> for Accounts {
    fn from_ref(state: &WebState) -> Self {
        state.repos.accounts().clone()
    }
}

impl FromRef<WebState> for Arc<dyn Ids> {
    fn from_ref(state: &WebState) -> Self {
        state.ids.clone()
    }
}

impl FromRef<WebState> for Arc<dyn Clock> {
    fn from_ref(state: &WebState) -> Self {
        state.clock.clone()
    }
}
