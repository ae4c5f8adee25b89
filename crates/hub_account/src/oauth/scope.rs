//! What an app may ask for, in the words of the original hub, and what of it ends up in its access token.

use std::fmt;

use crate::namespace::Namespace;
use crate::scope::{Permission, Scope, ScopeEntity, TokenScopes};

/// The scope of an app that may create repositories, and do what it likes with those that it created.
const CONTRIBUTE: &str = "contribute-repos";

/// Each scope, and the permissions of tokens that follow on the name spaces that a person chose.
const SCOPES: &[(&str, &[&str])] = &[
    ("openid", &[]),
    ("profile", &[]),
    ("email", &[]),
    ("read-billing", &["user.billing.read"]),
    ("read-repos", &["repo.content.read"]),
    ("gated-repos", &[]),
    (CONTRIBUTE, &[]),
    ("write-repos", &["repo.write"]),
    ("manage-repos", &["repo.write"]),
    ("read-collections", &["collection.read"]),
    ("write-collections", &["collection.write"]),
    ("inference-api", &["inference.serverless.write"]),
    ("jobs", &["job.write"]),
    ("webhooks", &["user.webhooks.read", "user.webhooks.write"]),
    ("write-discussions", &[]),
];

/// One scope of an app.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct OauthScope(usize);

impl OauthScope {
    /// The word of the protocol.
    pub fn word(self) -> &'static str {
        SCOPES[self.0].0
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..SCOPES.len()).map(Self)
    }

    /// The scope of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        SCOPES.iter().position(|(known, _)| *known == word).map(Self)
    }

    /// Whether it is about things that belong to a name space, so that a person chooses which.
    fn is_about_namespaces(self) -> bool {
        !SCOPES[self.0].1.is_empty() || self.word() == CONTRIBUTE
    }
}

impl fmt::Debug for OauthScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Scopes without doubles, in one order. `Display` is the form of the protocol, and that of rows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OauthScopes(Vec<OauthScope>);

impl OauthScopes {
    /// Reads words with a space between. What is not known here is left out, as the standard permits: the answer says
    /// what was granted.
    pub fn read(text: &str) -> Self {
        text.split_ascii_whitespace().take(100).filter_map(OauthScope::of_word).collect()
    }

    /// Whether `word` is among them.
    pub fn has(&self, word: &str) -> bool {
        self.0.iter().any(|scope| scope.word() == word)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = OauthScope> + '_ {
        self.0.iter().copied()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all of `other` are among them.
    pub fn cover(&self, other: &Self) -> bool {
        other.0.iter().all(|scope| self.0.contains(scope))
    }

    /// Those that are in both.
    #[must_use]
    pub fn within(&self, allowed: &Self) -> Self {
        self.iter().filter(|scope| allowed.0.contains(scope)).collect()
    }

    /// Whether a person chooses for which of their organisations they hold.
    pub fn ask_for_orgs(&self) -> bool {
        self.0.iter().any(|scope| scope.is_about_namespaces())
    }

    /// What an access token of the app `app` with these scopes permits on `namespaces`.
    pub(crate) fn for_token(&self, app: i64, namespaces: &[Namespace]) -> TokenScopes {
        let permissions: Vec<Permission> =
            self.0.iter().flat_map(|scope| SCOPES[scope.0].1).filter_map(|word| word.parse().ok()).collect();
        let scope =
            |namespace: &Namespace| Scope { entity: ScopeEntity::from(namespace), permissions: permissions.clone() };
        let discussions = "discussion.write".parse().ok().filter(|_| self.has("write-discussions"));
        TokenScopes {
            scoped: if self.ask_for_orgs() { namespaces.iter().map(scope).collect() } else { Vec::new() },
            global: discussions.into_iter().collect(),
            can_read_gated_repos: self.has("gated-repos"),
            oauth: Some(self.to_string()),
            contributes_as: self.has(CONTRIBUTE).then_some(app),
        }
    }
}

impl FromIterator<OauthScope> for OauthScopes {
    fn from_iter<I: IntoIterator<Item = OauthScope>>(scopes: I) -> Self {
        let mut scopes: Vec<OauthScope> = scopes.into_iter().collect();
        scopes.sort_unstable();
        scopes.dedup();
        Self(scopes)
    }
}

impl fmt::Display for OauthScopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.0.iter().map(|scope| scope.word()).collect();
        f.write_str(&words.join(" "))
    }
}

#[cfg(test)]
mod tests;
