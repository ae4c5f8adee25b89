//! Why an object of the blob store is kept: who holds it, and what else keeps it for a while.

use hub_blob::ObjectKey;
use hub_core::{RepoAddr, Timestamp};

use crate::store::{chunked, large, repos, storage};
use crate::xet::CONTENTS;
use crate::{RepoError, RepoId, Repos};

/// What keeps an object. Without any of it the object belongs to an upload that is under way or was given up, and goes when
/// it is a day old.
#[derive(Clone, Default, Debug)]
pub struct ObjectReasons {
    /// What it takes in the blob store; `None` if it is not there.
    pub bytes: Option<u64>,
    /// Whether a row says that it is a verified content, or a xorb whose chunks were checked.
    pub is_named: bool,
    /// Repositories that hold it or files made of it, the first 100.
    pub holders: Vec<RepoAddr>,
    /// Files that are made of it, at most 100, if it is a xorb.
    pub files: usize,
    /// When a client mentioned it last, if it is a xorb.
    pub mentioned: Option<Timestamp>,
    /// When it was found to be of no use, if it is a xorb.
    pub condemned: Option<Timestamp>,
    /// When its content was left to the chunk store alone, if it is a whole copy.
    pub retired: Option<Timestamp>,
}

/// How many holders are told.
const MAX_HOLDERS: i64 = 100;

impl Repos {
    /// Why an object is kept.
    pub async fn object_reasons(&self, key: &ObjectKey) -> Result<ObjectReasons, RepoError> {
        let mut reasons = ObjectReasons { bytes: self.blobs().size(key).await?, ..ObjectReasons::default() };
        match key {
            ObjectKey::Large { sha256, copy } => {
                reasons.retired = chunked::retired_at(self.db(), *sha256, copy).await?;
                let row = large::get(self.db(), *sha256).await?;
                reasons.is_named = row.is_some_and(|row| row.copy.as_ref() == Some(copy));
                if reasons.is_named || reasons.retired.is_some() {
                    for row in storage::holders(self.db(), *sha256, MAX_HOLDERS).await? {
                        reasons.holders.push(row.into_state()?.addr);
                    }
                }
            }
            ObjectKey::Xorb { hash, .. } => {
                let found = self.cas().reasons(hash).await?.filter(|found| found.object == *key);
                let Some(found) = found else { return Ok(reasons) };
                reasons.is_named = true;
                reasons.files = found.files.len();
                reasons.mentioned = Some(found.touched);
                reasons.condemned = found.condemned;
                for scope in found.scopes.into_iter().filter(|scope| *scope != CONTENTS) {
                    if let Some(row) = repos::by_id(self.db(), RepoId(scope.key())).await? {
                        reasons.holders.push(row.into_state()?.addr);
                    }
                }
            }
        }
        Ok(reasons)
    }
}
