use super::*;

#[test]
fn each_purpose_has_its_own_hash() {
    let content = b"one and the same";
    let hash = chunk_hash(content);
    let all = [hash, node_hash(content), range_hash(&[hash]), salted(hash), key(1).hide(&hash)];
    for (index, one) in all.iter().enumerate() {
        assert!(!all[..index].contains(one), "hash {index} is one of those before");
    }
}

/// Hashes that the published implementation gives; `compat/rust` compares many more.
#[test]
fn hashes_are_those_of_the_protocol() {
    let hello = chunk_hash(b"hello");
    let found = [hello, range_hash(&[hello, chunk_hash(b"world")]), salted(hello), key(7).hide(&hello)];
    let expect = [
        "9076ba12d998050b9c95c8bf770f943e6cad55c7490a82b76cf1582a2a05c2c2",
        "c47772b645c4fe0d334cd021861ff8ea2cf4fe1d6ade82892c681ced257840e3",
        "48a3213a086cad271381aafe47232eb5df291a963cebbfec071972eff45eb422",
        "1c11c0ee515cdfda55886d2924e804e537af75e3994c6c63a42f6baf7b6a8a0a",
    ];
    assert_eq!(found.map(|hash| hash.to_string()), expect);
}

#[test]
fn a_key_of_zeros_is_no_key() {
    assert!(DedupKey::new([0; 32]).is_none());
    assert_eq!(format!("{:?}", key(9)), "DedupKey(..)");
}

#[test]
fn the_end_of_a_hash_chooses_who_is_asked_for() {
    let ending = |last: u64| {
        let mut bytes = [0xee; 32];
        bytes[24..].copy_from_slice(&last.to_le_bytes());
        XetHash::new(bytes)
    };
    for (last, expect) in [(0, true), (1024, true), (u64::MAX - 1023, true), (1, false), (512, false), (1025, false)] {
        assert_eq!(is_dedup_eligible(&ending(last)), expect, "{last}");
    }
}

fn key(byte: u8) -> DedupKey {
    DedupKey::new([byte; 32]).expect("not zeros")
}
