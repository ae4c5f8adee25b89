//! Where an object lies. The only place that knows how a key is spelled.
//!
//! A key is made of hexadecimal digits and fixed words, so it can leave neither the folder nor the key prefix.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use hub_core::{Ids, Sha256, XetHash};

/// The name of an object. Ordered as its text is.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ObjectKey {
    /// A copy of a large file, `large/ab/cd/<sha256>-<copy>`. Two uploads of one content are two copies and never touch
    /// each other's bytes; a row of the metadata store says which one is verified.
    Large {
        /// The content that the object is announced to have.
        sha256: Sha256,
        /// Which upload wrote it.
        copy: CopyId,
    },
    /// A xorb with its footer, `xorbs/ab/cd/<hash>.<generation>`. A xorb that was collected and comes again is another
    /// generation, so that nobody who still holds the old name can meet, or remove, the new bytes.
    Xorb {
        /// The hash of its chunks.
        hash: XetHash,
        /// Which upload wrote it.
        generation: CopyId,
    },
}

/// The folders at the top of a store, in order: the first word of each kind of key.
pub(crate) const TOPS: [&str; 2] = ["large", "xorbs"];

/// Tells the copies of one content apart: 16 lowercase hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CopyId(String);

/// How a store names an upload in parts. Opaque: the text is for keeping and handing back.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PartsId(String);

/// Text that is no key, copy id or parts id.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("malformed object key")]
pub struct KeyError;

/// The most that a store's own name of an upload may have; S3 implementations stay far below.
const MAX_PARTS_ID_BYTES: usize = 2048;

impl CopyId {
    /// A copy id that nobody has used.
    pub fn fresh(ids: &dyn Ids) -> Self {
        let mut bytes = [0; 8];
        ids.fill(&mut bytes);
        Self(hex::encode(bytes))
    }

    /// The copy id that comes before all others, for the beginning of a listing.
    pub fn first() -> Self {
        Self("0".repeat(16))
    }

    /// The digits, as a row holds them.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CopyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for CopyId {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let ok = text.len() == 16 && is_lower_hex(text);
        ok.then(|| Self(text.to_owned())).ok_or(KeyError)
    }
}

impl PartsId {
    /// The text, as a row holds it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PartsId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PartsId {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let ok =
            !text.is_empty() && text.len() <= MAX_PARTS_ID_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic());
        ok.then(|| Self(text.to_owned())).ok_or(KeyError)
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ObjectKey::Large { sha256, copy } => {
                let [first, second, ..] = sha256.as_bytes();
                write!(f, "large/{first:02x}/{second:02x}/{sha256}-{copy}")
            }
            ObjectKey::Xorb { hash, generation } => {
                let text = hash.to_string();
                write!(f, "xorbs/{}/{}/{text}.{generation}", &text[..2], &text[2..4])
            }
        }
    }
}

impl Ord for ObjectKey {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (ObjectKey::Large { sha256, copy }, ObjectKey::Large { sha256: others, copy: other }) => {
                (sha256, copy).cmp(&(others, other))
            }
            // The text of such a hash has its bytes in another order.
            (ObjectKey::Xorb { hash, generation }, ObjectKey::Xorb { hash: others, generation: other }) => {
                (hash.to_sha256(), generation).cmp(&(others.to_sha256(), other))
            }
            (ObjectKey::Large { .. }, ObjectKey::Xorb { .. }) => Ordering::Less,
            (ObjectKey::Xorb { .. }, ObjectKey::Large { .. }) => Ordering::Greater,
        }
    }
}

impl PartialOrd for ObjectKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for ObjectKey {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let name = text.rsplit('/').next().ok_or(KeyError)?;
        let key = if let Some((sha256, copy)) = name.split_once('-') {
            ObjectKey::Large { sha256: sha256.parse().map_err(|_| KeyError)?, copy: copy.parse()? }
        } else {
            let (hash, generation) = name.split_once('.').ok_or(KeyError)?;
            ObjectKey::Xorb { hash: hash.parse().map_err(|_| KeyError)?, generation: generation.parse()? }
        };
        // One spelling only: what does not come back as it went in (upper case, wrong folder) is no key.
        if key.to_string() == text { Ok(key) } else { Err(KeyError) }
    }
}

pub(crate) fn is_lower_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests;
