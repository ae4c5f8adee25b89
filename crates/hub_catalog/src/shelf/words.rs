//! The words of names, and which documents have each.
//!
//! A word is a run of letters and digits. There are far fewer words than names, so a text that lies within a word is
//! looked for in the words, and so is one that was mistyped.

use std::collections::HashMap;

use roaring::RoaringBitmap;

use super::docs::Docs;
use super::gather::{Gather, append};
use super::names::{contains, intersection};
use super::numbered::Numbered;

/// `a` to `z` and `0` to `9`.
const ALPHABET: usize = 36;
/// So many documents are collected one by one in less time than it takes to look through a bit for each there is.
const FEW: usize = 4096;

#[derive(Default)]
pub(super) struct Words {
    texts: Numbered,
    /// The documents of each word.
    docs: Vec<Docs>,
    /// The words that hold two characters one after the other.
    pairs: Vec<RoaringBitmap>,
    /// One more than the highest document.
    end: u32,
}

/// Words of names that were written down and are not known yet.
#[derive(Default)]
pub(super) struct GatheredWords {
    pairs: Gather,
    docs: Gather,
}

/// The words of a name, each once.
pub(super) fn words_of(name: &str) -> Vec<&str> {
    let mut words: Vec<&str> =
        name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    words.dedup();
    words
}

fn letter(byte: u8) -> usize {
    match byte {
        b'a'..=b'z' => usize::from(byte - b'a'),
        _ => usize::from(byte.wrapping_sub(b'0') % 10) + 26,
    }
}

fn pairs_of(word: &str) -> impl Iterator<Item = usize> {
    word.as_bytes().windows(2).map(|pair| letter(pair[0]) * ALPHABET + letter(pair[1]))
}

impl Words {
    pub(super) fn insert(&mut self, doc: u32, name: &str) {
        self.end = self.end.max(doc + 1);
        for word in words_of(name) {
            let number = self.texts.number_of(word).unwrap_or_else(|| {
                let number = self.create(word);
                pairs_of(word).for_each(|pair| {
                    self.pairs[pair].insert(number);
                });
                number
            });
            self.docs[number as usize].insert(doc);
        }
    }

    fn create(&mut self, word: &str) -> u32 {
        let number = self.texts.add(word);
        self.docs.resize_with(self.texts.end(), Docs::default);
        if self.pairs.is_empty() {
            self.pairs = vec![RoaringBitmap::new(); ALPHABET * ALPHABET];
        }
        number
    }

    /// As [`Words::insert`], for many documents that come after all others: [`Words::settle`] makes them known.
    pub(super) fn gather(&mut self, doc: u32, name: &str, gathered: &mut GatheredWords) {
        self.end = self.end.max(doc + 1);
        for word in words_of(name) {
            let number = self.texts.number_of(word).unwrap_or_else(|| {
                let number = self.create(word);
                pairs_of(word).for_each(|pair| gathered.pairs.note(pair, number));
                number
            });
            gathered.docs.note(number as usize, doc);
        }
    }

    /// Makes known what was gathered.
    pub(super) fn settle(&mut self, gathered: &mut GatheredWords) {
        gathered.pairs.settle(self.pairs.len(), |pair, words| append(&mut self.pairs[pair], words));
        gathered.docs.settle(self.docs.len(), |word, docs| self.docs[word].append(docs));
    }

    pub(super) fn remove(&mut self, doc: u32, name: &str) {
        for word in words_of(name) {
            let Some(number) = self.texts.number_of(word) else { continue };
            let docs = &mut self.docs[number as usize];
            docs.remove(doc);
            if docs.is_empty() {
                self.texts.remove(number);
                for pair in pairs_of(word) {
                    self.pairs[pair].remove(number);
                }
            }
        }
    }

    /// The documents that have a word which holds `text`: at least two letters or digits, in lower case.
    pub(super) fn holding(&self, text: &str) -> RoaringBitmap {
        if self.pairs.is_empty() {
            return RoaringBitmap::new();
        }
        let candidates = intersection(pairs_of(text).map(|pair| &self.pairs[pair]).collect());
        self.documents(candidates.iter().filter(|word| contains(self.texts.bytes(*word), text.as_bytes())))
    }

    /// The documents that have one of these words.
    pub(super) fn documents(&self, words: impl Iterator<Item = u32>) -> RoaringBitmap {
        let (mut few, mut many) = (Vec::new(), Vec::new());
        let mut count = 0;
        for word in words {
            match &self.docs[word as usize] {
                Docs::One(doc) => few.push(*doc),
                Docs::Few(docs) => few.extend_from_slice(docs),
                Docs::Many(docs) => {
                    count += docs.len() as usize;
                    many.push(&**docs);
                }
            }
        }
        if let ([], [only]) = (&few[..], &many[..]) {
            return (*only).clone();
        }
        if few.len() + count <= FEW {
            few.extend(many.into_iter().flatten());
            few.sort_unstable();
            few.dedup();
            return RoaringBitmap::from_sorted_iter(few).unwrap_or_default();
        }
        let mut bits = vec![0_u64; self.end as usize / 64 + 1];
        for doc in few.into_iter().chain(many.into_iter().flatten()) {
            bits[doc as usize / 64] |= 1 << (doc % 64);
        }
        let docs = bits.into_iter().enumerate().flat_map(|(at, mut bits)| {
            std::iter::from_fn(move || {
                (bits != 0).then(|| {
                    let low = bits.trailing_zeros();
                    bits &= bits - 1;
                    at as u32 * 64 + low
                })
            })
        });
        RoaringBitmap::from_sorted_iter(docs).unwrap_or_default()
    }

    /// The words that a mistyped word may stand for: at most two letters differ, are missing or are too many, and one in
    /// short words. The nearest come first, and of those the words of most documents; at most `most`.
    pub(super) fn similar(&self, typed: &str, most: usize) -> Vec<u32> {
        let allowed = match typed.len() {
            0..4 => return Vec::new(),
            4..8 => 1,
            _ => 2,
        };
        if self.pairs.is_empty() {
            return Vec::new();
        }
        // One mistake spoils at most three pairs of neighbours, so a word without mistakes elsewhere shares the others.
        let pairs: Vec<usize> = pairs_of(typed).collect();
        let needed = pairs.len().saturating_sub(3 * allowed).max(1);
        let mut shared: HashMap<u32, usize> = HashMap::new();
        // Rare pairs decide first; as many of them as leave `needed - 1` of the others are enough to meet every word.
        let mut by_rarity = pairs.clone();
        by_rarity.sort_unstable_by_key(|pair| self.pairs[*pair].len());
        by_rarity.dedup();
        let looked = by_rarity.len().saturating_sub(needed - 1);
        for pair in by_rarity.iter().take(looked.max(1)) {
            for word in &self.pairs[*pair] {
                *shared.entry(word).or_default() += 1;
            }
        }
        let length = typed.len();
        let mut near: Vec<(usize, std::cmp::Reverse<u64>, u32)> = shared
            .into_keys()
            .filter_map(|word| {
                let text = self.texts.bytes(word);
                if text.len().abs_diff(length) > allowed {
                    return None;
                }
                let distance = distance(text, typed.as_bytes(), allowed)?;
                Some((distance, std::cmp::Reverse(self.docs[word as usize].len()), word))
            })
            .collect();
        near.sort_unstable();
        near.truncate(most);
        near.into_iter().map(|(_, _, word)| word).collect()
    }
}

/// How many letters must be changed, added, left out or swapped with their neighbour to get from one word to the other;
/// `None` if more than `most`.
fn distance(a: &[u8], b: &[u8], most: usize) -> Option<usize> {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let mut cost = (last[j] + usize::from(from != to)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *from == b[j - 1] && a[i - 1] == *to {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        if row.iter().min().is_some_and(|least| *least > most) {
            return None;
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|distance| *distance <= most)
}
