//! What is asked of the index.

use crate::entry::{Group, Sort, Term};

/// A condition on terms: at least one of them, or none of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Clause {
    /// The terms.
    pub terms: Vec<Term>,
    /// Whether none of them may be there, instead of one at least.
    pub negated: bool,
}

impl Clause {
    /// The repository must have this term.
    pub fn has(group: Group, value: impl Into<Box<str>>) -> Self {
        Self { terms: vec![Term::new(group, value)], negated: false }
    }
}

/// A condition on a number, both ends included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// Which number.
    pub number: Sort,
    /// The smallest that fits.
    pub min: Option<i64>,
    /// The largest that fits.
    pub max: Option<i64>,
}

impl Span {
    /// Whether a number lies in it. A missing one lies nowhere.
    pub(crate) fn holds(&self, number: i64) -> bool {
        number >= self.min.unwrap_or(0).max(0) && number <= self.max.unwrap_or(i64::MAX)
    }
}

/// The place of a repository in a sorted list. Repositories of equal number are ordered by their keys, so a place means
/// the same on every replica and after every restart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    /// The number by which the list is sorted.
    pub number: i64,
    /// The repository's key.
    pub id: i64,
}

/// Which repositories are wanted, and what of them. All conditions must hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Query {
    /// Conditions on terms.
    pub clauses: Vec<Clause>,
    /// Texts that `namespace/name` must hold, whatever their case.
    pub texts: Vec<String>,
    /// Whether a text that is in no name may stand for one that is nearly the same, as people mistype words.
    pub forgiving: bool,
    /// Whether the names that a text fits best come first: the name itself, names that begin with it, words that begin
    /// with it. Within these, and among very many matches, the order is that of `sort`. There is one page of them.
    pub best: bool,
    /// Conditions on numbers. A missing number fits no span.
    pub spans: Vec<Span>,
    /// By what the list is sorted.
    pub sort: Sort,
    /// Smallest first.
    pub ascending: bool,
    /// After which place the page begins.
    pub after: Option<Place>,
    /// The most repositories of the page.
    pub limit: usize,
    /// The groups whose terms shall be counted among all that match.
    pub facets: Vec<Group>,
    /// The most terms of each group that are shown.
    pub facet_terms: usize,
    /// Bands of numbers: how many of all that match lie in each is counted.
    pub bands: Vec<Span>,
}

/// What the index answers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Found {
    /// The keys of the page's repositories, in order, with their places.
    pub page: Vec<Place>,
    /// Whether there are more after them.
    pub more: bool,
    /// How many match in all.
    pub total: u64,
    /// The facets asked for.
    pub facets: Vec<Facet>,
    /// How many lie in each of the bands asked for.
    pub bands: Vec<u64>,
}

/// The terms of a group among repositories.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Facet {
    /// The group.
    pub group: Group,
    /// Its terms and how many of the repositories have each; most first, then by name.
    pub counts: Vec<(Box<str>, u64)>,
}
