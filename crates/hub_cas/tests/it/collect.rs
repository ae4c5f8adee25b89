//! What nobody needs goes, in time and not before.

use hub_blob::{CopyId, ObjectKey};
use hub_cas::{CasError, CollectReport, ScopeFigures};
use hub_core::XetHash;

use crate::support::{ALICE, BOB, DAY_MS, HOUR_MS, NOBODY, Needs, Packed, World, body, noise};

#[tokio::test(flavor = "multi_thread")]
async fn content_goes_step_by_step() {
    let world = World::new().await;
    let packed = Packed::new(&[&noise(1, 1_000_000)], 4);
    world.upload(ALICE, &packed).await.unwrap();
    let file = packed.files[0].hash;
    let xorbs = packed.xorbs.len() as u64;
    let nobody = Needs::default();
    let days = async |days: i64| {
        world.clock.advance_millis(days * DAY_MS);
        world.cas.collect(&nobody).await.unwrap()
    };
    assert_eq!(days(0).await, CollectReport::default());
    world.clock.advance_millis(23 * HOUR_MS);
    assert_eq!(days(0).await, CollectReport::default(), "a commit may be about to name the file");
    let report = days(1).await;
    assert_eq!((report.holdings, report.files, report.condemned), (1, 1, 0));
    assert!(matches!(world.cas.read(&file, 0..1).await.err().unwrap(), CasError::FileNotFound(_)));
    assert_eq!(days(26).await, CollectReport::default(), "clients may believe in its xorbs");
    assert_eq!(days(1).await.condemned, xorbs);
    assert_eq!(days(1).await, CollectReport::default());
    let stored = world.cas.figures().await.unwrap().condemned_bytes;
    let report = days(2).await;
    assert_eq!((report.xorbs, report.freed_bytes), (xorbs, stored));
    assert_eq!(world.objects().await, [""; 0]);
    let figures = world.cas.figures().await.unwrap();
    assert_eq!(figures, hub_cas::StoreFigures::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_scope_needs_stays_for_ever() {
    let world = World::new().await;
    let content = noise(1, 1_000_000);
    let packed = Packed::new(&[&content, &noise(2, 1_000_000)], 4);
    world.upload(ALICE, &packed).await.unwrap();
    let (kept, lost) = (packed.files[0].hash, packed.files[1].hash);
    let mut tx = world.db.begin().await.unwrap();
    assert!(world.cas.hold(&mut tx, BOB, &kept).await.unwrap());
    assert!(world.cas.release(&mut tx, ALICE, &kept).await.unwrap());
    assert!(!world.cas.hold(&mut tx, BOB, &XetHash::new([1; 32])).await.unwrap());
    tx.commit().await.unwrap();
    let mut needs = Needs::default();
    needs.0.insert((BOB, kept));
    for _ in 0..4 {
        world.clock.advance_millis(40 * DAY_MS);
        world.cas.collect(&needs).await.unwrap();
    }
    assert!(world.read(&kept, 0..1_000_000).await.unwrap() == content);
    assert_eq!(world.cas.file(&lost).await.unwrap(), None);
    let xorbs: std::collections::HashSet<XetHash> = packed.files[0].terms.iter().map(|term| term.xorb).collect();
    assert_eq!(world.objects().await.len(), xorbs.len());
    let mut tx = world.db.begin().await.unwrap();
    assert_eq!(world.cas.release_all(&mut tx, BOB).await.unwrap(), 1);
    tx.commit().await.unwrap();
    for _ in 0..3 {
        world.clock.advance_millis(40 * DAY_MS);
        world.cas.collect(&needs).await.unwrap();
    }
    assert_eq!(world.objects().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn trap_25_a_client_that_remembers_may_refer_to_what_is_condemned() {
    let world = World::new().await;
    let packed = Packed::new(&[&noise(1, 1_000_000)], 4);
    world.upload(ALICE, &packed).await.unwrap();
    world.clock.advance_millis(29 * DAY_MS);
    let report = world.cas.collect(&Needs::default()).await.unwrap();
    assert_eq!(report.condemned, packed.xorbs.len() as u64);
    // Without a single xorb sent.
    world.cas.register(BOB, body(&packed.shard(), 100), |_| ()).await.unwrap();
    world.clock.advance_millis(10 * DAY_MS);
    let mut needs = Needs::default();
    needs.0.insert((BOB, packed.files[0].hash));
    assert_eq!(world.cas.collect(&needs).await.unwrap(), CollectReport::default());
    world.assert_sound().await;
}

/// An upload that was broken off before its shard goes on for as long as the client remembers what it has sent.
#[tokio::test(flavor = "multi_thread")]
async fn trap_26_xorbs_without_a_shard_wait_three_weeks_for_it() {
    let world = World::new().await;
    let packed = Packed::new(&[&noise(1, 1_000_000)], 4);
    for xorb in &packed.xorbs {
        world.cas.put_xorb(&xorb.table.hash(), body(&xorb.body, 50_000)).await.unwrap();
    }
    for _ in 0..3 {
        world.clock.advance_millis(7 * DAY_MS);
        assert_eq!(world.cas.collect(&Needs::default()).await.unwrap(), CollectReport::default());
    }
    world.cas.register(ALICE, body(&packed.shard(), 100), |_| ()).await.unwrap();
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_to_what_is_gone_is_refused() {
    let world = World::new().await;
    let packed = Packed::new(&[&noise(1, 1_000_000)], 4);
    world.upload(ALICE, &packed).await.unwrap();
    for _ in 0..2 {
        world.clock.advance_millis(29 * DAY_MS);
        world.cas.collect(&Needs::default()).await.unwrap();
    }
    let error = world.cas.register(ALICE, body(&packed.shard(), 100), |_| ()).await.unwrap_err();
    assert!(matches!(error, CasError::XorbMissing { .. }), "{error:?}");
    // Sent again, it is another generation.
    world.upload(ALICE, &packed).await.unwrap();
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_without_a_row_go_when_they_are_old() {
    let world = World::new().await;
    let packed = Packed::new(&[&noise(1, 300_000)], 4);
    world.upload(ALICE, &packed).await.unwrap();
    let other: CopyId = "ffffffffffffffff".parse().unwrap();
    let stray = ObjectKey::Xorb { hash: packed.xorbs[0].table.hash(), generation: other.clone() };
    let other = ObjectKey::Large { sha256: hub_core::Sha256::new([1; 32]), copy: other };
    for key in [&stray, &other] {
        let mut writer = world.blobs.store.writer(key).await.unwrap();
        writer.write("bytes".into()).await.unwrap();
        writer.finish().await.unwrap();
    }
    let mut needs = Needs::default();
    needs.0.insert((ALICE, packed.files[0].hash));
    assert_eq!(world.cas.collect(&needs).await.unwrap().stray_keys, 0);
    let written = world.blobs.store.list(None, 10).await.unwrap()[0].modified;
    let now = hub_core::Clock::now(&*world.clock);
    world.clock.advance_millis(written.millis() - now.millis() + DAY_MS - 60_000);
    assert_eq!(world.cas.collect(&needs).await.unwrap().stray_keys, 0);
    world.clock.advance_millis(60 * 60_000);
    assert_eq!(world.cas.collect(&needs).await.unwrap().stray_keys, 1);
    assert_eq!(world.blobs.store.size(&stray).await.unwrap(), None);
    assert!(world.blobs.store.size(&other).await.unwrap().is_some(), "another crate's object");
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_tell_what_is_shared_and_why_bytes_are_kept() {
    let world = World::new().await;
    let (common, own) = (noise(1, 500_000), noise(2, 500_000));
    let packed = Packed::new(&[&common, &own], 1);
    world.upload(ALICE, &packed).await.unwrap();
    let shared = Packed { xorbs: Vec::new(), files: vec![packed.files[0].clone()] };
    world.cas.register(BOB, body(&shared.shard(), 100), |_| ()).await.unwrap();
    let whole = world.cas.figures().await.unwrap();
    assert_eq!((whole.files, whole.file_bytes, whole.content_bytes), (2, 1_000_000, 1_000_000));
    let listed = world.blobs.store.list(None, 1000).await.unwrap();
    assert_eq!(whole.stored_bytes, listed.iter().map(|object| object.size).sum::<u64>());
    let alice = world.cas.figures_of(ALICE, NOBODY).await.unwrap();
    let bob = world.cas.figures_of(BOB, NOBODY).await.unwrap();
    assert_eq!((alice.files, alice.stored_bytes), (2, whole.stored_bytes));
    assert_eq!(alice.own_bytes, whole.stored_bytes - bob.stored_bytes);
    assert_eq!((bob.files, bob.file_bytes, bob.content_bytes, bob.own_bytes), (1, 500_000, 500_000, 0));
    assert_eq!(world.cas.figures_of(hub_cas::Scope::new(3), NOBODY).await.unwrap(), ScopeFigures::default());

    let reasons = world.cas.reasons(&packed.files[0].terms[0].xorb).await.unwrap().unwrap();
    assert_eq!((reasons.files, reasons.scopes), (vec![packed.files[0].hash], vec![ALICE, BOB]));
    assert_eq!(world.cas.reasons(&XetHash::new([1; 32])).await.unwrap(), None);
}
