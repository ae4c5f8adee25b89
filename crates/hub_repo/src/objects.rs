//! Reading and preparing git objects: trees through a bounded cache, blobs from their row or from the blob store.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::TryStreamExt;
use hub_blob::BlobStream;
use hub_core::{Oid, Sha256};
use hub_formats::git::{self, Commit, Compressor, ObjectKind, Tree, delta};
use hub_formats::lfs;
use sha2::Digest;

use crate::store::large::{self, LargeRow};
use crate::store::objects::{self, BlobRow, NewObject, ObjectBody, ObjectRow};
use crate::{Repo, RepoError, RepoId, Repos};

/// Blobs above this size live in the blob store, where a range of them can be read without the rest.
pub(crate) const ROW_BLOB_MAX: usize = 128 << 10;

/// Parsed trees of recent listings and commits. Keyed by immutable ids, so it can be stale on no replica.
pub(crate) struct TreeCache {
    state: Mutex<CacheState>,
}

/// Two generations: what is used while the young one fills up moves over, the rest is dropped with the old one.
/// That keeps nearly what a strict least-recently-used order would keep, without a list to maintain.
#[derive(Default)]
struct CacheState {
    young: HashMap<(RepoId, Oid), Arc<Tree>>,
    old: HashMap<(RepoId, Oid), Arc<Tree>>,
    young_entries: usize,
}

/// How many tree entries a generation holds: about 40 bytes and a name each, so some 8 MiB.
const GENERATION_ENTRIES: usize = 100_000;

impl Default for TreeCache {
    fn default() -> Self {
        Self { state: Mutex::new(CacheState::default()) }
    }
}

impl TreeCache {
    fn get(&self, repo: RepoId, oid: Oid) -> Option<Arc<Tree>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tree) = state.young.get(&(repo, oid)) {
            return Some(tree.clone());
        }
        let tree = state.old.remove(&(repo, oid))?;
        state.insert(repo, oid, tree.clone());
        Some(tree)
    }

    pub(crate) fn insert(&self, repo: RepoId, oid: Oid, tree: Arc<Tree>) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).insert(repo, oid, tree);
    }
}

impl CacheState {
    fn insert(&mut self, repo: RepoId, oid: Oid, tree: Arc<Tree>) {
        let entries = tree.entries().len() + 1;
        if self.young_entries + entries > GENERATION_ENTRIES {
            self.old = std::mem::take(&mut self.young);
            self.young_entries = 0;
        }
        self.young_entries += entries;
        self.young.insert((repo, oid), tree);
    }
}

impl Repos {
    /// A tree of a repository. The empty tree needs no row.
    pub(crate) async fn tree_of(&self, repo: RepoId, oid: Oid) -> Result<Arc<Tree>, RepoError> {
        if oid == Oid::EMPTY_TREE {
            return Ok(Arc::new(Tree::default()));
        }
        if let Some(tree) = self.trees().get(repo, oid) {
            return Ok(tree);
        }
        let bytes = self.object_bytes(repo, oid, ObjectKind::Tree).await?;
        let tree = Arc::new(Tree::parse(&bytes)?);
        self.trees().insert(repo, oid, tree.clone());
        Ok(tree)
    }

    /// A commit object in full.
    pub(crate) async fn commit_of(&self, repo: RepoId, oid: Oid) -> Result<Commit, RepoError> {
        Ok(Commit::parse(&self.object_bytes(repo, oid, ObjectKind::Commit).await?)?)
    }

    /// The content of an object that must exist and be of this kind.
    pub(crate) async fn object_bytes(&self, repo: RepoId, oid: Oid, kind: ObjectKind) -> Result<Bytes, RepoError> {
        let missing = || RepoError::Inconsistent(format!("repository {} lacks the object {oid}", repo.0));
        let row = objects::get(self.db(), repo, oid).await?.ok_or_else(missing)?;
        require_kind(&row, oid, kind)?;
        match (row.base, &row.data, row.content) {
            (Some(_), _, _) => self.unfold(repo, vec![row]).await?.remove(&oid).ok_or_else(missing),
            (None, Some(data), _) => Ok(Bytes::from(git::decompress(data, row.size())?)),
            (None, None, Some(sha256)) => self.content_bytes(sha256, row.size()).await,
            (None, None, None) => Err(missing()),
        }
    }

    /// Several commit objects, in no order; those that are missing are left out.
    pub(crate) async fn commits_of(&self, repo: RepoId, oids: &[Oid]) -> Result<HashMap<Oid, Commit>, RepoError> {
        let rows = objects::get_many(self.db(), repo, oids).await?;
        let parsed = tokio::task::spawn_blocking(move || rows.into_iter().map(parse_commit).collect());
        parsed.await.map_err(|_| RepoError::Inconsistent("reading commits failed".to_owned()))?
    }

    /// The whole of a content of the blob store; for content of bounded size only.
    pub(crate) async fn content_bytes(&self, sha256: Sha256, size: u64) -> Result<Bytes, RepoError> {
        let mut stream = self.read_content(sha256, 0..size).await?;
        let mut all = Vec::with_capacity(size.min(64 << 20) as usize);
        while let Some(chunk) = stream.try_next().await? {
            all.extend_from_slice(&chunk);
        }
        Ok(all.into())
    }

    /// In which form a verified content is kept.
    pub(crate) async fn content(&self, sha256: Sha256) -> Result<LargeRow, RepoError> {
        let row = large::get(self.db(), sha256).await?;
        row.ok_or_else(|| RepoError::Inconsistent(format!("the content {sha256} is not kept")))
    }

    /// Streams a range of a content: from the whole copy where there is one, which costs least, else from its chunks.
    pub(crate) async fn read_content(&self, sha256: Sha256, range: Range<u64>) -> Result<BlobStream, RepoError> {
        let row = self.content(sha256).await?;
        match (row.whole(), row.xet) {
            (Some(key), _) => Ok(self.blobs().read(&key, range).await?),
            (None, Some(file)) => Ok(self.cas().read(&file, range).await?),
            (None, None) => Err(RepoError::Inconsistent(format!("the content {sha256} is kept in no form"))),
        }
    }
}

fn require_kind(row: &ObjectRow, oid: Oid, kind: ObjectKind) -> Result<(), RepoError> {
    if row.kind == kind.to_db() {
        return Ok(());
    }
    Err(RepoError::Inconsistent(format!("the object {oid} is no {}", kind.word())))
}

/// Reads a commit from its row, which always holds its bytes.
fn parse_commit(row: ObjectRow) -> Result<(Oid, Commit), RepoError> {
    let (oid, size) = (row.oid, row.size());
    require_kind(&row, oid, ObjectKind::Commit)?;
    let data = row.data.ok_or_else(|| RepoError::Inconsistent(format!("the commit {oid} has no bytes")))?;
    Ok((oid, Commit::parse(&git::decompress(&data, size)?)?))
}

/// Objects that a commit is about to write. Its facts are read from them, so that the commit needs one transaction:
/// each waits for the disk.
#[derive(Default)]
pub(crate) struct Unwritten<'a>(HashMap<Oid, &'a NewObject>);

impl<'a> Unwritten<'a> {
    pub(crate) fn new(objects: impl IntoIterator<Item = &'a NewObject>) -> Self {
        Self(objects.into_iter().map(|object| (object.oid, object)).collect())
    }

    /// The content of one of them, if it is to become a row of its own. A delta stands on what is written already.
    async fn content(&self, repo: &Repo, oid: Oid) -> Result<Option<Bytes>, RepoError> {
        let Some(object) = self.0.get(&oid) else { return Ok(None) };
        match &object.body {
            ObjectBody::Row(data) => Ok(Some(Bytes::from(git::decompress(data, object.size)?))),
            ObjectBody::Delta(delta) => {
                let base = repo.repos.object_bytes(repo.id(), delta.base, object.kind).await?;
                let unfolded = delta::apply(&base, &git::decompress(&delta.stream, delta.size)?, object.size);
                let broken = |error| RepoError::Inconsistent(format!("the new object {oid} is faulty: {error}"));
                Ok(Some(unfolded.map_err(broken)?.into()))
            }
            ObjectBody::Content(_) => Ok(None),
        }
    }
}

impl Repo {
    /// A tree of this repository, or one that is about to become so.
    pub(crate) async fn tree_among(&self, unwritten: &Unwritten<'_>, oid: Oid) -> Result<Arc<Tree>, RepoError> {
        if let Some(tree) = self.repos.trees().get(self.id(), oid) {
            return Ok(tree);
        }
        match unwritten.content(self, oid).await? {
            Some(bytes) => Ok(Arc::new(Tree::parse(&bytes)?)),
            None => self.tree_object(oid).await,
        }
    }

    /// What is known of a blob, written or not.
    pub(crate) async fn blob_among(&self, unwritten: &Unwritten<'_>, oid: Oid) -> Result<Option<BlobRow>, RepoError> {
        match unwritten.0.get(&oid) {
            Some(object) => Ok(Some(BlobRow::from(*object))),
            None => Ok(objects::blob(self.repos.db(), self.id(), oid).await?),
        }
    }

    /// The whole content of a blob of bounded size, written or not.
    pub(crate) async fn blob_bytes_among(&self, unwritten: &Unwritten<'_>, oid: Oid) -> Result<Bytes, RepoError> {
        // The bytes of a blob too large for a row lie in the blob store before its row is written.
        if let Some((ObjectBody::Content(sha256), size)) = unwritten.0.get(&oid).map(|new| (&new.body, new.size)) {
            return self.repos.content_bytes(*sha256, size).await;
        }
        match unwritten.content(self, oid).await? {
            Some(bytes) => Ok(bytes),
            None => self.blob_bytes(oid).await,
        }
    }

    /// A tree of this repository.
    pub(crate) async fn tree_object(&self, oid: Oid) -> Result<Arc<Tree>, RepoError> {
        self.repos.tree_of(self.id(), oid).await
    }

    /// The whole content of a blob; only for blobs of bounded size, such as cards and configuration files.
    pub(crate) async fn blob_bytes(&self, oid: Oid) -> Result<Bytes, RepoError> {
        self.repos.object_bytes(self.id(), oid, ObjectKind::Blob).await
    }
}

/// A blob made ready to be written: small ones as a compressed row, large ones by the name of their content.
pub(crate) struct PreparedBlob {
    pub(crate) object: NewObject,
    /// The raw bytes, if they must go to the blob store before the row is written.
    pub(crate) content: Option<(Sha256, Bytes)>,
}

/// Hashes and compresses a blob. This is work for a thread that may be kept busy.
pub(crate) fn prepare_blob(bytes: Bytes, compressor: &mut Compressor) -> PreparedBlob {
    let oid = git::object_id(ObjectKind::Blob, &bytes);
    let target = lfs::Pointer::parse(&bytes).ok().map(|pointer| (pointer.oid, pointer.size));
    let size = bytes.len() as u64;
    let (body, content) = if bytes.len() <= ROW_BLOB_MAX {
        (ObjectBody::Row(compressor.compress(&bytes)), None)
    } else {
        let sha256 = Sha256::new(sha2::Sha256::digest(&bytes).into());
        (ObjectBody::Content(sha256), Some((sha256, bytes)))
    };
    PreparedBlob { object: NewObject { oid, kind: ObjectKind::Blob, size, body, target }, content }
}

/// A tree, commit or tag made ready to be written; these always live in rows.
pub(crate) fn prepare_object(kind: ObjectKind, bytes: &[u8]) -> NewObject {
    prepare_object_with(&mut Compressor::default(), kind, bytes)
}

/// Like [`prepare_object`], for one of several.
pub(crate) fn prepare_object_with(compressor: &mut Compressor, kind: ObjectKind, bytes: &[u8]) -> NewObject {
    NewObject {
        oid: git::object_id(kind, bytes),
        kind,
        size: bytes.len() as u64,
        body: ObjectBody::Row(compressor.compress(bytes)),
        target: None,
    }
}
