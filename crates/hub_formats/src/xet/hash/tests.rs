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
