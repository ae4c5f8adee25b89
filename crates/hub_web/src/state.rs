//! What the pages need, taken apart by substate.

use std::sync::Arc;

use axum::extract::FromRef;
use hub_account::Accounts;
use hub_core::{Clock, Ids};
use hub_repo::Repos;

/// The state of the pages.
#[derive(Clone)]
pub struct WebState {
    /// All repositories, and through them who is who.
    pub repos: Repos,
    /// Where the tokens of forms come from.
    pub ids: Arc<dyn Ids>,
    /// By what pages say how long ago something was.
    pub clock: Arc<dyn Clock>,
}

impl FromRef<WebState> for Repos {
    fn from_ref(state: &WebState) -> Self {
        state.repos.clone()
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
