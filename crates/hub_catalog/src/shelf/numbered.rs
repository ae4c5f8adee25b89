//! Texts that have a number each.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::arena::Arena;

/// Texts and their numbers. Each text is kept once: the table holds numbers alone.
#[derive(Default)]
pub(super) struct Numbered {
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
    texts: Arena<u8>,
    /// One more than the highest number.
    end: u32,
    /// Numbers of texts that went away, to be given again.
    free: Vec<u32>,
}

impl Numbered {
    /// One more than the highest number that was given.
    pub(super) fn end(&self) -> usize {
        self.end as usize
    }

    pub(super) fn number_of(&self, text: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(text.as_bytes());
        self.table.find(hash, |number| self.texts.get(*number) == text.as_bytes()).copied()
    }

    pub(super) fn text(&self, number: u32) -> &str {
        self.texts.text(number)
    }

    pub(super) fn bytes(&self, number: u32) -> &[u8] {
        self.texts.get(number)
    }

    /// Gives a number to a text that has none.
    pub(super) fn add(&mut self, text: &str) -> u32 {
        let number = self.free.pop().unwrap_or_else(|| {
            self.end += 1;
            self.end - 1
        });
        self.texts.set(number, text.as_bytes());
        let Self { table, hasher, texts, .. } = self;
        let hash_of = |number: &u32| hasher.hash_one(texts.get(*number));
        table.insert_unique(hash_of(&number), number, hash_of);
        number
    }

    /// Takes the number of a text away.
    pub(super) fn remove(&mut self, number: u32) {
        let hash = self.hasher.hash_one(self.texts.get(number));
        if let Ok(entry) = self.table.find_entry(hash, |other| *other == number) {
            entry.remove();
            self.texts.remove(number);
            self.free.push(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_free_again_is_given_again() {
        let mut numbered = Numbered::default();
        let numbers: Vec<u32> = ["bert", "gpt", ""].iter().map(|text| numbered.add(text)).collect();
        assert_eq!(numbers, [0, 1, 2]);
        assert_eq!(
            (numbered.number_of("gpt"), numbered.number_of(""), numbered.number_of("t5")),
            (Some(1), Some(2), None)
        );
        numbered.remove(1);
        numbered.remove(1);
        assert_eq!((numbered.number_of("gpt"), numbered.text(1)), (None, ""));
        assert_eq!((numbered.add("t5"), numbered.add("gpt"), numbered.end()), (1, 3, 4));
        assert_eq!((numbered.text(1), numbered.bytes(3)), ("t5", &b"gpt"[..]));
    }
}
