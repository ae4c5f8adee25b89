//! References as git lists them.

use hub_core::{Access, Oid, RefName};
use hub_formats::git::{ObjectKind, Tag, decompress};

use super::PackedBody;
use crate::oids::OidMap;
use crate::revision::TAG_CHAIN_MAX;
use crate::store::walk;
use crate::{Repo, RepoError};

/// A reference, the object that it points to, and what that names if it is a tag.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GitRef {
    /// Its full name.
    pub name: String,
    /// The object.
    pub oid: Oid,
    /// What the annotated tag names in the end.
    pub peeled: Option<Oid>,
}

/// How many tags are read at a time.
const TAG_BATCH: usize = 256;
/// The most annotated tags that a fetch brings along.
const TAGS_MAX: i64 = 100_000;

impl Repo {
    /// Up to `limit` references after a name, and the name after which the next page begins, if there is one.
    ///
    /// References outside branches, tags, pull requests and conversions are Hearth's own and are not shown.
    pub async fn git_refs(&self, after: &str, limit: usize) -> Result<(Vec<GitRef>, Option<String>), RepoError> {
        self.require(Access::Read)?;
        let rows = walk::refs_after(self.repos.db(), self.id(), after, limit as i64).await?;
        let next = (rows.len() == limit).then(|| rows.last().map(|row| row.name.clone())).flatten();
        let shown: Vec<walk::RefRow> = rows.into_iter().filter(|row| is_shown(&row.name)).collect();
        let tags: Vec<Oid> = shown.iter().filter(|row| is_tag(row)).map(|row| row.oid).collect();
        let peeled = self.peel_all(&tags).await?;
        let refs =
            shown.into_iter().map(|row| GitRef { peeled: peeled.get(&row.oid).copied(), name: row.name, oid: row.oid });
        Ok((refs.collect(), next))
    }

    /// Where a reference points.
    pub async fn git_ref(&self, name: &RefName) -> Result<Option<Oid>, RepoError> {
        self.require(Access::Read)?;
        Ok(crate::store::refs::get(self.repos.db(), self.id(), name).await?)
    }

    /// The annotated tags that references point to, with what they name.
    pub(super) async fn annotated_tags(&self) -> Result<Vec<(Oid, Oid)>, RepoError> {
        let rows = walk::refs_of_kind(self.repos.db(), self.id(), ObjectKind::Tag.to_db(), TAGS_MAX).await?;
        let tags: Vec<Oid> = rows.iter().filter(|row| row.name.starts_with("refs/tags/")).map(|row| row.oid).collect();
        Ok(self.peel_all(&tags).await?.into_iter().collect())
    }

    /// What each of these tags names in the end.
    async fn peel_all(&self, tags: &[Oid]) -> Result<OidMap<Oid>, RepoError> {
        let chains: OidMap<Oid> =
            self.tag_chains(tags).await?.into_iter().map(|(tag, target, _)| (tag, target)).collect();
        let end_of = |tag: Oid| {
            let mut target = chains.get(&tag).copied()?;
            for _ in 0..TAG_CHAIN_MAX {
                match chains.get(&target) {
                    Some(next) => target = *next,
                    None => return Some(target),
                }
            }
            None
        };
        Ok(tags.iter().filter_map(|tag| end_of(*tag).map(|target| (*tag, target))).collect())
    }

    /// These tags and all tags that they name, each with its target and the target's kind.
    pub(super) async fn tag_chains(&self, tags: &[Oid]) -> Result<Vec<(Oid, Oid, ObjectKind)>, RepoError> {
        let mut links = Vec::new();
        let mut waiting = tags.to_vec();
        for _ in 0..TAG_CHAIN_MAX {
            waiting.sort_unstable();
            waiting.dedup();
            let mut next = Vec::new();
            for batch in waiting.chunks(TAG_BATCH) {
                for object in self.packed_objects(batch, |_| false).await? {
                    // A tag is at most as large as a push may make it; those beyond a row are not unfolded for this.
                    let PackedBody::Stream(stream) = &object.body else { continue };
                    let tag = Tag::parse(&decompress(stream, object.size)?)?;
                    links.push((object.oid, tag.object, tag.kind));
                    next.extend((tag.kind == ObjectKind::Tag).then_some(tag.object));
                }
            }
            waiting = next;
            if waiting.is_empty() {
                break;
            }
        }
        Ok(links)
    }
}

fn is_tag(row: &walk::RefRow) -> bool {
    row.kind == Some(ObjectKind::Tag.to_db())
}

/// Whether git may know of a reference.
pub(crate) fn is_shown(name: &str) -> bool {
    name.parse::<RefName>()
        .is_ok_and(|name| name.is_branch() || name.is_tag() || name.is_pull_request() || name.is_convert())
}
