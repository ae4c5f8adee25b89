//! Which documents have a number within bounds.
//!
//! Numbers are kept in bins, eight to each doubling. Bins that lie within the bounds count whole; of those at the two
//! ends each document is looked at.

use std::borrow::Cow;
use std::collections::BTreeMap;

use roaring::{MultiOps, RoaringBitmap};

use super::gather::append;
use crate::entry::MISSING;

/// The documents by bins of one number.
#[derive(Default)]
pub(super) struct Ranges {
    bins: BTreeMap<u16, RoaringBitmap>,
}

/// The bin of a number: the position of its highest bit, and the three bits below that.
pub(super) fn bin(number: i64) -> u16 {
    let number = number.max(0) as u64;
    let Some(highest) = number.checked_ilog2() else { return 0 };
    let below = if highest >= 3 { (number >> (highest - 3)) & 7 } else { (number << (3 - highest)) & 7 };
    (highest as u16 + 1) * 8 + below as u16
}

/// How many bins there are at most.
pub(super) const BINS: usize = 65 * 8;

impl Ranges {
    pub(super) fn insert(&mut self, doc: u32, number: i64) {
        if number != MISSING {
            self.bins.entry(bin(number)).or_default().insert(doc);
        }
    }

    /// Adds documents that come after all others to a bin.
    pub(super) fn append(&mut self, bin: u16, docs: &[u32]) {
        append(self.bins.entry(bin).or_default(), docs);
    }

    pub(super) fn remove(&mut self, doc: u32, number: i64) {
        if let Some(docs) = self.bins.get_mut(&bin(number)) {
            docs.remove(doc);
        }
    }

    /// The documents whose number, which `number` knows, is at least `min` and at most `max`.
    pub(super) fn between(&self, min: i64, max: i64, number: impl Fn(u32) -> i64) -> RoaringBitmap {
        let (min, max) = (min.max(0), max);
        if min > max {
            return RoaringBitmap::new();
        }
        let (first, last) = (bin(min), bin(max));
        let mut parts = Vec::new();
        for (at, docs) in self.bins.range(first..=last) {
            parts.push(if *at == first || *at == last {
                let fits = docs.iter().filter(|doc| (min..=max).contains(&number(*doc)));
                Cow::Owned(RoaringBitmap::from_sorted_iter(fits).unwrap_or_default())
            } else {
                Cow::Borrowed(docs)
            });
        }
        parts.iter().map(|docs| &**docs).union()
    }
}
