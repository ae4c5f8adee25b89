//! What the handlers of this face need, taken apart by substate: a signature lists what its handler touches.

use axum::extract::FromRef;
use hub_account::Accounts;
use hub_cas::Cas;
use hub_catalog::Catalog;
use hub_community::Community;
use hub_insights::Insights;
use hub_repo::Repos;
use hub_search::Search;

use crate::buckets::Streams;
use crate::insights::Exports;
use crate::xet::{XetEpoch, XetFigures};

/// The state of the API.
#[derive(Clone)]
pub struct ApiState {
    /// All repositories, and through them who is who.
    pub repos: Repos,
    /// The index by which they are found.
    pub catalog: Catalog,
    /// The index of what they say.
    pub search: Search,
    /// What is told to the public of all of it.
    pub insights: Insights,
    /// The exports that are under way.
    pub exports: Exports,
    /// What people do about repositories together.
    pub community: Community,
    /// The chunk store.
    pub cas: Cas,
    /// The word in its address.
    pub xet_epoch: XetEpoch,
    /// What is counted of its use.
    pub xet_figures: XetFigures,
    /// Answers that last.
    pub streams: Streams,
}

impl FromRef<ApiState> for Streams {
    fn from_ref(state: &ApiState) -> Self {
        state.streams.clone()
    }
}

impl FromRef<ApiState> for XetFigures {
    fn from_ref(state: &ApiState) -> Self {
        state.xet_figures.clone()
    }
}

impl FromRef<ApiState> for Repos {
    fn from_ref(state: &ApiState) -> Self {
        state.repos.clone()
    }
}

impl FromRef<ApiState> for Search {
    fn from_ref(state: &ApiState) -> Self {
        state.search.clone()
    }
}

impl FromRef<ApiState> for Insights {
    fn from_ref(state: &ApiState) -> Self {
        state.insights.clone()
    }
}

impl FromRef<ApiState> for Exports {
    fn from_ref(state: &ApiState) -> Self {
        state.exports.clone()
    }
}

impl FromRef<ApiState> for Catalog {
    fn from_ref(state: &ApiState) -> Self {
        state.catalog.clone()
    }
}

impl FromRef<ApiState> for Community {
    fn from_ref(state: &ApiState) -> Self {
        state.community.clone()
    }
}

impl FromRef<ApiState> for Accounts {
    fn from_ref(state: &ApiState) -> Self {
        state.repos.accounts().clone()
    }
}

impl FromRef<ApiState> for Cas {
    fn from_ref(state: &ApiState) -> Self {
        state.cas.clone()
    }
}

impl FromRef<ApiState> for XetEpoch {
    fn from_ref(state: &ApiState) -> Self {
        state.xet_epoch.clone()
    }
}
