use std::io::{Read, Write};

use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};

use super::*;
use crate::random::Numbers;

fn text(size: usize) -> Vec<u8> {
    b"the quick brown fox jumps over the lazy dog; ".iter().copied().cycle().take(size).collect()
}

fn frame_of(content: &[u8], info: FrameInfo) -> Vec<u8> {
    let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(content).expect("into memory");
    encoder.finish().expect("into memory")
}

/// What the reader decodes that clients use.
fn by_library(frame: &[u8]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    FrameDecoder::new(frame).read_to_end(&mut content).ok()?;
    Some(content)
}

fn decoded(frame: &[u8], size: usize) -> Result<Vec<u8>, Lz4Error> {
    let mut content = vec![0; size];
    decode(frame, &mut content).map(|()| content)
}

fn header_of(flags: u8, block_size: u8) -> Vec<u8> {
    let descriptor = [flags, block_size];
    [&MAGIC[..], &descriptor, &[header_check(&descriptor)]].concat()
}

#[test]
fn frames_of_every_form_are_read() {
    let mut numbers = Numbers::new(7);
    for size in [1, 12, 13, 100, 65_535, 65_536, 65_537, CHUNK_MAX_BYTES] {
        for content in [text(size), numbers.bytes(size)] {
            for mode in [BlockMode::Independent, BlockMode::Linked] {
                for block_size in [BlockSize::Max64KB, BlockSize::Max256KB, BlockSize::Max4MB] {
                    for checks in [false, true] {
                        let info = FrameInfo::new()
                            .block_mode(mode)
                            .block_size(block_size)
                            .block_checksums(checks)
                            .content_checksum(checks)
                            .content_size(checks.then_some(size as u64));
                        let frame = frame_of(&content, info);
                        assert_eq!(
                            decoded(&frame, size).as_ref(),
                            Ok(&content),
                            "{size} {mode:?} {block_size:?} {checks}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn frames_that_are_written_are_read_by_everyone() {
    let mut encoder = Encoder::new();
    for size in [13, 100, 4096, 65_536, 65_537, CHUNK_MAX_BYTES] {
        let content = text(size);
        let mut frame = Vec::new();
        if !encoder.encode(&content, size, &mut frame) {
            assert!(size < 100 && frame.is_empty(), "{size} bytes of text must shrink");
            continue;
        }
        assert!(frame.len() < size);
        assert_eq!(decoded(&frame, size).as_ref(), Ok(&content));
        assert_eq!(by_library(&frame), Some(content));
    }
    let mut frame = Vec::new();
    assert!(!encoder.encode(&Numbers::new(8).bytes(70_000), 70_000, &mut frame), "nothing repeats");
    assert!(frame.is_empty());
}

/// Chunks are packed as frames; the specification can be read as if they were bare blocks.
#[test]
fn trap_15_a_bare_block_is_no_frame() {
    let block = lz4_flex::block::compress(&text(1000));
    assert_eq!(decoded(&block, 1000), Err(Lz4Error::Header));
    assert_eq!(decoded(&frame_of(&text(1000), FrameInfo::new()), 1000), Ok(text(1000)));
}

#[test]
fn every_prefix_and_every_addition_is_refused() {
    let content = text(3000);
    for checks in [false, true] {
        let frame = frame_of(&content, FrameInfo::new().block_checksums(checks).content_checksum(checks));
        for end in 0..frame.len() {
            assert!(decoded(&frame[..end], content.len()).is_err(), "prefix of {end} bytes");
        }
        for more in [&frame[..], &[0], &[0; 4]] {
            assert_eq!(decoded(&[&frame, more].concat(), content.len()), Err(Lz4Error::Trailing));
        }
    }
}

#[test]
fn another_length_is_refused() {
    let frame = frame_of(&text(3000), FrameInfo::new());
    for size in [0, 1, 2999, 3001, 70_000] {
        assert!(decoded(&frame, size).is_err(), "{size} bytes");
    }
    let sized = frame_of(&text(3000), FrameInfo::new().content_size(Some(3000)));
    assert_eq!(decoded(&sized, 2999), Err(Lz4Error::Length));
}

#[test]
fn damage_is_noticed_by_checks() {
    let content = Numbers::new(9).bytes(3000);
    let frame = frame_of(&content, FrameInfo::new().block_checksums(true).content_checksum(true));
    for at in 0..frame.len() {
        let mut damaged = frame.clone();
        damaged[at] ^= 0x10;
        assert!(decoded(&damaged, content.len()).is_err(), "byte {at}");
    }
}

#[test]
fn headers_that_clients_do_not_read_are_refused() {
    let end = [0; 4];
    let check = |header: Vec<u8>, expect| assert_eq!(decoded(&[&header, &end[..]].concat(), 0), expect, "{header:x?}");
    check(header_of(0x60, 0x40), Ok(Vec::new()));
    check(header_of(0x40, 0x70), Ok(Vec::new()));
    for (flags, block_size) in
        [(0x20, 0x40), (0xa0, 0x40), (0x62, 0x40), (0x61, 0x40), (0x60, 0x30), (0x60, 0xc0), (0x60, 0x41)]
    {
        check(header_of(flags, block_size), Err(Lz4Error::Header));
    }
    let mut wrong = header_of(0x60, 0x40);
    wrong[6] ^= 1;
    check(wrong, Err(Lz4Error::Check));
    let legacy = 0x184c_2102_u32.to_le_bytes();
    let skippable = 0x184d_2a50_u32.to_le_bytes();
    for magic in [legacy, skippable] {
        let mut header = header_of(0x60, 0x40);
        header[..4].copy_from_slice(&magic);
        check(header, Err(Lz4Error::Header));
    }
}

/// The usual reader takes a block without content for the end of the frame: a client would miss what follows.
#[test]
fn an_empty_block_is_refused() {
    let stored = |content: &[u8]| [&(STORED | content.len() as u32).to_le_bytes(), content].concat();
    let header = header_of(0x60, 0x40);
    let empty_stored = stored(b"");
    let empty_packed = [&1_u32.to_le_bytes()[..], &[0]].concat();
    for empty in [empty_stored, empty_packed] {
        let frame = [&header[..], &stored(b"ab"), &empty, &stored(b"cd"), &[0; 4]].concat();
        assert_ne!(by_library(&frame), Some(b"abcd".to_vec()));
        assert_eq!(decoded(&frame, 4), Err(Lz4Error::Block));
    }
    let frame = [&header[..], &stored(b"ab"), &stored(b"cd"), &[0; 4]].concat();
    assert_eq!(decoded(&frame, 4), Ok(b"abcd".to_vec()));
}

#[test]
fn a_block_larger_than_its_frame_allows_is_refused() {
    let content = vec![0; 100_000];
    let block = lz4_flex::block::compress(&content);
    let frame =
        |block_size| [&header_of(0x60, block_size)[..], &(block.len() as u32).to_le_bytes(), &block, &[0; 4]].concat();
    assert_eq!(decoded(&frame(0x40), content.len()), Err(Lz4Error::Block));
    assert_eq!(decoded(&frame(0x50), content.len()), Ok(content));
}

#[test]
fn an_independent_block_sees_nothing_before_it() {
    let content = text(140_000);
    let linked = frame_of(&content, FrameInfo::new().block_mode(BlockMode::Linked).block_size(BlockSize::Max64KB));
    assert_eq!(decoded(&linked, content.len()).as_ref(), Ok(&content));
    let mut independent = linked;
    independent[4] |= INDEPENDENT;
    independent[6] = header_check(&independent[4..6]);
    assert!(decoded(&independent, content.len()).is_err());
}

/// What the library reads is read alike or refused, and never the other way round: clients use the library.
#[test]
fn nothing_is_read_that_clients_read_differently() {
    let mut numbers = Numbers::new(10);
    let content = text(2000);
    let frames = [
        frame_of(&content, FrameInfo::new()),
        frame_of(&content, FrameInfo::new().block_mode(BlockMode::Linked)),
        frame_of(&numbers.bytes(2000), FrameInfo::new()),
    ];
    let mut read = 0;
    for _ in 0..20_000 {
        let mut frame = frames[numbers.below(3)].clone();
        for _ in 0..1 + numbers.below(2) {
            let at = numbers.below(frame.len());
            frame[at] = numbers.below(256) as u8;
        }
        let mut ours = vec![0; 2000];
        if decode(&frame, &mut ours).is_ok() {
            read += 1;
            assert_eq!(by_library(&frame), Some(ours));
        }
    }
    assert!(read > 100, "only {read} frames were read");
}
