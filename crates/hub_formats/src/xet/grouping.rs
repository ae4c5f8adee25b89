//! Byte grouping: the first bytes of all words of four, then the second, the third and the fourth ones.
//!
//! In arrays of 32-bit or 16-bit numbers the bytes of one place resemble each other, so that LZ4 finds something.

/// How many bytes each group of `size_bytes` bytes has: a last word that is not whole goes to the first groups.
const fn sizes(size_bytes: usize) -> [usize; 4] {
    [size_bytes.div_ceil(4), (size_bytes + 2) / 4, (size_bytes + 1) / 4, size_bytes / 4]
}

/// Writes the groups of `content` over `groups`.
pub(super) fn split(content: &[u8], groups: &mut Vec<u8>) {
    groups.resize(content.len(), 0);
    let [first, second, third, _] = sizes(content.len());
    let (a, rest) = groups.split_at_mut(first);
    let (b, rest) = rest.split_at_mut(second);
    let (c, d) = rest.split_at_mut(third);
    let (words, tail) = content.as_chunks::<4>();
    for ((((word, a), b), c), d) in words.iter().zip(&mut *a).zip(&mut *b).zip(&mut *c).zip(&mut *d) {
        [*a, *b, *c, *d] = *word;
    }
    for (byte, group) in tail.iter().zip([a, b, c]) {
        group[words.len()] = *byte;
    }
}

/// Writes to `content` what was split into `groups`; both have one size.
pub(super) fn join(groups: &[u8], content: &mut [u8]) {
    let [first, second, third, _] = sizes(groups.len());
    let (a, rest) = groups.split_at(first);
    let (b, rest) = rest.split_at(second);
    let (c, d) = rest.split_at(third);
    let (words, tail) = content.as_chunks_mut::<4>();
    let whole = words.len();
    for ((((word, a), b), c), d) in words.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        *word = [*a, *b, *c, *d];
    }
    for (byte, group) in tail.iter_mut().zip([a, b, c]) {
        *byte = group[whole];
    }
}

#[cfg(test)]
mod tests;
