//! How jobs are run: each until it succeeds or is dead, none by two workers, none lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use hub_db::args;
use hub_jobs::{JobContext, JobError, NewJob, RetryPolicy, Worker, WorkerSettings};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::{Bench, bench};

#[derive(Debug, thiserror::Error)]
#[error("the disk is on fire")]
struct Fire;

fn settings() -> WorkerSettings {
    WorkerSettings {
        retry: RetryPolicy {
            max_attempts: 3,
            first_delay: Duration::from_secs(10),
            longest_delay: Duration::from_secs(60),
        },
        ..WorkerSettings::default()
    }
}

fn worker(bench: &Bench) -> Worker {
    Worker::new(bench.queue.clone(), settings())
}

#[derive(Deserialize)]
struct Sum {
    a: i64,
    b: i64,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_gets_its_payload_and_is_gone_when_done() {
    let bench = bench().await;
    let total = Arc::new(AtomicI64::new(0));
    let sink = total.clone();
    let worker = worker(&bench).on("sum", move |Sum { a, b }, context: JobContext| {
        assert_eq!(context.attempt, 1);
        sink.fetch_add(a + b, Ordering::SeqCst);
        async { Ok(()) }
    });
    for number in 0..10 {
        bench.queue.enqueue_alone(NewJob::new("sum", json!({ "a": number, "b": 1 }))).await.unwrap();
    }
    assert_eq!(worker.run_due().await.unwrap(), 10);
    assert_eq!(total.load(Ordering::SeqCst), 55);
    assert_eq!(bench.counts().await, (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_the_future_and_of_other_workers_are_left() {
    let bench = bench().await;
    let worker = worker(&bench).on("mine", |(): (), _| async { Ok(()) });
    let soon = bench.now().plus_millis(1000);
    bench.queue.enqueue_alone(NewJob::new("mine", json!(null)).at(soon)).await.unwrap();
    bench.queue.enqueue_alone(NewJob::new("another's", json!(null))).await.unwrap();
    assert_eq!(worker.run_due().await.unwrap(), 0);
    bench.clock.advance_millis(1000);
    assert_eq!(worker.run_due().await.unwrap(), 1);
    assert_eq!(bench.counts().await, (1, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_job_rests_and_dies_in_the_end() {
    let bench = bench().await;
    let worker = worker(&bench).on("burn", |(): (), _| async { Err(Fire.into()) });
    let id = bench.queue.enqueue_alone(NewJob::new("burn", json!(null))).await.unwrap();
    assert_eq!(worker.run_due().await.unwrap(), 1);
    assert_eq!(bench.counts().await, (1, 0, 0));
    bench.clock.advance_millis(9_999);
    assert_eq!(worker.run_due().await.unwrap(), 0);
    // The second rest is twice as long, each with up to a quarter more.
    bench.clock.advance_millis(2_501);
    assert_eq!(worker.run_due().await.unwrap(), 1);
    bench.clock.advance_millis(19_999);
    assert_eq!(worker.run_due().await.unwrap(), 0);
    bench.clock.advance_millis(5_001);
    assert_eq!(worker.run_due().await.unwrap(), 1);
    assert_eq!(bench.counts().await, (0, 0, 1));

    let dead = bench.queue.dead(10).await.unwrap();
    assert_eq!((dead[0].id, dead[0].attempts, dead[0].kind.as_str()), (id, 3, "burn"));
    assert_eq!(dead[0].last_error.as_deref(), Some("the disk is on fire"));
    assert!(bench.queue.revive(id).await.unwrap());
    assert!(!bench.queue.revive(id).await.unwrap());
    assert_eq!(bench.counts().await, (1, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_attempt_can_mend_is_dead_at_once() {
    let bench = bench().await;
    let worker = worker(&bench)
        .on("impossible", |(): (), _| async { Err(JobError::give_up(Fire)) })
        .on("sum", |_: Sum, _| async { Ok(()) });
    bench.queue.enqueue_alone(NewJob::new("impossible", json!(null))).await.unwrap();
    bench.queue.enqueue_alone(NewJob::new("sum", json!("no sum"))).await.unwrap();
    assert_eq!(worker.run_due().await.unwrap(), 2);
    assert_eq!(bench.counts().await, (0, 0, 2));
    assert_eq!(bench.queue.remove_dead(bench.now()).await.unwrap(), 0);
    assert_eq!(bench.queue.remove_dead(bench.now().plus_millis(1)).await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_a_failed_attempt() {
    let bench = bench().await;
    let worker = worker(&bench).on("panic", |(): (), _| async { panic!("at the disco") });
    bench.queue.enqueue_alone(NewJob::new("panic", json!(null))).await.unwrap();
    assert_eq!(worker.run_due().await.unwrap(), 1);
    assert_eq!(bench.counts().await, (1, 0, 0));
}

/// A job that was taken by a process that died: its row is as that process left it.
async fn abandon(bench: &Bench, attempts: i64) {
    bench.queue.enqueue_alone(NewJob::new("index", json!(null))).await.expect("a job is put in");
    let lease_end = bench.now().plus_millis(60_000);
    let sql = "UPDATE job SET state = 1, lease = 1, due_at = $1, attempts = $2";
    bench.db.exec(sql, args![lease_end, attempts]).await.expect("the row is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_a_dead_process_goes_on_when_its_lease_ends() {
    let bench = bench().await;
    let worker = worker(&bench).on("index", |(): (), context: JobContext| async move {
        assert_eq!(context.attempt, 2);
        Ok(())
    });
    abandon(&bench, 1).await;
    bench.clock.advance_millis(59_999);
    assert_eq!(worker.run_due().await.unwrap(), 0);
    bench.clock.advance_millis(1);
    assert_eq!(worker.run_due().await.unwrap(), 1);
    assert_eq!(bench.counts().await, (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_kills_its_process_each_time_dies() {
    let bench = bench().await;
    let worker = worker(&bench).on("index", |(): (), _| async { Ok(()) });
    abandon(&bench, 3).await;
    bench.clock.advance_millis(60_000);
    assert_eq!(worker.run_due().await.unwrap(), 0);
    assert_eq!(bench.counts().await, (0, 0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_free_while_its_job_runs() {
    let bench = bench().await;
    let queue = bench.queue.clone();
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = runs.clone();
    let worker = worker(&bench).on("index", move |(): (), _| {
        let (queue, first) = (queue.clone(), counter.fetch_add(1, Ordering::SeqCst) == 0);
        async move {
            if first {
                queue.enqueue_alone(NewJob::new("index", json!(null)).once_per("7")).await?;
                return Err(Fire.into());
            }
            Ok(())
        }
    });
    bench.queue.enqueue_alone(NewJob::new("index", json!(null)).once_per("7")).await.unwrap();
    // The first fails while the second waits: the second does the work of both.
    assert_eq!(worker.run_due().await.unwrap(), 2);
    assert_eq!(bench.counts().await, (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_job_is_run_by_two_workers() {
    let bench = bench().await;
    let runs = Arc::new(AtomicUsize::new(0));
    for number in 0..60 {
        bench.queue.enqueue_alone(NewJob::new("count", json!(number))).await.unwrap();
    }
    let mut workers = Vec::new();
    for _ in 0..4 {
        let counter = runs.clone();
        let worker = worker(&bench).on("count", move |_: i64, _| {
            counter.fetch_add(1, Ordering::SeqCst);
            async { Ok(()) }
        });
        workers.push(tokio::spawn(async move { worker.run_due().await.unwrap() }));
    }
    let mut attempts = 0;
    for worker in workers {
        attempts += worker.await.unwrap();
    }
    assert_eq!((attempts, runs.load(Ordering::SeqCst)), (60, 60));
    assert_eq!(bench.counts().await, (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_runs_few_at_a_time_and_stops_when_told() {
    let bench = bench().await;
    let (started, mut starts) = mpsc::unbounded_channel();
    let go_on = Arc::new(Notify::new());
    let gate = go_on.clone();
    let settings = WorkerSettings { concurrency: 2, ..settings() };
    let worker = Worker::new(bench.queue.clone(), settings).on("wait", move |number: i64, context: JobContext| {
        let (started, gate) = (started.clone(), gate.clone());
        async move {
            started.send(number)?;
            tokio::select! {
                () = gate.notified() => Ok(()),
                () = context.cancelled.cancelled() => Err(Fire.into()),
            }
        }
    });
    for number in 0..4 {
        bench.queue.enqueue_alone(NewJob::new("wait", json!(number))).await.unwrap();
    }
    let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
    tracker.spawn(worker.run(stop.clone(), tracker.clone()));
    starts.recv().await.unwrap();
    starts.recv().await.unwrap();
    assert_eq!(bench.counts().await, (2, 2, 0));
    assert!(starts.try_recv().is_err());
    // One ends, and its place is taken.
    go_on.notify_one();
    starts.recv().await.unwrap();

    stop.cancel();
    tracker.close();
    tracker.wait().await;
    // What was stopped waits again, and the attempt does not count.
    assert_eq!(bench.counts().await, (3, 0, 0));
    let tried: Vec<(i64,)> = bench.db.query("SELECT attempts FROM job WHERE attempts > 0", args![]).await.unwrap();
    assert!(tried.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_lost_its_lease_stops_and_changes_nothing() {
    let bench = bench().await;
    let (started, mut starts) = mpsc::unbounded_channel();
    let (ended, mut ends) = mpsc::unbounded_channel::<()>();
    let settings = WorkerSettings { lease: Duration::from_millis(30), ..settings() };
    let worker = Worker::new(bench.queue.clone(), settings).on("hang", move |(): (), _| {
        let (started, held) = (started.clone(), ended.clone());
        async move {
            started.send(())?;
            std::future::pending::<()>().await;
            drop(held);
            Ok(())
        }
    });
    bench.queue.enqueue_alone(NewJob::new("hang", json!(null))).await.unwrap();
    let running = tokio::spawn(async move { worker.run_due().await });
    starts.recv().await.unwrap();
    bench.db.exec("UPDATE job SET lease = 99", args![]).await.unwrap();
    assert_eq!(running.await.unwrap().unwrap(), 1);
    // The handler was dropped with all that it held.
    assert!(ends.recv().await.is_none());
    assert_eq!(bench.db.query::<(i64,)>("SELECT lease FROM job", args![]).await.unwrap(), [(99,)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_worker_is_woken() {
    let bench = bench().await;
    let (done, mut dones) = mpsc::unbounded_channel();
    let settings = WorkerSettings { poll: Duration::from_secs(3600), ..settings() };
    let worker = Worker::new(bench.queue.clone(), settings).on("ring", move |number: i64, _| {
        let done = done.clone();
        async move { Ok(done.send(number)?) }
    });
    let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
    tracker.spawn(worker.run(stop.clone(), tracker.clone()));
    for number in 0..5 {
        bench.queue.enqueue_alone(NewJob::new("ring", json!(number))).await.unwrap();
        assert_eq!(dones.recv().await, Some(number));
    }
    stop.cancel();
    tracker.close();
    tracker.wait().await;
}
