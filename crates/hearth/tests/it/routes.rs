//! The routes as a whole: the snapshot with access classes, and the description against the routes.

use std::collections::BTreeSet;

use hub_test::TestEngine;

use crate::site::{Site, application};

/// Set this variable to write the snapshot anew after a change that is meant.
const UPDATE: &str = "UPDATE_SNAPSHOTS";

#[tokio::test]
async fn every_route_is_in_the_snapshot() {
    let engine = TestEngine::new().await;
    let snapshot = application(&engine).0.snapshot();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/routes.snap");
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(path, &snapshot).unwrap();
    }
    let expect = std::fs::read_to_string(path).unwrap();
    assert_eq!(snapshot, expect, "routes changed: if that is meant, run with {UPDATE}=1 and read the difference");
}

/// `METHOD /path` of each operation that the description has.
fn described(description: &serde_json::Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (path, operations) in description["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            found.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    found
}

#[tokio::test]
async fn the_description_has_every_documented_route_with_its_access() {
    let site = Site::new().await;
    let description = site.get("", "/api/openapi.json").await.ok().json();
    let described = described(&description);
    let snapshot = hub_api::routes().snapshot();
    let routes: BTreeSet<String> =
        snapshot.lines().map(|line| line.rsplit_once(' ').unwrap().0.replace("{*", "{")).collect();
    let strange: Vec<&String> = described.difference(&routes).collect();
    assert!(strange.is_empty(), "described and not served: {strange:?}");
    let silent: Vec<&String> = routes.difference(&described).filter(|route| route.contains(" /api/")).collect();
    // Second spellings of what is described.
    let known = |route: &&&String| {
        let ends = ["/tree/{revision}/", "/tree/"];
        ends.iter().any(|end| route.ends_with(end))
    };
    assert!(silent.iter().all(|route| known(&route)), "served and not described: {silent:?}");

    let mut ids = BTreeSet::new();
    for operations in description["paths"].as_object().unwrap().values() {
        for operation in operations.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(!id.is_empty() && ids.insert(id.to_owned()), "{id} twice");
            assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{id} has no summary");
            assert!(operation["x-access"].is_string(), "{id}");
        }
    }
}
