use std::collections::HashMap;
use std::io::Cursor;

use super::*;
use crate::git::pack::DeltaBase;
use crate::git::{compress, decompress, object_id};

/// Collects what is handed over and lends what it was given.
#[derive(Default)]
struct Collected {
    bases: HashMap<Oid, (ObjectKind, Vec<u8>)>,
    objects: HashMap<Oid, (ObjectKind, Option<Vec<u8>>)>,
    streams: usize,
    deltas: Vec<(Oid, Oid)>,
    lent: usize,
}

impl PackReceiver for Collected {
    type Error = PackError;

    fn base(&mut self, oid: Oid) -> Result<Option<(ObjectKind, Vec<u8>)>, PackError> {
        self.lent += 1;
        Ok(self.bases.get(&oid).cloned())
    }

    fn object(&mut self, object: PackObject<'_>) -> Result<(), PackError> {
        self.streams += usize::from(object.stream.is_some());
        if let Some(delta) = object.delta {
            assert_eq!(decompress(delta.stream, delta.size).expect("its stream").len() as u64, delta.size);
            self.deltas.push((object.oid, delta.base));
        }
        assert_eq!(object.content.map_or(object.size, |content| content.len() as u64), object.size);
        self.objects.insert(object.oid, (object.kind, object.content.map(<[u8]>::to_vec)));
        Ok(())
    }
}

/// Writes packs by hand, faults included.
struct Draft {
    bytes: Vec<u8>,
    starts: Vec<usize>,
}

impl Draft {
    fn new(count: u32) -> Self {
        Self { bytes: [b"PACK".as_slice(), &[0, 0, 0, 2], &count.to_be_bytes()].concat(), starts: Vec::new() }
    }

    fn head(&mut self, number: u8, size: usize) {
        self.starts.push(self.bytes.len());
        let mut byte = (number << 4) | (size & 15) as u8;
        let mut rest = size >> 4;
        while rest > 0 {
            self.bytes.push(byte | 0x80);
            byte = (rest & 0x7f) as u8;
            rest >>= 7;
        }
        self.bytes.push(byte);
    }

    fn blob(mut self, content: &[u8]) -> Self {
        self.head(3, content.len());
        self.bytes.extend(compress(content));
        self
    }

    fn on_entry(mut self, number: usize, delta: &[u8]) -> Self {
        self.head(6, delta.len());
        let mut back = self.starts[self.starts.len() - 1] - self.starts[number];
        let mut digits = vec![(back & 0x7f) as u8];
        while back > 0x7f {
            back = (back >> 7) - 1;
            digits.push(0x80 | (back & 0x7f) as u8);
        }
        self.bytes.extend(digits.iter().rev());
        self.bytes.extend(compress(delta));
        self
    }

    fn on_object(mut self, oid: Oid, delta: &[u8]) -> Self {
        self.head(7, delta.len());
        self.bytes.extend(oid.as_bytes());
        self.bytes.extend(compress(delta));
        self
    }

    fn finish(mut self) -> Vec<u8> {
        let sum = sha1::Sha1::digest(&self.bytes);
        self.bytes.extend(&sum[..]);
        self.bytes
    }
}

fn blob_id(content: &[u8]) -> Oid {
    object_id(ObjectKind::Blob, content)
}

/// A delta that copies a whole base of up to 65,535 bytes and adds a few.
fn appending(base: usize, added: &[u8]) -> Vec<u8> {
    let varint = |mut number: usize| {
        let mut bytes = Vec::new();
        while number > 0x7f {
            bytes.push(0x80 | (number & 0x7f) as u8);
            number >>= 7;
        }
        bytes.push(number as u8);
        bytes
    };
    let mut delta = [varint(base), varint(base + added.len())].concat();
    delta.extend([0xb0, (base & 255) as u8, (base >> 8) as u8, added.len() as u8]);
    delta.extend(added);
    delta
}

fn read_with(pack: &[u8], limits: &PackLimits, receiver: &mut Collected) -> Result<PackSummary, PackError> {
    let mut input = pack;
    let summary = read_pack(&mut input, Cursor::new(Vec::new()), limits, receiver)?;
    assert_eq!(pack.len() - input.len(), summary.pack_bytes as usize);
    Ok(summary)
}

fn read_one(pack: &[u8]) -> Result<Collected, PackError> {
    let mut collected = Collected::default();
    read_with(pack, &PackLimits::default(), &mut collected).map(|_| collected)
}

#[track_caller]
fn refused(pack: &[u8]) -> String {
    read_one(pack).map(|_| ()).expect_err("the pack is faulty").to_string()
}

#[test]
fn whole_objects_come_with_their_streams_and_what_follows_is_left() {
    let mut encoder = super::super::PackEncoder::new(3);
    let contents =
        [(ObjectKind::Blob, vec![b'x'; 5000]), (ObjectKind::Tree, vec![]), (ObjectKind::Commit, b"c".to_vec())];
    for (kind, content) in &contents {
        encoder.begin_entry(*kind, content.len() as u64);
        encoder.push(&compress(content));
    }
    let mut pack = encoder.take();
    pack.extend(encoder.finish());
    pack.extend(b"more");
    let mut collected = Collected::default();
    let summary = read_with(&pack, &PackLimits::default(), &mut collected).expect("a sound pack");
    assert_eq!(summary, PackSummary { objects: 3, deltas: 0, pack_bytes: pack.len() as u64 - 4 });
    assert_eq!(collected.streams, 3);
    for (kind, content) in contents {
        assert_eq!(collected.objects[&object_id(kind, &content)], (kind, Some(content)));
    }
}

#[test]
fn deltas_are_written_and_come_with_what_they_stand_on() {
    let noise: Vec<u8> = (0..40_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let (second, third) = ([&noise[..], b"more"].concat(), [&noise[..], b"more", b" again"].concat());
    let mut encoder = super::super::PackEncoder::new(4);
    let mut places = Vec::new();
    let mut taken = Vec::new();
    for (base, delta) in [
        (None, noise.clone()),
        (None, b"between".to_vec()),
        (Some(DeltaBase::At(0)), appending(noise.len(), b"more")),
        (Some(DeltaBase::Object(blob_id(&second))), appending(second.len(), b" again")),
    ] {
        places.push(encoder.position());
        let size = delta.len() as u64;
        match base {
            None => encoder.begin_entry(ObjectKind::Blob, size),
            Some(DeltaBase::At(number)) => encoder.begin_delta(DeltaBase::At(places[number as usize]), size),
            Some(base) => encoder.begin_delta(base, size),
        }
        encoder.push(&compress(&delta));
        taken.extend(encoder.take());
    }
    taken.extend(encoder.finish());
    let collected = read_one(&taken).expect("a sound pack");
    assert_eq!(collected.objects[&blob_id(&third)].1.as_ref(), Some(&third));
    let expected = [(blob_id(&second), blob_id(&noise)), (blob_id(&third), blob_id(&second))];
    assert_eq!(collected.deltas, expected);
}

#[test]
fn a_streamed_object_is_inflated_to_what_it_was() {
    let content: Vec<u8> = (0..500_000_u32).flat_map(|i| (i / 7).to_le_bytes()).collect();
    let mut encoder = super::super::PackEncoder::new(1);
    encoder.begin_entry(ObjectKind::Blob, content.len() as u64);
    let mut compressor = super::super::StreamCompressor::default();
    for piece in content.chunks(70_000) {
        compressor.push(piece, encoder.sink());
    }
    compressor.finish(encoder.sink());
    let collected = read_one(&encoder.finish()).expect("a sound pack");
    assert_eq!(collected.objects[&blob_id(&content)].1.as_ref(), Some(&content));
}

#[test]
fn deltas_of_each_kind_are_unfolded_wherever_their_base_is() {
    // 1 is on 0, 2 on the object of 1, 3 on an object that only the repository has, 4 on the object of 3.
    let grown = |times: usize| [b"base".as_slice(), &b"+".repeat(times)].concat();
    let outside = b"outside".to_vec();
    let pack = Draft::new(5)
        .on_object(blob_id(b"outside!"), &appending(8, b"?"))
        .blob(&grown(0))
        .on_entry(1, &appending(4, b"+"))
        .on_object(blob_id(&grown(1)), &appending(5, b"+"))
        .on_object(blob_id(&outside), &appending(7, b"!"))
        .finish();
    let mut collected = Collected::default();
    collected.bases.insert(blob_id(&outside), (ObjectKind::Blob, outside));
    let summary = read_with(&pack, &PackLimits::default(), &mut collected).expect("a sound pack");
    assert_eq!((summary.objects, summary.deltas), (5, 4));
    for content in [grown(0), grown(1), grown(2), b"outside!".to_vec(), b"outside!?".to_vec()] {
        assert_eq!(collected.objects[&blob_id(&content)], (ObjectKind::Blob, Some(content)));
    }
}

/// A trunk of deltas in which each object also carries a twig, so that all of the trunk stays open.
fn comb(length: usize) -> (Vec<u8>, Vec<Vec<u8>>) {
    let mut draft = Draft::new(1 + 2 * length as u32).blob(&[b'b'; 1000]);
    let mut expect = vec![vec![b'b'; 1000]];
    let mut trunk = 0;
    for level in 0..length {
        let base = expect[trunk].clone();
        let twig = [level as u8, 1];
        draft = draft.on_entry(trunk, &appending(base.len(), &twig)).on_entry(trunk, &appending(base.len(), b"t"));
        expect.push([base.as_slice(), &twig].concat());
        expect.push([base.as_slice(), b"t"].concat());
        trunk = expect.len() - 1;
    }
    (draft.finish(), expect)
}

#[test]
fn little_room_costs_time_and_loses_nothing() {
    let (pack, expect) = comb(40);
    for held_bytes in [0, 3000, 10_000, 1 << 20] {
        let limits = PackLimits { held_bytes, ..PackLimits::default() };
        let mut collected = Collected::default();
        read_with(&pack, &limits, &mut collected).expect("a sound pack");
        assert_eq!(collected.objects.len(), expect.len());
        for content in &expect {
            assert!(collected.objects.contains_key(&blob_id(content)));
        }
    }
}

#[test]
fn work_and_chains_are_bounded() {
    let (pack, _) = comb(40);
    let check = |limits: PackLimits, words: &str| {
        let error = read_with(&pack, &limits, &mut Collected::default()).expect_err("over a limit").to_string();
        assert!(error.contains(words), "{error}");
    };
    let limits = PackLimits::default();
    check(PackLimits { unfolded_bytes: 50_000, ..limits }, "unfolds to more than the 50000 bytes");
    check(PackLimits { held_bytes: 0, unfolded_bytes: 200_000, ..limits }, "unfolds to more");
    let scant = PackLimits { unfolded_free_bytes: 2_000, unfolded_per_byte: 2, ..limits };
    let earned = 2_000 + 2 * pack.len();
    check(scant, &format!("unfolds to more than the {earned} bytes"));
    check(PackLimits { chain: 10, ..limits }, "chain of more than 10 deltas");
    check(PackLimits { objects: 80, ..limits }, "81 objects, more than the 80");
    check(PackLimits { pack_bytes: 100, ..limits }, "bytes, more than the 100");
    check(PackLimits { held_object_bytes: 1010, ..limits }, "unfolds to 1011 bytes, more than the 1010");
}

#[test]
fn an_object_too_large_to_be_held_is_told_without_its_content() {
    let content = vec![b'l'; 100_000];
    let limits = PackLimits { held_object_bytes: 50_000, ..PackLimits::default() };
    let mut collected = Collected::default();
    read_with(&Draft::new(1).blob(&content).finish(), &limits, &mut collected).expect("a sound pack");
    assert_eq!(collected.objects[&blob_id(&content)], (ObjectKind::Blob, None));
    let with_delta = Draft::new(2).blob(&content).on_entry(0, &appending(34_464, b"x")).finish();
    assert!(read_with(&with_delta, &limits, &mut collected).is_err());
}

#[test]
fn a_bomb_of_deltas_is_refused_by_its_promise() {
    // A few bytes that promise 64 GiB, which no pack so small has, and 256 MiB, which no object has.
    let vast = [4, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02, 0x90, 4];
    let large = [4, 0x80, 0x80, 0x80, 0x80, 0x01, 0x90, 4];
    for (bomb, words) in [(&vast[..], "unfolds to more than the"), (&large[..], "unfolds to 268435456 bytes")] {
        let message = refused(&Draft::new(2).blob(b"base").on_entry(0, bomb).finish());
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn circles_and_missing_bases_are_refused() {
    let (one, two) = (blob_id(b"one"), blob_id(b"two"));
    let circle = Draft::new(2).on_object(one, &appending(3, b"x")).on_object(two, &appending(3, b"y")).finish();
    let message = refused(&circle);
    assert!(message.contains("2 deltas without a base"), "{message}");
    let missing = Draft::new(2).blob(b"base").on_object(one, &appending(3, b"x")).finish();
    assert!(refused(&missing).contains(&one.to_string()));
}

#[test]
fn objects_that_lie_about_their_size_are_refused() {
    for (said, is) in [(3, 4), (5, 4), (0, 4), (1 << 40, 4)] {
        let mut draft = Draft::new(1);
        draft.head(3, said);
        draft.bytes.extend(compress(&b"base"[..is]));
        let message = refused(&draft.finish());
        assert!(message.contains("damaged object at byte 12") || message.contains("unfolds"), "{message}");
    }
    let mut short = Draft::new(2).blob(b"base");
    short.head(6, 100);
    short.bytes.push(13);
    short.bytes.extend(compress(&appending(4, b"x")));
    assert!(refused(&short.finish()).contains("damaged object"));
}

#[test]
fn offsets_to_nowhere_and_unknown_types_are_refused() {
    let mut nowhere = Draft::new(2).blob(b"base");
    nowhere.head(6, 4);
    nowhere.bytes.push(1);
    assert!(refused(&nowhere.finish()).contains("malformed entry"));
    let mut before = Draft::new(1);
    before.head(6, 4);
    before.bytes.extend([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
    assert!(refused(&before.finish()).contains("malformed entry"));
    for number in [0, 5] {
        let mut unknown = Draft::new(1);
        unknown.head(number, 4);
        unknown.bytes.extend(compress(b"base"));
        assert!(refused(&unknown.finish()).contains("malformed entry at byte 12"));
    }
    let mut endless = Draft::new(1);
    endless.bytes.extend([0xbf; 20]);
    assert!(refused(&endless.finish()).contains("malformed entry"));
}

#[test]
fn every_prefix_and_every_flipped_byte_is_refused() {
    let (pack, _) = comb(3);
    for end in 0..pack.len() {
        assert!(matches!(read_one(&pack[..end]), Err(PackError::Truncated)), "prefix of {end}");
    }
    for place in 0..pack.len() {
        let mut damaged = pack.clone();
        damaged[place] ^= 0x55;
        assert!(read_one(&damaged).is_err(), "byte {place}");
    }
    assert!(refused(b"PACK\0\0\0\x09\0\0\0\0").contains("no pack"));
    assert!(read_one(&Draft::new(0).finish()).is_ok());
}

#[test]
fn random_damage_under_a_sound_checksum_never_panics_and_never_yields_a_wrong_id() {
    let (pack, _) = comb(6);
    let sound = &pack[..pack.len() - 20];
    let limits =
        PackLimits { unfolded_bytes: 1 << 20, held_object_bytes: 1 << 16, held_bytes: 2000, ..PackLimits::default() };
    let mut numbers = crate::random::Numbers::new(7);
    for _ in 0..3000 {
        let mut bytes = sound.to_vec();
        for _ in 0..=numbers.below(4) {
            let place = numbers.below(bytes.len());
            bytes[place] = numbers.below(256) as u8;
        }
        bytes.truncate(bytes.len() - numbers.below(3) * numbers.below(40));
        bytes.extend(&sha1::Sha1::digest(&bytes)[..]);
        let mut collected = Collected::default();
        let _ = read_pack(&mut bytes.as_slice(), Cursor::new(Vec::new()), &limits, &mut collected);
        for (oid, (kind, content)) in collected.objects {
            assert_eq!(content.map(|content| object_id(kind, &content)), Some(oid));
        }
    }
}

#[test]
fn an_attempt_at_a_collision_is_refused() {
    // The first block pair of the published collision, as the beginning of a hash that is not an object: the detection
    // looks at blocks, so the hasher is fed as the published file begins, without the head of an object.
    let published = hex::decode(concat!(
        "255044462d312e330a25e2e3cfd30a0a0a312030206f626a0a3c3c2f57696474682032203020522f4865696768742033203020522f547970",
        "652034203020522f537562747970652035203020522f46696c7465722036203020522f436f6c6f7253706163652037203020522f4c656e67",
        "74682038203020522f42697473506572436f6d706f6e656e7420383e3e0a73747265616d0affd8fffe00245348412d3120697320646561",
        "642121212121852fec092339759c39b1a1c63c4c97e1fffe017f46dc93a6b67e013b029aaa1db2560b45ca67d688c7f84b8c4c791fe02b",
        "3df614f86db1690901c56b45c1530afedfb76038e972722fe7ad728f0e4904e046c230570fe9d41398abe12ef5bc942be33542a4802d98",
        "b5d70f2a332ec37fac3514e74ddc0f2cc1a874cd0c78305a21566461309789606bd0bf3f98cda8044629a1",
    ))
    .expect("hex");
    let mut sha = sha1_checked::Sha1::new();
    sha.update(&published);
    assert!(matches!(CheckedHasher(sha).finish(), Err(PackError::Collision { .. })));
}
