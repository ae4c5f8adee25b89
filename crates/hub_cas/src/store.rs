//! The tables of this crate: the only place that names them.

pub(crate) mod chunks;
pub(crate) mod figures;
pub(crate) mod files;
pub(crate) mod garbage;
pub(crate) mod holdings;
pub(crate) mod secrets;
pub(crate) mod terms;
pub(crate) mod xorbs;

use hub_core::XetHash;
use hub_db::Value;

/// Hashes as the keys of a statement: each once, in one order, so that transactions meet their rows in the same order.
pub(crate) fn keys<'a>(hashes: impl IntoIterator<Item = &'a XetHash>) -> Vec<Value> {
    let mut hashes: Vec<&XetHash> = hashes.into_iter().collect();
    hashes.sort_unstable();
    hashes.dedup();
    hashes.into_iter().map(Value::from).collect()
}
