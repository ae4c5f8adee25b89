//! Many changes to the files of a bucket at once.
//!
//! Each operation succeeds or fails by itself, and those that succeed become visible together. What is named by its hash
//! must be held by this bucket, because it was brought here, or by a repository that the caller may read.
//!
//! Rows are met in one order: the bucket, contents by their ids and what holds them, files, folders, the repository last.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use hub_account::NamespaceId;
use hub_core::{Access, BucketPath, RepoAddr, Sha256, Timestamp, XetHash};
use hub_db::Tx;

use super::{Bucket, BucketChange, BucketFile, FileEvent, ModifiedAt};
use crate::store::buckets::{self, FolderDelta};
use crate::store::{bucket_changes, large, repos};
use crate::{Repo, RepoError, RepoId};

/// How often a transaction is tried.
const ATTEMPTS: u32 = 5;

/// What a sender says of a file beside its content.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct NewFacts {
    /// When it was last changed.
    pub modified: Option<ModifiedAt>,
    /// Its media type.
    pub content_type: Option<String>,
}

/// A change to one file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BucketOperation {
    /// Puts a file in place that was brought to this bucket.
    Add {
        /// Where.
        path: BucketPath,
        /// What.
        file: XetHash,
        /// What else is said of it.
        facts: NewFacts,
    },
    /// Puts a file in place that another repository holds, or another path of this bucket.
    Copy {
        /// Where.
        path: BucketPath,
        /// What.
        file: XetHash,
        /// Who holds it.
        from: RepoAddr,
        /// What else is said of it.
        facts: NewFacts,
    },
    /// Takes a file away. One that is not there is as good as gone, so that a batch can be sent again.
    Delete {
        /// Where.
        path: BucketPath,
    },
}

/// What became of an operation: nothing to say, or why it failed.
pub type BatchOutcome = Result<(), String>;

/// A content that an operation names, found.
#[derive(Clone, Copy)]
struct Content {
    sha256: Sha256,
    size: u64,
    xet: XetHash,
    /// Whether it must come from elsewhere.
    is_copied: bool,
}

/// What an operation comes to.
enum Step<'a> {
    Put { path: &'a str, content: Content, facts: &'a NewFacts },
    Delete { path: &'a str },
    Fail(String),
}

impl Bucket {
    /// Applies operations in their order and tells what became of each.
    ///
    /// # Errors
    /// [`RepoError::QuotaExceeded`] if copies take more room than the owner has; then nothing has changed.
    pub async fn apply(&self, operations: &[BucketOperation]) -> Result<Vec<BatchOutcome>, RepoError> {
        self.repo().require(Access::Write)?;
        let steps = self.steps(operations).await?;
        for attempt in 1.. {
            match self.try_apply(&steps).await {
                Err(RepoError::Db(error)) if error.is_conflict() && attempt < ATTEMPTS => {}
                result => return result,
            }
        }
        unreachable!("the last attempt returns")
    }

    /// Finds what the operations name.
    async fn steps<'a>(&self, operations: &'a [BucketOperation]) -> Result<Vec<Step<'a>>, RepoError> {
        let mut added = BTreeSet::new();
        let mut copied: BTreeMap<&RepoAddr, BTreeSet<XetHash>> = BTreeMap::new();
        for operation in operations {
            match operation {
                BucketOperation::Add { file, .. } => drop(added.insert(*file)),
                BucketOperation::Copy { file, from, .. } => drop(copied.entry(from).or_default().insert(*file)),
                BucketOperation::Delete { .. } => {}
            }
        }
        let own = self.contents_of(self.id(), &added).await?;
        let mut fresh = HashMap::new();
        let mut sources: HashMap<&RepoAddr, Result<HashMap<XetHash, Content>, String>> = HashMap::new();
        for (from, files) in copied {
            let found = match self.open_source(from).await {
                Ok(source) => {
                    let found = self.contents_of(source.id(), &files).await?;
                    if source.id() != self.id() {
                        fresh.extend(found.values().map(|content| (content.sha256, content.size)));
                    }
                    Ok(found)
                }
                Err(RepoError::RepoNotFound) => Err(format!("Source repository not found: {from}")),
                Err(error @ (RepoError::Gated { .. } | RepoError::Disabled)) => Err(error.to_string()),
                Err(error) => return Err(error),
            };
            sources.insert(from, found);
        }
        if !fresh.is_empty() {
            let contents: Vec<Sha256> = fresh.keys().copied().collect();
            for held in large::held_among(self.repos().db(), self.id(), &contents).await? {
                fresh.remove(&held);
            }
            self.repo().check_quota(fresh.values().sum()).await?;
        }
        Ok(operations
            .iter()
            .map(|operation| match operation {
                BucketOperation::Add { path, file, facts } => match own.get(file) {
                    Some(content) => Step::Put { path: path.as_str(), content: *content, facts },
                    None => Step::Fail(not_uploaded(*file)),
                },
                BucketOperation::Copy { path, file, from, facts } => match sources.get(from) {
                    Some(Ok(found)) => match found.get(file) {
                        Some(content) => {
                            let content = Content { is_copied: true, ..*content };
                            Step::Put { path: path.as_str(), content, facts }
                        }
                        None => Step::Fail(format!("File {file} not found in {from}")),
                    },
                    Some(Err(reason)) => Step::Fail(reason.clone()),
                    None => Step::Fail(format!("Source repository not found: {from}")),
                },
                BucketOperation::Delete { path } => Step::Delete { path: path.as_str() },
            })
            .collect())
    }

    /// Opens what files are copied from, under its present address if it has moved.
    async fn open_source(&self, from: &RepoAddr) -> Result<Repo, RepoError> {
        let caller = self.repo().caller();
        match self.repos().open(caller, from, Access::Read).await {
            Err(RepoError::Moved { to }) => self.repos().open(caller, &to, Access::Read).await,
            result => result,
        }
    }

    async fn contents_of(
        &self,
        holder: RepoId,
        files: &BTreeSet<XetHash>,
    ) -> Result<HashMap<XetHash, Content>, RepoError> {
        let files: Vec<XetHash> = files.iter().copied().collect();
        let found = buckets::held_files(self.repos().db(), holder, &files).await?;
        let content = |(xet, sha256, size): (XetHash, Sha256, i64)| {
            (xet, Content { sha256, size: size.max(0) as u64, xet, is_copied: false })
        };
        Ok(found.into_iter().map(content).collect())
    }

    async fn try_apply(&self, steps: &[Step<'_>]) -> Result<Vec<BatchOutcome>, RepoError> {
        let id = self.id();
        let mut tx = self.repos().db().begin().await?;
        let mut row = buckets::lock(&mut tx, id).await?.ok_or(RepoError::RepoNotFound)?;
        // Each batch has a moment of its own, so that a moment tells what came before and after.
        let now = self.repos().clock().now().max(row.changed.plus_millis(1));
        let (held, charged) = self.hold(&mut tx, steps, now).await?;

        let mut paths: Vec<&str> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Put { path, .. } | Step::Delete { path } => Some(*path),
                Step::Fail(_) => None,
            })
            .collect();
        paths.sort_unstable();
        paths.dedup();
        let before: HashMap<String, BucketFile> =
            buckets::files_in(&mut tx, id, &paths).await?.into_iter().map(|file| (file.path.clone(), file)).collect();

        let mut after: HashMap<&str, Option<BucketFile>> = HashMap::new();
        let mut outcomes = Vec::with_capacity(steps.len());
        for step in steps {
            outcomes.push(match step {
                Step::Put { path, content, facts } if held.contains(&content.sha256) => {
                    after.insert(path, Some(new_file(path, content, facts, now)));
                    Ok(())
                }
                Step::Put { content, .. } if content.is_copied => {
                    Err(format!("File {} went away meanwhile: try again", content.xet))
                }
                Step::Put { content, .. } => Err(not_uploaded(content.xet)),
                Step::Delete { path } => {
                    after.insert(path, None);
                    Ok(())
                }
                Step::Fail(reason) => Err(reason.clone()),
            });
        }

        let mut difference = Difference { number: row.last_change, now, ..Difference::default() };
        for path in paths {
            if let Some(new) = after.get(path) {
                difference.note(path, before.get(path), new.as_ref());
            }
        }
        if difference.changes.is_empty() {
            // Contents that were brought stay wanted, even if no file has them in the end.
            tx.commit().await?;
            return Ok(outcomes);
        }
        let freed = self.write(&mut tx, &difference).await?;
        row.totals.files = row.totals.files.saturating_add_signed(difference.files);
        row.totals.size_bytes = row.totals.size_bytes.saturating_add_signed(difference.bytes);
        row.last_change = difference.number;
        row.changed = now;
        buckets::update(&mut tx, id, &row).await?;
        repos::add_used_bytes(&mut tx, id, charged as i64 - freed as i64).await?;
        if !repos::touch(&mut tx, id, now).await? {
            return Err(RepoError::RepoNotFound);
        }
        let payload = serde_json::json!({
            "repo": self.repo().addr().repo_id(),
            "kind": self.repo().addr().kind.word(),
            "changes": difference.changes.len(),
            "by": self.repo().caller().user().map(|user| user.id.key()),
        });
        self.repo().note(&mut tx, "bucket.changed", payload).await?;
        tx.commit().await?;
        Ok(outcomes)
    }

    /// Makes the bucket hold what is put in place. Gives what it holds of that, and the bytes that are new to it.
    async fn hold(&self, tx: &mut Tx, steps: &[Step<'_>], now: Timestamp) -> Result<(HashSet<Sha256>, u64), RepoError> {
        let mut wanted: BTreeMap<Sha256, Content> = BTreeMap::new();
        for step in steps {
            if let Step::Put { content, .. } = step {
                let known = wanted.entry(content.sha256).or_insert(*content);
                known.is_copied |= content.is_copied;
            }
        }
        let contents: Vec<Sha256> = wanted.keys().copied().collect();
        let held = buckets::want(tx, self.id(), &contents, now).await?;
        let mut held: HashSet<Sha256> = held.into_iter().map(|(sha256,)| sha256).collect();
        let by = self.repo().caller().user().map_or(NamespaceId::new(0), |user| user.id);
        let mut charged = 0;
        for (sha256, content) in wanted {
            if held.contains(&sha256) || !content.is_copied {
                continue;
            }
            // Renewing the row holds its collection off until this transaction has ended.
            if large::renew(tx, sha256, now).await?.is_none() {
                continue;
            }
            if large::give(tx, self.id(), sha256, by, now).await? {
                charged += content.size;
            }
            if self.repos().cas().hold(tx, self.id().holder(), &content.xet).await? {
                held.insert(sha256);
            }
        }
        Ok((held, charged))
    }

    /// Writes a difference and gives the bytes that the bucket no longer holds.
    async fn write(&self, tx: &mut Tx, difference: &Difference<'_>) -> Result<u64, RepoError> {
        let id = self.id();
        buckets::delete_files(tx, id, &difference.gone).await?;
        buckets::insert_files(tx, id, &difference.new).await?;
        for (folder, delta) in &difference.folders {
            buckets::change_folder(tx, id, folder, *delta, difference.now).await?;
        }
        bucket_changes::insert(tx, id, &difference.changes).await?;
        let mut freed = 0;
        for (sha256, old) in &difference.left {
            if buckets::let_go(tx, id, *sha256, old.uploaded).await? {
                self.repos().cas().release(tx, id.holder(), &old.xet).await?;
                freed += old.size;
            }
        }
        Ok(freed)
    }
}

fn not_uploaded(file: XetHash) -> String {
    format!("File {file} has not been uploaded to this bucket: upload it first, then add it")
}

fn new_file(path: &str, content: &Content, facts: &NewFacts, now: Timestamp) -> BucketFile {
    BucketFile {
        path: path.to_owned(),
        uploaded: now,
        size: content.size,
        sha256: content.sha256,
        xet: content.xet,
        modified: facts.modified,
        content_type: facts.content_type.clone(),
    }
}

/// What changes between the files before and after a batch.
struct Difference<'a> {
    now: Timestamp,
    /// Paths whose rows go, because the file is gone or another takes its place.
    gone: Vec<&'a str>,
    new: Vec<&'a BucketFile>,
    folders: BTreeMap<&'a str, FolderDelta>,
    /// Files whose contents may have lost their last name, the latest of each content.
    left: BTreeMap<Sha256, &'a BucketFile>,
    changes: Vec<BucketChange>,
    /// The number of the last change.
    number: i64,
    files: i64,
    bytes: i64,
}

impl Default for Difference<'_> {
    fn default() -> Self {
        Self {
            now: Timestamp::from_millis(0),
            gone: Vec::new(),
            new: Vec::new(),
            folders: BTreeMap::new(),
            left: BTreeMap::new(),
            changes: Vec::new(),
            number: 0,
            files: 0,
            bytes: 0,
        }
    }
}

impl<'a> Difference<'a> {
    fn note(&mut self, path: &'a str, old: Option<&'a BucketFile>, new: Option<&'a BucketFile>) {
        let what = match (old, new) {
            (None, None) => return,
            (None, Some(_)) => FileEvent::Added,
            (Some(_), Some(_)) => FileEvent::Updated,
            (Some(_), None) => FileEvent::Deleted,
        };
        let by = i64::from(new.is_some()) - i64::from(old.is_some());
        self.files += by;
        self.bytes += new.map_or(0, |file| file.size as i64) - old.map_or(0, |file| file.size as i64);
        if let Some(old) = old {
            self.gone.push(path);
            let left = self.left.entry(old.sha256).or_insert(old);
            if old.uploaded > left.uploaded {
                *left = old;
            }
        }
        self.new.extend(new);
        for (at, _) in path.rmatch_indices('/') {
            let delta = self.folders.entry(&path[..at]).or_default();
            delta.files += by;
            delta.is_uploaded |= new.is_some();
        }
        self.number += 1;
        self.changes.push(BucketChange {
            number: self.number,
            path: path.to_owned(),
            what,
            size: new.map(|file| file.size),
            xet: new.map(|file| file.xet),
            modified: new.and_then(|file| file.modified).map(|modified| modified.at),
            at: self.now,
        });
    }
}
