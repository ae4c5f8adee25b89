//! Likes: who likes which repository. The number beside a repository is kept with it, in the same transaction.

use std::collections::HashMap;

use hub_account::{Caller, Namespace, NamespaceId};
use hub_core::Timestamp;
use hub_repo::{Repo, RepoId, RepoState};

use crate::community::speaker;
use crate::store::likes;
use crate::{Community, CommunityError};

/// Somebody's like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LikeRow {
    pub(crate) who: NamespaceId,
    pub(crate) repo: RepoId,
    pub(crate) at: Timestamp,
}

/// A repository that somebody likes.
#[derive(Clone, Debug)]
pub struct Liked {
    /// The repository.
    pub repo: RepoState,
    /// Since when.
    pub at: Timestamp,
}

/// Where the next page of likes begins: the moment and the key of the last one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LikePlace {
    pub(crate) at: i64,
    pub(crate) key: i64,
}

impl LikePlace {
    /// The text of a cursor.
    pub fn cursor(self) -> String {
        format!("{:012x}{:014x}", self.at, self.key)
    }

    /// Reads a cursor; `None` for any other text.
    pub fn of_cursor(text: &str) -> Option<Self> {
        let (at, key) = text.split_at_checked(12).filter(|_| text.len() == 26)?;
        Some(Self { at: i64::from_str_radix(at, 16).ok()?, key: i64::from_str_radix(key, 16).ok()? })
    }
}

/// A page of likes.
#[derive(Debug)]
pub struct LikePage<T> {
    /// The latest first.
    pub items: Vec<T>,
    /// Where the next page begins, if there is one.
    pub next: Option<LikePlace>,
}

/// The most items of a page.
const PAGE_MAX: usize = 1000;
/// How many likes of a person are looked through to count those that a caller may know of.
const COUNT_MAX: usize = 10_000;

impl Community {
    /// Likes a repository; doing so again changes nothing.
    pub async fn like(&self, repo: &Repo) -> Result<(), CommunityError> {
        let who = speaker(repo)?.id;
        let mut tx = self.db().begin().await?;
        if likes::insert(&mut tx, LikeRow { who, repo: repo.id(), at: self.now() }).await? {
            repo.count_like(&mut tx, true).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Takes a like back; without one nothing changes.
    pub async fn unlike(&self, repo: &Repo) -> Result<(), CommunityError> {
        let who = speaker(repo)?.id;
        let mut tx = self.db().begin().await?;
        if likes::delete(&mut tx, repo.id(), who).await? {
            repo.count_like(&mut tx, false).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Whether the caller likes a repository.
    pub async fn likes(&self, repo: &Repo) -> Result<bool, CommunityError> {
        match repo.caller().user() {
            Some(user) => Ok(likes::exists(self.db(), repo.id(), user.id).await?),
            None => Ok(false),
        }
    }

    /// Who likes a repository, those who did last first.
    pub async fn likers(
        &self,
        repo: &Repo,
        after: Option<LikePlace>,
        limit: usize,
    ) -> Result<LikePage<Namespace>, CommunityError> {
        let limit = limit.clamp(1, PAGE_MAX);
        let mut rows = likes::of_repo(self.db(), repo.id(), after, limit as i64 + 1).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| LikePlace { at: row.at.millis(), key: row.who.key() });
        let people = self.people(rows.iter().map(|row| row.who)).await?;
        Ok(LikePage { items: rows.iter().filter_map(|row| people.get(row.who).cloned()).collect(), next })
    }

    /// What a person likes, as far as the caller may know of it, the latest first.
    pub async fn liked_by(
        &self,
        caller: &Caller,
        who: NamespaceId,
        after: Option<LikePlace>,
        limit: usize,
    ) -> Result<LikePage<Liked>, CommunityError> {
        let limit = limit.clamp(1, PAGE_MAX);
        let mut rows = likes::of_user(self.db(), who, after, limit as i64 + 1).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| LikePlace { at: row.at.millis(), key: row.repo.key() });
        let mut known = self.known(caller, rows.iter().map(|row| row.repo)).await?;
        let liked = |row: &LikeRow| known.remove(&row.repo).map(|repo| Liked { repo, at: row.at });
        Ok(LikePage { items: rows.iter().filter_map(liked).collect(), next })
    }

    /// How many repositories a person likes that the caller may know of.
    pub async fn count_liked_by(&self, caller: &Caller, who: NamespaceId) -> Result<u64, CommunityError> {
        let rows = likes::of_user(self.db(), who, None, COUNT_MAX as i64).await?;
        Ok(self.known(caller, rows.iter().map(|row| row.repo)).await?.len() as u64)
    }

    /// Those of the repositories that the caller may know of.
    pub(crate) async fn known(
        &self,
        caller: &Caller,
        ids: impl IntoIterator<Item = RepoId>,
    ) -> Result<HashMap<RepoId, RepoState>, CommunityError> {
        let ids: Vec<RepoId> = ids.into_iter().collect();
        Ok(self.repos().known(caller, &ids).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_cursor() {
        let place = LikePlace { at: 1_767_225_600_000, key: (1 << 53) - 1 };
        assert_eq!(LikePlace::of_cursor(&place.cursor()), Some(place));
        for text in ["", "x", &"z".repeat(26), &"é".repeat(20)] {
            assert_eq!(LikePlace::of_cursor(text), None, "{text:?}");
        }
    }
}
