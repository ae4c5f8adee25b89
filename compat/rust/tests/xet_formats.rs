//! The formats of Xet as Hearth reads and writes them, beside the published implementation that clients use.
//!
//! No server is asked here. What one side writes the other reads, hashes are compared for many inputs, and damaged
//! bytes show that Hearth accepts nothing that a client could not read.

use std::io::Cursor;

use hub_core::XetHash;
use hub_formats::xet::shard::{DedupAnswer, ShardChunk, ShardFile, ShardItem, ShardXorb, Term, write_upload};
use hub_formats::xet::xorb::{ChunkRange, ChunkReader, Xorb, XorbBuilder, XorbTable};
use hub_formats::xet::{
    ChunkBuffer, DedupKey, HashTree, ShardReader, XorbCheck, chunk_hash, is_dedup_eligible, range_hash,
};
use xet_core_structures::merklehash::{MerkleHash, compute_data_hash, file_hash, xorb_hash};
use xet_core_structures::metadata_shard::chunk_verification::range_hash_from_chunks;
use xet_core_structures::metadata_shard::file_structs::{
    FileDataSequenceEntry, FileDataSequenceHeader, FileMetadataExt, FileVerificationEntry, MDBFileInfo,
};
use xet_core_structures::metadata_shard::shard_in_memory::MDBInMemoryShard;
use xet_core_structures::metadata_shard::streaming_shard::MDBMinimalShard;
use xet_core_structures::metadata_shard::xorb_structs::{MDBXorbInfo, XorbChunkSequenceEntry, XorbChunkSequenceHeader};
use xet_core_structures::metadata_shard::{MDBShardInfo, hash_is_global_dedup_eligible};
use xet_core_structures::xorb_object::{
    Chunk, RawXorbData, SerializedXorbObject, XorbObject, deserialize_chunks, reconstruct_xorb_with_footer,
};
use xet_data::deduplication::Chunker;

/// The same numbers in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.below(256) as u8).collect()
    }

    fn hash(&mut self) -> XetHash {
        XetHash::from_slice(&self.bytes(32)).unwrap()
    }

    /// Content of one of the kinds that are packed differently.
    fn content(&mut self, size: usize) -> Vec<u8> {
        match self.below(5) {
            0 => self.bytes(size),
            1 => vec![self.below(256) as u8; size],
            2 => (0..size).map(|at| if at % 4 < 2 { self.below(256) as u8 } else { 0x3f }).collect(),
            3 => (0..size).map(|at| if at % 2 == 0 { self.below(256) as u8 } else { self.below(3) as u8 }).collect(),
            _ => {
                let words = ["many ", "words ", "in ", "no ", "order "];
                let mut text = String::new();
                while text.len() < size {
                    text.push_str(words[self.below(5)]);
                }
                text.into_bytes()[..size].to_vec()
            }
        }
    }

    fn contents(&mut self, count: usize) -> Vec<Vec<u8>> {
        (0..count)
            .map(|_| {
                let size = [1, 2, 3, 13, 500, 8192, 65_536, 70_001, 131_072][self.below(9)];
                self.content(size)
            })
            .collect()
    }
}

fn theirs(hash: &XetHash) -> MerkleHash {
    MerkleHash::from_slice(hash.as_bytes()).unwrap()
}

fn ours(hash: &MerkleHash) -> XetHash {
    XetHash::from_slice(hash.as_bytes()).unwrap()
}

fn raw_xorb(chunks: &[Vec<u8>]) -> RawXorbData {
    let chunks: Vec<_> = chunks.iter().map(|chunk| Chunk::new(chunk.clone().into())).collect();
    RawXorbData::from_chunks(&chunks, vec![0])
}

fn checked(stored: &[u8], hash: &XetHash) -> Result<XorbTable, hub_formats::xet::xorb::XorbError> {
    let mut check = XorbCheck::new();
    check.push(stored)?;
    check.finish(hash)
}

fn built(chunks: &[Vec<u8>]) -> Xorb {
    let mut builder = XorbBuilder::new();
    for chunk in chunks {
        builder.push(chunk_hash(chunk), chunk);
    }
    builder.finish().unwrap()
}

#[test]
fn hashes_and_their_text() {
    let mut numbers = Numbers(1);
    for size in (0..200).chain([4096, 131_072]) {
        let content = numbers.content(size);
        let (hash, expect) = (chunk_hash(&content), compute_data_hash(&content));
        assert_eq!(ours(&expect), hash);
        assert_eq!(hash.to_string(), expect.hex());
        assert_eq!(expect.hex().parse(), Ok(hash));

        let key = DedupKey::new([size as u8 | 1; 32]).unwrap();
        let hidden = expect.hmac(MerkleHash::from_slice(key.as_bytes()).unwrap());
        assert_eq!(key.hide(&hash), ours(&hidden));

        let hashes: Vec<_> = (0..size.min(40)).map(|_| numbers.hash()).collect();
        let expect = range_hash_from_chunks(&hashes.iter().map(theirs).collect::<Vec<_>>());
        assert_eq!(range_hash(&hashes), ours(&expect));
    }
    for _ in 0..5000 {
        let mut bytes = *numbers.hash().as_bytes();
        bytes[24] &= 3;
        bytes[25] &= 1;
        let hash = XetHash::new(bytes);
        assert_eq!(is_dedup_eligible(&hash), hash_is_global_dedup_eligible(&theirs(&hash)));
    }
}

#[test]
fn trees_of_every_shape() {
    let mut numbers = Numbers(2);
    for count in (0..150).chain([1000, 5000, 20_000]) {
        // From "every node ends a group" to "none does".
        let bits = numbers.below(4) as u8;
        let nodes: Vec<(XetHash, u64)> = (0..count)
            .map(|_| {
                let mut bytes = *numbers.hash().as_bytes();
                bytes[24] = (bytes[24] & !3) | (numbers.below(4) as u8 & bits) | u8::from(bits == 3);
                (XetHash::new(bytes), numbers.below(1 << 20) as u64)
            })
            .collect();
        let expect: Vec<_> = nodes.iter().map(|(hash, size)| (theirs(hash), *size)).collect();
        let tree: HashTree = nodes.into_iter().collect();
        assert_eq!(tree.clone().xorb_hash(), ours(&xorb_hash(&expect)), "{count} nodes");
        assert_eq!(tree.file_hash(), ours(&file_hash(&expect)), "{count} nodes");
    }
}

#[test]
fn cuts_of_chunks() {
    let mut numbers = Numbers(3);
    for round in 0..12 {
        let parts = 1 + numbers.below(4);
        let content: Vec<u8> = (0..parts)
            .flat_map(|_| {
                let size = numbers.below(900_000);
                numbers.content(size)
            })
            .collect();
        let expect: Vec<_> = Chunker::default()
            .next_block(&content, true)
            .iter()
            .map(|chunk| (ours(&chunk.hash), chunk.data.len()))
            .collect();
        let mut found = Vec::new();
        let mut buffer = ChunkBuffer::new();
        let mut rest = &content[..];
        while !rest.is_empty() {
            let (slice, after) = rest.split_at((1 + numbers.below(150_000)).min(rest.len()));
            rest = after;
            let each = |chunk: &[u8]| -> Result<(), ()> {
                found.push((chunk_hash(chunk), chunk.len()));
                Ok(())
            };
            buffer.push(slice, each).unwrap();
        }
        found.extend(buffer.finish().map(|chunk| (chunk_hash(&chunk), chunk.len())));
        assert_eq!(found, expect, "round {round}");
    }
}

/// What clients upload, in each way of packing, with and without the footer that old ones send.
#[test]
fn xorbs_of_clients() {
    let mut numbers = Numbers(4);
    for policy in ["auto", "none", "lz4", "bg4-lz4"] {
        let chunks = numbers.contents(40);
        let raw = chunks.concat();
        for with_footer in [false, true] {
            let xorb = SerializedXorbObject::from_xorb(raw_xorb(&chunks), with_footer, policy, 8).unwrap();
            let hash = ours(&xorb.hash);
            let table = checked(&xorb.serialized_data, &hash).unwrap();
            let body = &xorb.serialized_data[..table.bounds().body_bytes() as usize];
            if let Some(start) = xorb.footer_start {
                assert_eq!(body.len() as u64, start);
                assert_eq!(table.to_footer(), &xorb.serialized_data[body.len()..]);
            }
            let all = ChunkRange::new(0, table.bounds().count()).unwrap();
            let mut reader = ChunkReader::new(table.bounds(), all).unwrap();
            let mut content = Vec::new();
            reader.push(body, &mut content).unwrap();
            reader.finish().unwrap();
            assert!(content == raw, "{policy}");
        }
    }
}

/// What Hearth makes of files that came by other ways, and the footer that it writes.
#[test]
fn xorbs_of_hearth() {
    let mut numbers = Numbers(5);
    for _ in 0..5 {
        let chunks = numbers.contents(40);
        let Xorb { body, table } = built(&chunks);
        let mut stored = Vec::new();
        let (_, hash) = reconstruct_xorb_with_footer(&mut stored, &body).unwrap();
        assert_eq!(ours(&hash), table.hash());
        assert_eq!(stored, [&body[..], &table.to_footer()].concat());

        let mut file = Cursor::new(stored);
        let xorb = XorbObject::deserialize(&mut file).unwrap();
        assert!(XorbObject::validate_xorb_object(&mut file, &hash).unwrap().is_some());
        for _ in 0..50 {
            let start = numbers.below(40) as u32;
            let end = start + 1 + numbers.below(40 - start as usize) as u32;
            let range = ChunkRange::new(start, end).unwrap();
            let content = xorb.get_bytes_by_chunk_range(&mut file, start, end).unwrap();
            assert!(content == chunks[start as usize..end as usize].concat());
            let (first, last) = xorb.get_byte_offset(start, end).unwrap();
            assert_eq!(table.bounds().packed(range), Some(first.into()..last.into()));
            assert_eq!(table.bounds().raw_bytes(range), Some(content.len() as u64));
            assert_eq!(table.range_hash(range), Some(ours(&xorb.generate_chunk_range_hash(start, end).unwrap())));
        }
    }
}

/// A server that takes what clients cannot read has lost the file. The other way round it may be as strict as it likes.
#[test]
fn nothing_damaged_is_taken_that_clients_read_differently() {
    let mut numbers = Numbers(6);
    let (mut taken, mut refused) = (0, 0);
    for policy in ["lz4", "bg4-lz4", "none"] {
        let chunks: Vec<_> = (0..4).map(|_| numbers.content(60)).chain([vec![7; 3000]]).collect();
        let xorb = SerializedXorbObject::from_xorb(raw_xorb(&chunks), false, policy, 0).unwrap();
        for _ in 0..6000 {
            let mut body = xorb.serialized_data.clone();
            for _ in 0..1 + numbers.below(2) {
                let at = numbers.below(body.len());
                body[at] = if numbers.below(2) == 0 { numbers.below(256) as u8 } else { body[at] ^ 1 };
            }
            if numbers.below(20) == 0 {
                body.truncate(numbers.below(body.len()));
            }
            let Err(hub_formats::xet::xorb::XorbError::WrongHash { actual, .. }) =
                checked(&body, &XetHash::new([1; 32]))
            else {
                refused += 1;
                continue;
            };
            taken += 1;
            let table = checked(&body, &actual).unwrap();
            let (_, hash) = reconstruct_xorb_with_footer(&mut Vec::new(), &body).unwrap();
            assert_eq!(ours(&hash), actual);
            let (content, ends) = deserialize_chunks(&mut Cursor::new(&body)).unwrap();
            assert_eq!(content.len() as u64, table.bounds().content_bytes());
            let starts = ends.iter().zip(&ends[1..]).zip(table.chunks());
            for ((start, end), chunk) in starts {
                assert_eq!(chunk_hash(&content[*start as usize..*end as usize]), *chunk);
            }
        }
    }
    assert!(taken > 1000 && refused > 1000, "{taken} taken, {refused} refused");
}

/// The reasons for a reader of our own: what the published one takes, and what Hearth says to it.
#[test]
fn what_the_published_reader_takes_is_refused() {
    let takes = |body: &[u8]| reconstruct_xorb_with_footer(&mut Vec::new(), body).map(|(_, hash)| ours(&hash)).ok();
    let xorb = built(&[vec![1; 100], vec![2; 50]]);

    let hash = takes(&[]).unwrap();
    assert!(checked(&[], &hash).is_err(), "an empty xorb");

    let trailing = [&xorb.body[..], b"XETBLOB and whatever follows"].concat();
    let hash = takes(&trailing).unwrap();
    assert!(checked(&trailing, &hash).is_err(), "trailing bytes");

    let bomb = SerializedXorbObject::from_xorb(raw_xorb(&[vec![0; 15 << 20]]), false, "lz4", 0).unwrap();
    let mut bomb = bomb.serialized_data;
    bomb[5..8].copy_from_slice(&[0, 0, 2]);
    assert!(bomb.len() < 256 << 10);
    let hash = takes(&bomb).unwrap();
    assert!(checked(&bomb, &hash).is_err(), "a bomb");

    let one = [0, 1, 0, 0, 0, 1, 0, 0, 9];
    let many = one.repeat(8193);
    let hash = takes(&many).unwrap();
    assert!(checked(&many, &hash).is_err(), "too many chunks");
}

fn some_files(numbers: &mut Numbers, count: usize) -> (Vec<ShardFile>, Vec<ShardXorb>) {
    let xorbs: Vec<ShardXorb> = (0..count)
        .map(|_| {
            let chunks = 1 + numbers.below(30) as u32;
            let chunk = |at: u32| ShardChunk {
                hash: numbers.hash(),
                offset: at * 1000,
                raw_bytes: 1000,
                is_marked: at % 7 == 3,
            };
            let chunks: Vec<_> = (0..chunks).map(chunk).collect();
            ShardXorb { hash: numbers.hash(), raw_bytes: chunks.len() as u32 * 1000, stored_bytes: 0, chunks }
        })
        .collect();
    let files = (0..count)
        .map(|_| {
            let terms: Vec<_> = (0..1 + numbers.below(9))
                .map(|_| {
                    let xorb = &xorbs[numbers.below(count)];
                    let start = numbers.below(xorb.chunks.len()) as u32;
                    let end = start + 1 + numbers.below(xorb.chunks.len() - start as usize) as u32;
                    let chunks = ChunkRange::new(start, end).unwrap();
                    Term { xorb: xorb.hash, chunks, raw_bytes: (end - start) * 1000 }
                })
                .collect();
            let range_hashes = Some(terms.iter().map(|_| numbers.hash()).collect());
            let sha256 = (numbers.below(2) == 0).then(|| numbers.hash().to_sha256());
            ShardFile { hash: numbers.hash(), terms, range_hashes, sha256 }
        })
        .collect();
    (files, xorbs)
}

fn in_their_words(file: &ShardFile) -> MDBFileInfo {
    let segments: Vec<_> = (file.terms.iter())
        .map(|term| {
            FileDataSequenceEntry::new(theirs(&term.xorb), term.raw_bytes, term.chunks.start(), term.chunks.end())
        })
        .collect();
    let verification =
        file.range_hashes.iter().flatten().map(|hash| FileVerificationEntry::new(theirs(hash))).collect();
    let sha256 = file.sha256.map(|digest| FileMetadataExt::new(MerkleHash::from_hex(&digest.to_string()).unwrap()));
    let hash = theirs(&file.hash);
    let metadata =
        FileDataSequenceHeader::new(hash, segments.len(), file.range_hashes.is_some(), file.sha256.is_some());
    MDBFileInfo { metadata, segments, verification, metadata_ext: sha256 }
}

fn xorb_in_their_words(xorb: &ShardXorb) -> MDBXorbInfo {
    let chunk = |chunk: &ShardChunk| {
        XorbChunkSequenceEntry::new(theirs(&chunk.hash), chunk.raw_bytes, chunk.offset)
            .with_global_dedup_flag(chunk.is_marked)
    };
    let metadata = XorbChunkSequenceHeader::new(theirs(&xorb.hash), xorb.chunks.len(), xorb.raw_bytes);
    MDBXorbInfo { metadata, chunks: xorb.chunks.iter().map(chunk).collect() }
}

fn read(bytes: &[u8]) -> (Vec<ShardFile>, Vec<ShardXorb>) {
    let mut reader = ShardReader::new();
    let (mut files, mut xorbs) = (Vec::new(), Vec::new());
    for slice in bytes.chunks(1000) {
        for item in reader.push(slice).unwrap() {
            match item {
                ShardItem::File(file) => files.push(file),
                ShardItem::Xorb(xorb) => xorbs.push(xorb),
            }
        }
    }
    reader.finish().unwrap();
    files.sort_by_key(|file| file.hash);
    xorbs.sort_by_key(|xorb| xorb.hash);
    (files, xorbs)
}

/// With tables and footer, as clients keep it, and as they send it.
#[test]
fn shards_of_clients() {
    let mut numbers = Numbers(7);
    for count in [1, 2, 30] {
        let (mut files, mut xorbs) = some_files(&mut numbers, count);
        let mut shard = MDBInMemoryShard::default();
        files.iter().for_each(|file| shard.add_file_reconstruction_info(in_their_words(file)).unwrap());
        xorbs.iter().for_each(|xorb| shard.add_xorb_block(xorb_in_their_words(xorb)).unwrap());
        files.sort_by_key(|file| file.hash);
        xorbs.sort_by_key(|xorb| xorb.hash);

        let kept = shard.to_bytes().unwrap();
        assert_eq!(read(&kept), (files.clone(), xorbs.clone()));

        let end = MDBShardInfo::load_from_reader(&mut Cursor::new(&kept)).unwrap().metadata.file_lookup_offset;
        let mut sent = kept[..end as usize].to_vec();
        sent[40..48].fill(0);
        assert_eq!(read(&sent), (files, xorbs));
    }
}

#[test]
fn shards_of_hearth() {
    let mut numbers = Numbers(8);
    let (files, xorbs) = some_files(&mut numbers, 20);
    let bytes = write_upload(&files, &xorbs);
    let shard = MDBMinimalShard::from_reader(&mut Cursor::new(&bytes), true, true).unwrap();
    assert_eq!((shard.num_files(), shard.num_xorb()), (20, 20));
    assert!(shard.has_file_verification());
    for (at, file) in files.iter().enumerate() {
        assert_eq!(MDBFileInfo::from(shard.file(at).unwrap()), in_their_words(file));
    }
    for (at, xorb) in xorbs.iter().enumerate() {
        assert_eq!(MDBXorbInfo::from(shard.xorb(at).unwrap()), xorb_in_their_words(xorb));
    }
}

/// A client finds its chunks in the answer, and learns no hash from it.
#[test]
fn answers_to_dedup_queries() {
    let mut numbers = Numbers(9);
    let (_, xorbs) = some_files(&mut numbers, 10);
    let key = DedupKey::new([9; 32]).unwrap();
    let bytes = DedupAnswer { xorbs: &xorbs, key: &key, created_secs: 5, expires_secs: 77 }.write();

    let mut file = Cursor::new(&bytes);
    let shard = MDBShardInfo::load_from_reader(&mut file).unwrap();
    assert_eq!((shard.metadata.shard_creation_timestamp, shard.metadata.shard_key_expiry), (5, 77));
    assert_eq!(shard.chunk_hmac_key().map(|key| *ours(&key).as_bytes()), Some(*key.as_bytes()));
    assert_eq!(shard.read_all_file_info_sections(&mut file).unwrap(), []);
    assert_eq!(shard.num_bytes(), bytes.len() as u64);
    assert_eq!(shard.stored_bytes(), xorbs.iter().map(|xorb| u64::from(xorb.raw_bytes)).sum::<u64>());

    let mut at = 0;
    for xorb in &xorbs {
        let hashes: Vec<_> = xorb.chunks.iter().map(|chunk| theirs(&chunk.hash)).collect();
        let found = shard.chunk_hash_dedup_query_direct(&mut file, &hashes, at, 0).unwrap();
        let (count, entry) = found.expect("the client has all chunks of the xorb");
        assert_eq!((count, ours(&entry.xorb_hash)), (hashes.len(), xorb.hash));
        assert_eq!((entry.chunk_index_start, entry.chunk_index_end), (0, hashes.len() as u32));
        assert_eq!(entry.unpacked_segment_bytes, xorb.raw_bytes);
        at += 1 + hashes.len() as u32;
    }
    // What a client builds its own tables from when it keeps the answer.
    let found = shard.read_all_truncated_hashes(&mut file).unwrap();
    assert_eq!(found.len(), xorbs.iter().map(|xorb| xorb.chunks.len()).sum::<usize>());
}
