//! Signing in through another house (OpenID Connect): what is remembered while somebody is there, and whose account the
//! one who comes back has here.
//!
//! Rules of linking: an identity elsewhere (issuer and subject) is one account's. It is linked by who is signed in here
//! and goes there on purpose; or, if the operator says so, by an address of mail that both houses know to be proved; or
//! it makes a new account, as far as the operator lets it. A name or an unproved address never links: whoever chose them
//! elsewhere may be anybody. The second factor of an account here is asked for here.

use hub_core::{NamespaceName, SecretString, Timestamp};
use serde_json::Value;

use crate::Accounts;
use crate::audit::Act;
use crate::caller::By;
use crate::code::{digest, fresh_code};
use crate::error::AccountError;
use crate::jwt::{Expected, JwtError, KeySet, verify};
use crate::label::{Email, Label};
use crate::namespace::NamespaceId;
use crate::sessions::FreshSession;
use crate::store::{factors, namespaces, sso, users};
use crate::users::{NewUser, check_name};

/// How long somebody may take at the other house.
const PENDING_TTL_MILLIS: i64 = 15 * 60_000;
/// How many names are tried for a new account.
const NAMES_TRIED: u32 = 100;

/// Who may come in by single sign-on without an account here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SsoSignUp {
    /// Whoever the issuer knows gets an account.
    #[default]
    Everyone,
    /// Whoever has a proved address in one of the domains of the configuration.
    Domains,
    /// Nobody: accounts are made here and linked.
    Nobody,
}

/// What the operator decides about single sign-on.
#[derive(Clone, Debug, Default)]
pub struct SsoPolicy {
    /// Who the issuer is.
    pub issuer: String,
    /// Who this house is there.
    pub client_id: String,
    /// Who may come without an account.
    pub sign_up: SsoSignUp,
    /// The domains of addresses that count for that.
    pub domains: Vec<String>,
    /// Whether an address that both houses know to be proved links an account.
    pub link_by_email: bool,
    /// The claim that new accounts are named by.
    pub name_claim: String,
}

/// What a browser takes along to the other house.
#[derive(Clone, Debug)]
pub struct SsoBegin {
    /// Comes back unchanged.
    pub state: SecretString,
    /// Must stand in the token.
    pub nonce: SecretString,
    /// Whose hash goes along.
    pub verifier: SecretString,
}

/// What was remembered of somebody who comes back.
#[derive(Clone, Debug)]
pub struct SsoPending {
    /// Proves to the other house that we began.
    pub verifier: SecretString,
    /// Where they wanted to go here.
    pub next: String,
    nonce: String,
    /// Who was signed in here and wants to link.
    user: Option<NamespaceId>,
}

/// What became of somebody who came back.
#[derive(Clone, Debug)]
pub enum SsoArrival {
    /// They are signed in.
    SignedIn(FreshSession),
    /// Their account here has the identity now.
    Linked,
}

/// An identity elsewhere that opens an account here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SsoIdentity {
    /// Who says so.
    pub issuer: String,
    /// Who they are there.
    pub subject: String,
    /// How the other house called them when they were linked.
    pub shown: String,
    /// Since when.
    pub created_at: Timestamp,
}

/// What the other house says of somebody.
struct Claims {
    subject: String,
    email: Option<Email>,
    full_name: Option<Label>,
    name: String,
}

impl Accounts {
    /// Somebody goes to the other house. With `link`, to add an identity to the account that they are signed in to.
    pub async fn begin_sso(&self, by: By<'_>, next: &str, link: bool) -> Result<SsoBegin, AccountError> {
        let user = match link {
            true => Some(by.full_user()?.ok_or(AccountError::NeedsLogin)?.id),
            false => None,
        };
        let ids = &*self.inner.ids;
        let verifier = format!("{}{}", fresh_code(ids).reveal(), fresh_code(ids).reveal());
        let begin = SsoBegin { state: fresh_code(ids), nonce: fresh_code(ids), verifier: SecretString::new(verifier) };
        let now = self.now();
        let mut tx = self.inner.db.begin().await?;
        sso::delete_expired(&mut tx, now).await?;
        sso::insert_pending(&mut tx, digest(&begin.state), &begin, next, user, now.plus_millis(PENDING_TTL_MILLIS))
            .await?;
        tx.commit().await?;
        Ok(begin)
    }

    /// Somebody comes back; what was remembered is used up.
    pub async fn take_sso(&self, state: &SecretString) -> Result<SsoPending, AccountError> {
        let mut tx = self.inner.db.begin().await?;
        let found = sso::take_pending(&mut tx, digest(state), self.now()).await?;
        tx.commit().await?;
        let (nonce, verifier, next, user) = found.ok_or(AccountError::SsoExpired)?;
        Ok(SsoPending { verifier: SecretString::new(verifier), next, nonce, user })
    }

    /// Lets somebody in whose token the other house signed.
    pub async fn arrive_by_sso(
        &self,
        policy: &SsoPolicy,
        pending: &SsoPending,
        keys: &KeySet,
        token: &str,
        client: &str,
    ) -> Result<SsoArrival, AccountError> {
        let expected = Expected {
            issuer: &policy.issuer,
            audience: &policy.client_id,
            nonce: Some(&pending.nonce),
            now_secs: self.now().seconds(),
        };
        let claims = Claims::of(&verify(token, keys, expected)?, policy)?;
        if let Some(user) = pending.user {
            self.link_sso(policy, user, &claims).await?;
            return Ok(SsoArrival::Linked);
        }
        let user = match sso::user_of(&self.inner.db, &policy.issuer, &claims.subject).await? {
            Some(user) => user,
            None => self.meet_sso(policy, &claims).await?,
        };
        let account = users::by_id(&self.inner.db, user).await?;
        account.filter(|account| account.disabled_at.is_none()).ok_or(AccountError::SsoRefused)?;
        let needs_code = factors::is_on(&self.inner.db, user).await?;
        Ok(SsoArrival::SignedIn(self.begin_session(user, client, needs_code, "single sign-on").await?))
    }

    /// Gives an account the identity.
    async fn link_sso(&self, policy: &SsoPolicy, user: NamespaceId, claims: &Claims) -> Result<(), AccountError> {
        let mut tx = self.inner.db.begin().await?;
        let (subject, shown) = (claims.subject.as_str(), claims.shown());
        if !sso::insert(&mut tx, &policy.issuer, subject, user, &shown, self.now()).await?
            && sso::user_of_in(&mut tx, &policy.issuer, subject).await? != Some(user)
        {
            return Err(AccountError::SsoTaken);
        }
        let account = users::by_id_in(&mut tx, user).await?.ok_or(AccountError::SsoRefused)?;
        let (name, detail) = (account.name.as_str(), claims.shown());
        self.record_of(&mut tx, Some(user), name, "", Act::new("sso.link", name).with(&detail)).await?;
        Ok(tx.commit().await?)
    }

    /// Finds or makes the account of somebody who was never here.
    async fn meet_sso(&self, policy: &SsoPolicy, claims: &Claims) -> Result<NamespaceId, AccountError> {
        if let Some(email) = claims.email.as_ref().filter(|_| policy.link_by_email)
            && let Some(known) = users::sign_in(&self.inner.db, email.as_str()).await?
            && let Some(user) = users::by_id(&self.inner.db, known.id).await?
            && user.email_verified_at.is_some()
        {
            self.link_sso(policy, user.id, claims).await?;
            return Ok(user.id);
        }
        if !policy.admits(claims) {
            return Err(AccountError::SsoRefused);
        }
        self.sign_up_by_sso(policy, claims).await
    }

    async fn sign_up_by_sso(&self, policy: &SsoPolicy, claims: &Claims) -> Result<NamespaceId, AccountError> {
        for number in 1..=NAMES_TRIED {
            let Some(name) = claims.name_for(number) else { continue };
            let mut tx = self.inner.db.begin().await?;
            if namespaces::by_key_in(&mut tx, &name.key()).await?.is_some() {
                continue;
            }
            let new = NewUser { name, full_name: claims.full_name.clone(), email: None, password: None };
            let space = match self.insert_user(&mut tx, new, None, false).await {
                Err(AccountError::NameTaken { .. }) => continue,
                other => other?,
            };
            if let Some(email) = &claims.email {
                // An address that another account has stays there; this one does without.
                users::set_email(&mut tx, space.id, email, Some(self.now())).await?;
            }
            let (subject, shown) = (claims.subject.as_str(), claims.shown());
            if !sso::insert(&mut tx, &policy.issuer, subject, space.id, &shown, self.now()).await? {
                // The same person came twice at once, and the other was faster.
                drop(tx);
                let found = sso::user_of(&self.inner.db, &policy.issuer, subject).await?;
                return found.ok_or(AccountError::SsoTaken);
            }
            let name = space.name.as_str();
            self.record_of(&mut tx, Some(space.id), name, "", Act::new("user.sign-up", name).with("single sign-on"))
                .await?;
            tx.commit().await?;
            return Ok(space.id);
        }
        Err(AccountError::NameTaken { name: claims.name.clone() })
    }

    /// The identities elsewhere that open an account.
    pub async fn sso_identities(&self, by: By<'_>, owner: NamespaceId) -> Result<Vec<SsoIdentity>, AccountError> {
        by.person(owner)?;
        Ok(sso::of_user(&self.inner.db, owner).await?)
    }

    /// Takes an identity from an account. The last way in stays.
    pub async fn unlink_sso(
        &self,
        by: By<'_>,
        owner: NamespaceId,
        issuer: &str,
        subject: &str,
    ) -> Result<(), AccountError> {
        by.person(owner)?;
        let user = users::by_id(&self.inner.db, owner).await?;
        let mut tx = self.inner.db.begin().await?;
        if !sso::delete(&mut tx, owner, issuer, subject).await? {
            return Err(AccountError::NoSuchItem { what: "identity" });
        }
        self.record(&mut tx, by, Act::new("sso.unlink", subject).with(issuer)).await?;
        let has_password = user.is_some_and(|user| user.has_password);
        if !has_password && by.is_self(owner) && sso::count(&mut tx, owner).await? == 0 {
            return Err(AccountError::LastWayIn);
        }
        Ok(tx.commit().await?)
    }
}

impl SsoPolicy {
    /// Whether somebody may come without an account.
    fn admits(&self, claims: &Claims) -> bool {
        match self.sign_up {
            SsoSignUp::Everyone => true,
            SsoSignUp::Nobody => false,
            SsoSignUp::Domains => claims.email.as_ref().is_some_and(|email| {
                let host = email.as_str().rsplit('@').next().unwrap_or_default();
                self.domains.iter().any(|domain| domain.eq_ignore_ascii_case(host))
            }),
        }
    }
}

impl Claims {
    fn of(claims: &Value, policy: &SsoPolicy) -> Result<Self, AccountError> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str).filter(|text| !text.contains('\0'));
        let subject = text("sub").filter(|subject| !subject.is_empty() && subject.len() <= 255);
        // Some write the truth value as text.
        let is_proved =
            matches!(claims.get("email_verified"), Some(Value::Bool(true))) || text("email_verified") == Some("true");
        let email: Option<Email> = text("email").filter(|_| is_proved).and_then(|email| email.parse().ok());
        let given = text(&policy.name_claim).or(text("preferred_username")).or(text("nickname"));
        let local = email.as_ref().and_then(|email| email.as_str().split('@').next());
        Ok(Self {
            subject: subject.ok_or(JwtError::Claim("subject"))?.to_owned(),
            full_name: text("name").and_then(|name| name.parse().ok()),
            name: plain_name(given.or(local).unwrap_or("user")),
            email,
        })
    }

    /// How the other house calls them.
    fn shown(&self) -> String {
        self.email.as_ref().map_or_else(|| self.name.clone(), ToString::to_string)
    }

    /// The name of a new account: the first as it is, later ones with a number behind.
    fn name_for(&self, number: u32) -> Option<NamespaceName> {
        let text = if number == 1 { self.name.clone() } else { format!("{}-{number}", self.name) };
        text.parse().ok().filter(|name| check_name(name).is_ok())
    }
}

/// What of a name elsewhere can be a name here.
fn plain_name(text: &str) -> String {
    let local = text.split('@').next().unwrap_or_default();
    let mut plain = String::new();
    for c in local.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => plain.push(c),
            _ if plain.is_empty() || plain.ends_with('-') => {}
            _ => plain.push('-'),
        }
        if plain.len() >= 36 {
            break;
        }
    }
    let plain = plain.trim_end_matches('-');
    if plain.len() < 2 { format!("user{plain}") } else { plain.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::plain_name;

    #[test]
    fn names_from_elsewhere_become_names_that_can_be_registered() {
        let check = |given: &str, expect: &str| assert_eq!(plain_name(given), expect);
        check("Ada.Lovelace@example.org", "Ada-Lovelace");
        check("__x__y__", "x-y");
        check("é", "user");
        check("a", "usera");
        check(&"long".repeat(20), &"long".repeat(9));
    }
}
