//! What is put in the queue, and when it counts as the same.

use hub_jobs::NewJob;
use serde_json::json;

use crate::bench;

#[tokio::test(flavor = "multi_thread")]
async fn a_job_exists_when_its_transaction_commits() {
    let bench = bench().await;
    let mut tx = bench.db.begin().await.unwrap();
    bench.queue.enqueue(&mut tx, NewJob::new("index", json!(1))).await.unwrap();
    drop(tx);
    assert_eq!(bench.counts().await, (0, 0, 0));
    let mut tx = bench.db.begin().await.unwrap();
    bench.queue.enqueue(&mut tx, NewJob::new("index", json!(1))).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(bench.counts().await, (1, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_jobs_with_one_key_one_waits() {
    let bench = bench().await;
    let job = || NewJob::new("index", json!("repo 7")).once_per("7");
    let later = bench.now().plus_millis(60_000);
    let first = bench.queue.enqueue_alone(job().at(later)).await.unwrap();
    assert_eq!(bench.queue.enqueue_alone(job()).await.unwrap(), first);
    assert_eq!(bench.queue.enqueue_alone(job().at(later)).await.unwrap(), first);
    let other_key = bench.queue.enqueue_alone(job().once_per("8")).await.unwrap();
    let other_kind = bench.queue.enqueue_alone(NewJob::new("scan", json!(7)).once_per("7")).await.unwrap();
    let no_key = bench.queue.enqueue_alone(NewJob::new("index", json!(7))).await.unwrap();
    let no_key_again = bench.queue.enqueue_alone(NewJob::new("index", json!(7))).await.unwrap();
    let mut ids = [first, other_key, other_kind, no_key, no_key_again].map(|id| id.number());
    ids.sort_unstable();
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "all differ");
    assert_eq!(bench.counts().await, (5, 0, 0));
    // The earliest wish counts.
    let (due,): (i64,) =
        bench.db.query_one("SELECT due_at FROM job WHERE id = $1", hub_db::args![first.number()]).await.unwrap();
    assert_eq!(due, bench.now().millis());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_enqueue_the_same_agree_on_one() {
    let bench = bench().await;
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let queue = bench.queue.clone();
        tasks.push(tokio::spawn(async move {
            queue.enqueue_alone(NewJob::new("index", json!(1)).once_per("1")).await.unwrap()
        }));
    }
    let mut ids = Vec::new();
    for task in tasks {
        ids.push(task.await.unwrap());
    }
    assert!(ids.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(bench.counts().await, (1, 0, 0));
}
