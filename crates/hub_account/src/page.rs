//! Lists by pages: each page ends with the place where the next begins.

/// Which page of a list is wanted.
#[derive(Clone, Debug, Default)]
pub struct PageQuery {
    /// The `next` of the page before; nothing for the first.
    pub after: Option<String>,
    /// How many items at most, within 1 and [`PageQuery::MAX`]; nothing for [`PageQuery::DEFAULT`].
    pub limit: Option<usize>,
}

impl PageQuery {
    /// Items of a page when nobody says how many.
    pub const DEFAULT: usize = 100;
    /// The most items of a page.
    pub const MAX: usize = 1000;

    pub(crate) fn after(&self) -> &str {
        self.after.as_deref().unwrap_or_default()
    }

    fn limit(&self) -> usize {
        self.limit.unwrap_or(Self::DEFAULT).clamp(1, Self::MAX)
    }

    /// One row more than the page, which tells whether there is a next one.
    pub(crate) fn probe(&self) -> i64 {
        i64::try_from(self.limit() + 1).unwrap_or(i64::MAX)
    }

    /// Cuts the row too many off and says where the next page begins.
    pub(crate) fn cut<T>(&self, mut items: Vec<T>, place: impl Fn(&T) -> String) -> Page<T> {
        let more = items.len() > self.limit();
        items.truncate(self.limit());
        let next = if more { items.last().map(place) } else { None };
        Page { items, next }
    }
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// What `after` of the next page is; nothing at the end of the list.
    pub next: Option<String>,
}
