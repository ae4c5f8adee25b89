use super::*;
use crate::xet::{HashTree, chunk_hash};

const SIZE: u64 = 20_000;

fn chunks(count: u64, size: u64) -> Vec<(XetHash, u64)> {
    (0..count).map(|at| (chunk_hash(&at.to_le_bytes()), size)).collect()
}

fn plan(chunks: &[(XetHash, u64)], ranges: &[RangeInclusive<u64>]) -> EditView {
    let size = chunks.iter().map(|(_, size)| size).sum();
    let mut planner = EditPlanner::new(Dirty::new(ranges.to_vec(), size).unwrap());
    for (chunk, size) in chunks {
        planner.push(*chunk, *size);
    }
    planner.finish()
}

fn windows(chunks: &[(XetHash, u64)], ranges: &[RangeInclusive<u64>]) -> Vec<(u64, u64)> {
    plan(chunks, ranges).windows.iter().map(|window| window.dirty_byte_range).collect()
}

#[test]
fn a_window_goes_on_to_two_chunks_that_were_cut_by_content() {
    let even = chunks(20, SIZE);
    assert_eq!(windows(&even, &[1..=SIZE]), [(0, 4 * SIZE)]);
    assert_eq!(windows(&even, &[5 * SIZE..=5 * SIZE]), [(5 * SIZE, 8 * SIZE)]);
    assert_eq!(windows(&even, &[18 * SIZE..=u64::MAX]), [(18 * SIZE, 20 * SIZE)], "the end of the file");
    let mut uneven = even.clone();
    uneven[7].1 = 8 << 10;
    assert_eq!(windows(&uneven, &[5 * SIZE..=5 * SIZE]), [(5 * SIZE, 9 * SIZE + (8 << 10))]);
    let forced = chunks(4, 128 << 10);
    assert_eq!(windows(&forced, &[0..=0]), [(0, 4 * (128 << 10))], "no cut of these is sure");
}

#[test]
fn windows_that_meet_are_one() {
    let even = chunks(40, SIZE);
    assert_eq!(windows(&even, &[1..=SIZE, 3 * SIZE + 7..=3 * SIZE + 40]), [(0, 6 * SIZE)]);
    assert_eq!(windows(&even, &[30 * SIZE..=30 * SIZE, 0..=0]), [(0, 3 * SIZE), (30 * SIZE, 33 * SIZE)]);
    assert_eq!(windows(&even, &[0..=SIZE, SIZE + 1..=2 * SIZE, 5..=9]), [(0, 5 * SIZE)]);
}

#[test]
fn what_is_not_within_the_file_changes_nothing() {
    assert_eq!(Dirty::new([10..=20, 30..=u64::MAX], 10), None);
    assert_eq!(Dirty::new([], 10), None);
    assert_eq!(Dirty::new([5..=20, 0..=1], 10), Some(Dirty(VecDeque::from([0..2, 5..10]))));
}

#[test]
fn nodes_stand_for_all_bytes_between_windows() {
    let many = chunks(5000, SIZE);
    let view = plan(&many, &[1000 * SIZE..=1000 * SIZE, 4000 * SIZE..=4000 * SIZE]);
    let told = serde_json::to_value(&view).unwrap();
    let sums: Vec<u64> = told["hashRanges"].as_array().unwrap().iter().map(covered).collect();
    assert_eq!(sums, [1000 * SIZE, 2997 * SIZE, 997 * SIZE]);
    let counts = told["hashRanges"].as_array().unwrap().iter().map(|gap| gap["nodes"].as_array().unwrap().len());
    assert!(counts.max().unwrap() < 200, "{told}");
}

fn covered(gap: &serde_json::Value) -> u64 {
    gap["nodes"].as_array().unwrap().iter().map(|node| node["size"].as_u64().unwrap()).sum()
}

#[test]
fn a_whole_file_is_one_node_with_its_hash() {
    for count in [1, 2, 3, 9, 10, 500, 3000] {
        let all = chunks(count, SIZE);
        let tree = PartialTree::new(all.iter().copied(), Stretch { at_start: true, at_end: true }).unwrap();
        let told = serde_json::to_value(&tree).unwrap();
        let hash = all.iter().copied().collect::<HashTree>().xorb_hash();
        assert_eq!(told["nodes"], serde_json::json!([{ "hash": hash, "size": count * SIZE }]), "{count}");
    }
    assert_eq!(PartialTree::new([], Stretch { at_start: false, at_end: false }), None);
}
