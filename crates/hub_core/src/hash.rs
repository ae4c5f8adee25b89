//! Hashes as values: git object ids (SHA-1), large-file ids (SHA-256) and the ids of Xet (BLAKE3).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Text that is no hash of the wanted length in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} hexadecimal digits")]
pub struct HashParseError {
    /// How many digits a hash of this kind has.
    pub expected: usize,
}

macro_rules! hash_type {
    ($(#[$doc:meta])* $name:ident, $bytes:literal, $order:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// Wraps the raw bytes of a hash.
            pub const fn new(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }

            /// The raw bytes.
            pub const fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }

            /// Takes raw bytes of unknown length, as a database row holds them.
            pub fn from_slice(bytes: &[u8]) -> Result<Self, HashParseError> {
                bytes.try_into().map(Self).map_err(|_| HashParseError { expected: 2 * $bytes })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode($order(self.0)))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = HashParseError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let mut bytes = [0; $bytes];
                hex::decode_to_slice(text, &mut bytes).map_err(|_| HashParseError { expected: 2 * $bytes })?;
                Ok(Self($order(bytes)))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

hash_type!(
    /// The id of a git object: the SHA-1 of its header and content.
    Oid,
    20,
    in_order
);
hash_type!(
    /// The id of a large file: the SHA-256 of its content, as git-lfs names it.
    Sha256,
    32,
    in_order
);
hash_type!(
    /// A hash of Xet: of a chunk, a xorb, a file or a range of chunks.
    ///
    /// Its text is not the hexadecimal form of its bytes: each group of eight bytes is written backwards, as if the hash
    /// were four little-endian numbers. Binary structures hold the bytes as they are.
    XetHash,
    32,
    eights_reversed
);

/// The order in which most hashes are written: as they are.
const fn in_order<const BYTES: usize>(bytes: [u8; BYTES]) -> [u8; BYTES] {
    bytes
}

/// Turns each group of eight bytes round; done twice, it changes nothing.
fn eights_reversed(mut bytes: [u8; 32]) -> [u8; 32] {
    for group in bytes.chunks_exact_mut(8) {
        group.reverse();
    }
    bytes
}

impl XetHash {
    /// The hash of the empty file, and the hash that stands where there is none.
    pub const ZERO: XetHash = XetHash([0; 32]);

    /// The SHA-256 whose hexadecimal form is the text of this hash: shards hold digests in this order of bytes.
    pub fn to_sha256(self) -> Sha256 {
        Sha256(eights_reversed(self.0))
    }

    /// The hash whose text is the hexadecimal form of a SHA-256, as shards hold digests.
    pub fn from_sha256(digest: Sha256) -> Self {
        Self(eights_reversed(digest.0))
    }
}

impl Oid {
    /// The id of the empty tree, which git knows without storing it.
    pub const EMPTY_TREE: Oid = Oid([
        0x4b, 0x82, 0x5d, 0xc6, 0x42, 0xcb, 0x6e, 0xb9, 0xa0, 0x60, 0xe5, 0x4b, 0xf8, 0xd6, 0x92, 0x88, 0xfb, 0xee,
        0x49, 0x04,
    ]);

    /// The all-zero id with which git says "no object".
    pub const ZERO: Oid = Oid([0; 20]);
}

/// The id of an object that is known to be a commit of the repository at hand.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(transparent)]
pub struct CommitId(Oid);

impl CommitId {
    /// States that `oid` names a commit; the caller has looked it up or has just written it.
    pub const fn new(oid: Oid) -> Self {
        Self(oid)
    }

    /// The object id.
    pub const fn oid(self) -> Oid {
        self.0
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests;
