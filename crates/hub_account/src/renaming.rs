//! People and organisations take another name.
//!
//! The key stays, and with it tokens, sessions, memberships and all that others keep. The old name leads to whoever bore
//! it and stays theirs for half a year, so that nobody moves in where others still point to; then it may be taken.
//! Repositories know the name of their owner, so hub_repo renames them in the same transaction.

use hub_core::{NamespaceName, SecretString, Timestamp};
use hub_db::Tx;

use crate::Accounts;
use crate::audit::Act;
use crate::caller::By;
use crate::error::AccountError;
use crate::namespace::{Namespace, NamespaceKind};
use crate::store::{aliases, namespaces};
use crate::throttle::Subject;
use crate::users::check_name;

/// How long an old name belongs to whoever bore it.
const RESERVED_MILLIS: i64 = 180 * 86_400_000;
/// How long somebody keeps a name before they may take another one.
const REST_MILLIS: i64 = 86_400_000;
/// The most old names of one owner that are reserved.
const RESERVED_MAX: i64 = 10;

impl Accounts {
    /// Before which moment a name must have been given up to be anybody's.
    pub(crate) fn free_since(&self) -> Timestamp {
        self.now().plus_millis(-RESERVED_MILLIS)
    }

    /// Whom an old name leads to, under their present name. Nothing for a name that somebody bears, or nobody ever did.
    pub async fn renamed(&self, old: &NamespaceName) -> Result<Option<Namespace>, AccountError> {
        Ok(aliases::bearer(&self.inner.db, &old.key()).await?)
    }

    /// Sees that the caller may give `of` another name: they look after it, and prove by their password, if they have one,
    /// that it is they.
    pub async fn may_rename(
        &self,
        by: By<'_>,
        of: &NamespaceName,
        password: Option<&SecretString>,
    ) -> Result<Namespace, AccountError> {
        let space = self.governed(by, of).await?;
        let Some(user) = by.full_user()? else { return Ok(space) };
        let name = user.name.clone();
        if self.user(by, &name).await?.has_password {
            let password = password.ok_or(AccountError::Forbidden { needs: "the current password" })?;
            self.check_password(name.as_str(), password, &[Subject::login(name.as_str())]).await?;
        }
        Ok(space)
    }

    /// Gives somebody another name, in the transaction of whoever keeps what is theirs. An administrator of the instance
    /// does so as often as they like.
    ///
    /// # Errors
    /// [`AccountError::Name`] for a name that breaks the rules; [`AccountError::NameTaken`] if somebody else bears it, or
    /// bore it lately; [`AccountError::RenamedLately`] and [`AccountError::TooManyNames`] if it has to wait.
    pub async fn rename_in(
        &self,
        tx: &mut Tx,
        by: By<'_>,
        space: &Namespace,
        to: &NamespaceName,
    ) -> Result<(), AccountError> {
        by.governs(space)?;
        check_name(to)?;
        let now = self.now();
        namespaces::lock(tx, space.id).await?;
        if by.instance_admin().is_err() {
            self.refuse_hasty_rename(tx, space, now).await?;
        }
        let (old, new) = (space.name.key(), to.key());
        if old != new {
            let is_taken = namespaces::by_key_in(tx, &new).await?.is_some()
                || !aliases::release(tx, &new, Some(space.id), self.free_since()).await?;
            if is_taken {
                return Err(AccountError::NameTaken { name: to.to_string() });
            }
        }
        match namespaces::set_name(tx, space.id, to, now).await {
            Err(error) if error.is_unique() => return Err(AccountError::NameTaken { name: to.to_string() }),
            done => done?,
        }
        if old != new {
            aliases::put(tx, &old, space.id, now).await?;
        }
        let act = match space.kind {
            NamespaceKind::User => Act::new("user.rename", space.name.as_str()),
            NamespaceKind::Organization => Act::new("org.rename", space.name.as_str()).in_org(space.id),
        };
        self.record(tx, by, act.with(to.as_str())).await
    }

    async fn refuse_hasty_rename(&self, tx: &mut Tx, space: &Namespace, now: Timestamp) -> Result<(), AccountError> {
        if let Some(last) = namespaces::renamed_at(tx, space.id).await? {
            let left = last.millis() + REST_MILLIS - now.millis();
            if left > 0 {
                return Err(AccountError::RenamedLately { hours: (left + 3_599_999).div_euclid(3_600_000) });
            }
        }
        if aliases::count_since(tx, space.id, self.free_since()).await? >= RESERVED_MAX {
            return Err(AccountError::TooManyNames { most: RESERVED_MAX });
        }
        Ok(())
    }
}
