//! The seeds of the fuzzers under `fuzz/seeds`: one valid input of each kind that the parsers know, and one that is damaged.
//! They are built here, so that they stay what the formats are; `UPDATE_SNAPSHOTS=1` writes them anew.

use std::path::Path;

use hub_core::{Sha256, XetHash};

use super::chunk::{ChunkDecoder, ChunkEncoder, ChunkHeader, HEADER_BYTES};
use super::shard::{DedupAnswer, ShardFile, ShardXorb, Term, write_upload};
use super::xorb::{ChunkRange, Xorb, XorbBuilder, XorbError, XorbTable};
use super::{DedupKey, HashTree, ShardReader, XorbCheck, chunk_hash};

/// Contents that are packed in the ways there are.
fn contents() -> [Vec<u8>; 3] {
    let noise: Vec<u8> = (0..700_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let text = b"words and words again, ".repeat(30);
    let numbers: Vec<u8> =
        (0..400_u32).flat_map(|at| (1_000_000 + at.wrapping_mul(7919) % 5000).to_le_bytes()).collect();
    [noise, text, numbers]
}

fn xorb() -> Xorb {
    let mut builder = XorbBuilder::new();
    for content in contents() {
        builder.push(chunk_hash(&content), &content);
    }
    builder.finish().unwrap()
}

fn upload(xorb: &Xorb) -> Vec<u8> {
    let all = ChunkRange::new(0, 3).unwrap();
    let raw_bytes = xorb.table.bounds().raw_bytes(all).unwrap() as u32;
    let hash = xorb.table.sized_chunks(all).unwrap().collect::<HashTree>().file_hash();
    let file = ShardFile {
        hash,
        terms: vec![Term { xorb: xorb.table.hash(), chunks: all, raw_bytes }],
        range_hashes: Some(vec![xorb.table.range_hash(all).unwrap()]),
        sha256: Some(Sha256::new([1; 32])),
    };
    let empty =
        ShardFile { hash: XetHash::ZERO, terms: vec![], range_hashes: None, sha256: Some(Sha256::new([0; 32])) };
    write_upload(&[file, empty], &[ShardXorb::from(&xorb.table)])
}

/// Target, name, input. Some targets take the length of the slices from the first byte.
fn seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let mut seeds = Vec::new();
    let mut encoder = ChunkEncoder::new();
    for (name, content) in
        ["repeating", "lz4", "grouped"].into_iter().zip(contents()).chain([("plain", b"0123456789abcdef".to_vec())])
    {
        let mut record = Vec::new();
        encoder.encode(&content, &mut record);
        seeds.push(("xet_chunk", name, record));
    }
    let xorb = xorb();
    let footer = xorb.table.to_footer();
    let sliced = |bytes: &[u8]| [&[40], bytes].concat();
    seeds.push(("xet_xorb", "body", sliced(&xorb.body)));
    seeds.push(("xet_xorb", "body-and-footer", sliced(&[&xorb.body[..], &footer].concat())));
    let mut damaged = xorb.body.clone();
    // A scheme that there is not.
    damaged[4] = 7;
    seeds.push(("xet_xorb", "damaged", sliced(&damaged)));
    let key = DedupKey::new([9; 32]).unwrap();
    let xorbs = [ShardXorb::from(&xorb.table)];
    let answer = DedupAnswer { xorbs: &xorbs, key: &key, created_secs: 1, expires_secs: 2 }.write();
    let upload = upload(&xorb);
    seeds.push(("xet_shard", "upload", sliced(&upload)));
    seeds.push(("xet_shard", "answer", sliced(&answer)));
    seeds.push(("xet_shard", "cut-off", sliced(&upload[..upload.len() - 48])));
    seeds.push(("xet_footer", "footer", footer.clone()));
    seeds.push(("xet_footer", "cut-off", footer[..footer.len() - 1].to_vec()));
    seeds
}

#[test]
fn the_seeds_of_the_fuzzers_are_those_of_today() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    for (target, name, input) in seeds() {
        let path = folder.join(target).join(name);
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &input).unwrap();
        }
        assert!(std::fs::read(&path).unwrap() == input, "{} is not what it was built as", path.display());
    }
}

#[test]
fn the_seeds_are_read_or_refused_as_their_names_say() {
    for (target, name, input) in seeds() {
        let is_good = !["damaged", "cut-off"].contains(&name);
        let read = match target {
            "xet_chunk" => {
                let (header, payload) = input.split_first_chunk::<HEADER_BYTES>().unwrap();
                let header = ChunkHeader::parse(header).unwrap();
                ChunkDecoder::new().decode(header, payload, &mut vec![0; header.raw_bytes()]).is_ok()
            }
            "xet_xorb" => {
                let mut check = XorbCheck::new();
                let read = check.push(&input[1..]).and_then(|()| check.finish(&XetHash::ZERO).map(drop));
                // All was read, and it is not the xorb that nobody can have.
                matches!(read, Err(XorbError::WrongHash { .. }))
            }
            "xet_shard" => {
                let mut reader = ShardReader::new();
                reader.push(&input[1..]).is_ok() && reader.finish().is_ok()
            }
            _ => XorbTable::parse_footer(&input).is_ok(),
        };
        assert_eq!(read, is_good, "{target} {name}");
    }
}
