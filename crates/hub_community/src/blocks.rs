//! Blocking: people and organisations keep a person away. Whoever is blocked opens no discussion in what belongs to the
//! blocker, says nothing there and in discussions that the blocker opened, reacts to nothing that the blocker said, does
//! not follow them, and tells them nothing by mentioning them. What they said before stays. Who may write to a
//! repository still takes part in it: they are kept away by taking them the role.

use hub_account::{Act, Caller, Namespace, NamespaceId, NamespaceKind};
use hub_core::{Access, NamespaceName, OrgRole};
use hub_db::Tx;
use hub_repo::Repo;

use crate::store::{blocks, follows};
use crate::{Community, CommunityError};

/// The most people whom one person or organisation blocks.
const BLOCKED_MAX: i64 = 1_000;

impl Community {
    /// Whom somebody has blocked, the latest first: the caller, or an organisation that they administer.
    pub async fn blocked(&self, caller: &Caller, by: Option<&NamespaceName>) -> Result<Vec<Namespace>, CommunityError> {
        let by = self.blocker(caller, by).await?;
        let ids = blocks::of(self.db(), by.id, BLOCKED_MAX).await?;
        let found = self.people(ids.iter().copied()).await?;
        Ok(ids.iter().filter_map(|id| found.get(*id)).cloned().collect())
    }

    /// Blocks a person, or no longer does; doing so again changes nothing. Who is blocked no longer follows the blocker.
    ///
    /// # Errors
    /// [`CommunityError::BadRequest`] for oneself and for organisations; [`CommunityError::Conflict`] for members of the
    /// organisation and beyond the most that one blocks.
    pub async fn set_blocked(
        &self,
        caller: &Caller,
        by: Option<&NamespaceName>,
        whom: &NamespaceName,
        on: bool,
    ) -> Result<(), CommunityError> {
        let by = self.blocker(caller, by).await?;
        let missing = || CommunityError::NotFound(format!("there is no user called {whom}"));
        let whom = self.accounts().namespace(whom).await?.ok_or_else(missing)?;
        if whom.kind != NamespaceKind::User {
            return Err(CommunityError::BadRequest("only people can be blocked, not organisations".to_owned()));
        }
        if on && caller.user().is_some_and(|user| user.id == whom.id) {
            return Err(CommunityError::BadRequest("nobody blocks themselves".to_owned()));
        }
        if on && self.accounts().memberships(whom.id).await?.iter().any(|membership| membership.org == by.id) {
            return Err(CommunityError::Conflict(format!(
                "{} is a member of {}: remove them first",
                whom.name, by.name
            )));
        }
        if on && blocks::of(self.db(), by.id, BLOCKED_MAX).await?.len() as i64 >= BLOCKED_MAX {
            return Err(CommunityError::Conflict(format!("one blocks at most {BLOCKED_MAX} people")));
        }
        let mut tx = self.db().begin().await?;
        let changed = match on {
            true => blocks::insert(&mut tx, by.id, whom.id, self.now()).await?,
            false => blocks::delete(&mut tx, by.id, whom.id).await?,
        };
        if changed {
            if on {
                follows::delete(&mut tx, whom.id, by.id).await?;
            }
            let act = Act::new(if on { "person.block" } else { "person.unblock" }, whom.name.as_str());
            let act = if by.kind == NamespaceKind::Organization { act.in_org(by.id) } else { act };
            self.accounts().record(&mut tx, caller.into(), act).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Who blocks: the caller themselves, or an organisation that they administer.
    async fn blocker(&self, caller: &Caller, by: Option<&NamespaceName>) -> Result<Namespace, CommunityError> {
        let user = caller.user().ok_or(CommunityError::NeedsLogin)?;
        if !user.credential.is_full() {
            return Err(CommunityError::Forbidden(
                "this token may not say who is blocked: use one with the role 'write'".to_owned(),
            ));
        }
        let name = by.unwrap_or(&user.name);
        let refused = || {
            CommunityError::Forbidden(format!("only administrators of {name} decide whom it blocks: ask one of them"))
        };
        let found = self.accounts().namespace(name).await?.ok_or_else(refused)?;
        if caller.role_in(found.id) == Some(OrgRole::Admin) { Ok(found) } else { Err(refused()) }
    }

    /// Refuses whoever was blocked by the owner of the repository, or by whom they would speak to. A role that lets them
    /// write to the repository counts more.
    pub(crate) async fn require_welcome(
        &self,
        tx: &mut Tx,
        repo: &Repo,
        who: NamespaceId,
        partner: NamespaceId,
    ) -> Result<(), CommunityError> {
        if repo.permits(Access::Write) || !blocks::exists(tx, [repo.state().owner, partner], who).await? {
            return Ok(());
        }
        Err(CommunityError::Forbidden(
            "you cannot take part here: the owner of the repository, or whom you answer, has blocked you".to_owned(),
        ))
    }

    /// Refuses whoever was blocked by the one whom they want to follow.
    pub(crate) async fn require_not_blocked(
        &self,
        tx: &mut Tx,
        who: NamespaceId,
        by: &Namespace,
    ) -> Result<(), CommunityError> {
        if !blocks::exists(tx, [by.id, by.id], who).await? {
            return Ok(());
        }
        Err(CommunityError::Forbidden(format!("you cannot follow {}: they have blocked you", by.name)))
    }
}
