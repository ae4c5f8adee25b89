//! Follows: people follow people and organisations. Who follows whom is known to everyone.

use hub_account::{Caller, Namespace, NamespaceId, NamespaceKind};

use crate::store::follows;
use crate::{Community, CommunityError};

/// The most people of a page.
const PAGE_MAX: usize = 1000;

/// The most people and organisations that one person follows.
const FOLLOWING_MAX: i64 = 5000;

/// A page of people or organisations.
#[derive(Debug)]
pub struct FollowPage {
    /// In the order of their keys.
    pub people: Vec<Namespace>,
    /// After whom the next page begins, if there is one.
    pub next: Option<NamespaceId>,
}

/// How many follow somebody, and whom they follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FollowCounts {
    /// How many follow them.
    pub followers: u64,
    /// How many people they follow.
    pub following: u64,
    /// How many organisations they follow.
    pub following_orgs: u64,
    /// Whether the caller follows them.
    pub is_following: bool,
}

impl Community {
    /// Follows a person or an organisation, or no longer does; doing so again changes nothing.
    ///
    /// # Errors
    /// [`CommunityError::BadRequest`] if it is the caller themselves.
    pub async fn follow(&self, caller: &Caller, whom: &Namespace, on: bool) -> Result<(), CommunityError> {
        let user = caller.user().ok_or(CommunityError::NeedsLogin)?;
        if !caller.may_discuss(user.id, None) {
            return Err(CommunityError::Forbidden(
                "this token may not follow anybody: use one with the role 'write'".to_owned(),
            ));
        }
        if user.id == whom.id {
            return Err(CommunityError::BadRequest("nobody follows themselves".to_owned()));
        }
        if on && follows::following(self.db(), user.id, None, FOLLOWING_MAX).await?.len() as i64 >= FOLLOWING_MAX {
            return Err(CommunityError::Conflict(format!("one follows at most {FOLLOWING_MAX} others")));
        }
        let mut tx = self.db().begin().await?;
        if on {
            self.require_not_blocked(&mut tx, user.id, whom).await?;
        }
        let changed = match on {
            true => follows::insert(&mut tx, user.id, whom.id, self.now()).await?,
            false => follows::delete(&mut tx, user.id, whom.id).await?,
        };
        if changed && on {
            let payload = serde_json::json!({ "by": user.id.key(), "whom": whom.id.key() });
            self.note(&mut tx, "follow.created", &format!("namespace:{}", whom.id.key()), payload).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// How many follow somebody, and whom they follow, with whether the caller does.
    pub async fn follow_counts(&self, caller: &Caller, of: NamespaceId) -> Result<FollowCounts, CommunityError> {
        let following = follows::following(self.db(), of, None, FOLLOWING_MAX).await?;
        let found = self.people(following.iter().copied()).await?;
        let count = |kind| following.iter().filter(|id| found.get(**id).is_some_and(|one| one.kind == kind)).count();
        Ok(FollowCounts {
            followers: follows::count_followers(self.db(), of).await?,
            following: count(NamespaceKind::User) as u64,
            following_orgs: count(NamespaceKind::Organization) as u64,
            is_following: match caller.user() {
                Some(user) => follows::exists(self.db(), user.id, of).await?,
                None => false,
            },
        })
    }

    /// Who follows somebody.
    pub async fn followers(
        &self,
        of: NamespaceId,
        after: Option<NamespaceId>,
        limit: usize,
    ) -> Result<FollowPage, CommunityError> {
        let limit = limit.clamp(1, PAGE_MAX);
        let ids = follows::followers(self.db(), of, after, limit as i64 + 1).await?;
        self.follow_page(ids, limit, None).await
    }

    /// Whom a person follows: people or organisations.
    pub async fn following(
        &self,
        of: NamespaceId,
        kind: NamespaceKind,
        after: Option<NamespaceId>,
        limit: usize,
    ) -> Result<FollowPage, CommunityError> {
        let limit = limit.clamp(1, PAGE_MAX);
        let ids = follows::following(self.db(), of, after, limit as i64 + 1).await?;
        self.follow_page(ids, limit, Some(kind)).await
    }

    async fn follow_page(
        &self,
        mut ids: Vec<NamespaceId>,
        limit: usize,
        kind: Option<NamespaceKind>,
    ) -> Result<FollowPage, CommunityError> {
        let more = ids.len() > limit;
        ids.truncate(limit);
        let next = ids.last().copied().filter(|_| more);
        let found = self.people(ids.iter().copied()).await?;
        let wanted =
            |id: &NamespaceId| found.get(*id).filter(|found| kind.is_none_or(|kind| found.kind == kind)).cloned();
        Ok(FollowPage { people: ids.iter().filter_map(wanted).collect(), next })
    }
}
