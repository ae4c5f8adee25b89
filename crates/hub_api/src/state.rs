//! What the handlers of this face need, taken apart by substate: a signature lists what its handler touches.

use axum::extract::FromRef;
use hub_account::Accounts;
use hub_repo::Repos;

/// The state of the API.
#[derive(Clone)]
pub struct ApiState {
    pub repos: Repos,
}

impl ApiState {
    /// The state over all repositories, and through them over who is who.
    pub fn new(repos: Repos) -> Self {
        Self { repos }
    }
}

impl FromRef<ApiState> for Repos {
    fn from_ref(state: &ApiState) -> Self {
        state.repos.clone()
    }
}

impl FromRef<ApiState> for Accounts {
    fn from_ref(state: &ApiState) -> Self {
        state.repos.accounts().clone()
    }
}
