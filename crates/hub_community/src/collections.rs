//! Collections: repositories, papers and other collections that somebody puts together, in an order, with notes.
//!
//! A collection is found by its key alone, which ends its address, so that addresses with an earlier title keep working.
//! What it holds is shown to each caller as far as they may know of it.

mod change;
mod items;
mod list;
mod read;

use hub_account::{Caller, NamespaceId, key_of_wire_id, wire_id};
use hub_core::{Access, OrgRole, RepoKind, Timestamp};
use hub_repo::RepoState;

pub use change::{CollectionChange, NewCollection};
pub use items::{ItemChange, ItemTarget, NewItem};
pub use list::{CollectionPage, CollectionPlace, CollectionQuery, CollectionSort, Held};
pub use read::{CollectionView, ItemView, Shown};

use crate::CommunityError;

/// The key of a collection.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CollectionId(pub(crate) i64);

impl CollectionId {
    /// The 24 digits of the API.
    pub fn wire(self) -> String {
        wire_id(self.0)
    }

    /// The key at the end of the second part of an address: `my-models-64f9…`, or alone.
    pub fn of_slug(slug: &str) -> Option<Self> {
        let digits = slug.get(slug.len().checked_sub(24)?..)?;
        key_of_wire_id(digits).map(Self)
    }
}

/// The key of an item of a collection.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ItemId(pub(crate) i64);

impl ItemId {
    /// The 24 digits of the API.
    pub fn wire(self) -> String {
        wire_id(self.0)
    }

    /// Reads the digits of the API; `None` for any other text.
    pub fn of_wire(text: &str) -> Option<Self> {
        key_of_wire_id(text).map(Self)
    }
}

/// What can be in a collection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ItemKind {
    /// A repository.
    Repo(RepoKind),
    /// A paper.
    Paper,
    /// Another collection.
    Collection,
}

impl ItemKind {
    /// The word of the API and of the row.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Repo(kind) => kind.word(),
            Self::Paper => "paper",
            Self::Collection => "collection",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        let repos = RepoKind::ALL.into_iter().map(Self::Repo);
        repos.chain([Self::Paper, Self::Collection]).find(|kind| kind.word() == word)
    }
}

/// A collection without what is in it.
#[derive(Clone, Debug)]
pub struct Collection {
    /// Its key.
    pub id: CollectionId,
    /// Whose it is.
    pub owner: NamespaceId,
    /// What it is called.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// Its colour.
    pub theme: String,
    /// Whether only its owner knows of it.
    pub private: bool,
    /// Its place among those of its owner.
    pub position: i64,
    /// How many people voted for it.
    pub upvotes: i64,
    /// When it last changed.
    pub changed: Timestamp,
}

/// An item as its row holds it.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) id: ItemId,
    pub(crate) kind: ItemKind,
    pub(crate) target: String,
    pub(crate) position: i64,
    pub(crate) note: String,
}

impl Collection {
    /// The second part of its address.
    pub fn slug(&self) -> String {
        let words: Vec<String> = self
            .title
            .to_lowercase()
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        let key = self.id.wire();
        if words.is_empty() { key } else { format!("{}-{key}", words.join("-")) }
    }

    fn is_visible_to(&self, caller: &Caller) -> bool {
        !self.private
            || caller.is_instance_admin()
            || caller.role_in(self.owner) >= Some(OrgRole::Read)
                && caller.ceiling(self.owner, None) >= Some(Access::Read)
    }
}

/// Refuses whoever may not change the collections of a namespace.
fn require_curator(caller: &Caller, owner: NamespaceId) -> Result<NamespaceId, CommunityError> {
    let user = caller.user().ok_or(CommunityError::NeedsLogin)?;
    let may = caller.is_instance_admin()
        || caller.role_in(owner) >= Some(OrgRole::Write) && caller.ceiling(owner, None) >= Some(Access::Write);
    if may {
        return Ok(user.id);
    }
    Err(CommunityError::Forbidden(
        "only the owner of a collection may change it: members of an organisation need the role 'write', and a token \
         the role 'write'"
            .to_owned(),
    ))
}

/// What is told of a collection that is missing or hidden.
fn no_such() -> CommunityError {
    CommunityError::NotFound("there is no such collection".to_owned())
}

/// Whether a repository is of the kind that an item says.
fn is_of(kind: ItemKind, repo: &RepoState) -> bool {
    kind == ItemKind::Repo(repo.addr.kind)
}
