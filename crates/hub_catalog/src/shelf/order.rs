//! Documents in the order of a number, as a list of short sorted runs.
//!
//! A document is added or removed at the cost of one binary search and one short move of memory, so that a change costs
//! about the same among thousands and among millions. The numbers themselves lie in columns outside and are handed in
//! as `place`; they must be those that were current when the document was added.

use crate::query::Place;

/// When a run is cut in two. Moving this many numbers costs less than a cache miss elsewhere.
const RUN_MAX: usize = 512;

/// Documents in ascending order of their places.
#[derive(Default)]
pub(super) struct Order {
    runs: Vec<Vec<u32>>,
}

impl Order {
    /// Takes documents that are sorted already.
    pub(super) fn of_sorted(docs: impl Iterator<Item = u32>) -> Self {
        let mut runs: Vec<Vec<u32>> = Vec::new();
        for doc in docs {
            match runs.last_mut() {
                Some(run) if run.len() < RUN_MAX / 2 => run.push(doc),
                _ => {
                    // Exactly as much room as the run takes: there are thousands of them.
                    let mut run = Vec::with_capacity(RUN_MAX / 2);
                    run.push(doc);
                    runs.push(run);
                }
            }
        }
        Self { runs }
    }

    pub(super) fn insert(&mut self, doc: u32, place: impl Fn(u32) -> Place) {
        let wanted = place(doc);
        let Some(run) = self.run_of(wanted, &place) else {
            self.runs.push(vec![doc]);
            return;
        };
        let docs = &mut self.runs[run];
        let at = docs.partition_point(|other| place(*other) < wanted);
        docs.insert(at, doc);
        if docs.len() > RUN_MAX {
            let tail = docs.split_off(RUN_MAX / 2);
            self.runs.insert(run + 1, tail);
        }
    }

    pub(super) fn remove(&mut self, doc: u32, place: impl Fn(u32) -> Place) {
        let wanted = place(doc);
        let Some(run) = self.run_of(wanted, &place) else { return };
        let docs = &mut self.runs[run];
        let at = docs.partition_point(|other| place(*other) < wanted);
        if docs.get(at) == Some(&doc) {
            docs.remove(at);
            if docs.is_empty() {
                self.runs.remove(run);
            }
        }
    }

    /// The run in which a place lies or would lie.
    fn run_of(&self, wanted: Place, place: impl Fn(u32) -> Place) -> Option<usize> {
        let after = self.runs.partition_point(|docs| docs.first().is_some_and(|first| place(*first) <= wanted));
        if self.runs.is_empty() { None } else { Some(after.saturating_sub(1)) }
    }

    /// The documents above a place, ascending; all without one.
    pub(super) fn ascending(&self, after: Option<Place>, place: impl Fn(u32) -> Place) -> impl Iterator<Item = u32> {
        let (run, at) = after.map_or((0, 0), |after| self.position(after, true, &place));
        let rest = self.runs.get(run).map_or(&[][..], |docs| &docs[at..]);
        let others = self.runs.get(run + 1..).unwrap_or_default();
        rest.iter().copied().chain(others.iter().flatten().copied())
    }

    /// The documents below a place, descending; all without one.
    pub(super) fn descending(&self, after: Option<Place>, place: impl Fn(u32) -> Place) -> impl Iterator<Item = u32> {
        let (run, at) = after.map_or((self.runs.len(), 0), |after| self.position(after, false, &place));
        let rest = self.runs.get(run).map_or(&[][..], |docs| &docs[..at]);
        let others = &self.runs[..run.min(self.runs.len())];
        rest.iter().rev().copied().chain(others.iter().rev().flat_map(|docs| docs.iter().rev().copied()))
    }

    /// Run and index of the first document above `wanted`, or not below it.
    fn position(&self, wanted: Place, above: bool, place: impl Fn(u32) -> Place) -> (usize, usize) {
        let before = |doc: u32| if above { place(doc) <= wanted } else { place(doc) < wanted };
        let run = self.runs.partition_point(|docs| docs.first().is_some_and(|first| before(*first))).saturating_sub(1);
        let at = self.runs.get(run).map_or(0, |docs| docs.partition_point(|doc| before(*doc)));
        (run, at)
    }
}
