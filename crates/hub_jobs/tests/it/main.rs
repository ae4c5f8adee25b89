//! One suite for both databases: SQLite, and PostgreSQL when `TEST_DATABASE_URL` is set.

mod outbox;
mod queue;
mod schedules;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hub_core::{Clock, FixedClock, Ids, Timestamp};
use hub_db::testing::{TestDb, database};
use hub_jobs::{KindCount, Queue};

/// Ids that count, for tests that do not guess them.
#[derive(Debug, Default)]
struct CountedIds(AtomicU64);

impl Ids for CountedIds {
    fn fill(&self, bytes: &mut [u8]) {
        let next = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        bytes.fill(0);
        for (byte, digit) in bytes.iter_mut().zip(next.to_le_bytes()) {
            *byte = digit;
        }
    }
}

/// When the tests take place.
const NOON: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// A queue in a fresh database, at a time that stands still.
struct Bench {
    db: TestDb,
    clock: Arc<FixedClock>,
    queue: Queue,
}

async fn bench() -> Bench {
    let db = database().await;
    let clock = Arc::new(FixedClock::new(NOON));
    let queue = Queue::new(db.clone(), clock.clone(), Arc::new(CountedIds::default()));
    Bench { db, clock, queue }
}

impl Bench {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Waiting, running and dead jobs of all kinds.
    async fn counts(&self) -> (u64, u64, u64) {
        let counts = self.queue.counts().await.expect("the queue can be counted");
        let sum = |of: fn(&KindCount) -> u64| counts.iter().map(of).sum();
        (sum(|kind| kind.waiting), sum(|kind| kind.running), sum(|kind| kind.dead))
    }
}
