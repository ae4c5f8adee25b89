//! Plain bytes become the file that a client would have made of them.

use futures::{StreamExt, stream};
use hub_blob::BlobError;
use hub_cas::CasError;
use hub_core::XetHash;

use crate::support::{ALICE, BOB, Packed, World, body, noise, sha256, text};

#[tokio::test(flavor = "multi_thread")]
async fn ingested_content_is_the_same_file_as_an_uploaded_one() {
    let world = World::new().await;
    for content in [noise(1, 5_000_000), text(2, 9_000_001), vec![1], vec![0; 3_000_000]] {
        let packed = Packed::new(&[&content], 8192);
        let ingested = world.cas.ingest(ALICE, body(&content, 123_457)).await.unwrap();
        assert_eq!(ingested.file, packed.files[0].hash);
        assert_eq!((ingested.size_bytes, ingested.sha256), (content.len() as u64, sha256(&content)));
        assert!(ingested.is_new && world.cas.holds(ALICE, &ingested.file).await.unwrap());
        assert!(world.read(&ingested.file, 0..ingested.size_bytes).await.unwrap() == content);
        let uploaded = world.upload(BOB, &packed).await.unwrap();
        assert!(!uploaded[0].is_new);
    }
    let empty = world.cas.ingest(ALICE, body(b"", 1)).await.unwrap();
    assert_eq!((empty.file, empty.sha256), (XetHash::ZERO, sha256(b"")));
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_is_stored_is_not_stored_again() {
    let world = World::new().await;
    let content = noise(1, 30_000_000);
    // By an upload, in xorbs of 64 chunks.
    world.upload(ALICE, &Packed::new(&[&content], 64)).await.unwrap();
    let before = world.cas.figures().await.unwrap();
    let same = world.cas.ingest(BOB, body(&content, 1 << 20)).await.unwrap();
    assert!(!same.is_new);
    assert_eq!(world.cas.figures().await.unwrap().stored_bytes, before.stored_bytes);

    // Something in front, something in the middle, something at the end.
    let edited = [
        b"a new beginning".to_vec(),
        content[..12_000_000].to_vec(),
        noise(9, 50_000),
        content[12_000_000..].to_vec(),
        b"and an end".to_vec(),
    ]
    .concat();
    assert_eq!(world.cas.latest(BOB, 5).await.unwrap(), [same.file]);
    let ingested = world.cas.ingest_like(BOB, &[same.file], body(&edited, 1 << 20)).await.unwrap();
    assert!(world.read(&ingested.file, 0..ingested.size_bytes).await.unwrap() == edited);
    let added = world.cas.figures().await.unwrap().stored_bytes - before.stored_bytes;
    assert!(added < 3_000_000, "{added} bytes were added for an edit of 50,000");
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_repeats_itself_is_stored_once() {
    let world = World::new().await;
    let once = noise(1, 6_000_000);
    let content = once.repeat(4);
    let ingested = world.cas.ingest(ALICE, body(&content, 1 << 20)).await.unwrap();
    assert!(world.read(&ingested.file, 0..24_000_000).await.unwrap() == content);
    let figures = world.cas.figures().await.unwrap();
    assert!(figures.stored_bytes < 8_000_000, "{figures:?}");
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_xorb_becomes_several() {
    let world = World::new().await;
    let content = noise(1, 150_000_000);
    let ingested = world.cas.ingest(ALICE, body(&content, 1 << 20)).await.unwrap();
    assert!(world.read(&ingested.file, 0..150_000_000).await.unwrap() == content);
    let figures = world.cas.figures().await.unwrap();
    assert_eq!((figures.files, figures.xorbs, figures.content_bytes), (1, 3, 150_000_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_source_gives_no_file() {
    let world = World::new().await;
    let broken = body(&noise(1, 1_000_000), 1000).chain(stream::iter([Err(BlobError::body("gone"))])).boxed();
    let error = world.cas.ingest(ALICE, broken).await.unwrap_err();
    assert!(matches!(error, CasError::Blob(BlobError::Body(_))));
    assert_eq!(world.cas.figures().await.unwrap().files, 0);
}
