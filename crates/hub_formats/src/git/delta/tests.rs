use super::*;

const BASE: &[u8] = b"the quick brown fox jumps over the lazy dog";

fn delta(base: u8, result: u8, instructions: &[u8]) -> Vec<u8> {
    [&[base, result], instructions].concat()
}

fn check(instructions: &[u8], result: u8, expect: Result<&[u8], DeltaError>) {
    let found = apply(BASE, &delta(BASE.len() as u8, result, instructions), 1 << 20);
    assert_eq!(found.as_deref(), expect.as_ref().map(|bytes| *bytes), "{instructions:?}");
}

#[test]
fn copies_and_inserts_make_the_result() {
    // copy(4, 5), insert "!", copy(16, 3)
    check(&[0x91, 4, 5, 1, b'!', 0x91, 16, 3], 9, Ok(b"quick!fox"));
    check(&[], 0, Ok(b""));
    // An offset that is left out is 0.
    check(&[0x90, 3], 3, Ok(b"the"));
}

#[test]
fn a_length_of_zero_copies_64_kib() {
    let base = vec![b'x'; 0x1_0000];
    let delta = [0x80, 0x80, 0x04, 0x80, 0x80, 0x04, 0x80];
    assert_eq!(apply(&base, &delta, 1 << 20), Ok(base));
}

#[test]
fn faults_are_refused() {
    check(&[0], 1, Err(DeltaError::Malformed));
    check(&[5, b'a'], 5, Err(DeltaError::Malformed));
    check(&[0x91, 4], 5, Err(DeltaError::Malformed));
    check(&[0x91, 40, 5], 5, Err(DeltaError::OutOfBase));
    check(&[0xff, 255, 255, 255, 255, 255, 255, 255], 5, Err(DeltaError::OutOfBase));
    check(&[0x90, 3], 4, Err(DeltaError::WrongResult { expected: 4 }));
    check(&[0x90, 3], 2, Err(DeltaError::WrongResult { expected: 2 }));
    let other_base = apply(BASE, &delta(9, 3, &[0x90, 3]), 1 << 20);
    assert_eq!(other_base, Err(DeltaError::WrongBase { expected: 9, found: 43 }));
    assert_eq!(apply(b"", &[0; 1], 10), Err(DeltaError::Malformed));
    assert_eq!(sizes(&[0x80; 20]), Err(DeltaError::Malformed));
}

#[test]
fn a_bomb_is_refused_before_anything_is_unfolded() {
    // Promises a terabyte.
    let bomb = [BASE.len() as u8, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 0x90, 3];
    assert_eq!(sizes(&bomb), Ok(DeltaSizes { base: BASE.len() as u64, result: 1 << 40 }));
    assert_eq!(apply(BASE, &bomb, 1 << 20), Err(DeltaError::TooLarge { size: 1 << 40, most: 1 << 20 }));
    assert_eq!(apply(BASE, &bomb, u64::MAX), Err(DeltaError::WrongResult { expected: 1 << 40 }));
}

#[test]
fn every_prefix_is_refused() {
    let whole = delta(BASE.len() as u8, 9, &[0x91, 4, 5, 1, b'!', 0x91, 16, 3]);
    for end in 0..whole.len() {
        assert!(apply(BASE, &whole[..end], 1 << 20).is_err(), "{end}");
    }
}

#[test]
fn what_is_encoded_unfolds_to_what_it_was() {
    let mut seed = 7_u64;
    let mut noise = |count: usize| -> Vec<u8> {
        let next = |_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 56) as u8
        };
        (0..count).map(next).collect()
    };
    let base = noise(200_000);
    let round = |base: &[u8], target: &[u8], most: usize| {
        let delta = encode(base, target, usize::MAX >> 1).expect("a base that can be indexed");
        assert_eq!(apply(base, &delta, target.len() as u64).as_deref(), Ok(target));
        assert!(delta.len() <= most, "{} bytes", delta.len());
        // What waits to be inserted counts until a copy reaches back over it, a few windows at most.
        assert_eq!(encode(base, target, delta.len() + 8 * WINDOW).as_ref(), Some(&delta));
        assert_eq!(encode(base, target, delta.len() - 1), None);
    };
    round(&base, &base, 40);
    round(&base, &base[70_001..140_003], 30);
    round(&base, &base[..65_536], 20);
    round(&base, &[], 10);
    round(&base, &base[..9], 20);
    let mut edited = base.clone();
    edited[1000..1020].copy_from_slice(&noise(20));
    edited.splice(150_000..150_000, noise(33));
    edited.drain(90_000..90_500);
    round(&base, &edited, 140);
    let moved = [&base[100_000..], &base[..100_000]].concat();
    round(&base, &moved, 60);
    let other = noise(5_000);
    round(&base, &other, 5_060);
    round(&[0; 5000], &[0; 300_000], 600);
    assert_eq!(encode(b"too short", &base, usize::MAX), None);
}
