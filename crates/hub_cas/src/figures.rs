//! Where the bytes are, and why they are kept.

use hub_blob::ObjectKey;
use hub_core::{Timestamp, XetHash};

use crate::store::{figures, holdings, xorbs};
use crate::{Cas, CasError, Scope};

/// What the whole store takes.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct StoreFigures {
    /// Files.
    pub files: u64,
    /// Their lengths together: what they would take if nothing were shared or compressed, each file counted once.
    pub file_bytes: u64,
    /// Xorbs that are live.
    pub xorbs: u64,
    /// The content of all live xorbs: what is left of the files when what they share is counted once.
    pub content_bytes: u64,
    /// What live xorbs take on the disk, with their footers: that content compressed.
    pub stored_bytes: u64,
    /// Of that, what no file uses, kept because clients may remember it.
    pub unused_bytes: u64,
    /// Xorbs that are condemned.
    pub condemned: u64,
    /// What those take on the disk until the quarantine is over.
    pub condemned_bytes: u64,
    /// Chunks that can be asked for.
    pub indexed_chunks: u64,
}

/// What the files of one scope take.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct ScopeFigures {
    /// Files.
    pub files: u64,
    /// Their lengths together.
    pub file_bytes: u64,
    /// The content of the xorbs that they use.
    pub content_bytes: u64,
    /// What those xorbs take on the disk.
    pub stored_bytes: u64,
    /// Of that, what no other scope uses: what would come back if this one let go of everything.
    pub own_bytes: u64,
}

/// Why a xorb is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct XorbReasons {
    /// The object that has its bytes.
    pub object: ObjectKey,
    /// Files that use it, the first 100.
    pub files: Vec<XetHash>,
    /// Scopes that hold one of those, the first 100.
    pub scopes: Vec<Scope>,
    /// When it was mentioned last.
    pub touched: Timestamp,
    /// When it was condemned, if it was.
    pub condemned: Option<Timestamp>,
    /// What it takes on the disk.
    pub stored_bytes: u64,
}

/// How many reasons are told.
const MAX_REASONS: i64 = 100;

impl Cas {
    /// What the whole store takes. Looks at every row.
    pub async fn figures(&self) -> Result<StoreFigures, CasError> {
        let (files, file_bytes) = figures::files(self.db()).await?;
        let live = figures::live(self.db()).await?;
        let condemned = figures::condemned(self.db()).await?;
        Ok(StoreFigures {
            files,
            file_bytes,
            xorbs: live.count,
            content_bytes: live.content_bytes,
            stored_bytes: live.stored_bytes,
            unused_bytes: figures::unused(self.db()).await?.stored_bytes,
            condemned: condemned.count,
            condemned_bytes: condemned.stored_bytes,
            indexed_chunks: figures::chunks(self.db()).await?,
        })
    }

    /// What the files of a scope take. `unless` is a scope that holds everything, and so does not count as another one.
    pub async fn figures_of(&self, scope: Scope, unless: Scope) -> Result<ScopeFigures, CasError> {
        let (files, file_bytes) = figures::held(self.db(), scope).await?;
        let used = figures::used_by(self.db(), scope).await?;
        let own_bytes = figures::used_alone_by(self.db(), scope, unless).await?.stored_bytes;
        let (content_bytes, stored_bytes) = (used.content_bytes, used.stored_bytes);
        Ok(ScopeFigures { files, file_bytes, content_bytes, stored_bytes, own_bytes })
    }

    /// Why a xorb is kept; `None` if it is not.
    pub async fn reasons(&self, xorb: &XetHash) -> Result<Option<XorbReasons>, CasError> {
        let Some(row) = xorbs::get(self.db(), xorb).await? else { return Ok(None) };
        let files = figures::users(self.db(), xorb, MAX_REASONS).await?;
        let mut scopes = Vec::new();
        for file in &files {
            scopes.extend(holdings::holders(self.db(), file, MAX_REASONS).await?);
        }
        scopes.sort_unstable();
        scopes.dedup();
        scopes.truncate(MAX_REASONS as usize);
        let (touched, condemned, stored_bytes) = (row.touched, row.condemned, row.stored_bytes());
        Ok(Some(XorbReasons { object: row.key(), files, scopes, touched, condemned, stored_bytes }))
    }
}
