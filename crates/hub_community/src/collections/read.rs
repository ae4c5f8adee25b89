//! Collections with what is in them, as far as a caller may know of it.

use std::collections::HashMap;

use hub_account::{Caller, Namespace};
use hub_repo::{RepoId, RepoState};

use super::{Collection, CollectionId, Item, ItemId, ItemKind, is_of, no_such};
use crate::store::collections;
use crate::{Community, CommunityError};

/// What an item is.
#[derive(Clone, Debug)]
pub enum Shown {
    /// A repository.
    Repo(Box<RepoState>),
    /// The identifier of a paper.
    Paper(String),
    /// Another collection, with its owner.
    Collection(Box<Collection>, Box<Namespace>),
}

/// An item of a collection.
#[derive(Clone, Debug)]
pub struct ItemView {
    /// Its key.
    pub id: ItemId,
    /// What it is.
    pub shown: Shown,
    /// Its place, counted from 0.
    pub position: i64,
    /// What its collector says about it; often nothing.
    pub note: String,
}

/// A collection with its items.
#[derive(Clone, Debug)]
pub struct CollectionView {
    /// The collection.
    pub collection: Collection,
    /// Whose it is.
    pub owner: Namespace,
    /// What is in it.
    pub items: Vec<ItemView>,
    /// Whether the caller voted for it.
    pub is_upvoted: bool,
}

impl Community {
    /// The collection of that key.
    ///
    /// # Errors
    /// [`CommunityError::NotFound`] if there is none, or it is private and not the caller's.
    pub async fn collection(&self, caller: &Caller, id: CollectionId) -> Result<CollectionView, CommunityError> {
        let found = collections::get(self.db(), id).await?;
        let found = found.filter(|found| found.is_visible_to(caller)).ok_or_else(no_such)?;
        let items = collections::items(self.db(), &[id]).await?;
        let mut views = self.views(caller, vec![found], items).await?;
        views.pop().ok_or_else(no_such)
    }

    /// Puts what is known of the items beside their collections.
    pub(super) async fn views(
        &self,
        caller: &Caller,
        found: Vec<Collection>,
        items: Vec<(CollectionId, Item)>,
    ) -> Result<Vec<CollectionView>, CommunityError> {
        let key = |item: &Item| item.target.parse::<i64>().ok();
        let of_kind = |wanted: fn(ItemKind) -> bool| {
            items.iter().filter(move |(_, item)| wanted(item.kind)).filter_map(move |(_, item)| key(item))
        };
        let repo_ids = of_kind(|kind| matches!(kind, ItemKind::Repo(_))).map(RepoId::from_key);
        let known = self.known(caller, repo_ids).await?;
        let inner_ids: Vec<CollectionId> = of_kind(|kind| kind == ItemKind::Collection).map(CollectionId).collect();
        let inner = collections::get_many(self.db(), &inner_ids).await?;
        let inner: HashMap<CollectionId, Collection> =
            inner.into_iter().filter(|one| one.is_visible_to(caller)).map(|one| (one.id, one)).collect();
        let owners = self.people(found.iter().chain(inner.values()).map(|one| one.owner)).await?;
        let upvoted = match caller.user() {
            Some(user) => {
                let ids: Vec<CollectionId> = found.iter().map(|one| one.id).collect();
                collections::upvoted_among(self.db(), user.id, &ids).await?
            }
            None => Vec::new(),
        };
        let shown = |item: &Item| match item.kind {
            ItemKind::Repo(_) => {
                let repo = known.get(&RepoId::from_key(key(item)?)).filter(|repo| is_of(item.kind, repo))?;
                Some(Shown::Repo(Box::new(repo.clone())))
            }
            ItemKind::Paper => Some(Shown::Paper(item.target.clone())),
            ItemKind::Collection => {
                let one = inner.get(&CollectionId(key(item)?))?;
                Some(Shown::Collection(Box::new(one.clone()), Box::new(owners.get(one.owner)?.clone())))
            }
        };
        let mut by_collection: HashMap<CollectionId, Vec<ItemView>> = HashMap::new();
        for (id, item) in &items {
            if let Some(shown) = shown(item) {
                let view = ItemView { id: item.id, shown, position: item.position, note: item.note.clone() };
                by_collection.entry(*id).or_default().push(view);
            }
        }
        let view = |collection: Collection| {
            Some(CollectionView {
                owner: owners.get(collection.owner)?.clone(),
                items: by_collection.remove(&collection.id).unwrap_or_default(),
                is_upvoted: upvoted.contains(&collection.id),
                collection,
            })
        };
        Ok(found.into_iter().filter_map(view).collect())
    }
}
