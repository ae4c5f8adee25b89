//! Xorbs on their way in.

use futures::{StreamExt, stream};
use hub_blob::BlobError;
use hub_cas::{CasError, PutXorb};
use hub_core::{Code, UserError, XetHash};
use hub_formats::xet::xorb::{Xorb, XorbError};

use crate::support::{DAY_MS, Needs, Packed, World, body, noise, text};

fn xorb(seed: u64) -> Xorb {
    let content = [noise(seed, 300_000), text(seed, 300_000)].concat();
    Packed::new(&[&content], 8192).xorbs.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_xorb_is_stored_once() {
    let world = World::new().await;
    let xorb = xorb(1);
    let hash = xorb.table.hash();
    assert_eq!(world.cas.xorb_size(&hash).await.unwrap(), None);
    for step in [1, 7, 1 << 20] {
        let expect = if step == 1 { PutXorb::Inserted } else { PutXorb::Present };
        assert_eq!(world.cas.put_xorb(&hash, body(&xorb.body, step)).await.unwrap(), expect);
    }
    assert_eq!(world.cas.xorb_size(&hash).await.unwrap(), Some(xorb.body.len() as u64));
    assert_eq!(world.objects().await.len(), 1);
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_is_the_body_and_our_own_footer() {
    let world = World::new().await;
    let xorb = xorb(1);
    let hash = xorb.table.hash();
    // Old clients send the footer, too.
    let whole = [&xorb.body[..], &xorb.table.to_footer()].concat();
    world.cas.put_xorb(&hash, body(&whole, 1000)).await.unwrap();
    let listed = world.blobs.store.list(None, 10).await.unwrap().remove(0);
    assert_eq!(listed.size, whole.len() as u64);
    assert_eq!(world.cas.xorb_size(&hash).await.unwrap(), Some(xorb.body.len() as u64));
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_the_named_xorb_is_refused_and_not_kept() {
    let world = World::new().await;
    let xorb = xorb(1);
    let (hash, other) = (xorb.table.hash(), XetHash::new([5; 32]));
    let mut flipped = xorb.body.clone();
    flipped[1000] ^= 1;
    let mut scheme = xorb.body.clone();
    scheme[4] = 99;
    let trailing = [&xorb.body[..], b"more"].concat();
    for (hash, bytes) in [
        (other, &xorb.body[..]),
        (hash, &xorb.body[..xorb.body.len() - 1]),
        (hash, &xorb.body[..5]),
        (hash, &[]),
        (XetHash::ZERO, &[]),
        (hash, &flipped),
        (hash, &scheme),
        (hash, &trailing),
    ] {
        let error = world.cas.put_xorb(&hash, body(bytes, 999)).await.unwrap_err();
        assert!(matches!(error, CasError::Xorb(_)), "{error:?}");
        assert_eq!(error.code(), Code::BadRequest);
    }
    assert_eq!(world.cas.xorb_size(&hash).await.unwrap(), None);
    assert_eq!(world.objects().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_end_is_cut_off() {
    let world = World::new().await;
    let chunk = Packed::new(&[&noise(1, 100_000)], 8192).xorbs.remove(0).body;
    let endless = stream::iter(std::iter::repeat_with(move || Ok(chunk.clone().into()))).boxed();
    let error = world.cas.put_xorb(&XetHash::new([1; 32]), endless).await.unwrap_err();
    assert!(matches!(error, CasError::TooLarge(_)), "{error:?}");
    // Bytes that were refused early are read on, but not for ever.
    let junk = stream::iter(std::iter::repeat_with(|| Ok(vec![7; 1 << 20].into()))).boxed();
    let error = world.cas.put_xorb(&XetHash::new([1; 32]), junk).await.unwrap_err();
    assert!(matches!(error, CasError::Xorb(XorbError::Chunk { index: 0, .. })), "{error:?}");
    assert_eq!(world.objects().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_read_to_its_end_whatever_becomes_of_it() {
    let world = World::new().await;
    let xorb = xorb(1);
    let hash = xorb.table.hash();
    let mut wrong = xorb.body.clone();
    wrong[0] = 9;
    for bytes in [&wrong, &xorb.body, &xorb.body] {
        let ended = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let mark = ended.clone();
        let end = stream::once(async move {
            mark.store(true, std::sync::atomic::Ordering::SeqCst);
            Ok(bytes::Bytes::new())
        });
        let _ = world.cas.put_xorb(&hash, body(bytes, 10_000).chain(end).boxed()).await;
        assert!(ended.load(std::sync::atomic::Ordering::SeqCst));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_upload_leaves_nothing() {
    let world = World::new().await;
    let xorb = xorb(1);
    let half = body(&xorb.body[..xorb.body.len() / 2], 1000);
    let broken = half.chain(stream::iter([Err(BlobError::body("connection lost"))])).boxed();
    let error = world.cas.put_xorb(&xorb.table.hash(), broken).await.unwrap_err();
    assert!(matches!(error, CasError::Blob(BlobError::Body(_))), "{error:?}");
    assert_eq!(world.objects().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_uploads_at_the_same_time_one_is_kept() {
    let world = World::new().await;
    let xorb = xorb(1);
    let hash = xorb.table.hash();
    let puts = (0..8).map(|step| world.cas.put_xorb(&hash, body(&xorb.body, 20_000 + step)));
    let answers = futures::future::try_join_all(puts).await.unwrap();
    assert_eq!(answers.iter().filter(|answer| answer.is_inserted()).count(), 1);
    assert_eq!(world.objects().await.len(), 1);
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_takes_half_a_day_is_refused() {
    let world = World::new().await;
    let xorb = xorb(1);
    let clock = world.clock.clone();
    let late = stream::once(async move {
        clock.advance_millis(DAY_MS / 2 + 1);
        Ok(bytes::Bytes::new())
    });
    let error = world.cas.put_xorb(&xorb.table.hash(), body(&xorb.body, 9000).chain(late).boxed()).await.unwrap_err();
    assert!(matches!(error, CasError::TooSlow), "{error:?}");
    assert_eq!(world.objects().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condemned_xorb_comes_back_without_being_written_again() {
    let world = World::new().await;
    let xorb = xorb(1);
    let hash = xorb.table.hash();
    world.cas.put_xorb(&hash, body(&xorb.body, 9000)).await.unwrap();
    let objects = world.objects().await;
    world.clock.advance_millis(29 * DAY_MS);
    assert_eq!(world.cas.collect(&Needs::default()).await.unwrap().condemned, 1);
    assert_eq!(world.cas.put_xorb(&hash, body(&xorb.body, 9000)).await.unwrap(), PutXorb::Present);
    world.clock.advance_millis(20 * DAY_MS);
    assert_eq!(world.cas.collect(&Needs::default()).await.unwrap().xorbs, 0);
    assert_eq!(world.objects().await, objects);
}
