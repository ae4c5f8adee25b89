//! Of what the server's time for a unique upload is made: the work that no server can leave out, measured here on one core
//! in the same run, and the rest.

use std::hint::black_box;

use hub_formats::xet::xorb::{ChunkRange, ChunkReader, XorbBuilder};
use hub_formats::xet::{ChunkBuffer, XorbCheck, chunk_hash};
use sha2::{Digest, Sha256};

use super::super::table::{Goal, Table};
use super::{GIB, MIB};
use crate::random::Random;
use crate::stopwatch::Stopwatch;

const CONTENT_BYTES: u64 = 60 * MIB;
const TRIES: usize = 3;

/// Adds a row for each part of `server_cpu` seconds for a GiB.
pub(super) fn add(table: &mut Table, server_cpu: f64) -> anyhow::Result<()> {
    let content = Random::new(1).bytes(CONTENT_BYTES as usize);
    let mut builder = XorbBuilder::new();
    let mut buffer = ChunkBuffer::new();
    let cut: Result<(), std::convert::Infallible> = buffer.push(&content, |chunk| {
        builder.push(chunk_hash(chunk), chunk);
        Ok(())
    });
    let Ok(()) = cut;
    let xorb = builder.finish().ok_or_else(|| anyhow::anyhow!("noise has chunks"))?;
    let bounds = xorb.table.bounds();
    let all = ChunkRange::new(0, bounds.count()).ok_or_else(|| anyhow::anyhow!("a xorb has chunks"))?;
    let checked = fastest(|| {
        let mut check = XorbCheck::new();
        xorb.body.chunks(MIB as usize).try_for_each(|slice| check.push(slice))?;
        black_box(check.finish(&xorb.table.hash())?);
        Ok(())
    })?;
    let read = fastest(|| {
        let mut reader = ChunkReader::new(bounds, all).ok_or_else(|| anyhow::anyhow!("a range of the xorb"))?;
        let mut out = Vec::with_capacity(content.len());
        xorb.body.chunks(MIB as usize).try_for_each(|slice| reader.push(slice, &mut out))?;
        black_box(out);
        Ok(())
    })?;
    let hashed = fastest(|| {
        black_box(Sha256::digest(&content));
        Ok(())
    })?;
    let rest = server_cpu - checked - read - hashed;
    for (what, seconds) in [
        ("    of that: hashes of all chunks", checked),
        ("    reading them back as content", read),
        ("    SHA-256 of the content", hashed),
        ("    the rest: connection, disk, database", rest),
    ] {
        table.add(what, seconds, "s/GiB", Goal::None);
    }
    Ok(())
}

/// Seconds for a GiB.
fn fastest(mut work: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..TRIES {
        let watch = Stopwatch::start();
        work()?;
        best = best.min(watch.seconds());
    }
    Ok(best * GIB / CONTENT_BYTES as f64)
}
