//! People: made by an administrator or by themselves, changed, disabled, deleted.

use hub_core::{NamespaceName, SecretString, Timestamp};
use hub_db::Tx;

use crate::accounts::SignUpPolicy;
use crate::audit::Act;
use crate::caller::By;
use crate::code::digest;
use crate::error::AccountError;
use crate::label::{Email, Label};
use crate::namespace::{Namespace, NamespaceId, NamespaceKind};
use crate::page::{Page, PageQuery};
use crate::store::{invitations, members, namespaces, sessions, users};
use crate::throttle::Subject;
use crate::{Accounts, password};

/// A person, as they themselves and administrators see them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    /// Their key.
    pub id: NamespaceId,
    /// Their name.
    pub name: NamespaceName,
    /// The name that is shown.
    pub full_name: Label,
    /// Their address of mail.
    pub email: Option<Email>,
    /// Whether they administer the instance.
    pub is_admin: bool,
    /// Since when they may not sign in.
    pub disabled_at: Option<Timestamp>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// Whether they can sign in by password.
    pub has_password: bool,
    /// Since when their address is known to receive mail.
    pub email_verified_at: Option<Timestamp>,
}

/// A person to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Their name, which must fit the rule for new accounts.
    pub name: NamespaceName,
    /// The name that is shown; their name if nothing.
    pub full_name: Option<Label>,
    /// Their address of mail.
    pub email: Option<Email>,
    /// Their password; without one they sign in by token alone.
    pub password: Option<SecretString>,
}

impl Accounts {
    /// An administrator makes an account.
    pub async fn create_user(&self, by: By<'_>, new: NewUser, is_admin: bool) -> Result<Namespace, AccountError> {
        by.instance_admin()?;
        let hash = self.hash_new(&new).await?;
        let mut tx = self.inner.db.begin().await?;
        let namespace = self.insert_user(&mut tx, new, hash, is_admin).await?;
        if is_admin {
            invitations::drop_setup(&mut tx).await?;
        }
        self.record(&mut tx, by, Act::new("user.create", namespace.name.as_str())).await?;
        tx.commit().await?;
        Ok(namespace)
    }

    /// A stranger makes an account for themselves, as far as the policy of the instance lets them.
    pub async fn sign_up(&self, new: NewUser, invitation: Option<&SecretString>) -> Result<Namespace, AccountError> {
        let invitation = match (self.inner.sign_up, invitation) {
            (SignUpPolicy::Closed, _) => return Err(AccountError::SignUpClosed),
            (SignUpPolicy::Invitation, None) => return Err(AccountError::InvitationNeeded),
            (SignUpPolicy::Invitation, Some(code)) => Some(digest(code)),
            (SignUpPolicy::Open, _) => None,
        };
        // Before the slow hash, so that strangers without a code cannot keep us busy.
        if let Some(hash) = invitation {
            let found = invitations::by_hash(&self.inner.db, hash, self.now()).await?;
            found.ok_or(AccountError::InvitationInvalid)?;
        }
        if new.password.is_none() {
            return Err(password::PasswordError::TooShort.into());
        }
        let hash = self.hash_new(&new).await?;
        let mut tx = self.inner.db.begin().await?;
        if let Some(code) = invitation {
            let bound = invitations::take(&mut tx, code, self.now()).await?.ok_or(AccountError::InvitationInvalid)?;
            if bound.is_some_and(|bound| new.email.as_ref().map(Email::key) != Some(bound.key())) {
                return Err(AccountError::InvitationForAnother);
            }
        }
        let namespace = self.insert_user(&mut tx, new, hash, false).await?;
        let name = namespace.name.as_str();
        self.record_of(&mut tx, Some(namespace.id), name, "", Act::new("user.sign-up", name)).await?;
        tx.commit().await?;
        Ok(namespace)
    }

    /// Checks what a new account brings and hashes its password.
    pub(crate) async fn hash_new(&self, new: &NewUser) -> Result<Option<String>, AccountError> {
        check_name(&new.name)?;
        match &new.password {
            Some(password) => self.hash(password).await.map(Some),
            None => Ok(None),
        }
    }

    pub(crate) async fn hash(&self, password: &SecretString) -> Result<String, AccountError> {
        password::check_new(password)?;
        self.inner.passwords.hash(&*self.inner.ids, password).await
    }

    /// Inserts an account whose name has been checked.
    pub(crate) async fn insert_user(
        &self,
        tx: &mut Tx,
        new: NewUser,
        password_hash: Option<String>,
        is_admin: bool,
    ) -> Result<Namespace, AccountError> {
        let key = self.inner.ids.next_key();
        let namespace = namespaces::fresh(key, new.name, NamespaceKind::User, new.full_name, self.now())?;
        if !namespaces::insert(tx, &namespace, self.free_since()).await? {
            return Err(AccountError::NameTaken { name: namespace.name.to_string() });
        }
        let hash = password_hash.as_deref();
        if !users::insert(tx, namespace.id, new.email.as_ref(), hash, is_admin).await? {
            return Err(AccountError::EmailTaken);
        }
        Ok(namespace)
    }

    /// A person as they themselves and administrators see them.
    pub async fn user(&self, by: By<'_>, name: &NamespaceName) -> Result<User, AccountError> {
        let user = users::by_key(&self.inner.db, &name.key()).await?;
        match user {
            Some(user) => by.person(user.id).map(|()| user),
            None => by.instance_admin().and(Err(no_user(name))),
        }
    }

    /// People in the order of their names; with `search`, those whose name holds it or, where there are many, begins with
    /// it, as in [`Accounts::directory`].
    pub async fn users(&self, by: By<'_>, search: &str, page: &PageQuery) -> Result<Page<User>, AccountError> {
        by.instance_admin()?;
        let names = self.names_for(NamespaceKind::User, search, page).await?;
        let found = users::page(&self.inner.db, &names, page.probe()).await?;
        Ok(page.cut(found, |user| user.name.key()))
    }

    /// Sets a password. A person who has one proves it by `current`, unless an administrator does this for another. All
    /// their sessions end, but the one that asks.
    pub async fn set_password(
        &self,
        by: By<'_>,
        name: &NamespaceName,
        current: Option<&SecretString>,
        new: &SecretString,
    ) -> Result<(), AccountError> {
        let user = self.user(by, name).await?;
        let is_own = by.is_self(user.id);
        if is_own && user.has_password {
            let current = current.ok_or(AccountError::Forbidden { needs: "the current password" })?;
            self.check_password(user.name.as_str(), current, &[Subject::login(user.name.as_str())]).await?;
        }
        let hash = self.hash(new).await?;
        let mut tx = self.inner.db.begin().await?;
        users::set_password(&mut tx, user.id, &hash).await?;
        sessions::delete_others(&mut tx, user.id, by.session().filter(|_| is_own)).await?;
        self.record(&mut tx, by, Act::new("password.set", user.name.as_str())).await?;
        Ok(tx.commit().await?)
    }

    /// Changes the name that is shown and the address of mail; `None` leaves either as it is.
    pub async fn set_profile(
        &self,
        by: By<'_>,
        name: &NamespaceName,
        full_name: Option<&Label>,
        email: Option<&Email>,
    ) -> Result<(), AccountError> {
        let user = self.user(by, name).await?;
        let mut tx = self.inner.db.begin().await?;
        if let Some(full_name) = full_name {
            namespaces::set_full_name(&mut tx, user.id, full_name).await?;
        }
        if let Some(email) = email
            && user.email.as_ref() != Some(email)
            && !users::set_email(&mut tx, user.id, email, None).await?
        {
            return Err(AccountError::EmailTaken);
        }
        self.record(&mut tx, by, Act::new("user.profile", user.name.as_str())).await?;
        Ok(tx.commit().await?)
    }

    /// Makes a person administrator of the instance, or no longer.
    pub async fn set_admin(&self, by: By<'_>, name: &NamespaceName, is_admin: bool) -> Result<(), AccountError> {
        by.instance_admin()?;
        let mut tx = self.inner.db.begin().await?;
        let user = self.lock_user(&mut tx, name).await?;
        users::set_admin(&mut tx, user.id, is_admin).await?;
        if is_admin {
            invitations::drop_setup(&mut tx).await?;
        }
        keep_admin(&mut tx, &user).await?;
        let action = if is_admin { "user.promote" } else { "user.demote" };
        self.record(&mut tx, by, Act::new(action, user.name.as_str())).await?;
        Ok(tx.commit().await?)
    }

    /// Closes an account to its owner, or opens it again. Its tokens and password stay, and work again afterwards.
    pub async fn set_disabled(&self, by: By<'_>, name: &NamespaceName, disabled: bool) -> Result<(), AccountError> {
        let mut tx = self.inner.db.begin().await?;
        self.set_disabled_in(&mut tx, by, name, disabled).await?;
        Ok(tx.commit().await?)
    }

    /// The same in the transaction of whoever decided so.
    pub async fn set_disabled_in(
        &self,
        tx: &mut Tx,
        by: By<'_>,
        name: &NamespaceName,
        disabled: bool,
    ) -> Result<(), AccountError> {
        by.instance_admin()?;
        let user = self.lock_user(tx, name).await?;
        if user.disabled_at.is_some() != disabled {
            users::set_disabled(tx, user.id, disabled.then(|| self.now())).await?;
            keep_admin(tx, &user).await?;
            let action = if disabled { "user.disable" } else { "user.enable" };
            self.record(tx, by, Act::new(action, user.name.as_str())).await?;
        }
        Ok(())
    }

    /// Deletes an account with its tokens and memberships. The caller counts the repositories that it owns.
    pub async fn delete_user(
        &self,
        by: By<'_>,
        name: &NamespaceName,
        owned_repositories: u64,
    ) -> Result<(), AccountError> {
        let user = self.user(by, name).await?;
        if owned_repositories > 0 {
            return Err(AccountError::OwnsRepositories { name: user.name.to_string(), count: owned_repositories });
        }
        let mut tx = self.inner.db.begin().await?;
        let user = self.lock_user(&mut tx, name).await?;
        if let Some(org) = members::left_alone_without(&mut tx, user.id).await? {
            return Err(AccountError::LastOrgAdmin { org });
        }
        if !namespaces::delete(&mut tx, user.id).await? {
            return Err(AccountError::StillOwns { name: user.name.to_string() });
        }
        keep_admin(&mut tx, &user).await?;
        self.record(&mut tx, by, Act::new("user.delete", user.name.as_str())).await?;
        Ok(tx.commit().await?)
    }

    /// Whoever asks deletes their own account, and proves by their password that it is they.
    pub async fn leave(
        &self,
        by: By<'_>,
        password: Option<&SecretString>,
        owned_repositories: u64,
    ) -> Result<(), AccountError> {
        let name = by.full_user()?.ok_or(AccountError::NeedsLogin)?.name.clone();
        if self.user(by, &name).await?.has_password {
            let password = password.ok_or(AccountError::Forbidden { needs: "the current password" })?;
            self.check_password(name.as_str(), password, &[Subject::login(name.as_str())]).await?;
        }
        self.delete_user(by, &name, owned_repositories).await
    }

    async fn lock_user(&self, tx: &mut Tx, name: &NamespaceName) -> Result<User, AccountError> {
        users::lock_admins(tx).await?;
        users::by_key_in(tx, &name.key()).await?.ok_or_else(|| no_user(name))
    }
}

/// Refuses a change that took the last administrator away: `before` is the person as they were.
async fn keep_admin(tx: &mut Tx, before: &User) -> Result<(), AccountError> {
    let was_admin = before.is_admin && before.disabled_at.is_none();
    if was_admin && users::admins_in(tx).await? == 0 {
        return Err(AccountError::LastAdmin);
    }
    Ok(())
}

/// Holds a name against the rule for new accounts.
pub(crate) fn check_name(name: &NamespaceName) -> Result<(), AccountError> {
    name.check_registrable().map_err(|source| AccountError::Name { name: name.to_string(), source })
}

pub(crate) fn no_user(name: &NamespaceName) -> AccountError {
    AccountError::NoSuch { what: "user", name: name.to_string() }
}
