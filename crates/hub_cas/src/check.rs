//! The integrity check: rows, objects and footers agree, and every file can be put together.

use std::collections::HashSet;
use std::sync::Arc;

use futures::TryStreamExt;
use hub_core::{Sha256, XetHash};
use hub_formats::xet::shard::Term;
use hub_formats::xet::{HashTree, XorbCheck};
use sha2::Digest;

use crate::store::files::{self, FileRow};
use crate::store::xorbs::{self, XorbRow};
use crate::tables::KnownXorb;
use crate::windows::Windows;
use crate::{Cas, CasError, bridge};

/// Something that is not as it must be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Damage {
    /// What is wrong, in words.
    pub what: String,
}

/// What a check saw.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct CheckReport {
    /// Xorbs looked at; with `deep`, read and hashed.
    pub xorbs: u64,
    /// Files whose terms were put together; with `deep`, read and hashed.
    pub files: u64,
    /// What is wrong, at most 1,000 findings.
    pub damages: Vec<Damage>,
}

/// The most findings that a report holds.
const MAX_DAMAGES: usize = 1000;
const PAGE: i64 = 500;
/// How much is read between two turns on the pool.
const BATCH_BYTES: usize = 1 << 20;

impl CheckReport {
    fn damage(&mut self, what: String) {
        if self.damages.len() < MAX_DAMAGES {
            self.damages.push(Damage { what });
        }
    }
}

impl Cas {
    /// Looks at every xorb and every file. With `deep`, all content is read, decoded and hashed, too.
    pub async fn check(&self, deep: bool) -> Result<CheckReport, CasError> {
        let mut report = CheckReport::default();
        let mut after: Vec<u8> = Vec::new();
        loop {
            let page = xorbs::after(self.db(), &after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.hash.as_bytes().to_vec();
            for row in page {
                report.xorbs += 1;
                if let Err(error) = self.check_xorb(&row, deep).await {
                    self.note(&row, error, &mut report).await?;
                }
            }
        }
        let mut after: Vec<u8> = Vec::new();
        loop {
            let page = files::after(self.db(), &after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(report) };
            after = last.hash.as_bytes().to_vec();
            for row in page {
                report.files += 1;
                if let Err(error) = self.check_file(&row, deep).await {
                    // A file may be collected while it is looked at.
                    if files::get(self.db(), &row.hash).await?.is_some() {
                        report.damage(format!("file {}: {}", row.hash, found(error)?));
                    }
                }
            }
        }
    }

    /// Notes what is wrong with a xorb, unless it was removed meanwhile.
    async fn note(&self, row: &XorbRow, error: CasError, report: &mut CheckReport) -> Result<(), CasError> {
        if xorbs::is_named(self.db(), &row.hash, &row.generation).await? {
            report.damage(format!("{}: {}", row.key(), found(error)?));
        }
        Ok(())
    }

    async fn check_xorb(&self, row: &XorbRow, deep: bool) -> Result<(), CasError> {
        let damaged = |what: String| Err(CasError::Damaged(what));
        match self.blobs().size(&row.key()).await? {
            None => return damaged("the blob store lacks it".to_owned()),
            Some(size) if size != row.stored_bytes() => {
                return damaged(format!("it has {size} bytes, not {}", row.stored_bytes()));
            }
            Some(_) => {}
        }
        let table = self.read_table(row).await?;
        if !deep {
            return Ok(());
        }
        let mut body = self.blobs().read(&row.key(), 0..row.body_bytes).await?;
        let mut check = XorbCheck::new();
        let (mut batch, mut bytes) = (Vec::new(), 0);
        loop {
            let slice = body.try_next().await?;
            let is_end = slice.is_none();
            bytes += slice.as_ref().map_or(0, bytes::Bytes::len);
            batch.extend(slice);
            if is_end || bytes >= BATCH_BYTES {
                let slices = std::mem::take(&mut batch);
                bytes = 0;
                let checked = self.pool().run(move || {
                    slices.iter().try_for_each(|slice| check.push(slice))?;
                    Ok::<_, hub_formats::xet::xorb::XorbError>(check)
                });
                check = checked.await?.map_err(|error| CasError::Damaged(error.to_string()))?;
            }
            if is_end {
                break;
            }
        }
        let hash = row.hash;
        let found = self.pool().run(move || check.finish(&hash)).await?;
        match found {
            Ok(found) if found == *table => Ok(()),
            Ok(_) => damaged("its footer does not describe its body".to_owned()),
            Err(error) => damaged(error.to_string()),
        }
    }

    async fn check_file(&self, row: &FileRow, deep: bool) -> Result<(), CasError> {
        let damaged = |what: &str| Err(CasError::Damaged(what.to_owned()));
        let mut tree = HashTree::new();
        let mut at = 0;
        while at < row.size {
            let Some(segment) = files::segments_of(self.db(), &row.hash, at, row.size, 1).await?.pop() else {
                return damaged("terms are missing");
            };
            if segment.start != at || segment.size == 0 {
                return damaged("its terms do not follow each other");
            }
            at = segment.start + segment.size;
            for terms in segment.terms.chunks(16) {
                tree = self.grow(tree, terms).await?;
            }
        }
        if at != row.size {
            return damaged("its terms have another size");
        }
        if tree.file_hash() != row.hash {
            return damaged("its chunks make up another file");
        }
        if deep && self.digest(row).await? != row.sha256 {
            return damaged("its content has another SHA-256");
        }
        Ok(())
    }

    async fn grow(&self, mut tree: HashTree, terms: &[Term]) -> Result<HashTree, CasError> {
        let hashes: HashSet<XetHash> = terms.iter().map(|term| term.xorb).collect();
        let known = self.known_xorbs(&hashes).await?;
        let terms = terms.to_vec();
        let grown = self.pool().run(move || {
            for term in terms {
                let lost = || CasError::Damaged(format!("xorb {} lacks what it takes from it", term.xorb));
                let KnownXorb { table, row } = known.get(&term.xorb).ok_or_else(lost)?;
                if row.condemned.is_some() {
                    return Err(CasError::Damaged(format!("xorb {}, which it uses, is condemned", term.xorb)));
                }
                tree.extend(table.sized_chunks(term.chunks).ok_or_else(lost)?);
            }
            Ok(tree)
        });
        grown.await?
    }

    async fn digest(&self, row: &FileRow) -> Result<Sha256, CasError> {
        let windows = Windows::of_file(self.clone(), row.hash, 0..row.size);
        let mut reader = bridge::Reader::new(self.clone(), windows);
        let mut hasher = sha2::Sha256::new();
        while let Some(pieces) = reader.next().await? {
            let hashed = self.pool().run(move || {
                pieces.iter().for_each(|piece| hasher.update(piece));
                hasher
            });
            hasher = hashed.await?;
        }
        Ok(Sha256::new(hasher.finalize().into()))
    }

    /// The table of a xorb as its object has it now.
    async fn read_table(&self, row: &XorbRow) -> Result<Arc<hub_formats::xet::xorb::XorbTable>, CasError> {
        self.tables().forget(&row.hash);
        self.table(row).await
    }
}

/// What is wrong, in words; or the error itself if it says nothing of the content.
fn found(error: CasError) -> Result<String, CasError> {
    match error {
        CasError::Damaged(what) => Ok(what),
        CasError::Blob(hub_blob::BlobError::NotFound(key)) => Ok(format!("the blob store lacks {key}")),
        CasError::Blob(error @ hub_blob::BlobError::OutOfRange { .. }) => Ok(error.to_string()),
        error => Err(error),
    }
}
