//! Adding many documents to many bitmaps.
//!
//! To add one document to the end of a bitmap costs a search for its place. An index of millions of documents that is
//! built or read from its snapshot makes a hundred times as many such additions, and they were half of a start. So the
//! additions are gathered, put in the order of their bitmaps by counting, and appended to each in one go.

use roaring::RoaringBitmap;

/// What is to be added: the number of a bitmap, and a document. Documents come in ascending order.
#[derive(Default)]
pub(super) struct Gather {
    additions: Vec<(u32, u32)>,
}

impl Gather {
    pub(super) fn note(&mut self, bitmap: usize, doc: u32) {
        self.additions.push((bitmap as u32, doc));
    }

    /// Hands out the documents of each bitmap, ascending and each once. `bitmaps` is how many there are.
    pub(super) fn settle(&mut self, bitmaps: usize, mut put: impl FnMut(usize, &[u32])) {
        let mut ends = vec![0_u32; bitmaps];
        for (bitmap, _) in &self.additions {
            ends[*bitmap as usize] += 1;
        }
        let mut end = 0;
        for count in &mut ends {
            end += *count;
            // Where the documents of this bitmap begin; it becomes their end as they are put in.
            *count = end - *count;
        }
        let mut docs = vec![0_u32; self.additions.len()];
        for (bitmap, doc) in self.additions.drain(..) {
            let at = &mut ends[bitmap as usize];
            docs[*at as usize] = doc;
            *at += 1;
        }
        let mut start = 0;
        let mut own: Vec<u32> = Vec::new();
        for (bitmap, end) in ends.into_iter().enumerate() {
            let found = &docs[start..end as usize];
            start = end as usize;
            if found.is_empty() {
                continue;
            }
            own.clear();
            own.extend_from_slice(found);
            own.dedup();
            put(bitmap, &own);
        }
    }
}

/// Appends documents to a bitmap whose documents all come before them.
pub(super) fn append(bitmap: &mut RoaringBitmap, docs: &[u32]) {
    if bitmap.append(docs.iter().copied()).is_err() {
        // Not after all: a document that is there already, or comes before one.
        bitmap.extend(docs.iter().copied());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_arrives_once_and_in_order() {
        let mut gather = Gather::default();
        for (bitmap, doc) in [(3, 1), (0, 1), (3, 2), (3, 2), (1, 4), (0, 9)] {
            gather.note(bitmap, doc);
        }
        let mut seen = Vec::new();
        gather.settle(5, |bitmap, docs| seen.push((bitmap, docs.to_vec())));
        assert_eq!(seen, [(0, vec![1, 9]), (1, vec![4]), (3, vec![1, 2])]);
        gather.settle(5, |_, _| unreachable!("nothing is left"));
        let mut bitmap = RoaringBitmap::from_iter([1, 9]);
        append(&mut bitmap, &[10, 11]);
        append(&mut bitmap, &[5]);
        assert_eq!(bitmap.iter().collect::<Vec<_>>(), [1, 5, 9, 10, 11]);
    }
}
