//! Forms that carry files (multipart/form-data), read field by field with a bound for each.

use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use futures::TryStreamExt as _;
use hub_core::Code;
use hub_http::{ApiError, BodyStream};
use multer::{Field, Multipart};

use crate::error::{PageError, sentence};

/// The longest text that a field of such a form holds, in bytes.
const FIELD_MAX: usize = 64 * 1024;

/// The parts of a form; its files have at most `bytes` together.
pub(crate) fn parts(headers: &HeaderMap, mut body: BodyStream, bytes: u64) -> Result<Multipart<'static>, ApiError> {
    body.limit(bytes)?;
    let boundary = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let boundary = boundary.and_then(|text| multer::parse_boundary(text).ok());
    let boundary = boundary.ok_or_else(|| ApiError::bad_request("send a form with files (multipart/form-data)"))?;
    Ok(Multipart::new(body.map_err(|error| std::io::Error::other(error.to_string())), boundary))
}

/// The token of the form, which stands first in it, so that nothing is read of a form that is not ours.
pub(crate) async fn token(parts: &mut Multipart<'_>) -> Result<String, PageError> {
    match parts.next_field().await.map_err(|error| cut_off(&error))? {
        Some(field) if field.name() == Some("form_token") => text(field).await,
        _ => Ok(String::new()),
    }
}

/// A field of text.
pub(crate) async fn text(field: Field<'_>) -> Result<String, PageError> {
    let bytes = whole(field, FIELD_MAX).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A field that is read into memory.
pub(crate) async fn whole(mut field: Field<'_>, bytes_max: usize) -> Result<Bytes, PageError> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| cut_off(&error))? {
        if bytes.len() + chunk.len() > bytes_max {
            return Err(PageError::told(Code::TooLarge, sentence("a field of the form is too long")));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

/// A form that ended early, or was none.
pub(crate) fn cut_off(error: &multer::Error) -> PageError {
    PageError::told(Code::BadRequest, sentence(format!("the form was cut off or is malformed: {error}")))
}
