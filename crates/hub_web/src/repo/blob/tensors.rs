//! Safetensors and GGUF files: metadata and tensors, read from the header by ranges, whatever the size of the file.

use hub_formats::gguf::{self, Value};
use hub_formats::{FromPrefix, safetensors};
use hub_repo::{FileContent, Repo};

use super::read_prefix;
use crate::error::PageError;

/// What is read at first; most headers end before.
const FIRST_BYTES: u64 = 256 << 10;
/// The longest header that a page reads.
const HEADER_MAX: u64 = 32 << 20;
/// The most tensors and entries of metadata that are shown, and characters of a value.
const TENSORS_MAX: usize = 1000;
const METADATA_MAX: usize = 200;
const VALUE_MAX: usize = 2000;

/// What the header of a file says.
pub(crate) struct TensorFile {
    pub(super) metadata: Vec<(String, String)>,
    pub(super) tensors: Vec<TensorLine>,
    pub(super) count: u64,
    pub(super) parameters: u64,
}

/// A tensor in the list.
pub(crate) struct TensorLine {
    pub(super) name: String,
    pub(super) shape: String,
    pub(super) dtype: String,
}

/// Reads the header; `None` if it is damaged or too long to be shown.
pub(super) async fn read(repo: &Repo, file: &FileContent, is_gguf: bool) -> Result<Option<TensorFile>, PageError> {
    let mut wanted = FIRST_BYTES.min(file.size);
    loop {
        let bytes = read_prefix(repo, file, wanted).await?;
        let size = file.size;
        let parse = move || if is_gguf { of_gguf(&bytes, size) } else { of_safetensors(&bytes, size) };
        let parsed = tokio::task::spawn_blocking(parse).await;
        match parsed.map_err(|error| PageError::from(hub_http::ApiError::internal(error)))? {
            Some(FromPrefix::Whole(found)) => return Ok(Some(found)),
            Some(FromPrefix::Incomplete { needed }) if needed > wanted && needed <= HEADER_MAX => {
                // At least twice as much each time, so that the rounds are few.
                wanted = needed.max(wanted.saturating_mul(2)).min(file.size).min(HEADER_MAX);
            }
            _ => return Ok(None),
        }
    }
}

fn of_safetensors(bytes: &[u8], size: u64) -> Option<FromPrefix<TensorFile>> {
    let header = match safetensors::parse(bytes, size).ok()? {
        FromPrefix::Incomplete { needed } => return Some(FromPrefix::Incomplete { needed }),
        FromPrefix::Whole(header) => header,
    };
    let line = |tensor: &safetensors::Tensor| TensorLine {
        name: tensor.name.clone(),
        shape: shape(tensor.shape.iter()),
        dtype: tensor.dtype.clone(),
    };
    Some(FromPrefix::Whole(TensorFile {
        metadata: header.metadata.iter().take(METADATA_MAX).map(|(key, value)| (key.clone(), cut(value))).collect(),
        tensors: header.tensors.iter().take(TENSORS_MAX).map(line).collect(),
        count: header.tensors.len() as u64,
        parameters: header.total(),
    }))
}

fn of_gguf(bytes: &[u8], size: u64) -> Option<FromPrefix<TensorFile>> {
    let header = match gguf::parse(bytes, size).ok()? {
        FromPrefix::Incomplete { needed } => return Some(FromPrefix::Incomplete { needed }),
        FromPrefix::Whole(header) => header,
    };
    let line = |tensor: &gguf::Tensor| TensorLine {
        name: tensor.name.clone(),
        // GGUF writes the fastest extent first, people read the slowest first.
        shape: shape(tensor.shape.iter().rev()),
        dtype: gguf::tensor_type_name(tensor.type_number)
            .map_or_else(|| format!("type {}", tensor.type_number), str::to_owned),
    };
    Some(FromPrefix::Whole(TensorFile {
        metadata: header
            .metadata
            .iter()
            .take(METADATA_MAX)
            .map(|(key, value)| (key.clone(), cut(&shown(value))))
            .collect(),
        tensors: header.tensors.iter().take(TENSORS_MAX).map(line).collect(),
        count: header.tensors.len() as u64,
        parameters: header.total_parameters(),
    }))
}

fn shown(value: &Value) -> String {
    match value {
        Value::Unsigned(number) => number.to_string(),
        Value::Signed(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Text(text) => text.clone(),
        Value::Array { length, items, .. } => {
            let first: Vec<String> = items.iter().take(8).map(shown).collect();
            let more = if *length as usize > first.len() { ", …" } else { "" };
            format!("[{length}] {}{more}", first.join(", "))
        }
    }
}

fn shape<'a>(extents: impl Iterator<Item = &'a u64>) -> String {
    let extents: Vec<String> = extents.map(u64::to_string).collect();
    format!("[{}]", extents.join(", "))
}

fn cut(text: &str) -> String {
    let mut shown: String = text.chars().take(VALUE_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
