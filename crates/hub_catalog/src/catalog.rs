//! The index of all repositories, kept equal to the database.
//!
//! It is built once, and before each answer it takes in what the outbox has told since. So an answer never lacks a
//! change that had been committed when the question came, on whichever replica it was made.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hub_account::{Caller, NamespaceId};
use hub_core::{Code, RepoKind, UserError};
use hub_db::{Db, DbError};
use hub_jobs::{Event, Outbox, OutboxError, Sequence};
use hub_repo::{ListCursor, ListPage, ListQuery, ListedRepo, RepoError, RepoId, Repos, SURVEY_MAX, Surveyed, named_by};
use tokio::sync::Mutex;

use crate::query::{Facet, Found, Query};
use crate::shelf::Shelf;
use crate::snapshot::{self, Origin};
use crate::stop::Stop;
use crate::translate::{cursor_of, entry_of, list_query_of, query_of};

/// How many events are taken in at a time.
const EVENTS: u32 = 1000;
/// No question is worth more time.
const DEADLINE: Duration = Duration::from_secs(2);
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
    /// The snapshot could not be written.
    #[error("the snapshot of the search index cannot be written")]
    Snapshot(#[source] std::io::Error),
    /// The index is still being built.
    #[error("the search index is being built: try again in a moment")]
    NotBuilt,
    /// The answer took too long.
    #[error("the search takes too long and was given up: ask for less, with fewer or narrower conditions")]
    TooSlow,
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
            CatalogError::NotBuilt | CatalogError::TooSlow => Code::Unavailable,
            CatalogError::Snapshot(_) | CatalogError::Interrupted => Code::Internal,
        }
    }

    fn message(&self) -> Cow<'_, str> {
        match self {
            CatalogError::Repo(error) => error.message(),
            CatalogError::Outbox(error) => error.message(),
            CatalogError::Db(error) => error.message(),
            _ => self.to_string().into(),
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

/// A page of repositories.
#[derive(Debug)]
pub struct CatalogPage {
    /// The repositories.
    pub repos: Vec<ListedRepo>,
    /// Where the next page begins, if there is one.
    pub next: Option<ListCursor>,
    /// How many match in all. The database, which answers while the index is built, does not count.
    pub total: Option<u64>,
    /// The facets asked for.
    pub facets: Vec<Facet>,
}

/// How the index came to be.
#[derive(Debug)]
pub struct Built {
    /// How many repositories are in it.
    pub repositories: u64,
    /// Whether they were read from the snapshot.
    pub from_snapshot: bool,
    /// Why a snapshot that is there was not used.
    pub refused: Option<String>,
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
    /// How many questions were given up because they took too long.
    given_up: Arc<AtomicU64>,
    /// Where the snapshot lies, if there is one.
    snapshot: Option<PathBuf>,
}

pub(crate) type Shelves = HashMap<RepoKind, Shelf>;

/// How far the index has come.
#[derive(Default)]
struct Progress {
    /// The last event taken in; nothing before the first build.
    position: Option<Sequence>,
    /// Questions numbered below this came before the outbox was last looked at.
    covered: u64,
    /// How far the snapshot goes that was written last.
    written: Option<Sequence>,
}

impl Catalog {
    /// An index that is not built yet. Questions are answered by the database until [`Catalog::build`] has ended.
    pub fn new(repos: Repos, db: Db) -> Self {
        Self::of(repos, db, None)
    }

    /// As [`Catalog::new`], with a file for its snapshot.
    pub fn with_snapshot(repos: Repos, db: Db, snapshot: PathBuf) -> Self {
        Self::of(repos, db, Some(snapshot))
    }

    fn of(repos: Repos, db: Db, snapshot: Option<PathBuf>) -> Self {
        let inner = Inner {
            repos,
            outbox: Outbox::new(db),
            shelves: RwLock::default(),
            arrivals: AtomicU64::new(0),
            progress: Mutex::default(),
            given_up: Arc::default(),
            snapshot,
        };
        Self { inner: Arc::new(inner) }
    }

    /// How many questions were given up because they took too long.
    pub fn given_up(&self) -> Arc<AtomicU64> {
        self.inner.given_up.clone()
    }

    /// The repositories themselves.
    pub fn repos(&self) -> &Repos {
        &self.inner.repos
    }

    /// Reads all repositories, from the snapshot if it fits.
    pub async fn build(&self) -> Result<Built, CatalogError> {
        // Not under the lock: meanwhile the database answers.
        let (restored, refused) = match self.inner.restore().await? {
            Ok(restored) => (restored, None),
            Err(reason) => (None, Some(reason)),
        };
        let from_snapshot = restored.is_some();
        let (position, shelves) = match restored {
            Some(restored) => restored,
            None => self.inner.read_all().await?,
        };
        let mut progress = self.inner.progress.lock().await;
        let repositories = shelves.values().map(Shelf::len).sum();
        *self.inner.shelves.write().unwrap_or_else(PoisonError::into_inner) = shelves;
        progress.position = Some(position);
        Ok(Built { repositories, from_snapshot, refused })
    }

    /// Writes the snapshot, if there is a place for it, the index is built, and something changed since the last one.
    /// Tells whether it was written.
    pub async fn write_snapshot(&self) -> Result<bool, CatalogError> {
        let Some(path) = self.inner.snapshot.clone() else { return Ok(false) };
        if !self.inner.catch_up().await? {
            return Ok(false);
        }
        let position = {
            let progress = self.inner.progress.lock().await;
            match progress.position {
                Some(position) if progress.written != Some(position) => position,
                _ => return Ok(false),
            }
        };
        let origin = self.inner.origin(position).await?;
        let inner = self.inner.clone();
        let write = move || snapshot::write(&path, &origin, &inner.shelves);
        let written = tokio::task::spawn_blocking(write).await.map_err(|_| CatalogError::Interrupted)?;
        written.map_err(CatalogError::Snapshot)?;
        self.inner.progress.lock().await.written = Some(position);
        Ok(true)
    }

    /// A page of the repositories that a caller may know of, as [`Repos::list`] gives it.
    pub async fn list(&self, caller: &Caller, query: &ListQuery) -> Result<ListPage, CatalogError> {
        let CatalogPage { repos, next, .. } = self.page(caller, query.kind, query_of(query)).await?;
        Ok(ListPage { repos, next })
    }

    /// A page of the repositories that match. While the index is being built the database answers what it can.
    ///
    /// # Errors
    /// [`CatalogError::NotBuilt`] for what only the index can answer, while it is being built.
    pub async fn page(&self, caller: &Caller, kind: RepoKind, query: Query) -> Result<CatalogPage, CatalogError> {
        let from_database = list_query_of(kind, &query);
        if let Some(FoundRepos { repos, found }) = self.search(caller, kind, query).await? {
            let next = found.page.last().filter(|_| found.more).map(|place| cursor_of(*place));
            return Ok(CatalogPage { repos, next, total: Some(found.total), facets: found.facets });
        }
        let query = from_database.ok_or(CatalogError::NotBuilt)?;
        let ListPage { repos, next } = self.inner.repos.list(caller, &query).await?;
        Ok(CatalogPage { repos, next, total: None, facets: Vec::new() })
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
        let found = self.inner.clone().look(kind, query, owners).await?;
        let ids: Vec<RepoId> = found.page.iter().map(|place| RepoId::from_key(place.id)).collect();
        let repos = self.inner.repos.pick(caller, &ids).await?;
        Ok(Some(FoundRepos { repos, found }))
    }
}

impl Inner {
    fn len(&self, kind: RepoKind) -> u64 {
        self.shelves.read().unwrap_or_else(PoisonError::into_inner).get(&kind).map_or(0, Shelf::len)
    }

    fn find(&self, kind: RepoKind, query: &Query, owners: &[i64], stop: &Stop) -> Found {
        let shelves = self.shelves.read().unwrap_or_else(PoisonError::into_inner);
        shelves.get(&kind).map(|shelf| shelf.find(query, owners, stop)).unwrap_or_default()
    }

    /// Looks for the answer, in bounded time.
    async fn look(self: Arc<Self>, kind: RepoKind, query: Query, owners: Vec<i64>) -> Result<Found, CatalogError> {
        let stop = Stop::default();
        if self.len(kind) <= LARGE {
            return Ok(self.find(kind, &query, &owners, &stop));
        }
        let (inner, given_up) = (self.clone(), stop.clone());
        let looking = tokio::task::spawn_blocking(move || inner.find(kind, &query, &owners, &given_up));
        match tokio::time::timeout(DEADLINE, looking).await {
            Ok(found) => found.map_err(|_| CatalogError::Interrupted),
            Err(_) => {
                stop.set();
                self.given_up.fetch_add(1, Ordering::Relaxed);
                Err(CatalogError::TooSlow)
            }
        }
    }

    async fn read_all(&self) -> Result<(Sequence, Shelves), CatalogError> {
        // Asked first: what changes while everything is read is told again by the events that follow.
        let position = self.outbox.latest().await?;
        let mut shelves = Shelves::new();
        let mut rows = self.repos.survey(None).await?;
        loop {
            let last = rows.last().map(|row| row.id);
            let is_last = rows.len() < SURVEY_MAX;
            // The next rows are read while these are indexed.
            let add = tokio::task::spawn_blocking(move || {
                for row in rows {
                    shelves.entry(row.kind).or_default().add(&entry_of(row));
                }
                shelves
            });
            let next = if is_last { Vec::new() } else { self.repos.survey(last).await? };
            shelves = add.await.map_err(|_| CatalogError::Interrupted)?;
            if is_last {
                break;
            }
            rows = next;
        }
        let finish = || shelves.into_iter().map(|(kind, shelf)| (kind, shelf.finish())).collect();
        let shelves = tokio::task::spawn_blocking(finish).await.map_err(|_| CatalogError::Interrupted)?;
        Ok((position, shelves))
    }

    /// What a snapshot at this place in the history of events is a picture of.
    async fn origin(&self, position: Sequence) -> Result<Origin, CatalogError> {
        let instance = format!("{} {}", self.repos.instance().await?, env!("CARGO_PKG_VERSION"));
        let before = Sequence::new(position.number() - 1);
        let event = match self.outbox.after(before, 1).await {
            Ok(events) => events.into_iter().next().filter(|event| event.sequence == position),
            Err(OutboxError::Pruned { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let event = event.map(|event| format!("{} {} {}", event.at.millis(), event.kind, event.subject));
        Ok(Origin { instance, position: position.number(), event: event.unwrap_or_default() })
    }

    /// The snapshot, or why it is not used; nothing if there is none.
    async fn restore(&self) -> Result<Result<Option<(Sequence, Shelves)>, String>, CatalogError> {
        let Some(path) = self.snapshot.clone() else { return Ok(Ok(None)) };
        let opened = match tokio::task::spawn_blocking(move || snapshot::open(&path)).await {
            Ok(Ok(opened)) => opened,
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Ok(None)),
            Ok(Err(error)) => return Ok(Err(error.to_string())),
            Err(_) => return Err(CatalogError::Interrupted),
        };
        let position = Sequence::new(opened.origin.position);
        let present = self.origin(position).await?;
        // An event that was pruned since cannot be compared; the position and the instance can.
        let is_known = opened.origin.event == present.event || present.event.is_empty();
        if opened.origin.instance != present.instance || !is_known || self.outbox.latest().await? < position {
            return Ok(Err("it is not of this database, or of another release".to_owned()));
        }
        let read = tokio::task::spawn_blocking(move || opened.read()).await.map_err(|_| CatalogError::Interrupted)?;
        Ok(read.map(|shelves| Some((position, shelves))).map_err(|error| error.to_string()))
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
        let named = events.iter().flat_map(named_by).map(RepoId::key);
        let keys: Vec<i64> = named.collect::<BTreeSet<_>>().into_iter().collect();
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
