//! What a fetch needs: references as git lists them, what a client lacks, and objects as packs carry them.
//!
//! A [`Fetch`] collects what a client wants and has, says when enough is known, draws the boundary of a shallow history,
//! and becomes an [`Enumeration`]: the list of objects to send. The commit graph comes from its own table, whose
//! generation numbers tell exactly when a walk may end; trees are read many at a time, and only where they differ from
//! what the client has.

mod cache;
mod enumerate;
mod graph;
mod paint;
mod refs;
mod shallow;

use bytes::Bytes;
use hub_blob::BlobStream;
use hub_core::{Access, Oid, Sha256};
use hub_formats::git::{self, Compressor, ObjectKind};

use crate::oids::{OidMap, OidSet};
use crate::store::objects::{self, ObjectRow};
use crate::store::walk;
use crate::{Repo, RepoError};

pub(crate) use cache::WalkCache;
pub use enumerate::Enumeration;
use graph::Graph;
pub use refs::GitRef;
pub(crate) use refs::is_shown;
pub use shallow::{Boundary, Deepen};

/// Which objects a client can do without for now; it asks for them by id when it needs them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct ObjectFilter {
    /// Blobs of this size and above are left out; 0 leaves out all of them.
    pub blob_limit: Option<u64>,
    /// Trees and blobs at this depth and below are left out; the root of a commit has depth 0.
    pub tree_depth: Option<u32>,
}

impl ObjectFilter {
    /// What is left by both filters.
    pub fn and(self, other: Self) -> Self {
        let least = |one: Option<u64>, two: Option<u64>| one.into_iter().chain(two).min();
        let depth = |filter: Self| filter.tree_depth.map(u64::from);
        Self {
            blob_limit: least(self.blob_limit, other.blob_limit),
            tree_depth: least(depth(self), depth(other)).map(|depth| depth.min(u64::from(u32::MAX)) as u32),
        }
    }
}

/// An object as a pack carries it.
#[derive(Clone, Debug)]
pub struct PackedObject {
    /// Its id.
    pub oid: Oid,
    /// Its kind.
    pub kind: ObjectKind,
    /// Its size before compression.
    pub size: u64,
    /// Its bytes.
    pub body: PackedBody,
}

/// Where the bytes of a packed object are.
#[derive(Clone, Debug)]
pub enum PackedBody {
    /// Here, as a zlib stream.
    Stream(Bytes),
    /// Here, as the zlib stream of a delta.
    Delta {
        /// The object on which the delta stands.
        base: Oid,
        /// How many bytes the stream inflates to.
        size: u64,
        /// The stream.
        stream: Bytes,
    },
    /// In the blob store, not compressed.
    Content(Sha256),
}

/// A conversation in which a client says what it wants and has.
pub struct Fetch {
    repo: Repo,
    graph: Graph,
    /// Wanted commits, the targets of wanted tags included.
    wants: Vec<Oid>,
    /// Wanted objects that are no commits: tags, trees, blobs.
    others: Vec<(Oid, ObjectKind)>,
    haves: OidSet,
    client_shallow: OidSet,
    boundary: Option<Boundary>,
}

impl Repo {
    /// Begins a fetch.
    pub fn begin_fetch(&self) -> Result<Fetch, RepoError> {
        self.require(Access::Read)?;
        Ok(Fetch {
            repo: self.clone(),
            graph: Graph::new(self.clone()),
            wants: Vec::new(),
            others: Vec::new(),
            haves: OidSet::default(),
            client_shallow: OidSet::default(),
            boundary: None,
        })
    }

    /// Objects as packs carry them, in the order asked. Deltas come as they are kept if `has_base` says that the reader
    /// has the base or gets it; all others come whole.
    ///
    /// # Errors
    /// [`RepoError::Inconsistent`] if one of them is missing.
    pub async fn packed_objects(
        &self,
        oids: &[Oid],
        has_base: impl Fn(Oid) -> bool,
    ) -> Result<Vec<PackedObject>, RepoError> {
        self.require(Access::Read)?;
        let rows = objects::get_many(self.repos.db(), self.id(), oids).await?;
        let mut found: OidMap<PackedObject> = OidMap::default();
        let mut folded: Vec<ObjectRow> = Vec::new();
        for mut row in rows {
            let Some(kind) = ObjectKind::from_db(row.kind) else { continue };
            let (oid, size) = (row.oid, row.size());
            let body = match (row.base, row.data.take(), row.content) {
                (Some(base), Some(data), _) if has_base(base) => {
                    PackedBody::Delta { base, size: row.inflated_bytes(), stream: data.into() }
                }
                (Some(_), data, _) => {
                    folded.push(ObjectRow { data, ..row });
                    continue;
                }
                (None, Some(data), _) => PackedBody::Stream(data.into()),
                (None, None, Some(sha256)) => PackedBody::Content(sha256),
                (None, None, None) => continue,
            };
            found.insert(oid, PackedObject { oid, kind, size, body });
        }
        if !folded.is_empty() {
            found.extend(self.pack_folded(folded).await?);
        }
        oids.iter().map(|oid| found.remove(oid).or_else(|| implied(*oid)).ok_or_else(|| self.lacks(*oid))).collect()
    }

    /// Deltas, unfolded and packed as a whole.
    async fn pack_folded(&self, rows: Vec<ObjectRow>) -> Result<Vec<(Oid, PackedObject)>, RepoError> {
        let kinds: Vec<(Oid, Option<ObjectKind>)> =
            rows.iter().map(|row| (row.oid, ObjectKind::from_db(row.kind))).collect();
        let contents = self.repos.unfold(self.id(), rows).await?;
        let packed = tokio::task::spawn_blocking(move || {
            let mut compressor = Compressor::default();
            let pack = |(oid, kind): (Oid, Option<ObjectKind>)| {
                let content = contents.get(&oid)?;
                let (size, body) = (content.len() as u64, PackedBody::Stream(compressor.compress(content).into()));
                Some((oid, PackedObject { oid, kind: kind?, size, body }))
            };
            kinds.into_iter().filter_map(pack).collect()
        });
        packed.await.map_err(|_| RepoError::Inconsistent("packing objects failed".to_owned()))
    }

    /// The bytes of an object that lies in the blob store.
    pub async fn packed_content(&self, sha256: Sha256, size: u64) -> Result<BlobStream, RepoError> {
        self.require(Access::Read)?;
        self.repos.read_content(sha256, 0..size).await
    }

    fn lacks(&self, oid: Oid) -> RepoError {
        RepoError::Inconsistent(format!("repository {} lacks the object {oid}", self.id().key()))
    }
}

/// How git itself says that it cannot give an object.
fn not_ours(oid: Oid) -> RepoError {
    RepoError::NotFound(format!("upload-pack: not our ref {oid}"))
}

/// The empty tree needs no row to exist.
fn implied(oid: Oid) -> Option<PackedObject> {
    let body = PackedBody::Stream(git::compress(b"").into());
    (oid == Oid::EMPTY_TREE).then_some(PackedObject { oid, kind: ObjectKind::Tree, size: 0, body })
}

impl Fetch {
    /// Adds objects that the client wants; tags bring what they name.
    ///
    /// # Errors
    /// [`RepoError::NotFound`] if the repository has no such object.
    pub async fn want(&mut self, oids: &[Oid]) -> Result<(), RepoError> {
        let mut asked: Vec<Oid> = oids.to_vec();
        asked.sort_unstable();
        asked.dedup();
        let mut found: OidMap<ObjectKind> = OidMap::default();
        for (oid, kind, _) in walk::known(self.repo.repos.db(), self.repo.id(), &asked).await? {
            found.extend(ObjectKind::from_db(kind).map(|kind| (oid, kind)));
        }
        if asked.contains(&Oid::EMPTY_TREE) {
            found.entry(Oid::EMPTY_TREE).or_insert(ObjectKind::Tree);
        }
        let mut tags = Vec::new();
        for oid in asked {
            match found.get(&oid) {
                None => return Err(not_ours(oid)),
                Some(ObjectKind::Commit) => self.wants.push(oid),
                Some(ObjectKind::Tag) => tags.push(oid),
                Some(kind) => self.others.push((oid, *kind)),
            }
        }
        for (tag, target, kind) in self.repo.tag_chains(&tags).await? {
            self.others.push((tag, ObjectKind::Tag));
            match kind {
                ObjectKind::Commit => self.wants.push(target),
                // The next tag of a chain comes as a tag of its own.
                ObjectKind::Tag => {}
                kind => self.others.push((target, kind)),
            }
        }
        // A commit without a place in the graph is one that somebody else is about to push, or failed to.
        self.graph.load(self.wants.iter().copied()).await?;
        match self.wants.iter().find(|oid| self.graph.get(**oid).is_none()) {
            Some(missing) => Err(not_ours(*missing)),
            None => Ok(()),
        }
    }

    /// Whether anything is wanted.
    pub fn wants_anything(&self) -> bool {
        !self.wants.is_empty() || !self.others.is_empty()
    }

    /// Adds objects that the client says it has; answers those that the repository has too, in the order given.
    pub async fn have(&mut self, oids: &[Oid]) -> Result<Vec<Oid>, RepoError> {
        let mut asked = oids.to_vec();
        asked.sort_unstable();
        asked.dedup();
        let known = walk::known(self.repo.repos.db(), self.repo.id(), &asked).await?;
        let is_commit = |kind: i64| kind == ObjectKind::Commit.to_db();
        let commits = known.iter().filter(|(_, kind, _)| is_commit(*kind)).map(|(oid, _, _)| *oid);
        self.graph.load(commits).await?;
        let known = known.into_iter().filter(|(oid, kind, _)| !is_commit(*kind) || self.graph.get(*oid).is_some());
        let kinds: OidMap<i64> = known.map(|(oid, kind, _)| (oid, kind)).collect();
        let common: Vec<Oid> = oids.iter().copied().filter(|oid| kinds.contains_key(oid)).collect();
        self.haves.extend(common.iter().copied().filter(|oid| kinds.get(oid).is_some_and(|kind| is_commit(*kind))));
        Ok(common)
    }

    /// Adds commits whose parents the client does not have.
    pub fn shallow(&mut self, oids: &[Oid]) {
        self.client_shallow.extend(oids.iter().copied());
    }

    /// Whether each wanted commit leads to something that the client has, so that asking on would save little.
    pub async fn is_ready(&mut self) -> Result<bool, RepoError> {
        if self.haves.is_empty() {
            return Ok(false);
        }
        self.graph.reaches(&self.wants, &self.haves).await
    }

    /// Draws the boundary that the client asked for, for this fetch and for the client to remember.
    pub async fn deepen(&mut self, deepen: &Deepen) -> Result<Boundary, RepoError> {
        let boundary = shallow::draw(&mut self.graph, &self.repo, &self.wants, &self.client_shallow, deepen).await?;
        self.boundary = Some(boundary.clone());
        Ok(boundary)
    }

    /// The objects to send, found step by step.
    pub async fn enumerate(self, filter: ObjectFilter, with_tags: bool) -> Result<Enumeration, RepoError> {
        Enumeration::begin(self, filter, with_tags).await
    }
}
