//! Millions of short lists, one after another in one block of memory.
//!
//! A list of its own for each document would take a pointer, a length and the allocator's own notes, which is more than
//! what is in it; and whoever looks at many lists in the order of their numbers reads memory in its order too.

/// So many items of gaps are not worth the work of closing them.
const GAPS_MAX: usize = 1 << 20;

/// Lists by number. One that went away, or was set again, leaves a gap; gaps are closed before they are half of it.
pub(super) struct Arena<T> {
    items: Vec<T>,
    gaps: usize,
    /// Where each list lies: offset and length.
    spans: Vec<(u32, u16)>,
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self { items: Vec::new(), gaps: 0, spans: Vec::new() }
    }
}

impl<T: Copy> Arena<T> {
    /// The list of a number; empty for one that was never set.
    pub(super) fn get(&self, number: u32) -> &[T] {
        self.spans.get(number as usize).map_or(&[], |(at, len)| &self.items[*at as usize..][..usize::from(*len)])
    }

    /// Sets the list of a number. What is beyond the 65,535th item, or the four billionth of all, is left out: no name and
    /// no list of tags comes near.
    pub(super) fn set(&mut self, number: u32, list: &[T]) {
        self.remove(number);
        if self.gaps > GAPS_MAX.max(self.items.len() / 2) {
            self.close_gaps();
        }
        let len = list.len().min(usize::from(u16::MAX)).min(u32::MAX as usize - self.items.len());
        let at = self.items.len() as u32;
        grow(&mut self.items, len);
        self.items.extend_from_slice(&list[..len]);
        let missing = (number as usize + 1).saturating_sub(self.spans.len());
        grow(&mut self.spans, missing);
        self.spans.resize(self.spans.len() + missing, (0, 0));
        self.spans[number as usize] = (at, len as u16);
    }

    /// Makes the list of a number empty.
    pub(super) fn remove(&mut self, number: u32) {
        if let Some(span) = self.spans.get_mut(number as usize) {
            self.gaps += usize::from(span.1);
            *span = (0, 0);
        }
    }

    fn close_gaps(&mut self) {
        let mut items = Vec::with_capacity(self.items.len() - self.gaps);
        for (at, len) in &mut self.spans {
            let list = &self.items[*at as usize..][..usize::from(*len)];
            *at = items.len() as u32;
            items.extend_from_slice(list);
        }
        self.items = items;
        self.gaps = 0;
    }
}

impl Arena<u8> {
    /// The text of a number.
    pub(super) fn text(&self, number: u32) -> &str {
        // Whole texts are set; one that was cut within a character is as good as none.
        std::str::from_utf8(self.get(number)).unwrap_or_default()
    }
}

/// Makes room for more items, with a sixteenth to spare: the room that a vector takes by itself, as much again as it has,
/// would be half of the index.
pub(super) fn grow<T>(items: &mut Vec<T>, more: usize) {
    if items.capacity() - items.len() < more {
        items.reserve_exact(more + items.len() / 16);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_set_again_and_gaps_are_closed() {
        let mut arena = Arena::default();
        arena.set(3, b"three");
        assert_eq!((arena.text(0), arena.text(3), arena.text(4)), ("", "three", ""));
        arena.set(3, "drei ß".as_bytes());
        arena.set(0, b"");
        assert_eq!((arena.text(0), arena.text(3)), ("", "drei ß"));
        let long = vec![b'x'; 60_000];
        for _ in 0..200 {
            arena.set(1, &long);
        }
        assert!(arena.items.len() < 5 * GAPS_MAX, "{} bytes for one text", arena.items.len());
        assert_eq!((arena.text(1).len(), arena.text(3)), (60_000, "drei ß"));
        arena.remove(3);
        assert_eq!(arena.text(3), "");
        let too_long = vec![b'x'; 70_000];
        arena.set(2, &too_long);
        assert_eq!(arena.text(2).len(), usize::from(u16::MAX));
    }
}
