//! The environment of a Space: variables that whoever may read it sees, and secrets whose values nobody is told again.
//!
//! Both are set by whoever may write to the Space. A copy of a Space takes the variables along and never the secrets.

use std::str::FromStr;

use hub_core::{Access, RepoKind, SecretString};

use crate::store::environment;
use crate::{Repo, RepoError};

/// The most entries of each kind in one Space.
const ENTRIES_MAX: i64 = 100;
/// The most bytes of a name, a value and a description.
const NAME_MAX: usize = 256;
const VALUE_MAX: usize = 32 * 1024;
const DESCRIPTION_MAX: usize = 1000;

/// What an entry is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EnvironmentKind {
    /// Written only.
    Secret,
    /// Shown to whoever may read the Space.
    Variable,
}

impl EnvironmentKind {
    /// The word of the row and of messages.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            EnvironmentKind::Secret => "secret",
            EnvironmentKind::Variable => "variable",
        }
    }
}

/// A text that no entry can be called.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a name begins with a letter and goes on with letters, digits and '_', at most {NAME_MAX} in all")]
pub struct EnvironmentNameError;

/// How an entry is called.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct EnvironmentName(String);

impl EnvironmentName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EnvironmentName {
    type Err = EnvironmentNameError;

    fn from_str(text: &str) -> Result<Self, EnvironmentNameError> {
        let begins = text.bytes().next().is_some_and(|first| first.is_ascii_alphabetic());
        let goes_on = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if begins && goes_on && text.len() <= NAME_MAX { Ok(Self(text.to_owned())) } else { Err(EnvironmentNameError) }
    }
}

/// What an entry holds, on its way in. It is not shown by mistake, whatever its kind.
#[derive(Clone, Debug)]
pub struct EnvironmentValue(pub(crate) SecretString);

impl EnvironmentValue {
    /// Takes a text.
    ///
    /// # Errors
    /// [`RepoError::Unprocessable`] for one that is too long, or that no environment can hold.
    pub fn new(text: SecretString) -> Result<Self, RepoError> {
        if text.reveal().len() > VALUE_MAX || text.reveal().contains('\0') {
            let message = format!("a value has at most {VALUE_MAX} bytes, none of them zero");
            return Err(RepoError::Unprocessable(message));
        }
        Ok(Self(text))
    }
}

/// An entry to set.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// How it is called.
    pub name: EnvironmentName,
    /// What it holds.
    pub value: EnvironmentValue,
    /// What it is for; `None` leaves what was said before.
    pub description: Option<String>,
}

/// An entry as it is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EnvironmentEntry {
    /// How it is called.
    pub name: EnvironmentName,
    /// What it holds; `None` for every secret.
    pub value: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// When it was last set.
    pub updated: hub_core::Timestamp,
}

impl Repo {
    /// The entries of a kind in the order of their names: variables for whoever may read, secrets for whoever may write.
    pub async fn environment(&self, kind: EnvironmentKind) -> Result<Vec<EnvironmentEntry>, RepoError> {
        self.require(if kind == EnvironmentKind::Secret { Access::Write } else { Access::Read })?;
        Ok(environment::of_repo(self.repos.db(), self.id(), kind).await?)
    }

    /// Sets entries, all or none; those of the same names are replaced.
    ///
    /// # Errors
    /// [`RepoError::Unprocessable`] for a repository that is no Space, for too many entries or too long a description.
    pub async fn set_environment(&self, kind: EnvironmentKind, entries: &[NewEntry]) -> Result<(), RepoError> {
        self.require(Access::Write)?;
        if self.addr().kind != RepoKind::Space {
            return Err(RepoError::Unprocessable("only a Space has secrets and variables".to_owned()));
        }
        if entries.iter().filter_map(|entry| entry.description.as_ref()).any(|text| text.len() > DESCRIPTION_MAX) {
            return Err(RepoError::Unprocessable(format!("a description has at most {DESCRIPTION_MAX} bytes")));
        }
        let too_many = || {
            let word = kind.word();
            RepoError::Unprocessable(format!(
                "a Space has at most {ENTRIES_MAX} entries of the kind {word}: delete some"
            ))
        };
        if i64::try_from(entries.len()).is_ok_and(|count| count > ENTRIES_MAX) {
            return Err(too_many());
        }
        let now = self.repos.clock().now();
        let mut tx = self.repos.db().begin().await?;
        // Whoever comes second waits here, so that the count is right and the Space still there.
        if !crate::store::repos::touch(&mut tx, self.id(), now).await? {
            return Err(RepoError::RepoNotFound);
        }
        for entry in entries {
            environment::put(&mut tx, self.id(), kind, entry, now).await?;
        }
        if environment::count(&mut tx, self.id(), kind).await? > ENTRIES_MAX {
            return Err(too_many());
        }
        self.note(&mut tx, "repo.settings", serde_json::json!({ "repo": self.addr().repo_id() })).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes an entry away. One that is not there is no failure, as clients expect.
    pub async fn remove_from_environment(&self, kind: EnvironmentKind, name: &str) -> Result<(), RepoError> {
        self.require(Access::Write)?;
        let mut tx = self.repos.db().begin().await?;
        if environment::remove(&mut tx, self.id(), kind, name).await? {
            self.note(&mut tx, "repo.settings", serde_json::json!({ "repo": self.addr().repo_id() })).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_an_environment_can_have() {
        for good in ["a", "HF_TOKEN", "x9_"] {
            assert_eq!(good.parse::<EnvironmentName>().unwrap().as_str(), good);
        }
        for bad in ["", "_a", "9a", "a-b", "a b", "ä", "a=b", "a\0", &"x".repeat(257)] {
            assert!(bad.parse::<EnvironmentName>().is_err(), "{bad:?}");
        }
        assert!(EnvironmentValue::new(SecretString::new("a\0b")).is_err());
        assert!(EnvironmentValue::new(SecretString::new("x".repeat(VALUE_MAX + 1))).is_err());
    }
}
