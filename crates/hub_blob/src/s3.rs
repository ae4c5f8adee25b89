//! Objects in a bucket of an S3-compatible store.
//!
//! Requests go through `object_store`, whose types stay in this module and its children. Three things it does not do
//! are done here with links that it signs: streaming a part without holding it in memory, listing the uploads in parts
//! that nobody finished, and links for another host name than the one Hearth itself uses.

mod leftovers;
mod part;
mod write;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};
use hub_core::{SecretString, Timestamp};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::signer::{HeaderName, HeaderValue, Method, SignedUrlOptions, Signer};
use object_store::{ClientOptions, GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt};
use serde::Deserialize;

use crate::{BlobError, BlobStore, BlobStream, BlobWriter, LinkOptions, Listed, ObjectKey, PartsId};

/// How to reach a bucket.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct S3Config {
    /// The address of the service, such as `https://s3.example.com`; Amazon's own if absent.
    pub endpoint: Option<String>,
    /// The address of the same service in links that are given to clients, if they reach it by another name.
    pub public_endpoint: Option<String>,
    /// The bucket.
    pub bucket: String,
    /// The region; `us-east-1` if absent.
    pub region: Option<String>,
    /// What all keys in the bucket begin with, without slashes at the ends; nothing if empty.
    pub prefix: String,
    /// The access key. Without it the usual `AWS_…` variables and instance credentials are tried.
    pub access_key: Option<String>,
    /// The secret that belongs to the access key.
    pub secret_key: Option<SecretString>,
    /// Whether the bucket is part of the host name rather than of the path.
    pub bucket_in_host: bool,
    /// Whether clients must not be sent to the store: all bytes then pass through Hearth.
    pub no_links: bool,
}

/// A blob store in a bucket.
#[derive(Clone, Debug)]
pub struct S3Store {
    s3: Arc<AmazonS3>,
    /// Signs links for clients.
    public: Option<Arc<AmazonS3>>,
    http: reqwest::Client,
    prefix: String,
}

/// How long the store may take to accept a connection, and to send the next bytes.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const READ_TIMEOUT: Duration = Duration::from_secs(120);
/// How long the links are good for that Hearth signs for itself.
const OWN_LINK_TTL: Duration = Duration::from_secs(3600);

impl S3Store {
    /// Prepares access to a bucket. Nothing is sent; [`BlobStore::check`] shows whether it works.
    pub fn open(config: &S3Config) -> Result<Self, BlobError> {
        // The HTTP client takes the process-wide provider. Another part of the process may have set it: as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let prefix = config.prefix.trim_matches('/').to_owned();
        if Path::parse(&prefix).map_err(|error| BlobError::Config(error.to_string()))?.as_ref() != prefix {
            return Err(BlobError::Config(format!("{prefix:?} cannot begin a key")));
        }
        let public_endpoint = config.public_endpoint.as_ref().or(config.endpoint.as_ref());
        let public = match config.no_links {
            true => None,
            false => Some(Arc::new(client(config, public_endpoint)?)),
        };
        // A part may take as long as its sender does, so only a dead peer ends a request. A body that is streamed cannot
        // be sent again elsewhere: no redirects.
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_keepalive(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(remote)?;
        Ok(Self { s3: Arc::new(client(config, config.endpoint.as_ref())?), public, http, prefix })
    }

    fn path(&self, key: &ObjectKey) -> Path {
        // Prefix and key hold nothing that `Path` would write differently.
        if self.prefix.is_empty() { Path::from(key.to_string()) } else { Path::from(format!("{}/{key}", self.prefix)) }
    }

    /// The key of something in the bucket, if it is an object of ours.
    fn key(&self, path: &str) -> Option<ObjectKey> {
        let rest = path.strip_prefix(&self.prefix)?;
        let rest = if self.prefix.is_empty() { rest } else { rest.strip_prefix('/')? };
        rest.parse().ok()
    }

    fn listed(&self, meta: &ObjectMeta) -> Option<Listed> {
        let modified = Timestamp::from_millis(meta.last_modified.timestamp_millis());
        Some(Listed { key: self.key(meta.location.as_ref())?, size: meta.size, modified })
    }

    async fn link(
        &self,
        method: Method,
        key: &ObjectKey,
        ttl: Duration,
        options: SignedUrlOptions,
    ) -> Result<Option<String>, BlobError> {
        let Some(public) = &self.public else { return Ok(None) };
        let link = public.signed_url_opts(method, &self.path(key), ttl, &options).await;
        Ok(Some(link.map_err(|error| failed(key, error))?.into()))
    }
}

fn client(config: &S3Config, endpoint: Option<&String>) -> Result<AmazonS3, BlobError> {
    let mut builder = match &config.access_key {
        Some(access_key) => AmazonS3Builder::new().with_access_key_id(access_key),
        None => AmazonS3Builder::from_env(),
    };
    if let Some(secret_key) = &config.secret_key {
        builder = builder.with_secret_access_key(secret_key.reveal());
    }
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint.trim_end_matches('/')).with_allow_http(endpoint.starts_with("http:"));
    }
    if let Some(region) = &config.region {
        builder = builder.with_region(region);
    }
    // No limit on a request as a whole: a slow client may take hours over one download.
    let options = ClientOptions::new()
        .with_timeout_disabled()
        .with_connect_timeout(CONNECT_TIMEOUT)
        .with_read_timeout(READ_TIMEOUT)
        .with_allow_http(endpoint.is_some_and(|endpoint| endpoint.starts_with("http:")));
    builder
        .with_bucket_name(&config.bucket)
        .with_virtual_hosted_style_request(config.bucket_in_host)
        // Signing the payload would hash every byte a second time, on an async worker.
        .with_unsigned_payload(true)
        .with_client_options(options)
        .build()
        .map_err(|error| BlobError::Config(error.to_string()))
}

#[async_trait]
impl BlobStore for S3Store {
    async fn writer(&self, key: &ObjectKey) -> Result<Box<dyn BlobWriter>, BlobError> {
        Ok(Box::new(write::S3Writer::new(Arc::clone(&self.s3), key.clone(), self.path(key))))
    }

    async fn read(&self, key: &ObjectKey, range: Range<u64>) -> Result<BlobStream, BlobError> {
        let out_of_range = |size| BlobError::OutOfRange { size };
        if range.is_empty() {
            let size = self.size(key).await?.ok_or_else(|| BlobError::NotFound(key.to_string()))?;
            // An inverted range is no range.
            let ok = range.start == range.end && range.end <= size;
            return if ok { Ok(stream::empty().boxed()) } else { Err(out_of_range(size)) };
        }
        let options = GetOptions { range: Some(GetRange::Bounded(range.clone())), ..GetOptions::default() };
        let result = match self.s3.get_opts(&self.path(key), options).await {
            Ok(result) if result.meta.size < range.end => return Err(out_of_range(result.meta.size)),
            Ok(result) => result,
            Err(error) => {
                // A store refuses a range that begins behind the end; how it says so differs.
                let error = failed(key, error);
                return match error {
                    BlobError::Remote(_) => match self.size(key).await? {
                        Some(size) if size < range.end => Err(out_of_range(size)),
                        _ => Err(error),
                    },
                    _ => Err(error),
                };
            }
        };
        let key = key.clone();
        Ok(result.into_stream().map_err(move |error| failed(&key, error)).boxed())
    }

    async fn size(&self, key: &ObjectKey) -> Result<Option<u64>, BlobError> {
        match self.s3.head(&self.path(key)).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(key, error)),
        }
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), BlobError> {
        match self.s3.delete(&self.path(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(key, error)),
        }
    }

    async fn list(&self, after: Option<&ObjectKey>, limit: usize) -> Result<Vec<Listed>, BlobError> {
        let prefix = Path::from(self.prefix.as_str());
        let prefix = (!self.prefix.is_empty()).then_some(&prefix);
        let found = match after {
            Some(after) => self.s3.list_with_offset(prefix, &self.path(after)),
            None => self.s3.list(prefix),
        };
        let ours = found.map_err(remote).try_filter_map(async |meta| Ok(self.listed(&meta)));
        ours.take(limit).try_collect().await
    }

    async fn sweep_incoming(&self, older_than: Timestamp) -> Result<u64, BlobError> {
        leftovers::sweep(self, older_than).await
    }

    async fn check(&self) -> Result<(), BlobError> {
        self.list(None, 1).await.map(|_| ())
    }

    async fn download_link(&self, key: &ObjectKey, options: &LinkOptions) -> Result<Option<String>, BlobError> {
        let mut query = Vec::new();
        query.extend(options.content_type.clone().map(|value| ("response-content-type", value)));
        query.extend(options.content_disposition.clone().map(|value| ("response-content-disposition", value)));
        self.link(Method::GET, key, options.ttl, SignedUrlOptions::new().with_query(query)).await
    }

    async fn range_link(&self, key: &ObjectKey, range: Range<u64>, ttl: Duration) -> Result<Option<String>, BlobError> {
        // A link that did not name the range in its signature would be good for the whole object.
        let last =
            range.end.checked_sub(1).filter(|last| range.start <= *last).ok_or(BlobError::OutOfRange { size: 0 })?;
        let header = HeaderValue::try_from(format!("bytes={}-{last}", range.start)).map_err(remote)?;
        let options = SignedUrlOptions::new().with_signed_header(HeaderName::from_static("range"), header);
        self.link(Method::GET, key, ttl, options).await
    }

    async fn upload_link(&self, key: &ObjectKey, ttl: Duration, _size: u64) -> Result<Option<String>, BlobError> {
        self.link(Method::PUT, key, ttl, SignedUrlOptions::new()).await
    }

    async fn begin_parts(&self, key: &ObjectKey, size: u64) -> Result<PartsId, BlobError> {
        if size == 0 {
            return Err(BlobError::BadParts("an empty object has no parts".to_owned()));
        }
        let id = self.s3.create_multipart(&self.path(key)).await.map_err(|error| failed(key, error))?;
        part::UploadName { size, id: &id }.to_parts_id()
    }

    async fn part_link(
        &self,
        key: &ObjectKey,
        parts: &PartsId,
        number: u32,
        ttl: Duration,
    ) -> Result<Option<String>, BlobError> {
        let query = part::UploadName::read(parts)?.query(number);
        self.link(Method::PUT, key, ttl, SignedUrlOptions::new().with_query(query)).await
    }

    async fn put_part(
        &self,
        key: &ObjectKey,
        parts: &PartsId,
        number: u32,
        offset: u64,
        size: u64,
        body: BlobStream,
    ) -> Result<String, BlobError> {
        let upload = part::UploadName::read(parts)?;
        if number == 0 || offset.checked_add(size).is_none_or(|end| end > upload.size) {
            return Err(BlobError::BadParts(format!("part {number} lies outside the {} bytes", upload.size)));
        }
        let options = SignedUrlOptions::new().with_query(upload.query(number));
        let link = self.s3.signed_url_opts(Method::PUT, &self.path(key), OWN_LINK_TTL, &options).await;
        let link = link.map_err(|error| failed(key, error))?;
        part::send(&self.http, link, number, size, body).await
    }

    async fn complete_parts(&self, key: &ObjectKey, parts: &PartsId, tags: &[(u32, String)]) -> Result<(), BlobError> {
        let upload = part::UploadName::read(parts)?;
        let mut tags = tags.to_vec();
        tags.sort_unstable();
        if tags.is_empty() || tags.iter().zip(1..).any(|((number, _), expected)| *number != expected) {
            return Err(BlobError::BadParts("the numbers are not 1, 2, 3, … without a gap".to_owned()));
        }
        let tags = tags.into_iter().map(|(_, content_id)| PartId { content_id }).collect();
        let completed = self.s3.complete_multipart(&self.path(key), &upload.id.to_owned(), tags).await;
        match (self.size(key).await?, completed) {
            // Even after an error, when asked again after the answer was lost: stores differ in how they say that the
            // upload is over, but a key has one upload only, so what is there came from it.
            (Some(size), _) if size == upload.size => Ok(()),
            (_, Err(error)) => Err(part::completion_failed(key, error)),
            (Some(size), Ok(_)) => {
                self.delete(key).await?;
                Err(BlobError::BadParts(format!("they have {size} bytes together, not {}", upload.size)))
            }
            (None, Ok(_)) => Err(BlobError::NotFound(key.to_string())),
        }
    }

    async fn abort_parts(&self, key: &ObjectKey, parts: &PartsId) -> Result<(), BlobError> {
        let upload = part::UploadName::read(parts)?;
        match self.s3.abort_multipart(&self.path(key), &upload.id.to_owned()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(key, error)),
        }
    }
}

/// What stores call "no room left"; there is no common word.
const FULL_CODES: [&str; 4] = ["XMinioStorageFull", "InsufficientStorage", "QuotaExceeded", "NotEnoughSpace"];

fn failed(key: &ObjectKey, error: object_store::Error) -> BlobError {
    match error {
        object_store::Error::NotFound { .. } => BlobError::NotFound(key.to_string()),
        error => remote(error),
    }
}

fn remote(error: impl std::error::Error + Send + Sync + 'static) -> BlobError {
    let text = error.to_string();
    match FULL_CODES.iter().any(|code| text.contains(code)) {
        true => BlobError::Full(std::io::Error::other(error)),
        false => BlobError::Remote(Box::new(error)),
    }
}

#[cfg(test)]
mod tests;
