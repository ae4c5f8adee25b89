//! The integrity check: everything that a reference reaches is there and is what its name says.

use bytes::Bytes;
use futures::TryStreamExt;
use hub_blob::BlobStream;
use hub_core::{Oid, Sha256, XetHash};
use hub_formats::git::{self, ObjectKind};
use sha2::Digest;

use crate::oids::OidMap;
use crate::store::large::LargeRow;
use crate::store::objects::ObjectRow;
use crate::store::{commits, garbage, large, objects, refs, repos};
use crate::{RepoError, RepoId, Repos};

/// Something that is not as it must be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Damage {
    /// In which repository.
    pub repo: String,
    /// What is wrong.
    pub what: String,
}

/// What a check saw.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct CheckReport {
    /// Repositories looked at.
    pub repos: u64,
    /// References looked at.
    pub refs: u64,
    /// Objects read and hashed, and files of buckets looked at.
    pub objects: u64,
    /// Large contents found in the blob store; with `deep`, read and hashed.
    pub contents: u64,
    /// What is wrong, at most 1,000 findings.
    pub damages: Vec<Damage>,
}

/// The most findings that a report holds.
const MAX_DAMAGES: usize = 1000;
/// How many objects are read at a time.
const BATCH: usize = 256;

impl CheckReport {
    pub(crate) fn damage(&mut self, repo: &str, what: String) {
        if self.damages.len() < MAX_DAMAGES {
            self.damages.push(Damage { repo: repo.to_owned(), what });
        }
    }
}

impl Repos {
    /// Looks at every repository. With `deep`, large contents are read and hashed too, not only looked for.
    pub async fn check(&self, deep: bool) -> Result<CheckReport, RepoError> {
        let mut report = CheckReport::default();
        let mut after = 0;
        while let Some(repo) = garbage::next_repo(self.db(), after).await? {
            after = repo.key();
            let name = repos::name_of(self.db(), repo).await?.unwrap_or_default();
            report.repos += 1;
            self.check_repo(repo, &name, deep, &mut report).await?;
            self.check_bucket(repo, &name, deep, &mut report).await?;
        }
        Ok(report)
    }

    async fn check_repo(
        &self,
        repo: RepoId,
        name: &str,
        deep: bool,
        report: &mut CheckReport,
    ) -> Result<(), RepoError> {
        for (reference, oid) in refs::list(self.db(), repo).await? {
            report.refs += 1;
            if objects::get(self.db(), repo, oid).await?.is_none() {
                report.damage(name, format!("{reference} points to the missing object {oid}"));
            }
        }
        let reached = match self.reachable(repo).await {
            Ok(reached) => reached,
            Err(RepoError::Db(error)) => return Err(error.into()),
            Err(error) => {
                report.damage(name, format!("the history cannot be walked: {error}"));
                return Ok(());
            }
        };
        let reached: Vec<Oid> = reached.into_iter().filter(|oid| *oid != Oid::EMPTY_TREE).collect();
        for batch in reached.chunks(BATCH) {
            report.objects += batch.len() as u64;
            self.check_objects(repo, name, batch, deep, report).await?;
        }
        Ok(())
    }

    async fn check_objects(
        &self,
        repo: RepoId,
        name: &str,
        oids: &[Oid],
        deep: bool,
        report: &mut CheckReport,
    ) -> Result<(), RepoError> {
        let rows = objects::get_many(self.db(), repo, oids).await?;
        let mut rows: OidMap<ObjectRow> = rows.into_iter().map(|row| (row.oid, row)).collect();
        let in_rows = rows.values().filter(|row| row.content.is_none()).cloned().collect();
        let mut contents = match self.unfold(repo, in_rows).await {
            Err(RepoError::Db(error)) => return Err(error.into()),
            // One of them is damaged: each is looked at for itself.
            Err(_) => OidMap::default(),
            Ok(contents) => contents,
        };
        for oid in oids {
            let Some(row) = rows.remove(oid) else {
                report.damage(name, format!("the object {oid} is missing"));
                continue;
            };
            let content = contents.remove(oid);
            self.check_object(repo, name, row, content, deep, report).await?;
        }
        Ok(())
    }

    async fn check_object(
        &self,
        repo: RepoId,
        name: &str,
        row: ObjectRow,
        content: Option<Bytes>,
        deep: bool,
        report: &mut CheckReport,
    ) -> Result<(), RepoError> {
        let oid = row.oid;
        match (ObjectKind::from_db(row.kind), row.content) {
            (Some(_), Some(sha256)) => self.check_content(name, sha256, deep, report).await?,
            (Some(kind), None) => {
                let content = match content {
                    Some(content) => Ok(content),
                    None => self.unfold(repo, vec![row]).await.map(|mut found| found.remove(&oid).unwrap_or_default()),
                };
                match content {
                    Ok(bytes) if git::object_id(kind, &bytes) == oid => {
                        if kind == ObjectKind::Commit && commits::get(self.db(), repo, oid).await?.is_none() {
                            report.damage(name, format!("the commit {oid} is not in the graph"));
                        }
                    }
                    Ok(_) => report.damage(name, format!("the object {oid} holds other bytes than its id says")),
                    Err(RepoError::Db(error)) => return Err(error.into()),
                    Err(error) => report.damage(name, format!("the object {oid} cannot be read: {error}")),
                }
            }
            (None, _) => report.damage(name, format!("the object {oid} is of no kind that git has")),
        }
        if let Some((sha256, _)) = objects::blob(self.db(), repo, oid).await?.and_then(|row| row.target) {
            if large::held(self.db(), repo, sha256).await?.is_none() {
                report.damage(name, format!("the repository lacks the large file {sha256} that {oid} points to"));
            } else {
                self.check_content(name, sha256, deep, report).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn check_content(
        &self,
        name: &str,
        sha256: Sha256,
        deep: bool,
        report: &mut CheckReport,
    ) -> Result<(), RepoError> {
        let Some(row) = large::get(self.db(), sha256).await? else {
            report.damage(name, format!("the content {sha256} has no verified copy"));
            return Ok(());
        };
        report.contents += 1;
        if let Some(key) = row.whole() {
            match self.blobs().size(&key).await? {
                None => report.damage(name, format!("the blob store lacks {key}")),
                Some(size) if size != row.size => {
                    report.damage(name, format!("{key} has {size} bytes, not {}", row.size));
                }
                Some(size) if deep && digest(self.blobs().read(&key, 0..size).await?).await? != sha256 => {
                    report.damage(name, format!("{key} holds other bytes than its name says"));
                }
                Some(_) => {}
            }
        }
        match row.xet {
            Some(file) => self.check_chunks(name, &row, file, deep, report).await,
            None => Ok(()),
        }
    }

    /// Looks at a content in chunks.
    async fn check_chunks(
        &self,
        name: &str,
        row: &LargeRow,
        file: XetHash,
        deep: bool,
        report: &mut CheckReport,
    ) -> Result<(), RepoError> {
        match self.cas().file(&file).await? {
            None => report.damage(name, format!("the chunk store lacks {file}, which is {}", row.sha256)),
            Some(info) if info.size_bytes != row.size => {
                report.damage(name, format!("{file} has {} bytes, not {}", info.size_bytes, row.size));
            }
            Some(_) if deep => {
                let found = match self.cas().read(&file, 0..row.size).await {
                    Ok(stream) => digest(stream).await,
                    Err(error) => Err(error.into()),
                };
                match found {
                    Ok(found) if found == row.sha256 => {}
                    Ok(_) => report.damage(name, format!("{file} holds other bytes than {}", row.sha256)),
                    Err(error) => report.damage(name, format!("{file} cannot be read: {error}")),
                }
            }
            Some(_) => {}
        }
        Ok(())
    }
}

/// The hash of what a stream gives.
async fn digest(mut stream: BlobStream) -> Result<Sha256, RepoError> {
    let mut hasher = sha2::Sha256::new();
    while let Some(chunk) = stream.try_next().await? {
        hasher.update(&chunk);
    }
    Ok(Sha256::new(hasher.finalize().into()))
}
