//! What a client is told that changes a part of a file.

use hub_cas::CasError;
use hub_core::XetHash;
use serde_json::{Value, json};

use crate::support::{ALICE, Packed, World, noise};

#[tokio::test(flavor = "multi_thread")]
async fn windows_are_cut_anew_and_the_rest_is_told_in_few_nodes() {
    let world = World::new().await;
    let content = noise(1, 12_000_000);
    let packed = Packed::new(&[&content], 16);
    world.upload(ALICE, &packed).await.unwrap();
    let file = &packed.files[0];
    let chunks: usize = packed.xorbs.iter().map(|xorb| xorb.table.chunks().len()).sum();
    let plan = async |ranges: &[(u64, u64)]| -> Value {
        let ranges = ranges.iter().map(|(first, last)| *first..=*last);
        serde_json::to_value(world.cas.plan_edit(&file.hash, ranges).await.unwrap()).unwrap()
    };
    let told = plan(&[(6_000_000, 6_000_010)]).await;
    assert_eq!((&told["totalChunks"], &told["fileSize"]), (&json!(chunks), &json!(content.len())));
    let window = &told["windows"][0]["dirtyByteRange"];
    let (start, end) = (window[0].as_u64().unwrap(), window[1].as_u64().unwrap());
    assert!(start <= 6_000_000 && 6_000_010 < end && end - start < 1_500_000, "{window}");
    let gaps = told["hashRanges"].as_array().unwrap();
    assert_eq!(gaps.len(), 2);
    let bytes = |gap: &Value| -> u64 {
        gap["nodes"].as_array().unwrap().iter().map(|node| node["size"].as_u64().unwrap()).sum()
    };
    assert_eq!((bytes(&gaps[0]), bytes(&gaps[1])), (start, content.len() as u64 - end));
    assert!(gaps.iter().all(|gap| gap["nodes"].as_array().unwrap().len() < chunks / 2), "{told}");
    // The terms that are whole outside of the window, by their proofs.
    let mut at = 0;
    let mut expect = Vec::new();
    for (term, proof) in file.proven_terms().unwrap() {
        let ends = at + u64::from(term.raw_bytes);
        if ends <= start || end <= at {
            expect.push(json!(proof));
        }
        at = ends;
    }
    assert_eq!(told["gapVerification"], json!(expect));

    let told = plan(&[(0, 0), (11_999_999, u64::MAX)]).await;
    assert_eq!((&told["hashRanges"][0], &told["hashRanges"][2]), (&Value::Null, &Value::Null));
    assert_eq!(told["windows"][1]["dirtyByteRange"][1], json!(content.len()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_nothing_is_refused() {
    let world = World::new().await;
    let packed = Packed::new(&[&noise(1, 100_000)], 16);
    world.upload(ALICE, &packed).await.unwrap();
    let error = world.cas.plan_edit(&packed.files[0].hash, [100_000..=200_000]).await.unwrap_err();
    assert!(matches!(error, CasError::NoEdit { size_bytes: 100_000 }), "{error:?}");
    let error = world.cas.plan_edit(&XetHash::new([4; 32]), [0..=1]).await.unwrap_err();
    assert!(matches!(error, CasError::FileNotFound(_)), "{error:?}");
}
