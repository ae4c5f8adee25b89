//! What is public about the whole hub, for people who study the ecosystem: a feed of changes that can be resumed at any
//! place, and everything at once as Parquet.
//!
//! Nothing here knows more than an anonymous visitor may see. Of a repository that was public and is no longer, its old
//! name and the fact that it is gone are told; of one that never was, nothing.

mod error;
mod export;
mod feed;
mod store;

use std::sync::Arc;

use hub_core::Clock;
use hub_db::Db;
use hub_jobs::Outbox;
use hub_repo::Repos;

pub use error::InsightsError;
pub use export::Export;
pub use feed::{ChangePage, ChangePlace, PublicChange};

/// The door. Cloning is cheap; every clone is the same.
#[derive(Clone)]
pub struct Insights {
    db: Db,
    repos: Repos,
    outbox: Outbox,
    clock: Arc<dyn Clock>,
}

impl Insights {
    /// Over these repositories.
    pub fn new(repos: Repos, db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { outbox: Outbox::new(db.clone()), db, repos, clock }
    }
}
