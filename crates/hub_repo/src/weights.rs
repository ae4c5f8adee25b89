//! The headers of safetensors files, word for word: what a client would otherwise read file by file.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use hub_core::{CommitId, RepoPath};
use hub_formats::FromPrefix;
use hub_formats::safetensors::{self, Index, SafetensorsError};
use serde_json::Value;

use crate::{FileContent, Repo, RepoError};

/// The longest index that is read, in bytes.
const INDEX_MAX: u64 = 16 << 20;
/// The longest header of one file, and the most bytes of all headers of an answer.
const HEADER_MAX: u64 = 8 << 20;
const HEADERS_MAX: usize = 32 << 20;
/// How much of a file is read first; most headers fit.
const FIRST_BYTES: u64 = 64 << 10;
/// The most files of a model.
const FILES_MAX: usize = 1000;
/// How many files are read at a time.
const AT_A_TIME: usize = 4;
/// What stands before a header: its length.
const LENGTH_BYTES: usize = 8;

/// The headers of a model's files.
#[derive(Clone, PartialEq, Debug)]
pub struct WeightsHeaders {
    /// What the index says about the whole, if there is an index and it says something.
    pub metadata: Option<Value>,
    /// The header of each file, JSON as it stands there, by the name that the index has for it.
    pub headers: BTreeMap<String, Bytes>,
}

impl Repo {
    /// The headers of all files that an index names, or of one file.
    ///
    /// # Errors
    /// [`RepoError::EntryNotFound`] if there is no such file, or none that the index names; [`RepoError::Unprocessable`]
    /// if the file is neither an index nor a safetensors file.
    pub async fn weights_headers(&self, commit: CommitId, path: &RepoPath) -> Result<WeightsHeaders, RepoError> {
        let file = self.file(commit, path).await?;
        if !path.as_str().ends_with(".json") {
            let name = path.file_name().to_owned();
            let header = self.weights_header(file).await?;
            return Ok(WeightsHeaders { metadata: None, headers: BTreeMap::from([(name, header)]) });
        }
        let text = self.read_small(&file, INDEX_MAX).await?;
        let (index, metadata) = apart(path, move || read_index(&text)).await?;
        let names = index.files();
        if names.len() > FILES_MAX {
            return Err(RepoError::TooLarge(format!("the index {path:?} names more than {FILES_MAX} files")));
        }
        let files = names.into_iter().map(|name| Ok((name.to_owned(), beside(path, name)?)));
        let files: Vec<(String, RepoPath)> = files.collect::<Result<_, RepoError>>()?;
        let read = async |(name, path): (String, RepoPath)| -> Result<(String, Bytes), RepoError> {
            Ok((name, self.weights_header(self.file(commit, &path).await?).await?))
        };
        let mut found = stream::iter(files).map(read).buffered(AT_A_TIME);
        let (mut headers, mut bytes) = (BTreeMap::new(), 0);
        while let Some((name, header)) = found.try_next().await? {
            bytes += header.len();
            if bytes > HEADERS_MAX {
                return Err(too_large());
            }
            headers.insert(name, header);
        }
        Ok(WeightsHeaders { metadata, headers })
    }

    /// The header of one file.
    async fn weights_header(&self, file: FileContent) -> Result<Bytes, RepoError> {
        let mut wanted = FIRST_BYTES;
        loop {
            let prefix = self.read_start(&file, wanted.min(file.size)).await?;
            let (size, whole) = (file.size, prefix.clone());
            let parsed = apart(&file.path, move || safetensors::parse(&whole, size)).await?;
            match parsed {
                FromPrefix::Whole(header) => return Ok(prefix.slice(LENGTH_BYTES..header.data_offset as usize)),
                FromPrefix::Incomplete { needed } if needed > HEADER_MAX => return Err(too_large()),
                FromPrefix::Incomplete { needed } => wanted = needed.max(wanted + 1),
            }
        }
    }

    async fn read_start(&self, file: &FileContent, length: u64) -> Result<Bytes, RepoError> {
        let mut stream = self.read(file, 0..length).await?;
        let mut start = Vec::with_capacity(length as usize);
        while let Some(chunk) = stream.try_next().await? {
            start.extend_from_slice(&chunk);
        }
        Ok(start.into())
    }
}

/// Reads a format on a thread that may be kept busy.
async fn apart<T: Send + 'static>(
    path: &RepoPath,
    read: impl FnOnce() -> Result<T, SafetensorsError> + Send + 'static,
) -> Result<T, RepoError> {
    let read = tokio::task::spawn_blocking(read).await;
    let read = read.map_err(|error| RepoError::Inconsistent(format!("the reader of headers ended: {error}")))?;
    read.map_err(|error| RepoError::Unprocessable(format!("{path:?} is no safetensors file and no index: {error}")))
}

/// The index, and what it says about the whole.
fn read_index(text: &[u8]) -> Result<(Index, Option<Value>), SafetensorsError> {
    let index = safetensors::parse_index(text)?;
    let whole: Value = serde_json::from_slice(text).unwrap_or_default();
    Ok((index, whole.get("metadata").cloned()))
}

/// The path of a file that an index names: in the folder of the index.
fn beside(index: &RepoPath, name: &str) -> Result<RepoPath, RepoError> {
    let path = index.parent().map_or_else(|| name.to_owned(), |folder| format!("{folder}/{name}"));
    path.parse().map_err(|reason| RepoError::Path { path, reason })
}

fn too_large() -> RepoError {
    RepoError::TooLarge("the headers are too long for one answer: read them file by file".to_owned())
}
