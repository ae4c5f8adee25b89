//! Access tokens: made, shown once, listed with their last use, rotated, revoked.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hub_core::{SecretString, Timestamp, TokenRole};

use crate::Accounts;
use crate::audit::Act;
use crate::caller::{By, TokenGrant};
use crate::code::{digest, fresh_token};
use crate::error::AccountError;
use crate::label::Label;
use crate::namespace::{IdParseError, NamespaceId, NamespaceKind, key_of_wire_id, wire_id};
use crate::scope::{ScopeEntity, TokenScopes};
use crate::store::{members, namespaces, tokens};

/// The database key of a token; on the wire 24 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TokenId(i64);

impl TokenId {
    /// Wraps a key that a row bears.
    pub const fn new(key: i64) -> Self {
        Self(key)
    }

    /// The key as rows hold it.
    pub const fn key(self) -> i64 {
        self.0
    }
}

impl std::fmt::Display for TokenId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&wire_id(self.0))
    }
}

impl std::str::FromStr for TokenId {
    type Err = IdParseError;

    fn from_str(text: &str) -> Result<Self, IdParseError> {
        key_of_wire_id(text).map(Self).ok_or(IdParseError)
    }
}

/// A token as its owner sees it in the list: everything but its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token {
    /// Its name, role, scopes and span of life.
    pub grant: TokenGrant,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// A token to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What its owner calls it.
    pub display_name: Label,
    /// What it can do at most.
    pub role: TokenRole,
    /// Where and what: something for [`TokenRole::FineGrained`], nothing for the other roles.
    pub scopes: TokenScopes,
    /// When it ends; nothing for never.
    pub expires_at: Option<Timestamp>,
}

/// A token that was just made, with the only copy of its value.
#[derive(Clone, Debug)]
pub struct FreshToken {
    /// Its key.
    pub id: TokenId,
    /// Its value, which cannot be shown again.
    pub value: SecretString,
}

/// The most tokens that one person may have.
pub(crate) const TOKENS_MAX: i64 = 1000;
/// A use is written down only if the last one written is older than this.
const USE_GRAIN_MILLIS: i64 = 60_000;

/// Uses of tokens that are not yet in the database. Bounded by the number of tokens, for only valid ones are noted.
#[derive(Debug, Default)]
pub(crate) struct TokenUse(Mutex<HashMap<TokenId, Timestamp>>);

impl TokenUse {
    pub(crate) fn note(&self, id: TokenId, last_written: Option<Timestamp>, now: Timestamp) {
        if last_written.is_some_and(|last| now.millis() - last.millis() < USE_GRAIN_MILLIS) {
            return;
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, now);
    }

    fn take(&self) -> HashMap<TokenId, Timestamp> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts back what could not be written; a later note wins.
    fn restore(&self, uses: HashMap<TokenId, Timestamp>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, at) in uses {
            held.entry(id).or_insert(at);
        }
    }
}

impl Accounts {
    /// Makes a token for `owner` and gives the only copy of its value.
    pub async fn create_token(
        &self,
        by: By<'_>,
        owner: NamespaceId,
        new: NewToken,
    ) -> Result<FreshToken, AccountError> {
        by.person(owner)?;
        let now = self.now();
        if new.expires_at.is_some_and(|end| end <= now) {
            return Err(AccountError::EndsInPast);
        }
        self.check_scopes(owner, new.role, &new.scopes).await?;
        let id = TokenId(self.inner.ids.next_key());
        let value = fresh_token(&*self.inner.ids);
        let NewToken { display_name, role, scopes, expires_at } = new;
        let grant = TokenGrant { id, display_name, role, scopes, created_at: now, expires_at };
        let mut tx = self.inner.db.begin().await?;
        let is_user = namespaces::lock(&mut tx, owner).await? && tokens::is_user(&mut tx, owner).await?;
        if !is_user {
            return Err(AccountError::NoSuch { what: "user", name: owner.to_string() });
        }
        if tokens::count(&mut tx, owner).await? >= TOKENS_MAX {
            return Err(AccountError::TooManyTokens { most: TOKENS_MAX });
        }
        tokens::insert(&mut tx, owner, digest(&value), &grant).await?;
        let act = Act::new("token.create", grant.display_name.as_str()).with(grant.role.word());
        self.record(&mut tx, by, act).await?;
        tx.commit().await?;
        Ok(FreshToken { id, value })
    }

    /// The tokens of `owner`, newest first.
    pub async fn tokens(&self, by: By<'_>, owner: NamespaceId) -> Result<Vec<Token>, AccountError> {
        by.person(owner)?;
        self.flush_token_use().await?;
        Ok(tokens::of_user(&self.inner.db, owner).await?)
    }

    /// Gives a token another value; the old one ends at once.
    pub async fn rotate_token(&self, by: By<'_>, owner: NamespaceId, id: TokenId) -> Result<FreshToken, AccountError> {
        by.person(owner)?;
        let value = fresh_token(&*self.inner.ids);
        let mut tx = self.inner.db.begin().await?;
        if !tokens::replace_hash(&mut tx, owner, id, digest(&value), self.now()).await? {
            return Err(AccountError::NoSuchItem { what: "token" });
        }
        self.record(&mut tx, by, Act::new("token.rotate", &id.to_string())).await?;
        tx.commit().await?;
        Ok(FreshToken { id, value })
    }

    /// Ends a token.
    pub async fn revoke_token(&self, by: By<'_>, owner: NamespaceId, id: TokenId) -> Result<(), AccountError> {
        by.person(owner)?;
        let mut tx = self.inner.db.begin().await?;
        if !tokens::revoke(&mut tx, owner, id, self.now()).await? {
            return Err(AccountError::NoSuchItem { what: "token" });
        }
        self.record(&mut tx, by, Act::new("token.revoke", &id.to_string())).await?;
        Ok(tx.commit().await?)
    }

    /// Ends a token that leaked. Whoever has the value may do this; whether there was such a token is not told.
    pub async fn revoke_leaked(&self, value: &SecretString) -> Result<(), AccountError> {
        let mut tx = self.inner.db.begin().await?;
        tokens::revoke_hash(&mut tx, digest(value), self.now()).await?;
        Ok(tx.commit().await?)
    }

    /// Writes the noted uses of tokens down; called now and then and when the server stops.
    pub async fn flush_token_use(&self) -> Result<(), AccountError> {
        let uses = self.inner.token_use.take();
        if uses.is_empty() {
            return Ok(());
        }
        let written = self.write_token_use(&uses).await;
        if written.is_err() {
            self.inner.token_use.restore(uses);
        }
        written
    }

    async fn write_token_use(&self, uses: &HashMap<TokenId, Timestamp>) -> Result<(), AccountError> {
        // In the order of the keys, so that two replicas that note the same tokens cannot lock each other out.
        let mut uses: Vec<_> = uses.iter().collect();
        uses.sort_unstable();
        let mut tx = self.inner.db.begin().await?;
        for (id, at) in uses {
            tokens::touch(&mut tx, *id, *at).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn check_scopes(
        &self,
        owner: NamespaceId,
        role: TokenRole,
        scopes: &TokenScopes,
    ) -> Result<(), AccountError> {
        let refuse = |problem: String| Err(AccountError::Scopes { problem: problem.into() });
        if role != TokenRole::FineGrained {
            let empty = *scopes == TokenScopes::default();
            return if empty { Ok(()) } else { refuse("scopes belong to a token of the role fineGrained".to_owned()) };
        }
        if scopes.scoped.len() > TokenScopes::MAX {
            return refuse(format!("a token has at most {} scopes", TokenScopes::MAX));
        }
        if *scopes == TokenScopes::default() {
            return refuse("a fine-grained token needs at least one scope".to_owned());
        }
        let memberships = members::of_user(&self.inner.db, owner).await?;
        for scope in &scopes.scoped {
            if scope.permissions.is_empty() {
                return refuse("a scope needs at least one permission".to_owned());
            }
            if let ScopeEntity::Namespace { kind, id, name } = &scope.entity {
                let reaches = match kind {
                    NamespaceKind::User => *id == owner,
                    NamespaceKind::Organization => memberships.iter().any(|membership| membership.org == *id),
                };
                if !reaches {
                    return refuse(format!("a token reaches its owner and their organizations; '{name}' is neither"));
                }
            }
        }
        Ok(())
    }
}
