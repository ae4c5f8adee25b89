//! All SQL of this crate: one file a group of tables.

pub(crate) mod attention;
pub(crate) mod bucket_changes;
pub(crate) mod bucket_list;
pub(crate) mod buckets;
pub(crate) mod chunked;
pub(crate) mod commits;
pub(crate) mod downloads;
pub(crate) mod environment;
pub(crate) mod facts;
pub(crate) mod garbage;
pub(crate) mod gate;
pub(crate) mod large;
pub(crate) mod list;
pub(crate) mod locks;
pub(crate) mod objects;
pub(crate) mod pulls;
pub(crate) mod receive;
pub(crate) mod refs;
pub(crate) mod repos;
pub(crate) mod rules;
pub(crate) mod secrets;
pub(crate) mod storage;
pub(crate) mod survey;
pub(crate) mod uploads;
pub(crate) mod walk;
