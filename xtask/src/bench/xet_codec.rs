//! What the formats of Xet cost on one core, without a server: cutting, packing, checking and reading.
//!
//! The three kinds of content are packed in the three ways there are: noise stays as it is, text becomes LZ4, and
//! numbers of 16 bits, as weights are, are grouped first. Each rate stands beside SHA-256 of the same bytes.

use std::hint::black_box;

use hub_formats::xet::xorb::{ChunkRange, ChunkReader, Xorb, XorbBuilder};
use hub_formats::xet::{ChunkBuffer, HashTree, XorbCheck, chunk_hash};
use sha2::{Digest, Sha256};

use super::table::{Goal, Table};
use crate::random::Random;
use crate::stopwatch::Stopwatch;

/// As much as one xorb holds.
const CONTENT_BYTES: usize = 60 << 20;
/// Of so many tries the fastest is shown: the others met whatever else the machine does.
const TRIES: usize = 3;
const SLICE_BYTES: usize = 1 << 20;

pub(super) fn measure(table: &mut Table) -> anyhow::Result<()> {
    for (name, content) in [("noise", noise()), ("text", text()), ("weights", weights())] {
        let mut row = |what: &str, seconds: f64| {
            table.add(format!("{what}, {name}"), content.len() as f64 / seconds / 1e9, "GB/s", Goal::None);
        };
        row("SHA-256", fastest(|| Ok(Sha256::digest(&content)))?);
        row("cut into chunks", fastest(|| cut(&content, |_| {}))?);
        row("cut and hash", fastest(|| cut(&content, |chunk| spend(chunk_hash(chunk))))?);
        row("pack into a xorb", fastest(|| pack(&content))?);
        let xorb = pack(&content)?;
        row("check a xorb", fastest(|| check(&xorb))?);
        row("read a xorb", fastest(|| read(&xorb))?);
        let share = xorb.body.len() as f64 / content.len() as f64;
        table.add(format!("packed size, {name}"), share * 100.0, "%", Goal::None);
    }
    let chunks: Vec<_> = (0..1_000_000_u64).map(|at| (chunk_hash(&at.to_le_bytes()), 65_536)).collect();
    let seconds = fastest(|| Ok(chunks.iter().copied().collect::<HashTree>().file_hash()))?;
    table.add("hash of a file of a million chunks", seconds * 1000.0, "ms", Goal::None);
    Ok(())
}

/// Lets no work be left out because nobody looks at its result.
fn spend<T>(result: T) {
    black_box(result);
}

fn fastest<T>(mut work: impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..TRIES {
        let watch = Stopwatch::start();
        spend(work()?);
        best = best.min(watch.seconds());
    }
    Ok(best)
}

fn cut(content: &[u8], mut each: impl FnMut(&[u8])) -> anyhow::Result<()> {
    let mut buffer = ChunkBuffer::new();
    for slice in content.chunks(SLICE_BYTES) {
        buffer.push(slice, |chunk| {
            each(chunk);
            anyhow::Ok(())
        })?;
    }
    if let Some(last) = buffer.finish() {
        each(&last);
    }
    Ok(())
}

fn pack(content: &[u8]) -> anyhow::Result<Xorb> {
    let mut builder = XorbBuilder::new();
    cut(content, |chunk| spend(builder.push(chunk_hash(chunk), chunk)))?;
    builder.finish().ok_or_else(|| anyhow::anyhow!("there is content"))
}

fn check(xorb: &Xorb) -> anyhow::Result<()> {
    let mut check = XorbCheck::new();
    for slice in xorb.body.chunks(SLICE_BYTES) {
        check.push(slice)?;
    }
    check.finish(&xorb.table.hash())?;
    Ok(())
}

fn read(xorb: &Xorb) -> anyhow::Result<()> {
    let bounds = xorb.table.bounds();
    let all = ChunkRange::new(0, bounds.count()).ok_or_else(|| anyhow::anyhow!("there are chunks"))?;
    let mut reader = ChunkReader::new(bounds, all).ok_or_else(|| anyhow::anyhow!("they are there"))?;
    let mut content = Vec::new();
    for slice in xorb.body.chunks(SLICE_BYTES) {
        content.clear();
        reader.push(slice, &mut content)?;
        spend(&content);
    }
    reader.finish()?;
    Ok(())
}

fn noise() -> Vec<u8> {
    Random::new(1).bytes(CONTENT_BYTES)
}

fn text() -> Vec<u8> {
    let mut random = Random::new(2);
    let words: Vec<String> = (0..3000)
        .map(|_| (0..random.between(2, 9)).map(|_| random.between(97, 123) as u8 as char).chain([' ']).collect())
        .collect();
    let mut text = Vec::with_capacity(CONTENT_BYTES + 16);
    while text.len() < CONTENT_BYTES {
        // Some words are far more frequent than others, as in any language.
        let most = random.between(1, words.len() as u64 + 1);
        text.extend_from_slice(words[random.between(0, most) as usize].as_bytes());
    }
    text.truncate(CONTENT_BYTES);
    text
}

/// Numbers around zero in bfloat16: the sign and most of the exponent are in one byte, noise in the other.
fn weights() -> Vec<u8> {
    let mut random = Random::new(3);
    let mut bytes = Vec::with_capacity(CONTENT_BYTES + 2);
    while bytes.len() < CONTENT_BYTES {
        let sum: f32 = (0..4).map(|_| random.between(0, 2000) as f32 - 1000.0).sum();
        bytes.extend_from_slice(&(sum / 50_000.0).to_bits().to_le_bytes()[2..]);
    }
    bytes.truncate(CONTENT_BYTES);
    bytes
}
