//! Full text: what cards say and what the programs of Spaces do, found by words and put in the order of relevance.
//!
//! The index is a folder of each replica, derived from the database and never the source of truth: built in the
//! background, where it was interrupted going on, and brought up to date from the outbox every few seconds. It answers
//! with keys; who may see which repository is decided by the engine.

mod excerpt;
mod index;
mod query;
mod search;
mod words;

pub use excerpt::Piece;
pub use search::{Hit, Hits, Search, SearchError, Wanted};
