//! Which chunks of a file that is being ingested are stored already, and where.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use hub_core::XetHash;
use hub_formats::xet::shard::Term;
use hub_formats::xet::xorb::{ChunkRange, XorbTable};

/// A xorb that terms of the file refer to: one that is stored, or one that is being filled and has no hash yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Slot(usize);

/// Where a chunk is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    slot: Slot,
    index: u32,
}

/// A term whose xorb may not have a hash yet.
#[derive(Debug)]
struct OpenTerm {
    slot: Slot,
    start: u32,
    end: u32,
    raw_bytes: u64,
}

/// The most chunks that are remembered: 16 GiB of content, in some tens of megabytes.
const MAX_CHUNKS: usize = 1 << 18;
/// A file is not cut into pieces that are shorter on average, in chunks: each piece costs its readers a request.
const MIN_AVERAGE_RUN: u64 = 8;
/// So many pieces may be shorter, so that small files can share, too.
const FREE_TERMS: u64 = 16;

/// The terms of a file so far, and where known chunks are.
#[derive(Debug, Default)]
pub(crate) struct Matches {
    slots: Vec<Option<XetHash>>,
    by_hash: HashMap<XetHash, Slot>,
    places: HashMap<XetHash, Place>,
    /// The remembered chunks, oldest first.
    order: VecDeque<XetHash>,
    terms: Vec<OpenTerm>,
    chunks: u64,
}

impl Matches {
    /// A slot for a xorb that is being filled.
    pub(crate) fn open_slot(&mut self) -> Slot {
        self.slots.push(None);
        Slot(self.slots.len() - 1)
    }

    /// States which xorb a slot turned out to be.
    pub(crate) fn close_slot(&mut self, slot: Slot, xorb: XetHash) {
        self.slots[slot.0] = Some(xorb);
        self.by_hash.insert(xorb, slot);
    }

    /// Remembers the chunks of a stored xorb.
    pub(crate) fn learn(&mut self, table: &Arc<XorbTable>) {
        if self.by_hash.contains_key(&table.hash()) {
            return;
        }
        let slot = self.open_slot();
        self.close_slot(slot, table.hash());
        for (index, chunk) in (0..).zip(table.chunks()) {
            self.remember(*chunk, Place { slot, index });
        }
    }

    /// Whether it is known where a chunk is.
    pub(crate) fn knows(&self, chunk: &XetHash) -> bool {
        self.places.contains_key(chunk)
    }

    /// How many of the next chunks of the file follow each other in a xorb, and where the first one is. `None` if the first
    /// is not known, or if to share so few would cut the file into too many pieces.
    pub(crate) fn run<'a>(&self, mut chunks: impl Iterator<Item = &'a XetHash>) -> Option<(Place, u32)> {
        let first = *self.places.get(chunks.next()?)?;
        let mut length = 1;
        for chunk in chunks {
            let next = Place { index: first.index + length, ..first };
            if self.places.get(chunk) != Some(&next) {
                break;
            }
            length += 1;
        }
        let continues = self.terms.last().is_some_and(|term| term.slot == first.slot && term.end == first.index);
        let terms = self.terms.len() as u64 + 1;
        let is_worth_it = terms <= FREE_TERMS || self.chunks + u64::from(length) >= MIN_AVERAGE_RUN * terms;
        (continues || is_worth_it).then_some((first, length))
    }

    /// Adds chunks of the file that are stored there, in order.
    pub(crate) fn share(&mut self, place: Place, count: u32, raw_bytes: u64) {
        self.add(place, count, raw_bytes);
    }

    /// Adds a chunk of the file that was packed into the xorb of a slot.
    pub(crate) fn packed(&mut self, chunk: XetHash, slot: Slot, index: u32, raw_bytes: u64) {
        let place = Place { slot, index };
        self.add(place, 1, raw_bytes);
        if !self.knows(&chunk) {
            self.remember(chunk, place);
        }
    }

    /// The terms of the file; `None` if a slot was never closed.
    pub(crate) fn finish(self) -> Option<Vec<Term>> {
        let Self { slots, terms, .. } = self;
        let term = |OpenTerm { slot, start, end, raw_bytes }: OpenTerm| {
            Some(Term {
                xorb: slots[slot.0]?,
                chunks: ChunkRange::new(start, end)?,
                raw_bytes: u32::try_from(raw_bytes).ok()?,
            })
        };
        terms.into_iter().map(term).collect()
    }

    fn add(&mut self, Place { slot, index }: Place, count: u32, raw_bytes: u64) {
        self.chunks += u64::from(count);
        match self.terms.last_mut() {
            Some(last) if last.slot == slot && last.end == index => {
                last.end += count;
                last.raw_bytes += raw_bytes;
            }
            _ => self.terms.push(OpenTerm { slot, start: index, end: index + count, raw_bytes }),
        }
    }

    fn remember(&mut self, chunk: XetHash, place: Place) {
        if self.places.insert(chunk, place).is_none() {
            self.order.push_back(chunk);
        }
        while self.places.len() > MAX_CHUNKS {
            let Some(oldest) = self.order.pop_front() else { break };
            self.places.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests;
