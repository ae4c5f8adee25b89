//! Writes shards: the answer to a dedup query, and what a client would upload.

use hub_core::XetHash;

use super::super::DedupKey;
use super::{
    BOOKEND, DEDUP_ELIGIBLE, FOOTER_BYTES, FOOTER_VERSION, MAGIC, RECORD_BYTES, ShardChunk, ShardFile, ShardXorb,
    VERSION, WITH_RANGE_HASHES, WITH_SHA256,
};

/// Writes the shard that a client uploads: without tables and footer.
pub fn write_upload(files: &[ShardFile], xorbs: &[ShardXorb]) -> Vec<u8> {
    let mut out = Records::with_header(0);
    files.iter().for_each(|file| out.file(file));
    out.bookend();
    xorbs.iter().for_each(|xorb| out.xorb(xorb, |chunk| chunk.hash));
    out.bookend();
    out.0
}

/// The answer to a dedup query: xorbs, with hidden hashes of chunks, and no files.
#[derive(Debug)]
pub struct DedupAnswer<'a> {
    /// The xorb that has the chunk, and neighbours: what was uploaded together is asked for together.
    pub xorbs: &'a [ShardXorb],
    /// What hides the hashes.
    pub key: &'a DedupKey,
    /// The time, in seconds since 1970.
    pub created_secs: u64,
    /// Until when the client may rely on the xorbs, in seconds since 1970.
    pub expires_secs: u64,
}

impl DedupAnswer<'_> {
    /// Writes the answer.
    pub fn write(&self) -> Vec<u8> {
        let mut out = Records::with_header(FOOTER_BYTES as u64);
        out.bookend();
        let xorbs_at = out.0.len() as u64;
        self.xorbs.iter().for_each(|xorb| out.xorb(xorb, |chunk| self.key.hide(&chunk.hash)));
        out.bookend();
        let end = out.0.len() as u64;
        let sum = |size: fn(&ShardXorb) -> u32| self.xorbs.iter().map(|xorb| u64::from(size(xorb))).sum::<u64>();
        // The three tables, which lie between the sections and the footer, are empty.
        out.longs(&[FOOTER_VERSION, RECORD_BYTES as u64, xorbs_at, end, 0, end, 0, end, 0]);
        out.0.extend_from_slice(self.key.as_bytes());
        out.longs(&[self.created_secs, self.expires_secs]);
        out.longs(&[0; 6]);
        out.longs(&[sum(|xorb| xorb.stored_bytes), 0, sum(|xorb| xorb.raw_bytes), end]);
        out.0
    }
}

struct Records(Vec<u8>);

impl Records {
    fn with_header(footer_bytes: u64) -> Self {
        let mut out = Self(MAGIC.to_vec());
        out.longs(&[VERSION, footer_bytes]);
        out
    }

    fn longs(&mut self, numbers: &[u64]) {
        numbers.iter().for_each(|number| self.0.extend_from_slice(&number.to_le_bytes()));
    }

    fn record(&mut self, hash: &[u8; 32], numbers: [u32; 4]) {
        self.0.extend_from_slice(hash);
        numbers.iter().for_each(|number| self.0.extend_from_slice(&number.to_le_bytes()));
    }

    fn bookend(&mut self) {
        self.record(&BOOKEND, [0; 4]);
    }

    fn file(&mut self, file: &ShardFile) {
        let flag = |is_set: bool, flag: u32| if is_set { flag } else { 0 };
        let flags = flag(file.range_hashes.is_some(), WITH_RANGE_HASHES) | flag(file.sha256.is_some(), WITH_SHA256);
        self.record(file.hash.as_bytes(), [flags, file.terms.len() as u32, 0, 0]);
        for term in &file.terms {
            self.record(term.xorb.as_bytes(), [0, term.raw_bytes, term.chunks.start(), term.chunks.end()]);
        }
        for hash in file.range_hashes.iter().flatten() {
            self.record(hash.as_bytes(), [0; 4]);
        }
        if let Some(sha256) = file.sha256 {
            self.record(XetHash::from_sha256(sha256).as_bytes(), [0; 4]);
        }
    }

    fn xorb(&mut self, xorb: &ShardXorb, hash: impl Fn(&ShardChunk) -> XetHash) {
        let count = xorb.chunks.len() as u32;
        self.record(xorb.hash.as_bytes(), [0, count, xorb.raw_bytes, xorb.stored_bytes]);
        for chunk in &xorb.chunks {
            let flags = if chunk.is_marked { DEDUP_ELIGIBLE } else { 0 };
            self.record(hash(chunk).as_bytes(), [chunk.offset, chunk.raw_bytes, flags, 0]);
        }
    }
}
