//! Queues for the writers of a branch within one process. They only spare work that compare-and-swap would refuse:
//! correctness never rests on them.

use std::hash::{BuildHasher, RandomState};

use hub_core::RefName;
use tokio::sync::{Mutex, MutexGuard};

use crate::RepoId;

/// How many queues there are; branches share them by hash, so their number is bounded.
const QUEUES: usize = 256;

/// A fixed set of queues.
pub(crate) struct BranchQueues {
    queues: Vec<Mutex<()>>,
    hasher: RandomState,
}

impl Default for BranchQueues {
    fn default() -> Self {
        Self { queues: (0..QUEUES).map(|_| Mutex::new(())).collect(), hasher: RandomState::new() }
    }
}

impl BranchQueues {
    /// Waits until no other writer of this process is at work on the branch.
    pub(crate) async fn turn(&self, repo: RepoId, branch: &RefName) -> MutexGuard<'_, ()> {
        let place = self.hasher.hash_one((repo, branch)) as usize % QUEUES;
        self.queues[place].lock().await
    }
}
