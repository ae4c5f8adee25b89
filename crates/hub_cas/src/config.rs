//! What an administrator may set.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long things are kept and links are good for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CasConfig {
    /// How long a xorb that no file uses is kept after it was last mentioned, in seconds. Clients remember for three weeks
    /// which xorbs they have uploaded or were told of, and refer to them without asking: a shorter time makes such uploads
    /// fail until the client forgets.
    pub retention_secs: u64,
    /// How long a condemned xorb stays before its bytes are removed, in seconds. At least as long as links are good for and
    /// downloads last.
    pub quarantine_secs: u64,
    /// How long a file, or the right to one, that nobody needs is kept, in seconds: the time between an upload and the
    /// commit that names it.
    pub grace_secs: u64,
    /// How long a link to a part of a xorb is good for, in seconds.
    pub link_ttl_secs: u64,
    /// How long clients may rely on an answer to a dedup query, in seconds.
    pub dedup_ttl_secs: u64,
    /// Whether each chunk is hashed again whenever a file is read: finds a failing disk, for a fifth of the speed.
    pub verify_reads: bool,
    /// Whether clients may bring xorbs straight to an S3-compatible store by links. Each is then read back from there and
    /// written once more, so it costs Hearth as much as receiving it.
    pub upload_grants: bool,
    /// How many xorbs are received at the same time; further uploads wait.
    pub concurrent_uploads: usize,
}

const DAY_SECS: u64 = 24 * 3600;

impl Default for CasConfig {
    fn default() -> Self {
        Self {
            retention_secs: 28 * DAY_SECS,
            quarantine_secs: 2 * DAY_SECS,
            grace_secs: DAY_SECS,
            link_ttl_secs: 6 * 3600,
            dedup_ttl_secs: DAY_SECS,
            verify_reads: false,
            upload_grants: false,
            concurrent_uploads: 16,
        }
    }
}

impl CasConfig {
    pub(crate) fn retention_ms(&self) -> i64 {
        millis(self.retention_secs)
    }

    pub(crate) fn quarantine_ms(&self) -> i64 {
        millis(self.quarantine_secs)
    }

    pub(crate) fn grace_ms(&self) -> i64 {
        millis(self.grace_secs)
    }

    pub(crate) fn link_ttl(&self) -> Duration {
        Duration::from_secs(self.link_ttl_secs)
    }

    /// A xorb that was mentioned a short while ago need not be touched again: far below the retention, so that the margin
    /// between it and what clients remember stays.
    pub(crate) fn touch_again_ms(&self) -> i64 {
        (self.retention_ms() / 56).min(millis(DAY_SECS / 2))
    }
}

fn millis(secs: u64) -> i64 {
    i64::try_from(secs).unwrap_or(i64::MAX).saturating_mul(1000)
}
