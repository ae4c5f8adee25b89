//! Files as bytes.

use futures::StreamExt;
use hub_blob::BlobError;
use hub_cas::{CasConfig, CasError};
use hub_core::{Code, UserError, XetHash};

use crate::support::{ALICE, Packed, World, noise, text};

#[tokio::test(flavor = "multi_thread")]
async fn any_range_is_exact() {
    let world = World::new().await;
    // Long enough for windows of all sizes, in xorbs of a few chunks and in one.
    let content = [noise(1, 3_000_000), vec![0; 5_000_000], text(2, 4_000_001)].concat();
    let size = content.len() as u64;
    for (number, chunks_per_xorb) in [(0, 7), (1, 8192)] {
        let mut content = content.clone();
        content[0] = number;
        let packed = Packed::new(&[b"before", &content, b"after"], chunks_per_xorb);
        world.upload(ALICE, &packed).await.unwrap();
        let file = packed.files[1].hash;
        let mut ranges = vec![0..size, 0..0, 0..1, size - 1..size, size..size, 5..5, 2_999_999..8_000_001];
        for step in 0..60 {
            let start = step * 7_919_777 % size;
            ranges.push(start..size.min(start + [1, 100, 65_536, 700_000, 5_000_000][step as usize % 5]));
        }
        for range in ranges {
            let expect = &content[range.start as usize..range.end as usize];
            assert!(world.read(&file, range.clone()).await.unwrap() == expect, "{range:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_lie_within_a_file_is_refused() {
    let world = World::new().await;
    let packed = Packed::new(&[&noise(1, 1000)], 3);
    world.upload(ALICE, &packed).await.unwrap();
    let file = packed.files[0].hash;
    #[expect(clippy::reversed_empty_ranges, reason = "a caller may compute one")]
    for range in [0..1001, 1001..1001, 5..4, 1000..1001] {
        let error = world.read(&file, range.clone()).await.unwrap_err();
        assert!(matches!(error, CasError::Blob(BlobError::OutOfRange { size: 1000 })), "{range:?}: {error:?}");
        assert_eq!(error.code(), Code::RangeNotSatisfiable);
    }
    let error = world.read(&XetHash::new([1; 32]), 0..0).await.unwrap_err();
    assert!(matches!(error, CasError::FileNotFound(_)));
    assert_eq!(error.code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_readers_that_stop_in_the_middle_hold_nothing_up() {
    let world = World::new().await;
    let content = noise(1, 12_000_000);
    let packed = Packed::new(&[&content], 8192);
    world.upload(ALICE, &packed).await.unwrap();
    let file = packed.files[0].hash;
    let mut stalled = Vec::new();
    for _ in 0..60 {
        let mut stream = world.cas.read(&file, 0..12_000_000).await.unwrap();
        for _ in 0..3 {
            stream.next().await.unwrap().unwrap();
        }
        stalled.push(stream);
    }
    assert!(world.read(&file, 0..12_000_000).await.unwrap() == content);
    drop(stalled);
    assert!(world.read(&file, 0..12_000_000).await.unwrap() == content);
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_bytes_are_an_error_when_reads_are_verified() {
    let config = CasConfig { verify_reads: true, ..CasConfig::default() };
    let world = World::with(config, |blobs, _| blobs).await;
    let content = noise(1, 300_000);
    let packed = Packed::new(&[&content], 8192);
    world.upload(ALICE, &packed).await.unwrap();
    let file = packed.files[0].hash;
    assert!(world.read(&file, 0..300_000).await.unwrap() == content);
    let Some(folder) = &world.blobs.folder else { return };
    let path = folder.join(&world.objects().await[0]);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[2000] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let error = world.read(&file, 0..300_000).await.unwrap_err();
    assert!(matches!(error, CasError::Damaged(_)), "{error:?}");
}
