//! Names, and which documents hold a text in theirs.
//!
//! Each name is indexed by its words and by its pairs of neighbouring characters. A text of letters and digits lies
//! within words, of which there are far fewer than names. One that spans words has candidates by both, and those are
//! looked at one by one: exact, and without a pass over millions of names.

use roaring::RoaringBitmap;

use super::arena::Arena;
use super::gather::{Gather, append};
use super::words::{GatheredWords, Words, words_of};

/// The characters of names: `a`-`z`, `0`-`9`, `-`, `_`, `.`, `/`. A text with another one is in no name.
const ALPHABET: usize = 40;
/// The most words for which a mistyped one may stand.
const SIMILAR: usize = 20;

/// The names of a shelf. Documents are numbered from 0.
pub(super) struct Names {
    texts: Arena<u8>,
    /// The documents whose name holds a character.
    singles: Vec<RoaringBitmap>,
    /// The documents whose name holds two characters one after the other.
    pairs: Vec<RoaringBitmap>,
    /// The documents by the words of their names.
    words: Words,
}

/// Names that were written down and are not known yet.
#[derive(Default)]
pub(super) struct GatheredNames {
    singles: Gather,
    pairs: Gather,
    words: GatheredWords,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            texts: Arena::default(),
            singles: vec![RoaringBitmap::new(); ALPHABET],
            pairs: vec![RoaringBitmap::new(); ALPHABET * ALPHABET],
            words: Words::default(),
        }
    }
}

fn letter(byte: u8) -> Option<usize> {
    Some(match byte {
        b'a'..=b'z' => usize::from(byte - b'a'),
        b'0'..=b'9' => usize::from(byte - b'0') + 26,
        b'-' => 36,
        b'_' => 37,
        b'.' => 38,
        b'/' => 39,
        _ => return None,
    })
}

impl Names {
    pub(super) fn get(&self, doc: u32) -> &str {
        self.texts.text(doc)
    }

    /// Sets the name of a document that has none.
    pub(super) fn insert(&mut self, doc: u32, name: &str) {
        self.texts.set(doc, name.as_bytes());
        self.index(doc, |bitmap, doc| {
            bitmap.insert(doc);
        });
        self.words.insert(doc, name);
    }

    /// As [`Names::insert`], for many documents that come after all others: [`Names::settle`] makes them known.
    pub(super) fn gather(&mut self, doc: u32, name: &str, gathered: &mut GatheredNames) {
        self.texts.set(doc, name.as_bytes());
        for byte in name.bytes() {
            if let Some(single) = letter(byte) {
                gathered.singles.note(single, doc);
            }
        }
        for pair in name.as_bytes().windows(2) {
            if let (Some(first), Some(second)) = (letter(pair[0]), letter(pair[1])) {
                gathered.pairs.note(first * ALPHABET + second, doc);
            }
        }
        self.words.gather(doc, name, &mut gathered.words);
    }

    /// Makes known what was gathered.
    pub(super) fn settle(&mut self, gathered: &mut GatheredNames) {
        gathered.singles.settle(ALPHABET, |single, docs| append(&mut self.singles[single], docs));
        gathered.pairs.settle(ALPHABET * ALPHABET, |pair, docs| append(&mut self.pairs[pair], docs));
        self.words.settle(&mut gathered.words);
    }

    pub(super) fn remove(&mut self, doc: u32) {
        self.index(doc, |bitmap, doc| {
            bitmap.remove(doc);
        });
        self.words.remove(doc, self.texts.text(doc));
        self.texts.remove(doc);
    }

    fn index(&mut self, doc: u32, change: impl Fn(&mut RoaringBitmap, u32)) {
        let name = self.texts.get(doc);
        for byte in name {
            if let Some(single) = letter(*byte) {
                change(&mut self.singles[single], doc);
            }
        }
        for pair in name.windows(2) {
            if let (Some(first), Some(second)) = (letter(pair[0]), letter(pair[1])) {
                change(&mut self.pairs[first * ALPHABET + second], doc);
            }
        }
    }

    /// The documents whose name holds `text`, which is in lower case and not empty, among `within` if that is given.
    pub(super) fn holding(&self, text: &str, within: Option<&RoaringBitmap>) -> RoaringBitmap {
        let Some(letters) = text.bytes().map(letter).collect::<Option<Vec<usize>>>() else {
            return RoaringBitmap::new();
        };
        if let [single] = letters[..] {
            return within.map_or_else(|| self.singles[single].clone(), |within| &self.singles[single] & within);
        }
        if let [first, second] = letters[..] {
            let pair = &self.pairs[first * ALPHABET + second];
            return within.map_or_else(|| pair.clone(), |within| pair & within);
        }
        if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            let found = self.words.holding(text);
            return within.map_or_else(|| found.clone(), |within| &found & within);
        }
        let in_words: Vec<RoaringBitmap> = text
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|part| part.len() > 2)
            .map(|part| self.words.holding(part))
            .collect();
        let mut pairs: Vec<&RoaringBitmap> =
            letters.windows(2).map(|pair| &self.pairs[pair[0] * ALPHABET + pair[1]]).collect();
        pairs.extend(&in_words);
        pairs.extend(within);
        let candidates = intersection(pairs);
        let found = candidates.iter().filter(|doc| contains(self.texts.get(*doc), text.as_bytes()));
        RoaringBitmap::from_sorted_iter(found).unwrap_or_default()
    }

    /// The documents whose names have, for each word of a text, one that holds it or is nearly the same.
    pub(super) fn nearly_holding(&self, text: &str, within: Option<&RoaringBitmap>) -> RoaringBitmap {
        let words = words_of(text);
        let found: Vec<RoaringBitmap> = words
            .iter()
            .map(|word| {
                let exact = if word.len() > 1 { self.words.holding(word) } else { self.holding(word, None) };
                if exact.is_empty() {
                    self.words.documents(self.words.similar(word, SIMILAR).into_iter())
                } else {
                    exact
                }
            })
            .collect();
        intersection(found.iter().chain(within).collect())
    }
}

/// How well a name fits a text: 3 if it is the name, 2 if the name begins with it, 1 if a word does, else 0.
pub(super) fn fit(name: &str, text: &str) -> u32 {
    let own = name.split_once('/').map_or(name, |(_, own)| own);
    if own == text || name == text {
        return 3;
    }
    if own.starts_with(text) || name.starts_with(text) {
        return 2;
    }
    let starts = own.match_indices(text).any(|(at, _)| !own.as_bytes()[at - 1].is_ascii_alphanumeric());
    u32::from(starts)
}

/// Whether a text is part of a name.
pub(super) fn contains(name: &[u8], text: &[u8]) -> bool {
    name.windows(text.len()).any(|window| window == text)
}

/// What all the bitmaps have in common; the smallest first, so that the work shrinks at once. Nothing for no bitmap.
pub(super) fn intersection(mut bitmaps: Vec<&RoaringBitmap>) -> RoaringBitmap {
    bitmaps.sort_by_key(|bitmap| bitmap.len());
    let Some((first, rest)) = bitmaps.split_first() else { return RoaringBitmap::new() };
    let mut common = match rest.split_first() {
        None => return (*first).clone(),
        Some((second, _)) => *first & *second,
    };
    for bitmap in rest.iter().skip(1) {
        common &= *bitmap;
    }
    common
}
