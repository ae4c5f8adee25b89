//! Recipes: how a client that speaks Xet puts a range of a file together, with a link for each range of a xorb.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use hub_core::XetHash;
use hub_formats::xet::reconstruction::{Fetch, Plan, RangeError, Selection, WHOLE};
use hub_formats::xet::shard::Term;

use crate::link::{FetchTicket, Link};
use crate::store::files;
use crate::tables::KnownXorb;
use crate::{Cas, CasError};

/// How a range of a file is put together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reconstruction {
    /// The terms, and where in the first one the wanted bytes begin.
    pub plan: Plan,
    /// What is fetched and where from: one range each, in the order of [`Plan::fetches`].
    pub fetches: Vec<PlannedFetch>,
}

/// A range of a xorb with its link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlannedFetch {
    /// The range: always exactly one.
    pub fetch: Fetch,
    /// Who serves it.
    pub link: Link,
}

/// The most segments, and so 262,144 terms, that one answer is made of.
const MAX_SEGMENTS: i64 = 256;
/// The most xorbs that one answer names: 256 GiB of a file that is not in pieces. Clients ask for 8 GB at a time.
const MAX_XORBS: usize = 4096;
/// Links that are signed before other tasks have their turn.
const SIGNED_AT_ONCE: usize = 16;

impl Cas {
    /// Says how a range of a file is put together; [`WHOLE`] is all of it. The same
    /// question has the same answer, except for the links. Says nothing of who may read the file.
    ///
    /// # Errors
    /// [`CasError::FileNotFound`], [`CasError::Range`], and [`CasError::TooLarge`] if the answer would be beyond all bounds.
    pub async fn plan(&self, file: &XetHash, range: RangeInclusive<u64>) -> Result<Reconstruction, CasError> {
        let row = files::get(self.db(), file).await?.ok_or(CasError::FileNotFound(*file))?;
        let (first, last) = range.into_inner();
        if last < first {
            return Err(RangeError::Inverted.into());
        }
        if first >= row.size && first > 0 {
            return Err(RangeError::PastEnd { size_bytes: row.size }.into());
        }
        let too_large =
            || CasError::TooLarge(format!("file {file} is made of too many pieces for one answer: ask for a range"));
        let segments = files::segments_of(self.db(), file, first, last.saturating_add(1), MAX_SEGMENTS + 1).await?;
        if segments.len() as i64 > MAX_SEGMENTS {
            return Err(too_large());
        }
        let before = segments.first().map_or(0, |segment| segment.start);
        let terms: Vec<Term> = segments.into_iter().flat_map(|segment| segment.terms).collect();
        self.plan_terms(terms, first - before..=last - before, too_large).await
    }

    /// Says how several files are put together, as one plan: its terms are those of the files, one file after the other, and
    /// the answer also tells how many each of them has.
    ///
    /// # Errors
    /// [`CasError::FileNotFound`] if any of them is missing, and [`CasError::TooLarge`].
    pub async fn plan_files(&self, files: &[XetHash]) -> Result<(Vec<usize>, Reconstruction), CasError> {
        let too_large =
            || CasError::TooLarge("the files are made of too many pieces for one answer: ask for fewer".into());
        let (mut all, mut counts) = (Vec::new(), Vec::new());
        let mut left = MAX_SEGMENTS;
        for file in files {
            let row = files::get(self.db(), file).await?.ok_or(CasError::FileNotFound(*file))?;
            let segments = files::segments_of(self.db(), file, 0, row.size, left + 1).await?;
            left = left.checked_sub(segments.len() as i64).filter(|left| *left >= 0).ok_or_else(too_large)?;
            let before = all.len();
            all.extend(segments.into_iter().flat_map(|segment| segment.terms));
            counts.push(all.len() - before);
        }
        Ok((counts, self.plan_terms(all, WHOLE, too_large).await?))
    }

    async fn plan_terms(
        &self,
        terms: Vec<Term>,
        range: RangeInclusive<u64>,
        too_large: impl Fn() -> CasError,
    ) -> Result<Reconstruction, CasError> {
        let xorbs = Selection::new(&terms, range.clone())?.xorbs();
        if xorbs.len() > MAX_XORBS {
            return Err(too_large());
        }
        let known = self.known_xorbs(&xorbs).await?;
        let planned = self.pool().run(move || {
            let selection = Selection::new(&terms, range)?;
            let plan = selection.plan(|xorb| known.get(xorb).map(|known| known.table.bounds()));
            let plan = plan.map_err(|error| CasError::Damaged(error.to_string()))?;
            Ok::<_, CasError>((plan, known))
        });
        let (plan, known) = planned.await??;
        let fetches = self.linked(&plan, &known).await?;
        Ok(Reconstruction { plan, fetches })
    }

    async fn linked(&self, plan: &Plan, known: &HashMap<XetHash, KnownXorb>) -> Result<Vec<PlannedFetch>, CasError> {
        let ttl = self.config().link_ttl();
        let expires_secs = self.now().seconds().saturating_add(ttl.as_secs() as i64);
        let mut signer = None;
        let mut fetches = Vec::new();
        for (number, fetch) in plan.fetches_of(1).enumerate() {
            if number % SIGNED_AT_ONCE == SIGNED_AT_ONCE - 1 {
                tokio::task::yield_now().await;
            }
            let lost = || CasError::Damaged(format!("a plan names xorb {}, which it was not given", fetch.xorb));
            let (xorb, range) = known.get(&fetch.xorb).zip(fetch.ranges.first()).ok_or_else(lost)?;
            let bytes = range.bytes.0.clone();
            let link = match self.blobs().range_link(&xorb.row.key(), bytes.clone(), ttl).await? {
                Some(link) => Link::Direct(link),
                None => {
                    if signer.is_none() {
                        signer = Some(self.signer().await?);
                    }
                    let ticket = FetchTicket::new(fetch.xorb, xorb.row.generation.clone(), bytes, expires_secs);
                    Link::Ticket(signer.as_ref().expect("made just above").seal(&ticket))
                }
            };
            fetches.push(PlannedFetch { fetch, link });
        }
        Ok(fetches)
    }
}
