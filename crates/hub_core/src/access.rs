//! Who may do what: visibility of repositories, roles in organisations, roles of tokens.

use serde::{Deserialize, Serialize};

/// What a caller wants of a repository.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Access {
    /// Learn that it exists: name, card facts, file list. A gated repository grants this to everyone.
    Metadata,
    /// Read the content of its files.
    Read,
    /// Bring content for a pull request. Whoever may read may propose, with a credential that may speak for them.
    Propose,
    /// Add commits, branches, tags.
    Write,
    /// Change settings, rename, delete, rewrite history.
    Admin,
}

/// Who may know of a repository.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Everyone.
    Public,
    /// Its owner and the members of its organisation.
    Private,
    /// A Space whose app is public and whose files are private.
    Protected,
}

impl Visibility {
    /// The word of the API.
    pub const fn word(self) -> &'static str {
        match self {
            Visibility::Public => "public",
            Visibility::Private => "private",
            Visibility::Protected => "protected",
        }
    }

    /// Reads the word of the API.
    pub fn from_word(word: &str) -> Option<Self> {
        [Visibility::Public, Visibility::Private, Visibility::Protected].into_iter().find(|v| v.word() == word)
    }

    /// Whether strangers must not learn that the repository exists.
    pub const fn is_hidden(self) -> bool {
        !matches!(self, Visibility::Public)
    }
}

/// What a member may do in an organisation, from nothing to everything.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrgRole {
    /// Member in name only.
    NoAccess,
    /// Reads what the organisation keeps private.
    Read,
    /// Also creates repositories, and writes to those that they created.
    Contributor,
    /// Also writes to every repository.
    Write,
    /// Also administers repositories and members.
    Admin,
}

impl OrgRole {
    /// Every role, weakest first.
    pub const ALL: [OrgRole; 5] =
        [OrgRole::NoAccess, OrgRole::Read, OrgRole::Contributor, OrgRole::Write, OrgRole::Admin];

    /// The word of the API.
    pub const fn word(self) -> &'static str {
        match self {
            OrgRole::NoAccess => "no_access",
            OrgRole::Read => "read",
            OrgRole::Contributor => "contributor",
            OrgRole::Write => "write",
            OrgRole::Admin => "admin",
        }
    }

    /// Reads the word of the API.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// What a token can do at most, whatever its owner may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum TokenRole {
    /// Reads all that its owner may read.
    #[serde(rename = "read")]
    Read,
    /// Does all that its owner may do.
    #[serde(rename = "write")]
    Write,
    /// Does what its scopes say.
    #[serde(rename = "fineGrained")]
    FineGrained,
}

impl TokenRole {
    /// The word of the API.
    pub const fn word(self) -> &'static str {
        match self {
            TokenRole::Read => "read",
            TokenRole::Write => "write",
            TokenRole::FineGrained => "fineGrained",
        }
    }

    /// Reads the word of the API.
    pub fn from_word(word: &str) -> Option<Self> {
        [TokenRole::Read, TokenRole::Write, TokenRole::FineGrained].into_iter().find(|role| role.word() == word)
    }
}
