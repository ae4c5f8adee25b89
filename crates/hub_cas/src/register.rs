//! Files on their way in: what a shard claims is proven, the content of new files is read once and hashed, and then one
//! transaction makes all of them visible.

use std::collections::HashMap;

use bytes::Bytes;
use hub_blob::BlobStream;
use hub_core::{Sha256, XetHash};
use sha2::Digest;

use crate::bridge::Reader;
use crate::claims::CheckedFile;
use crate::files::ProvenFile;
use crate::store::files::{self, FileRow};
use crate::store::xorbs;
use crate::windows::Windows;
use crate::{Cas, CasError, Scope};

/// A file that was registered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RegisteredFile {
    /// Its hash.
    pub file: XetHash,
    /// Its length.
    pub size_bytes: u64,
    /// The digest of its content, computed here.
    pub sha256: Sha256,
    /// Whether it was unknown before, to anyone.
    pub is_new: bool,
}

/// How far a registration has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// The bytes whose content was hashed.
    pub verified_bytes: u64,
    /// The bytes of all new files.
    pub total_bytes: u64,
}

impl Cas {
    /// Reads a shard, proves what it says of files, and gives those to `scope`. All of them are recorded, or none.
    ///
    /// Xorbs of the shard stay from now on, and come back if they were condemned. `progress` is called again and again while
    /// the content of new files is read; files that were proven before are not read.
    ///
    /// # Errors
    /// [`CasError::Shard`], [`CasError::XorbMissing`], [`CasError::Term`], [`CasError::WrongFileHash`],
    /// [`CasError::WrongSha256`]: what the client said is not so.
    pub async fn register(
        &self,
        scope: Scope,
        shard: BlobStream,
        progress: impl Fn(Progress) + Send + Sync,
    ) -> Result<Vec<RegisteredFile>, CasError> {
        let claimed = self.read_shard(shard).await?;
        let mut used: Vec<XetHash> = claimed.iter().flat_map(|file| &file.terms).map(|term| term.xorb).collect();
        used.sort_unstable();
        used.dedup();
        self.mention(&used).await?;
        let checked = self.check_claims(claimed).await?;

        let hashes: Vec<XetHash> = checked.iter().map(|file| file.hash).collect();
        let known: HashMap<XetHash, Sha256> =
            files::get_many(self.db(), &hashes).await?.into_iter().map(|row| (row.hash, row.sha256)).collect();
        let new: Vec<&CheckedFile> = checked.iter().filter(|file| !known.contains_key(&file.hash)).collect();
        let computed = self.hash_contents(&new, &progress).await?;

        let mut proven = Vec::with_capacity(checked.len());
        let mut registered = Vec::with_capacity(checked.len());
        for CheckedFile { hash, size, terms, first, sha256: claimed } in checked {
            let is_new = !known.contains_key(&hash);
            let found = known.get(&hash).or_else(|| computed.get(&hash)).copied();
            let actual = found.ok_or_else(|| CasError::Damaged(format!("file {hash} was not read")))?;
            if let Some(claimed) = claimed
                && claimed != actual
            {
                return Err(CasError::WrongSha256 { file: hash, claimed, actual });
            }
            registered.push(RegisteredFile { file: hash, size_bytes: size, sha256: actual, is_new });
            proven.push(ProvenFile { row: FileRow { hash, size, sha256: actual }, terms, first });
        }
        self.record(scope, &proven).await?;
        Ok(registered)
    }

    /// Makes xorbs stay while what refers to them is looked at.
    async fn mention(&self, xorbs: &[XetHash]) -> Result<(), CasError> {
        let mut attempt = 1;
        loop {
            attempt += 1;
            match self.try_mention(xorbs).await {
                Err(error) if error.is_worth_attempt(attempt) => {}
                result => return result,
            }
        }
    }

    async fn try_mention(&self, xorbs: &[XetHash]) -> Result<(), CasError> {
        let mut tx = self.db().begin().await?;
        let found = xorbs::touch(&mut tx, xorbs, self.now()).await?;
        tx.commit().await?;
        if found == xorbs.len() as u64 { Ok(()) } else { Err(self.missing_of(xorbs).await?) }
    }

    /// Reads files, one after the other, and computes their digests.
    async fn hash_contents(
        &self,
        files: &[&CheckedFile],
        progress: &(impl Fn(Progress) + Send + Sync),
    ) -> Result<HashMap<XetHash, Sha256>, CasError> {
        let mut hashing = Hashing::new(files);
        let total_bytes = hashing.total_bytes();
        let terms = files.iter().flat_map(|file| &file.terms).copied().collect();
        let mut reader = Reader::new(self.clone(), Windows::of_terms(self.clone(), terms));
        let mut verified_bytes = 0;
        progress(Progress { verified_bytes, total_bytes });
        while let Some(pieces) = reader.next().await? {
            verified_bytes += pieces.iter().map(|piece| piece.len() as u64).sum::<u64>();
            hashing = self.pool().run(move || pieces.iter().fold(hashing, Hashing::take)).await?;
            progress(Progress { verified_bytes, total_bytes });
        }
        Ok(hashing.finish())
    }
}

/// Splits one stream of bytes into files of known sizes and hashes each.
struct Hashing {
    /// The files to come, the next one last.
    waiting: Vec<(XetHash, u64)>,
    hasher: sha2::Sha256,
    /// How much of the present file is hashed.
    hashed: u64,
    done: HashMap<XetHash, Sha256>,
}

impl Hashing {
    fn new(files: &[&CheckedFile]) -> Self {
        let waiting = files.iter().rev().map(|file| (file.hash, file.size)).collect();
        Self { waiting, hasher: sha2::Sha256::new(), hashed: 0, done: HashMap::new() }
    }

    fn total_bytes(&self) -> u64 {
        self.waiting.iter().map(|(_, size)| size).sum()
    }

    fn take(mut self, bytes: &Bytes) -> Self {
        let mut rest = &bytes[..];
        while let Some((_, size)) = self.waiting.last() {
            let missing = usize::try_from(size - self.hashed).unwrap_or(usize::MAX);
            let (ours, after) = rest.split_at(missing.min(rest.len()));
            self.hasher.update(ours);
            self.hashed += ours.len() as u64;
            rest = after;
            if ours.len() < missing {
                break;
            }
            self.end_file();
        }
        self
    }

    fn end_file(&mut self) {
        if let Some((hash, _)) = self.waiting.pop() {
            let digest = std::mem::take(&mut self.hasher).finalize();
            self.done.insert(hash, Sha256::new(digest.into()));
            self.hashed = 0;
        }
    }

    /// Only files without bytes can be left: nothing comes after them.
    fn finish(mut self) -> HashMap<XetHash, Sha256> {
        while self.waiting.last().is_some_and(|(_, size)| *size == 0) {
            self.end_file();
        }
        self.done
    }
}
