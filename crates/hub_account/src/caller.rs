//! Who asks, and the most that their credential lets them do.
//!
//! A caller's power over a repository is the lesser of two things: what the person may do there (their own name space,
//! their role in the organisation), and what the credential permits there ([`Caller::ceiling`]). This module knows both
//! halves for name spaces; hub_repo joins them with the visibility of the repository.

use std::sync::Arc;

use hub_core::{Access, NamespaceName, OrgRole, Timestamp, TokenRole};

use crate::label::Label;
use crate::large_files::LargeFileGrant;
use crate::namespace::NamespaceId;
use crate::scope::TokenScopes;
use crate::sessions::SessionGrant;
use crate::tokens::TokenId;

/// Who makes a request.
#[derive(Clone, Debug, Default)]
pub enum Caller {
    /// Nobody that we know.
    #[default]
    Anonymous,
    /// A person, or a machine with a person's token.
    User(Arc<CallerUser>),
}

/// A signed-in caller, as known when the request began.
#[derive(Debug)]
pub struct CallerUser {
    /// Their key, which is also the key of their own name space.
    pub id: NamespaceId,
    /// Their name.
    pub name: NamespaceName,
    /// Whether they administer the instance. Ask [`Caller::is_instance_admin`], which also looks at the credential.
    pub is_admin: bool,
    /// The organisations that they belong to.
    pub memberships: Vec<Membership>,
    /// How they proved who they are.
    pub credential: Credential,
}

/// A person's place in an organisation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Membership {
    /// The organisation.
    pub org: NamespaceId,
    /// Its name.
    pub name: NamespaceName,
    /// What the person may do there.
    pub role: OrgRole,
}

/// How a caller proved who they are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Credential {
    /// By password.
    Password,
    /// By the session of a browser, which a password began.
    Session(SessionGrant),
    /// By an access token.
    Token(TokenGrant),
    /// By a pass for the large files of one repository, which only the doors of large files take.
    LargeFiles(LargeFileGrant),
}

/// The token of a request, without its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenGrant {
    /// Its key.
    pub id: TokenId,
    /// What its owner calls it.
    pub display_name: Label,
    /// What it can do at most.
    pub role: TokenRole,
    /// Where and what, if the role is fine-grained.
    pub scopes: TokenScopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// By what a caller can be found again: [`Accounts::authenticate_again`](crate::Accounts::authenticate_again).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallerKey {
    /// Nobody that we know.
    Anonymous,
    /// A person, and the token that they came with.
    Token {
        /// Whose it is.
        user: NamespaceId,
        /// Its key.
        token: TokenId,
    },
    /// A person, however they came.
    Person(NamespaceId),
}

impl Credential {
    /// Whether it lets its owner do everything that they may do.
    pub fn is_full(&self) -> bool {
        match self {
            Credential::Password | Credential::Session(_) => true,
            Credential::Token(token) => token.role == TokenRole::Write,
            Credential::LargeFiles(_) => false,
        }
    }
}

impl Caller {
    /// The signed-in person, if there is one.
    pub fn user(&self) -> Option<&CallerUser> {
        match self {
            Caller::Anonymous => None,
            Caller::User(user) => Some(user),
        }
    }

    /// By what the caller can be found again. A token that no row keeps stands for its person.
    pub fn key(&self) -> CallerKey {
        let Some(user) = self.user() else { return CallerKey::Anonymous };
        match &user.credential {
            Credential::Token(token) if token.id.key() != 0 => CallerKey::Token { user: user.id, token: token.id },
            _ => CallerKey::Person(user.id),
        }
    }

    /// What the person is in `namespace`: [`OrgRole::Admin`] in their own, their role in an organisation.
    pub fn role_in(&self, namespace: NamespaceId) -> Option<OrgRole> {
        let user = self.user()?;
        if user.id == namespace {
            return Some(OrgRole::Admin);
        }
        user.memberships.iter().find(|membership| membership.org == namespace).map(|membership| membership.role)
    }

    /// The most that the credential permits on `repo` of `namespace`, or on a new repository there if `repo` is `None`.
    ///
    /// `None` means that the credential has no say there: the caller is treated like a stranger, who sees what is public.
    pub fn ceiling(&self, namespace: NamespaceId, repo: Option<i64>) -> Option<Access> {
        match &self.user()?.credential {
            Credential::Password | Credential::Session(_) => Some(Access::Admin),
            Credential::Token(token) => match token.role {
                TokenRole::Read => Some(Access::Read),
                TokenRole::Write => Some(Access::Admin),
                TokenRole::FineGrained => token.scopes.ceiling(namespace, repo),
            },
            Credential::LargeFiles(pass) => pass.ceiling(repo),
        }
    }

    /// The app that asks, by its key, if it may create repositories in `namespace` and has a say there over those alone
    /// that it created.
    pub fn contributor_to(&self, namespace: NamespaceId) -> Option<i64> {
        match &self.user()?.credential {
            Credential::Token(token) => token.scopes.contributor_to(namespace),
            Credential::Password | Credential::Session(_) | Credential::LargeFiles(_) => None,
        }
    }

    /// The app that asks, by its key, if it may have a say over what it created, wherever that is now.
    pub fn contributor(&self) -> Option<i64> {
        match &self.user()?.credential {
            Credential::Token(token) => token.scopes.contributes_as,
            Credential::Password | Credential::Session(_) | Credential::LargeFiles(_) => None,
        }
    }

    /// Whether the credential may speak for the person on `repo` of `namespace`: open discussions and pull requests, comment,
    /// vote. Reading tokens may not.
    pub fn may_discuss(&self, namespace: NamespaceId, repo: Option<i64>) -> bool {
        self.user().is_some_and(|user| match &user.credential {
            Credential::Password | Credential::Session(_) => true,
            Credential::Token(token) => match token.role {
                TokenRole::Read => false,
                TokenRole::Write => true,
                TokenRole::FineGrained => token.scopes.may_discuss(namespace, repo),
            },
            Credential::LargeFiles(_) => false,
        })
    }

    /// Whether the credential may speak for the person in posts and articles of `namespace`: write them, answer, vote.
    pub fn may_post(&self, namespace: NamespaceId) -> bool {
        self.user().is_some_and(|user| match &user.credential {
            Credential::Password | Credential::Session(_) => true,
            Credential::Token(token) => match token.role {
                TokenRole::Read => false,
                TokenRole::Write => true,
                TokenRole::FineGrained => token.scopes.may_post(namespace),
            },
            Credential::LargeFiles(_) => false,
        })
    }

    /// The namespaces whose hidden repositories the caller may read, by role and by credential: their own, and those of
    /// their organisations.
    pub fn readable_namespaces(&self) -> Vec<NamespaceId> {
        let Some(user) = self.user() else { return Vec::new() };
        let is_reader = |membership: &&Membership| membership.role >= OrgRole::Read;
        let organizations = user.memberships.iter().filter(is_reader).map(|membership| membership.org);
        std::iter::once(user.id)
            .chain(organizations)
            .filter(|namespace| self.ceiling(*namespace, None) >= Some(Access::Read))
            .collect()
    }

    /// Whether the credential lets the person read gated repositories of others that have granted them access.
    pub fn may_read_gated(&self) -> bool {
        self.user().is_some_and(|user| match &user.credential {
            Credential::Password | Credential::Session(_) => true,
            Credential::Token(token) => token.role != TokenRole::FineGrained || token.scopes.can_read_gated_repos,
            // The owner could when the pass was made, and it reaches no other repository.
            Credential::LargeFiles(_) => true,
        })
    }

    /// Whether the caller administers the instance and comes with a credential that is not narrowed.
    pub fn is_instance_admin(&self) -> bool {
        self.user().is_some_and(|user| user.is_admin && user.credential.is_full())
    }
}

/// On whose word a use case of this crate acts.
#[derive(Clone, Copy, Debug)]
pub enum By<'a> {
    /// Whoever runs the command line on the machine itself: they hold the database, so nothing is refused to them.
    Operator,
    /// Whoever makes a request.
    Caller(&'a Caller),
}

impl<'a> From<&'a Caller> for By<'a> {
    fn from(caller: &'a Caller) -> Self {
        By::Caller(caller)
    }
}

#[cfg(test)]
mod tests;
