//! A new password for someone who forgot theirs: an administrator makes a link, the person sets the password by it.

use hub_core::{NamespaceName, SecretString, Timestamp};

use crate::Accounts;
use crate::audit::Act;
use crate::caller::By;
use crate::code::{digest, fresh_code};
use crate::error::AccountError;
use crate::store::{resets, sessions, users};

/// How long a link can be used: a day.
const TTL_MILLIS: i64 = 86_400_000;

/// A link that was just made, with the only copy of its code.
#[derive(Clone, Debug)]
pub struct PasswordReset {
    /// The code for the link, which cannot be shown again.
    pub code: SecretString,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Accounts {
    /// Makes a link for a person; one made before ends.
    pub async fn issue_password_reset(&self, by: By<'_>, name: &NamespaceName) -> Result<PasswordReset, AccountError> {
        by.instance_admin()?;
        let user = self.user(by, name).await?;
        let code = fresh_code(&*self.inner.ids);
        let expires_at = self.now().plus_millis(TTL_MILLIS);
        let mut tx = self.inner.db.begin().await?;
        resets::put(&mut tx, user.id, digest(&code), expires_at).await?;
        self.record(&mut tx, by, Act::new("password.link", user.name.as_str())).await?;
        tx.commit().await?;
        Ok(PasswordReset { code, expires_at })
    }

    /// Whether a link can still be used, for the page behind it.
    pub async fn is_password_reset(&self, code: &SecretString) -> Result<bool, AccountError> {
        Ok(resets::user_of(&self.inner.db, digest(code), self.now()).await?.is_some())
    }

    /// Sets the password of the person that the link was made for. All their sessions end; their second factor stays.
    pub async fn reset_password(&self, code: &SecretString, new: &SecretString) -> Result<(), AccountError> {
        // Before the slow hash, so that strangers with a wrong code cannot keep us busy.
        let user = resets::user_of(&self.inner.db, digest(code), self.now()).await?;
        let user = user.ok_or(AccountError::ResetInvalid)?;
        let hash = self.hash(new).await?;
        let mut tx = self.inner.db.begin().await?;
        if !resets::take(&mut tx, digest(code)).await? {
            return Err(AccountError::ResetInvalid);
        }
        users::set_password(&mut tx, user, &hash).await?;
        sessions::delete_others(&mut tx, user, None).await?;
        let account = users::by_id_in(&mut tx, user).await?.ok_or(AccountError::ResetInvalid)?;
        let name = account.name.as_str();
        self.record_of(&mut tx, Some(user), name, "link", Act::new("password.reset", name)).await?;
        Ok(tx.commit().await?)
    }
}
