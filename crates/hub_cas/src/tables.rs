//! The tables of stored xorbs, read from their footers and kept for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::{StreamExt, TryStreamExt, stream};
use hub_blob::CopyId;
use hub_core::XetHash;
use hub_formats::xet::xorb::XorbTable;

use crate::store::xorbs::{self, XorbRow};
use crate::{Cas, CasError};

/// How many chunks the kept tables have in all: at 40 bytes each this is 40 MB, or about 1,000 full xorbs.
const CACHED_CHUNKS: usize = 1_000_000;
/// How many footers are read at the same time.
const READS: usize = 8;

/// Tables by xorb. Of two generations of a xorb only the one that was asked for last is kept.
#[derive(Default, Debug)]
pub(crate) struct TableCache(Mutex<Kept>);

#[derive(Default, Debug)]
struct Kept {
    tables: HashMap<XetHash, Entry>,
    chunks: usize,
    clock: u64,
}

#[derive(Debug)]
struct Entry {
    generation: CopyId,
    table: Arc<XorbTable>,
    used: u64,
}

impl TableCache {
    fn get(&self, row: &XorbRow) -> Option<Arc<XorbTable>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clock += 1;
        let now = kept.clock;
        let entry = kept.tables.get_mut(&row.hash).filter(|entry| entry.generation == row.generation)?;
        entry.used = now;
        Some(Arc::clone(&entry.table))
    }

    pub(crate) fn put(&self, generation: &CopyId, table: Arc<XorbTable>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clock += 1;
        let (used, hash) = (kept.clock, table.hash());
        kept.chunks += table.chunks().len();
        if let Some(before) = kept.tables.insert(hash, Entry { generation: generation.clone(), table, used }) {
            kept.chunks -= before.table.chunks().len();
        }
        if kept.chunks > CACHED_CHUNKS {
            kept.shrink();
        }
    }

    pub(crate) fn forget(&self, hash: &XetHash) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = kept.tables.remove(hash) {
            kept.chunks -= before.table.chunks().len();
        }
    }
}

impl Kept {
    /// Drops the half that was not used for the longest time, so that most calls need not look for a victim.
    fn shrink(&mut self) {
        let mut uses: Vec<u64> = self.tables.values().map(|entry| entry.used).collect();
        let middle = uses.len() / 2;
        let (_, limit, _) = uses.select_nth_unstable(middle);
        let limit = *limit;
        self.tables.retain(|_, entry| entry.used >= limit);
        self.chunks = self.tables.values().map(|entry| entry.table.chunks().len()).sum();
    }
}

/// A xorb with its row and its table.
#[derive(Clone, Debug)]
pub(crate) struct KnownXorb {
    pub(crate) row: Arc<XorbRow>,
    pub(crate) table: Arc<XorbTable>,
}

impl Cas {
    /// The table of a xorb: from memory, or from the footer of its object.
    pub(crate) async fn table(&self, row: &XorbRow) -> Result<Arc<XorbTable>, CasError> {
        if let Some(table) = self.tables().get(row) {
            return Ok(table);
        }
        let stream = self.blobs().read(&row.key(), row.body_bytes..row.stored_bytes()).await?;
        let footer: Vec<bytes::Bytes> = stream.try_collect().await?;
        let table = XorbTable::parse_footer(&footer.concat())
            .map_err(|error| CasError::Damaged(format!("the footer of {}: {error}", row.key())))?;
        if table.hash() != row.hash || table.bounds().body_bytes() != row.body_bytes {
            return Err(CasError::Damaged(format!("{} has the footer of another xorb", row.key())));
        }
        let table = Arc::new(table);
        self.tables().put(&row.generation, Arc::clone(&table));
        Ok(table)
    }

    /// The xorbs of these hashes, with their tables. What is not here is not in the answer.
    pub(crate) async fn known_xorbs(
        &self,
        hashes: impl IntoIterator<Item = &XetHash>,
    ) -> Result<HashMap<XetHash, KnownXorb>, CasError> {
        let rows = xorbs::get_many(self.db(), hashes).await?;
        stream::iter(rows)
            .map(|row| async move {
                let table = self.table(&row).await?;
                Ok((row.hash, KnownXorb { row: Arc::new(row), table }))
            })
            .buffer_unordered(READS)
            .try_collect()
            .await
    }
}
