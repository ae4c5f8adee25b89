//! What is done again and again is done once each time, however many replicas there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hub_jobs::{Worker, WorkerSettings};

use crate::{Bench, bench};

const HOUR: i64 = 3_600_000;

/// A worker that counts the runs of an hourly job.
fn hourly(bench: &Bench) -> (Worker, Arc<AtomicUsize>) {
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = runs.clone();
    let worker = Worker::new(bench.queue.clone(), WorkerSettings::default())
        .on("sweep", move |(): (), _| {
            counter.fetch_add(1, Ordering::SeqCst);
            async { Ok(()) }
        })
        .every("sweep", Duration::from_secs(3600));
    (worker, runs)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_runs_once_an_interval() {
    let bench = bench().await;
    let (worker, runs) = hourly(&bench);
    let after = |millis: i64, expect: usize| {
        let (bench, worker, runs) = (&bench, &worker, &runs);
        async move {
            bench.clock.advance_millis(millis);
            worker.run_due().await.expect("the worker reaches its queue");
            assert_eq!(runs.load(Ordering::SeqCst), expect, "at {}", bench.now());
        }
    };
    after(0, 0).await;
    after(HOUR - 1, 0).await;
    after(1, 1).await;
    after(0, 1).await;
    after(HOUR, 2).await;
    // Turns that nobody took are not made up for.
    after(10 * HOUR, 3).await;
    after(HOUR - 1, 3).await;
    after(1, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_share_a_schedule() {
    let bench = bench().await;
    let (first, first_runs) = hourly(&bench);
    let (second, second_runs) = hourly(&bench);
    first.run_due().await.unwrap();
    second.run_due().await.unwrap();
    for round in 1..=5 {
        bench.clock.advance_millis(HOUR);
        let (one, two) = tokio::join!(first.run_due(), second.run_due());
        one.unwrap();
        two.unwrap();
        assert_eq!(first_runs.load(Ordering::SeqCst) + second_runs.load(Ordering::SeqCst), round);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shorter_interval_counts_at_once() {
    let bench = bench().await;
    let (worker, runs) = hourly(&bench);
    worker.run_due().await.unwrap();
    let quicker = Worker::new(bench.queue.clone(), WorkerSettings::default())
        .on("sweep", |(): (), _| async { Ok(()) })
        .every("sweep", Duration::from_secs(60));
    quicker.run_due().await.unwrap();
    bench.clock.advance_millis(60_000);
    assert_eq!(quicker.run_due().await.unwrap(), 1);
    assert_eq!(runs.load(Ordering::SeqCst), 0);
}
