//! Passkeys (WebAuthn level 2): registered by who is signed in, named, removed; they sign in without a password, and stand
//! in for the code of the second factor.
//!
//! A browser sends the public key beside the authenticator's own words, so nothing here reads CBOR: no attestation is
//! asked for, and without one the key is a claim of the browser in either form. What counts is proved at each sign-in: a
//! signature over our challenge, our host, and the presence of a person whom the authenticator has recognised.

mod ceremony;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hub_core::{SecretString, Timestamp};
use serde::Deserialize;

use crate::Accounts;
use crate::audit::Act;
use crate::caller::By;
use crate::code::{digest, fresh_code};
use crate::error::AccountError;
use crate::label::Label;
use crate::namespace::{IdParseError, NamespaceId, key_of_wire_id, wire_id};
use crate::sessions::FreshSession;
use crate::store::{passkeys, sessions, users};
use crate::throttle::Subject;

pub(crate) use ceremony::Registration;

use ceremony::Assertion;

/// How long a browser may take to answer a challenge.
const CHALLENGE_TTL_MILLIS: i64 = 5 * 60_000;
/// The most passkeys of one person.
const PASSKEYS_MAX: i64 = 50;

/// The database key of a passkey; on the wire 24 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PasskeyId(i64);

impl PasskeyId {
    /// Wraps a key that a row bears.
    pub const fn new(key: i64) -> Self {
        Self(key)
    }

    /// The key as rows hold it.
    pub const fn key(self) -> i64 {
        self.0
    }
}

impl std::fmt::Display for PasskeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&wire_id(self.0))
    }
}

impl std::str::FromStr for PasskeyId {
    type Err = IdParseError;

    fn from_str(text: &str) -> Result<Self, IdParseError> {
        key_of_wire_id(text).map(Self).ok_or(IdParseError)
    }
}

/// A passkey as its owner sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Passkey {
    /// Its key.
    pub id: PasskeyId,
    /// What its owner calls it.
    pub name: Label,
    /// By which the authenticator knows it, in base64url.
    pub credential_id: String,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

/// What an authenticator is asked for.
#[derive(Clone, Debug)]
pub struct PasskeyChallenge {
    /// What it must sign.
    pub challenge: SecretString,
    /// Passkeys that the person has: not to be registered again, or those that may answer.
    pub known: Vec<String>,
}

/// Where the ceremony takes place: origin and host of this house, as browsers name them.
#[derive(Clone, Debug)]
pub struct PasskeyPlace {
    /// `https://hub.example.org`.
    pub origin: String,
    /// `hub.example.org`.
    pub host: String,
}

impl PasskeyPlace {
    /// The place of an address; nothing where browsers have no passkeys, such as a host that is a number.
    pub fn of(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let authority = rest.split('/').next()?;
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        };
        let is_number = host.starts_with('[') || host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let is_safe = scheme == "https" || host == "localhost" || host.ends_with(".localhost");
        let place = Self { origin: format!("{scheme}://{authority}"), host: host.to_owned() };
        (!is_number && is_safe && !host.is_empty()).then_some(place)
    }
}

/// What a browser sends of a new passkey; bytes are base64url.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewPasskey {
    /// What was signed about.
    #[serde(rename = "clientDataJSON")]
    pub client_data: String,
    /// What the authenticator says.
    pub authenticator_data: String,
    /// The key as SubjectPublicKeyInfo.
    pub public_key: String,
}

/// What a browser sends of a sign-in; bytes are base64url.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PasskeyAnswer {
    /// Which passkey.
    pub id: String,
    /// What was signed about.
    #[serde(rename = "clientDataJSON")]
    pub client_data: String,
    /// What the authenticator says.
    pub authenticator_data: String,
    /// Its signature.
    pub signature: String,
}

fn decode(text: &str) -> Result<Vec<u8>, AccountError> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| AccountError::PasskeyRefused)
}

impl Accounts {
    /// Begins the registration of a passkey.
    pub async fn begin_passkey(&self, by: By<'_>) -> Result<PasskeyChallenge, AccountError> {
        let user = by.full_user()?.ok_or(AccountError::NeedsLogin)?;
        let known = passkeys::of_user(&self.inner.db, user.id).await?.into_iter().map(|key| key.credential_id);
        Ok(PasskeyChallenge { challenge: self.challenge("create", Some(user.id)).await?, known: known.collect() })
    }

    /// Registers a passkey of who is signed in.
    pub async fn add_passkey(
        &self,
        by: By<'_>,
        place: &PasskeyPlace,
        name: Label,
        new: &NewPasskey,
    ) -> Result<PasskeyId, AccountError> {
        let user = by.full_user()?.ok_or(AccountError::NeedsLogin)?;
        let registration = Registration::read(place, new)?;
        self.use_challenge(&registration.challenge, "create", Some(user.id)).await?;
        let id = PasskeyId(self.inner.ids.next_key());
        let mut tx = self.inner.db.begin().await?;
        crate::store::namespaces::lock(&mut tx, user.id).await?;
        if passkeys::count(&mut tx, user.id).await? >= PASSKEYS_MAX {
            return Err(AccountError::TooManyPasskeys { most: PASSKEYS_MAX });
        }
        if !passkeys::insert(&mut tx, id, user.id, &name, &registration, self.now()).await? {
            return Err(AccountError::PasskeyTaken);
        }
        self.record(&mut tx, by, Act::new("passkey.add", name.as_str())).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// The passkeys of `owner`, newest first.
    pub async fn passkeys(&self, by: By<'_>, owner: NamespaceId) -> Result<Vec<Passkey>, AccountError> {
        by.person(owner)?;
        Ok(passkeys::of_user(&self.inner.db, owner).await?)
    }

    /// Gives a passkey another name.
    pub async fn rename_passkey(
        &self,
        by: By<'_>,
        owner: NamespaceId,
        id: PasskeyId,
        name: &Label,
    ) -> Result<(), AccountError> {
        by.person(owner)?;
        let mut tx = self.inner.db.begin().await?;
        if !passkeys::rename(&mut tx, owner, id, name).await? {
            return Err(AccountError::NoSuchItem { what: "passkey" });
        }
        Ok(tx.commit().await?)
    }

    /// Takes a passkey away; it opens nothing any more.
    pub async fn delete_passkey(&self, by: By<'_>, owner: NamespaceId, id: PasskeyId) -> Result<(), AccountError> {
        by.person(owner)?;
        let mut tx = self.inner.db.begin().await?;
        if !passkeys::delete(&mut tx, owner, id).await? {
            return Err(AccountError::NoSuchItem { what: "passkey" });
        }
        self.record(&mut tx, by, Act::new("passkey.delete", &id.to_string())).await?;
        Ok(tx.commit().await?)
    }

    /// Begins a sign-in by passkey. With the session of someone whose password was right, one of their passkeys is asked
    /// for; else any, and the passkey says whose it is.
    pub async fn begin_passkey_sign_in(
        &self,
        waiting: Option<&SecretString>,
    ) -> Result<PasskeyChallenge, AccountError> {
        let user = match waiting {
            Some(session) => sessions::waiting(&self.inner.db, digest(session), self.now()).await?,
            None => None,
        };
        let known = match user {
            Some(user) => passkeys::of_user(&self.inner.db, user).await?.into_iter().map(|k| k.credential_id).collect(),
            None => Vec::new(),
        };
        Ok(PasskeyChallenge { challenge: self.challenge("get", user).await?, known })
    }

    /// Lets the holder of a passkey in: in a session of their own, or in the one that waits for the second factor.
    ///
    /// # Errors
    /// [`AccountError::PasskeyRefused`], whatever is wrong.
    pub async fn sign_in_by_passkey(
        &self,
        place: &PasskeyPlace,
        answer: &PasskeyAnswer,
        waiting: Option<&SecretString>,
        address: &str,
        client: &str,
    ) -> Result<Option<FreshSession>, AccountError> {
        let subjects = [Subject::address(address)];
        self.refuse_hasty(&subjects).await?;
        match self.check_passkey(place, answer, waiting).await {
            Ok((user, true)) => {
                let session = waiting.ok_or(AccountError::PasskeyRefused)?;
                self.verify_session(session).await?;
                self.forgive(&Subject::second_factor(user)).await?;
                Ok(None)
            }
            Ok((user, false)) => Ok(Some(self.begin_session(user, client, false, "passkey").await?)),
            Err(error) => {
                self.note_failure(&subjects).await?;
                Err(error)
            }
        }
    }

    /// Whose passkey answered, and whether for a session that waits.
    async fn check_passkey(
        &self,
        place: &PasskeyPlace,
        answer: &PasskeyAnswer,
        waiting: Option<&SecretString>,
    ) -> Result<(NamespaceId, bool), AccountError> {
        let assertion = Assertion::read(place, answer)?;
        let held = passkeys::by_credential(&self.inner.db, &decode(&answer.id)?).await?;
        let held = held.ok_or(AccountError::PasskeyRefused)?;
        let account = users::by_id(&self.inner.db, held.user).await?;
        account.filter(|user| user.disabled_at.is_none()).ok_or(AccountError::PasskeyRefused)?;
        let waiter = match waiting {
            Some(session) => sessions::waiting(&self.inner.db, digest(session), self.now()).await?,
            None => None,
        };
        if waiter.is_some_and(|waiter| waiter != held.user) {
            return Err(AccountError::PasskeyRefused);
        }
        self.use_challenge(&assertion.challenge, "get", waiter).await?;
        assertion.verify(&held.public_key)?;
        let mut tx = self.inner.db.begin().await?;
        if !passkeys::note_use(&mut tx, held.id, assertion.sign_count, self.now()).await? {
            // The count went back: there are two of what should be one.
            return Err(AccountError::PasskeyRefused);
        }
        tx.commit().await?;
        Ok((held.user, waiter.is_some()))
    }

    async fn challenge(&self, purpose: &str, user: Option<NamespaceId>) -> Result<SecretString, AccountError> {
        let challenge = fresh_code(&*self.inner.ids);
        let now = self.now();
        let mut tx = self.inner.db.begin().await?;
        passkeys::delete_expired(&mut tx, now).await?;
        let end = now.plus_millis(CHALLENGE_TTL_MILLIS);
        passkeys::insert_challenge(&mut tx, digest(&challenge), purpose, user, end).await?;
        tx.commit().await?;
        Ok(SecretString::new(URL_SAFE_NO_PAD.encode(challenge.reveal())))
    }

    /// Uses a challenge up; it must have been given for this purpose and person.
    async fn use_challenge(
        &self,
        challenge: &str,
        purpose: &str,
        user: Option<NamespaceId>,
    ) -> Result<(), AccountError> {
        let bytes = decode(challenge)?;
        let text = String::from_utf8(bytes).map_err(|_| AccountError::PasskeyRefused)?;
        let mut tx = self.inner.db.begin().await?;
        let hash = digest(&SecretString::new(text));
        let taken = passkeys::take_challenge(&mut tx, hash, purpose, self.now()).await?;
        tx.commit().await?;
        if taken == Some(user) { Ok(()) } else { Err(AccountError::PasskeyRefused) }
    }
}

#[cfg(test)]
mod tests {
    use super::PasskeyPlace;

    #[test]
    fn passkeys_have_a_place_where_browsers_have_them() {
        let check = |url: &str, expect: Option<(&str, &str)>| {
            let place = PasskeyPlace::of(url);
            assert_eq!(place.as_ref().map(|place| (place.origin.as_str(), place.host.as_str())), expect, "{url}");
        };
        check("https://hub.example.org", Some(("https://hub.example.org", "hub.example.org")));
        check("https://hub.example.org:8443/x", Some(("https://hub.example.org:8443", "hub.example.org")));
        check("http://localhost:8080", Some(("http://localhost:8080", "localhost")));
        check("http://hub.example.org", None);
        check("http://127.0.0.1:8080", None);
        check("https://[::1]:8443", None);
    }
}
