//! Parts of an upload that clients or Hearth send one by one.

use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;
use object_store::signer::Url;
use reqwest::header::{CONTENT_LENGTH, ETAG};

use super::remote;
use crate::{BlobError, BlobStream, ObjectKey, PartsId};

/// What a parts id says: the size of the whole and the store's own name of the upload, `<size>:<id>`.
pub(super) struct UploadName<'a> {
    pub(super) size: u64,
    pub(super) id: &'a str,
}

impl<'a> UploadName<'a> {
    pub(super) fn to_parts_id(&self) -> Result<PartsId, BlobError> {
        let text = format!("{}:{}", self.size, self.id);
        text.parse().map_err(|error| BlobError::Remote(Box::<dyn std::error::Error + Send + Sync>::from(error)))
    }

    pub(super) fn read(parts: &'a PartsId) -> Result<Self, BlobError> {
        let gone = || BlobError::NotFound(format!("upload {parts}"));
        let (size, id) = parts.as_str().split_once(':').ok_or_else(gone)?;
        Ok(Self { size: size.parse().map_err(|_| gone())?, id })
    }

    pub(super) fn query(&self, number: u32) -> Vec<(&'static str, String)> {
        vec![("partNumber", number.to_string()), ("uploadId", self.id.to_owned())]
    }
}

/// How a body came to its end.
#[derive(Default)]
struct Passed {
    bytes: u64,
    error: Option<BlobError>,
}

/// Streams a body of announced size to a signed link; answers the tag. Not repeated on failure: the body is gone then,
/// and whoever sends it sends it again.
pub(super) async fn send(
    http: &reqwest::Client,
    link: Url,
    number: u32,
    size: u64,
    body: BlobStream,
) -> Result<String, BlobError> {
    let passed = Arc::new(Mutex::new(Passed::default()));
    let watch = Arc::clone(&passed);
    let guarded = body.map(move |chunk| {
        let mut passed = watch.lock().unwrap_or_else(PoisonError::into_inner);
        match chunk {
            Ok(chunk) => {
                passed.bytes += chunk.len() as u64;
                if passed.bytes > size { Err(std::io::Error::other("the part is too long")) } else { Ok(chunk) }
            }
            Err(error) => {
                passed.error = Some(error);
                Err(std::io::Error::other("the source of the part failed"))
            }
        }
    });
    let request = http.put(link).header(CONTENT_LENGTH, size).body(reqwest::Body::wrap_stream(guarded));
    let answer = request.send().await;
    let passed = std::mem::take(&mut *passed.lock().unwrap_or_else(PoisonError::into_inner));
    if let Some(error) = passed.error {
        return Err(error);
    }
    let answer = answer.map_err(|error| match passed.bytes == size {
        // The link is a secret while it is good.
        true => remote(error.without_url()),
        false => BlobError::WrongLength { number, announced: size, received: passed.bytes },
    })?;
    let status = answer.status();
    if !status.is_success() {
        let text = answer.text().await.map_err(|error| remote(error.without_url()))?;
        return Err(refused(status.as_u16(), &text));
    }
    if passed.bytes != size {
        return Err(BlobError::WrongLength { number, announced: size, received: passed.bytes });
    }
    let tag = answer.headers().get(ETAG).and_then(|tag| tag.to_str().ok());
    tag.map(ToOwned::to_owned).ok_or_else(|| remote(std::io::Error::other("the store gave the part no tag")))
}

/// What the store says to a request that this crate sent itself.
pub(super) fn refused(status: u16, text: &str) -> BlobError {
    if text.contains("NoSuchUpload") {
        return BlobError::NotFound("such upload".to_owned());
    }
    let shown: String = text.chars().take(500).collect();
    remote(std::io::Error::other(format!("status {status}: {shown}")))
}

/// The words with which stores refuse a list of parts.
const BAD_PARTS_CODES: [&str; 3] = ["InvalidPart", "EntityTooSmall", "InvalidRequest"];

pub(super) fn completion_failed(key: &ObjectKey, error: object_store::Error) -> BlobError {
    let text = error.to_string();
    match BAD_PARTS_CODES.iter().find(|code| text.contains(**code)) {
        Some(code) => BlobError::BadParts(format!("the store says {code}")),
        None => super::failed(key, error),
    }
}
