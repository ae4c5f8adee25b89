//! All SQL of this crate: one file a group of tables.

pub(crate) mod discussions;
pub(crate) mod threads;
