//! The blob store fails at each single operation: nothing is damaged, a retry succeeds, and all space comes back.

use std::sync::Arc;

use hub_blob::testing::{Fault, FaultyStore};
use hub_cas::{CasConfig, CasError};
use hub_core::Clock;

use crate::support::{ALICE, BOB, DAY_MS, Needs, Packed, TestBlobs, World, body, noise};

/// What happens in a life: upload, ingestion, reading, collection. Each step is tried again when it fails.
async fn live(world: &World, failures: &mut u64) {
    let (uploaded, ingested) = (noise(1, 150_000), noise(2, 150_000));
    let packed = Packed::new(&[&uploaded], 2);
    let mut again = |result: Result<(), CasError>| {
        *failures += u64::from(result.is_err());
        result.is_err()
    };
    while again(world.upload(ALICE, &packed).await.map(drop)) {}
    while again(world.cas.ingest(BOB, body(&ingested, 40_000)).await.map(drop)) {}
    let file = packed.files[0].hash;
    while again(world.read(&file, 0..150_000).await.map(|read| assert!(read == uploaded))) {}
    let mut needs = Needs::default();
    needs.0.insert((ALICE, file));
    for _ in 0..3 {
        world.clock.advance_millis(29 * DAY_MS);
        while again(world.cas.collect(&needs).await.map(drop)) {}
    }
    while again(world.cas.check(true).await.map(|report| assert_eq!(report.damages, []))) {}
    while again(world.read(&file, 0..150_000).await.map(|read| assert!(read == uploaded))) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_store_damages_nothing() {
    let run = async |fail_at: u64, fault: Fault| {
        let mut faulty = None;
        let world = World::with_blobs(CasConfig::default(), TestBlobs::in_folder(), |inner, _| {
            let store = FaultyStore::new(inner, fail_at, fault);
            faulty = Some(store.clone());
            Arc::new(store)
        })
        .await;
        // The clock begins after anything that a disk could date, so that what a failure leaves is old in the end.
        let faulty = faulty.unwrap();
        world.clock.advance_millis(20 * 365 * DAY_MS);
        let mut failures = 0;
        live(&world, &mut failures).await;
        let operations = faulty.operations();
        assert_eq!(failures, u64::from((1..=operations).contains(&fail_at)), "operation {fail_at} {fault:?}");

        faulty.arm(0);
        let kept = world.objects().await.len();
        assert_eq!(kept as u64, world.cas.figures().await.unwrap().xorbs, "{fail_at} {fault:?}");
        for _ in 0..3 {
            world.clock.advance_millis(29 * DAY_MS);
            world.cas.collect(&Needs::default()).await.unwrap();
        }
        assert_eq!(world.objects().await, [""; 0], "at {}", world.clock.now());
        operations
    };
    let operations = run(0, Fault::Before).await;
    assert!(operations > 20, "{operations}");
    for fail_at in 1..=operations {
        for fault in [Fault::Before, Fault::After] {
            run(fail_at, fault).await;
        }
    }
}
