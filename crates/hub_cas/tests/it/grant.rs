//! Xorbs that clients bring to the store themselves.

use hub_blob::{CopyId, ObjectKey};
use hub_cas::{CasConfig, CasError, PutXorb, XorbGrant};
use hub_core::XetHash;

use crate::support::{ALICE, Needs, Packed, World, body, noise};

/// Puts bytes where a grant says, as the client does by its link.
async fn send(world: &World, hash: &XetHash, id: &str, bytes: &[u8]) -> ObjectKey {
    let key = ObjectKey::Xorb { hash: *hash, generation: id.parse().unwrap() };
    let mut writer = world.blobs.store.writer(&key).await.unwrap();
    writer.write(bytes::Bytes::copy_from_slice(bytes)).await.unwrap();
    writer.finish().await.unwrap();
    key
}

const ID: &str = "00000000000000aa";

#[tokio::test(flavor = "multi_thread")]
async fn what_came_by_a_grant_counts_when_it_was_checked() {
    let world = World::new().await;
    let packed = Packed::new(&[&noise(1, 500_000)], 8192);
    let (hash, sent) = (packed.xorbs[0].table.hash(), &packed.xorbs[0].body);
    let key = send(&world, &hash, ID, sent).await;
    assert_eq!(world.cas.xorb_size(&hash).await.unwrap(), None, "nothing counts before it was checked");
    assert_eq!(world.cas.commit_grant(&hash, ID).await.unwrap(), PutXorb::Inserted);
    assert_eq!(world.blobs.store.size(&key).await.unwrap(), None, "what was sent is not what is kept");
    assert_eq!(world.cas.commit_grant(&hash, ID).await.unwrap(), PutXorb::Present, "an answer may be lost");
    assert_eq!(world.cas.grant_xorb(&hash, sent.len() as u64).await.unwrap(), XorbGrant::Present);
    world.cas.register(ALICE, body(&packed.shard(), 1000), |_| ()).await.unwrap();
    // The link is still good: nothing that refers to the xorb sees what comes by it now.
    send(&world, &hash, ID, b"something else").await;
    assert_eq!(world.cas.commit_grant(&hash, ID).await.unwrap(), PutXorb::Present);
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_xorb_is_refused_and_not_kept() {
    let world = World::new().await;
    let packed = Packed::new(&[&noise(1, 300_000)], 8192);
    let hash = packed.xorbs[0].table.hash();
    let mut damaged = packed.xorbs[0].body.clone();
    damaged[4000] ^= 1;
    for wrong in [&damaged[..], &packed.xorbs[0].body[..1000], b""] {
        send(&world, &hash, ID, wrong).await;
        let error = world.cas.commit_grant(&hash, ID).await.unwrap_err();
        assert!(matches!(error, CasError::Xorb(_)), "{error:?}");
        assert_eq!(world.objects().await, [""; 0]);
    }
    for id in ["00000000000000bb", "nonsense", ""] {
        let error = world.cas.commit_grant(&hash, id).await.unwrap_err();
        assert!(matches!(error, CasError::XorbNotFound(_)), "{id}: {error:?}");
    }
}

/// Whoever may read a xorb sees its name in the link, and may try to have it taken for a grant.
#[tokio::test(flavor = "multi_thread")]
async fn a_stored_xorb_is_no_grant() {
    let world = World::new().await;
    let packed = Packed::new(&[&noise(1, 300_000)], 8192);
    world.upload(ALICE, &packed).await.unwrap();
    let hash = packed.xorbs[0].table.hash();
    let [name] = &world.objects().await[..] else { panic!("one xorb is one object") };
    let generation: CopyId = name.rsplit_once('.').unwrap().1.parse().unwrap();
    let error = world.cas.commit_grant(&hash, generation.as_str()).await.unwrap_err();
    assert!(matches!(error, CasError::XorbNotFound(_)), "{error:?}");
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_offered_where_there_are_some_and_nobody_forbids_it() {
    let offered = CasConfig { upload_grants: true, ..CasConfig::default() };
    let world = World::with(offered, |blobs, _| blobs).await;
    let hash = XetHash::new([3; 32]);
    let gives_links = std::env::var_os("TEST_S3_ENDPOINT").is_some();
    let granted = world.cas.grant_xorb(&hash, 1000).await.unwrap();
    assert_eq!(matches!(granted, XorbGrant::Link { .. }), gives_links, "{granted:?}");
    for length in [0, u64::MAX] {
        assert_eq!(world.cas.grant_xorb(&hash, length).await.unwrap(), XorbGrant::NotOffered);
    }
    let world = World::new().await;
    assert_eq!(world.cas.grant_xorb(&hash, 1000).await.unwrap(), XorbGrant::NotOffered);
    // What is never committed goes like everything that has no row.
    send(&world, &hash, ID, b"forgotten").await;
    let written = world.blobs.store.list(None, 10).await.unwrap()[0].modified;
    let now = hub_core::Clock::now(&*world.clock);
    world.clock.advance_millis(written.millis() - now.millis() + 25 * 3600 * 1000);
    assert_eq!(world.cas.collect(&Needs::default()).await.unwrap().stray_keys, 1);
}
