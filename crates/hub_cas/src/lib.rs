//! Chunk-deduplicated content: xorbs, the files that are made of them, and who holds those files.
//!
//! ```text
//! put_xorb, grant ──▶ xorbs, every chunk checked   register ──▶ files, every term proven and the SHA-256 computed
//! ingest   ──▶ both, from plain bytes              plan, read ──▶ a file again: as a recipe with links, or as bytes
//! hold, release ──▶ what must stay                 collect ──▶ what need not
//! ```
//! This is storage: it knows neither repositories nor permissions. A [`Scope`] is a number that only its owner
//! understands, and [`Cas::holds`] answers whether a scope was given a file; who may ask is decided above.
//!
//! # Guarantees
//! - **Proof.** A xorb has a row only after every chunk of it was decoded and hashed; a file only after each term was
//!   compared with the chunks of its xorb, its hash was computed from them, and its content was read and hashed.
//! - **Order.** Bytes come before rows and go after them. What a crash leaves is bytes without a row, which
//!   [`Cas::collect`] removes.
//! - **Safety of collection.** A xorb that a file uses is never removed. One that is not used stays for as long as clients
//!   may believe that it is here, is then condemned, and is removed only after a quarantine; whoever mentions it until then
//!   brings it back. Both sides change the same row, so a file never comes to refer to what is gone.
//! - **Memory.** Uploads, reads and registrations take memory that does not depend on the size of the content.

mod bridge;
mod cas;
mod check;
mod claims;
mod collect;
mod config;
mod dedup;
mod edit;
mod error;
mod figures;
mod files;
mod grant;
mod ingest;
mod link;
mod matches;
mod plan;
mod pool;
mod put;
mod register;
mod scope;
mod store;
mod tables;
mod windows;

pub use cas::{Cas, CasParts};
pub use check::{CheckReport, Damage};
pub use collect::{CollectReport, Roots};
pub use config::CasConfig;
pub use error::CasError;
pub use figures::{ScopeFigures, StoreFigures, XorbReasons};
pub use files::FileInfo;
pub use grant::XorbGrant;
pub use link::{FetchTicket, Link};
pub use plan::{PlannedFetch, Reconstruction};
pub use put::PutXorb;
pub use register::{Progress, RegisteredFile};
pub use scope::Scope;
