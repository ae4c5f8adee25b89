//! pkt-line: the frames in which git's protocol speaks.
//!
//! ```text
//! packet = length payload         length in four hexadecimal digits, itself included: "0006a" + LF
//!        | "0000"                 flush: the end of a message
//!        | "0001"                 delimiter: the end of a section
//!        | "0002"                 response end
//! ```
//! A packet has at most 65,520 bytes. With a side band, the first byte of a payload says what the rest is: the pack (1),
//! words for the person at the terminal (2), or the last words before the end (3).

use crate::FromPrefix;

/// The most bytes of a payload.
pub const PAYLOAD_MAX: usize = 65_516;
/// The bytes of a length.
const LENGTH_BYTES: usize = 4;

/// One packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Packet<'a> {
    /// The end of a message.
    Flush,
    /// The end of a section.
    Delimiter,
    /// The end of a response, between two programs of git on one machine.
    ResponseEnd,
    /// A payload, with its line break if it has one.
    Data(&'a [u8]),
}

impl<'a> Packet<'a> {
    /// The payload as a line: without the line break that may end it. `None` for the other packets.
    pub fn line(self) -> Option<&'a [u8]> {
        match self {
            Packet::Data(payload) => Some(payload.strip_suffix(b"\n").unwrap_or(payload)),
            _ => None,
        }
    }
}

/// Why bytes are no packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PktLineError {
    /// The length is no number in hexadecimal, or one that no packet has.
    #[error("a packet does not begin with its length")]
    BadLength,
    /// The input ends within a packet.
    #[error("the input ends within a packet")]
    Truncated,
}

/// Reads the packet at the beginning of `input` and tells how many bytes it takes.
pub fn split(input: &[u8]) -> Result<FromPrefix<(Packet<'_>, usize)>, PktLineError> {
    let Some(digits) = input.first_chunk::<LENGTH_BYTES>() else {
        // What is there can be refused already, so that nobody waits for the rest of something else.
        return if input.iter().all(u8::is_ascii_hexdigit) {
            Ok(FromPrefix::Incomplete { needed: LENGTH_BYTES as u64 })
        } else {
            Err(PktLineError::BadLength)
        };
    };
    let mut length = 0;
    for digit in digits {
        let value = char::from(*digit).to_digit(16).ok_or(PktLineError::BadLength)?;
        length = length * 16 + value as usize;
    }
    let packet = match length {
        0 => Packet::Flush,
        1 => Packet::Delimiter,
        2 => Packet::ResponseEnd,
        _ if (LENGTH_BYTES..=LENGTH_BYTES + PAYLOAD_MAX).contains(&length) => {
            return Ok(match input.get(LENGTH_BYTES..length) {
                Some(payload) => FromPrefix::Whole((Packet::Data(payload), length)),
                None => FromPrefix::Incomplete { needed: length as u64 },
            });
        }
        _ => return Err(PktLineError::BadLength),
    };
    Ok(FromPrefix::Whole((packet, LENGTH_BYTES)))
}

/// Walks the packets of an input that is there as a whole. After an error nothing more comes.
#[derive(Clone, Debug)]
pub struct Packets<'a>(&'a [u8]);

/// Begins a walk over packets.
pub fn packets(input: &[u8]) -> Packets<'_> {
    Packets(input)
}

impl<'a> Packets<'a> {
    /// What has not been read: a pack may follow the packets.
    pub fn rest(&self) -> &'a [u8] {
        self.0
    }
}

impl<'a> Iterator for Packets<'a> {
    type Item = Result<Packet<'a>, PktLineError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        match split(self.0) {
            Ok(FromPrefix::Whole((packet, length))) => {
                self.0 = self.0.get(length..).unwrap_or_default();
                Some(Ok(packet))
            }
            Ok(FromPrefix::Incomplete { .. }) => {
                self.0 = &[];
                Some(Err(PktLineError::Truncated))
            }
            Err(error) => {
                self.0 = &[];
                Some(Err(error))
            }
        }
    }
}

/// Appends a packet. A payload that is too long for one is cut off: only words for people can be that long.
pub fn push_data(out: &mut Vec<u8>, payload: &[u8]) {
    let payload = payload.get(..PAYLOAD_MAX).unwrap_or(payload);
    push_length(out, payload.len());
    out.extend_from_slice(payload);
}

/// Appends a line of text as a packet, with a line break.
pub fn push_line(out: &mut Vec<u8>, line: &str) {
    let line = line.as_bytes();
    let line = line.get(..PAYLOAD_MAX - 1).unwrap_or(line);
    push_length(out, line.len() + 1);
    out.extend_from_slice(line);
    out.push(b'\n');
}

/// Appends a flush packet.
pub fn push_flush(out: &mut Vec<u8>) {
    out.extend_from_slice(b"0000");
}

/// Appends a delimiter packet.
pub fn push_delimiter(out: &mut Vec<u8>) {
    out.extend_from_slice(b"0001");
}

fn push_length(out: &mut Vec<u8>, payload_bytes: usize) {
    let length = payload_bytes + LENGTH_BYTES;
    for shift in [12, 8, 4, 0] {
        out.push(b"0123456789abcdef"[(length >> shift) & 15]);
    }
}

/// What a payload of the side band is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Band {
    /// The pack, or the report of a push.
    Data,
    /// Words for the person at the terminal; git prints them after `remote:`.
    Progress,
    /// Why there is no more.
    Fatal,
}

/// How wide the side band is that a client asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SideBand {
    /// Packets of up to 1,000 bytes, as clients before 2006 want them.
    Narrow,
    /// Packets of up to 65,520 bytes.
    Wide,
}

impl SideBand {
    const fn chunk_max(self) -> usize {
        match self {
            SideBand::Narrow => 995,
            SideBand::Wide => PAYLOAD_MAX - 1,
        }
    }

    /// Appends bytes in as many packets as they need.
    pub fn push(self, out: &mut Vec<u8>, band: Band, bytes: &[u8]) {
        let mark = match band {
            Band::Data => 1,
            Band::Progress => 2,
            Band::Fatal => 3,
        };
        for chunk in bytes.chunks(self.chunk_max()) {
            push_length(out, chunk.len() + 1);
            out.push(mark);
            out.extend_from_slice(chunk);
        }
    }
}

#[cfg(test)]
mod tests;
