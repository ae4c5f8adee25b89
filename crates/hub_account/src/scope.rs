//! Scopes of fine-grained tokens: which entity, which permissions, and the [`Access`] that follows.
//!
//! The serde form is the one that `whoami-v2` shows and rows hold: `{"scoped": [{"entity": {"_id", "type", "name"},
//! "permissions": [...]}], "global": [...], "canReadGatedRepos": true}`. A repository is named by its key, which hub_repo
//! gives out; its name beside it is only shown.

use std::fmt;
use std::str::FromStr;

use hub_core::{Access, RepoKind};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::namespace::{Namespace, NamespaceId, NamespaceKind, key_of_wire_id, wire_id};

/// The permissions that the original hub knows. Hearth keeps and shows all of them; the table says what they open here.
const PERMISSIONS: &[(&str, Option<Access>)] = &[
    ("collection.read", None),
    ("collection.write", None),
    ("discussion.write", None),
    ("inference.endpoints.infer.write", None),
    ("inference.endpoints.write", None),
    ("inference.serverless.write", None),
    ("job.write", None),
    ("org.read", None),
    ("org.repos.write", Some(Access::Admin)),
    ("org.serviceAccounts.read", None),
    ("org.serviceAccounts.write", None),
    ("org.write", None),
    ("post.write", None),
    ("repo.access.read", Some(Access::Metadata)),
    ("repo.content.read", Some(Access::Read)),
    // On the original hub this is "write access to contents and settings", deletion included.
    ("repo.write", Some(Access::Admin)),
    ("resourceGroup.write", None),
    ("user.billing.read", None),
    ("user.mcp.read", None),
    ("user.webhooks.read", None),
    ("user.webhooks.write", None),
];

/// A text that is no permission of a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no permission of that name; the common ones are repo.content.read, repo.write, org.read, org.write")]
pub struct PermissionError;

/// One permission of a fine-grained token, such as `repo.content.read`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Permission(usize);

impl Permission {
    /// Read the content of repositories.
    pub const REPO_CONTENT_READ: &'static str = "repo.content.read";
    /// Write to repositories and change their settings.
    pub const REPO_WRITE: &'static str = "repo.write";
    /// Administer the organisation.
    pub const ORG_WRITE: &'static str = "org.write";
    /// Open discussions and pull requests, comment, vote.
    pub const DISCUSSION_WRITE: &'static str = "discussion.write";
    /// Write posts and articles, and answer to them.
    pub const POST_WRITE: &'static str = "post.write";
    /// Read the organisation's settings and members.
    pub const ORG_READ: &'static str = "org.read";

    /// The word of the API.
    pub fn word(self) -> &'static str {
        PERMISSIONS[self.0].0
    }

    fn access(self) -> Option<Access> {
        PERMISSIONS[self.0].1
    }
}

impl FromStr for Permission {
    type Err = PermissionError;

    fn from_str(text: &str) -> Result<Self, PermissionError> {
        PERMISSIONS.iter().position(|(word, _)| *word == text).map(Self).ok_or(PermissionError)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl fmt::Debug for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Serialize for Permission {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl<'de> Deserialize<'de> for Permission {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What a scope is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ScopeEntity {
    /// A person or an organisation: all of their repositories, and themselves.
    Namespace {
        /// Person or organisation.
        kind: NamespaceKind,
        /// Which.
        id: NamespaceId,
        /// Its name when the token was made, to show.
        name: String,
    },
    /// One repository.
    Repo {
        /// Of which kind.
        kind: RepoKind,
        /// Its key.
        id: i64,
        /// Its `namespace/name` when the token was made, to show.
        name: String,
    },
}

impl From<&Namespace> for ScopeEntity {
    fn from(namespace: &Namespace) -> Self {
        ScopeEntity::Namespace { kind: namespace.kind, id: namespace.id, name: namespace.name.to_string() }
    }
}

/// The entity as JSON.
#[derive(Serialize, Deserialize)]
struct EntityView {
    _id: String,
    r#type: String,
    name: String,
}

impl Serialize for ScopeEntity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (_id, word, name) = match self {
            ScopeEntity::Namespace { kind, id, name } => (id.to_string(), kind.word(), name),
            ScopeEntity::Repo { kind, id, name } => (wire_id(*id), kind.word(), name),
        };
        EntityView { _id, r#type: word.to_owned(), name: name.clone() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ScopeEntity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let EntityView { _id, r#type, name } = EntityView::deserialize(deserializer)?;
        let key = key_of_wire_id(&_id).ok_or_else(|| D::Error::custom("expected an id of 24 hexadecimal digits"))?;
        let namespace =
            [NamespaceKind::User, NamespaceKind::Organization].into_iter().find(|kind| kind.word() == r#type);
        let repo = RepoKind::ALL.into_iter().find(|kind| kind.word() == r#type);
        match (namespace, repo) {
            (Some(kind), _) => Ok(ScopeEntity::Namespace { kind, id: NamespaceId::new(key), name }),
            (None, Some(kind)) => Ok(ScopeEntity::Repo { kind, id: key, name }),
            (None, None) => Err(D::Error::custom("a scope is about a user, org, model, dataset, space or kernel")),
        }
    }
}

/// Permissions on one entity.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Scope {
    /// What it is about.
    pub entity: ScopeEntity,
    /// What it permits there.
    pub permissions: Vec<Permission>,
}

/// All that a fine-grained token permits. Empty for the other roles.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TokenScopes {
    /// Permissions per entity.
    pub scoped: Vec<Scope>,
    /// Permissions that need no entity (`discussion.write`, `post.write`).
    pub global: Vec<Permission>,
    /// Whether repositories of others that ask for consent may be read once they gave it.
    pub can_read_gated_repos: bool,
    /// The scopes that an app was granted, if the token is one of an app: `openid profile read-repos`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth: Option<String>,
    /// The key of the app that may create repositories in the name spaces of `scoped`, and do there what it likes with
    /// those that it created itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contributes_as: Option<i64>,
}

impl TokenScopes {
    /// The most scopes that one token may have.
    pub const MAX: usize = 200;

    /// See [`crate::Caller::ceiling`].
    pub(crate) fn ceiling(&self, namespace: NamespaceId, repo: Option<i64>) -> Option<Access> {
        let given = self.covering(namespace, repo).filter_map(Permission::access).max();
        // An app may write without being trusted to create and delete, for which permissions of tokens have no word.
        let is_trusted = self.oauth.as_ref().is_none_or(|words| words.split(' ').any(|word| word == "manage-repos"));
        let most = match (is_trusted, repo) {
            (true, _) => Access::Admin,
            (false, Some(_)) => Access::Write,
            (false, None) => Access::Read,
        };
        given.map(|access| access.min(most))
    }

    /// The app that may create repositories in `namespace` without having a say over the others there.
    pub(crate) fn contributor_to(&self, namespace: NamespaceId) -> Option<i64> {
        let is_chosen = |scope: &Scope| matches!(&scope.entity, ScopeEntity::Namespace { id, .. } if *id == namespace);
        self.contributes_as.filter(|_| self.scoped.iter().any(is_chosen))
    }

    /// Whether discussions may be taken part in there.
    pub(crate) fn may_discuss(&self, namespace: NamespaceId, repo: Option<i64>) -> bool {
        let mut given = self.global.iter().copied().chain(self.covering(namespace, repo));
        given.any(|permission| permission.word() == Permission::DISCUSSION_WRITE)
            || self.ceiling(namespace, repo) >= Some(Access::Write)
    }

    /// Whether posts and articles of a name space may be written and answered.
    pub(crate) fn may_post(&self, namespace: NamespaceId) -> bool {
        let is_global = self.global.iter().any(|permission| permission.word() == Permission::POST_WRITE);
        is_global || self.permits(namespace, Permission::POST_WRITE)
    }

    /// The permissions on a repository, by itself or by its owner.
    fn covering(&self, namespace: NamespaceId, repo: Option<i64>) -> impl Iterator<Item = Permission> {
        let covers = move |scope: &&Scope| match &scope.entity {
            ScopeEntity::Namespace { id, .. } => *id == namespace,
            ScopeEntity::Repo { id, .. } => repo == Some(*id),
        };
        self.scoped.iter().filter(covers).flat_map(|scope| scope.permissions.iter().copied())
    }

    /// Whether `permission` is given on the name space itself.
    pub(crate) fn permits(&self, namespace: NamespaceId, permission: &str) -> bool {
        self.scoped.iter().any(|scope| {
            matches!(&scope.entity, ScopeEntity::Namespace { id, .. } if *id == namespace)
                && scope.permissions.iter().any(|given| given.word() == permission)
        })
    }
}
