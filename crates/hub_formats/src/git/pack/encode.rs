//! Writing a pack: heads of entries around streams that are compressed already, and the checksum of it all.

use flate2::{Compress, Compression, FlushCompress, Status};
use hub_core::Oid;
use sha1::{Digest, Sha1};

use super::{HEADER_BYTES, ID_DELTA, OFFSET_DELTA, SIGNATURE, type_number};
use crate::git::ObjectKind;

/// What a delta in a pack stands on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeltaBase {
    /// An entry of the pack that begins there.
    At(u64),
    /// An object, wherever it is.
    Object(Oid),
}

/// A pack under construction. What is ready is taken out piece by piece, so that it never lies in memory as a whole.
#[derive(Clone, Debug)]
pub struct PackEncoder {
    ready: Vec<u8>,
    hashed: usize,
    hasher: Sha1,
    /// How many bytes were taken out.
    taken: u64,
}

impl PackEncoder {
    /// Begins a pack of so many objects.
    pub fn new(objects: u32) -> Self {
        let mut ready = Vec::with_capacity(HEADER_BYTES);
        ready.extend_from_slice(SIGNATURE);
        ready.extend_from_slice(&2_u32.to_be_bytes());
        ready.extend_from_slice(&objects.to_be_bytes());
        Self { ready, hashed: 0, hasher: Sha1::new(), taken: 0 }
    }

    /// Begins an entry; its zlib stream follows by [`PackEncoder::push`].
    pub fn begin_entry(&mut self, kind: ObjectKind, size_bytes: u64) {
        self.head(type_number(kind), size_bytes);
    }

    /// Begins an entry that is a delta of so many bytes; its zlib stream follows by [`PackEncoder::push`].
    pub fn begin_delta(&mut self, base: DeltaBase, size_bytes: u64) {
        let position = self.position();
        match base {
            DeltaBase::Object(oid) => {
                self.head(ID_DELTA, size_bytes);
                self.ready.extend_from_slice(oid.as_bytes());
            }
            DeltaBase::At(start) => {
                self.head(OFFSET_DELTA, size_bytes);
                // Highest digits first; each further byte counts from where the one before it ends.
                let mut back = position.saturating_sub(start);
                let mut digits = [0; 10];
                let mut first = digits.len() - 1;
                digits[first] = (back & 0x7f) as u8;
                while back > 0x7f {
                    back = (back >> 7) - 1;
                    first -= 1;
                    digits[first] = 0x80 | (back & 0x7f) as u8;
                }
                self.ready.extend_from_slice(&digits[first..]);
            }
        }
    }

    /// Where the next entry begins.
    pub fn position(&self) -> u64 {
        self.taken + self.ready.len() as u64
    }

    fn head(&mut self, number: u8, size_bytes: u64) {
        let mut byte = (number << 4) | (size_bytes & 0x0f) as u8;
        let mut rest = size_bytes >> 4;
        while rest > 0 {
            self.ready.push(byte | 0x80);
            byte = (rest & 0x7f) as u8;
            rest >>= 7;
        }
        self.ready.push(byte);
    }

    /// Adds bytes of an entry's stream.
    pub fn push(&mut self, stream: &[u8]) {
        self.ready.extend_from_slice(stream);
    }

    /// Where a compressor can put an entry's stream.
    pub fn sink(&mut self) -> &mut Vec<u8> {
        &mut self.ready
    }

    /// How many bytes are ready.
    pub fn ready_bytes(&self) -> usize {
        self.ready.len()
    }

    /// Takes what is ready.
    pub fn take(&mut self) -> Vec<u8> {
        self.hash();
        self.hashed = 0;
        self.taken += self.ready.len() as u64;
        std::mem::take(&mut self.ready)
    }

    /// Ends the pack and gives its last bytes.
    pub fn finish(mut self) -> Vec<u8> {
        self.hash();
        self.ready.extend_from_slice(&self.hasher.finalize());
        self.ready
    }

    fn hash(&mut self) {
        self.hasher.update(self.ready.get(self.hashed..).unwrap_or_default());
        self.hashed = self.ready.len();
    }
}

/// Compresses an object's content that comes in pieces, for those too large to be kept as a stream.
pub struct StreamCompressor(Compress);

impl std::fmt::Debug for StreamCompressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StreamCompressor")
    }
}

impl Default for StreamCompressor {
    fn default() -> Self {
        Self(Compress::new(Compression::fast(), true))
    }
}

impl StreamCompressor {
    /// Takes the next piece and appends what comes out.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        self.run(piece, out, FlushCompress::None);
    }

    /// Ends the stream.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        self.run(&[], out, FlushCompress::Finish);
    }

    fn run(&mut self, piece: &[u8], out: &mut Vec<u8>, flush: FlushCompress) {
        let before = self.0.total_in();
        loop {
            let taken = (self.0.total_in() - before) as usize;
            let rest = piece.get(taken..).unwrap_or_default();
            if rest.is_empty() && matches!(flush, FlushCompress::None) {
                return;
            }
            out.reserve(rest.len() / 2 + 256);
            let status = self.0.compress_vec(rest, out, flush).expect("a stream in memory cannot fail");
            if status == Status::StreamEnd {
                return;
            }
        }
    }
}
