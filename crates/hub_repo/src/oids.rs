//! Maps and sets of object ids. An id is a hash already; mixing it with a secret of this process keeps those who can
//! choose ids from choosing where they land.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::OnceLock;

use hub_core::Oid;

pub(crate) type OidMap<T> = HashMap<Oid, T, OidHash>;
pub(crate) type OidSet = HashSet<Oid, OidHash>;

/// Makes hashers that share the secret.
#[derive(Clone, Copy)]
pub(crate) struct OidHash(u64);

impl Default for OidHash {
    fn default() -> Self {
        static SECRET: OnceLock<u64> = OnceLock::new();
        Self(*SECRET.get_or_init(|| RandomState::new().hash_one(0_u64)))
    }
}

impl BuildHasher for OidHash {
    type Hasher = OidHasher;

    fn build_hasher(&self) -> OidHasher {
        OidHasher(self.0)
    }
}

/// Takes eight bytes of an id and mixes them.
pub(crate) struct OidHasher(u64);

impl Hasher for OidHasher {
    fn write(&mut self, bytes: &[u8]) {
        let Some(first) = bytes.first_chunk::<8>() else { return };
        let mixed = u128::from(u64::from_le_bytes(*first) ^ self.0) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (mixed >> 64) as u64 ^ mixed as u64;
    }

    fn write_usize(&mut self, _length: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}
