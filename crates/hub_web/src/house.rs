//! What pages tell administrators of the installation itself. The binary knows it and hands it over.

use std::pin::Pin;
use std::sync::Arc;

use hub_core::Timestamp;
use hub_jobs::Queue;

/// Asks the stores whether they answer.
pub type HealthCheck = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// The installation.
#[derive(Clone)]
pub struct House {
    /// Which version runs.
    pub version: &'static str,
    /// Since when this process runs.
    pub started_at: Timestamp,
    /// What is kept where: `SQLite`, `PostgreSQL`; `folder`, `S3`.
    pub stores: (&'static str, &'static str),
    /// The configuration in force, without its secrets.
    pub configuration: Arc<str>,
    /// Whether the stores answer.
    pub health: HealthCheck,
    /// The work in the background.
    pub queue: Queue,
    /// Whether garbage is collected on a schedule.
    pub collects_garbage: bool,
}
