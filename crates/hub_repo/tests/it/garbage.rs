//! Collection: what nothing refers to goes, what something refers to stays.

use hub_core::Revision;
use hub_test::TestEngine;

use crate::support::{commit, model, put, put_large, read, upload};

const HOUR_MS: i64 = 3600 * 1000;

#[tokio::test(flavor = "multi_thread")]
async fn only_what_nothing_refers_to_and_is_old_enough_goes() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/garbage").await;
    upload(&engine, &repo, b"kept").await.expect("uploaded");
    upload(&engine, &repo, b"never committed").await.expect("uploaded");
    commit(&repo, "one", vec![put_large("w.bin", b"kept"), put("big.txt", &"x".repeat(200_000))]).await.expect("one");
    commit(&repo, "two", vec![put("a", "2")]).await.expect("two");
    assert_eq!(engine.repos.collect_garbage(3600).await.expect("collected"), Default::default(), "all is young");

    repo.super_squash(&Revision::main(), "").await.expect("squashed");
    engine.clock.advance_millis(2 * HOUR_MS);
    let report = engine.repos.collect_garbage(3600).await.expect("collected");
    assert_eq!((report.holdings, report.contents, report.stray_keys), (1, 1, 0));
    assert!(report.objects >= 3, "the old commits and their trees: {report:?}");
    assert_eq!(read(&repo, "w.bin").await.expect("kept"), b"kept");
    assert_eq!(read(&repo, "big.txt").await.expect("kept").len(), 200_000);
    assert!(engine.repos.check(true).await.expect("checked").damages.is_empty());
    assert_eq!(engine.repos.collect_garbage(3600).await.expect("collected"), Default::default(), "nothing is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_used_again_is_young_again() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/again").await;
    commit(&repo, "one", vec![put("a", "old content")]).await.expect("one");
    commit(&repo, "two", vec![put("a", "other")]).await.expect("two");
    repo.super_squash(&Revision::main(), "").await.expect("squashed");
    engine.clock.advance_millis(2 * HOUR_MS);
    commit(&repo, "back", vec![put("a", "old content")]).await.expect("back");
    engine.repos.collect_garbage(3600).await.expect("collected");
    assert_eq!(read(&repo, "a").await.expect("readable"), b"old content");
    assert!(engine.repos.check(true).await.expect("checked").damages.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_repository_gives_its_bytes_back() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/deleted").await;
    upload(&engine, &repo, b"weights").await.expect("uploaded");
    commit(&repo, "one", vec![put_large("w.bin", b"weights")]).await.expect("one");
    engine.repos.delete(&repo).await.expect("deleted");
    engine.clock.advance_millis(2 * HOUR_MS);
    let report = engine.repos.collect_garbage(3600).await.expect("collected");
    assert_eq!((report.contents, report.content_bytes), (1, 7));
    let totals = engine.repos.storage_report().await.expect("counted");
    assert_eq!((totals.repos, totals.objects, totals.contents), (0, 0, 0));
}
