//! Answers to "do you have this chunk".

use hub_core::XetHash;
use hub_formats::xet::shard::{ShardEnd, ShardItem, ShardXorb};
use hub_formats::xet::{DedupKey, ShardReader};

use crate::support::{ALICE, DAY_MS, Needs, Packed, World, body, noise};

/// Reads an answer as a client does.
fn read(answer: &[u8]) -> (Vec<ShardXorb>, ShardEnd) {
    let mut reader = ShardReader::new();
    let xorbs = reader.push(answer).unwrap().into_iter().map(|item| match item {
        ShardItem::Xorb(xorb) => xorb,
        ShardItem::File(_) => panic!("an answer tells nothing of files"),
    });
    let xorbs = xorbs.collect();
    (xorbs, reader.finish().unwrap().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn trap_7_the_first_chunk_of_a_file_is_answered_with_its_xorb_and_what_follows() {
    let world = World::new().await;
    let packed = Packed::new(&[&noise(1, 200_000), &noise(2, 4_000_000)], 5);
    world.upload(ALICE, &packed).await.unwrap();
    let file = &packed.files[1];
    let first_term = &file.terms[0];
    let table = |xorb: &XetHash| &packed.xorbs.iter().find(|found| found.table.hash() == *xorb).unwrap().table;
    let first = table(&first_term.xorb).chunks()[first_term.chunks.start() as usize];

    let answer = world.cas.dedup(&first).await.unwrap().unwrap();
    let (xorbs, end) = read(&answer);
    let key = DedupKey::new(end.key).expect("the key is not zeros");
    assert_eq!(end.expires_secs - end.created_secs, 24 * 3600);
    assert_eq!(xorbs[0].hash, first_term.xorb);
    let expect: Vec<XetHash> = file.terms.iter().map(|term| term.xorb).take(32).collect();
    assert!(expect.len() > 5);
    assert_eq!(xorbs.iter().map(|xorb| xorb.hash).collect::<Vec<_>>(), expect);
    for xorb in &xorbs {
        let hidden: Vec<XetHash> = table(&xorb.hash).chunks().iter().map(|chunk| key.hide(chunk)).collect();
        assert_eq!(xorb.chunks.iter().map(|chunk| chunk.hash).collect::<Vec<_>>(), hidden);
    }
    assert!(!answer.windows(32).any(|bytes| bytes == first.as_bytes()), "no chunk is told in the open");
    // One in the middle is not asked for.
    let other = table(&first_term.xorb).chunks()[first_term.chunks.start() as usize + 1];
    assert_eq!(world.cas.dedup(&other).await.unwrap(), None);
    assert_eq!(world.cas.dedup(&XetHash::new([1; 32])).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_has_what_each_version_of_a_file_holds_of_its_own() {
    let world = World::new().await;
    let before = noise(1, 1_000_000);
    let after = [&before[..500_000], &noise(2, 500_000)].concat();
    let versions = [Packed::new(&[&before], 2), Packed::new(&[&after], 2)];
    let mut expect: Vec<XetHash> = Vec::new();
    for packed in &versions {
        world.upload(ALICE, packed).await.unwrap();
        expect.extend(packed.xorbs.iter().map(|xorb| xorb.table.hash()));
    }
    expect.sort_unstable();
    expect.dedup();
    let alone = versions.iter().map(|packed| packed.xorbs.len()).max().unwrap();
    assert!(alone < expect.len() && expect.len() < 32, "they share some: {alone} of {}", expect.len());
    let first = versions[0].xorbs[0].table.chunks()[0];
    let (xorbs, _) = read(&world.cas.dedup(&first).await.unwrap().unwrap());
    let mut found: Vec<XetHash> = xorbs.iter().map(|xorb| xorb.hash).collect();
    found.sort_unstable();
    assert_eq!(found, expect);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_changes_every_day_and_not_before() {
    let world = World::new().await;
    let packed = Packed::new(&[&noise(1, 200_000)], 50);
    world.upload(ALICE, &packed).await.unwrap();
    let first = packed.xorbs[0].table.chunks()[0];
    let mut keys = Vec::new();
    for _ in 0..3 {
        for _ in 0..2 {
            let (_, end) = read(&world.cas.dedup(&first).await.unwrap().unwrap());
            keys.push(end.key);
        }
        world.clock.advance_millis(DAY_MS);
    }
    assert!(keys[0] == keys[1] && keys[2] == keys[3] && keys[0] != keys[2] && keys[2] != keys[4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_a_promise() {
    let world = World::new().await;
    let packed = Packed::new(&[&noise(1, 400_000)], 2);
    world.upload(ALICE, &packed).await.unwrap();
    let first = packed.xorbs[0].table.chunks()[0];
    // Twenty-five days later the file has gone; someone asked the day before.
    world.clock.advance_millis(25 * DAY_MS);
    let (xorbs, _) = read(&world.cas.dedup(&first).await.unwrap().unwrap());
    assert_eq!(xorbs.len(), packed.xorbs.len());
    assert_eq!(world.cas.collect(&Needs::default()).await.unwrap().files, 1);
    world.clock.advance_millis(21 * DAY_MS);
    assert_eq!(world.cas.collect(&Needs::default()).await.unwrap().condemned, 0);
    world.cas.register(ALICE, body(&packed.shard(), 100), |_| ()).await.unwrap();
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_condemned_is_not_answered() {
    let world = World::new().await;
    let packed = Packed::new(&[&noise(1, 400_000)], 50);
    world.upload(ALICE, &packed).await.unwrap();
    let first = packed.xorbs[0].table.chunks()[0];
    world.clock.advance_millis(29 * DAY_MS);
    let report = world.cas.collect(&Needs::default()).await.unwrap();
    assert_eq!((report.files, report.condemned), (1, 1));
    assert_eq!(world.cas.dedup(&first).await.unwrap(), None);
    // Whoever uploads it again brings it back.
    world.upload(ALICE, &packed).await.unwrap();
    assert!(world.cas.dedup(&first).await.unwrap().is_some());
}
