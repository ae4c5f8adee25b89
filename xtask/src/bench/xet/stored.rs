//! What the server's store takes on the disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::server;

pub(super) struct Stored(PathBuf);

impl Stored {
    /// The folder of the blob store.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// The bytes of all its files.
    pub(super) fn bytes(&self) -> anyhow::Result<f64> {
        Ok(bytes_below(&self.0)? as f64)
    }

    /// Makes the system forget what it has of them in memory.
    pub(super) fn cool(&self) -> anyhow::Result<()> {
        let forget = ["-type", "f", "-exec", "dd", "if={}", "iflag=nocache", "count=0", "status=none", ";"];
        server::run(Command::new("find").arg(&self.0).args(forget)).map(drop)
    }
}

fn bytes_below(folder: &Path) -> anyhow::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        sum += if metadata.is_dir() { bytes_below(&entry.path())? } else { metadata.len() };
    }
    Ok(sum)
}
