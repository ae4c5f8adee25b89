//! From a token or a password to a [`Caller`].

use std::sync::Arc;

use hub_core::{NamespaceName, SecretString};

use crate::Accounts;
use crate::caller::{Caller, CallerKey, CallerUser, Credential};
use crate::code::digest;
use crate::error::AccountError;
use crate::namespace::NamespaceId;
use crate::store::{factors, members, tokens, users};
use crate::throttle::Subject;
use crate::users::User;

/// The most bytes of a name or an address of mail.
const LOGIN_MAX: usize = 254;

impl Accounts {
    /// Who holds this token.
    ///
    /// The value is looked up by its hash, so the time this takes tells nothing about other values. The use is noted in
    /// memory and written down by [`Accounts::flush_token_use`]: no request waits for a write.
    pub async fn authenticate_token(&self, value: &SecretString) -> Result<Caller, AccountError> {
        let db = &self.inner.db;
        let now = self.now();
        let bearer = tokens::bearer(db, digest(value), now).await?.ok_or(AccountError::BadCredentials)?;
        self.inner.token_use.note(bearer.token.grant.id, bearer.token.last_used_at, now);
        let credential = Credential::Token(bearer.token.grant);
        self.caller(bearer.user, bearer.name, bearer.is_admin, credential).await
    }

    /// Whoever was let in before, as they stand now: with the roles of today, and not at all if their token was revoked or
    /// has expired, or their account was disabled or deleted.
    ///
    /// For permissions that were given out some time ago and are about to be used.
    pub async fn authenticate_again(&self, key: CallerKey) -> Result<Caller, AccountError> {
        let (id, name, is_admin, credential) = match key {
            CallerKey::Anonymous => return Ok(Caller::Anonymous),
            CallerKey::Token { user, token } => {
                let found = tokens::bearer_by_id(&self.inner.db, token, self.now()).await?;
                let bearer = found.filter(|bearer| bearer.user == user).ok_or(AccountError::BadCredentials)?;
                (bearer.user, bearer.name, bearer.is_admin, Credential::Token(bearer.token.grant))
            }
            CallerKey::Person(id) => {
                let user = users::by_id(&self.inner.db, id).await?.filter(|user| user.disabled_at.is_none());
                let user = user.ok_or(AccountError::BadCredentials)?;
                (user.id, user.name, user.is_admin, Credential::Password)
            }
        };
        self.caller(id, name, is_admin, credential).await
    }

    /// Who has this name, or this email, and this password.
    ///
    /// An unknown name, an account without a password and a disabled one take as long as a wrong password, and so does
    /// an account with a second factor, which opens by a session or a token only.
    pub async fn authenticate_password(&self, login: &str, password: &SecretString) -> Result<Caller, AccountError> {
        let user = self.check_password(login, password, &[Subject::login(login)]).await?;
        // The password alone is not enough for such an account, and this door has no place for a code.
        if factors::is_on(&self.inner.db, user.id).await? {
            return Err(AccountError::BadCredentials);
        }
        self.caller(user.id, user.name, user.is_admin, Credential::Password).await
    }

    /// The person behind a name and a password. Failures are counted by `subjects`, of which the first is the account.
    pub(crate) async fn check_password(
        &self,
        login: &str,
        password: &SecretString,
        subjects: &[Subject],
    ) -> Result<User, AccountError> {
        self.refuse_hasty(subjects).await?;
        // A text that no name or address can be is not asked for: the database would refuse some of them.
        let is_possible = login.len() <= LOGIN_MAX && !login.chars().any(char::is_control);
        let sign_in = if is_possible { users::sign_in(&self.inner.db, login).await? } else { None };
        let (id, hash) = match sign_in {
            Some(sign_in) => (Some(sign_in.id), sign_in.password_hash),
            None => (None, None),
        };
        if !self.inner.passwords.verify(password, hash).await? {
            self.note_failure(subjects).await?;
            return Err(AccountError::BadCredentials);
        }
        if let Some(account) = subjects.first() {
            self.forgive(account).await?;
        }
        let user = match id {
            Some(id) => users::by_id(&self.inner.db, id).await?,
            None => None,
        };
        user.filter(|user| user.disabled_at.is_none()).ok_or(AccountError::BadCredentials)
    }

    pub(crate) async fn caller(
        &self,
        id: NamespaceId,
        name: NamespaceName,
        is_admin: bool,
        credential: Credential,
    ) -> Result<Caller, AccountError> {
        let memberships = members::of_user(&self.inner.db, id).await?;
        Ok(Caller::User(Arc::new(CallerUser { id, name, is_admin, memberships, credential })))
    }
}
