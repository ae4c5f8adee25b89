//! What a client must know of a file to change parts of it without having the rest.

use std::ops::RangeInclusive;

use hub_core::XetHash;
use hub_formats::xet::edit::{Dirty, EditPlanner, EditView};
use hub_formats::xet::shard::Term;

use crate::store::files;
use crate::{Cas, CasError};

/// The most chunks of a file that is changed so: 64 GiB, for whose hashes 40 MB of memory are held.
const MAX_CHUNKS: u64 = 1_000_000;
/// How many terms are looked at in one turn, and so how many tables are needed at the same time.
const BATCH_TERMS: usize = 16;

impl Cas {
    /// Says what is to be cut anew when these ranges of a file change, and what the rest contributes to its hash. Says
    /// nothing of who may read the file.
    ///
    /// # Errors
    /// [`CasError::FileNotFound`]; [`CasError::NoEdit`] if none of the ranges lies within the file;
    /// [`CasError::TooLarge`] if the file has too many chunks.
    pub async fn plan_edit(
        &self,
        file: &XetHash,
        ranges: impl IntoIterator<Item = RangeInclusive<u64>>,
    ) -> Result<EditView, CasError> {
        let row = files::get(self.db(), file).await?.ok_or(CasError::FileNotFound(*file))?;
        let dirty = Dirty::new(ranges, row.size).ok_or(CasError::NoEdit { size_bytes: row.size })?;
        // As dear in memory as an ingestion.
        let _turn = std::sync::Arc::clone(self.ingests()).acquire_owned().await.map_err(CasError::stopped)?;
        let mut planner = EditPlanner::new(dirty);
        let mut at = 0;
        while at < row.size {
            let segment = files::segments_of(self.db(), file, at, row.size, 1).await?.pop();
            let segment = segment.filter(|segment| segment.start == at && segment.size > 0);
            let segment = segment.ok_or_else(|| CasError::Damaged(format!("terms of file {file} are missing")))?;
            at += segment.size;
            for terms in segment.terms.chunks(BATCH_TERMS) {
                planner = self.show_terms(planner, terms.to_vec()).await?;
                if planner.chunks() > MAX_CHUNKS {
                    let message = "a file of so many chunks cannot be changed in parts: send all of it";
                    return Err(CasError::TooLarge(message.to_owned()));
                }
            }
        }
        self.pool().run(move || planner.finish()).await
    }

    async fn show_terms(&self, mut planner: EditPlanner, terms: Vec<Term>) -> Result<EditPlanner, CasError> {
        let known = self.known_xorbs(terms.iter().map(|term| &term.xorb)).await?;
        let planned = self.pool().run(move || {
            for term in terms {
                let lost = || CasError::Damaged(format!("xorb {} lacks what a file takes from it", term.xorb));
                let table = &known.get(&term.xorb).ok_or_else(lost)?.table;
                for (chunk, size) in table.sized_chunks(term.chunks).ok_or_else(lost)? {
                    planner.push(chunk, size);
                }
                planner.end_term(table.range_hash(term.chunks).ok_or_else(lost)?);
            }
            Ok(planner)
        });
        planned.await?
    }
}
