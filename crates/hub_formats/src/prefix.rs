//! What a parser says that has seen only the beginning of a file.

/// A whole value, or how much of the file must be there for the next try.
#[derive(Clone, Debug, PartialEq)]
pub enum FromPrefix<T> {
    /// The value.
    Whole(T),
    /// The file must be read up to here at least. More than what was given, and never more than the file has.
    Incomplete {
        /// The number of bytes from the beginning of the file.
        needed: u64,
    },
}

impl<T> FromPrefix<T> {
    /// The value if it is there.
    pub fn whole(self) -> Option<T> {
        match self {
            FromPrefix::Whole(value) => Some(value),
            FromPrefix::Incomplete { .. } => None,
        }
    }
}
