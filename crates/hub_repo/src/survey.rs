//! What an index over all repositories needs to know of each, hidden ones included.
//!
//! Indexes are derived: they read everything once, follow the events, and read again what changed. They answer with
//! keys; [`Repos::pick`] turns keys into repositories and is what decides who may see which.

use std::collections::HashMap;

use hub_account::{Caller, NamespaceId};
use hub_core::{RepoKind, Timestamp};
use hub_jobs::Event;

use crate::open::granted;
use crate::store::{list, repos, secrets, survey};
use crate::{Gating, ListedRepo, RepoError, RepoId, RepoState, Repos};

/// What can be searched of a repository.
#[derive(Clone, PartialEq, Debug)]
pub struct Surveyed {
    /// Its key.
    pub id: RepoId,
    /// What it is.
    pub kind: RepoKind,
    /// Whose it is.
    pub owner: NamespaceId,
    /// `namespace/name`, in lower case.
    pub name: String,
    /// Whether only its owners may know of it.
    pub is_hidden: bool,
    /// Whether files are shown only on request.
    pub gating: Gating,
    /// When it was created.
    pub created: Timestamp,
    /// When a reference or a setting last changed.
    pub modified: Timestamp,
    /// Downloads of the last 30 days.
    pub downloads: u64,
    /// Likes.
    pub likes: u64,
    /// The trending score.
    pub trending: i64,
    /// Parameters in all, if it is a model whose files say so.
    pub parameters: Option<u64>,
    /// The bytes of all its files and history.
    pub used_bytes: u64,
    /// Tags by which lists filter.
    pub tags: Vec<String>,
    /// The task of a model.
    pub task: Option<String>,
    /// The library that loads a model.
    pub library: Option<String>,
    /// The models that the card names, which is what a Space uses.
    pub models: Vec<String>,
    /// The datasets that the card names.
    pub datasets: Vec<String>,
}

/// The most repositories that one call surveys or picks.
pub const SURVEY_MAX: usize = 5000;

/// The repositories that an event is about.
pub fn named_by(event: &Event) -> Vec<RepoId> {
    if event.kind == "repos.counted" {
        let named = event.payload.get("repos").and_then(|repos| repos.as_array());
        return named.into_iter().flatten().filter_map(|key| key.as_i64()).map(RepoId::from_key).collect();
    }
    let key = event.subject.strip_prefix("repo:").and_then(|key| key.parse().ok());
    key.map(RepoId::from_key).into_iter().collect()
}

impl Repos {
    /// A word that tells this instance from all others, the same on every replica and for ever: what is derived from its
    /// database is kept under it.
    pub async fn instance(&self) -> Result<String, RepoError> {
        let key = secrets::get_or_create(self.db(), "instance", self.ids()).await?;
        Ok(hex::encode(&key[..key.len().min(16)]))
    }

    /// The next repositories by key, at most [`SURVEY_MAX`]; fewer mean that there are no more.
    pub async fn survey(&self, after: Option<RepoId>) -> Result<Vec<Surveyed>, RepoError> {
        survey::after(self.db(), after.map_or(i64::MIN, |id| id.0), SURVEY_MAX as i64).await
    }

    /// These repositories, as far as they exist, in no order.
    pub async fn survey_of(&self, ids: &[RepoId]) -> Result<Vec<Surveyed>, RepoError> {
        survey::of(self.db(), ids).await
    }

    /// What is stored of a repository, for features that work in the background; who may know of it, they ask for
    /// themselves.
    pub async fn state_of(&self, id: RepoId) -> Result<Option<RepoState>, RepoError> {
        repos::by_id(self.db(), id).await?.map(repos::RepoRow::into_state).transpose()
    }

    /// Those of the repositories that the caller may know of.
    pub async fn known(&self, caller: &Caller, ids: &[RepoId]) -> Result<HashMap<RepoId, RepoState>, RepoError> {
        let mut known = HashMap::new();
        for row in repos::of(self.db(), ids).await? {
            let state = row.into_state()?;
            if granted(caller, &state).is_some() {
                known.insert(state.id, state);
            }
        }
        Ok(known)
    }

    /// The repositories of these keys in their order, without those that are gone or that the caller may not know of.
    pub async fn pick(&self, caller: &Caller, ids: &[RepoId]) -> Result<Vec<ListedRepo>, RepoError> {
        let mut found = Vec::with_capacity(ids.len());
        for row in list::of(self.db(), ids).await? {
            let listed = row.into_listed()?;
            if granted(caller, &listed.state).is_some() {
                found.push(listed);
            }
        }
        let place = |listed: &ListedRepo| ids.iter().position(|id| *id == listed.state.id);
        found.sort_by_cached_key(place);
        Ok(found)
    }
}
