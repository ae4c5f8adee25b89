//! Sessions of browsers: begun by a password (and a second factor where there is one), listed, ended.
//!
//! The value is random and long, and only its SHA-256 is kept. A session ends thirty days after it was last seen, when
//! its owner ends it, when the password changes, and with the account. One that still waits for the second factor opens
//! nothing.

use std::sync::Arc;

use hub_core::{SecretString, Timestamp};

use crate::Accounts;
use crate::audit::Act;
use crate::caller::{By, Caller, CallerUser, Credential};
use crate::code::{digest, form_token, fresh_code};
use crate::error::AccountError;
use crate::namespace::{IdParseError, NamespaceId, key_of_wire_id, wire_id};
use crate::store::{factors, members, sessions, users};
use crate::throttle::Subject;

/// The database key of a session; on the wire 24 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SessionId(i64);

impl SessionId {
    /// Wraps a key that a row bears.
    pub const fn new(key: i64) -> Self {
        Self(key)
    }

    /// The key as rows hold it.
    pub const fn key(self) -> i64 {
        self.0
    }
}

impl std::fmt::Display for SessionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&wire_id(self.0))
    }
}

impl std::str::FromStr for SessionId {
    type Err = IdParseError;

    fn from_str(text: &str) -> Result<Self, IdParseError> {
        key_of_wire_id(text).map(Self).ok_or(IdParseError)
    }
}

/// Someone at the sign-in form.
#[derive(Clone, Debug)]
pub struct SignIn<'a> {
    /// A name or an address of mail.
    pub login: &'a str,
    /// The password.
    pub password: &'a SecretString,
    /// The network address that the request came from.
    pub address: &'a str,
    /// What the browser calls itself.
    pub client: &'a str,
}

/// A session that just began, with the only copy of its value.
#[derive(Clone, Debug)]
pub struct FreshSession {
    /// What the browser keeps.
    pub value: SecretString,
    /// Whether it opens nothing before a code of the second factor comes.
    pub needs_code: bool,
}

/// The session of a request, without its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionGrant {
    /// Its key.
    pub id: SessionId,
    /// What the forms of this session carry, so that no other site can send them.
    pub form_token: String,
    /// When it began.
    pub created_at: Timestamp,
}

/// A session as its owner sees it in the list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// Its key.
    pub id: SessionId,
    /// What the browser called itself.
    pub client: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last seen, to the hour.
    pub seen_at: Timestamp,
}

/// How long a session lives after it was last seen.
const TTL_MILLIS: i64 = 30 * 86_400_000;
/// How long a session may wait for the second factor.
const PENDING_TTL_MILLIS: i64 = 10 * 60_000;
/// That a session was seen is written down once in this time.
const SEEN_GRAIN_MILLIS: i64 = 3_600_000;
/// The most characters that are kept of a browser's name.
const CLIENT_MAX: usize = 200;
/// The most sessions that are listed, the latest first.
const LIST_MAX: i64 = 100;

impl Accounts {
    /// Begins a session for whoever knows the password. One of an account with a second factor waits for its code.
    ///
    /// # Errors
    /// [`AccountError::BadCredentials`], whatever is wrong; [`AccountError::TooManyFailures`] after many of them.
    pub async fn sign_in(&self, attempt: &SignIn<'_>) -> Result<FreshSession, AccountError> {
        let subjects = [Subject::login(attempt.login), Subject::address(attempt.address)];
        let user = self.check_password(attempt.login, attempt.password, &subjects).await?;
        let needs_code = factors::is_on(&self.inner.db, user.id).await?;
        self.begin_session(user.id, attempt.client, needs_code, "password").await
    }

    /// Begins a session of somebody who has proved who they are.
    pub(crate) async fn begin_session(
        &self,
        user: NamespaceId,
        client: &str,
        needs_code: bool,
        way: &str,
    ) -> Result<FreshSession, AccountError> {
        let now = self.now();
        let value = fresh_code(&*self.inner.ids);
        let row = sessions::NewSession {
            id: SessionId(self.inner.ids.next_key()),
            user,
            hash: digest(&value),
            client: client.chars().filter(|c| !c.is_control()).take(CLIENT_MAX).collect(),
            now,
            expires: now.plus_millis(if needs_code { PENDING_TTL_MILLIS } else { TTL_MILLIS }),
            verified: (!needs_code).then_some(now),
        };
        let mut tx = self.inner.db.begin().await?;
        sessions::delete_expired(&mut tx, now).await?;
        sessions::insert(&mut tx, &row).await?;
        let account = users::by_id_in(&mut tx, user).await?.ok_or(AccountError::BadCredentials)?;
        let name = account.name.as_str();
        let detail = if needs_code { format!("{way}, a second factor to come") } else { way.to_owned() };
        self.record_of(&mut tx, Some(user), name, "", Act::new("sign-in", name).with(&detail)).await?;
        tx.commit().await?;
        Ok(FreshSession { value, needs_code })
    }

    /// Lets a session that waits for the second factor in.
    ///
    /// # Errors
    /// [`AccountError::BadCredentials`] if no session waits under this value; [`AccountError::WrongCode`];
    /// [`AccountError::TooManyFailures`] after many wrong codes.
    pub async fn confirm_session(
        &self,
        value: &SecretString,
        code: &SecretString,
        address: &str,
    ) -> Result<(), AccountError> {
        let now = self.now();
        let waiting = sessions::waiting(&self.inner.db, digest(value), now).await?;
        let user = waiting.ok_or(AccountError::BadCredentials)?;
        let subjects = [Subject::second_factor(user), Subject::address(address)];
        self.refuse_hasty(&subjects).await?;
        if !self.use_code(user, code).await? {
            self.note_failure(&subjects).await?;
            return Err(AccountError::WrongCode);
        }
        self.verify_session(value).await?;
        self.forgive(&subjects[0]).await
    }

    /// Lets a session in that waited for the second factor.
    pub(crate) async fn verify_session(&self, value: &SecretString) -> Result<(), AccountError> {
        let now = self.now();
        let mut tx = self.inner.db.begin().await?;
        sessions::verify(&mut tx, digest(value), now, now.plus_millis(TTL_MILLIS)).await?;
        Ok(tx.commit().await?)
    }

    /// Whose session this is.
    ///
    /// # Errors
    /// [`AccountError::BadCredentials`] if it ended, never was, or still waits for the second factor.
    pub async fn authenticate_session(&self, value: &SecretString) -> Result<Caller, AccountError> {
        let db = &self.inner.db;
        let now = self.now();
        let found = sessions::bearer(db, digest(value), now).await?.ok_or(AccountError::BadCredentials)?;
        if now.millis() - found.session.seen_at.millis() >= SEEN_GRAIN_MILLIS {
            let mut tx = db.begin().await?;
            sessions::touch(&mut tx, found.session.id, now, now.plus_millis(TTL_MILLIS)).await?;
            tx.commit().await?;
        }
        let grant =
            SessionGrant { id: found.session.id, form_token: form_token(value), created_at: found.session.created_at };
        let memberships = members::of_user(db, found.user).await?;
        Ok(Caller::User(Arc::new(CallerUser {
            id: found.user,
            name: found.name,
            is_admin: found.is_admin,
            memberships,
            credential: Credential::Session(grant),
        })))
    }

    /// The sessions of `owner`, those seen last first.
    pub async fn sessions(&self, by: By<'_>, owner: NamespaceId) -> Result<Vec<Session>, AccountError> {
        by.person(owner)?;
        Ok(sessions::of_user(&self.inner.db, owner, self.now(), LIST_MAX).await?)
    }

    /// Ends one session of `owner`.
    pub async fn end_session(&self, by: By<'_>, owner: NamespaceId, id: SessionId) -> Result<(), AccountError> {
        by.person(owner)?;
        let mut tx = self.inner.db.begin().await?;
        if !sessions::delete(&mut tx, owner, id).await? {
            return Err(AccountError::NoSuchItem { what: "session" });
        }
        self.record(&mut tx, by, Act::new("session.end", &id.to_string())).await?;
        Ok(tx.commit().await?)
    }

    /// Ends all sessions of `owner` but the one that asks.
    pub async fn end_other_sessions(&self, by: By<'_>, owner: NamespaceId) -> Result<(), AccountError> {
        by.person(owner)?;
        let mut tx = self.inner.db.begin().await?;
        sessions::delete_others(&mut tx, owner, by.session()).await?;
        self.record(&mut tx, by, Act::new("session.end-others", &owner.to_string())).await?;
        Ok(tx.commit().await?)
    }

    /// Ends the session of that value, if there is one.
    pub async fn sign_out(&self, value: &SecretString) -> Result<(), AccountError> {
        let mut tx = self.inner.db.begin().await?;
        sessions::delete_value(&mut tx, digest(value)).await?;
        Ok(tx.commit().await?)
    }
}
