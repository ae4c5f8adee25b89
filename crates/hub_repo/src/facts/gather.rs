//! Reading facts out of a tree: which files tell something, and how much of them is read.

use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use hub_core::{Oid, RepoKind, Sha256};
use hub_formats::git::{Mode, TreeEntry};
use serde_json::Value;

use super::Facts;
use crate::store::objects;
use crate::tree::is_blob;
use crate::{Repo, RepoError};

/// The most file names that are looked at.
const MAX_NAMES: usize = 50_000;
/// The most bytes of a card or a configuration file that are read.
const MAX_SMALL_BYTES: u64 = 4 << 20;
/// The most bytes of a weights header that are read.
const MAX_HEADER_BYTES: u64 = 32 << 20;
/// How much of a weights file is read first; most headers fit.
const FIRST_HEADER_BYTES: u64 = 256 << 10;
/// The most shards whose headers are added up.
const MAX_SHARDS: usize = 64;

/// Endings of files whose presence alone makes no tag.
const SILENT_ENDINGS: &[&str] = &["md", "rst", "log", "lock", "license", "gitignore", "gitkeep"];

/// Whether a change of this path can change facts.
pub(super) fn is_telling(path: &str) -> bool {
    if path == "README.md" {
        return true;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| !SILENT_ENDINGS.contains(&ending.as_str()))
}

impl Repo {
    /// Gathers the facts of a tree. Faulty files make facts absent, never an error: a card with a mistake must not
    /// keep anyone from publishing.
    pub(crate) async fn gather_facts(&self, root: Oid) -> Result<Facts, RepoError> {
        let files = self.file_names(root).await?;
        let kind = self.addr().kind;
        let mut facts = Facts::default();
        let readme = self.small_file(&files, "README.md").await?;
        let readme = readme.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        Ok(facts)
    }

    /// The paths of all files of a tree, up to a bound.
    async fn file_names(&self, root: Oid) -> Result<Vec<NamedFile>, RepoError> {
        let mut files = Vec::new();
        let mut waiting = vec![(root, String::new())];
        while let Some((oid, prefix)) = waiting.pop() {
            for TreeEntry { mode, name, oid } in self.tree_object(oid).await?.entries() {
                let path = format!("{prefix}{}", String::from_utf8_lossy(name));
                match mode {
                    Mode::Directory => waiting.push((*oid, format!("{path}/"))),
                    mode if is_blob(*mode) => files.push(NamedFile { path, oid: *oid }),
                    _ => {}
                }
            }
            if files.len() >= MAX_NAMES {
                break;
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// A small file in full; `None` if it is not there or not small.
    async fn small_file(&self, files: &[NamedFile], path: &str) -> Result<Option<Bytes>, RepoError> {
        let Some(file) = files.iter().find(|file| file.path == path) else { return Ok(None) };
        let Some(row) = objects::blob(self.repos.db(), self.id(), file.oid).await? else { return Ok(None) };
        match row.target {
            Some((sha256, size)) if size <= MAX_SMALL_BYTES => Ok(Some(self.repos.content_bytes(sha256, size).await?)),
            None if row.size <= MAX_SMALL_BYTES => Ok(Some(self.blob_bytes(file.oid).await?)),
            _ => Ok(None),
        }
    }
}

/// A file of the tree.
struct NamedFile {
    path: String,
    oid: Oid,
}

/// Whether a file holds the model's own weights: safetensors at the root, adapters and optimiser states aside.
fn is_weights(path: &str) -> bool {
    path.ends_with(".safetensors") && !path.contains('/') && !path.starts_with("adapter_")
}
