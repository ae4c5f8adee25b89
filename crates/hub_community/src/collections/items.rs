//! What is in a collection: added, moved, noted, removed.

use hub_account::Caller;
use hub_core::{Access, RepoAddr};
use hub_db::Tx;

use super::change::text;
use super::{Collection, CollectionId, Item, ItemId, ItemKind, no_such};
use crate::store::collections;
use crate::{Community, CommunityError};

/// The most characters of a note.
const NOTE_MAX: usize = 500;
/// The most items of a collection.
const ITEMS_MAX: usize = 1000;

/// What shall be put into a collection.
#[derive(Clone, Debug)]
pub enum ItemTarget {
    /// A repository.
    Repo(RepoAddr),
    /// A paper, by its identifier.
    Paper(String),
    /// Another collection.
    Collection(CollectionId),
}

/// A new item.
#[derive(Clone, Debug)]
pub struct NewItem {
    /// What it is.
    pub target: ItemTarget,
    /// What is said about it.
    pub note: String,
}

/// What shall change of an item; `None` leaves a thing as it is.
#[derive(Clone, Debug, Default)]
pub struct ItemChange {
    /// What is said about it.
    pub note: Option<String>,
    /// Its place, counted from 0; beyond the end means last.
    pub position: Option<i64>,
}

impl Community {
    /// Puts something at the end of a collection.
    ///
    /// # Errors
    /// [`CommunityError::Conflict`] if it is there already; not found if the caller may not know of it.
    pub async fn add_item(&self, caller: &Caller, id: CollectionId, new: &NewItem) -> Result<ItemId, CommunityError> {
        let collection = self.curated(caller, id).await?;
        let note = text(&new.note, NOTE_MAX, "note")?;
        let (kind, target, repo) = match &new.target {
            ItemTarget::Repo(addr) => {
                let repo = self.repos().open(caller, addr, Access::Metadata).await?;
                (ItemKind::Repo(addr.kind), repo.id().key().to_string(), Some(repo.id()))
            }
            ItemTarget::Paper(paper) => (ItemKind::Paper, paper_id(paper)?, None),
            ItemTarget::Collection(inner) => {
                let found = collections::get(self.db(), *inner).await?;
                found.filter(|found| found.is_visible_to(caller)).ok_or_else(no_such)?;
                (ItemKind::Collection, inner.0.to_string(), None)
            }
        };
        let mut tx = self.db().begin().await?;
        let items = self.locked_items(&mut tx, &collection).await?;
        if items.len() >= ITEMS_MAX {
            return Err(CommunityError::Conflict(format!("a collection holds at most {ITEMS_MAX} items")));
        }
        let item = Item { id: ItemId(self.next_key()), kind, target, position: items.len() as i64, note };
        if items.iter().any(|known| known.kind == kind && known.target == item.target) {
            return Err(CommunityError::Conflict("that is in the collection already".to_owned()));
        }
        collections::insert_item(&mut tx, id, &item, repo, self.now()).await?;
        tx.commit().await?;
        Ok(item.id)
    }

    /// Changes an item.
    pub async fn change_item(
        &self,
        caller: &Caller,
        id: CollectionId,
        item: ItemId,
        change: &ItemChange,
    ) -> Result<(), CommunityError> {
        let collection = self.curated(caller, id).await?;
        let note = change.note.as_ref().map(|note| text(note, NOTE_MAX, "note")).transpose()?;
        let mut tx = self.db().begin().await?;
        let mut items = self.locked_items(&mut tx, &collection).await?;
        let at = items.iter().position(|known| known.id == item).ok_or_else(no_item)?;
        if let Some(note) = note {
            items[at].note = note;
        }
        if let Some(position) = change.position {
            let moved = items.remove(at);
            let to = usize::try_from(position.max(0)).unwrap_or(usize::MAX).min(items.len());
            items.insert(to, moved);
        }
        self.write_order(&mut tx, &items).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes something out of a collection.
    pub async fn remove_item(&self, caller: &Caller, id: CollectionId, item: ItemId) -> Result<(), CommunityError> {
        let collection = self.curated(caller, id).await?;
        let mut tx = self.db().begin().await?;
        let mut items = self.locked_items(&mut tx, &collection).await?;
        let at = items.iter().position(|known| known.id == item).ok_or_else(no_item)?;
        items.remove(at);
        collections::delete_item(&mut tx, item).await?;
        self.write_order(&mut tx, &items).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The items in order; nobody else changes the collection until the transaction ends.
    async fn locked_items(&self, tx: &mut Tx, collection: &Collection) -> Result<Vec<Item>, CommunityError> {
        if !collections::touch(tx, collection.id, self.now()).await? {
            return Err(no_such());
        }
        Ok(collections::items_in(tx, collection.id).await?)
    }

    async fn write_order(&self, tx: &mut Tx, items: &[Item]) -> Result<(), CommunityError> {
        for (position, item) in items.iter().enumerate() {
            collections::update_item(tx, item.id, position as i64, &item.note).await?;
        }
        Ok(())
    }
}

fn no_item() -> CommunityError {
    CommunityError::NotFound("there is no such item in the collection".to_owned())
}

/// The identifier of a paper: that of arXiv, or any short word of letters, digits, dots, slashes and hyphens.
fn paper_id(text: &str) -> Result<String, CommunityError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '/' | '_');
    if text.is_empty() || text.len() > 64 || !text.chars().all(fits) {
        return Err(CommunityError::NotFound("there is no such paper: give its arXiv identifier".to_owned()));
    }
    Ok(text.to_owned())
}
