//! Counting the terms of a group among documents.

use std::collections::HashMap;

use roaring::RoaringBitmap;

use super::Shelf;
use crate::entry::Group;
use crate::query::Span;

/// To compare a term's bitmap costs as much as to look at the terms of so many documents.
const COMPARED: u64 = 64;

impl Shelf {
    /// The terms of a group that documents have, and how many have each; most first, then by name.
    pub(super) fn count(&self, group: Group, docs: &RoaringBitmap, most: usize) -> Vec<(Box<str>, u64)> {
        let terms = self.in_group.get(&group).map_or(0, Vec::len) as u64;
        let mut counts =
            if docs.len() < terms * COMPARED { self.count_each(group, docs) } else { self.compare(group, docs) };
        counts.sort_unstable_by(|(a, count_a), (b, count_b)| {
            count_b.cmp(count_a).then_with(|| self.terms[*a as usize].value.cmp(&self.terms[*b as usize].value))
        });
        counts.truncate(most);
        counts.into_iter().map(|(term, count)| (self.terms[term as usize].value.clone(), count)).collect()
    }

    /// How many documents lie in each band, in one pass over their numbers.
    pub(super) fn count_bands(&self, bands: &[Span], docs: &RoaringBitmap) -> Vec<u64> {
        let mut counts = vec![0; bands.len()];
        if bands.is_empty() {
            return counts;
        }
        for doc in docs {
            for (band, count) in bands.iter().zip(&mut counts) {
                *count += u64::from(band.holds(self.numbers[band.number as usize][doc as usize]));
            }
        }
        counts
    }

    fn count_each(&self, group: Group, docs: &RoaringBitmap) -> Vec<(u32, u64)> {
        let mut counts: HashMap<u32, u64> = HashMap::new();
        for doc in docs {
            for term in &self.terms_of[doc as usize] {
                if self.terms[*term as usize].group == group {
                    *counts.entry(*term).or_default() += 1;
                }
            }
        }
        counts.into_iter().collect()
    }

    fn compare(&self, group: Group, docs: &RoaringBitmap) -> Vec<(u32, u64)> {
        let all = docs.len() == self.live.len();
        let terms = self.in_group.get(&group).map(Vec::as_slice).unwrap_or_default();
        let count = |term: &u32| {
            let posting = &self.postings[*term as usize];
            (*term, if all { posting.len() } else { posting.intersection_len(docs) })
        };
        terms.iter().map(count).filter(|(_, count)| *count > 0).collect()
    }
}
