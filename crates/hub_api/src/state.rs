//! What the handlers of this face need, taken apart by substate: a signature lists what its handler touches.

use std::sync::Arc;

use axum::extract::FromRef;
use hub_account::Accounts;
use hub_repo::Repos;
use serde_json::Value;

/// The state of the API.
#[derive(Clone)]
pub struct ApiState {
    repos: Repos,
    description: Arc<Value>,
}

impl ApiState {
    /// The state over these repositories, and through them over who is who.
    pub fn new(repos: Repos) -> Self {
        Self { repos, description: Arc::new(crate::routes().openapi(&crate::misc::info())) }
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

impl FromRef<ApiState> for Arc<Value> {
    fn from_ref(state: &ApiState) -> Self {
        state.description.clone()
    }
}
