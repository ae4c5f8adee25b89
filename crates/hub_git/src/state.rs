//! What the handlers of this face need, taken apart by substate.

use std::path::PathBuf;

use axum::extract::FromRef;
use hub_account::Accounts;
use hub_repo::Repos;

/// The state of the git face.
#[derive(Clone)]
pub struct GitState {
    /// All repositories, and through them who is who.
    pub repos: Repos,
    /// The folder where a push is kept until it was found good.
    pub incoming: PathBuf,
}

impl FromRef<GitState> for Repos {
    fn from_ref(state: &GitState) -> Self {
        state.repos.clone()
    }
}

impl FromRef<GitState> for Accounts {
    fn from_ref(state: &GitState) -> Self {
        state.repos.accounts().clone()
    }
}
