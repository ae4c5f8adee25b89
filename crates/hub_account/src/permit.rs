//! On whose word a use case may act. Every check of a right over accounts and organisations is here.

use hub_core::OrgRole;

use crate::caller::{By, Caller, CallerUser, Credential};
use crate::error::AccountError;
use crate::namespace::{Namespace, NamespaceId, NamespaceKind};
use crate::scope::Permission;
use crate::sessions::SessionId;

impl By<'_> {
    /// The operator, or an administrator of the instance.
    pub(crate) fn instance_admin(self) -> Result<(), AccountError> {
        match self {
            By::Operator => Ok(()),
            By::Caller(caller) if caller.is_instance_admin() => Ok(()),
            By::Caller(caller) => {
                signed_in(caller)?;
                Err(AccountError::Forbidden { needs: "an administrator of this instance, with a write token" })
            }
        }
    }

    /// The person themselves with a credential that is not narrowed, or an instance administrator.
    pub(crate) fn person(self, id: NamespaceId) -> Result<(), AccountError> {
        if self.instance_admin().is_ok() {
            return Ok(());
        }
        let By::Caller(caller) = self else { return Ok(()) };
        let user = signed_in(caller)?;
        if user.id == id && user.credential.is_full() {
            return Ok(());
        }
        Err(AccountError::Forbidden { needs: "the owner of the account, with a password or a write token" })
    }

    /// An administrator of the organisation with a credential that reaches it, or an instance administrator.
    pub(crate) fn org_admin(self, org: NamespaceId) -> Result<(), AccountError> {
        if self.instance_admin().is_ok() {
            return Ok(());
        }
        let By::Caller(caller) = self else { return Ok(()) };
        let user = signed_in(caller)?;
        let reaches = match &user.credential {
            Credential::Password | Credential::Session(_) => true,
            Credential::Token(token) => user.credential.is_full() || token.scopes.permits(org, Permission::ORG_WRITE),
            Credential::LargeFiles(_) => false,
        };
        if reaches && caller.role_in(org) == Some(OrgRole::Admin) {
            return Ok(());
        }
        Err(AccountError::Forbidden {
            needs: "an administrator of the organization, with a write token or the permission org.write",
        })
    }

    /// Whoever looks after a person or an organisation: oneself, or an administrator of the organisation.
    pub(crate) fn governs(self, space: &Namespace) -> Result<(), AccountError> {
        match space.kind {
            NamespaceKind::User => self.person(space.id),
            NamespaceKind::Organization => self.org_admin(space.id),
        }
    }

    /// Whether a person acts on their own account.
    pub(crate) fn is_self(self, id: NamespaceId) -> bool {
        matches!(self, By::Caller(caller) if caller.user().is_some_and(|user| user.id == id))
    }

    /// The session by which the caller asks, if it is one.
    pub(crate) fn session(self) -> Option<SessionId> {
        let By::Caller(caller) = self else { return None };
        match &caller.user()?.credential {
            Credential::Session(session) => Some(session.id),
            Credential::Password | Credential::Token(_) | Credential::LargeFiles(_) => None,
        }
    }

    /// Whoever is signed in, by name in the result; the operator is nobody in particular.
    pub(crate) fn full_user(&self) -> Result<Option<&CallerUser>, AccountError> {
        match self {
            By::Operator => Ok(None),
            By::Caller(caller) => {
                let user = signed_in(caller)?;
                if !user.credential.is_full() {
                    return Err(AccountError::Forbidden { needs: "a password or a write token" });
                }
                Ok(Some(user))
            }
        }
    }
}

/// The person who asks; [`AccountError::NeedsLogin`] if nobody signed in.
pub(crate) fn signed_in(caller: &Caller) -> Result<&CallerUser, AccountError> {
    caller.user().ok_or(AccountError::NeedsLogin)
}
