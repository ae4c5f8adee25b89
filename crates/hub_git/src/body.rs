//! The request of a fetch: whole in memory, within the limit for bodies, and unpacked if it comes as gzip.
//!
//! git compresses requests of more than a kilobyte. What they unpack to has the same limit, so that a small body cannot
//! become a large one.

use std::io::Read;

use axum::extract::{FromRequest, Request};
use axum::http::header;
use bytes::Bytes;
use flate2::read::GzDecoder;
use hub_core::Code;
use hub_http::{ApiError, RequestContext, WholeBody};

/// A request in packets.
#[derive(Clone, Debug)]
pub(crate) struct PacketBody(pub(crate) Bytes);

/// What a body is wrapped in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Plain,
    Gzip,
}

impl Encoding {
    /// What the headers of a request say.
    pub(crate) fn of(headers: &axum::http::HeaderMap) -> Result<Self, ApiError> {
        let name = headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?"));
        match name.map(str::to_ascii_lowercase).as_deref() {
            None | Some("" | "identity") => Ok(Encoding::Plain),
            Some("gzip" | "x-gzip") => Ok(Encoding::Gzip),
            Some(_) => Err(ApiError::bad_request("the body has an encoding other than gzip: send it as it is")),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for PacketBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let encoding = Encoding::of(request.headers())?;
        let limit = request.extensions().get::<RequestContext>().cloned().unwrap_or_default().body_limit();
        let WholeBody(bytes) = WholeBody::from_request(request, state).await?;
        match encoding {
            Encoding::Plain => Ok(Self(bytes)),
            Encoding::Gzip => {
                let unpacked = tokio::task::spawn_blocking(move || unpack(&bytes, limit)).await;
                unpacked.map_err(ApiError::internal)?.map(Self)
            }
        }
    }
}

fn unpack(packed: &[u8], limit: u64) -> Result<Bytes, ApiError> {
    let mut plain = Vec::new();
    let read = GzDecoder::new(packed).take(limit.saturating_add(1)).read_to_end(&mut plain);
    read.map_err(|_| ApiError::bad_request("the body is no whole gzip stream"))?;
    if plain.len() as u64 > limit {
        let message = format!("the body unpacks to more than the {limit} bytes that are allowed here");
        return Err(ApiError::new(Code::TooLarge, message));
    }
    Ok(plain.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn gzip_is_unpacked_within_the_limit() {
        assert_eq!(unpack(&gzip(b"0000"), 10).unwrap(), "0000");
        let bomb = gzip(&vec![b'0'; 1 << 20]);
        assert!(bomb.len() < 5000);
        assert_eq!(unpack(&bomb, 1 << 19).unwrap_err().code(), Code::TooLarge);
        let cut = &bomb[..bomb.len() - 5];
        assert_eq!(unpack(cut, 1 << 21).unwrap_err().code(), Code::BadRequest);
        assert_eq!(unpack(b"no gzip", 10).unwrap_err().code(), Code::BadRequest);
    }
}
