//! Whoever needs files.

/// A number that stands for somebody who holds files. This crate never looks behind it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Scope(i64);

impl Scope {
    /// Takes the number.
    pub const fn new(key: i64) -> Self {
        Self(key)
    }

    /// The number.
    pub const fn key(self) -> i64 {
        self.0
    }
}
