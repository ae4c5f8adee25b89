//! Objects that are kept as deltas, unfolded over the objects on which they stand.
//!
//! A long history is kept small by telling most folders, and many files, by what they share with their next version.
//! Chains are short by construction ([`CHAIN_MAX`]); a reader takes far longer ones, so that a rare race between two
//! pushes costs a little time and nothing else.

use bytes::Bytes;
use hub_core::Oid;
use hub_formats::git::{self, delta};

use crate::oids::OidMap;
use crate::store::objects::{self, ObjectRow};
use crate::{RepoError, RepoId, Repos};

/// How many bases may lie below an object that is written as a delta; as many as git writes itself.
pub(crate) const CHAIN_MAX: u16 = 50;
/// How many may lie below a folder that a commit by API writes: the newest state of a folder is read most, and is the
/// deepest there.
pub(crate) const CHAIN_GROWN_MAX: u16 = 24;
/// How many a reader takes.
const CHAIN_READ_MAX: usize = 4_096;

impl Repos {
    /// The contents of these objects. None of them may have its content in the blob store.
    pub(crate) async fn unfold(&self, repo: RepoId, rows: Vec<ObjectRow>) -> Result<OidMap<Bytes>, RepoError> {
        let deltas: Vec<Oid> = rows.iter().filter(|row| row.base.is_some()).map(|row| row.oid).collect();
        let below = if deltas.is_empty() { Vec::new() } else { objects::bases_below(self.db(), repo, &deltas).await? };
        let unfolded = tokio::task::spawn_blocking(move || unfold(rows, below)).await;
        unfolded.map_err(|_| RepoError::Inconsistent("reading objects failed".to_owned()))?
    }
}

/// Only what is wanted is held, and each of it is unfolded once: later ones begin at the nearest that is known already.
fn unfold(wanted: Vec<ObjectRow>, below: Vec<ObjectRow>) -> Result<OidMap<Bytes>, RepoError> {
    let oids: Vec<Oid> = wanted.iter().map(|row| row.oid).collect();
    let mut contents: OidMap<Option<Bytes>> = oids.iter().map(|oid| (*oid, None)).collect();
    let rows: OidMap<ObjectRow> = wanted.into_iter().chain(below).map(|row| (row.oid, row)).collect();
    let mut chain: Vec<&ObjectRow> = Vec::new();
    for oid in &oids {
        let mut at = *oid;
        let mut content = loop {
            if let Some(Some(known)) = contents.get(&at) {
                break known.clone();
            }
            let row = rows.get(&at).ok_or_else(|| broken(*oid))?;
            match row.base {
                Some(base) if chain.len() < CHAIN_READ_MAX => {
                    chain.push(row);
                    at = base;
                }
                Some(_) => return Err(broken(*oid)),
                None => break Bytes::from(inflate(row)?),
            }
        };
        keep(&mut contents, at, &content);
        while let Some(row) = chain.pop() {
            let unfolded = delta::apply(&content, &inflate(row)?, row.size()).map_err(|_| broken(row.oid))?;
            if unfolded.len() as u64 != row.size() {
                return Err(broken(row.oid));
            }
            content = unfolded.into();
            keep(&mut contents, row.oid, &content);
        }
    }
    contents.into_iter().map(|(oid, content)| Ok((oid, content.ok_or_else(|| broken(oid))?))).collect()
}

fn keep(contents: &mut OidMap<Option<Bytes>>, oid: Oid, content: &Bytes) {
    if let Some(slot) = contents.get_mut(&oid) {
        *slot = Some(content.clone());
    }
}

fn inflate(row: &ObjectRow) -> Result<Vec<u8>, RepoError> {
    let data = row.data.as_deref().ok_or_else(|| broken(row.oid))?;
    Ok(git::decompress(data, row.inflated_bytes())?)
}

fn broken(oid: Oid) -> RepoError {
    RepoError::Inconsistent(format!("the object {oid} cannot be unfolded from what it stands on"))
}
