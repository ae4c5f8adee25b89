//! Reading facts out of a tree: which files tell something, and how much of them is read.

use std::collections::BTreeMap;

use bytes::Bytes;
use hub_core::{Oid, RepoKind};
use hub_formats::card::Card;
use hub_formats::git::{Mode, TreeEntry};
use hub_formats::tags::{self, CONFIG_FILES, Sources};
use hub_formats::{FromPrefix, gguf, safetensors};

use super::Facts;
use crate::objects::Unwritten;
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

/// Whether a file of this path can make a difference to the facts of a repository of this kind.
pub(super) fn is_telling(kind: RepoKind, path: &str) -> bool {
    tags::tells(kind, path) || kind == RepoKind::Model && (is_weights(path) || is_gguf(path))
}

impl Repo {
    /// Gathers the facts of a tree. Faulty files make facts absent, never an error: a card with a mistake must not
    /// keep anyone from publishing.
    ///
    /// Trees and blobs of a commit that is being made are found among `unwritten`.
    pub(crate) async fn gather_facts(&self, root: Oid, unwritten: &Unwritten<'_>) -> Result<Facts, RepoError> {
        let files = self.telling_files(root, unwritten).await?;
        let mut facts = Facts::default();
        let readme = self.small_file(&files, "README.md", unwritten).await?;
        let readme = readme.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        let card = Card::parse_or_default(&readme);
        if self.addr().kind == RepoKind::Model {
            self.add_weights(&files, unwritten, &mut facts).await?;
        }
        let mut configs = Vec::new();
        for name in CONFIG_FILES {
            let json =
                self.small_file(&files, name, unwritten).await?.and_then(|bytes| serde_json::from_slice(&bytes).ok());
            configs.extend(json.map(|json| (*name, json)));
        }
        let names: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        let gguf_template = facts.gguf.as_ref().is_some_and(|gguf| gguf.get("chat_template").is_some());
        let derived = tags::derive(&Sources {
            kind: self.addr().kind,
            readme: &readme,
            card: &card,
            files: &names,
            configs: &configs,
            has_chat_template: gguf_template || names.contains(&"chat_template.jinja"),
        });
        facts.tags = derived.tags;
        facts.pipeline_tag = derived.pipeline_tag;
        facts.library_name = derived.library_name;
        facts.config = derived.config;
        facts.transformers_info = derived.transformers_info;
        facts.mask_token = derived.mask_token;
        facts.card_data = (!card.data.is_empty()).then_some(card.data);
        Ok(facts)
    }

    /// The files of a tree that can make a difference, by path. Only so many names are looked at.
    async fn telling_files(&self, root: Oid, unwritten: &Unwritten<'_>) -> Result<Vec<NamedFile>, RepoError> {
        let kind = self.addr().kind;
        let mut files = Vec::new();
        let mut seen = 0;
        let mut waiting = vec![(root, String::new())];
        while let Some((oid, prefix)) = waiting.pop() {
            let tree = self.tree_among(unwritten, oid).await?;
            let mut path = prefix.clone();
            for TreeEntry { mode, name, oid } in tree.entries() {
                path.truncate(prefix.len());
                path.push_str(&String::from_utf8_lossy(name));
                match mode {
                    Mode::Directory => waiting.push((*oid, format!("{path}/"))),
                    mode if is_blob(*mode) && is_telling(kind, &path) => {
                        files.push(NamedFile { path: path.clone(), oid: *oid });
                    }
                    _ => {}
                }
            }
            seen += tree.len();
            if seen >= MAX_NAMES {
                break;
            }
            // Trees come from memory mostly, where nothing else would give way to other requests.
            tokio::task::coop::consume_budget().await;
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// A small file in full; `None` if it is not there or not small.
    async fn small_file(
        &self,
        files: &[NamedFile],
        path: &str,
        unwritten: &Unwritten<'_>,
    ) -> Result<Option<Bytes>, RepoError> {
        let Some(file) = files.iter().find(|file| file.path == path) else { return Ok(None) };
        let Some(row) = self.blob_among(unwritten, file.oid).await? else { return Ok(None) };
        match row.target {
            Some((sha256, size)) if size <= MAX_SMALL_BYTES => Ok(Some(self.repos.content_bytes(sha256, size).await?)),
            None if row.size <= MAX_SMALL_BYTES => Ok(Some(self.blob_bytes_among(unwritten, file.oid).await?)),
            _ => Ok(None),
        }
    }

    /// Parameter counts and the like from the headers of the weights.
    async fn add_weights(
        &self,
        files: &[NamedFile],
        unwritten: &Unwritten<'_>,
        facts: &mut Facts,
    ) -> Result<(), RepoError> {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for file in files.iter().filter(|file| is_weights(&file.path)).take(MAX_SHARDS) {
            let Some(header) = self.read_header(file.oid, unwritten, safetensors::parse).await? else { continue };
            for (dtype, count) in header.parameters() {
                let sum = counts.entry(dtype).or_default();
                *sum = sum.saturating_add(count);
            }
        }
        let total = counts.values().fold(0_u64, |sum, count| sum.saturating_add(*count));
        if total > 0 {
            facts.safetensors = Some(serde_json::json!({ "parameters": counts, "total": total }));
            facts.parameters = Some(total);
        }
        if let Some(file) = files.iter().find(|file| is_gguf(&file.path))
            && let Some(header) = self.read_header(file.oid, unwritten, gguf::parse).await?
        {
            let gguf = header.facts();
            facts.parameters = facts.parameters.or(Some(gguf.total));
            facts.gguf = serde_json::to_value(&gguf).ok();
        }
        Ok(())
    }

    /// Reads as much of a file as its header takes; `None` if it has none or too long a one.
    async fn read_header<T, E>(
        &self,
        oid: Oid,
        unwritten: &Unwritten<'_>,
        parse: HeaderParser<T, E>,
    ) -> Result<Option<T>, RepoError>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let Some(row) = self.blob_among(unwritten, oid).await? else { return Ok(None) };
        let size = row.target.map_or(row.size, |(_, size)| size);
        let mut wanted = FIRST_HEADER_BYTES;
        loop {
            let length = wanted.min(size);
            let prefix = match (row.target, row.content) {
                (Some((sha256, _)), _) | (None, Some(sha256)) => self.repos.content_bytes(sha256, length).await?,
                (None, None) => self.blob_bytes_among(unwritten, oid).await?,
            };
            let parsed = tokio::task::spawn_blocking(move || parse(&prefix, size)).await;
            match parsed.map_err(|_| RepoError::Inconsistent("reading a header failed".to_owned()))? {
                Ok(FromPrefix::Whole(header)) => return Ok(Some(header)),
                Ok(FromPrefix::Incomplete { needed }) if needed <= MAX_HEADER_BYTES => {
                    wanted = needed.max(2 * wanted).min(MAX_HEADER_BYTES);
                }
                Ok(FromPrefix::Incomplete { .. }) | Err(_) => return Ok(None),
            }
        }
    }
}

/// Reads a header from the beginning of a file of that size.
type HeaderParser<T, E> = fn(&[u8], u64) -> Result<FromPrefix<T>, E>;

/// A file of the tree.
struct NamedFile {
    path: String,
    oid: Oid,
}

/// Whether a file holds the model's own weights: safetensors at the root, adapters and optimiser states aside.
fn is_weights(path: &str) -> bool {
    path.ends_with(".safetensors") && !path.contains('/') && !path.starts_with("adapter_")
}

fn is_gguf(path: &str) -> bool {
    path.to_ascii_lowercase().ends_with(".gguf")
}
