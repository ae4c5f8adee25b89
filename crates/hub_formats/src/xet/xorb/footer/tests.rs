use super::super::super::chunk_hash;
use super::super::XorbBuilder;
use super::*;

fn table() -> XorbTable {
    let mut builder = XorbBuilder::new();
    for chunk in [&b"one"[..], &[0; 5000], b"three"] {
        builder.push(chunk_hash(chunk), chunk);
    }
    builder.finish().expect("there are chunks").table
}

#[test]
fn a_footer_reads_as_it_was_written() {
    let table = table();
    let footer = table.to_footer();
    assert_eq!(footer.len(), footer_bytes(3));
    assert_eq!(XorbTable::parse_footer(&footer), Ok(table));
}

#[test]
fn every_prefix_and_every_addition_is_refused() {
    let footer = table().to_footer();
    for end in 0..footer.len() {
        assert!(XorbTable::parse_footer(&footer[..end]).is_err(), "prefix of {end} bytes");
    }
    assert_eq!(XorbTable::parse_footer(&[&footer[..], &[0]].concat()), Err(FooterError::Length));
}

/// What a footer says of hashes is a claim; all else it says twice, or within limits.
#[test]
fn every_changed_byte_is_noticed_but_in_what_it_claims() {
    let footer = table().to_footer();
    let hashes = (8..40).chain(52..52 + 3 * 32);
    let spare = footer.len() - 20..footer.len() - 4;
    let ends = 52 + 3 * 32 + 12..52 + 3 * 32 + 12 + 3 * 8;
    let claims: Vec<usize> = hashes.chain(spare).chain(ends).collect();
    for at in 0..footer.len() {
        let mut damaged = footer.clone();
        damaged[at] ^= 0x40;
        let is_read = XorbTable::parse_footer(&damaged).is_ok();
        assert!(!is_read || claims.contains(&at), "byte {at}");
    }
}

#[test]
fn chunks_of_impossible_sizes_are_refused() {
    let good = table();
    let check = |packed_ends: [u32; 3], raw_ends: [u32; 3]| {
        let bounds = Bounds { packed_ends: packed_ends.to_vec(), raw_ends: raw_ends.to_vec() };
        XorbTable::parse_footer(&XorbTable { bounds, ..good.clone() }.to_footer()).map(drop)
    };
    assert_eq!(check([9, 18, 27], [1, 2, 3]), Ok(()));
    assert_eq!(check([9, 18, 26], [1, 2, 3]), Err(FooterError::Impossible));
    assert_eq!(check([9, 8, 27], [1, 2, 3]), Err(FooterError::Impossible));
    assert_eq!(check([9, 18, 27], [1, 1, 3]), Err(FooterError::Impossible));
    assert_eq!(check([9, 18, 27], [3, 2, 1]), Err(FooterError::Impossible));
    assert_eq!(check([9, 18, 27], [131_073, 131_074, 131_075]), Err(FooterError::Impossible));
    assert_eq!(check([9, 18, u32::MAX], [1, 2, 3]), Err(FooterError::Impossible));
}

#[test]
fn a_count_that_no_xorb_has_is_refused_before_anything_is_allocated() {
    let mut footer = table().to_footer();
    for count in [0, 4, 8193, u32::MAX] {
        footer[48..52].copy_from_slice(&count.to_le_bytes());
        assert!(XorbTable::parse_footer(&footer).is_err(), "{count} chunks");
    }
}
