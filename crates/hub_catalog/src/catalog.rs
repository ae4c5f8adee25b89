//! The index of all repositories, kept equal to the database.
//!
//! It is built once, and before each answer it takes in what the outbox has told since. So an answer never lacks a
//! change that had been committed when the question came, on whichever replica it was made.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use hub_account::{Caller, NamespaceId};
use hub_core::{Code, RepoKind, UserError};
use hub_db::{Db, DbError};
use hub_jobs::{Event, Outbox, OutboxError, Sequence};
use hub_repo::{ListCursor, ListPage, ListQuery, ListedRepo, RepoError, RepoId, Repos, SURVEY_MAX, Surveyed};
use tokio::sync::Mutex;

use crate::entry::Entry;
use crate::query::{Found, Query};
use crate::shelf::Shelf;
use crate::translate::{cursor_of, entry_of, query_of};

/// How many events are taken in at a time.
const EVENTS: u32 = 1000;
/// Above this number of repositories an answer may take long enough to be worked out on a thread of its own.
const LARGE: u64 = 50_000;

/// Why the index has no answer.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The repositories could not be read.
    #[error("repositories cannot be read for the index")]
    Repo(#[from] RepoError),
    /// The changes since could not be read.
    #[error("the changes since cannot be read")]
    Outbox(#[from] OutboxError),
    /// The database failed.
    #[error("the database failed")]
    Db(#[from] DbError),
    /// The index is still being built.
    #[error("the search index is being built: try again in a moment")]
    NotBuilt,
    /// The thread that looked for the answer failed.
    #[error("the search was given up")]
    Interrupted,
}

impl UserError for CatalogError {
    fn code(&self) -> Code {
        match self {
            CatalogError::Repo(error) => error.code(),
            CatalogError::Outbox(error) => error.code(),
            CatalogError::Db(error) => error.code(),
            CatalogError::NotBuilt => Code::Unavailable,
            CatalogError::Interrupted => Code::Internal,
        }
    }

    fn message(&self) -> Cow<'_, str> {
        match self {
            CatalogError::Repo(error) => error.message(),
            CatalogError::Outbox(error) => error.message(),
            CatalogError::Db(error) => error.message(),
            CatalogError::NotBuilt | CatalogError::Interrupted => self.to_string().into(),
        }
    }
}

/// Repositories that were found, with what is known of them, and the counts.
#[derive(Debug)]
pub struct FoundRepos {
    /// The repositories of the page.
    pub repos: Vec<ListedRepo>,
    /// Counts, facets, and whether there are more.
    pub found: Found,
}

/// The index. Cloning is cheap; every clone is the same.
#[derive(Clone)]
pub struct Catalog {
    inner: Arc<Inner>,
}

struct Inner {
    repos: Repos,
    outbox: Outbox,
    shelves: RwLock<Shelves>,
    /// How many questions have come.
    arrivals: AtomicU64,
    progress: Mutex<Progress>,
}

type Shelves = HashMap<RepoKind, Shelf>;

/// How far the index has come.
#[derive(Default)]
struct Progress {
    /// The last event taken in; nothing before the first build.
    position: Option<Sequence>,
    /// Questions numbered below this came before the outbox was last looked at.
    covered: u64,
}

impl Catalog {
    /// An index that is not built yet. Questions are answered by the database until [`Catalog::build`] has ended.
    pub fn new(repos: Repos, db: Db) -> Self {
        let inner = Inner {
            repos,
            outbox: Outbox::new(db),
            shelves: RwLock::default(),
            arrivals: AtomicU64::new(0),
            progress: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The repositories themselves.
    pub fn repos(&self) -> &Repos {
        &self.inner.repos
    }

    /// Reads all repositories.
    pub async fn build(&self) -> Result<u64, CatalogError> {
        // Not under the lock: meanwhile the database answers.
        let (position, shelves) = self.inner.read_all().await?;
        let mut progress = self.inner.progress.lock().await;
        let count = shelves.values().map(Shelf::len).sum();
        *self.inner.shelves.write().unwrap_or_else(PoisonError::into_inner) = shelves;
        progress.position = Some(position);
        Ok(count)
    }

    /// A page of the repositories that a caller may know of, as [`Repos::list`] gives it.
    pub async fn list(&self, caller: &Caller, query: &ListQuery) -> Result<ListPage, CatalogError> {
        let Some(FoundRepos { repos, found }) = self.search(caller, query.kind, query_of(query)).await? else {
            return Ok(self.inner.repos.list(caller, query).await?);
        };
        let next: Option<ListCursor> = found.page.last().filter(|_| found.more).map(|place| cursor_of(*place));
        Ok(ListPage { repos, next })
    }

    /// The repositories of a kind that match.
    ///
    /// # Errors
    /// [`CatalogError::NotBuilt`] while the index is being built: only it can answer this.
    pub async fn find(&self, caller: &Caller, kind: RepoKind, query: Query) -> Result<FoundRepos, CatalogError> {
        self.search(caller, kind, query).await?.ok_or(CatalogError::NotBuilt)
    }

    /// As [`Catalog::find`]; nothing while the index is not built.
    async fn search(&self, caller: &Caller, kind: RepoKind, query: Query) -> Result<Option<FoundRepos>, CatalogError> {
        if !self.inner.catch_up().await? {
            return Ok(None);
        }
        let owners: Vec<i64> = caller.readable_namespaces().into_iter().map(NamespaceId::key).collect();
        let inner = self.inner.clone();
        let look = move || inner.find(kind, &query, &owners);
        let found = if self.inner.len(kind) > LARGE {
            tokio::task::spawn_blocking(look).await.map_err(|_| CatalogError::Interrupted)?
        } else {
            look()
        };
        let ids: Vec<RepoId> = found.page.iter().map(|place| RepoId::from_key(place.id)).collect();
        let repos = self.inner.repos.pick(caller, &ids).await?;
        Ok(Some(FoundRepos { repos, found }))
    }
}

impl Inner {
    fn len(&self, kind: RepoKind) -> u64 {
        self.shelves.read().unwrap_or_else(PoisonError::into_inner).get(&kind).map_or(0, Shelf::len)
    }

    fn find(&self, kind: RepoKind, query: &Query, owners: &[i64]) -> Found {
        let shelves = self.shelves.read().unwrap_or_else(PoisonError::into_inner);
        shelves.get(&kind).map(|shelf| shelf.find(query, owners)).unwrap_or_default()
    }

    async fn read_all(&self) -> Result<(Sequence, Shelves), CatalogError> {
        // Asked first: what changes while everything is read is told again by the events that follow.
        let position = self.outbox.latest().await?;
        let mut entries: HashMap<RepoKind, Vec<Entry>> = HashMap::new();
        let mut last = None;
        loop {
            let rows = self.repos.survey(last).await?;
            let is_last = rows.len() < SURVEY_MAX;
            last = rows.last().map(|row| row.id);
            for row in rows {
                entries.entry(row.kind).or_default().push(entry_of(row));
            }
            if is_last {
                break;
            }
        }
        let fill = |(kind, entries): (RepoKind, Vec<Entry>)| (kind, Shelf::fill(entries.into_iter()));
        let shelves = tokio::task::spawn_blocking(move || entries.into_iter().map(fill).collect());
        Ok((position, shelves.await.map_err(|_| CatalogError::Interrupted)?))
    }

    /// Takes in what happened before this call; `false` while the index is not built.
    async fn catch_up(&self) -> Result<bool, CatalogError> {
        let number = self.arrivals.fetch_add(1, Ordering::AcqRel);
        let mut progress = self.progress.lock().await;
        let Some(mut position) = progress.position else { return Ok(false) };
        if progress.covered > number {
            // Someone has looked at the outbox after this question came.
            return Ok(true);
        }
        let covered = self.arrivals.load(Ordering::Acquire);
        loop {
            let events = match self.outbox.after(position, EVENTS).await {
                Ok(events) => events,
                Err(OutboxError::Pruned { .. }) => {
                    let (newest, shelves) = self.read_all().await?;
                    *self.shelves.write().unwrap_or_else(PoisonError::into_inner) = shelves;
                    progress.position = Some(newest);
                    position = newest;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let Some(last) = events.last().map(|event| event.sequence) else { break };
            self.renew(&events).await?;
            position = last;
            progress.position = Some(position);
        }
        progress.covered = covered;
        Ok(true)
    }

    /// Reads again the repositories that events name.
    async fn renew(&self, events: &[Event]) -> Result<(), CatalogError> {
        let keys: Vec<i64> = events.iter().flat_map(repos_of).collect::<BTreeSet<_>>().into_iter().collect();
        for part in keys.chunks(SURVEY_MAX) {
            let ids: Vec<RepoId> = part.iter().copied().map(RepoId::from_key).collect();
            let rows: Vec<Surveyed> = self.repos.survey_of(&ids).await?;
            let mut shelves = self.shelves.write().unwrap_or_else(PoisonError::into_inner);
            let mut gone: BTreeSet<i64> = part.iter().copied().collect();
            for row in rows {
                gone.remove(&row.id.key());
                shelves.entry(row.kind).or_default().put(&entry_of(row));
            }
            for key in gone {
                shelves.values_mut().for_each(|shelf| shelf.remove(key));
            }
        }
        Ok(())
    }
}

/// The repositories that an event is about.
fn repos_of(event: &Event) -> Vec<i64> {
    if event.kind == "repos.counted" {
        let named = event.payload.get("repos").and_then(|repos| repos.as_array());
        return named.into_iter().flatten().filter_map(|key| key.as_i64()).collect();
    }
    event.subject.strip_prefix("repo:").and_then(|key| key.parse().ok()).into_iter().collect()
}
