//! The first administrator: whoever started Hearth reads a link from its output that makes them administrator, once.

use hub_core::SecretString;

use crate::Accounts;
use crate::code::{digest, fresh_code};
use crate::error::AccountError;
use crate::namespace::Namespace;
use crate::store::{invitations, users};
use crate::users::NewUser;

impl Accounts {
    /// The code of the setup link, fresh at each start, while there is no administrator; `None` once there is one.
    ///
    /// Only the hash is kept, so the code of an earlier start cannot be shown again: it ends here.
    pub async fn issue_setup_code(&self) -> Result<Option<SecretString>, AccountError> {
        let code = fresh_code(&*self.inner.ids);
        let mut tx = self.inner.db.begin().await?;
        let issued = if users::admins_in(&mut tx).await? > 0 {
            invitations::drop_setup(&mut tx).await?;
            None
        } else {
            invitations::put_setup(&mut tx, digest(&code), self.now()).await?;
            Some(code)
        };
        tx.commit().await?;
        Ok(issued)
    }

    /// Whether the code of a setup link can still be used, for the page behind it.
    pub async fn is_setup_code(&self, code: &SecretString) -> Result<bool, AccountError> {
        Ok(invitations::is_setup(&self.inner.db, digest(code)).await?)
    }

    /// Makes the first administrator and ends the setup link.
    pub async fn set_up(&self, code: &SecretString, new: NewUser) -> Result<Namespace, AccountError> {
        // Before the slow hash, so that strangers with a wrong code cannot keep us busy.
        if !self.is_setup_code(code).await? {
            return Err(AccountError::SetupInvalid);
        }
        if new.password.is_none() {
            return Err(crate::password::PasswordError::TooShort.into());
        }
        let hash = self.hash_new(&new).await?;
        let mut tx = self.inner.db.begin().await?;
        if !invitations::take_setup(&mut tx, digest(code)).await? || users::admins_in(&mut tx).await? > 0 {
            return Err(AccountError::SetupInvalid);
        }
        let namespace = self.insert_user(&mut tx, new, hash, true).await?;
        tx.commit().await?;
        Ok(namespace)
    }
}
