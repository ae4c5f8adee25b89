//! What is removed in the background, by one of several replicas.

use hearth::config::Config;
use hearth::housekeeping::worker;
use hub_jobs::{Outbox, OutboxError, Sequence};

use crate::site::{Site, application};

const DAY_MILLIS: i64 = 86_400_000;

#[tokio::test(flavor = "multi_thread")]
async fn old_events_and_uploads_go_and_one_replica_sees_to_it() {
    let site = Site::furnished().await;
    // The bytes arrive and no commit follows.
    let oid = site.upload_large("alice", "alice/m", b"never committed").await;
    let (_, hub, _) = application(&site.engine);
    let (one, two) = (worker(&hub, &Config::default()), worker(&hub, &Config::default()));
    assert_eq!((one.run_due().await.unwrap(), two.run_due().await.unwrap()), (0, 0), "the first turn is yet to come");
    let outbox = Outbox::new(hub.db.clone());
    assert!(!outbox.after(Sequence::START, 10).await.unwrap().is_empty());

    site.engine.clock.advance_millis(31 * DAY_MILLIS);
    let (by_one, by_two) = tokio::join!(one.run_due(), two.run_due());
    let together = by_one.unwrap() + by_two.unwrap();
    assert!(matches!(outbox.after(Sequence::START, 10).await, Err(OutboxError::Pruned { .. })));
    let plan = site.batch("alice", "alice/m", "upload", &oid, 15).await.ok().json();
    assert!(plan["objects"][0]["actions"]["upload"].is_object(), "the bytes are gone: {plan}");

    site.engine.clock.advance_millis(31 * DAY_MILLIS);
    assert_eq!(one.run_due().await.unwrap(), together, "two replicas do no more than one");
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_left_alone_where_the_operator_wants_that() {
    let site = Site::furnished().await;
    let oid = site.upload_large("alice", "alice/m", b"never committed").await;
    let (_, hub, _) = application(&site.engine);
    let mut config = Config::default();
    config.jobs.garbage_secs = 0;
    let worker = worker(&hub, &config);
    worker.run_due().await.unwrap();
    site.engine.clock.advance_millis(31 * DAY_MILLIS);
    assert!(worker.run_due().await.unwrap() > 0);
    let plan = site.batch("alice", "alice/m", "upload", &oid, 15).await.ok().json();
    assert!(plan["objects"][0].get("actions").is_none(), "the bytes are still there: {plan}");
}
