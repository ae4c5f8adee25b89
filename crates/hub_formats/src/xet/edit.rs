//! What a client must know of a file to change parts of it without having the rest: the windows that it has to cut anew, and
//! for all between them a few nodes of the tree, from which it computes the hash of the changed file.
//!
//! ```text
//! bytes to be changed ──▶ windows     whole chunks, and behind them on to where cuts are the same whatever came before
//! chunks between      ──▶ PartialTree
//! terms between       ──▶ their range hashes, which the shard of the changed file needs
//! ```
//! Cuts depend on what was cut before, until two chunks follow each other that were cut by content alone and far enough from
//! the smallest and the largest size: behind those a client that has changed something cuts as before.

use std::collections::VecDeque;
use std::ops::{Range, RangeInclusive};

use hub_core::XetHash;
use serde::Serialize;

use super::{CHUNK_MAX_BYTES, CHUNK_MIN_BYTES, PartialTree, Stretch};

/// Where a file is to be changed: in order, apart from each other, within the file, and not nowhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dirty(VecDeque<Range<u64>>);

impl Dirty {
    /// Sorts ranges, cuts them at the end of the file, and joins those that meet; `None` if nothing is left.
    pub fn new(ranges: impl IntoIterator<Item = RangeInclusive<u64>>, size_bytes: u64) -> Option<Self> {
        let within = |range: RangeInclusive<u64>| *range.start()..range.end().saturating_add(1).min(size_bytes);
        let mut ranges: Vec<Range<u64>> =
            ranges.into_iter().map(within).filter(|range| range.start < range.end).collect();
        ranges.sort_unstable_by_key(|range| range.start);
        let mut joined: VecDeque<Range<u64>> = VecDeque::new();
        for range in ranges {
            match joined.back_mut() {
                Some(before) if range.start <= before.end => before.end = before.end.max(range.end),
                _ => joined.push_back(range),
            }
        }
        (!joined.is_empty()).then_some(Self(joined))
    }
}

/// Finds the windows while the chunks of a file come by, in order.
#[derive(Debug)]
pub struct EditPlanner {
    dirty: VecDeque<Range<u64>>,
    /// Where the next chunk begins.
    at: u64,
    chunks: u64,
    windows: Vec<Range<u64>>,
    gaps: Vec<Option<PartialTree>>,
    state: State,
    /// Where each term ends, with its range hash.
    terms: Vec<(u64, XetHash)>,
}

#[derive(Debug)]
enum State {
    /// Between windows: the chunks since the last one.
    Gap(Vec<(XetHash, u64)>),
    /// Within the last window: whether the chunk before is behind all changes, and cut by content alone.
    Window { is_settling: bool },
}

impl EditPlanner {
    /// Begins with nothing seen.
    pub fn new(Dirty(dirty): Dirty) -> Self {
        let state = State::Gap(Vec::new());
        Self { dirty, at: 0, chunks: 0, windows: Vec::new(), gaps: Vec::new(), state, terms: Vec::new() }
    }

    /// How many chunks were seen.
    pub fn chunks(&self) -> u64 {
        self.chunks
    }

    /// Takes the next chunk.
    pub fn push(&mut self, chunk: XetHash, size_bytes: u64) {
        let (start, end) = (self.at, self.at + size_bytes);
        self.at = end;
        self.chunks += 1;
        let is_dirty = self.dirty.front().is_some_and(|range| range.start < end);
        match &mut self.state {
            State::Gap(gap) if !is_dirty => gap.push((chunk, size_bytes)),
            State::Gap(gap) => {
                let stretch = Stretch { at_start: self.windows.is_empty(), at_end: false };
                self.gaps.push(PartialTree::new(std::mem::take(gap), stretch));
                self.windows.push(start..end);
                self.state = State::Window { is_settling: false };
            }
            State::Window { is_settling } => {
                if let Some(window) = self.windows.last_mut() {
                    window.end = end;
                }
                let is_natural =
                    (2 * CHUNK_MIN_BYTES..CHUNK_MAX_BYTES - CHUNK_MIN_BYTES).contains(&(size_bytes as usize));
                if !is_dirty && is_natural && *is_settling {
                    self.state = State::Gap(Vec::new());
                } else {
                    *is_settling = !is_dirty && is_natural;
                }
            }
        }
        while self.dirty.front().is_some_and(|range| range.end <= end) {
            self.dirty.pop_front();
        }
    }

    /// Takes the range hash of the term whose last chunk was the last one.
    pub fn end_term(&mut self, range_hash: XetHash) {
        self.terms.push((self.at, range_hash));
    }

    /// Ends the file.
    pub fn finish(self) -> EditView {
        let Self { at, chunks, windows, mut gaps, state, terms, .. } = self;
        let rest = match state {
            State::Gap(gap) => gap,
            State::Window { .. } => Vec::new(),
        };
        gaps.push(PartialTree::new(rest, Stretch { at_start: windows.is_empty(), at_end: true }));
        let mut untouched = Vec::new();
        let (mut start, mut next) = (0, windows.iter().peekable());
        for (end, range_hash) in terms {
            while next.next_if(|window| window.end <= start).is_some() {}
            if next.peek().is_none_or(|window| window.start >= end) {
                untouched.push(range_hash);
            }
            start = end;
        }
        EditView {
            total_chunks: chunks,
            file_size: at,
            windows: windows
                .into_iter()
                .map(|window| WindowView { dirty_byte_range: (window.start, window.end) })
                .collect(),
            hash_ranges: gaps,
            gap_verification: untouched,
        }
    }
}

/// The answer of `GET /v2/file-chunk-hashes/{file}`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EditView {
    total_chunks: u64,
    file_size: u64,
    windows: Vec<WindowView>,
    /// Before the first window, between each two, after the last one.
    hash_ranges: Vec<Option<PartialTree>>,
    /// The range hashes of the terms that no window touches.
    gap_verification: Vec<XetHash>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WindowView {
    /// The first byte and the one after the last.
    dirty_byte_range: (u64, u64),
}

#[cfg(test)]
mod tests;
