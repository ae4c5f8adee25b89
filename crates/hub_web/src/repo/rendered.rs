//! Cards that were rendered lately, kept in bounded memory by what they were made of: the same blob at the same place gives
//! the same HTML, whoever asks, so a card that many read is rendered once.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use hub_core::Oid;

use crate::markdown::Rendered;

/// The most bytes of one generation; there are two.
const GENERATION_BYTES: usize = 8 << 20;

/// The blob and where it stands, on which the links in it depend.
type Key = (Oid, String);

#[derive(Default)]
struct Shelf {
    young: HashMap<Key, Arc<Rendered>>,
    old: HashMap<Key, Arc<Rendered>>,
    young_bytes: usize,
}

static SHELF: LazyLock<Mutex<Shelf>> = LazyLock::new(Mutex::default);

/// What was made of a blob at a place.
pub(super) fn find(oid: Oid, place: &str) -> Option<Arc<Rendered>> {
    let mut shelf = SHELF.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (oid, place.to_owned());
    if let Some(found) = shelf.young.get(&key) {
        return Some(found.clone());
    }
    let found = shelf.old.remove(&key)?;
    shelf.keep(key, found.clone());
    Some(found)
}

/// Keeps what was made.
pub(super) fn keep(oid: Oid, place: &str, rendered: Arc<Rendered>) {
    SHELF.lock().unwrap_or_else(PoisonError::into_inner).keep((oid, place.to_owned()), rendered);
}

impl Shelf {
    /// When the young are many they grow old, and the old, which nobody asked for meanwhile, go.
    fn keep(&mut self, key: Key, rendered: Arc<Rendered>) {
        let bytes = key.1.len() + rendered.bytes() + 200;
        if bytes > GENERATION_BYTES / 4 {
            return;
        }
        if self.young_bytes + bytes > GENERATION_BYTES {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += bytes;
        self.young.insert(key, rendered);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let card = |size: usize| Arc::new(Rendered::of_html("x".repeat(size)));
        let key = |number: u8| (Oid::new([number; 20]), String::new());
        let mut shelf = Shelf::default();
        shelf.keep(key(0), card(1 << 20));
        for number in 1..60 {
            shelf.keep(key(number), card(1 << 20));
            let bytes: usize = shelf.young.values().chain(shelf.old.values()).map(|card| card.bytes()).sum();
            assert!(bytes <= 2 * GENERATION_BYTES, "{bytes}");
        }
        assert!(!shelf.young.contains_key(&key(0)) && !shelf.old.contains_key(&key(0)));
        shelf.keep(key(99), card(GENERATION_BYTES));
        assert!(!shelf.young.contains_key(&key(99)), "too large to be kept");
    }
}
