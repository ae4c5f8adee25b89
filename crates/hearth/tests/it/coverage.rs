//! How much of the original hub's published API there is here: `coverage.tsv` lists its operations, method and path.

use std::collections::BTreeSet;

use hub_test::TestEngine;

use crate::site::application;

/// Operations that were covered when this was last raised. It never goes down.
const COVERED_AT_LEAST: usize = 60;

/// A path with the names of its parameters left out, for both sides name them differently.
fn shape(method: &str, path: &str) -> String {
    let parts: Vec<&str> = path.split('/').map(|part| if part.contains('{') { "{}" } else { part }).collect();
    format!("{method} {}", parts.join("/"))
}

#[tokio::test]
async fn the_distance_to_the_published_api_is_known() {
    let engine = TestEngine::new().await;
    let snapshot = application(&engine).0.snapshot();
    let ours: BTreeSet<String> = snapshot
        .lines()
        .filter_map(|line| line.split(' ').collect::<Vec<_>>().try_into().ok())
        .map(|[method, path, _]: [&str; 3]| shape(method, path))
        .collect();
    let published: Vec<(&str, &str)> =
        include_str!("coverage.tsv").lines().filter_map(|line| line.split_once('\t')).collect();
    let (covered, missing): (Vec<_>, Vec<_>) =
        published.iter().partition(|(method, path)| ours.contains(&shape(method, path)));
    println!("{} of {} published operations are served; not yet:", covered.len(), published.len());
    for (method, path) in &missing {
        println!("  {method} {path}");
    }
    assert!(covered.len() >= COVERED_AT_LEAST, "{} operations are covered, {COVERED_AT_LEAST} were", covered.len());
}
