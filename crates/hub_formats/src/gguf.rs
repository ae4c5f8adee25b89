//! The header of a GGUF file: facts about a quantised model.
//!
//! ```text
//! file   = "GGUF"  version (u32)  tensors (u64)  entries (u64)  entry*  tensor*  padding  data
//! entry  = key (string)  kind (u32)  value
//! string = length (u64)  bytes            array = kind (u32)  length (u64)  value*
//! tensor = name (string)  dimensions (u32)  extent (u64)*  type (u32)  offset (u64)
//! ```
//! Numbers are little endian, or all big endian: the version tells which. In version 1 the counts, lengths and extents
//! are u32. Arrays hold whole vocabularies; of long ones only kind and length are kept.

mod facts;
mod names;

pub use facts::GgufFacts;
pub use names::{file_type_name, tensor_type_name};

use crate::prefix::FromPrefix;

/// No header in use comes near this size; more is not read.
pub const HEADER_MAX_BYTES: u64 = 64 << 20;
const MAGIC: [u8; 4] = *b"GGUF";
const NEWEST_VERSION: u32 = 3;
/// Arrays of up to this many values are kept, and of all arrays together this many values: a value takes more memory
/// than its byte in the file.
const KEPT_ITEMS: u64 = 64;
const KEPT_ITEMS_OF_ALL: u64 = 16_384;
const ENTRIES_MAX: u64 = 65_536;
const TENSORS_MAX: u64 = 1 << 20;
const ARRAY_DEPTH_MAX: usize = 4;
const DIMENSIONS_MAX: u32 = 8;
const KEY_MAX_BYTES: u64 = 65_535;

/// Why a file is no GGUF file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GgufError {
    /// The first four bytes are others.
    #[error("the file does not begin with 'GGUF'")]
    NotGguf,
    /// A version that is not known.
    #[error("version {version} of GGUF is not known")]
    Version {
        /// What the file says.
        version: u32,
    },
    /// The header does not end within the file.
    #[error("the file is cut off within its header")]
    Truncated,
    /// The header is longer than is read.
    #[error("the header is longer than {HEADER_MAX_BYTES} bytes")]
    TooLong,
    /// A value has a kind that is not known, or arrays within arrays go too deep.
    #[error("a value of the metadata has an unknown kind")]
    Kind,
    /// A text is no UTF-8, a key too long, a tensor has too many dimensions or elements.
    #[error("the header is malformed")]
    Malformed,
}

/// What kind of value an array holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kind {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    Bool,
    Text,
    Array,
    U64,
    I64,
    F64,
}

impl Kind {
    fn from_number(number: u32) -> Option<Self> {
        use Kind::{Array, Bool, F32, F64, I8, I16, I32, I64, Text, U8, U16, U32, U64};
        [U8, I8, U16, I16, U32, I32, F32, Bool, Text, Array, U64, I64, F64].get(number as usize).copied()
    }

    /// Bytes of a value; `None` where each has its own size.
    const fn size(self) -> Option<u64> {
        Some(match self {
            Kind::U8 | Kind::I8 | Kind::Bool => 1,
            Kind::U16 | Kind::I16 => 2,
            Kind::U32 | Kind::I32 | Kind::F32 => 4,
            Kind::U64 | Kind::I64 | Kind::F64 => 8,
            Kind::Text | Kind::Array => return None,
        })
    }
}

/// One value of the metadata.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// Any unsigned number.
    Unsigned(u64),
    /// Any signed number.
    Signed(i64),
    /// Any floating-point number.
    Float(f64),
    /// A truth.
    Bool(bool),
    /// A text.
    Text(String),
    /// An array.
    Array {
        /// Of what.
        kind: Kind,
        /// How many.
        length: u64,
        /// The values, if there are few.
        items: Vec<Value>,
    },
}

impl Value {
    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    /// The number, if it is a whole one and not negative.
    pub fn as_unsigned(&self) -> Option<u64> {
        match self {
            Value::Unsigned(number) => Some(*number),
            Value::Signed(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }
}

/// One tensor as the header tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Its extents, the fastest first.
    pub shape: Vec<u64>,
    /// The number of its type; [`tensor_type_name`] names it.
    pub type_number: u32,
    /// Its first byte, counted from where the data begin.
    pub offset: u64,
}

impl Tensor {
    /// How many elements there are.
    pub fn elements(&self) -> u64 {
        self.shape.iter().product()
    }
}

/// A whole header.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Header {
    /// 1 to 3.
    pub version: u32,
    /// Whether the file is for machines of the other byte order.
    pub big_endian: bool,
    /// The metadata in their order.
    pub metadata: Vec<(String, Value)>,
    /// The tensors in their order.
    pub tensors: Vec<Tensor>,
    /// The texts of the tokens that begin and end a sequence.
    pub(crate) bos_token: Option<String>,
    pub(crate) eos_token: Option<String>,
}

impl Header {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.metadata.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }
}

enum Stop {
    Needs(u64),
    Wrong(GgufError),
}

impl From<GgufError> for Stop {
    fn from(error: GgufError) -> Self {
        Stop::Wrong(error)
    }
}

/// Reads numbers and texts from a position on.
#[derive(Clone)]
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    big_endian: bool,
    narrow: bool,
    /// Values of arrays that were kept so far.
    kept: u64,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: u64) -> Result<&'a [u8], Stop> {
        let end = (self.at as u64).checked_add(count).ok_or(GgufError::Malformed)?;
        let taken = usize::try_from(end).ok().and_then(|end| self.bytes.get(self.at..end)).ok_or(Stop::Needs(end))?;
        self.at += taken.len();
        Ok(taken)
    }

    /// The next number of so many bytes.
    fn number(&mut self, size: u64) -> Result<u64, Stop> {
        let fold = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        let bytes = self.take(size)?;
        Ok(if self.big_endian { bytes.iter().fold(0, fold) } else { bytes.iter().rev().fold(0, fold) })
    }

    fn u32(&mut self) -> Result<u32, Stop> {
        // Four bytes always fit.
        self.number(4).map(|number| number as u32)
    }

    /// A count, length or extent.
    fn count(&mut self) -> Result<u64, Stop> {
        self.number(if self.narrow { 4 } else { 8 })
    }

    fn bytes(&mut self) -> Result<&'a [u8], Stop> {
        let length = self.count()?;
        self.take(length)
    }

    fn text(&mut self) -> Result<String, Stop> {
        // Tokens are pieces of text and need not be whole characters.
        Ok(String::from_utf8_lossy(self.bytes()?).into_owned())
    }

    fn kind(&mut self) -> Result<Kind, Stop> {
        let number = self.u32()?;
        Kind::from_number(number).ok_or(Stop::Wrong(GgufError::Kind))
    }

    fn value(&mut self, kind: Kind, depth: usize) -> Result<Value, Stop> {
        let signed = |number: u64, size: u64| (number << (64 - 8 * size)) as i64 >> (64 - 8 * size);
        Ok(match kind {
            Kind::U8 => Value::Unsigned(self.number(1)?),
            Kind::U16 => Value::Unsigned(self.number(2)?),
            Kind::U32 => Value::Unsigned(self.number(4)?),
            Kind::U64 => Value::Unsigned(self.number(8)?),
            Kind::I8 => Value::Signed(signed(self.number(1)?, 1)),
            Kind::I16 => Value::Signed(signed(self.number(2)?, 2)),
            Kind::I32 => Value::Signed(signed(self.number(4)?, 4)),
            Kind::I64 => Value::Signed(signed(self.number(8)?, 8)),
            Kind::F32 => Value::Float(f64::from(f32::from_bits(self.u32()?))),
            Kind::F64 => Value::Float(f64::from_bits(self.number(8)?)),
            Kind::Bool => Value::Bool(self.number(1)? != 0),
            Kind::Text => Value::Text(self.text()?),
            Kind::Array => self.array(depth)?,
        })
    }

    fn array(&mut self, depth: usize) -> Result<Value, Stop> {
        if depth >= ARRAY_DEPTH_MAX {
            return Err(GgufError::Kind.into());
        }
        let kind = self.kind()?;
        let length = self.count()?;
        let mut items = Vec::new();
        if length <= KEPT_ITEMS && self.kept + length <= KEPT_ITEMS_OF_ALL {
            self.kept += length;
            for _ in 0..length {
                items.push(self.value(kind, depth + 1)?);
            }
        } else if let Some(size) = kind.size() {
            self.take(length.checked_mul(size).ok_or(GgufError::Malformed)?)?;
        } else {
            // Each text or array begins with a length, so this much is there at the very least.
            let least = length.checked_mul(if self.narrow { 4 } else { 8 }).ok_or(GgufError::Malformed)?;
            self.clone().take(least)?;
            for _ in 0..length {
                if kind == Kind::Text {
                    self.bytes()?;
                } else {
                    self.array(depth + 1)?;
                }
            }
        }
        Ok(Value::Array { kind, length, items })
    }
}

/// Reads the header from the beginning of a file of `file_size` bytes.
///
/// How far a header goes is known only once it is read: each answer [`FromPrefix::Incomplete`] asks for the least that
/// the next value takes, and a caller does well to read on by more than that.
pub fn parse(prefix: &[u8], file_size: u64) -> Result<FromPrefix<Header>, GgufError> {
    match header(prefix, file_size) {
        Ok(header) => Ok(FromPrefix::Whole(header)),
        Err(Stop::Wrong(error)) => Err(error),
        Err(Stop::Needs(needed)) if needed > file_size => Err(GgufError::Truncated),
        Err(Stop::Needs(needed)) if needed > HEADER_MAX_BYTES => Err(GgufError::TooLong),
        Err(Stop::Needs(needed)) => Ok(FromPrefix::Incomplete { needed }),
    }
}

fn header(prefix: &[u8], file_size: u64) -> Result<Header, Stop> {
    let mut cursor = Cursor { bytes: prefix, at: 0, big_endian: false, narrow: false, kept: 0 };
    if !prefix.starts_with(&MAGIC[..prefix.len().min(MAGIC.len())]) {
        return Err(GgufError::NotGguf.into());
    }
    cursor.take(MAGIC.len() as u64)?;
    let mut version = cursor.u32()?;
    if version & 0xffff == 0 {
        cursor.big_endian = true;
        version = version.swap_bytes();
    }
    if !(1..=NEWEST_VERSION).contains(&version) {
        return Err(GgufError::Version { version }.into());
    }
    cursor.narrow = version == 1;
    let tensor_count = cursor.count()?;
    let entry_count = cursor.count()?;
    if tensor_count > TENSORS_MAX || entry_count > ENTRIES_MAX {
        return Err(GgufError::Malformed.into());
    }
    let mut header = Header { version, big_endian: cursor.big_endian, ..Header::default() };
    let mut vocabulary = None;
    for _ in 0..entry_count {
        let length = cursor.count()?;
        if length > KEY_MAX_BYTES {
            return Err(GgufError::Malformed.into());
        }
        let key = std::str::from_utf8(cursor.take(length)?).map_err(|_| GgufError::Malformed)?.to_owned();
        let kind = cursor.kind()?;
        if key == "tokenizer.ggml.tokens" {
            vocabulary = Some(cursor.clone());
        }
        let value = cursor.value(kind, 0)?;
        header.metadata.push((key, value));
    }
    for _ in 0..tensor_count {
        header.tensors.push(tensor(&mut cursor, file_size)?);
    }
    if let Some(vocabulary) = vocabulary {
        let token = |key| header.get(key).and_then(Value::as_unsigned).and_then(|id| token(vocabulary.clone(), id));
        (header.bos_token, header.eos_token) =
            (token("tokenizer.ggml.bos_token_id"), token("tokenizer.ggml.eos_token_id"));
    }
    Ok(header)
}

fn tensor(cursor: &mut Cursor<'_>, file_size: u64) -> Result<Tensor, Stop> {
    let name = cursor.text()?;
    let dimensions = cursor.u32()?;
    if dimensions > DIMENSIONS_MAX {
        return Err(GgufError::Malformed.into());
    }
    let mut shape = Vec::new();
    for _ in 0..dimensions {
        shape.push(cursor.count()?);
    }
    let type_number = cursor.u32()?;
    let offset = cursor.number(8)?;
    let elements = shape.iter().try_fold(1_u64, |product, extent| product.checked_mul(*extent));
    if elements.is_none() || offset > file_size {
        return Err(GgufError::Malformed.into());
    }
    Ok(Tensor { name, shape, type_number, offset })
}

/// The text of one token; `vocabulary` stands at the array of them, which was walked once already.
fn token(mut vocabulary: Cursor<'_>, id: u64) -> Option<String> {
    let kind = vocabulary.kind().ok()?;
    let length = vocabulary.count().ok()?;
    if kind != Kind::Text || id >= length {
        return None;
    }
    for _ in 0..id {
        vocabulary.bytes().ok()?;
    }
    vocabulary.text().ok()
}

#[cfg(test)]
mod tests;
