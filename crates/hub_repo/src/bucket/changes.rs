//! Following a bucket: what happened to its files, in order, from any place that is still remembered.
//!
//! Changes are numbered within their bucket in the order in which they became visible, by every replica alike, so a number
//! is a place from which to go on. They are remembered for a while; who comes with an older place must look at the bucket
//! again and begin anew.

use hub_core::{Access, Timestamp, XetHash};

use super::Bucket;
use crate::store::{bucket_changes, buckets};
use crate::{RepoError, Repos};

/// What happened to a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileEvent {
    /// It is new.
    Added,
    /// Another took its place.
    Updated,
    /// It is gone.
    Deleted,
}

impl FileEvent {
    /// The word of the API.
    pub const fn word(self) -> &'static str {
        match self {
            FileEvent::Added => "add",
            FileEvent::Updated => "update",
            FileEvent::Deleted => "delete",
        }
    }
}

/// A change to one file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BucketChange {
    /// Its place among the changes of the bucket.
    pub number: i64,
    /// The file.
    pub path: String,
    /// What happened to it.
    pub what: FileEvent,
    /// Its bytes, unless it is gone.
    pub size: Option<u64>,
    /// Its content, unless it is gone.
    pub xet: Option<XetHash>,
    /// When its sender last changed it.
    pub modified: Option<Timestamp>,
    /// When it happened.
    pub at: Timestamp,
}

/// From where a bucket is followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FollowFrom {
    /// After the change of this number.
    Number(i64),
    /// After this moment.
    Moment(Timestamp),
    /// From now on.
    Now,
}

/// The changes from some place on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BucketChanges {
    /// These, as many as were asked for at most, and the number after which to ask again.
    Known {
        /// In order.
        changes: Vec<BucketChange>,
        /// The last of them, or the place itself.
        last: i64,
    },
    /// The place is not remembered any longer.
    Forgotten,
}

/// The most changes of one bucket that are remembered.
const KEPT: i64 = 100_000;

impl Bucket {
    /// The number from which a follower goes on; `None` if what happened since is not remembered any longer.
    pub async fn follow(&self, from: FollowFrom) -> Result<Option<i64>, RepoError> {
        self.repo().require(Access::Read)?;
        let row = self.row().await?;
        let (forgotten, forgotten_at) = row.forgotten;
        Ok(match from {
            FollowFrom::Now => Some(row.last_change),
            FollowFrom::Number(number) => (forgotten..=row.last_change).contains(&number).then_some(number),
            FollowFrom::Moment(moment) if moment >= row.changed => Some(row.last_change),
            FollowFrom::Moment(moment) if moment < forgotten_at => None,
            FollowFrom::Moment(moment) => {
                let last = bucket_changes::last_until(self.repos().db(), self.id(), moment).await?;
                Some(last.unwrap_or(forgotten))
            }
        })
    }

    /// The changes after a number, at most `limit`.
    ///
    /// # Errors
    /// [`RepoError::RepoNotFound`] if the bucket is gone.
    pub async fn changes(&self, after: i64, limit: usize) -> Result<BucketChanges, RepoError> {
        self.repo().require(Access::Read)?;
        let row = self.row().await?;
        if after < row.forgotten.0 {
            return Ok(BucketChanges::Forgotten);
        }
        if after >= row.last_change {
            return Ok(BucketChanges::Known { changes: Vec::new(), last: after });
        }
        let changes = bucket_changes::after(self.repos().db(), self.id(), after, limit as i64).await?;
        let last = changes.last().map_or(after, |change| change.number);
        // What was forgotten between the two questions leaves a gap at the beginning.
        match changes.first() {
            Some(first) if first.number > after + 1 => Ok(BucketChanges::Forgotten),
            _ => Ok(BucketChanges::Known { changes, last }),
        }
    }
}

impl Repos {
    /// Forgets changes of buckets from before a moment, and all but the last of each; gives their number.
    pub async fn forget_bucket_changes(&self, before: Timestamp) -> Result<u64, RepoError> {
        let mut gone = 0;
        for repo in bucket_changes::with_old(self.db(), before, KEPT).await? {
            let mut tx = self.db().begin().await?;
            // The bucket first, as whoever writes to it does.
            if buckets::lock(&mut tx, repo).await?.is_none() {
                continue;
            }
            gone += bucket_changes::forget(&mut tx, repo, before, KEPT).await?;
            tx.commit().await?;
        }
        Ok(gone)
    }
}
