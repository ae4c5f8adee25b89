//! Deltas: an object told by what it shares with another.
//!
//! ```text
//! delta  = size-of-base size-of-result instruction*     sizes: 7 bits a byte, lowest first, 0x80 = more
//! copy   = 1oooo.lll offset-bytes length-bytes          each flag says that its byte is there; length 0 means 65,536
//! insert = 0nnnnnnn byte{n}                             n from 1 to 127; an instruction of 0 is reserved
//! ```

/// Why a delta cannot be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeltaError {
    /// The delta ends within a size or an instruction, or has a reserved one.
    #[error("the delta is malformed")]
    Malformed,
    /// The delta was made for another base.
    #[error("the delta is for a base of {expected} bytes, this one has {found}")]
    WrongBase {
        /// What the delta says.
        expected: u64,
        /// What the base has.
        found: u64,
    },
    /// A copy reaches beyond the base.
    #[error("the delta copies from beyond its base")]
    OutOfBase,
    /// The instructions make more or fewer bytes than the delta says.
    #[error("the delta does not make the {expected} bytes that it promises")]
    WrongResult {
        /// What the delta says.
        expected: u64,
    },
    /// The result would be larger than the caller can use.
    #[error("the delta unfolds to {size} bytes, more than the {most} allowed")]
    TooLarge {
        /// What the delta says.
        size: u64,
        /// What the caller allows.
        most: u64,
    },
}

/// The sizes that a delta begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DeltaSizes {
    /// How many bytes the base must have.
    pub base: u64,
    /// How many bytes the result has.
    pub result: u64,
}

/// Reads bytes of a delta one by one.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn byte(&mut self) -> Result<u8, DeltaError> {
        let (first, rest) = self.0.split_first().ok_or(DeltaError::Malformed)?;
        self.0 = rest;
        Ok(*first)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], DeltaError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(DeltaError::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn size(&mut self) -> Result<u64, DeltaError> {
        let mut size = 0_u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            size |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(size);
            }
        }
        Err(DeltaError::Malformed)
    }

    /// A number of which each of `bytes` bytes is there only if its bit of `flags` is set.
    fn sparse(&mut self, flags: u8, bytes: u32) -> Result<usize, DeltaError> {
        let mut number = 0;
        for place in 0..bytes {
            if flags & (1 << place) != 0 {
                number |= usize::from(self.byte()?) << (8 * place);
            }
        }
        Ok(number)
    }
}

/// The sizes that a delta promises. Enough to refuse a bomb before it is inflated further.
pub fn sizes(delta: &[u8]) -> Result<DeltaSizes, DeltaError> {
    let mut cursor = Cursor(delta);
    Ok(DeltaSizes { base: cursor.size()?, result: cursor.size()? })
}

/// Unfolds a delta over its base; the result has at most `most` bytes.
pub fn apply(base: &[u8], delta: &[u8], most: u64) -> Result<Vec<u8>, DeltaError> {
    let mut cursor = Cursor(delta);
    let sizes = DeltaSizes { base: cursor.size()?, result: cursor.size()? };
    if sizes.base != base.len() as u64 {
        return Err(DeltaError::WrongBase { expected: sizes.base, found: base.len() as u64 });
    }
    if sizes.result > most {
        return Err(DeltaError::TooLarge { size: sizes.result, most });
    }
    let wrong_result = DeltaError::WrongResult { expected: sizes.result };
    let expected = usize::try_from(sizes.result).map_err(|_| wrong_result)?;
    // A copy of seven bytes can give 16 MiB, so a promise is believed only as far as the delta could keep it.
    let mut result = Vec::with_capacity(expected.min(base.len().saturating_add(delta.len())));
    while !cursor.0.is_empty() {
        let instruction = cursor.byte()?;
        let piece = if instruction & 0x80 != 0 {
            let offset = cursor.sparse(instruction & 0x0f, 4)?;
            let length = match cursor.sparse((instruction >> 4) & 0x07, 3)? {
                0 => 0x1_0000,
                length => length,
            };
            let end = offset.checked_add(length).ok_or(DeltaError::OutOfBase)?;
            base.get(offset..end).ok_or(DeltaError::OutOfBase)?
        } else if instruction == 0 {
            return Err(DeltaError::Malformed);
        } else {
            cursor.take(usize::from(instruction))?
        };
        if piece.len() > expected - result.len() {
            return Err(wrong_result);
        }
        result.extend_from_slice(piece);
    }
    if result.len() == expected { Ok(result) } else { Err(wrong_result) }
}

/// How many bytes must be equal to be looked for, and how far apart the places of the base are that are known.
const WINDOW: usize = 16;
/// The longest copy that one instruction makes, as git writes them.
const COPY_MAX: usize = 0x1_0000;
const INSERT_MAX: usize = 0x7f;
/// Bases beyond this are not indexed; an offset has four bytes.
const BASE_MAX: usize = 64 << 20;

/// Tells `target` by what it shares with `base`; `None` if that takes more than `most` bytes, or so nearly as many that
/// what a copy would have reached back over was too much.
pub fn encode(base: &[u8], target: &[u8], most: usize) -> Option<Vec<u8>> {
    if base.len() < WINDOW || base.len() > BASE_MAX {
        return None;
    }
    let index = Index::new(base);
    let mut delta = Vec::with_capacity(most.min(256));
    push_size(&mut delta, base.len());
    push_size(&mut delta, target.len());
    // Bytes before `told` are told; those up to `at` are to be inserted, unless a copy reaches back over them.
    let (mut told, mut at) = (0, 0);
    while let Some(window) = target.get(at..at + WINDOW) {
        let Some(mut from) = index.find(base, window) else {
            at += 1;
            if delta.len() + (at - told) > most {
                return None;
            }
            continue;
        };
        while at > told && from > 0 && base[from - 1] == target[at - 1] {
            (at, from) = (at - 1, from - 1);
        }
        let same = base[from..].iter().zip(&target[at..]).take_while(|(one, other)| one == other).count();
        push_inserts(&mut delta, &target[told..at]);
        push_copies(&mut delta, from, same);
        at += same;
        told = at;
        if delta.len() > most {
            return None;
        }
    }
    push_inserts(&mut delta, &target[told..]);
    (delta.len() <= most).then_some(delta)
}

/// Where a base has which bytes: one place for each hash, of every sixteenth place.
struct Index {
    places: Vec<u32>,
    shift: u32,
}

impl Index {
    const NOWHERE: u32 = u32::MAX;

    fn new(base: &[u8]) -> Self {
        let bits = (base.len() / WINDOW).next_power_of_two().trailing_zeros() + 1;
        let mut index = Self { places: vec![Self::NOWHERE; 1 << bits], shift: 64 - bits };
        for (number, window) in base.chunks_exact(WINDOW).enumerate() {
            let slot = index.slot(window);
            // The first of equal ones stays: copies from there run longest.
            if index.places[slot] == Self::NOWHERE {
                index.places[slot] = (number * WINDOW) as u32;
            }
        }
        index
    }

    fn slot(&self, window: &[u8]) -> usize {
        let (halves, _) = window.as_chunks::<8>();
        let mixed = halves.iter().fold(0_u64, |mixed, half| {
            (mixed ^ u64::from_le_bytes(*half)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
        });
        (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift) as usize
    }

    fn find(&self, base: &[u8], window: &[u8]) -> Option<usize> {
        let place = self.places[self.slot(window)];
        let from = (place != Self::NOWHERE).then_some(place as usize)?;
        (base.get(from..from + WINDOW) == Some(window)).then_some(from)
    }
}

fn push_size(delta: &mut Vec<u8>, mut size: usize) {
    while size > 0x7f {
        delta.push(0x80 | (size & 0x7f) as u8);
        size >>= 7;
    }
    delta.push(size as u8);
}

fn push_inserts(delta: &mut Vec<u8>, bytes: &[u8]) {
    for piece in bytes.chunks(INSERT_MAX) {
        delta.push(piece.len() as u8);
        delta.extend_from_slice(piece);
    }
}

fn push_copies(delta: &mut Vec<u8>, mut from: usize, mut count: usize) {
    while count > 0 {
        let length = count.min(COPY_MAX);
        let instruction = delta.len();
        let mut flags = 0x80_u8;
        delta.push(flags);
        for (place, byte) in (from as u32).to_le_bytes().into_iter().enumerate() {
            if byte != 0 {
                flags |= 1 << place;
                delta.push(byte);
            }
        }
        // A length without bytes means the longest.
        for (place, byte) in (length as u32 & 0xffff).to_le_bytes().into_iter().take(2).enumerate() {
            if byte != 0 {
                flags |= 0x10 << place;
                delta.push(byte);
            }
        }
        delta[instruction] = flags;
        (from, count) = (from + length, count - length);
    }
}

#[cfg(test)]
mod tests;
