//! Counting the terms of groups among documents.

use roaring::RoaringBitmap;

use super::Shelf;
use super::docs::Docs;
use crate::entry::Group;
use crate::query::{Facet, Span};
use crate::stop::Stop;

/// To compare a term's bitmap costs as much as to look at the terms of so many documents.
const COMPARED: u64 = 32;
/// Whether the question is still wanted is asked once in so many documents.
const LOOKED: usize = 1024;

impl Shelf {
    /// The terms of each group that documents have, and how many have each; most first, then by name.
    pub(super) fn facets(&self, groups: &[Group], docs: &RoaringBitmap, most: usize, stop: &Stop) -> Vec<Facet> {
        let size = |group: &Group| self.terms.of(*group).len();
        let mut counts: Vec<Option<Vec<u64>>> = groups
            .iter()
            .map(|group| (docs.len() < size(group) as u64 * COMPARED).then(|| vec![0; size(group)]))
            .collect();
        self.count_each(groups, docs, &mut counts, stop);
        let facet = |(group, counts): (&Group, Option<Vec<u64>>)| {
            let counts = counts.unwrap_or_else(|| self.compare(*group, docs, stop));
            Facet { group: *group, counts: self.most(*group, &counts, most) }
        };
        groups.iter().zip(counts).map(facet).collect()
    }

    /// Counts those groups for which there is room, by looking at the terms of each document once.
    fn count_each(&self, groups: &[Group], docs: &RoaringBitmap, counts: &mut [Option<Vec<u64>>], stop: &Stop) {
        if counts.iter().all(Option::is_none) {
            return;
        }
        let mut place_of = [None; Group::ALL.len()];
        for (place, group) in groups.iter().enumerate().filter(|(place, _)| counts[*place].is_some()) {
            place_of[*group as usize] = Some(place);
        }
        let lowest = place_of.iter().position(Option::is_some).unwrap_or_default();
        for (looked, doc) in docs.iter().enumerate() {
            if looked % LOOKED == 0 && stop.is_set() {
                return;
            }
            // Highest groups first, and the many tags, which are seldom asked for, last.
            for term in self.terms_of.get(doc).iter().take_while(|term| term.group() >= lowest) {
                if let Some(counts) = place_of[term.group()].and_then(|facet| counts[facet].as_mut()) {
                    counts[term.place()] += 1;
                }
            }
        }
        // A group that was asked for twice was counted under its last place.
        for (first, group) in groups.iter().enumerate() {
            if let Some(last) = place_of[*group as usize].filter(|last| *last != first) {
                counts[first] = counts[last].clone();
            }
        }
    }

    /// How many documents lie in each band, in one pass over their numbers.
    pub(super) fn count_bands(&self, bands: &[Span], docs: &RoaringBitmap, stop: &Stop) -> Vec<u64> {
        let mut counts = vec![0; bands.len()];
        if bands.is_empty() {
            return counts;
        }
        for (looked, doc) in docs.iter().enumerate() {
            if looked % LOOKED == 0 && stop.is_set() {
                break;
            }
            for (band, count) in bands.iter().zip(&mut counts) {
                *count += u64::from(band.holds(self.numbers[band.number as usize][doc as usize]));
            }
        }
        counts
    }

    fn compare(&self, group: Group, docs: &RoaringBitmap, stop: &Stop) -> Vec<u64> {
        let all = docs.len() == self.live.len();
        let count = |own: &Docs| if all { own.len() } else { own.count_in(docs) };
        self.terms.of(group).docs().iter().take_while(|_| !stop.is_set()).map(count).collect()
    }

    fn most(&self, group: Group, counts: &[u64], most: usize) -> Vec<(Box<str>, u64)> {
        let terms = self.terms.of(group);
        let mut found: Vec<(u64, usize)> =
            counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(place, count)| (*count, place)).collect();
        let order = |(count_a, a): &(u64, usize), (count_b, b): &(u64, usize)| {
            count_b.cmp(count_a).then_with(|| terms.value(*a).cmp(terms.value(*b)))
        };
        if found.len() > most && most > 0 {
            found.select_nth_unstable_by(most, order);
        }
        found.truncate(most);
        found.sort_unstable_by(order);
        found.into_iter().map(|(count, place)| (terms.value(place).into(), count)).collect()
    }
}
