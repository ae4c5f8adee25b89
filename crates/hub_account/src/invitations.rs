//! Invitations to the instance: a code that lets one person sign up, once, until it ends.

use hub_core::{NamespaceName, SecretString, Timestamp};

use crate::Accounts;
use crate::audit::Act;
use crate::caller::By;
use crate::code::{digest, fresh_code};
use crate::error::AccountError;
use crate::label::Email;
use crate::namespace::{IdParseError, key_of_wire_id, wire_id};
use crate::store::invitations;

/// The database key of an invitation; on the wire 24 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct InvitationId(i64);

impl InvitationId {
    /// Wraps a key that a row bears.
    pub const fn new(key: i64) -> Self {
        Self(key)
    }

    /// The key as rows hold it.
    pub const fn key(self) -> i64 {
        self.0
    }
}

impl std::fmt::Display for InvitationId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&wire_id(self.0))
    }
}

impl std::str::FromStr for InvitationId {
    type Err = IdParseError;

    fn from_str(text: &str) -> Result<Self, IdParseError> {
        key_of_wire_id(text).map(Self).ok_or(IdParseError)
    }
}

/// An invitation that can still be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invitation {
    /// Its key.
    pub id: InvitationId,
    /// The only address of mail that may sign up with it; nothing for any.
    pub email: Option<Email>,
    /// Who made it; nothing for the operator or someone who is gone.
    pub created_by: Option<NamespaceName>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// An invitation that was just made, with the only copy of its code.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// Its key.
    pub id: InvitationId,
    /// The code for the link, which cannot be shown again.
    pub code: SecretString,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// How long an invitation lives when nobody says: a week.
const TTL_MILLIS: i64 = 7 * 86_400_000;
/// The most open invitations that are listed; nobody reads more.
const LIST_MAX: i64 = 1000;

impl Accounts {
    /// Invites someone to make an account, until `expires_at` or for a week.
    pub async fn invite(
        &self,
        by: By<'_>,
        email: Option<&Email>,
        expires_at: Option<Timestamp>,
    ) -> Result<NewInvitation, AccountError> {
        by.instance_admin()?;
        let now = self.now();
        let expires_at = expires_at.unwrap_or(now.plus_millis(TTL_MILLIS));
        if expires_at <= now {
            return Err(AccountError::EndsInPast);
        }
        let id = InvitationId(self.inner.ids.next_key());
        let code = fresh_code(&*self.inner.ids);
        let inviter = by.full_user()?.map(|user| user.id);
        let mut tx = self.inner.db.begin().await?;
        invitations::delete_expired(&mut tx, now).await?;
        invitations::insert(&mut tx, id, digest(&code), email, inviter, (now, expires_at)).await?;
        let shown = email.map(ToString::to_string).unwrap_or_default();
        self.record(&mut tx, by, Act::new("invitation.make", &shown)).await?;
        tx.commit().await?;
        Ok(NewInvitation { id, code, expires_at })
    }

    /// The invitations that can still be used, newest first.
    pub async fn invitations(&self, by: By<'_>) -> Result<Vec<Invitation>, AccountError> {
        by.instance_admin()?;
        Ok(invitations::open(&self.inner.db, self.now(), LIST_MAX).await?)
    }

    /// The invitation behind a code, for the sign-up form.
    pub async fn invitation(&self, code: &SecretString) -> Result<Invitation, AccountError> {
        let found = invitations::by_hash(&self.inner.db, digest(code), self.now()).await?;
        found.ok_or(AccountError::InvitationInvalid)
    }

    /// Takes an invitation back.
    pub async fn withdraw_invitation(&self, by: By<'_>, id: InvitationId) -> Result<(), AccountError> {
        by.instance_admin()?;
        let mut tx = self.inner.db.begin().await?;
        if !invitations::delete(&mut tx, id).await? {
            return Err(AccountError::NoSuchItem { what: "invitation" });
        }
        self.record(&mut tx, by, Act::new("invitation.withdraw", &id.to_string())).await?;
        Ok(tx.commit().await?)
    }
}
