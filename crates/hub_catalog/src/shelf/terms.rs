//! What repositories can be found by, and which documents have each.

use std::borrow::Cow;

use roaring::RoaringBitmap;

use super::docs::Docs;
use super::gather::Gather;
use super::numbered::Numbered;
use crate::entry::{Group, Term};

/// How many bits of a [`TermId`] number the terms of one group: 134 million.
const PLACE_BITS: u32 = 27;
const GROUPS: usize = Group::ALL.len();

/// The number of a term: its group, and its place within the group. That the group can be seen without looking anything
/// up is what makes counting facets quick.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct TermId(u32);

impl TermId {
    fn new(group: Group, place: u32) -> Self {
        Self((group as u32) << PLACE_BITS | place)
    }

    /// The place of its group in [`Group::ALL`].
    pub(super) fn group(self) -> usize {
        (self.0 >> PLACE_BITS) as usize
    }

    /// Its place among the terms of its group.
    pub(super) fn place(self) -> usize {
        (self.0 & ((1 << PLACE_BITS) - 1)) as usize
    }
}

/// The terms of one group.
#[derive(Default)]
pub(super) struct OfGroup {
    values: Numbered,
    docs: Vec<Docs>,
}

impl OfGroup {
    /// How many terms there ever were.
    pub(super) fn len(&self) -> usize {
        self.docs.len()
    }

    pub(super) fn value(&self, place: usize) -> &str {
        self.values.text(place as u32)
    }

    /// The documents of each term.
    pub(super) fn docs(&self) -> &[Docs] {
        &self.docs
    }
}

/// All terms.
#[derive(Default)]
pub(super) struct Terms {
    groups: [OfGroup; GROUPS],
}

impl Terms {
    pub(super) fn of(&self, group: Group) -> &OfGroup {
        &self.groups[group as usize]
    }

    /// The number of a term, which may be new.
    pub(super) fn intern(&mut self, group: Group, value: &str) -> TermId {
        let OfGroup { values, docs } = &mut self.groups[group as usize];
        let place = values.number_of(value).unwrap_or_else(|| {
            docs.push(Docs::default());
            values.add(value)
        });
        TermId::new(group, place)
    }

    pub(super) fn term(&self, id: TermId) -> (Group, &str) {
        let group = Group::ALL[id.group()];
        (group, self.of(group).value(id.place()))
    }

    /// The documents that have a term.
    pub(super) fn posting(&self, Term { group, value }: &Term) -> Option<Cow<'_, RoaringBitmap>> {
        let of = self.of(*group);
        of.values.number_of(value).map(|place| of.docs[place as usize].bitmap())
    }

    pub(super) fn insert(&mut self, id: TermId, doc: u32) {
        self.groups[id.group()].docs[id.place()].insert(doc);
    }

    pub(super) fn remove(&mut self, id: TermId, doc: u32) {
        self.groups[id.group()].docs[id.place()].remove(doc);
    }

    /// Makes documents known that come after all others.
    pub(super) fn settle(&mut self, gathered: &mut GatheredTerms) {
        for (group, gathered) in self.groups.iter_mut().zip(&mut gathered.groups) {
            gathered.settle(group.docs.len(), |place, docs| group.docs[place].append(docs));
        }
    }
}

/// The terms of documents that are not known yet.
#[derive(Default)]
pub(super) struct GatheredTerms {
    groups: [Gather; GROUPS],
}

impl GatheredTerms {
    pub(super) fn note(&mut self, id: TermId, doc: u32) {
        self.groups[id.group()].note(id.place(), doc);
    }
}
