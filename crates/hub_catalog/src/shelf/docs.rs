//! The documents that share something.
//!
//! Most words of names and most tags belong to one or a few documents, and a bitmap of a few takes ten times the room of
//! their list.

use std::borrow::Cow;

use roaring::RoaringBitmap;

use super::gather::append;

/// From so many documents on a bitmap is smaller and quicker.
const FEW: usize = 32;

/// A set of documents.
pub(super) enum Docs {
    /// One alone.
    One(u32),
    /// None or some, ascending.
    Few(Vec<u32>),
    /// Many.
    Many(Box<RoaringBitmap>),
}

impl Default for Docs {
    fn default() -> Self {
        Docs::Few(Vec::new())
    }
}

impl Docs {
    /// A list of them, if they are few.
    pub(super) fn few(&self) -> Option<&[u32]> {
        match self {
            Docs::One(doc) => Some(std::slice::from_ref(doc)),
            Docs::Few(docs) => Some(docs),
            Docs::Many(_) => None,
        }
    }

    pub(super) fn len(&self) -> u64 {
        match self {
            Docs::One(_) => 1,
            Docs::Few(docs) => docs.len() as u64,
            Docs::Many(docs) => docs.len(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn bitmap(&self) -> Cow<'_, RoaringBitmap> {
        match self {
            Docs::One(doc) => Cow::Owned(RoaringBitmap::from_iter([*doc])),
            Docs::Few(docs) => Cow::Owned(docs.iter().copied().collect()),
            Docs::Many(docs) => Cow::Borrowed(docs),
        }
    }

    /// How many of these documents are among others.
    pub(super) fn count_in(&self, others: &RoaringBitmap) -> u64 {
        match (self, self.few()) {
            (_, Some(few)) => few.iter().filter(|doc| others.contains(**doc)).count() as u64,
            (Docs::Many(docs), None) => docs.intersection_len(others),
            (_, None) => 0,
        }
    }

    pub(super) fn insert(&mut self, doc: u32) {
        match self {
            Docs::Many(docs) => {
                docs.insert(doc);
            }
            _ => self.add_to_few(&[doc]),
        }
    }

    /// Adds documents that come after all others, ascending.
    pub(super) fn append(&mut self, docs: &[u32]) {
        match self {
            Docs::Many(many) => append(many, docs),
            _ => self.add_to_few(docs),
        }
    }

    fn add_to_few(&mut self, added: &[u32]) {
        let before = self.few().unwrap_or_default();
        let mut all = Vec::with_capacity(before.len() + added.len());
        all.extend_from_slice(before);
        all.extend_from_slice(added);
        if !all.is_sorted_by(|a, b| a < b) {
            all.sort_unstable();
            all.dedup();
        }
        *self = match all[..] {
            [doc] => Docs::One(doc),
            _ if all.len() > FEW => Docs::Many(Box::new(all.into_iter().collect())),
            _ => Docs::Few(all),
        };
    }

    pub(super) fn remove(&mut self, doc: u32) {
        match self {
            Docs::One(one) if *one == doc => *self = Docs::default(),
            Docs::One(_) => {}
            Docs::Few(docs) => docs.retain(|other| *other != doc),
            Docs::Many(docs) => {
                docs.remove(doc);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_become_many_and_go_again() {
        let mut docs = Docs::default();
        assert!(docs.is_empty());
        for doc in (0..100).rev() {
            docs.insert(doc * 2);
            docs.insert(doc * 2);
        }
        assert_eq!((docs.len(), docs.few()), (100, None));
        assert_eq!(docs.count_in(&RoaringBitmap::from_iter(0..10)), 5);
        docs.append(&[300, 301]);
        let expected: Vec<u32> = (0..100).map(|doc| doc * 2).chain([300, 301]).collect();
        assert_eq!(docs.bitmap().iter().collect::<Vec<_>>(), expected);
        expected.iter().for_each(|doc| docs.remove(*doc));
        assert!(docs.is_empty());

        let mut docs = Docs::default();
        docs.append(&[4]);
        assert_eq!(docs.few(), Some(&[4][..]));
        docs.append(&[5, 9]);
        docs.remove(5);
        docs.remove(6);
        assert_eq!((docs.few(), docs.count_in(&RoaringBitmap::from_iter([9]))), (Some(&[4, 9][..]), 1));
        docs.remove(4);
        docs.remove(9);
        assert!(docs.is_empty() && docs.bitmap().is_empty());
    }
}
