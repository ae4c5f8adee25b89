//! Recipes and links: what a client does with them gives the bytes of the file.

use std::ops::RangeInclusive;

use futures::TryStreamExt;
use hub_cas::{CasError, Link, PlannedFetch, Reconstruction};
use hub_core::{Code, UserError, XetHash};
use hub_formats::xet::reconstruction::{RangeError, WHOLE};
use hub_formats::xet::xorb::{Bounds, ChunkReader, XorbTable};

use crate::support::{ALICE, HOUR_MS, Packed, World, noise, text};

/// Fetches what a link serves.
async fn fetch(world: &World, PlannedFetch { fetch, link }: &PlannedFetch) -> Vec<u8> {
    assert_eq!(fetch.ranges.len(), 1);
    let range = fetch.ranges[0].bytes.0.clone();
    match link {
        Link::Ticket(text) => {
            let ticket = world.cas.open_ticket(text).await.unwrap();
            assert_eq!((ticket.xorb, &ticket.range), (fetch.xorb, &range));
            let slices: Vec<bytes::Bytes> = world.cas.fetch(&ticket, range).await.unwrap().try_collect().await.unwrap();
            slices.concat()
        }
        Link::Direct(link) => {
            let header = format!("bytes={}-{}", range.start, range.end - 1);
            let answer = reqwest::Client::new().get(link).header("range", header).send().await.unwrap();
            assert_eq!(answer.status(), 206);
            answer.bytes().await.unwrap().to_vec()
        }
    }
}

/// Does with a recipe what a client does.
async fn rebuild(world: &World, packed: &Packed, found: &Reconstruction) -> Vec<u8> {
    let table = |xorb: &XetHash| -> &XorbTable {
        &packed.xorbs.iter().find(|candidate| candidate.table.hash() == *xorb).unwrap().table
    };
    let mut content = Vec::new();
    for term in &found.plan.terms {
        let bounds: &Bounds = table(&term.xorb).bounds();
        let mut holders = found
            .fetches
            .iter()
            .filter(|planned| planned.fetch.xorb == term.xorb && planned.fetch.ranges[0].chunks.contains(term.chunks));
        let holder = holders.next().expect("a range has the term");
        assert!(holders.next().is_none(), "only one range has it");
        let bytes = fetch(world, holder).await;
        let start = bounds.packed(holder.fetch.ranges[0].chunks).unwrap().start;
        let packed = bounds.packed(term.chunks).unwrap();
        let mut reader = ChunkReader::new(bounds, term.chunks).unwrap();
        let before = content.len();
        reader.push(&bytes[(packed.start - start) as usize..(packed.end - start) as usize], &mut content).unwrap();
        reader.finish().unwrap();
        assert_eq!(content.len() - before, term.raw_bytes as usize);
    }
    let from = found.plan.offset_bytes as usize;
    content[from..from + found.plan.wanted_bytes as usize].to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_rebuilds_any_range() {
    let world = World::new().await;
    let content = [noise(1, 1_500_000), text(2, 1_000_000), noise(1, 1_500_000)].concat();
    for chunks_per_xorb in [4, 8192] {
        let mut content = content.clone();
        content[0] = chunks_per_xorb as u8;
        let packed = Packed::new(&[b"before", &content], chunks_per_xorb);
        world.upload(ALICE, &packed).await.unwrap();
        let file = packed.files[1].hash;
        let last = content.len() as u64 - 1;
        let ranges: [RangeInclusive<u64>; 7] =
            [WHOLE, 0..=0, 0..=last, last..=last, last..=u64::MAX, 700_000..=2_000_000, 65_535..=65_536];
        for range in ranges {
            let found = world.cas.plan(&file, range.clone()).await.unwrap();
            let expect = &content[*range.start() as usize..=(*range.end()).min(last) as usize];
            assert!(rebuild(&world, &packed, &found).await == expect, "{range:?}");
            let again = world.cas.plan(&file, range).await.unwrap();
            assert_eq!(again.plan, found.plan);
        }
    }
}

/// One client fetches all ranges of a link at once, which no S3-compatible store serves: so each has one of its own.
#[tokio::test(flavor = "multi_thread")]
async fn trap_20_each_range_has_a_link_of_its_own() {
    let world = World::new().await;
    let content = noise(1, 2_000_000);
    let scattered = [&content[..300_000], &content[1_000_000..1_400_000], &content[600_000..900_000]].concat();
    let packed = Packed::new(&[&content, &scattered], 8192);
    world.upload(ALICE, &packed).await.unwrap();
    for file in &packed.files {
        let found = world.cas.plan(&file.hash, WHOLE).await.unwrap();
        assert!(found.fetches.iter().all(|planned| planned.fetch.ranges.len() == 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_files_have_one_plan() {
    let world = World::new().await;
    let packed = Packed::new(&[&noise(1, 900_000), b"", &noise(2, 700_000)], 4);
    world.upload(ALICE, &packed).await.unwrap();
    let files: Vec<_> = packed.files.iter().map(|file| file.hash).collect();
    let (counts, found) = world.cas.plan_files(&files).await.unwrap();
    assert_eq!(counts, packed.files.iter().map(|file| file.terms.len()).collect::<Vec<_>>());
    let terms: Vec<_> = packed.files.iter().flat_map(|file| file.terms.clone()).collect();
    assert_eq!(found.plan.terms, terms);
    for term in &terms {
        let within = |planned: &&PlannedFetch| {
            let range = &planned.fetch.ranges[0];
            planned.fetch.xorb == term.xorb
                && range.chunks.start() <= term.chunks.start()
                && term.chunks.end() <= range.chunks.end()
        };
        assert_eq!(found.fetches.iter().filter(within).count(), 1, "each term lies within exactly one range");
    }
    let missing = world.cas.plan_files(&[files[0], hub_core::XetHash::new([5; 32])]).await.unwrap_err();
    assert!(matches!(missing, CasError::FileNotFound(_)), "{missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_several_segments_is_planned_from_those_that_have_the_range() {
    let world = World::new().await;
    // Two chunks that take turns: every one is a term of its own, and there are more of them than a row holds.
    let blocks: Vec<Vec<u8>> = (0..2).map(|seed| noise(seed, 10_000)).collect();
    let mut packed = Packed::new(&[&blocks[0], &blocks[1]], 1);
    let pieces: Vec<usize> = (0..1500).map(|number| number % 2).collect();
    let mut tree = hub_formats::xet::HashTree::new();
    let mut file = packed.files[0].clone();
    let (mut terms, mut proofs) = (Vec::new(), Vec::new());
    for piece in &pieces {
        for (term, proof) in packed.files[*piece].proven_terms().unwrap() {
            let xorb = packed.xorbs.iter().find(|xorb| xorb.table.hash() == term.xorb).unwrap();
            tree.extend(xorb.table.sized_chunks(term.chunks).unwrap());
            terms.push(term);
            proofs.push(proof);
        }
    }
    assert!(terms.len() > 1024);
    let content: Vec<u8> = pieces.iter().flat_map(|piece| blocks[*piece].iter().copied()).collect();
    (file.hash, file.terms, file.range_hashes, file.sha256) = (tree.file_hash(), terms, Some(proofs), None);
    packed.files = vec![file];
    world.upload(ALICE, &packed).await.unwrap();
    let file = packed.files[0].hash;
    let size = content.len() as u64;
    for range in [0..=99, size / 2..=size / 2 + 3_000_000, size - 5..=size - 1, size / 3..=size / 3] {
        let found = world.cas.plan(&file, range.clone()).await.unwrap();
        let expect = &content[*range.start() as usize..=*range.end() as usize];
        assert!(rebuild(&world, &packed, &found).await == expect, "{range:?}");
        assert!(world.read(&file, *range.start()..*range.end() + 1).await.unwrap() == expect, "{range:?}");
    }
    assert!(world.read(&file, 0..size).await.unwrap() == content);
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_that_are_none_are_told_apart() {
    let world = World::new().await;
    let packed = Packed::new(&[&noise(1, 1000), b""], 3);
    world.upload(ALICE, &packed).await.unwrap();
    let (file, empty) = (packed.files[0].hash, packed.files[1].hash);
    let error = world.cas.plan(&file, 1000..=1000).await.unwrap_err();
    assert!(matches!(error, CasError::Range(RangeError::PastEnd { size_bytes: 1000 })));
    assert_eq!(error.code(), Code::RangeNotSatisfiable);
    #[expect(clippy::reversed_empty_ranges, reason = "a client may ask for one")]
    let error = world.cas.plan(&file, 5..=4).await.unwrap_err();
    assert!(matches!(error, CasError::Range(RangeError::Inverted)));
    assert_eq!(error.code(), Code::BadRequest);
    let found = world.cas.plan(&empty, 0..=0).await.unwrap();
    assert!(found.plan.terms.is_empty() && found.fetches.is_empty());
    assert_eq!(world.cas.plan(&empty, 1..=9).await.unwrap_err().code(), Code::RangeNotSatisfiable);
    assert_eq!(world.cas.plan(&XetHash::new([1; 32]), WHOLE).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_good_for_its_range_and_its_time() {
    let world = World::new().await;
    let packed = Packed::new(&[&noise(1, 1_000_000)], 8192);
    world.upload(ALICE, &packed).await.unwrap();
    let found = world.cas.plan(&packed.files[0].hash, 400_000..=500_000).await.unwrap();
    let Link::Ticket(text) = &found.fetches[0].link else { return };
    let ticket = world.cas.open_ticket(text).await.unwrap();
    let range = ticket.range.clone();
    assert!(range.start > 0);
    for part in [range.start - 1..range.end, range.start..range.end + 1, 0..10] {
        assert!(matches!(world.cas.fetch(&ticket, part).await.err().unwrap(), CasError::BadLink));
    }
    assert!(world.cas.fetch(&ticket, range.start + 5..range.start + 9).await.is_ok());
    for place in [0, 50, text.len() - 2] {
        let mut forged = text.clone().into_bytes();
        forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
        let error = world.cas.open_ticket(std::str::from_utf8(&forged).unwrap()).await.unwrap_err();
        assert!(matches!(error, CasError::BadLink));
        assert_eq!(error.code(), Code::Forbidden);
    }
    for junk in ["", "A", "....", &"A".repeat(10_000), &text[..text.len() - 4]] {
        assert!(matches!(world.cas.open_ticket(junk).await.unwrap_err(), CasError::BadLink));
    }
    world.clock.advance_millis(7 * HOUR_MS);
    assert!(matches!(world.cas.open_ticket(text).await.unwrap_err(), CasError::BadLink));
}
