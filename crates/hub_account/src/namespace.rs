//! The name space that people and organisations share: its ids, its entries, and how they are looked up.

use std::fmt;
use std::str::FromStr;

use hub_core::{NamespaceName, Timestamp, Visibility};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Accounts;
use crate::error::AccountError;
use crate::label::Label;
use crate::page::{Page, PageQuery};
use crate::store::{Names, namespaces};

/// The database key of a person or an organisation.
///
/// The wire shows ids as 24 hexadecimal digits, which is also how `Display`, `FromStr` and serde write and read it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NamespaceId(i64);

impl NamespaceId {
    /// Wraps a key that a row of the `namespace` table bears.
    pub const fn new(key: i64) -> Self {
        Self(key)
    }

    /// The key as rows hold it.
    pub const fn key(self) -> i64 {
        self.0
    }
}

impl fmt::Display for NamespaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&wire_id(self.0))
    }
}

/// A text that is no id of 24 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an id of 24 hexadecimal digits")]
pub struct IdParseError;

impl FromStr for NamespaceId {
    type Err = IdParseError;

    fn from_str(text: &str) -> Result<Self, IdParseError> {
        key_of_wire_id(text).map(Self).ok_or(IdParseError)
    }
}

impl Serialize for NamespaceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for NamespaceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Writes a database key as the 24 hexadecimal digits that clients expect of an `_id`.
pub fn wire_id(key: i64) -> String {
    format!("{key:024x}")
}

/// Reads what [`wire_id`] wrote; `None` for any other text.
pub fn key_of_wire_id(text: &str) -> Option<i64> {
    let shaped = text.len() == 24 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !shaped {
        return None;
    }
    i64::from_str_radix(text, 16).ok().filter(|key| *key > 0)
}

/// Whether an entry of the name space is a person or an organisation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum NamespaceKind {
    /// A person, or a machine that acts as one.
    #[serde(rename = "user")]
    User,
    /// An organisation with members.
    #[serde(rename = "org")]
    Organization,
}

impl NamespaceKind {
    /// The word of the API: `user` or `org`.
    pub const fn word(self) -> &'static str {
        match self {
            NamespaceKind::User => "user",
            NamespaceKind::Organization => "org",
        }
    }

    /// The number under which rows hold the kind.
    pub(crate) const fn to_db(self) -> i64 {
        match self {
            NamespaceKind::User => 0,
            NamespaceKind::Organization => 1,
        }
    }

    /// Reads the number of a row.
    pub(crate) const fn from_db(number: i64) -> Option<Self> {
        match number {
            0 => Some(NamespaceKind::User),
            1 => Some(NamespaceKind::Organization),
            _ => None,
        }
    }
}

/// A person or an organisation, as everyone may know it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Namespace {
    /// Its key.
    pub id: NamespaceId,
    /// Its name, in the case that its owner chose.
    pub name: NamespaceName,
    /// Person or organisation.
    pub kind: NamespaceKind,
    /// The name that is shown to people.
    pub full_name: Label,
    /// How a new repository is made when its creator does not say.
    pub default_visibility: Visibility,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Namespace {
    /// The path of its picture on this instance.
    pub fn avatar_path(&self) -> String {
        avatar_path(&self.name)
    }
}

/// The path of the picture of whoever bears `name`.
pub fn avatar_path(name: &NamespaceName) -> String {
    format!("/avatars/{name}")
}

/// Among how many names a text in the middle of one is looked for.
const LOOKED_THROUGH: i64 = 10_000;

impl Accounts {
    /// Looks up a person or an organisation by name, whatever its case.
    pub async fn namespace(&self, name: &NamespaceName) -> Result<Option<Namespace>, AccountError> {
        Ok(namespaces::by_key(&self.inner.db, &name.key()).await?)
    }

    /// Looks up a person or an organisation by id.
    pub async fn namespace_by_id(&self, id: NamespaceId) -> Result<Option<Namespace>, AccountError> {
        Ok(namespaces::by_id(&self.inner.db, id).await?)
    }

    /// People or organisations in the order of their names, as everyone may know them; with `search`, those whose name
    /// holds it. Where there are more than 10,000 of a kind, a search gives those whose name begins with it, so that it
    /// costs the same among millions. Disabled people are left out.
    pub async fn directory(
        &self,
        kind: NamespaceKind,
        search: &str,
        page: &PageQuery,
    ) -> Result<Page<Namespace>, AccountError> {
        // A text with a NUL is in no name, and the database would refuse it.
        if search.contains('\0') || page.after().contains('\0') {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let names = self.names_for(kind, search, page).await?;
        let found = namespaces::page(&self.inner.db, kind, &names, page.probe()).await?;
        Ok(page.cut(found, |namespace| namespace.name.key()))
    }

    /// The names in which a page of a search is found.
    pub(crate) async fn names_for(
        &self,
        kind: NamespaceKind,
        search: &str,
        page: &PageQuery,
    ) -> Result<Names, AccountError> {
        let text = search.trim().to_lowercase();
        let is_crowd = !text.is_empty() && namespaces::are_more_than(&self.inner.db, kind, LOOKED_THROUGH).await?;
        let (beginning, holding) = if is_crowd { (text.as_str(), "") } else { ("", text.as_str()) };
        Ok(Names::new(page.after(), beginning, holding))
    }

    /// People or organisations for a box in which somebody types: those whose names begin with the text, then those whose
    /// names hold it, as far as that is found quickly. Disabled people are left out.
    pub async fn suggest(&self, kind: NamespaceKind, text: &str, limit: usize) -> Result<Vec<Namespace>, AccountError> {
        let text = text.trim().to_lowercase();
        if text.contains('\0') {
            return Ok(Vec::new());
        }
        let wanted = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut found = namespaces::beginning_with(&self.inner.db, kind, &text, wanted).await?;
        if found.len() < limit {
            let holding = namespaces::holding(&self.inner.db, kind, &text, LOOKED_THROUGH, wanted).await?;
            let known: Vec<NamespaceId> = found.iter().map(|namespace| namespace.id).collect();
            found.extend(holding.into_iter().filter(|namespace| !known.contains(&namespace.id)));
            found.truncate(limit);
        }
        Ok(found)
    }

    /// Looks up many names at once; those that nobody bears are left out. Each name must be given once.
    pub async fn namespaces_by_name(&self, names: &[NamespaceName]) -> Result<Vec<Namespace>, AccountError> {
        Ok(namespaces::by_names(&self.inner.db, names).await?)
    }

    /// Looks up many at once; those that do not exist are left out, and the order is not that of `ids`.
    pub async fn namespaces_by_id(&self, ids: &[NamespaceId]) -> Result<Vec<Namespace>, AccountError> {
        Ok(namespaces::by_ids(&self.inner.db, ids).await?)
    }
}

#[cfg(test)]
mod tests;
