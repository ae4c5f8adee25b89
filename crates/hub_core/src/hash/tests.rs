use super::*;

/// The bytes 0 to 31 in order.
fn counting() -> [u8; 32] {
    std::array::from_fn(|index| index as u8)
}

#[test]
fn most_hashes_are_written_in_order() {
    let text = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    assert_eq!(Sha256::new(counting()).to_string(), text);
    assert_eq!(text.parse(), Ok(Sha256::new(counting())));
}

#[test]
fn a_hash_of_xet_is_written_in_groups_of_eight_turned_round() {
    let text = "07060504030201000f0e0d0c0b0a090817161514131211101f1e1d1c1b1a1918";
    assert_eq!(XetHash::new(counting()).to_string(), text);
    assert_eq!(text.parse(), Ok(XetHash::new(counting())));
    assert_eq!(text.to_uppercase().parse(), Ok(XetHash::new(counting())));
}

#[test]
fn text_of_another_length_or_alphabet_is_no_hash() {
    for text in ["", "00", &"0".repeat(63), &"0".repeat(65), &"g".repeat(64), &"é".repeat(32)] {
        assert_eq!(text.parse::<XetHash>(), Err(HashParseError { expected: 64 }), "{text:?}");
    }
    assert!(XetHash::from_slice(&[0; 31]).is_err());
    assert!(XetHash::from_slice(&[0; 32]).is_ok());
}

#[test]
fn a_digest_in_a_shard_reads_as_its_sha256() {
    let digest = Sha256::new(counting());
    assert_eq!(XetHash::from_sha256(digest).to_string(), digest.to_string());
    assert_eq!(XetHash::from_sha256(digest).to_sha256(), digest);
}
