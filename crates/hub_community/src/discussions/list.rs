//! Lists of discussions.

use std::collections::HashMap;

use hub_account::{Caller, NamespaceId};
use hub_core::NamespaceName;
use hub_repo::Repo;

use super::{Discussion, DiscussionId, Reaction, require_enabled};
use crate::store::discussions;
use crate::{Community, CommunityError, People};

/// How many discussions a page has.
const PAGE: i64 = 50;
/// In how many repositories somebody's discussions are counted.
const COUNTED_MAX: i64 = 5000;
/// The last page that is looked for.
const PAGES_MAX: i64 = 1_000_000;

/// Which discussions are wanted by state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum DiscussionFilter {
    /// All.
    #[default]
    All,
    /// Those that go on, drafts included.
    Open,
    /// Those that are over, merged ones included.
    Closed,
}

/// In which order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum DiscussionSort {
    /// The newest first.
    #[default]
    Created,
    /// Those first in which something happened last.
    Trending,
    /// Those first to which most people reacted.
    Reactions,
}

/// Which discussions of a repository are wanted.
#[derive(Clone, Debug, Default)]
pub struct DiscussionQuery {
    /// Only pull requests, or only what is none.
    pub is_pull: Option<bool>,
    /// By state.
    pub filter: DiscussionFilter,
    /// Opened by this person.
    pub author: Option<NamespaceName>,
    /// With this text in the title.
    pub search: Option<String>,
    /// In which order.
    pub sort: DiscussionSort,
    /// Which page; the first is 0.
    pub page: i64,
}

/// A page of discussions.
#[derive(Debug)]
pub struct DiscussionPage {
    /// The discussions.
    pub discussions: Vec<Discussion>,
    /// Who opened them.
    pub people: People,
    /// The reactions of each that has some, the most frequent first.
    pub reactions: HashMap<DiscussionId, Vec<(Reaction, i64)>>,
    /// How many match in all.
    pub count: i64,
    /// How many stand before this page.
    pub start: i64,
}

impl Community {
    /// The discussions and pull requests of a repository.
    pub async fn discussions(&self, repo: &Repo, query: &DiscussionQuery) -> Result<DiscussionPage, CommunityError> {
        require_enabled(repo)?;
        let author = match &query.author {
            None => None,
            Some(name) => match self.accounts().namespace(name).await? {
                Some(found) => Some(found.id),
                None => return Ok(DiscussionPage::empty()),
            },
        };
        if query.search.as_ref().is_some_and(|text| text.contains('\0')) {
            return Ok(DiscussionPage::empty());
        }
        let wanted = discussions::Wanted { repo: repo.id(), query, author };
        let start = query.page.clamp(0, PAGES_MAX) * PAGE;
        let count = discussions::count(self.db(), &wanted).await?;
        let found = if start < count { discussions::page(self.db(), &wanted, start, PAGE).await? } else { Vec::new() };
        let ids: Vec<DiscussionId> = found.iter().filter(|found| found.reactors > 0).map(|found| found.id).collect();
        Ok(DiscussionPage {
            people: self.people(found.iter().map(|found| found.author)).await?,
            reactions: discussions::reactions(self.db(), &ids).await?,
            discussions: found,
            count,
            start,
        })
    }

    /// How many discussions and pull requests a person opened where the caller may know of them.
    pub async fn count_discussions_of(&self, caller: &Caller, author: NamespaceId) -> Result<u64, CommunityError> {
        let counts = discussions::counts_of_author(self.db(), author, COUNTED_MAX).await?;
        let known = self.known(caller, counts.iter().map(|(repo, _)| *repo)).await?;
        let visible = counts.iter().filter(|(repo, _)| known.contains_key(repo));
        Ok(visible.map(|(_, count)| count.unsigned_abs()).sum())
    }

    /// How many discussions of a repository go on.
    pub async fn open_discussions(&self, repo: &Repo) -> Result<i64, CommunityError> {
        let query = DiscussionQuery { filter: DiscussionFilter::Open, ..DiscussionQuery::default() };
        Ok(discussions::count(self.db(), &discussions::Wanted { repo: repo.id(), query: &query, author: None }).await?)
    }
}

impl DiscussionPage {
    fn empty() -> Self {
        Self { discussions: Vec::new(), people: People::default(), reactions: HashMap::new(), count: 0, start: 0 }
    }
}
