//! The integrity check finds what is not as it must be.

use crate::support::{ALICE, Packed, World, noise};

#[tokio::test(flavor = "multi_thread")]
async fn damaged_objects_are_found() {
    let world = World::new().await;
    let packed = Packed::new(&[&noise(1, 1_000_000)], 4);
    world.upload(ALICE, &packed).await.unwrap();
    let report = world.cas.check(true).await.unwrap();
    assert_eq!((report.xorbs, report.files), (packed.xorbs.len() as u64, 1));
    assert_eq!(report.damages, []);

    let Some(folder) = &world.blobs.folder else { return };
    let paths: Vec<_> = world.objects().await.iter().map(|key| folder.join(key)).collect();
    let whole = std::fs::read(&paths[0]).unwrap();
    let damaged = async |bytes: &[u8], deep: bool| {
        std::fs::write(&paths[0], bytes).unwrap();
        let report = world.cas.check(deep).await.unwrap();
        std::fs::write(&paths[0], &whole).unwrap();
        report.damages.into_iter().map(|damage| damage.what).collect::<Vec<_>>()
    };
    let shorter = damaged(&whole[..whole.len() - 1], false).await;
    assert!(shorter.iter().any(|what| what.contains("bytes, not")), "{shorter:?}");
    let mut bytes = whole.clone();
    let footer = bytes.len() - 200;
    bytes[footer] ^= 1;
    assert!(!damaged(&bytes, true).await.is_empty());
    let mut bytes = whole.clone();
    bytes[100] ^= 1;
    assert!(damaged(&bytes, false).await.is_empty(), "only a deep check reads the content");
    let content = damaged(&bytes, true).await;
    assert!(content.iter().any(|what| what.starts_with("xorbs/")), "{content:?}");
    assert!(content.iter().any(|what| what.starts_with("file ")), "{content:?}");

    std::fs::remove_file(&paths[1]).unwrap();
    let report = world.cas.check(false).await.unwrap();
    assert!(report.damages.iter().any(|damage| damage.what.contains("lacks it")), "{:?}", report.damages);
}
