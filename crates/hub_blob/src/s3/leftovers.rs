//! Uploads in parts that were begun and neither completed nor given up: invisible, and paid for.

use hub_core::Timestamp;
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::signer::{Method, SignedUrlOptions, Signer};
use quick_xml::Reader;
use quick_xml::events::Event;

use super::{OWN_LINK_TTL, S3Store, part, remote};
use crate::BlobError;

/// One page of the store's answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct UploadPage {
    pub(super) uploads: Vec<PendingUpload>,
    /// Where the next page begins, if there is one: key and upload.
    pub(super) next: Option<(String, String)>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PendingUpload {
    pub(super) key: String,
    pub(super) id: String,
    pub(super) begun: String,
}

/// The answer to one page is refused beyond this: a thousand uploads with long keys stay far below.
const MAX_PAGE_BYTES: usize = 8 << 20;

pub(super) async fn sweep(store: &S3Store, older_than: Timestamp) -> Result<u64, BlobError> {
    // Both sides have the fixed form of RFC 3339 in UTC, so that text order is time order.
    let older_than = older_than.to_string();
    let mut aborted = 0;
    let mut marker = None;
    loop {
        let page = page(store, marker.take()).await?;
        for upload in page.uploads {
            if store.key(&upload.key).is_none() || upload.begun >= older_than {
                continue;
            }
            match store.s3.abort_multipart(&Path::from(upload.key), &upload.id).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => aborted += 1,
                Err(error) => return Err(remote(error)),
            }
        }
        marker = page.next;
        if marker.is_none() {
            return Ok(aborted);
        }
    }
}

async fn page(store: &S3Store, marker: Option<(String, String)>) -> Result<UploadPage, BlobError> {
    let mut query = vec![("uploads", String::new())];
    if !store.prefix.is_empty() {
        query.push(("prefix", format!("{}/", store.prefix)));
    }
    if let Some((key, id)) = marker {
        query.extend([("key-marker", key), ("upload-id-marker", id)]);
    }
    let options = SignedUrlOptions::new().with_query(query);
    let link = store.s3.signed_url_opts(Method::GET, &Path::default(), OWN_LINK_TTL, &options).await;
    let mut answer = store.http.get(link.map_err(remote)?).send().await.map_err(|error| remote(error.without_url()))?;
    let status = answer.status();
    let mut text = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| remote(error.without_url()))? {
        if text.len() + chunk.len() > MAX_PAGE_BYTES {
            return Err(remote(std::io::Error::other("the list of uploads is too long")));
        }
        text.extend_from_slice(&chunk);
    }
    let text = String::from_utf8_lossy(&text);
    if !status.is_success() {
        return Err(part::refused(status.as_u16(), &text));
    }
    parse(&text)
}

/// Reads a `ListMultipartUploadsResult`. Elements are told apart by name and by whether an `Upload` is open.
pub(super) fn parse(text: &str) -> Result<UploadPage, BlobError> {
    let mut reader = Reader::from_str(text);
    let mut page = UploadPage::default();
    let mut upload: Option<PendingUpload> = None;
    let (mut truncated, mut next) = (false, (String::new(), String::new()));
    let mut value = String::new();
    loop {
        match reader.read_event().map_err(remote)? {
            Event::Start(tag) => {
                value.clear();
                if tag.local_name().as_ref() == b"Upload" {
                    upload = Some(PendingUpload::default());
                }
            }
            Event::Text(text) => value.push_str(&text.decode().map_err(remote)?),
            Event::GeneralRef(entity) => {
                let name = entity.decode().map_err(remote)?;
                value.push_str(&quick_xml::escape::unescape(&format!("&{name};")).map_err(remote)?);
            }
            Event::End(tag) => {
                let value = std::mem::take(&mut value);
                match (tag.local_name().as_ref(), &mut upload) {
                    (b"Upload", open) => page.uploads.extend(open.take()),
                    (b"Key", Some(upload)) => upload.key = value,
                    (b"UploadId", Some(upload)) => upload.id = value,
                    (b"Initiated", Some(upload)) => upload.begun = value,
                    (b"IsTruncated", None) => truncated = value == "true",
                    (b"NextKeyMarker", None) => next.0 = value,
                    (b"NextUploadIdMarker", None) => next.1 = value,
                    _ => {}
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    page.next = (truncated && !next.0.is_empty()).then_some(next);
    Ok(page)
}
