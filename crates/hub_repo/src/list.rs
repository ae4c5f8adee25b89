//! Lists of repositories: filter, sort, page by cursor. What a caller may not know is in no list and no count.
//!
//! The database answers; the discovery index will take over the work and keep this query type.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hub_account::{Caller, NamespaceId};
use hub_core::{RepoKind, Timestamp};

use crate::store::list;
use crate::{Facts, RepoError, RepoId, RepoState, Repos};

/// By what a list is sorted. Equal values are ordered by the repositories' keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SortKey {
    /// When it was created.
    Created,
    /// When it last changed.
    Modified,
    /// Downloads of the last 30 days.
    Downloads,
    /// Likes.
    Likes,
    /// The trending score.
    #[default]
    Trending,
}

/// Which repositories are wanted. All conditions must hold.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// Of this kind.
    pub kind: RepoKind,
    /// Of this person or organisation.
    pub author: Option<String>,
    /// Whose `namespace/name` holds each of these texts, whatever their case.
    pub search: Vec<String>,
    /// That carry each of these tags.
    pub tags: Vec<String>,
    /// Gated or not.
    pub gated: Option<bool>,
    /// With at least so many parameters.
    pub parameters_min: Option<u64>,
    /// With at most so many parameters.
    pub parameters_max: Option<u64>,
    /// By what they are sorted.
    pub sort: SortKey,
    /// Smallest or oldest first.
    pub ascending: bool,
    /// After which one the page begins.
    pub after: Option<ListCursor>,
    /// The most repositories of the page.
    pub limit: usize,
}

impl ListQuery {
    /// All repositories of a kind.
    pub fn of(kind: RepoKind) -> Self {
        Self {
            kind,
            author: None,
            search: Vec::new(),
            tags: Vec::new(),
            gated: None,
            parameters_min: None,
            parameters_max: None,
            sort: SortKey::default(),
            ascending: false,
            after: None,
            limit: 30,
        }
    }
}

/// The place of a repository in a sorted list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListCursor {
    pub(crate) value: i64,
    pub(crate) id: i64,
}

impl ListCursor {
    /// The number that the list is sorted by, and the key of the repository.
    pub fn parts(self) -> (i64, i64) {
        (self.value, self.id)
    }

    /// The place of the repository of this key and number.
    pub fn of_parts(value: i64, id: i64) -> Self {
        Self { value, id }
    }

    /// The cursor as text for a link.
    pub fn to_text(self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}:{}", self.value, self.id))
    }

    /// Reads a cursor back; `None` if the text is none.
    pub fn from_text(text: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (value, id) = text.split_once(':')?;
        Some(Self { value: value.parse().ok()?, id: id.parse().ok()? })
    }
}

/// A repository in a list.
#[derive(Clone, Debug)]
pub struct ListedRepo {
    /// What is stored of it.
    pub state: RepoState,
    /// What is derived from its default branch.
    pub facts: Facts,
    /// Where its default branch is.
    pub head: Option<hub_core::Oid>,
}

/// How many repositories there are of each kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct KindCounts {
    /// Models.
    pub models: u64,
    /// Datasets.
    pub datasets: u64,
    /// Spaces.
    pub spaces: u64,
    /// Kernels.
    pub kernels: u64,
    /// Buckets.
    pub buckets: u64,
}

/// A page of a list.
#[derive(Debug)]
pub struct ListPage {
    /// The repositories.
    pub repos: Vec<ListedRepo>,
    /// Where the next page begins, if there is one.
    pub next: Option<ListCursor>,
}

/// The most repositories of a page.
const MAX_PAGE: usize = 1000;

impl Repos {
    /// A page of the repositories that a caller may know of.
    pub async fn list(&self, caller: &Caller, query: &ListQuery) -> Result<ListPage, RepoError> {
        self.list_named(caller, query, None).await
    }

    /// The same of those whose name, without that of their owner, holds a text.
    pub(crate) async fn list_named(
        &self,
        caller: &Caller,
        query: &ListQuery,
        named: Option<&str>,
    ) -> Result<ListPage, RepoError> {
        let limit = query.limit.clamp(1, MAX_PAGE);
        let mut rows = list::page(self.db(), query, named, &caller.readable_namespaces(), limit as i64 + 1).await?;
        let next = (rows.len() > limit).then(|| {
            rows.truncate(limit);
            rows.last().map(|row| row.cursor(query.sort))
        });
        let repos = rows.into_iter().map(list::ListRow::into_listed).collect::<Result<_, _>>()?;
        Ok(ListPage { repos, next: next.flatten() })
    }
}

impl Repos {
    /// The newest repositories of some owners, each with when it was made: since a moment, and before another one or in
    /// that one with a smaller key. For features that look for what is new; who may know of what, they ask for themselves.
    pub async fn created_of(
        &self,
        owners: &[NamespaceId],
        (since, before, key): (Timestamp, Timestamp, i64),
        limit: usize,
    ) -> Result<Vec<(RepoId, Timestamp)>, RepoError> {
        list::created_of(self.db(), owners, (since, before, key), limit as i64).await
    }

    /// How many repositories of a person or organisation a caller may know of.
    pub async fn count_of(&self, caller: &Caller, owner: NamespaceId) -> Result<KindCounts, RepoError> {
        let mut counts = KindCounts::default();
        for (kind, count) in list::counts(self.db(), owner, &caller.readable_namespaces()).await? {
            let place = match RepoKind::from_db(kind) {
                Some(RepoKind::Model) => &mut counts.models,
                Some(RepoKind::Dataset) => &mut counts.datasets,
                Some(RepoKind::Space) => &mut counts.spaces,
                Some(RepoKind::Kernel) => &mut counts.kernels,
                Some(RepoKind::Bucket) => &mut counts.buckets,
                None => return Err(RepoError::Inconsistent(format!("a repository has the kind {kind}"))),
            };
            *place = count.unsigned_abs();
        }
        Ok(counts)
    }
}
