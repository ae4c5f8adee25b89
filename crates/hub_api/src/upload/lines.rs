//! Lines of a body that is read as it comes, each of bounded length.

use bytes::{Buf, Bytes, BytesMut};
use futures::{Stream, StreamExt};
use hub_core::Code;
use hub_http::ApiError;

/// Splits a stream of chunks at newlines. The last line needs none.
pub(crate) struct Lines<S> {
    chunks: S,
    buffer: BytesMut,
    /// Where in the buffer no newline has been looked for yet.
    searched: usize,
    most: usize,
    ended: bool,
}

impl<S: Stream<Item = Result<Bytes, ApiError>> + Unpin> Lines<S> {
    /// Lines of at most `most` bytes.
    pub(crate) fn new(chunks: S, most: usize) -> Self {
        Self { chunks, buffer: BytesMut::new(), searched: 0, most, ended: false }
    }

    /// The next line that is not blank, without its newline.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        loop {
            let Some(line) = self.next_any().await? else { return Ok(None) };
            if !line.iter().all(u8::is_ascii_whitespace) {
                return Ok(Some(line));
            }
        }
    }

    async fn next_any(&mut self) -> Result<Option<Bytes>, ApiError> {
        loop {
            if let Some(at) = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n') {
                let line = self.buffer.split_to(self.searched + at).freeze();
                self.buffer.advance(1);
                self.searched = 0;
                return Ok(Some(line));
            }
            self.searched = self.buffer.len();
            if self.buffer.len() > self.most {
                let message =
                    format!("a line of the body is longer than {} bytes: upload the file as a large file", self.most);
                return Err(ApiError::new(Code::TooLarge, message));
            }
            if self.ended {
                let rest = self.buffer.split().freeze();
                self.searched = 0;
                return Ok((!rest.is_empty()).then_some(rest));
            }
            match self.chunks.next().await {
                Some(chunk) => self.buffer.extend_from_slice(&chunk?),
                None => self.ended = true,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(chunks: &[&'static str], most: usize) -> Result<Vec<String>, Code> {
        let chunks: Vec<Result<Bytes, ApiError>> =
            chunks.iter().map(|chunk| Ok(Bytes::from_static(chunk.as_bytes()))).collect();
        let mut lines = Lines::new(futures::stream::iter(chunks), most);
        let mut found = Vec::new();
        while let Some(line) = lines.next().await.map_err(|error| error.code())? {
            found.push(String::from_utf8(line.to_vec()).unwrap());
        }
        Ok(found)
    }

    #[tokio::test]
    async fn a_body_is_split_wherever_its_chunks_end() {
        assert_eq!(lines(&["a\nb", "c\n\n", "d"], 10).await.unwrap(), ["a", "bc", "d"]);
        assert_eq!(lines(&["", "\r\n \n"], 10).await.unwrap(), [""; 0]);
        assert_eq!(lines(&["ab", "cdef"], 3).await, Err(Code::TooLarge));
    }
}
