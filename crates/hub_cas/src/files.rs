//! Proven files, and who holds them.

use hub_core::{Sha256, XetHash};
use hub_db::Tx;
use hub_formats::xet::shard::Term;

use crate::put::first_chunk;
use crate::store::chunks::{self, ChunkPlace};
use crate::store::files::FileRow;
use crate::store::{files, holdings, xorbs};
use crate::tables::KnownXorb;
use crate::{Cas, CasError, Scope};

/// What is known of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileInfo {
    /// Its hash.
    pub hash: XetHash,
    /// Its length.
    pub size_bytes: u64,
    /// The digest of its content, computed here.
    pub sha256: Sha256,
}

impl From<FileRow> for FileInfo {
    fn from(row: FileRow) -> Self {
        Self { hash: row.hash, size_bytes: row.size, sha256: row.sha256 }
    }
}

/// A file that is proven and about to be recorded.
pub(crate) struct ProvenFile {
    pub(crate) row: FileRow,
    pub(crate) terms: Vec<Term>,
    /// The place of its first chunk; none in an empty file.
    pub(crate) first: Option<ChunkPlace>,
}

impl ProvenFile {
    pub(crate) fn first_of<'a>(terms: &[Term], xorb: impl Fn(&XetHash) -> Option<&'a KnownXorb>) -> Option<ChunkPlace> {
        let term = terms.first()?;
        first_chunk(&xorb(&term.xorb)?.table, term.chunks)
    }
}

impl Cas {
    /// What is known of a file; `None` if it is not here. Says nothing of who may read it.
    pub async fn file(&self, hash: &XetHash) -> Result<Option<FileInfo>, CasError> {
        Ok(files::get(self.db(), hash).await?.map(FileInfo::from))
    }

    /// What is known of each of these files that is here, in no particular order.
    pub async fn files(&self, hashes: &[XetHash]) -> Result<Vec<FileInfo>, CasError> {
        Ok(files::get_many(self.db(), hashes).await?.into_iter().map(FileInfo::from).collect())
    }

    /// Whether a scope was given a file, by registering it or by [`Cas::hold`].
    pub async fn holds(&self, scope: Scope, file: &XetHash) -> Result<bool, CasError> {
        Ok(holdings::has(self.db(), scope, file).await?)
    }

    /// The files that a scope was given last: what comes next may resemble them.
    pub async fn latest(&self, scope: Scope, limit: u32) -> Result<Vec<XetHash>, CasError> {
        Ok(holdings::latest(self.db(), scope, limit.into()).await?)
    }

    /// Gives a file to a scope, in the transaction of the caller, so that the file stays for as long as the scope holds it.
    /// Answers whether the file is here: if not, nothing may come to refer to it.
    pub async fn hold(&self, tx: &mut Tx, scope: Scope, file: &XetHash) -> Result<bool, CasError> {
        let now = self.now();
        if !files::touch(tx, file, now).await? {
            return Ok(false);
        }
        holdings::give(tx, scope, file, now).await?;
        Ok(true)
    }

    /// Takes a file from a scope, in the transaction of the caller. Its space comes back by [`Cas::collect`] when nobody
    /// else holds it.
    pub async fn release(&self, tx: &mut Tx, scope: Scope, file: &XetHash) -> Result<bool, CasError> {
        Ok(holdings::take(tx, scope, file).await?)
    }

    /// Takes all files from a scope, in the transaction of the caller.
    pub async fn release_all(&self, tx: &mut Tx, scope: Scope) -> Result<u64, CasError> {
        Ok(holdings::take_all(tx, scope).await?)
    }

    /// Records proven files and gives them to a scope, in one transaction. It fails if a xorb of theirs has gone.
    pub(crate) async fn record(&self, scope: Scope, proven: &[ProvenFile]) -> Result<(), CasError> {
        let mut attempt = 1;
        loop {
            attempt += 1;
            match self.try_record(scope, proven).await {
                Err(error) if error.is_worth_attempt(attempt) => {}
                result => return result,
            }
        }
    }

    async fn try_record(&self, scope: Scope, proven: &[ProvenFile]) -> Result<(), CasError> {
        let now = self.now();
        let mut used: Vec<XetHash> = proven.iter().flat_map(|file| &file.terms).map(|term| term.xorb).collect();
        used.sort_unstable();
        used.dedup();
        let mut tx = self.db().begin().await?;
        if xorbs::touch(&mut tx, &used, now).await? != used.len() as u64 {
            drop(tx);
            return Err(self.missing_of(&used).await?);
        }
        let first: Vec<ChunkPlace> = proven.iter().filter_map(|file| file.first).collect();
        chunks::insert(&mut tx, &first).await?;
        for file in proven {
            files::insert(&mut tx, &file.row, &file.terms, now).await?;
            holdings::give(&mut tx, scope, &file.row.hash, now).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The error that names the first of these xorbs that is not here.
    pub(crate) async fn missing_of(&self, hashes: &[XetHash]) -> Result<CasError, CasError> {
        let here: std::collections::HashSet<XetHash> =
            xorbs::get_many(self.db(), hashes).await?.into_iter().map(|row| row.hash).collect();
        Ok(match hashes.iter().find(|hash| !here.contains(hash)) {
            Some(xorb) => CasError::XorbMissing { xorb: *xorb },
            // It came back in between.
            None => hub_db::DbError::Conflict("a xorb was uploaded while it was referred to".into()).into(),
        })
    }
}
