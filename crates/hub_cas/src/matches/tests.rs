//! Runs are found, and a file is not cut into crumbs.

use hub_formats::xet::chunk_hash;
use hub_formats::xet::xorb::XorbBuilder;

use super::*;

fn chunk(number: u32) -> Vec<u8> {
    number.to_le_bytes().repeat(100)
}

fn hash(number: u32) -> XetHash {
    chunk_hash(&chunk(number))
}

fn stored(numbers: impl IntoIterator<Item = u32>) -> Arc<XorbTable> {
    let mut builder = XorbBuilder::new();
    for number in numbers {
        builder.push(hash(number), &chunk(number));
    }
    Arc::new(builder.finish().unwrap().table)
}

#[test]
fn what_follows_in_a_xorb_is_one_term() {
    let table = stored(0..20);
    let mut matches = Matches::default();
    matches.learn(&table);
    let file: Vec<XetHash> = [5, 6, 7, 100, 8].map(hash).to_vec();
    let (place, count) = matches.run(file.iter()).unwrap();
    assert_eq!(count, 3);
    matches.share(place, count, 1200);
    assert!(matches.run(file[3..].iter()).is_none(), "an unknown chunk");
    let slot = matches.open_slot();
    matches.packed(file[3], slot, 0, 400);
    let (place, count) = matches.run(file[4..].iter()).unwrap();
    matches.share(place, count, 400);
    let own = stored([100]);
    matches.close_slot(slot, own.hash());
    let terms = matches.finish().unwrap();
    let term = |xorb, start, end, raw_bytes| Term { xorb, chunks: ChunkRange::new(start, end).unwrap(), raw_bytes };
    assert_eq!(terms, [term(table.hash(), 5, 8, 1200), term(own.hash(), 0, 1, 400), term(table.hash(), 8, 9, 400)]);
}

#[test]
fn a_file_is_not_cut_into_crumbs() {
    let table = stored(0..2000);
    let mut matches = Matches::default();
    matches.learn(&table);
    let slot = matches.open_slot();
    // Every second chunk is stored, at places that do not follow each other.
    let mut shared = 0;
    for number in 0..1000 {
        matches.packed(hash(10_000 + number), slot, number, 400);
        if let Some((place, count)) = matches.run([hash(2 * number)].iter()) {
            matches.share(place, count, 400);
            shared += 1;
        }
    }
    assert!((1..=200).contains(&shared), "{shared}");
}

#[test]
fn old_chunks_are_forgotten() {
    let mut matches = Matches::default();
    let slot = matches.open_slot();
    let numbered = |number: usize| {
        let mut bytes = [1; 32];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        XetHash::new(bytes)
    };
    for number in 0..MAX_CHUNKS + 10 {
        matches.packed(numbered(number), slot, number as u32, 1);
    }
    assert!(!matches.knows(&numbered(9)));
    assert!(matches.knows(&numbered(10)));
}
