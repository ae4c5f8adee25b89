//! Buckets: repositories without git, whose files change in place.
//!
//! A bucket is a row of `repo` like any other repository, so that its address, its owner and who may have it are decided
//! where they are decided for all. Its files are rows of their own and name contents of the common store, which the bucket
//! holds as repositories hold their large files: knowing the hash of a content is no right to it, and what a bucket no
//! longer names is collected. Bytes come by Xet only, and never move when files are copied.

mod batch;
mod changes;
mod check;

use std::collections::HashMap;

use hub_account::Caller;
use hub_core::{Access, BucketPath, NamespaceName, RepoAddr, RepoKind, Sha256, Timestamp, XetHash};

pub use batch::{BatchOutcome, BucketOperation, NewFacts};
pub use changes::{BucketChange, BucketChanges, FileEvent, FollowFrom};

use crate::store::{bucket_list, buckets};
use crate::{FileSource, ListCursor, ListQuery, ListedRepo, Repo, RepoError, RepoId, RepoState, Repos, SortKey};

/// A bucket that its caller may have, with the access that was asked for.
#[derive(Clone)]
pub struct Bucket(Repo);

/// What a bucket holds in all.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct BucketTotals {
    /// Files.
    pub files: u64,
    /// Their bytes, each file counted by itself.
    pub size_bytes: u64,
}

/// When a file was last changed before it came, as its sender says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ModifiedAt {
    /// The moment.
    pub at: Timestamp,
    /// What it lacks to the full precision, in nanoseconds below a millisecond.
    pub nanos: u32,
}

/// A file of a bucket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BucketFile {
    /// Where it is.
    pub path: String,
    /// When it came, or came again.
    pub uploaded: Timestamp,
    /// Its bytes.
    pub size: u64,
    /// Its content.
    pub sha256: Sha256,
    /// The file of the chunk store that has the content.
    pub xet: XetHash,
    /// When its sender last changed it.
    pub modified: Option<ModifiedAt>,
    /// The media type, as its sender says.
    pub content_type: Option<String>,
}

impl BucketFile {
    /// Where its bytes are read.
    pub fn source(&self) -> FileSource {
        FileSource::Content(self.sha256)
    }
}

/// Something in a listing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BucketEntry {
    /// A file.
    File(BucketFile),
    /// A folder in which files lie, at whatever depth.
    Folder {
        /// Where it is.
        path: String,
        /// When a file last came to it.
        uploaded: Timestamp,
    },
}

/// By what a listing is ordered.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum BucketOrder {
    /// The bytes of the path.
    #[default]
    Path,
    /// When it came.
    Uploaded,
}

/// Where a page of a listing ends and the next begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BucketPlace {
    /// The last path.
    pub path: String,
    /// When it came; says nothing where paths are the order.
    pub uploaded: Timestamp,
}

/// Which part of a bucket is listed, and how.
#[derive(Clone, Debug)]
pub struct BucketListing<'a> {
    /// What paths begin with; all of them if empty. It is taken letter by letter: `log` finds `logs/a` and `log.txt`.
    pub prefix: &'a str,
    /// Whether every file is listed, or folders stand for what lies in them. A prefix that names a folder in full is then
    /// shown by what lies in the folder.
    pub recursive: bool,
    /// The order.
    pub order: BucketOrder,
    /// Whether it goes up.
    pub ascending: bool,
    /// Where the page before ended.
    pub after: Option<BucketPlace>,
    /// The most entries of a page.
    pub limit: usize,
}

/// A page of a listing.
#[derive(Debug)]
pub struct BucketPage {
    /// What is listed.
    pub entries: Vec<BucketEntry>,
    /// Where the next page begins, if there is one.
    pub next: Option<BucketPlace>,
}

/// A bucket with its totals, as lists show it.
#[derive(Clone, Debug)]
pub struct ListedBucket {
    /// What is stored of it.
    pub state: RepoState,
    /// What it holds.
    pub totals: BucketTotals,
}

/// Which buckets are listed.
#[derive(Clone, Debug)]
pub struct BucketsQuery {
    /// Whose.
    pub owner: NamespaceName,
    /// What their names hold.
    pub search: Option<String>,
    /// After which one the page begins.
    pub after: Option<ListCursor>,
    /// The most buckets of the page.
    pub limit: usize,
}

/// A page of a list of buckets.
#[derive(Debug)]
pub struct BucketsPage {
    /// The buckets.
    pub buckets: Vec<ListedBucket>,
    /// Where the next page begins, if there is one.
    pub next: Option<ListCursor>,
}

impl Bucket {
    /// A repository that is a bucket.
    ///
    /// # Errors
    /// [`RepoError::RepoNotFound`] if it is of another kind.
    pub fn of(repo: Repo) -> Result<Self, RepoError> {
        if repo.addr().kind == RepoKind::Bucket { Ok(Self(repo)) } else { Err(RepoError::RepoNotFound) }
    }

    /// The repository that it is.
    pub fn repo(&self) -> &Repo {
        &self.0
    }

    /// Its key.
    fn id(&self) -> RepoId {
        self.0.id()
    }

    fn repos(&self) -> &Repos {
        &self.0.repos
    }

    /// What it holds in all.
    pub async fn totals(&self) -> Result<BucketTotals, RepoError> {
        self.0.require(Access::Metadata)?;
        Ok(self.row().await?.totals)
    }

    async fn row(&self) -> Result<buckets::BucketRow, RepoError> {
        buckets::get(self.repos().db(), self.id()).await?.ok_or(RepoError::RepoNotFound)
    }

    /// A page of what lies in it.
    pub async fn list(&self, listing: &BucketListing<'_>) -> Result<BucketPage, RepoError> {
        self.0.require(Access::Metadata)?;
        let limit = listing.limit.max(1);
        let mut entries = bucket_list::page(self.repos().db(), self.id(), listing, limit as i64 + 1).await?;
        let next = (entries.len() > limit).then(|| {
            entries.truncate(limit);
            entries.last().map(BucketEntry::place)
        });
        Ok(BucketPage { entries, next: next.flatten() })
    }

    /// The files at these paths in their order, without those that are not there.
    pub async fn files(&self, paths: &[BucketPath]) -> Result<Vec<BucketFile>, RepoError> {
        self.0.require(Access::Metadata)?;
        let mut asked: Vec<&str> = paths.iter().map(BucketPath::as_str).collect();
        let order: HashMap<String, usize> =
            asked.iter().enumerate().rev().map(|(place, path)| ((*path).to_owned(), place)).collect();
        asked.sort_unstable();
        asked.dedup();
        let mut found = buckets::files(self.repos().db(), self.id(), &asked).await?;
        found.sort_by_key(|file| order.get(&file.path).copied());
        Ok(found)
    }

    /// The file at a path.
    ///
    /// # Errors
    /// [`RepoError::EntryNotFound`] if there is none.
    pub async fn file(&self, path: &BucketPath) -> Result<BucketFile, RepoError> {
        self.0.require(Access::Read)?;
        let found = buckets::file(self.repos().db(), self.id(), path).await?;
        found.ok_or_else(|| RepoError::entry_not_found(path.as_str(), None))
    }
}

impl Repos {
    /// Opens a bucket for a caller; see [`Repos::open`].
    pub async fn open_bucket(&self, caller: &Caller, addr: &RepoAddr, access: Access) -> Result<Bucket, RepoError> {
        Bucket::of(self.open(caller, addr, access).await?)
    }

    /// A page of the buckets of a person or organisation that a caller may know of, the last changed first.
    pub async fn list_buckets(&self, caller: &Caller, query: BucketsQuery) -> Result<BucketsPage, RepoError> {
        let BucketsQuery { owner, search, after, limit } = query;
        let author = Some(owner.to_string());
        let query = ListQuery { author, sort: SortKey::Modified, after, limit, ..ListQuery::of(RepoKind::Bucket) };
        let page = self.list_named(caller, &query, search.as_deref()).await?;
        let keys: Vec<RepoId> = page.repos.iter().map(|repo| repo.state.id).collect();
        let totals: HashMap<i64, BucketTotals> = buckets::totals(self.db(), &keys)
            .await?
            .into_iter()
            .map(|(key, files, bytes)| {
                (key, BucketTotals { files: files.unsigned_abs(), size_bytes: bytes.unsigned_abs() })
            })
            .collect();
        let listed = |repo: ListedRepo| ListedBucket {
            totals: totals.get(&repo.state.id.key()).copied().unwrap_or_default(),
            state: repo.state,
        };
        Ok(BucketsPage { buckets: page.repos.into_iter().map(listed).collect(), next: page.next })
    }
}
