//! Files on their way in.

use std::sync::Mutex;

use hub_blob::testing::{Fault, FaultyStore};
use hub_cas::{CasConfig, CasError};
use hub_core::{Code, Sha256, UserError, XetHash};
use hub_formats::xet::shard::{ShardError, write_upload};
use hub_formats::xet::xorb::ChunkRange;

use crate::support::{ALICE, BOB, Packed, World, body, noise, sha256, text};

#[tokio::test(flavor = "multi_thread")]
async fn files_are_registered_with_the_digest_of_their_content() {
    let world = World::new().await;
    let contents = [noise(1, 3_000_000), text(2, 2_500_000), vec![7], vec![], noise(3, 70_000)];
    let slices: Vec<&[u8]> = contents.iter().map(|content| &content[..]).collect();
    for chunks_per_xorb in [3, 8192] {
        let packed = Packed::new(&slices, chunks_per_xorb);
        let registered = world.upload(ALICE, &packed).await.unwrap();
        assert_eq!(registered.len(), 5);
        for ((content, file), registered) in contents.iter().zip(&packed.files).zip(&registered) {
            assert_eq!(registered.file, file.hash);
            assert_eq!((registered.size_bytes, registered.sha256), (content.len() as u64, sha256(content)));
            assert_eq!(registered.is_new, chunks_per_xorb == 3);
            assert!(world.cas.holds(ALICE, &file.hash).await.unwrap());
            assert!(!world.cas.holds(BOB, &file.hash).await.unwrap());
            assert!(world.read(&file.hash, 0..content.len() as u64).await.unwrap() == *content);
        }
    }
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_counts_the_bytes_of_new_files() {
    let world = World::new().await;
    let packed = Packed::new(&[&noise(1, 3_000_000), &noise(2, 1_000_000)], 20);
    for xorb in &packed.xorbs {
        world.cas.put_xorb(&xorb.table.hash(), body(&xorb.body, 100_000)).await.unwrap();
    }
    for total in [4_000_000, 0] {
        let seen = Mutex::new(Vec::new());
        let note = |progress: hub_cas::Progress| seen.lock().unwrap().push(progress);
        world.cas.register(ALICE, body(&packed.shard(), 100), note).await.unwrap();
        let seen = seen.into_inner().unwrap();
        assert!(seen.iter().all(|progress| progress.total_bytes == total));
        assert!(seen.is_sorted_by_key(|progress| progress.verified_bytes));
        assert_eq!(seen.last().unwrap().verified_bytes, total);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_known_is_not_read_again() {
    let mut faulty = None;
    let world = World::with(CasConfig::default(), |inner, _| {
        let store = FaultyStore::new(inner, 0, Fault::Before);
        faulty = Some(store.clone());
        std::sync::Arc::new(store)
    })
    .await;
    let packed = Packed::new(&[&noise(1, 500_000)], 3);
    world.upload(ALICE, &packed).await.unwrap();
    let faulty = faulty.unwrap();
    faulty.arm(0);
    world.cas.register(BOB, body(&packed.shard(), 100), |_| ()).await.unwrap();
    assert_eq!(faulty.operations(), 0, "the tables are in memory, and the content is proven");
    assert!(world.cas.holds(BOB, &packed.files[0].hash).await.unwrap());
}

/// Registers a shard that must be refused, and sees to it that nothing of it stays.
async fn refused(change: impl FnOnce(&mut Packed)) -> CasError {
    let world = World::new().await;
    let good = noise(1, 400_000);
    let mut packed = Packed::new(&[&good, &noise(2, 400_000)], 3);
    for xorb in &packed.xorbs {
        world.cas.put_xorb(&xorb.table.hash(), body(&xorb.body, 100_000)).await.unwrap();
    }
    let hashes: Vec<XetHash> = packed.files.iter().map(|file| file.hash).collect();
    change(&mut packed);
    let error = world.cas.register(ALICE, body(&packed.shard(), 100), |_| ()).await.unwrap_err();
    for hash in hashes {
        assert_eq!(world.cas.file(&hash).await.unwrap(), None);
        assert!(!world.cas.holds(ALICE, &hash).await.unwrap());
    }
    assert_eq!(error.code(), Code::BadRequest, "{error:?}");
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_that_are_not_so_are_refused() {
    let error = refused(|packed| packed.files[1].sha256 = Some(sha256(b"other"))).await;
    assert!(matches!(error, CasError::WrongSha256 { .. }), "{error:?}");
    let error = refused(|packed| packed.files[1].sha256 = Some(Sha256::new([0; 32]))).await;
    assert!(matches!(error, CasError::WrongSha256 { .. }), "{error:?}");
    let error = refused(|packed| packed.files[0].hash = XetHash::new([9; 32])).await;
    assert!(matches!(error, CasError::WrongFileHash { .. }), "{error:?}");
    let error = refused(|packed| packed.files[0].hash = XetHash::ZERO).await;
    assert!(matches!(error, CasError::WrongFileHash { .. }), "{error:?}");
    let error = refused(|packed| packed.files[1].terms[0].xorb = XetHash::new([9; 32])).await;
    assert!(
        matches!(error, CasError::XorbMissing { .. }) && error.to_string().contains("remove its cache"),
        "{error:?}"
    );
    let error = refused(|packed| packed.files[1].range_hashes.as_mut().unwrap()[0] = XetHash::new([9; 32])).await;
    assert!(matches!(error, CasError::Term { term: 0, .. }), "{error:?}");
    let error = refused(|packed| packed.files[1].range_hashes = None).await;
    assert!(matches!(error, CasError::Shard(ShardError::Unproven { .. })), "{error:?}");
    let error = refused(|packed| packed.files[1].terms[0].raw_bytes -= 1).await;
    assert!(matches!(error, CasError::Term { .. }), "{error:?}");
    let error = refused(|packed| packed.files[1].terms[0].chunks = ChunkRange::new(2, 9).unwrap()).await;
    assert!(matches!(error, CasError::Term { .. }), "{error:?}");
    let error = refused(|packed| {
        packed.files[1].terms.swap(0, 1);
        packed.files[1].range_hashes.as_mut().unwrap().swap(0, 1);
    })
    .await;
    assert!(matches!(error, CasError::WrongFileHash { .. }), "{error:?}");
    let error = refused(|packed| {
        packed.files[0].terms.clear();
        packed.files[0].range_hashes = None;
    })
    .await;
    assert!(matches!(error, CasError::WrongFileHash { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_shard_is_refused() {
    let world = World::new().await;
    let packed = Packed::new(&[&noise(1, 400_000)], 3);
    let shard = packed.shard();
    for bytes in [&b""[..], b"junk that is long enough to be a record of 48 bytes.....", &shard[..shard.len() - 1]] {
        let error = world.cas.register(ALICE, body(bytes, 10), |_| ()).await.unwrap_err();
        assert!(matches!(error, CasError::Shard(_)), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_needs_no_digest_and_the_empty_one_has_its_own() {
    let world = World::new().await;
    let content = noise(1, 100_000);
    let mut packed = Packed::new(&[&content, b""], 30);
    packed.files[0].sha256 = None;
    packed.files[1].sha256 = Some(Sha256::new([0; 32]));
    packed.files[1].range_hashes = None;
    let registered = world.upload(ALICE, &packed).await.unwrap();
    assert_eq!(registered[0].sha256, sha256(&content));
    assert_eq!((registered[1].file, registered[1].sha256), (XetHash::ZERO, sha256(b"")));
    assert_eq!(world.read(&XetHash::ZERO, 0..0).await.unwrap(), b"");
    // A shard may also hold nothing.
    assert_eq!(world.cas.register(ALICE, body(&write_upload(&[], &[]), 10), |_| ()).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_content_in_other_xorbs_is_the_same_file() {
    let world = World::new().await;
    let content = noise(1, 3_000_000);
    let (one, other) = (Packed::new(&[&content], 5), Packed::new(&[&content], 8));
    assert_eq!(one.files[0].hash, other.files[0].hash);
    let first = world.upload(ALICE, &one).await.unwrap();
    let second = world.upload(BOB, &other).await.unwrap();
    assert!(first[0].is_new && !second[0].is_new);
    assert!(world.read(&one.files[0].hash, 0..3_000_000).await.unwrap() == content);
    world.assert_sound().await;
}
