//! A chunk as a xorb has it: a header of eight bytes, and the content, packed if that helps.
//!
//! ```text
//! record = 0 (u8)  packed length (u24)  scheme (u8)  raw length (u24)  payload      numbers are little endian
//! scheme = 0 as it is, 1 an LZ4 frame, 2 bytes grouped by four and then an LZ4 frame
//! ```
//! Clients stand for an internal "choose one" with scheme 99; it never comes over the wire.

use super::lz4::{self, Lz4Error};
use super::{CHUNK_MAX_BYTES, grouping};

/// The length of a record's header.
pub const HEADER_BYTES: usize = 8;
/// No payload is longer: writers store as it is what does not shrink, and a frame of one that does not look adds little.
pub const PACKED_MAX_BYTES: usize = CHUNK_MAX_BYTES + 1024;
const VERSION: u8 = 0;

/// How the content of a chunk is packed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Scheme {
    /// As it is.
    Plain,
    /// An LZ4 frame.
    Lz4,
    /// The bytes grouped by their place in words of four, and then an LZ4 frame.
    GroupedLz4,
}

impl Scheme {
    const fn number(self) -> u8 {
        match self {
            Scheme::Plain => 0,
            Scheme::Lz4 => 1,
            Scheme::GroupedLz4 => 2,
        }
    }

    fn from_number(number: u8) -> Result<Self, ChunkError> {
        match number {
            0 => Ok(Scheme::Plain),
            1 => Ok(Scheme::Lz4),
            2 => Ok(Scheme::GroupedLz4),
            scheme => Err(ChunkError::Scheme { scheme }),
        }
    }
}

/// Why bytes are no chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// The header has a version that is not known.
    #[error("version {version} of a chunk header is not known")]
    Version {
        /// What the header says.
        version: u8,
    },
    /// The header has a scheme that is not known.
    #[error("compression scheme {scheme} is not known")]
    Scheme {
        /// What the header says.
        scheme: u8,
    },
    /// The content is empty or too long.
    #[error("a chunk of {bytes} bytes is not between 1 and {CHUNK_MAX_BYTES}")]
    RawLength {
        /// What the header says.
        bytes: u32,
    },
    /// The payload is empty or too long, or not compressed and of another length than the content.
    #[error("a chunk payload of {bytes} bytes does not fit its content")]
    PackedLength {
        /// What the header says.
        bytes: u32,
    },
    /// The payload does not decode to the content that the header promises.
    #[error("a chunk does not decode")]
    Lz4(#[source] Lz4Error),
}

/// The header of a chunk's record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChunkHeader {
    scheme: Scheme,
    packed_bytes: u32,
    raw_bytes: u32,
}

impl ChunkHeader {
    /// Reads a header, within all limits.
    pub fn parse(bytes: &[u8; HEADER_BYTES]) -> Result<Self, ChunkError> {
        let [version, p0, p1, p2, scheme, r0, r1, r2] = *bytes;
        if version != VERSION {
            return Err(ChunkError::Version { version });
        }
        let header = Self {
            scheme: Scheme::from_number(scheme)?,
            packed_bytes: u32::from_le_bytes([p0, p1, p2, 0]),
            raw_bytes: u32::from_le_bytes([r0, r1, r2, 0]),
        };
        if header.raw_bytes == 0 || header.raw_bytes as usize > CHUNK_MAX_BYTES {
            return Err(ChunkError::RawLength { bytes: header.raw_bytes });
        }
        let fits = match header.scheme {
            Scheme::Plain => header.packed_bytes == header.raw_bytes,
            Scheme::Lz4 | Scheme::GroupedLz4 => {
                header.packed_bytes > 0 && header.packed_bytes as usize <= PACKED_MAX_BYTES
            }
        };
        if fits { Ok(header) } else { Err(ChunkError::PackedLength { bytes: header.packed_bytes }) }
    }

    /// Writes the header.
    pub fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let [p0, p1, p2, _] = self.packed_bytes.to_le_bytes();
        let [r0, r1, r2, _] = self.raw_bytes.to_le_bytes();
        [VERSION, p0, p1, p2, self.scheme.number(), r0, r1, r2]
    }

    /// How the payload is packed.
    pub const fn scheme(self) -> Scheme {
        self.scheme
    }

    /// The length of the payload.
    pub const fn packed_bytes(self) -> usize {
        self.packed_bytes as usize
    }

    /// The length of the content.
    pub const fn raw_bytes(self) -> usize {
        self.raw_bytes as usize
    }

    /// The length of the whole record.
    pub const fn record_bytes(self) -> usize {
        HEADER_BYTES + self.packed_bytes()
    }
}

/// Decodes chunks, with a buffer that is used again.
#[derive(Default, Debug)]
pub struct ChunkDecoder {
    groups: Vec<u8>,
}

impl ChunkDecoder {
    /// A decoder without a buffer yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Decodes a payload into exactly the space of its content.
    ///
    /// # Panics
    /// If `content` has another length than the header says, or `payload` another one.
    pub fn decode(&mut self, header: ChunkHeader, payload: &[u8], content: &mut [u8]) -> Result<(), ChunkError> {
        assert_eq!(
            (payload.len(), content.len()),
            (header.packed_bytes(), header.raw_bytes()),
            "lengths of the header"
        );
        match header.scheme {
            Scheme::Plain => content.copy_from_slice(payload),
            Scheme::Lz4 => lz4::decode(payload, content).map_err(ChunkError::Lz4)?,
            Scheme::GroupedLz4 => {
                self.groups.resize(content.len(), 0);
                lz4::decode(payload, &mut self.groups).map_err(ChunkError::Lz4)?;
                grouping::join(&self.groups, content);
            }
        }
        Ok(())
    }
}

/// Of a chunk so much is tried to see which scheme helps more, from each of so many places.
const SAMPLE_BYTES: usize = 4 << 10;
const SAMPLES: usize = 2;

/// Encodes chunks, with buffers that are used again.
pub struct ChunkEncoder {
    lz4: lz4::Encoder,
    groups: Vec<u8>,
}

impl ChunkEncoder {
    /// An encoder with its buffers.
    pub fn new() -> Self {
        Self { lz4: lz4::Encoder::new(), groups: Vec::with_capacity(CHUNK_MAX_BYTES) }
    }

    /// Appends the record of a chunk with 1 to [`CHUNK_MAX_BYTES`] bytes to `records`, in the smallest form that is found
    /// without trying each: samples tell whether to group, and what does not shrink is stored as it is.
    ///
    /// # Panics
    /// If the chunk has another size.
    pub fn encode(&mut self, content: &[u8], records: &mut Vec<u8>) -> ChunkHeader {
        assert!((1..=CHUNK_MAX_BYTES).contains(&content.len()), "a chunk of {} bytes", content.len());
        let start = records.len();
        records.extend_from_slice(&[0; HEADER_BYTES]);
        let mut scheme = if self.grouping_helps(content) { Scheme::GroupedLz4 } else { Scheme::Lz4 };
        let packed = match scheme {
            Scheme::GroupedLz4 => {
                grouping::split(content, &mut self.groups);
                self.lz4.encode(&self.groups, content.len(), records)
            }
            Scheme::Plain | Scheme::Lz4 => self.lz4.encode(content, content.len(), records),
        };
        if !packed {
            scheme = Scheme::Plain;
            records.extend_from_slice(content);
        }
        let packed_bytes = (records.len() - start - HEADER_BYTES) as u32;
        let header = ChunkHeader { scheme, packed_bytes, raw_bytes: content.len() as u32 };
        records[start..start + HEADER_BYTES].copy_from_slice(&header.to_bytes());
        header
    }

    fn grouping_helps(&mut self, content: &[u8]) -> bool {
        let (mut plain, mut grouped) = (0, 0);
        for sample in 0..SAMPLES {
            // The last sample ends with the chunk; all begin at a whole word.
            let at = content.len().saturating_sub(SAMPLE_BYTES) / 4 * sample / (SAMPLES - 1) * 4;
            let sample = &content[at..content.len().min(at + SAMPLE_BYTES)];
            plain += self.lz4.packed_bytes(sample);
            grouping::split(sample, &mut self.groups);
            grouped += self.lz4.packed_bytes(&self.groups);
        }
        grouped < plain
    }
}

impl Default for ChunkEncoder {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for ChunkEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChunkEncoder")
    }
}

#[cfg(test)]
mod tests;
