//! Lists of objects of recent clones. What a tip reaches never changes, so a list can be stale on no replica; it spares
//! reading each tree of the history again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use hub_core::Oid;

use super::ObjectFilter;
use crate::RepoId;

/// What a list is the answer to: everything that is wanted, in order, and what is left out.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct CloneKey {
    pub(super) repo: RepoId,
    pub(super) wants: Vec<Oid>,
    pub(super) filter: ObjectFilter,
}

type Lists = HashMap<CloneKey, Arc<Vec<Oid>>>;

/// Two generations, as for trees: the old one goes when the young one is full.
#[derive(Default)]
struct State {
    young: Lists,
    old: Lists,
    young_objects: usize,
}

/// How many ids a generation holds: 20 MB.
const GENERATION_OBJECTS: usize = 1_000_000;

/// The lists of this process.
#[derive(Default)]
pub(crate) struct WalkCache(Mutex<State>);

impl WalkCache {
    pub(super) fn get(&self, key: &CloneKey) -> Option<Arc<Vec<Oid>>> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(list) = state.young.get(key) {
            return Some(list.clone());
        }
        let list = state.old.remove(key)?;
        state.insert(key.clone(), list.clone());
        Some(list)
    }

    pub(super) fn insert(&self, key: CloneKey, list: Arc<Vec<Oid>>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, list);
    }
}

impl State {
    fn insert(&mut self, key: CloneKey, list: Arc<Vec<Oid>>) {
        let objects = list.len() + key.wants.len();
        if objects > GENERATION_OBJECTS {
            return;
        }
        if self.young_objects + objects > GENERATION_OBJECTS {
            self.old = std::mem::take(&mut self.young);
            self.young_objects = 0;
        }
        self.young_objects += objects;
        self.young.insert(key, list);
    }
}
