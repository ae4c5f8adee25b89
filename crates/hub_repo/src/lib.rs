//! What a hub is, whatever the protocol: repositories with their references, commits, trees and large files.
//!
//! [`Repos::open`] is the only way to a [`Repo`], and a `Repo` is the proof that its caller may have it. Content is
//! written first and referred to second: bytes go to the blob store and objects to their rows before one transaction
//! moves a reference. What nothing refers to does not exist, and is collected later.

mod app;
mod attention;
mod blame;
mod bucket;
mod check;
mod commit;
mod content;
mod diff;
mod diff_text;
mod downloads;
mod edit;
mod environment;
mod error;
mod events;
mod facts;
mod garbage;
mod gate;
mod history;
mod large;
mod lifecycle;
mod list;
mod locks;
mod moderation;
mod objects;
mod oids;
mod open;
mod pulls;
mod purge;
mod receive;
mod refs;
mod renaming;
mod repos;
mod revision;
mod rules;
mod squash;
mod storage;
mod store;
mod survey;
pub mod testing;
mod texts;
mod tree;
mod unfold;
mod walk;
mod weights;
mod why;
mod writers;
mod xet;

/// Bytes on their way in and out, as [`Repo::read`] and [`Repos::receive_whole`] name them.
pub use hub_blob::{BlobError, BlobStream, LinkOptions};

pub use attention::{Attention, TrendingScore};
pub use blame::Blame;
pub use bucket::{
    BatchOutcome, Bucket, BucketChange, BucketChanges, BucketEntry, BucketFile, BucketListing, BucketOperation,
    BucketOrder, BucketPage, BucketPlace, BucketTotals, BucketsPage, BucketsQuery, FileEvent, FollowFrom, ListedBucket,
    ModifiedAt, NewFacts,
};
pub use check::{CheckReport, Damage};
pub use commit::{CommitDone, CommitDraft, CommitHeader, Operation};
pub use content::{FileContent, FileSource};
pub use diff::{Change, ChangeStatus, DiffSide};
pub use downloads::{ClientClass, Download};
pub use environment::{
    EnvironmentEntry, EnvironmentKind, EnvironmentName, EnvironmentNameError, EnvironmentValue, NewEntry,
};
pub use error::RepoError;
pub use facts::Facts;
pub use garbage::GarbageReport;
pub use gate::{AccessRequest, GateAnswer, RequestId, RequestPage, RequestStatus, Whose};
pub use history::{CommitInfo, CommitPage};
pub use large::{ChunkPolicy, ChunkReport, PartPlan, Ticket, UploadPlan};
pub use lifecycle::{Gating, NewFile, NewRepo, Settings, SettingsChange, SpaceSdk};
pub use list::{KindCounts, ListCursor, ListPage, ListQuery, ListedRepo, SortKey};
pub use locks::{FileLock, LockFilter, LockId, LockIdError, LockPage, Locking};
pub use open::{Repo, RepoId, RepoState};
pub use pulls::{
    Conflict, Conflicts, LineRange, Merge, MergeRight, Merged, OwnedFiles, PreparedMerge, PreparedPull,
    PreparedResolution, Pull, PullBase, Resolution,
};
pub use purge::{LargeFile, LargeFilePage, LargePlace};
pub use receive::{Push, PushDone, PushMode, RefUpdate};
pub use refs::{RefList, RefTarget};
pub use repos::{Repos, ReposParts};
pub use rules::{BranchPattern, BranchPatternError, BranchRule, Pushers};
pub use storage::{RepoStorage, StorageReport};
pub use survey::{SURVEY_MAX, Surveyed, named_by};
pub use texts::{FileText, RepoTexts};
pub use tree::{EntryKind, LargeTarget, LastCommit, TreeEntryInfo, TreePage};
pub use walk::{Boundary, Deepen, Enumeration, Fetch, GitRef, ObjectFilter, PackedBody, PackedObject};
pub use weights::WeightsHeaders;
pub use why::ObjectReasons;
pub use xet::{XetGrant, XetScope, XetToken};
