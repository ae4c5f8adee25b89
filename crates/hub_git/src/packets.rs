//! Packets from a connection, one by one, and what follows them.

use bytes::{Buf, Bytes, BytesMut};
use futures::{Stream, StreamExt};
use hub_formats::FromPrefix;
use hub_formats::git::pkt_line::{self, Packet};

use crate::error::GitError;

/// The most bytes of all packets of one conversation: some hundred thousand references or commits.
const PACKETS_MAX_BYTES: usize = 32 << 20;

/// Reads packets from a stream of bytes.
pub(crate) struct PacketReader<S> {
    input: S,
    buffer: BytesMut,
    /// How many bytes of packets were read.
    read: usize,
}

impl<S, E> PacketReader<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: std::fmt::Display,
{
    pub(crate) fn new(input: S) -> Self {
        Self { input, buffer: BytesMut::new(), read: 0 }
    }

    /// The next packet, length and all; `None` at the end of the input.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, GitError> {
        loop {
            match pkt_line::split(&self.buffer)? {
                FromPrefix::Whole((_, length)) => {
                    self.read += length;
                    if self.read > PACKETS_MAX_BYTES {
                        return Err(GitError::protocol("the client said too much: push or fetch less at a time"));
                    }
                    return Ok(Some(self.buffer.split_to(length).freeze()));
                }
                FromPrefix::Incomplete { .. } => match self.input.next().await {
                    Some(Ok(piece)) => self.buffer.extend_from_slice(&piece),
                    Some(Err(error)) => return Err(GitError::protocol(format!("the client broke off: {error}"))),
                    None if self.buffer.is_empty() => return Ok(None),
                    None => return Err(GitError::protocol("the client broke off within a packet")),
                },
            }
        }
    }

    /// The next line; `None` for a flush, or at the end of the input.
    pub(crate) async fn line(&mut self) -> Result<Option<Bytes>, GitError> {
        let Some(mut packet) = self.next().await? else { return Ok(None) };
        let line = match pkt_line::split(&packet)? {
            FromPrefix::Whole((Packet::Flush, _)) => return Ok(None),
            FromPrefix::Whole((line, _)) => line.line().map(<[u8]>::len),
            FromPrefix::Incomplete { .. } => None,
        };
        let length = line.ok_or_else(|| GitError::protocol("a section begins where none can"))?;
        packet.advance(PREFIX_BYTES);
        packet.truncate(length);
        Ok(Some(packet))
    }

    /// All packets up to a flush, which is included; `None` at the end of the input.
    pub(crate) async fn message(&mut self) -> Result<Option<Vec<u8>>, GitError> {
        let mut message = Vec::new();
        while let Some(packet) = self.next().await? {
            message.extend_from_slice(&packet);
            if packet == FLUSH {
                return Ok(Some(message));
            }
        }
        if message.is_empty() { Ok(None) } else { Err(GitError::protocol("the client broke off within a request")) }
    }

    /// What was read beyond the packets, and the rest of the input.
    pub(crate) fn into_rest(self) -> (Bytes, S) {
        (self.buffer.freeze(), self.input)
    }
}

/// The bytes of a packet's length.
const PREFIX_BYTES: usize = 4;
const FLUSH: &[u8] = b"0000";

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures::stream;

    use super::*;

    fn reader(pieces: &'static [&'static [u8]]) -> PacketReader<impl Stream<Item = Result<Bytes, Infallible>> + Unpin> {
        PacketReader::new(stream::iter(pieces.iter().map(|piece| Ok(Bytes::from_static(piece)))))
    }

    #[tokio::test]
    async fn packets_are_put_together_from_pieces_and_the_rest_is_kept() {
        let mut reader = reader(&[b"00", b"06a\n0007", b"bc\n0000PA", b"CK"]);
        assert_eq!(reader.line().await.unwrap().unwrap(), "a");
        assert_eq!(reader.line().await.unwrap().unwrap(), "bc");
        assert_eq!(reader.line().await.unwrap(), None);
        let (rest, mut input) = reader.into_rest();
        assert_eq!(rest, "PA");
        assert_eq!(input.next().await.unwrap().unwrap(), "CK");
    }

    #[tokio::test]
    async fn what_breaks_off_is_told() {
        assert_eq!(reader(&[]).next().await.unwrap(), None);
        assert_eq!(reader(&[]).message().await.unwrap(), None);
        const BROKEN: [&[&[u8]]; 4] = [&[b"00"], &[b"0008ab"], &[b"zzzz"], &[b"0001"]];
        for pieces in BROKEN {
            assert!(reader(pieces).line().await.is_err(), "{pieces:?}");
        }
        assert_eq!(reader(&[b"0005a0000"]).message().await.unwrap().unwrap(), b"0005a0000");
        assert!(reader(&[b"0005a"]).message().await.is_err());
    }
}
