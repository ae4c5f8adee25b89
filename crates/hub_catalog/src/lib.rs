//! The discovery index: filters, sorts, counts and facets over all repositories.
//!
//! It is derived from the database and never the source of truth: built at start, brought up to date from the outbox
//! before each answer, and the same on every replica. Repositories that the caller may not know of are in no page, no
//! count and no facet.

mod catalog;
mod entry;
mod languages;
mod memory;
mod query;
mod shelf;
mod snapshot;
mod stop;
mod translate;

pub use catalog::{Built, Catalog, CatalogError, CatalogPage, FoundRepos};
pub use entry::{Entry, Group, MISSING, Sort, Term};
pub use memory::memory_of;
pub use query::{Clause, Facet, Found, Place, Query, Span};
pub use shelf::Shelf;
