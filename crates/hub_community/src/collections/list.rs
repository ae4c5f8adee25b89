//! Lists of collections.

use hub_account::{Caller, NamespaceId};
use hub_repo::RepoId;

use super::{Collection, CollectionId, CollectionView};
use crate::store::collections;
use crate::{Community, CommunityError};

/// How many items of each collection a list shows.
const ITEMS_SHOWN: usize = 4;
/// The most collections of a page.
const PAGE_MAX: usize = 100;

/// In which order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum CollectionSort {
    /// Those that changed last first.
    #[default]
    Changed,
    /// Those with most votes first.
    Upvotes,
}

/// Where the next page begins: the value by which the list is sorted, and the key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CollectionPlace {
    pub(crate) value: i64,
    pub(crate) key: i64,
}

impl CollectionPlace {
    /// The text of a cursor.
    pub fn cursor(self) -> String {
        format!("{:012x}{:014x}", self.value, self.key)
    }

    /// Reads a cursor; `None` for any other text.
    pub fn of_cursor(text: &str) -> Option<Self> {
        let (value, key) = text.split_at_checked(12).filter(|_| text.len() == 26)?;
        Some(Self { value: i64::from_str_radix(value, 16).ok()?, key: i64::from_str_radix(key, 16).ok()? })
    }
}

/// What a collection may hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Held {
    /// A repository.
    Repo(RepoId),
    /// A paper.
    Paper(String),
}

/// Which collections are wanted.
#[derive(Clone, Debug, Default)]
pub struct CollectionQuery {
    /// Of these owners; none means of anyone.
    pub owners: Vec<NamespaceId>,
    /// That hold one of these things; none means whatever they hold.
    pub holding: Vec<Held>,
    /// With this text in the title or description.
    pub search: Option<String>,
    /// In which order.
    pub sort: CollectionSort,
    /// After this place.
    pub after: Option<CollectionPlace>,
    /// How many at most.
    pub limit: usize,
}

/// A page of collections.
#[derive(Debug)]
pub struct CollectionPage {
    /// The collections, each with its first items.
    pub collections: Vec<CollectionView>,
    /// Where the next page begins, if there is one.
    pub next: Option<CollectionPlace>,
}

impl Community {
    /// The collections that match, as far as the caller may know of them.
    pub async fn collections(
        &self,
        caller: &Caller,
        query: &CollectionQuery,
    ) -> Result<CollectionPage, CommunityError> {
        let limit = query.limit.clamp(1, PAGE_MAX);
        let readable = caller.readable_namespaces();
        let mut found = collections::page(self.db(), query, &readable, limit as i64 + 1).await?;
        let more = found.len() > limit;
        found.truncate(limit);
        let place = |last: &Collection| CollectionPlace {
            value: match query.sort {
                CollectionSort::Changed => last.changed.millis(),
                CollectionSort::Upvotes => last.upvotes,
            },
            key: last.id.0,
        };
        let next = found.last().filter(|_| more).map(place);
        let ids: Vec<CollectionId> = found.iter().map(|one| one.id).collect();
        let items = collections::items(self.db(), &ids).await?;
        let mut views = self.views(caller, found, items).await?;
        for view in &mut views {
            view.items.truncate(ITEMS_SHOWN);
        }
        Ok(CollectionPage { collections: views, next })
    }
}
