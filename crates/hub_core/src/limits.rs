//! Bounds that an administrator may move. Bounds that protect a format stand beside the parser instead.

use serde::{Deserialize, Serialize};

/// Sizes and counts beyond which a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The largest body of a commit request, inline files included, in bytes.
    pub commit_body_bytes: u64,
    /// The most bytes of what one push by git sends; large files travel apart from it.
    pub push_bytes: u64,
    /// The most operations in one commit.
    pub commit_operations: u64,
    /// The largest file that is kept as a plain git blob; larger ones go the way of large files, in bytes.
    pub plain_blob_bytes: u64,
    /// The largest single file, in bytes.
    pub file_bytes: u64,
    /// From which size on a large file is uploaded in parts by clients that can, in bytes.
    pub parts_from_bytes: u64,
    /// How many bytes a part has; more where a file would need over 9,000 parts.
    pub part_bytes: u64,
    /// The largest body of any other API request, in bytes.
    pub api_body_bytes: u64,
    /// The most bytes of all files that one namespace may hold; 0 means no bound.
    pub namespace_bytes: u64,
    /// How long an upload that nothing refers to is kept, in seconds.
    pub upload_grace_secs: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            commit_body_bytes: 1 << 30,
            push_bytes: 4 << 30,
            commit_operations: 100_000,
            plain_blob_bytes: 10 << 20,
            file_bytes: 5 << 40,
            parts_from_bytes: 1 << 30,
            part_bytes: 64 << 20,
            api_body_bytes: 16 << 20,
            namespace_bytes: 0,
            upload_grace_secs: 24 * 3600,
        }
    }
}
