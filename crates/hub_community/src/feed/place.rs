//! Places in a feed: a moment, what kind of thing happened then, and which. They are ordered as the feed is.

use hub_core::Timestamp;

/// Where something in a feed comes from; what happened in one moment is in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Source {
    Repo,
    Piece,
    Discussion,
    Paper,
    Like,
}

impl Source {
    const ALL: [Self; 5] = [Self::Repo, Self::Piece, Self::Discussion, Self::Paper, Self::Like];
}

/// Where the next page of a feed begins: the last thing before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct FeedPlace {
    pub(crate) at: i64,
    pub(crate) source: Source,
    pub(crate) key: i64,
    /// The second half of a key that has two, else 0.
    pub(crate) more: i64,
}

impl FeedPlace {
    /// Before everything that has happened.
    pub(crate) fn newest(now: Timestamp) -> Self {
        Self { at: now.millis(), source: Source::Like, key: i64::MAX, more: i64::MAX }
    }

    /// The text of a cursor.
    pub fn cursor(self) -> String {
        let source = Source::ALL.iter().position(|one| *one == self.source).unwrap_or_default();
        format!("{}.{source}.{}.{}", self.at, self.key, self.more)
    }

    /// Reads a cursor; `None` for any other text.
    pub fn of_cursor(text: &str) -> Option<Self> {
        let [at, source, key, more] = text.split('.').collect::<Vec<_>>().try_into().ok()?;
        let source = *Source::ALL.get(source.parse::<usize>().ok()?)?;
        let place = Self { at: at.parse().ok()?, source, key: key.parse().ok()?, more: more.parse().ok()? };
        (place.at >= 0 && place.cursor() == text).then_some(place)
    }
}

/// What a question about one source is bounded by: from a moment on, before a moment and a key, so many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    pub(crate) from: i64,
    pub(crate) at: i64,
    pub(crate) key: i64,
    pub(crate) more: i64,
    pub(crate) limit: i64,
}

impl Before {
    /// What of a source comes before a place: in its very moment all of the sources below, and none of those above.
    pub(crate) fn of(source: Source, place: FeedPlace, from: i64, limit: i64) -> Self {
        let (key, more) = match source.cmp(&place.source) {
            std::cmp::Ordering::Less => (i64::MAX, i64::MAX),
            std::cmp::Ordering::Equal => (place.key, place.more),
            std::cmp::Ordering::Greater => (i64::MIN, i64::MIN),
        };
        Self { from, at: place.at, key, more, limit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_cursor() {
        for source in Source::ALL {
            let place = FeedPlace { at: 1_767_225_600_000, source, key: 12, more: -1 };
            assert_eq!(FeedPlace::of_cursor(&place.cursor()), Some(place));
        }
        for text in ["", "1.2.3", "1.9.3.4", "1.0.3.4.5", "+1.0.3.4", "-1.0.3.4", "1.0.x.4", "01.0.3.4"] {
            assert_eq!(FeedPlace::of_cursor(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_happened_in_one_moment_has_an_order() {
        let place = FeedPlace { at: 9, source: Source::Discussion, key: 5, more: 0 };
        let key = |source| Before::of(source, place, 0, 1).key;
        assert_eq!((key(Source::Piece), key(Source::Discussion), key(Source::Like)), (i64::MAX, 5, i64::MIN));
    }
}
