//! Cuts what is to be read into windows: consecutive chunks of one xorb, not too many of them at once.
//!
//! Terms that continue one another become one run, so that a thousand small files of one xorb are one sequential read.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use hub_core::XetHash;
use hub_formats::xet::shard::Term;
use hub_formats::xet::xorb::{Bounds, ChunkRange};

use crate::store::files;
use crate::tables::KnownXorb;
use crate::{Cas, CasError};

/// How many terms are looked up at once: enough for one round trip in a thousand, few enough not to read footers in vain.
const LOOKED_UP: usize = 16;

/// Chunks to be fetched and decoded together.
#[derive(Debug)]
pub(crate) struct Window {
    pub(crate) xorb: KnownXorb,
    pub(crate) chunks: ChunkRange,
    /// Which bytes of their content are wanted.
    pub(crate) wanted: Range<usize>,
}

/// Where terms come from.
#[derive(Debug)]
enum Source {
    /// Rows of a file, from this byte on and before that one.
    File { hash: XetHash, next: u64, end: u64 },
    /// The caller gave all of them.
    Given,
}

/// A cursor over what is to be read.
#[derive(Debug)]
pub(crate) struct Windows {
    cas: Cas,
    source: Source,
    terms: VecDeque<Term>,
    known: HashMap<XetHash, KnownXorb>,
    /// The rest of a run.
    run: Option<(KnownXorb, ChunkRange)>,
    /// How many bytes come before the wanted ones.
    skip: u64,
    /// How many bytes are still wanted.
    left: u64,
}

impl Windows {
    /// Windows over a range that lies within a file.
    pub(crate) fn of_file(cas: Cas, hash: XetHash, range: Range<u64>) -> Self {
        let source = Source::File { hash, next: range.start, end: range.end };
        Self::new(cas, source, VecDeque::new(), range.end - range.start)
    }

    /// Windows over the content of these terms.
    pub(crate) fn of_terms(cas: Cas, terms: VecDeque<Term>) -> Self {
        let left = terms.iter().map(|term| u64::from(term.raw_bytes)).sum();
        Self::new(cas, Source::Given, terms, left)
    }

    fn new(cas: Cas, source: Source, terms: VecDeque<Term>, left: u64) -> Self {
        Self { cas, source, terms, known: HashMap::new(), run: None, skip: 0, left }
    }

    /// The next window, of about `raw_bytes` and at most one chunk more; `None` at the end.
    pub(crate) async fn next(&mut self, raw_bytes: u64) -> Result<Option<Window>, CasError> {
        if self.left == 0 {
            return Ok(None);
        }
        let (xorb, mut chunks) = self.next_run().await?;
        let bounds = xorb.table.bounds();
        let unfit = || CasError::Damaged(format!("xorb {} lacks chunks that a file takes from it", xorb.row.hash));
        let skipped = chunks_within(bounds, chunks, self.skip);
        if skipped > 0 {
            let gone = ChunkRange::new(chunks.start(), chunks.start() + skipped).ok_or_else(unfit)?;
            self.skip -= bounds.raw_bytes(gone).ok_or_else(unfit)?;
            chunks = ChunkRange::new(gone.end(), chunks.end()).ok_or_else(unfit)?;
        }
        let wanted_bytes = self.skip + raw_bytes.min(self.left);
        // One chunk more than lies within, because the last byte that is wanted lies in it.
        let count = (chunks_within(bounds, chunks, wanted_bytes - 1) + 1).min(chunks.count());
        let taken = ChunkRange::new(chunks.start(), chunks.start() + count).ok_or_else(unfit)?;
        let raw = bounds.raw_bytes(taken).ok_or_else(unfit)?;
        let wanted = self.skip as usize..raw.min(self.skip + self.left) as usize;
        self.left -= wanted.len() as u64;
        self.skip = 0;
        self.run = ChunkRange::new(taken.end(), chunks.end()).map(|rest| (xorb.clone(), rest));
        Ok(Some(Window { xorb, chunks: taken, wanted }))
    }

    /// The run that has the next wanted byte.
    async fn next_run(&mut self) -> Result<(KnownXorb, ChunkRange), CasError> {
        if let Some(run) = self.run.take() {
            return Ok(run);
        }
        let ended = || CasError::Damaged("a file has fewer terms than its size says".to_owned());
        let mut first = self.next_term().await?.ok_or_else(ended)?;
        // Terms before the wanted bytes need not be looked up.
        while u64::from(first.raw_bytes) <= self.skip {
            self.skip -= u64::from(first.raw_bytes);
            first = self.next_term().await?.ok_or_else(ended)?;
        }
        let xorb = self.known(&first).await?;
        let mut chunks = first.chunks;
        while let Some(next) = self.terms.front()
            && next.xorb == first.xorb
            && next.chunks.start() == chunks.end()
            && let Some(longer) = ChunkRange::new(chunks.start(), next.chunks.end())
        {
            chunks = longer;
            self.terms.pop_front();
        }
        let raw = xorb.table.bounds().raw_bytes(first.chunks);
        if raw != Some(first.raw_bytes.into()) {
            return Err(CasError::Damaged(format!("xorb {} is not what a file takes from it", first.xorb)));
        }
        Ok((xorb, chunks))
    }

    async fn next_term(&mut self) -> Result<Option<Term>, CasError> {
        if self.terms.is_empty()
            && let Source::File { hash, next, end } = &mut self.source
            && let Some(segment) = files::segments_of(self.cas.db(), hash, *next, *end, 1).await?.pop()
        {
            // Only the first segment begins before what is wanted.
            self.skip += next.saturating_sub(segment.start);
            *next = segment.start + segment.size;
            self.terms = segment.terms.into();
        }
        Ok(self.terms.pop_front())
    }

    /// The xorb of a term; those of the next terms are looked up with it.
    async fn known(&mut self, term: &Term) -> Result<KnownXorb, CasError> {
        if !self.known.contains_key(&term.xorb) {
            let mut wanted = vec![term.xorb];
            let mut left = (self.skip + self.left).saturating_sub(u64::from(term.raw_bytes));
            for next in self.terms.iter().take(LOOKED_UP) {
                if left == 0 {
                    break;
                }
                left = left.saturating_sub(u64::from(next.raw_bytes));
                wanted.push(next.xorb);
            }
            self.known = self.cas.known_xorbs(&wanted).await?;
        }
        let lost = || CasError::Damaged(format!("xorb {}, which a file refers to, has no row", term.xorb));
        self.known.get(&term.xorb).cloned().ok_or_else(lost)
    }
}

/// How many of the chunks lie, from the first on, whole within so many bytes of content.
fn chunks_within(bounds: &Bounds, chunks: ChunkRange, bytes: u64) -> u32 {
    let (mut low, mut high) = (0, chunks.count());
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        let size = ChunkRange::new(chunks.start(), chunks.start() + middle).and_then(|range| bounds.raw_bytes(range));
        if size.is_some_and(|size| size <= bytes) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}
