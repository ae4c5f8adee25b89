//! Names of people, organisations and repositories, and the address that they form.
//!
//! Two rules exist. *Addressable* names are all that may ever stand in the database (imports keep names that older hubs
//! accepted): they parse here. *Registrable* names are what the sign-up form and repository creation accept:
//! `check_registrable`. A name that cannot be addressed does not exist, so a failed parse is answered "not found".

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::RepoKind;

/// Why a text is no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing there.
    #[error("the name is empty")]
    Empty,
    /// Longer than [`NAME_MAX`] bytes.
    #[error("the name is longer than {NAME_MAX} characters")]
    TooLong,
    /// Some character outside `A-Z a-z 0-9 - _ .`.
    #[error("the name may hold only letters, digits, '-', '_' and '.'")]
    BadCharacter,
    /// Starts or ends with '-' or '.', or holds '--' or '..'.
    #[error("the name may not start or end with '-' or '.', nor contain '--' or '..'")]
    BadPlacement,
    /// Ends in `.git` or `.ipynb`, which the URLs use.
    #[error("the name may not end with '.git' or '.ipynb'")]
    ReservedEnding,
    /// A word that a URL of Hearth uses.
    #[error("the name is reserved")]
    Reserved,
    /// A user or organisation name with '_' or '.', or shorter than two characters.
    #[error("the name of a person or organisation has 2 to 42 letters, digits and single '-' inside")]
    NotForNamespace,
    /// Not of the form `namespace/name`.
    #[error("a repository id has the form 'namespace/name'")]
    NotAnAddress,
}

/// The most bytes that a name may have.
pub(crate) const NAME_MAX: usize = 96;

/// First path segments that Hearth's own URLs use, so that no person can be called like them.
const RESERVED: &[&str] = &[
    "about",
    "admin",
    "api",
    "assets",
    "auth",
    "blog",
    "buckets",
    "cas",
    "chat",
    "collections",
    "datasets",
    "docs",
    "favicon",
    "feed",
    "front",
    "git",
    "hardware",
    "health",
    "hearth",
    "index",
    "insights",
    "join",
    "kernels",
    "languages",
    "login",
    "logout",
    "me",
    "metrics",
    "models",
    "new",
    "none",
    "notifications",
    "null",
    "oauth",
    "openapi",
    "organizations",
    "papers",
    "posts",
    "pricing",
    "resolve",
    "robots",
    "search",
    "security",
    "settings",
    "setup",
    "signup",
    "spaces",
    "static",
    "tasks",
    "tokens",
    "trending",
    "undefined",
    "uploads",
    "users",
    "v1",
    "v2",
    "well-known",
    "xet",
];

fn check_addressable(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > NAME_MAX {
        return Err(NameError::TooLong);
    }
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        return Err(NameError::BadCharacter);
    }
    if text == "." || text == ".." || text.starts_with('.') {
        return Err(NameError::BadPlacement);
    }
    Ok(())
}

fn check_placement(text: &str) -> Result<(), NameError> {
    let edge = |c: Option<char>| matches!(c, Some('-' | '.'));
    if edge(text.chars().next()) || edge(text.chars().last()) || text.contains("--") || text.contains("..") {
        return Err(NameError::BadPlacement);
    }
    Ok(())
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The name as its owner wrote it.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The form under which names are compared: two names that differ only in case are one name.
            pub fn key(&self) -> String {
                self.0.to_ascii_lowercase()
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                check_addressable(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

name_type!(
    /// The name of a person or an organisation: they share one name space.
    NamespaceName
);
name_type!(
    /// The name of a repository inside its namespace.
    RepoName
);

impl NamespaceName {
    /// Holds the name against the rule for new accounts.
    pub fn check_registrable(&self) -> Result<(), NameError> {
        check_placement(&self.0)?;
        if !(2..=42).contains(&self.0.len()) || self.0.contains(['_', '.']) {
            return Err(NameError::NotForNamespace);
        }
        if RESERVED.contains(&self.key().as_str()) {
            return Err(NameError::Reserved);
        }
        Ok(())
    }
}

impl RepoName {
    /// Holds the name against the rule for new repositories.
    pub fn check_registrable(&self) -> Result<(), NameError> {
        check_placement(&self.0)?;
        if self.key().ends_with(".git") || self.key().ends_with(".ipynb") {
            return Err(NameError::ReservedEnding);
        }
        Ok(())
    }
}

/// Where a repository is found: kind and `namespace/name`, the wire's `repo_id`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RepoAddr {
    /// Model, dataset, Space, kernel or bucket.
    pub kind: RepoKind,
    /// Whose it is.
    pub namespace: NamespaceName,
    /// Its name.
    pub name: RepoName,
}

impl RepoAddr {
    /// Parses `namespace/name`.
    pub fn parse(kind: RepoKind, repo_id: &str) -> Result<Self, NameError> {
        let (namespace, name) = repo_id.split_once('/').ok_or(NameError::NotAnAddress)?;
        Ok(Self { kind, namespace: namespace.parse()?, name: name.parse()? })
    }

    /// Parses what people write: `ada/m`, `datasets/ada/d`, or the address of the page.
    pub fn named(text: &str) -> Result<Self, NameError> {
        let parts: Vec<&str> = text.trim().trim_matches('/').split('/').collect();
        let (kind, namespace, name) = match parts.as_slice() {
            [namespace, name] => (RepoKind::Model, namespace, name),
            [.., kind, namespace, name] => (RepoKind::from_word(kind).unwrap_or(RepoKind::Model), namespace, name),
            _ => return Err(NameError::NotAnAddress),
        };
        Ok(Self { kind, namespace: namespace.parse()?, name: name.parse()? })
    }

    /// `namespace/name`.
    pub fn repo_id(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// The path of the repository's page without a leading slash: `datasets/ns/name`, for models `ns/name`.
    pub fn url_path(&self) -> String {
        format!("{}{}/{}", self.kind.url_prefix(), self.namespace, self.name)
    }
}

/// Shows `kind namespace/name`, for logs and messages.
impl fmt::Display for RepoAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}

#[cfg(test)]
mod tests;
