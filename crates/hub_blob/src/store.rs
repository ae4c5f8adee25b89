//! The contract of a blob store.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use hub_core::{Sha256, Timestamp};

use crate::pipe::{Digest, Pipe};
use crate::{BlobError, ObjectKey, PartsId};

/// Bytes on their way out of a store, or into one.
pub type BlobStream = BoxStream<'static, Result<Bytes, BlobError>>;

/// Keeps objects: immutable byte strings under typed keys.
///
/// # Guarantees
/// - **Atomicity.** An object is there whole or not at all. What a failed, dropped or killed writer leaves behind is
///   never visible under a key; [`BlobStore::sweep_incoming`] removes it.
/// - **Visibility.** A key is visible to every process once [`BlobWriter::finish`] or [`BlobStore::complete_parts`] has
///   returned, and not before it was called.
/// - **Durability.** When those return, the object survives a crash of the machine.
/// - **Immutability.** Callers write a key once. Writing it again is allowed only with the same bytes (a retry); readers
///   then see one or the other copy whole.
/// - **Idempotence.** `delete`, `abort_parts` and a repeated `complete_parts` of a completed upload succeed.
/// - **Memory.** Reading and writing take memory that does not depend on the size of the object, except that a store
///   may hold a few parts of it.
///
/// A store does not check that an object has the content that its key announces: callers compare [`WrittenBlob`], or
/// ask [`BlobStore::hash`], before they let a row refer to it.
#[async_trait]
pub trait BlobStore: fmt::Debug + Send + Sync + 'static {
    /// Begins an object that is written from front to back.
    async fn writer(&self, key: &ObjectKey) -> Result<Box<dyn BlobWriter>, BlobError>;

    /// Streams a range of an object's bytes. Dropping the stream ends the reading.
    ///
    /// # Errors
    /// [`BlobError::NotFound`]; [`BlobError::OutOfRange`] unless the range lies within the object. An empty range within
    /// it gives an empty stream.
    async fn read(&self, key: &ObjectKey, range: Range<u64>) -> Result<BlobStream, BlobError>;

    /// The size of an object in bytes, or nothing if there is no such object.
    async fn size(&self, key: &ObjectKey) -> Result<Option<u64>, BlobError>;

    /// Removes an object. Removing what is not there succeeds. Streams that are under way may end with an error.
    async fn delete(&self, key: &ObjectKey) -> Result<(), BlobError>;

    /// The next objects in key order, at most `limit` of them, beginning after `after`. Fewer than `limit` means that the
    /// end is reached. Things in the store that are no objects of ours are passed over.
    async fn list(&self, after: Option<&ObjectKey>, limit: usize) -> Result<Vec<Listed>, BlobError>;

    /// Removes what writers and uploads in parts have left behind and nobody has touched since `older_than`. Answers how
    /// many leftovers were removed.
    async fn sweep_incoming(&self, older_than: Timestamp) -> Result<u64, BlobError>;

    /// Shows that the store is there and lets us in, for readiness checks.
    async fn check(&self) -> Result<(), BlobError>;

    /// A link by which anyone can fetch the object from the store itself, or nothing if the store gives no links.
    async fn download_link(&self, key: &ObjectKey, options: &LinkOptions) -> Result<Option<String>, BlobError>;

    /// A link by which anyone can fetch exactly this range, which is not empty, from the store itself, or nothing if the
    /// store gives no links. The request must carry the header `Range: bytes=a-b` with the first and the last byte: the
    /// link is good for no other part of the object.
    async fn range_link(&self, key: &ObjectKey, range: Range<u64>, ttl: Duration) -> Result<Option<String>, BlobError>;

    /// A link by which anyone can PUT the object of `size` bytes into the store itself, in one request. Not every store
    /// refuses another size: look with [`BlobStore::hash`] before a row refers to what arrived.
    async fn upload_link(&self, key: &ObjectKey, ttl: Duration, size: u64) -> Result<Option<String>, BlobError>;

    /// Begins an object of `size` bytes (not zero) that arrives in parts, in any order, some at the same time.
    async fn begin_parts(&self, key: &ObjectKey, size: u64) -> Result<PartsId, BlobError>;

    /// A link by which anyone can PUT a part into the store itself; the answer's `ETag` header is the part's tag.
    async fn part_link(
        &self,
        key: &ObjectKey,
        parts: &PartsId,
        number: u32,
        ttl: Duration,
    ) -> Result<Option<String>, BlobError>;

    /// Receives one part: number (from 1), offset and size in the object. Answers the tag that completion must name. A
    /// part that is sent again replaces the former one, whose tag is void.
    ///
    /// # Errors
    /// [`BlobError::WrongLength`] if the body has not exactly `size` bytes, and the body's own error; the part then counts
    /// as not received.
    async fn put_part(
        &self,
        key: &ObjectKey,
        parts: &PartsId,
        number: u32,
        offset: u64,
        size: u64,
        body: BlobStream,
    ) -> Result<String, BlobError>;

    /// Makes the parts one visible, durable object. The pairs of number and tag may come in any order and must cover the
    /// object without a gap.
    ///
    /// # Errors
    /// [`BlobError::BadParts`] if they do not, [`BlobError::Busy`] while a part is still being received; nothing stays
    /// visible then. The upload can go on, unless the parts that a bucket has taken from links have a wrong size in all.
    async fn complete_parts(&self, key: &ObjectKey, parts: &PartsId, tags: &[(u32, String)]) -> Result<(), BlobError>;

    /// Gives an upload up and frees what it has received.
    async fn abort_parts(&self, key: &ObjectKey, parts: &PartsId) -> Result<(), BlobError>;

    /// Reads an object to find its true size and hash.
    async fn hash(&self, key: &ObjectKey) -> Result<WrittenBlob, BlobError> {
        let size = self.size(key).await?.ok_or_else(|| BlobError::NotFound(key.to_string()))?;
        let mut stream = self.read(key, 0..size).await?;
        let mut pipe = Pipe::new(Digest::new());
        while let Some(chunk) = stream.next().await {
            pipe.push(chunk?).await?;
        }
        Ok(pipe.end().await?.written())
    }
}

/// An object being written. Dropping it gives up: nothing becomes visible.
#[async_trait]
pub trait BlobWriter: Send {
    /// Takes the next bytes. Returns once there is room for more. After an error the writer is of no further use.
    async fn write(&mut self, chunk: Bytes) -> Result<(), BlobError>;

    /// Makes the object visible and durable.
    async fn finish(self: Box<Self>) -> Result<WrittenBlob, BlobError>;
}

impl fmt::Debug for dyn BlobWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlobWriter")
    }
}

/// What an object turned out to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WrittenBlob {
    /// Its size in bytes.
    pub size: u64,
    /// The hash of its bytes. An object that is just written has none if it is not named by one, as a xorb is not: the
    /// hash would cost more than the writing.
    pub sha256: Option<Sha256>,
}

/// An object as a listing shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Its name.
    pub key: ObjectKey,
    /// Its size in bytes.
    pub size: u64,
    /// When it was written.
    pub modified: Timestamp,
}

/// What a download link shall do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkOptions {
    /// How long the link is good for.
    pub ttl: Duration,
    /// The `Content-Type` of the answer, if not the store's own.
    pub content_type: Option<String>,
    /// The `Content-Disposition` of the answer, complete.
    pub content_disposition: Option<String>,
}
