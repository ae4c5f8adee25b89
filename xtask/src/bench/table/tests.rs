//! Percentiles and verdicts.

use super::*;

#[test]
fn percentiles_are_samples() {
    let mut samples: Vec<f64> = (1..=100).rev().map(f64::from).collect();
    assert_eq!(percentile(&mut samples, 0.5), 50.0);
    assert_eq!(percentile(&mut samples, 0.99), 99.0);
    assert_eq!(percentile(&mut samples, 1.0), 100.0);
    assert_eq!(percentile(&mut [7.0], 0.01), 7.0);
    assert!(percentile(&mut [], 0.5).is_nan());
}

#[test]
fn a_missed_goal_is_told() {
    let mut table = Table::default();
    table.add("download beside nginx", 0.95, "ratio", Goal::AtLeast(0.9));
    table.add("memory", 250.0, "MiB", Goal::Below(200.0));
    let shown = table.to_string();
    assert!(shown.contains("0.95 ratio      >= 0.90 met"), "{shown}");
    assert!(shown.contains("250 MiB          < 200 MISSED"), "{shown}");
}
