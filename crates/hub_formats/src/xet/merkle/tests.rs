use super::*;
use crate::random::Numbers;

/// A hash whose last eight bytes are `last`: a multiple of four ends a group.
fn ending(first: u64, last: u64) -> XetHash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&first.to_le_bytes());
    bytes[24..].copy_from_slice(&last.to_le_bytes());
    XetHash::new(bytes)
}

/// The rule read literally: a level at a time, over all nodes.
fn root_by_levels(chunks: &[(XetHash, u64)]) -> XetHash {
    let mut level: Vec<Node> =
        chunks.iter().map(|(hash, size_bytes)| Node { hash: *hash, size_bytes: *size_bytes }).collect();
    while level.len() > 1 {
        let mut above = Vec::new();
        let mut rest = &level[..];
        while !rest.is_empty() {
            let widest = rest.len().min(9);
            let cut = if rest.len() <= 2 {
                rest.len()
            } else {
                (2..widest).find(|at| last_number(&rest[*at].hash).is_multiple_of(4)).map_or(widest, |at| at + 1)
            };
            above.push(group(&rest[..cut]));
            rest = &rest[cut..];
        }
        level = above;
    }
    level.first().map_or(XetHash::ZERO, |node| node.hash)
}

#[test]
fn growing_gives_the_tree_of_the_rule() {
    let mut numbers = Numbers::new(1);
    for count in (0..200).chain([1000, 4097, 30_000]) {
        let one_of = 1 + numbers.below(12);
        let chunks: Vec<_> =
            (0..count).map(|at| (ending(at, numbers.below(one_of) as u64), numbers.below(1 << 17) as u64)).collect();
        let tree: HashTree = chunks.iter().copied().collect();
        assert_eq!(tree.xorb_hash(), root_by_levels(&chunks), "{count} chunks, cut at one of {one_of}");
    }
}

/// Nothing in the written specification says where groups end.
#[test]
fn trap_14_groups_end_at_a_multiple_of_four_or_after_nine() {
    let leaf = |at, last| Node { hash: ending(at, last), size_bytes: 10 };
    let check = |lasts: &[u64], groups: &[usize]| {
        let nodes: Vec<_> = lasts.iter().zip(0..).map(|(last, at)| leaf(at, *last)).collect();
        let tree: HashTree = nodes.iter().map(|node| (node.hash, node.size_bytes)).collect();
        let mut above = Vec::new();
        let mut rest = &nodes[..];
        for size in groups {
            above.push(group(&rest[..*size]));
            rest = &rest[*size..];
        }
        assert!(rest.is_empty());
        let expect = if let [only] = &above[..] { only.hash } else { group(&above).hash };
        assert_eq!(tree.xorb_hash(), expect, "{lasts:?}");
    };
    check(&[1, 1], &[2]);
    check(&[0, 0, 1], &[3]);
    check(&[0, 0, 0, 1], &[3, 1]);
    check(&[1, 1, 4, 1, 1], &[3, 2]);
    check(&[1; 9], &[9]);
    check(&[1; 10], &[9, 1]);
    check(&[1, 1, 1, 1, 8, 1, 0], &[5, 2]);
}

#[test]
fn few_chunks_have_short_hashes() {
    let one = ending(7, 9);
    assert_eq!(HashTree::new().xorb_hash(), XetHash::ZERO);
    assert_eq!(HashTree::from_iter([(one, 10)]).xorb_hash(), one);
    assert_eq!(HashTree::from_iter([(one, 10)]).file_hash(), salted(one));
}

#[test]
fn trap_11_the_empty_file_has_a_hash_of_zeros_without_salt() {
    assert_eq!(HashTree::new().file_hash(), XetHash::ZERO);
}

#[test]
fn lengths_are_part_of_the_hash() {
    let tree = |size| HashTree::from_iter([(ending(1, 1), 5), (ending(2, 1), size)]).xorb_hash();
    assert_ne!(tree(9), tree(10));
    assert_ne!(tree(0), tree(u64::MAX));
}

#[test]
fn a_line_is_written_as_text() {
    for size_bytes in [0, 1, 9, 10, 99, 100, 131_072, u64::MAX - 1, u64::MAX] {
        let node = Node { hash: ending(0x0123_4567_89ab_cdef, 5), size_bytes };
        let mut text = [0; LINE_MAX_BYTES];
        let end = write_line(&mut text, 0, &node);
        let expect = format!("{} : {size_bytes}\n", node.hash);
        assert_eq!(std::str::from_utf8(&text[..end]), Ok(&expect[..]));
    }
}

/// Trees that the published implementation gives; `compat/rust` compares many more.
#[test]
fn hashes_are_those_of_the_protocol() {
    let chunk = |text: &str, size| (text.parse().expect("a hash"), size);
    let first = chunk("cfc5d07f6f03c29bbf424132963fe08d19a37d5757aaf520bf08119f05cd56d6", 100);
    let second = chunk("c3e67584b5c4fc2a89837ec39e40f2c8a6bb0b2987ac94cd4b31e5fbdd210a72", 200);
    let third = chunk("0d2beb91b9196929a5ddec9f6e306924ddf4a24268e3e59fd8464738d525af37", 300);
    let check = |chunks: &[(XetHash, u64)], xorb: &str, file: &str| {
        let tree: HashTree = chunks.iter().copied().collect();
        assert_eq!(tree.clone().xorb_hash().to_string(), xorb);
        assert_eq!(tree.file_hash().to_string(), file);
    };
    check(
        &[first],
        "cfc5d07f6f03c29bbf424132963fe08d19a37d5757aaf520bf08119f05cd56d6",
        "8e16257caa3fe079d484d872a8975264b2ff683b0d6db9028cc7c0f968a45661",
    );
    check(
        &[first, second, third],
        "71ec1275fca074724e2dd666921b3277c7cee603e4d025bcab2d4050015be2bc",
        "54e55dccc6653c612bdb5576c5d3cb34bb31bc4e100248abccf4c908b3ef7715",
    );
    check(
        &[first; 4],
        "89f2ada89ff8c96763c6b25010e6dd76a4c05b1466207633ea559acf2093211b",
        "2cdba690d0e09563596e0cda626d43eb4c96ef1e994fe72d9b2f5a83cfcd36dd",
    );
}
