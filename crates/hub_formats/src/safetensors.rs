//! The header of a safetensors file, and the index of a model in several of them.
//!
//! ```text
//! file   = length (u64, little endian)  header (JSON, `length` bytes, may end in spaces)  data
//! header = { name: {"dtype": …, "shape": […], "data_offsets": [begin, end]}, …, "__metadata__": {text: text} }
//! index  = { "metadata": {"total_size": n}, "weight_map": {tensor: file} }
//! ```
//! A header is taken only if it is sound: the tensors fill the data without gap or overlap, each has the bytes that its
//! shape and type ask for, and the file ends where they end. Types that are not known here are taken at their word.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::prefix::FromPrefix;

/// The reference implementation reads no longer headers.
pub const HEADER_MAX_BYTES: u64 = 100_000_000;
/// Bytes before the header.
const LENGTH_BYTES: u64 = 8;

/// Why a file is no safetensors file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SafetensorsError {
    /// The header would be longer than the file, or than is read.
    #[error("the header's length, {length} bytes, is impossible")]
    HeaderLength {
        /// What the first eight bytes say.
        length: u64,
    },
    /// The header is no JSON of the right shape.
    #[error("the header is malformed: {reason}")]
    Malformed {
        /// What the reader of JSON stumbled over.
        reason: String,
    },
    /// A tensor does not lie where the one before it ends, or not in the file.
    #[error("the tensor '{name}' has wrong offsets")]
    Offsets {
        /// The tensor.
        name: String,
    },
    /// A tensor's bytes are not those that its shape and type ask for.
    #[error("the tensor '{name}' does not have the size of its shape")]
    Size {
        /// The tensor.
        name: String,
    },
    /// The tensors end before or after the file does.
    #[error("the file does not end with the last tensor")]
    FileSize,
}

/// One tensor of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// The type of its elements, such as `F32` or `BF16`.
    pub dtype: String,
    /// Its extent in each dimension; empty for a single number.
    pub shape: Vec<u64>,
    /// Its first byte, and the one after its last, counted from the end of the header.
    pub offsets: (u64, u64),
}

impl Tensor {
    /// How many elements there are.
    pub fn elements(&self) -> u64 {
        self.shape.iter().product()
    }
}

/// The header of a file.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Header {
    /// The tensors in the order of their data.
    pub tensors: Vec<Tensor>,
    /// What the writer of the file had to say.
    pub metadata: BTreeMap<String, String>,
    /// Where the data begin in the file.
    pub data_offset: u64,
}

impl Header {
    /// The number of elements of each type.
    pub fn parameters(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for tensor in &self.tensors {
            let count: &mut u64 = counts.entry(tensor.dtype.clone()).or_default();
            *count = count.saturating_add(tensor.elements());
        }
        counts
    }

    /// The number of all elements.
    pub fn total(&self) -> u64 {
        self.tensors.iter().fold(0, |total: u64, tensor| total.saturating_add(tensor.elements()))
    }
}

/// Bits of an element; `None` for a type that is not known here.
fn bits(dtype: &str) -> Option<u64> {
    Some(match dtype {
        "F4" => 4,
        "F6_E2M3" | "F6_E3M2" => 6,
        "BOOL" | "U8" | "I8" | "F8_E4M3" | "F8_E5M2" | "F8_E8M0" | "F8_E4M3FNUZ" | "F8_E5M2FNUZ" => 8,
        "U16" | "I16" | "F16" | "BF16" => 16,
        "U32" | "I32" | "F32" => 32,
        "U64" | "I64" | "F64" | "C64" => 64,
        _ => return None,
    })
}

#[derive(Deserialize)]
struct RawTensor {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

#[derive(Default)]
struct RawHeader {
    tensors: Vec<(String, RawTensor)>,
    metadata: BTreeMap<String, String>,
}

impl<'de> Deserialize<'de> for RawHeader {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = RawHeader;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<RawHeader, A::Error> {
                let mut header = RawHeader::default();
                while let Some(name) = fields.next_key::<String>()? {
                    if name == "__metadata__" {
                        header.metadata = fields.next_value()?;
                    } else {
                        header.tensors.push((name, fields.next_value()?));
                    }
                }
                Ok(header)
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// Reads the header from the beginning of a file of `file_size` bytes.
pub fn parse(prefix: &[u8], file_size: u64) -> Result<FromPrefix<Header>, SafetensorsError> {
    let Some((length, rest)) = prefix.split_first_chunk() else {
        return if file_size < LENGTH_BYTES {
            Err(SafetensorsError::HeaderLength { length: 0 })
        } else {
            Ok(FromPrefix::Incomplete { needed: LENGTH_BYTES })
        };
    };
    let length = u64::from_le_bytes(*length);
    if length > HEADER_MAX_BYTES || length > file_size.saturating_sub(LENGTH_BYTES) {
        return Err(SafetensorsError::HeaderLength { length });
    }
    // The bound above makes the length fit any address space.
    let Some(header) = rest.get(..length as usize) else {
        return Ok(FromPrefix::Incomplete { needed: LENGTH_BYTES + length });
    };
    let malformed = |reason: String| SafetensorsError::Malformed { reason };
    if header.first() != Some(&b'{') {
        return Err(malformed("it does not begin with '{'".to_owned()));
    }
    let raw: RawHeader = serde_json::from_slice(header).map_err(|error| malformed(error.to_string()))?;
    let mut tensors: Vec<Tensor> = raw
        .tensors
        .into_iter()
        .map(|(name, raw)| Tensor { name, dtype: raw.dtype, shape: raw.shape, offsets: raw.data_offsets })
        .collect();
    tensors.sort_by(|left, right| (left.offsets, &left.name).cmp(&(right.offsets, &right.name)));
    let data_offset = LENGTH_BYTES + length;
    check(&tensors, file_size - data_offset)?;
    Ok(FromPrefix::Whole(Header { tensors, metadata: raw.metadata, data_offset }))
}

fn check(tensors: &[Tensor], data_size: u64) -> Result<(), SafetensorsError> {
    let mut names = BTreeSet::new();
    let mut end = 0;
    for tensor in tensors {
        let name = || tensor.name.clone();
        if !names.insert(&tensor.name) {
            return Err(SafetensorsError::Malformed { reason: format!("the tensor '{}' occurs twice", tensor.name) });
        }
        if tensor.offsets.0 != end || tensor.offsets.1 < end || tensor.offsets.1 > data_size {
            return Err(SafetensorsError::Offsets { name: name() });
        }
        end = tensor.offsets.1;
        let elements = tensor.shape.iter().try_fold(1_u64, |product, extent| product.checked_mul(*extent));
        let elements = elements.ok_or_else(|| SafetensorsError::Size { name: name() })?;
        if let Some(bits) = bits(&tensor.dtype) {
            let size = tensor.offsets.1 - tensor.offsets.0;
            if elements.checked_mul(bits) != size.checked_mul(8) {
                return Err(SafetensorsError::Size { name: name() });
            }
        }
    }
    if end == data_size { Ok(()) } else { Err(SafetensorsError::FileSize) }
}

/// Which file holds which tensor of a model in several files.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Index {
    /// The file of each tensor, relative to the folder of the index. Written by strangers: look it up, never open it.
    pub weight_map: BTreeMap<String, String>,
    /// The bytes of all tensors, if the index says so.
    pub total_size: Option<u64>,
}

impl Index {
    /// The files, each once.
    pub fn files(&self) -> BTreeSet<&str> {
        self.weight_map.values().map(String::as_str).collect()
    }
}

/// Reads `model.safetensors.index.json` and its like.
pub fn parse_index(json: &[u8]) -> Result<Index, SafetensorsError> {
    #[derive(Deserialize)]
    struct RawIndex {
        weight_map: BTreeMap<String, String>,
        #[serde(default)]
        metadata: Option<serde_json::Value>,
    }
    let raw: RawIndex =
        serde_json::from_slice(json).map_err(|error| SafetensorsError::Malformed { reason: error.to_string() })?;
    // Some writers give the size as a floating-point number.
    let total_size = raw.metadata.as_ref().and_then(|metadata| metadata.get("total_size")).and_then(|size| {
        size.as_u64().or_else(|| size.as_f64().filter(|size| (0.0..1e18).contains(size)).map(|size| size as u64))
    });
    Ok(Index { weight_map: raw.weight_map, total_size })
}

#[cfg(test)]
mod tests;
