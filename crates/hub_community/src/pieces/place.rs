//! Places in lists of what happened: a moment and a key.

/// Where the next page begins: the moment and the key of the last item before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PiecePlace {
    pub(crate) at: i64,
    pub(crate) key: i64,
}

impl PiecePlace {
    /// The text of a cursor.
    pub fn cursor(self) -> String {
        format!("{:012x}{:014x}", self.at, self.key)
    }

    /// Reads a cursor; `None` for any other text.
    pub fn of_cursor(text: &str) -> Option<Self> {
        let (at, key) = text.split_at_checked(12).filter(|_| text.len() == 26)?;
        let number = |digits: &str| i64::from_str_radix(digits, 16).ok().filter(|number| *number >= 0);
        Some(Self { at: number(at)?, key: number(key)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_cursor() {
        let place = PiecePlace { at: 1_767_225_600_000, key: (1 << 53) - 1 };
        assert_eq!(PiecePlace::of_cursor(&place.cursor()), Some(place));
        for text in ["", "x", &"z".repeat(26), &"é".repeat(13), "-0000000000100000000000001"] {
            assert_eq!(PiecePlace::of_cursor(text), None, "{text:?}");
        }
    }
}
