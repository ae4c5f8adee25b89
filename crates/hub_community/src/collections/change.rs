//! Collections made, changed, voted for, deleted.

use hub_account::{Caller, Namespace};

use super::{Collection, CollectionId, no_such, require_curator};
use crate::store::collections;
use crate::{Community, CommunityError};

/// The most characters of a title and of a description.
const TITLE_MAX: usize = 60;
const DESCRIPTION_MAX: usize = 150;
/// The most collections of one owner.
const OWNED_MAX: i64 = 1000;
/// The colours.
const THEMES: [&str; 6] = ["orange", "blue", "green", "purple", "pink", "indigo"];

/// What is asked of a new collection.
#[derive(Clone, Debug)]
pub struct NewCollection {
    /// What it is called.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// Whether only its owner knows of it.
    pub private: bool,
}

/// What shall change; `None` leaves a thing as it is.
#[derive(Clone, Debug, Default)]
pub struct CollectionChange {
    /// What it is called.
    pub title: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// Whether only its owner knows of it.
    pub private: Option<bool>,
    /// Its colour.
    pub theme: Option<String>,
    /// Its place among those of its owner.
    pub position: Option<i64>,
}

impl Community {
    /// Makes a collection of `owner`.
    ///
    /// # Errors
    /// [`CommunityError::BadRequest`] for texts out of bounds; [`CommunityError::CollectionExists`] if the owner has one
    /// of that title.
    pub async fn create_collection(
        &self,
        caller: &Caller,
        owner: &Namespace,
        new: &NewCollection,
    ) -> Result<CollectionId, CommunityError> {
        require_curator(caller, owner.id)?;
        let title = text(&new.title, TITLE_MAX, "title")?;
        if title.is_empty() {
            return Err(CommunityError::BadRequest("a collection needs a title".to_owned()));
        }
        let now = self.now();
        let row = Collection {
            id: CollectionId(self.next_key()),
            owner: owner.id,
            title,
            description: text(&new.description, DESCRIPTION_MAX, "description")?,
            theme: THEMES[0].to_owned(),
            private: new.private,
            position: 0,
            upvotes: 0,
            changed: now,
        };
        if collections::count_of(self.db(), owner.id).await? >= OWNED_MAX {
            return Err(CommunityError::Conflict(format!("one has at most {OWNED_MAX} collections: delete some")));
        }
        let mut tx = self.db().begin().await?;
        if !collections::insert(&mut tx, &row, now).await? {
            let existing = collections::by_title(&mut tx, owner.id, &row.title).await?.ok_or_else(no_such)?;
            let slug = format!("{}/{}", owner.name, existing.slug());
            return Err(CommunityError::CollectionExists { slug });
        }
        tx.commit().await?;
        Ok(row.id)
    }

    /// Changes a collection.
    pub async fn change_collection(
        &self,
        caller: &Caller,
        id: CollectionId,
        change: &CollectionChange,
    ) -> Result<(), CommunityError> {
        let mut row = self.curated(caller, id).await?;
        if let Some(title) = &change.title {
            row.title = text(title, TITLE_MAX, "title")?;
            if row.title.is_empty() {
                return Err(CommunityError::BadRequest("a collection needs a title".to_owned()));
            }
        }
        if let Some(description) = &change.description {
            row.description = text(description, DESCRIPTION_MAX, "description")?;
        }
        if let Some(theme) = &change.theme {
            if !THEMES.contains(&theme.as_str()) {
                return Err(CommunityError::BadRequest(format!("`theme` is one of {}", THEMES.join(", "))));
            }
            row.theme = theme.clone();
        }
        row.private = change.private.unwrap_or(row.private);
        row.position = change.position.unwrap_or(row.position).clamp(0, OWNED_MAX);
        row.changed = self.now();
        let mut tx = self.db().begin().await?;
        match collections::update(&mut tx, &row).await {
            Err(error) if error.is_unique() => {
                return Err(CommunityError::Conflict("you have a collection of that title already".to_owned()));
            }
            done => done?,
        }
        tx.commit().await?;
        Ok(())
    }

    /// Deletes a collection. What is in it stays where it is.
    pub async fn delete_collection(&self, caller: &Caller, id: CollectionId) -> Result<(), CommunityError> {
        self.curated(caller, id).await?;
        let mut tx = self.db().begin().await?;
        collections::delete(&mut tx, id).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Votes for a collection, or takes the vote back; doing so again changes nothing.
    pub async fn upvote_collection(&self, caller: &Caller, id: CollectionId, on: bool) -> Result<(), CommunityError> {
        let user = caller.user().ok_or(CommunityError::NeedsLogin)?;
        let found = collections::get(self.db(), id).await?.filter(|found| found.is_visible_to(caller));
        let found = found.ok_or_else(no_such)?;
        if !caller.may_discuss(found.owner, None) {
            return Err(CommunityError::Forbidden("this token may not vote: use one with the role 'write'".to_owned()));
        }
        let mut tx = self.db().begin().await?;
        collections::upvote(&mut tx, id, user.id, on, self.now()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The collection, if the caller may change it.
    pub(super) async fn curated(&self, caller: &Caller, id: CollectionId) -> Result<Collection, CommunityError> {
        let found = collections::get(self.db(), id).await?.filter(|found| found.is_visible_to(caller));
        let found = found.ok_or_else(no_such)?;
        require_curator(caller, found.owner)?;
        Ok(found)
    }
}

/// A text on one line, within its bound.
pub(super) fn text(given: &str, most: usize, what: &str) -> Result<String, CommunityError> {
    let text = given.trim();
    if text.chars().count() > most || text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(CommunityError::BadRequest(format!("the {what} has at most {most} characters")));
    }
    Ok(text.to_owned())
}
