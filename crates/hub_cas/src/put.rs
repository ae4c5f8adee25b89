//! Xorbs on their way in: checked chunk by chunk while they are written, visible only when all of it was right.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use hub_blob::{BlobError, BlobStream, BlobWriter, CopyId, ObjectKey};
use hub_core::{Timestamp, XetHash};
use hub_formats::xet::xorb::{ChunkRange, UPLOAD_MAX_BYTES, XorbError, XorbTable};
use hub_formats::xet::{XorbCheck, is_dedup_eligible};

use crate::store::chunks::{self, ChunkPlace};
use crate::store::xorbs::{self, XorbRow};
use crate::{Cas, CasError};

/// What became of an uploaded xorb.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PutXorb {
    /// It is stored now.
    Inserted,
    /// It was here before; the bytes that came were thrown away.
    Present,
}

impl PutXorb {
    /// Whether it is new.
    pub fn is_inserted(self) -> bool {
        self == PutXorb::Inserted
    }
}

/// How much is gathered before it is checked, in bytes and in slices: each may keep a whole network buffer alive.
const BATCH_BYTES: usize = 1 << 20;
const BATCH_SLICES: usize = 256;
/// How long the sender may be silent.
const IDLE: Duration = Duration::from_secs(120);
/// An upload that takes longer is refused. Collection removes bytes without a row when they are older than twice this, so it
/// never meets those of an upload that can still succeed.
pub(crate) const UPLOAD_MAX_MS: i64 = 12 * 3600 * 1000;

impl Cas {
    /// Receives a xorb: up to 64 MiB of records, with or without the footer that old clients append.
    ///
    /// The body is always read to its end, or to the limit of its length: a client that is answered in the middle of its
    /// sending sees a broken connection and not the answer.
    ///
    /// # Errors
    /// [`CasError::Xorb`] if any of it is not valid or it is not the xorb that was named, [`CasError::TooLarge`] beyond
    /// [`UPLOAD_MAX_BYTES`], and the body's own error. Nothing is stored then.
    pub async fn put_xorb(&self, hash: &XetHash, body: BlobStream) -> Result<PutXorb, CasError> {
        let _turn = Arc::clone(self.uploads()).acquire_owned().await.map_err(CasError::stopped)?;
        let begun = self.now();
        let mut body = Body { stream: body, seen: 0 };
        if self.xorb_size(hash).await?.is_some() {
            body.drain().await?;
            return Ok(PutXorb::Present);
        }
        let generation = CopyId::fresh(self.ids());
        let key = ObjectKey::Xorb { hash: *hash, generation: generation.clone() };
        let table = match self.receive(&key, hash, &mut body).await {
            Ok(table) => table,
            Err(error) => {
                // A body that broke off or is too long cannot be drained; the first error is the one to tell.
                let _ = body.drain().await;
                return Err(error);
            }
        };
        self.admit(generation, table, begun).await
    }

    /// The length of a xorb's body, if it is here. Being asked for counts as a mention: who hears that it is here will
    /// refer to it without sending it.
    pub async fn xorb_size(&self, hash: &XetHash) -> Result<Option<u64>, CasError> {
        let Some(row) = xorbs::get(self.db(), hash).await? else { return Ok(None) };
        let mut tx = self.db().begin().await?;
        let found = xorbs::touch(&mut tx, [hash], self.now()).await?;
        tx.commit().await?;
        Ok((found == 1).then_some(row.body_bytes))
    }

    /// Checks and writes a body, and the footer that follows from it.
    async fn receive(&self, key: &ObjectKey, hash: &XetHash, body: &mut Body) -> Result<Arc<XorbTable>, CasError> {
        let mut writer = self.blobs().writer(key).await?;
        let mut check = XorbCheck::new();
        // What was checked and is not yet known to be whole records.
        let mut held = VecDeque::new();
        let mut written = 0;
        while let Some(batch) = body.batch().await? {
            held.extend(batch.iter().cloned());
            let checked = self.pool().run(move || {
                batch.iter().try_for_each(|slice| check.push(slice))?;
                Ok::<_, XorbError>(check)
            });
            check = checked.await??;
            written = write_until(&mut *writer, &mut held, written, check.body_bytes()).await?;
        }
        let expected = *hash;
        let table = self.pool().run(move || check.finish(&expected)).await??;
        writer.write(table.to_footer().into()).await?;
        writer.finish().await?;
        Ok(Arc::new(table))
    }

    /// Makes a written xorb visible, unless it came from elsewhere meanwhile.
    pub(crate) async fn admit(
        &self,
        generation: CopyId,
        table: Arc<XorbTable>,
        begun: Timestamp,
    ) -> Result<PutXorb, CasError> {
        let now = self.now();
        let row = XorbRow::new(&table, generation, now);
        if now > begun.plus_millis(UPLOAD_MAX_MS) {
            self.blobs().delete(&row.key()).await?;
            return Err(CasError::TooSlow);
        }
        let mut tx = self.db().begin().await?;
        let holds = xorbs::insert(&mut tx, &row).await?;
        let is_ours = holds == row.generation;
        if is_ours {
            chunks::insert(&mut tx, &eligible_chunks(&table)).await?;
        }
        tx.commit().await?;
        if is_ours {
            self.tables().put(&row.generation, table);
            return Ok(PutXorb::Inserted);
        }
        // Another upload of the same xorb was first. Its bytes may differ from these, so they must not mix.
        self.blobs().delete(&row.key()).await?;
        Ok(PutXorb::Present)
    }
}

/// The chunks of a xorb that clients ask for.
fn eligible_chunks(table: &XorbTable) -> Vec<ChunkPlace> {
    let xorb = table.hash();
    let places = (0..).zip(table.chunks()).filter(|(_, chunk)| is_dedup_eligible(chunk));
    places.map(|(place, chunk)| ChunkPlace { chunk: *chunk, xorb, place }).collect()
}

/// The place of the first chunk of a file, which clients ask for whatever its hash.
pub(crate) fn first_chunk(table: &XorbTable, chunks: ChunkRange) -> Option<ChunkPlace> {
    let chunk = *table.chunks().get(chunks.start() as usize)?;
    Some(ChunkPlace { chunk, xorb: table.hash(), place: chunks.start() })
}

/// Writes held slices up to the byte `until` of the body.
async fn write_until(
    writer: &mut dyn BlobWriter,
    held: &mut VecDeque<Bytes>,
    mut written: u64,
    until: u64,
) -> Result<u64, CasError> {
    while written < until {
        let Some(mut slice) = held.pop_front() else { break };
        let room = usize::try_from(until - written).unwrap_or(usize::MAX);
        if slice.len() > room {
            held.push_front(slice.split_off(room));
        }
        written += slice.len() as u64;
        writer.write(slice).await?;
    }
    Ok(written)
}

/// A request body of bounded length whose sender must not fall silent.
struct Body {
    stream: BlobStream,
    seen: u64,
}

impl Body {
    async fn next(&mut self) -> Result<Option<Bytes>, CasError> {
        let next = tokio::time::timeout(IDLE, self.stream.next()).await;
        let slice = match next {
            Err(_) => return Err(BlobError::body("the sender fell silent").into()),
            Ok(None) => return Ok(None),
            Ok(Some(slice)) => slice?,
        };
        self.seen += slice.len() as u64;
        if self.seen > UPLOAD_MAX_BYTES {
            return Err(XorbError::TooLong.into());
        }
        Ok(Some(slice))
    }

    async fn batch(&mut self) -> Result<Option<Vec<Bytes>>, CasError> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while bytes < BATCH_BYTES && batch.len() < BATCH_SLICES {
            let Some(slice) = self.next().await? else { break };
            bytes += slice.len();
            batch.push(slice);
        }
        Ok((!batch.is_empty()).then_some(batch))
    }

    async fn drain(&mut self) -> Result<(), CasError> {
        while self.next().await?.is_some() {}
        Ok(())
    }
}
